package fakeorg

import "net/http"

// pathObject finds the object that the path names.
func pathObject(s *store, c *call) (*object, error) {
	obj, ok := s.object(c.PathValue("object"))
	if !ok {
		return nil, notFound()
	}
	return obj, nil
}

// writeBody answers with what is written as JSON already. A broken connection
// is the client's to notice.
func writeBody(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	_, _ = w.Write(body)
}
