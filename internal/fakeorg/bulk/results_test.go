package bulk

import (
	"testing"
)

func FuzzPageStart(f *testing.F) {
	f.Add("", 10)
	f.Add(locator(7), 10)
	f.Fuzz(func(t *testing.T, text string, total int) {
		from, err := pageStart(text, total)
		if err == nil && from != 0 && (from < 0 || from >= total) {
			t.Errorf("%q of %d leads to %d", text, total, from)
		}
	})
}
