// Package bucket is as much of S3 as Redshift's COPY and our driver need in a
// test: objects that are put, read and deleted, in memory, addressed by path.
//
// It leaves signatures, versions and listing to others: ministack has those.
// Start at Bucket.
package bucket

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// A Bucket holds objects by bucket/key. It is an http.Handler for the SDK, and
// its Open is for the stand-in for Redshift.
type Bucket struct {
	mu      sync.Mutex
	objects map[string][]byte
	refuse  string
}

// Refuse answers each PUT with an error code of S3; "" ends that.
func (b *Bucket) Refuse(code string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse = code
}

// ServeHTTP answers PutObject, GetObject and DeleteObject.
func (b *Bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	name := strings.TrimPrefix(r.URL.Path, "/")
	switch r.Method {
	case http.MethodPut:
		if b.refuse != "" {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "<Error><Code>"+b.refuse+"</Code></Error>") // a client that went needs no answer
			return
		}
		if b.objects == nil {
			b.objects = map[string][]byte{}
		}
		b.objects[name] = data
	case http.MethodGet:
		data, ok := b.objects[name]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write(data)
	case http.MethodDelete:
		delete(b.objects, name)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// Open reads an object; one that isn't there is fs.ErrNotExist.
func (b *Bucket) Open(_ context.Context, bucket, key string) (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data, ok := b.objects[bucket+"/"+key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// Keys names what is there, as bucket/key, in order.
func (b *Bucket) Keys() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.objects))
}
