package wire

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"catchment/internal/plan"
)

// A Stream is the body of a request that is too large to be held. It has Size bytes: what is cut, a server
// takes for no request at all.
type Stream struct {
	Size int64
	Open func() (io.ReadCloser, error)
}

// ErrUnsent says that a request's body couldn't be read to its end: no server got it whole.
var ErrUnsent = errors.New("the request wasn't sent as a whole")

// start opens the body for one try.
func (s *Stream) start(w *watch, now func() time.Time) (*outgoing, error) {
	rc, err := s.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsent, err)
	}
	return &outgoing{rc: rc, watch: w, now: now, began: now()}, nil
}

// outgoing is a body on its way out. As long as the server takes it, the answer is waited for: a large body
// may take longer than Patience.Answer.
type outgoing struct {
	rc    io.ReadCloser
	watch *watch
	now   func() time.Time
	began time.Time

	mu     sync.Mutex // net/http may still read when the answer is there
	sent   int64
	closed bool
	err    error // why it could not be read to its end
}

func (o *outgoing) Read(p []byte) (int, error) {
	n, err := o.rc.Read(p)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent += int64(n)
	switch {
	case err == io.EOF: // now the answer is due
		o.watch.goesOn(o.watch.Answer, o.watch.unanswered())
	case err != nil && !o.closed: // else net/http gave it up before
		o.err = fmt.Errorf("%w: %w", ErrUnsent, err)
	case err == nil:
		o.watch.goesOn(o.watch.left(o.sent, o.now().Sub(o.began)), o.watch.notTaken())
	}
	return n, err
}

func (o *outgoing) Close() error {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	return o.rc.Close()
}

// failure is why the body could not be read; no body never fails.
func (o *outgoing) failure() error {
	if o == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// Exactly reads from what has to hold size bytes, and fails where it holds more or fewer. Its last byte is
// given only once it is known to be the last: a body that is too long is never sent as a whole.
func Exactly(from io.Reader, size int64) io.Reader { return &exact{from: from, left: size, size: size} }

type exact struct {
	from       io.Reader
	left, size int64
	ended      bool
}

const sizeHint = "what is stored isn't what its row says: `catchment verify --digest` reads it back"

func (e *exact) Read(p []byte) (int, error) {
	if e.ended {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := 0, error(nil)
	if e.left > 0 {
		n, err = e.from.Read(p[:min(int64(len(p)), e.left)])
		e.left -= int64(n)
	}
	if e.left == 0 && (err == nil || err == io.EOF) {
		return e.last(n)
	}
	if err == io.EOF {
		return 0, plan.Failf(plan.Fix, sizeHint, "the file ended after %d of %d bytes", e.size-e.left, e.size)
	}
	return n, err
}

// last gives the last n bytes, where nothing follows them.
func (e *exact) last(n int) (int, error) {
	switch _, err := io.ReadFull(e.from, make([]byte, 1)); {
	case err == nil:
		return 0, plan.Failf(plan.Fix, sizeHint, "the file has more than its %d bytes", e.size)
	case !errors.Is(err, io.EOF):
		return 0, err
	}
	e.ended = true
	return n, io.EOF
}
