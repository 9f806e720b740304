package wire

import (
	"context"
	"errors"
	"io"
	"time"

	"catchment/internal/plan"
)

// ErrLarge says that more came than is taken of one answer. Who asks for less of it gets it.
var ErrLarge = errors.New("the answer is larger")

// body is an answer on its way. It ends with an error where it is cut, never as a short
// one; where nothing comes any more; and where it is larger than it may be.
type body struct {
	ctx   context.Context
	rc    io.ReadCloser
	watch *watch
	now   func() time.Time
	most  int64

	read   int64
	waited time.Duration
	closed bool
}

func (b *body) Read(p []byte) (n int, err error) {
	if cause := context.Cause(b.ctx); cause != nil { // what has come already would go on for a while
		return 0, cause
	}
	limit, late := b.watch.Stall, b.watch.stalled()
	if left := b.watch.left(b.read, b.waited); left < limit {
		limit, late = left, b.watch.dripping()
	}
	began := b.now()
	b.watch.wait(limit, late, func() { n, err = b.rc.Read(p) })
	b.waited += min(max(0, b.now().Sub(began)), limit) // the clock may have been set meanwhile
	b.read += int64(n)
	switch cause := context.Cause(b.ctx); {
	case b.read > b.most:
		return 0, beyond("%w than %d MiB", ErrLarge, b.most>>20)
	case err == nil:
		return n, nil
	case cause != nil: // an answer that ends with its line has no other end than that we hung up
		return n, cause
	case err == io.EOF:
		return n, err
	}
	return n, plan.Failf(plan.Retry, "the line broke; the next try reads it again", "answer was cut: %w", err)
}

// Close gives the connection back, or ends it where the answer wasn't read to its end.
func (b *body) Close() error {
	if b.closed {
		return nil
	}
	b.closed = true
	err := b.rc.Close()
	b.watch.end()
	return err
}
