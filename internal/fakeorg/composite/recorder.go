package composite

import (
	"bytes"
	"encoding/json"
	"net/http"

	"catchment/internal/fakeorg/reply"
)

// A recorder keeps the answer of an inner request.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

// json returns the body as JSON, null where there is none.
func (r *recorder) json() json.RawMessage {
	switch {
	case r.body.Len() == 0:
		return json.RawMessage("null")
	case json.Valid(r.body.Bytes()):
		return r.body.Bytes()
	}
	return reply.Raw(r.body.String())
}
