package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"catchment/internal/salesforce/fault"
)

// An API is one version of Salesforce's API, and how to reach it.
type API struct {
	Sender
	Version string // as "66.0"
	Bounds  Bounds // of answers
}

// Path gives the path of a resource.
func (a API) Path(parts ...string) string { return Path(a.Version, parts...) }

// Path gives the path of a resource of one version of the API.
func Path(version string, parts ...string) string {
	path := "/services/data/v" + version
	for _, p := range parts {
		path += "/" + url.PathEscape(p)
	}
	return path
}

// Get asks for a JSON answer.
func (a API) Get(ctx context.Context, path string, into any) (http.Header, error) {
	return a.Call(ctx, &Request{Method: http.MethodGet, Path: path}, into)
}

// Post sends JSON and reads JSON.
func (a API) Post(ctx context.Context, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("write a request: %w", err)
	}
	_, err = a.Call(ctx, &Request{Method: http.MethodPost, Path: path, Body: text,
		Header: http.Header{"Content-Type": {"application/json"}}}, into)
	return err
}

// Delete deletes a resource. One that is gone is no error.
func (a API) Delete(ctx context.Context, path string) error {
	_, err := a.Call(ctx, &Request{Method: http.MethodDelete, Path: path}, nil)
	if fault.StatusOf(err) == http.StatusNotFound {
		return nil
	}
	return err
}

// Call sends r and decodes its answer as a whole. With into nil the answer's text is not
// looked at.
func (a API) Call(ctx context.Context, r *Request, into any) (http.Header, error) {
	if into == nil {
		resp, err := a.Send(ctx, r)
		if err != nil {
			return nil, err
		}
		return resp.Header, resp.Body.Close()
	}
	return a.Read(ctx, r, func(d *Decoder) error { return d.Value(into) })
}

// ErrNotModified says that what was asked for hasn't changed since then.
var ErrNotModified = errors.New("not modified")

// Read sends r and has decode read its answer, which is one value.
func (a API) Read(ctx context.Context, r *Request, decode func(*Decoder) error) (http.Header, error) {
	resp, err := a.Send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotModified {
		return resp.Header, ErrNotModified
	}
	d := NewDecoder(resp.Body, a.Bounds)
	if err = decode(d); err == nil {
		err = d.End()
	}
	if err != nil {
		return nil, r.BadJSON(err)
	}
	return resp.Header, nil
}
