package fakeorg

import (
	"compress/gzip"
	"net/http"
	"strings"
	"sync"
)

// gzipped is an answer that is compressed on its way.
type gzipped struct {
	http.ResponseWriter
	pool *sync.Pool   // of gzip.Writer, each of which takes a megabyte
	zip  *gzip.Writer // from the first byte of a body on
}

// compress wraps the answer where the client takes gzip. done ends the body.
func (o *Org) compress(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, func()) {
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		return w, func() {}
	}
	z := &gzipped{ResponseWriter: w, pool: &o.zips}
	return z, func() {
		if z.zip != nil {
			_ = z.zip.Close() // a broken connection is the client's to notice
			o.zips.Put(z.zip)
		}
	}
}

// WriteHeader implements http.ResponseWriter: only an answer that has a body
// is marked as compressed.
func (z *gzipped) WriteHeader(status int) {
	if status != http.StatusNoContent && status != http.StatusNotModified {
		z.Header().Set("Content-Encoding", "gzip")
		z.Header().Del("Content-Length")
	}
	z.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (z *gzipped) Write(p []byte) (int, error) {
	if z.zip == nil {
		if z.Header().Get("Content-Encoding") == "" {
			z.WriteHeader(http.StatusOK)
		}
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
	return z.zip.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (z *gzipped) Unwrap() http.ResponseWriter { return z.ResponseWriter }
