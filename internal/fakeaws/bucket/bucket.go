// Package bucket is as much of S3 as Redshift's COPY and our driver need in a
// test: objects that are put, read and deleted, in memory, addressed by path.
//
// It also lists them, a page at a time, and keeps the condition of a GET (If-Match). It
// leaves signatures and versions to others: ministack has those.
// Start at Bucket.
package bucket

import (
	"bytes"
	"cmp"
	"context"
	"crypto/md5" // #nosec G501 -- as S3 has it
	"encoding/xml"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
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
	busy    int
	Page    int // keys of one listing; 1,000

	Before func(*http.Request) // is told of a request before it is answered; nil for nobody
}

// Busy answers the next so many listings with SlowDown.
func (b *Bucket) Busy(times int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy = times
}

// Put writes an object, as bucket/key, in the place of one that is there.
func (b *Bucket) Put(name string, body []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.objects == nil {
		b.objects = map[string][]byte{}
	}
	b.objects[name] = body
}

// Delete takes an object away.
func (b *Bucket) Delete(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.objects, name)
}

// Refuse answers each PUT with an error code of S3; "" ends that.
func (b *Bucket) Refuse(code string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse = code
}

// ServeHTTP answers PutObject, GetObject, DeleteObject and ListObjectsV2.
func (b *Bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if b.Before != nil {
		b.Before(r)
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	name := strings.TrimPrefix(r.URL.Path, "/")
	if r.URL.Query().Get("list-type") == "2" {
		b.list(w, strings.TrimSuffix(name, "/"), r.URL.Query())
		return
	}
	switch r.Method {
	case http.MethodPut:
		if b.refuse != "" {
			refuseWith(w, http.StatusForbidden, b.refuse)
			return
		}
		if b.objects == nil {
			b.objects = map[string][]byte{}
		}
		b.objects[name] = data
	case http.MethodGet:
		data, ok := b.objects[name]
		if !ok {
			refuseWith(w, http.StatusNotFound, "NoSuchKey")
			return
		}
		if want := r.Header.Get("If-Match"); want != "" && want != etag(data) {
			refuseWith(w, http.StatusPreconditionFailed, "PreconditionFailed")
			return
		}
		w.Header().Set("ETag", etag(data))
		_, _ = w.Write(data)
	case http.MethodDelete:
		delete(b.objects, name)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// list answers a listing in order of the keys' bytes.
func (b *Bucket) list(w http.ResponseWriter, bucket string, asked url.Values) {
	if b.busy > 0 {
		b.busy--
		refuseWith(w, http.StatusServiceUnavailable, "SlowDown")
		return
	}
	type object struct {
		Key, ETag string
		Size      int
	}
	var answer struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		Contents              []object
	}
	after := asked.Get("continuation-token")
	for _, name := range slices.Sorted(maps.Keys(b.objects)) {
		key, ours := strings.CutPrefix(name, bucket+"/")
		if !ours || !strings.HasPrefix(key, asked.Get("prefix")) || key <= after {
			continue
		}
		if len(answer.Contents) == cmp.Or(b.Page, 1000) {
			answer.IsTruncated, answer.NextContinuationToken = true, answer.Contents[len(answer.Contents)-1].Key
			break
		}
		answer.Contents = append(answer.Contents, object{key, etag(b.objects[name]), len(b.objects[name])})
	}
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(answer) // a client that went needs no answer
}

// etag tells contents apart, as S3 does for objects that were put at once.
func etag(data []byte) string { return fmt.Sprintf("\"%x\"", md5.Sum(data)) } // #nosec G401 -- S3's own

func refuseWith(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code></Error>") // a client that went needs no answer
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
