package csv

import (
	"slices"
	"strings"
	"testing"
)

func FuzzParseCSV(f *testing.F) {
	for _, seed := range []string{"", "a,b\r\n\"x\"\"\n\",\n", "\"", "a\n\"b\"c\n", "a\r\rb", ",\n,"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines, err := Parse(text, ',')
		if err != nil {
			return
		}
		var again strings.Builder
		for _, line := range lines {
			for i, value := range line {
				if i > 0 {
					again.WriteByte(',')
				}
				again.Write(DoubleQuotes(append([]byte{'"'}, value...), 1))
				again.WriteByte('"')
			}
			again.WriteByte('\n')
		}
		back, err := Parse(again.String(), ',')
		if err != nil || !slices.EqualFunc(back, lines, slices.Equal) {
			t.Errorf("%q comes back as %q: %v", lines, back, err)
		}
	})
}
