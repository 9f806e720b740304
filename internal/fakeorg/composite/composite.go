// Package composite answers requests that hold others: composite and batch.
package composite

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"catchment/internal/fakeorg/change"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/web"
)

// innermost is how many requests one composite request may hold, and
// innerQueries how many of them may be queries or collections of records.
const (
	innermost    = 25
	innerQueries = 5
)

// Server answers requests that hold others.
type Server struct {
	ledger    *change.Ledger
	routed    http.Handler // that answers the inner ones
	notInside []string     // what of an object composite requests refuse
}

// New makes a Server whose inner requests routed answers.
func New(l *change.Ledger, routed http.Handler, notInside []string) *Server {
	return &Server{l, routed, notInside}
}

// Routes are the ways to send many requests in one.
func (a *Server) Routes() map[string]web.Resource {
	return map[string]web.Resource{
		"/composite":       {Kind: "composite", Methods: web.Post(a.composite)},
		"/composite/batch": {Kind: "composite", Methods: web.Post(a.batch)},
	}
}

// answerInner answers a request within another, with the session and the
// transaction of that.
func (a *Server) answerInner(c *web.Call, in innerRequest, kind web.Inner, transaction string) *recorder {
	w := &recorder{header: http.Header{}}
	url := in.URL
	if !strings.HasPrefix(url, "/services/data/") {
		url = "/services/data/" + strings.TrimPrefix(url, "/")
	}
	ctx := web.WithInner(c.Context(), kind)
	r, err := http.NewRequestWithContext(ctx, in.Method, url, bytes.NewReader(in.Body))
	if err != nil {
		reply.Error(w, reply.Bad("INVALID_URL", "%v", err))
		return w
	}
	for key, value := range in.Header {
		r.Header.Set(key, value)
	}
	r.Header.Set("Authorization", c.Header.Get("Authorization"))
	if transaction != "" {
		r.Header.Set("Org-Transaction", transaction)
	}
	r.Host, r.TLS, r.RequestURI = c.Host, c.TLS, url
	r.URL.Path = web.CleanPath(r.URL.Path)
	a.routed.ServeHTTP(w, r)
	return w
}

func (a *Server) composite(w http.ResponseWriter, c *web.Call) error {
	var asked struct {
		AllOrNone bool           `json:"allOrNone"`
		Requests  []innerRequest `json:"compositeRequest"`
	}
	if err := c.Decode(&asked); err != nil {
		return err
	}
	if len(asked.Requests) > innermost {
		return reply.Bad("LIMIT_EXCEEDED", "A composite request holds %d subrequests at most", innermost)
	}
	if err := fitsTogether(asked.Requests); err != nil {
		return err
	}
	var answers []compositeAnswer
	var err error
	if asked.AllOrNone {
		answers, err = a.whole(c, asked.Requests)
	} else {
		answers = a.parts(c, asked.Requests, c.Transaction())
	}
	if err != nil {
		return err
	}
	reply.JSON(w, http.StatusOK, map[string]any{"compositeResponse": answers})
	return nil
}

// fitsTogether refuses requests that can't be in one composite request: too
// many queries, or headers that only the outer request may have.
func fitsTogether(requests []innerRequest) error {
	queries := 0
	for _, in := range requests {
		for name := range in.Header {
			switch http.CanonicalHeaderKey(name) {
			case "Accept", "Authorization", "Content-Type":
				return reply.Bad("INVALID_HEADER", "The header %s can't be specified in a subrequest", name)
			}
		}
		switch resource := in.resource(); {
		case strings.HasPrefix(resource, "query"), strings.HasPrefix(resource, "composite/sobjects"):
			queries++
		}
	}
	if queries > innerQueries {
		return reply.Bad("LIMIT_EXCEEDED", "A composite request holds %d query and collection subrequests at most",
			innerQueries)
	}
	return nil
}

// mayBeInside tells whether a composite request is supported for a resource:
// all of sobjects but blobs, query, queryAll, and collections of records.
func (a *Server) mayBeInside(in innerRequest) bool {
	parts := strings.Split(in.resource(), "/")
	switch {
	case parts[0] == "query" || parts[0] == "queryAll":
		return true
	case parts[0] == "composite":
		return len(parts) > 1 && parts[1] == "sobjects"
	case parts[0] != "sobjects":
		return false
	}
	last := parts[len(parts)-1]
	return !(len(parts) == 4 && strings.HasSuffix(last, "Data")) && !slices.Contains(a.notInside, last)
}

type compositeAnswer struct {
	Body      json.RawMessage   `json:"body"`
	Header    map[string]string `json:"httpHeaders"`
	Status    int               `json:"httpStatusCode"`
	Reference string            `json:"referenceId"`
}

// whole answers requests of which one that fails undoes them all.
func (a *Server) whole(c *web.Call, requests []innerRequest) ([]compositeAnswer, error) {
	t := a.ledger.Begin()
	defer func() { _ = t.Rollback() }() // where a part breaks the connection off; else it has ended
	answers := a.parts(c, requests, t.ID())
	failed := false
	for _, one := range answers {
		failed = failed || one.Status >= http.StatusBadRequest
	}
	if !failed {
		return answers, t.Commit()
	}
	for i := range answers {
		if answers[i].Status < http.StatusBadRequest {
			halted := reply.Bad("PROCESSING_HALTED",
				"The transaction was rolled back since another operation in the same transaction failed.")
			answers[i].Status, answers[i].Body = halted.Status, reply.Raw([]*reply.Refusal{halted})
		}
	}
	return answers, t.Rollback()
}

func (a *Server) parts(c *web.Call, requests []innerRequest, transaction string) []compositeAnswer {
	answers, known := []compositeAnswer{}, map[string]any{}
	for _, in := range requests {
		one := compositeAnswer{Reference: in.Reference, Header: map[string]string{}}
		if err := in.resolve(known); err != nil {
			one.Status, one.Body = err.Status, reply.Raw([]*reply.Refusal{err})
		} else if !a.mayBeInside(in) {
			unsupported := reply.Bad("INVALID_REQUEST", "The resource isn't supported in a composite request")
			one.Status, one.Body = unsupported.Status, reply.Raw([]*reply.Refusal{unsupported})
		} else {
			w := a.answerInner(c, in, web.Inner{Free: true}, transaction)
			one.Status, one.Body = w.status, w.json()
			if at := w.header.Get("Location"); at != "" {
				one.Header["Location"] = at
			}
			var value any
			if json.Unmarshal(one.Body, &value) == nil && w.status < http.StatusBadRequest {
				known[in.Reference] = value
			}
		}
		answers = append(answers, one)
	}
	return answers
}
