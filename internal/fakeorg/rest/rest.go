// Package rest answers the REST API: describe, queries, records one by one and by
// the hundred, getUpdated and getDeleted. Each of its types answers for one part.
package rest

import (
	"net/http"

	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
	"catchment/internal/fakeorg/web"
)

// pathObject finds the object that the path names.
func pathObject(s *store.Store, c *web.Call) (*store.Object, error) {
	obj, ok := s.Object(c.PathValue("object"))
	if !ok {
		return nil, reply.NotFound()
	}
	return obj, nil
}

// writeBody answers with what is written as JSON already. A broken connection
// is the client's to notice.
func writeBody(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	_, _ = w.Write(body)
}
