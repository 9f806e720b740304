package salesforce

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestUnquote(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`""`: "", `"a\ud800b"`: "a\xed\xa0\x80b", `"\uDFFF"`: "\xed\xbf\xbf", `"\ud83d\ude00"`: "😀",
		`"\uD83D\uDE00\ud83d"`: "😀\xed\xa0\xbd", `"\ude00\ud83d"`: "\xed\xb8\x80\xed\xa0\xbd",
		`"\ud83d\\ude00"`: "\xed\xa0\xbd\\ude00", `"\ud83d\u0041"`: "\xed\xa0\xbdA", `"\ud83d\n"`: "\xed\xa0\xbd\n",
		`"\\ud800"`: `\ud800`, `"\ud800\"\\\/\b\f\n\r\t\u0000é"`: "\xed\xa0\x80\"\\/\b\f\n\r\t\x00é",
		"\"a\xff\xed\xa0\x80\"": "a\xff\xed\xa0\x80", `"\ufffd"`: "\uFFFD",
	} {
		got, err := unquote([]byte(raw))
		if err != nil || got != want {
			t.Errorf("%s became %q, %v", raw, got, err)
		}
	}
	for _, raw := range []string{`"`, `"\ud8"`, `"\x"`, "\"\n\"", `1`} {
		if got, err := unquote([]byte(raw)); err == nil {
			t.Errorf("%s became %q", raw, got)
		}
	}
}

// Where encoding/json changes nothing, it is what counts; where it does, only in
// what is no text.
func FuzzUnquote(f *testing.F) {
	for _, raw := range []string{
		`"a"`, `"\ud83d\ude00"`, `"\ud83d\\"`, "\"\xed\xa0\x80\"", `"\u00e9\uDC00"`, ` "\\ud" `,
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		var want string
		wantErr := json.Unmarshal([]byte(raw), &want)
		got, err := unquote([]byte(raw))
		if (err == nil) != (wantErr == nil) {
			if strings.TrimSpace(raw) == "null" {
				return
			}
			t.Fatalf("%v, encoding/json says %v", err, wantErr)
		}
		if err != nil || !utf8.ValidString(got) {
			return
		}
		if got != want {
			t.Fatalf("%q, encoding/json says %q", got, want)
		}
	})
}
