package evidence_test

import (
	"bytes"
	"context"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"catchment/internal/blob"
)

// A memory keeps blobs in this process: tests that change every byte have no time for a disk.
type memory map[string][]byte

func (m memory) Put(_ context.Context, key string, r io.Reader) (blob.Info, error) {
	if _, taken := m[key]; taken {
		return blob.Info{}, blob.ErrExists
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return blob.Info{}, err
	}
	m[key] = text
	return blob.Info{Key: key, Size: int64(len(text))}, blob.CheckKey(key)
}

func (m memory) Open(_ context.Context, key string) (io.ReadCloser, error) {
	text, there := m[key]
	if !there {
		return nil, blob.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(text)), nil
}

func (m memory) List(_ context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if strings.HasPrefix(key, prefix) && !yield(blob.Info{Key: key, Size: int64(len(m[key]))}, nil) {
				return
			}
		}
	}
}

func (m memory) Delete(_ context.Context, key string) error {
	delete(m, key)
	return nil
}

func (m memory) Where(string) (path, url string) { return "", "" }
