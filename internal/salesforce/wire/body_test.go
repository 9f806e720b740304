package wire

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"
)

// A line that we hung up ends an answer whose length nobody told, as if it were whole:
// then why we did is what the reader is told.
func TestAnswerThatWeHungUpOnIsNotWhole(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	b := &body{ctx: ctx, rc: hangsUp{func() { cancel(enough) }}, now: time.Now, most: 100,
		watch: Patience{}.filled().watch(newEnding(), cancel)}
	if n, err := b.Read(make([]byte, 10)); n != 0 || !errors.Is(err, enough) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// hangsUp is a line that ends because we hang up while we wait for it.
type hangsUp struct{ hangUp func() }

func (h hangsUp) Read([]byte) (int, error) {
	h.hangUp()
	return 0, io.EOF
}

func (hangsUp) Close() error { return nil }
