package web

import (
	"compress/gzip"
	"net/http"
	"strings"
	"sync"

	"catchment/internal/fakeorg/reply"
)

// gzipped is an answer that is compressed on its way.
type gzipped struct {
	http.ResponseWriter
	pool   *sync.Pool   // of gzip.Writer, each of which takes a megabyte
	zip    *gzip.Writer // from the first byte of a body on
	status int          // told, but not written yet
}

// Unpack lets a handler read a compressed body as if it weren't.
func Unpack(r *http.Request) error {
	if r.Header.Get("Content-Encoding") != "gzip" || r.Body == http.NoBody {
		return nil
	}
	unzipped, err := gzip.NewReader(r.Body)
	if err != nil {
		return reply.Bad("INVALID_REQUEST", "The body isn't compressed as its header says")
	}
	r.Body = unzipped
	return nil
}

// Zippers are the gzip writers that can be used again.
type Zippers struct{ pool sync.Pool }

// Compress wraps the answer where the client takes gzip. done ends its body; an answer that is broken off has no end.
func (z *Zippers) Compress(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, func()) {
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		return w, func() {}
	}
	answer := &gzipped{ResponseWriter: w, pool: &z.pool}
	return answer, func() {
		switch {
		case answer.zip != nil:
			_ = answer.zip.Close() // a broken connection is the client's to notice
			z.pool.Put(answer.zip)
		case answer.status != 0:
			answer.ResponseWriter.WriteHeader(answer.status)
		}
	}
}

// WriteHeader implements http.ResponseWriter. It waits for the body: an answer
// that has none isn't compressed.
func (z *gzipped) WriteHeader(status int) {
	if z.status == 0 {
		z.status = status
	}
}

// Write implements http.ResponseWriter.
func (z *gzipped) Write(p []byte) (int, error) {
	if z.zip == nil && len(p) > 0 {
		z.Header().Set("Content-Encoding", "gzip")
		z.Header().Del("Content-Length")
		z.WriteHeader(http.StatusOK)
		z.ResponseWriter.WriteHeader(z.status)
		zip, ok := z.pool.Get().(*gzip.Writer)
		if !ok {
			var err error
			if zip, err = gzip.NewWriterLevel(nil, gzip.BestSpeed); err != nil {
				return 0, err
			}
		}
		zip.Reset(z.ResponseWriter)
		z.zip = zip
	}
	if z.zip == nil {
		return 0, nil
	}
	return z.zip.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (z *gzipped) Unwrap() http.ResponseWriter { return z.ResponseWriter }
