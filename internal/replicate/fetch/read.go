package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"catchment/internal/blob"
	"catchment/internal/body"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/fault"
	"catchment/internal/warehouse/bodies"
)

// An Org gives bodies: salesforce.Client does.
type Org interface {
	Body(ctx context.Context, object, id, field string, from int64) (*salesforce.Body, error)
}

// A Reader reads bodies of one object, each checked and stored, or not at all.
type Reader struct {
	Org    Org
	Store  blob.Store
	Fields body.Fields
	Folder string // for bodies on their way
	Most   int64  // bytes that one may have there; 0: any number
	Now    func() time.Time

	anew atomic.Int64 // bodies that were begun again from their start
}

// Anew tells how many bodies were begun again from their start, since the server gives no
// parts, or wrong ones.
func (r *Reader) Anew() int64 { return r.anew.Load() }

// errStore is what the blob store said: no other body fares better.
var errStore = errors.New("store a body")

// Read reads the body of a file and gives the line that says what became of it. It stores the
// body before it gives the line. An error is no file's own: nobody should go on.
func (r *Reader) Read(ctx context.Context, f bodies.File) (bodies.Line, error) {
	if why := bodiless(r.Fields, f); why != "" {
		return bodies.Line{ID: f.ID, State: bodies.Nothing, Version: f.Version, Reason: why}, nil
	}
	line, err := r.copy(ctx, f)
	switch {
	case err == nil:
		return line, nil
	case stops(err) || context.Cause(ctx) != nil:
		return line, err
	}
	return aside(f, err, r.Now()), nil
}

func (r *Reader) copy(ctx context.Context, f bodies.File) (bodies.Line, error) {
	if r.Most > 0 && f.Size > r.Most {
		return bodies.Line{}, mismatch("larger than limits.stage")
	}
	held := newSpool(r.Folder)
	defer held.Close()
	kind, err := r.bring(ctx, f, held)
	if err != nil {
		return bodies.Line{}, err
	}
	line := bodies.Line{ID: f.ID, State: bodies.Copied, Version: f.Version, SHA256: held.sha256(), MD5: held.md5(),
		Size: held.size, Type: kind, ReadAt: r.Now()}
	_, err = r.Store.Put(ctx, body.Key(line.SHA256), held.Reader())
	if err != nil && !errors.Is(err, blob.ErrExists) { // equal bodies are stored once
		return line, fmt.Errorf("%w: %w", errStore, err)
	}
	return line, nil
}

// bring reads a body whole and checks it. One that was put together of parts and isn't right
// is read once more, in one part.
func (r *Reader) bring(ctx context.Context, f bodies.File, held *spool) (kind string, err error) {
	kind, parts, err := r.parts(ctx, f, held, true)
	_, wrong := errors.AsType[mismatch](err)
	if parts < 2 || !wrong {
		return kind, err
	}
	if err := r.again(held); err != nil {
		return "", err
	}
	kind, _, err = r.parts(ctx, f, held, false)
	return kind, err
}

func (r *Reader) again(held *spool) error {
	r.anew.Add(1)
	return held.Empty()
}

// cutsAtMost is how often a body may be cut: after each cut it goes on where it was, as far
// as the server gives parts.
const cutsAtMost = 8

// parts reads a body, after each cut the rest of it, and tells how many parts it took.
func (r *Reader) parts(
	ctx context.Context, f bodies.File, held *spool, inParts bool,
) (kind string, parts int, err error) {
	for cuts := 0; ; cuts++ {
		kind, err = r.part(ctx, f, held)
		parts++
		var cut *cutError
		if !errors.As(err, &cut) || cuts == cutsAtMost || context.Cause(ctx) != nil {
			break
		}
		if !inParts && held.size > 0 {
			if err := r.again(held); err != nil {
				return "", parts, err
			}
		}
	}
	if err == nil {
		err = differs(f, held.size, held.md5())
	}
	return kind, parts, err
}

// A cutError is the end of an answer that isn't the end of the body.
type cutError struct{ error }

func (e *cutError) Unwrap() error { return e.error }

// part reads what is left of a body, as far as it comes.
func (r *Reader) part(ctx context.Context, f bodies.File, held *spool) (kind string, err error) {
	in, err := r.Org.Body(ctx, r.Fields.Object, f.ID, r.Fields.Body, held.size)
	if fault.StatusOf(err) == http.StatusRequestedRangeNotSatisfiable {
		if err := r.again(held); err != nil {
			return "", err
		}
		in, err = r.Org.Body(ctx, r.Fields.Object, f.ID, r.Fields.Body, 0)
	}
	if err != nil {
		return "", err
	}
	defer in.Close()
	if in.From != held.size {
		if err := r.again(held); err != nil {
			return "", err
		}
	}
	if in.Size >= 0 { // which says at once that it isn't the body of the row
		if err := differs(f, in.Size, f.Version.Checksum); err != nil {
			return "", err
		}
	}
	return in.Type, take(f, in, held)
}

// take takes what comes, and one byte more than the row says at most.
func take(f bodies.File, in io.Reader, held *spool) error {
	if f.Size >= 0 {
		in = io.LimitReader(in, f.Size+1-held.size)
	}
	from := &source{r: in}
	_, err := io.Copy(held, from)
	switch {
	case from.err == nil:
		return err // of the disk
	case plan.ClassOf(from.err) == plan.Retry:
		return &cutError{from.err}
	}
	return from.err
}

// A source remembers what it failed with, to tell that from what the disk says.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}
