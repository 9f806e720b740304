// Package blob keeps named bytes: the pages of a run and the templates of
// flows. It knows nothing of what is in them.
//
// The drivers are dir and s3; blobtest holds each to the contract of Store.
package blob

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// ErrExists says that a blob of this name is already stored.
var ErrExists = errors.New("blob exists")

// ErrNotFound says that no blob has this name.
var ErrNotFound = errors.New("no such blob")

// A Store keeps blobs by key. Keys are slash-separated words of letters,
// digits and "-_.=", never empty, never ".." or starting with a dot.
type Store interface {
	// Put stores what r yields, whole or not at all: a reader that fails, a
	// cancelled context or a killed process leaves no blob behind. A stored
	// blob is never changed (invariant 3): a key that is taken fails with
	// ErrExists, also for the slower one of two that put it at once.
	Put(ctx context.Context, key string, r io.Reader) (Info, error)

	// Open reads a blob from its start, or fails with ErrNotFound.
	Open(ctx context.Context, key string) (io.ReadCloser, error)

	// List yields the blobs whose key starts with prefix, in order of key.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]

	// Delete removes a blob. One that isn't there is no error.
	Delete(ctx context.Context, key string) error

	// Where tells how a warehouse's own loader can reach the blob: a path of
	// this machine or a URL; either may be "".
	Where(key string) (path, url string)
}

// Info is what a store knows of one blob.
type Info struct {
	Key     string
	Size    int64
	Written time.Time
}

// ReadAll reads a small blob whole: no more than so many bytes of it, whatever the store says.
func ReadAll(ctx context.Context, s Store, key string, atMost int64) ([]byte, error) {
	in, err := s.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(in, atMost))
	return text, errors.Join(err, in.Close())
}
