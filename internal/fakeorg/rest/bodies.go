package rest

import (
	"io"
	"net/http"
	"strconv"

	"catchment/internal/fakeorg/bodies"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/web"
)

// readBody answers with the bytes that a field of a record holds.
func (a *Records) readBody(field string) web.Handler {
	return func(w http.ResponseWriter, c *web.Call) error {
		r, err := a.pathRow(c)
		if err != nil {
			return err
		}
		at := r.Object.Place(field)
		if at < 0 || r.Object.Slots[at].Type != "base64" || r.Text(at) == "" {
			return reply.NotFound()
		}
		body, err := a.ledger.Bodies.Open(r.Text(at))
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		return a.sendBody(w, c, body)
	}
}

// sendBody answers with a body, or with the part of it that is asked for.
func (a *Records) sendBody(w http.ResponseWriter, c *web.Call, body bodies.Body) error {
	w.Header().Set("Content-Length", strconv.FormatInt(body.Size, 10))
	w.WriteHeader(http.StatusOK)
	_, _ = io.Copy(w, body.Reader()) // a broken connection is the client's to notice
	return nil
}
