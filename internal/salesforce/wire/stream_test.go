package wire

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"catchment/internal/plan"
)

func TestExactly(t *testing.T) {
	for _, wrap := range []func(io.Reader) io.Reader{
		func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.DataErrReader,
	} {
		for _, text := range []string{"", "a", "abcdef"} {
			got, err := io.ReadAll(Exactly(wrap(strings.NewReader(text)), int64(len(text))))
			if string(got) != text || err != nil {
				t.Errorf("%q: %q, %v", text, got, err)
			}
		}

		got, err := io.ReadAll(Exactly(wrap(strings.NewReader("abc")), 4))
		if len(got) > 3 || plan.ClassOf(err) != plan.Fix {
			t.Errorf("a short file: %q, %v", got, err)
		}

		got, err = io.ReadAll(Exactly(wrap(strings.NewReader("abcde")), 4))
		if len(got) >= 4 || plan.ClassOf(err) != plan.Fix {
			t.Errorf("a long file: %q was given, %v", got, err)
		}
	}
}

func TestExactlyHandsOnErrors(t *testing.T) {
	broken := errors.New("broken")
	if _, err := io.ReadAll(Exactly(iotest.ErrReader(broken), 4)); !errors.Is(err, broken) {
		t.Error(err)
	}
	after := io.MultiReader(strings.NewReader("abcd"), iotest.ErrReader(broken))
	if got, err := io.ReadAll(Exactly(after, 4)); !errors.Is(err, broken) || len(got) == 4 {
		t.Errorf("%q, %v", got, err)
	}
}
