package halves

import (
	"cmp"
	"encoding/json"
	"testing"
	"unicode/utf8"
)

func FuzzJSONText(f *testing.F) {
	for _, seed := range []string{"", "a\"b\\c", "\x00\x1f\r\n\t", "🎈é大", "\xff", "\xed\xa0\x80", "a\xed\xbf\xbfb"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var back Text
		if err := json.Unmarshal(AppendJSON(nil, []byte(text)), &back); err != nil {
			t.Fatal(err)
		}
		if utf8.ValidString(text) && string(back) != text {
			t.Errorf("%q comes back as %q", text, back)
		}
	})
}

func TestHalves(t *testing.T) {
	for written, want := range map[string]struct {
		text   Text
		again  string // how it is written back, where that differs
		length int
	}{
		`"plain"`:              {"plain", "", 5},
		`"\ud83d\ude00"`:       {"😀", `"😀"`, 1},
		`"\ud800"`:             {"\xed\xa0\x80", "", 1},
		`"a\uDFFFb"`:           {"a\xed\xbf\xbfb", `"a\udfffb"`, 3},
		`"\ud83d\ud83d\ude00"`: {"\xed\xa0\xbd😀", `"\ud83d😀"`, 2},
		`"\\ud800"`:            {`\ud800`, "", 6},
		`null`:                 {"", `""`, 0},
	} {
		var got Text
		if err := json.Unmarshal([]byte(written), &got); err != nil || got != want.text {
			t.Errorf("%s is read as %q, %v", written, got, err)
		}
		again, err := json.Marshal(got)
		if err != nil || string(again) != cmp.Or(want.again, written) {
			t.Errorf("%s is written back as %s, %v", written, again, err)
		}
		if n := Length(string(got)); n != want.length {
			t.Errorf("%s has %d characters", written, n)
		}
	}
	if got := Length("\xff\xed\xa0"); got != 3 {
		t.Errorf("bytes that are no text: %d", got)
	}
}
