package erase

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// A word is found wherever it stands, over the edge of a buffer too.
func TestContainsAny(t *testing.T) {
	t.Parallel()
	word := "003000000000001AAA"
	for _, before := range []int{0, 1, 1<<20 - 18, 1<<20 - 17, 1<<20 - 9, 1<<20 - 1, 1 << 20, 3<<20 - 5} {
		text := strings.Repeat("x", before) + word + strings.Repeat("y", 100)
		for _, r := range []io.Reader{strings.NewReader(text), iotest.HalfReader(strings.NewReader(text)),
			iotest.DataErrReader(strings.NewReader(text))} {
			if got, err := containsAny(r, []string{"another", word}); err != nil || !got {
				t.Errorf("before %d: %v, %v", before, got, err)
			}
		}
		if got, err := containsAny(strings.NewReader(text), []string{word + "z"}); err != nil || got {
			t.Errorf("before %d: %v, %v", before, got, err)
		}
	}
	if _, err := containsAny(iotest.ErrReader(io.ErrUnexpectedEOF), []string{word}); err == nil {
		t.Error("a cut page")
	}
}
