package encode

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

func FuzzJSONText(f *testing.F) {
	for _, seed := range []string{"", "a\"b\\c", "\x00\x1f\r\n\t", "🎈é大", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var back string
		if err := json.Unmarshal(appendJSONText(nil, []byte(text)), &back); err != nil {
			t.Fatal(err)
		}
		if utf8.ValidString(text) && back != text {
			t.Errorf("%q comes back as %q", text, back)
		}
	})
}
