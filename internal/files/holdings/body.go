// Package holdings is what the blob store has of the bodies of files: it reads a body and says
// whether that is still what was copied, and it goes through all of them beside the register, so
// that what is lost shows, and what nobody names.
//
// Start at Body.Stream and Walk.
package holdings

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"catchment/internal/blob"
	"catchment/internal/plan"
)

// A Body is a file of the copy, as the copy remembers it.
type Body struct {
	ID     string // of the record that has it
	Name   string // in Salesforce
	Key    string // of the blob
	Size   int64
	SHA256 string // in small hexadecimal digits
}

// ErrOther says that bytes aren't those that the copy remembers.
var ErrOther = errors.New("its bytes are not those that were copied")

// A WriteError is one of whoever takes the bytes, and not of the stage.
type WriteError struct{ Err error }

func (w WriteError) Error() string { return w.Err.Error() }

// Unwrap is the error itself.
func (w WriteError) Unwrap() error { return w.Err }

// Stream writes a body as it is stored, and fails where that isn't what was copied. Where bytes
// can't be taken back, an error that comes with the last one says that they aren't the file.
func (b Body) Stream(ctx context.Context, stage blob.Store, to io.Writer) error {
	stored, err := stage.Open(ctx, b.Key)
	if errors.Is(err, blob.ErrNotFound) {
		return lost(b.ID, err)
	}
	if err != nil {
		return err
	}
	err = b.Copy(ctx, stored, to)
	if errors.Is(err, ErrOther) {
		err = lost(b.ID, err)
	}
	return errors.Join(err, stored.Close())
}

// Check reads a body to its end, and tells whether it is still what was copied.
func (b Body) Check(ctx context.Context, stage blob.Store) error {
	return b.Stream(ctx, stage, io.Discard)
}

// Copy copies bytes from anywhere, and holds them to the body's size and digest: ErrOther.
func (b Body) Copy(ctx context.Context, from io.Reader, to io.Writer) error {
	digest := sha256.New()
	n, err := io.Copy(io.MultiWriter(digest, sink{to}), &bounded{ctx, from, b.Size + 1})
	if broken, ok := errors.AsType[WriteError](err); ok {
		return broken
	}
	if err != nil {
		return fmt.Errorf("read the body of %s: %w", b.ID, err)
	}
	if n != b.Size || hex.EncodeToString(digest.Sum(nil)) != b.SHA256 {
		return ErrOther
	}
	return nil
}

// IsLost tells of an error that the stage has no such body, or one with other bytes: another try
// gives nothing else.
func IsLost(err error) bool { return errors.Is(err, ErrOther) || errors.Is(err, blob.ErrNotFound) }

// lost is a body that the stage has no more, or has with other bytes.
func lost(id string, err error) error {
	return plan.Fixf("bring bodies/ of stage.url back from its backup; catchment verify --digest says which others "+
		"differ", "the body of %s: %w", id, err)
}

// A bounded reader gives so many bytes at most, and ends with its context.
type bounded struct {
	ctx  context.Context
	from io.Reader
	left int64
}

func (r *bounded) Read(p []byte) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, err
	}
	if r.left <= 0 {
		return 0, io.EOF
	}
	n, err := r.from.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	return n, err
}

// A sink marks errors of writing, which are the reader's of the file and not the stage's.
type sink struct{ to io.Writer }

func (s sink) Write(p []byte) (int, error) {
	n, err := s.to.Write(p)
	if err != nil {
		err = WriteError{err}
	}
	return n, err
}
