package lookup

import (
	"strings"
	"testing"
)

func TestPerQuery(t *testing.T) {
	for base, want := range map[int]int{0: 185, 900: 142, soqlAtMost: 1, 2 * soqlAtMost: 1} {
		got := PerQuery(base)
		if got != want || got > 1 && base+len(strings.Repeat(`'001000000000000AAA',`, got)) > soqlAtMost {
			t.Errorf("beside %d characters: %d Ids, want %d", base, got, want)
		}
	}
}
