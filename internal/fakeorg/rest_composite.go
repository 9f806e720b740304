package fakeorg

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// innermost is how many requests one composite request may hold, and
// innerQueries how many of them may be queries or collections of records.
const (
	innermost    = 25
	innerQueries = 5
)

// An inner request is a part of a composite one.
type innerRequest struct {
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Reference string            `json:"referenceId"`
	Header    map[string]string `json:"httpHeaders"`
	Body      json.RawMessage   `json:"body"`
	RichInput json.RawMessage   `json:"richInput"`
}

type innerKey struct{}

// inner says how a request within another counts: as a call of its own, or not.
type inner struct{ free bool }

// innerOf returns what kind of inner request this is; false for an outer one.
func innerOf(r *http.Request) (inner, bool) {
	in, ok := r.Context().Value(innerKey{}).(inner)
	return in, ok
}

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
	return asJSON(r.body.String())
}

// answerInner answers a request within another, with the session and the
// transaction of that.
func (o *Org) answerInner(c *call, in innerRequest, kind inner, transaction string) *recorder {
	w := &recorder{header: http.Header{}}
	url := in.URL
	if !strings.HasPrefix(url, "/services/data/") {
		url = "/services/data/" + strings.TrimPrefix(url, "/")
	}
	ctx := context.WithValue(c.Context(), innerKey{}, kind)
	r, err := http.NewRequestWithContext(ctx, in.Method, url, bytes.NewReader(in.Body))
	if err != nil {
		writeError(w, refuse(http.StatusBadRequest, "INVALID_URL", "%v", err))
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
	r.URL.Path = cleanPath(r.URL.Path)
	o.routes.ServeHTTP(w, r)
	return w
}

func (o *Org) composite(w http.ResponseWriter, c *call) error {
	var asked struct {
		AllOrNone bool           `json:"allOrNone"`
		Requests  []innerRequest `json:"compositeRequest"`
	}
	if err := c.decode(&asked); err != nil {
		return err
	}
	if len(asked.Requests) > innermost {
		return refuse(http.StatusBadRequest, "LIMIT_EXCEEDED", "A composite request holds %d subrequests at most", innermost)
	}
	if err := fitsTogether(asked.Requests); err != nil {
		return err
	}
	var answers []compositeAnswer
	var err error
	if asked.AllOrNone {
		answers, err = o.compositeWhole(c, asked.Requests)
	} else {
		answers = o.compositeParts(c, asked.Requests, c.Header.Get("Org-Transaction"))
	}
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"compositeResponse": answers})
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
				return refuse(http.StatusBadRequest, "INVALID_HEADER", "The header %s can't be specified in a subrequest", name)
			}
		}
		switch resource := in.resource(); {
		case strings.HasPrefix(resource, "query"), strings.HasPrefix(resource, "composite/sobjects"):
			queries++
		}
	}
	if queries > innerQueries {
		return refuse(http.StatusBadRequest, "LIMIT_EXCEEDED", "A composite request holds %d query and collection subrequests at most", innerQueries)
	}
	return nil
}

var resourceForm = regexp.MustCompile(`^/*(?:services/data/+)?v\d+\.0/+([^?]*)`)

// resource is what a request asks for, without version and query: sobjects/X.
func (in innerRequest) resource() string {
	m := resourceForm.FindStringSubmatch(in.URL)
	if m == nil {
		return ""
	}
	return cleanPath(m[1])[1:]
}

// mayBeInside tells whether a composite request is supported for a resource:
// all of sobjects but blobs, query, queryAll, and collections of records.
func (o *Org) mayBeInside(in innerRequest) bool {
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
	return !(len(parts) == 4 && strings.HasSuffix(last, "Data")) && !slices.Contains(o.options.NotInComposite, last)
}

type compositeAnswer struct {
	Body      json.RawMessage   `json:"body"`
	Header    map[string]string `json:"httpHeaders"`
	Status    int               `json:"httpStatusCode"`
	Reference string            `json:"referenceId"`
}

// compositeWhole answers requests of which one that fails undoes them all.
func (o *Org) compositeWhole(c *call, requests []innerRequest) ([]compositeAnswer, error) {
	t := o.Begin()
	answers := o.compositeParts(c, requests, t.ID())
	failed := false
	for _, a := range answers {
		failed = failed || a.Status >= http.StatusBadRequest
	}
	if !failed {
		return answers, t.Commit()
	}
	for i := range answers {
		if answers[i].Status < http.StatusBadRequest {
			halted := refuse(http.StatusBadRequest, "PROCESSING_HALTED", "The transaction was rolled back since another operation in the same transaction failed.")
			answers[i].Status, answers[i].Body = halted.Status, asJSON([]*apiError{halted})
		}
	}
	return answers, t.Rollback()
}

func (o *Org) compositeParts(c *call, requests []innerRequest, transaction string) []compositeAnswer {
	answers, known := []compositeAnswer{}, map[string]any{}
	for _, in := range requests {
		a := compositeAnswer{Reference: in.Reference, Header: map[string]string{}}
		if err := in.resolve(known); err != nil {
			a.Status, a.Body = err.Status, asJSON([]*apiError{err})
		} else if !o.mayBeInside(in) {
			unsupported := refuse(http.StatusBadRequest, "INVALID_REQUEST", "The resource isn't supported in a composite request")
			a.Status, a.Body = unsupported.Status, asJSON([]*apiError{unsupported})
		} else {
			w := o.answerInner(c, in, inner{free: true}, transaction)
			a.Status, a.Body = w.status, w.json()
			if at := w.header.Get("Location"); at != "" {
				a.Header["Location"] = at
			}
			var value any
			if json.Unmarshal(a.Body, &value) == nil && w.status < http.StatusBadRequest {
				known[in.Reference] = value
			}
		}
		answers = append(answers, a)
	}
	return answers
}

var referenceForm = regexp.MustCompile(`@\{([A-Za-z0-9_]+)((?:\.\w+|\[\d+\])*)\}`)

// resolve puts what earlier answers hold in the place of @{reference.field}.
func (in *innerRequest) resolve(known map[string]any) (refused *apiError) {
	fill := func(text string) string {
		return referenceForm.ReplaceAllStringFunc(text, func(match string) string {
			parts := referenceForm.FindStringSubmatch(match)
			value, ok := follow(known[parts[1]], parts[2])
			if !ok {
				refused = refuse(http.StatusBadRequest, "PROCESSING_HALTED", "Invalid reference specified. No value for %s found", match)
			}
			return value
		})
	}
	in.URL, in.Body = fill(in.URL), json.RawMessage(fill(string(in.Body)))
	return refused
}

var stepForm = regexp.MustCompile(`\.(\w+)|\[(\d+)\]`)

// follow reads a path such as .records[0].Id in a decoded answer.
func follow(value any, path string) (string, bool) {
	for _, step := range stepForm.FindAllStringSubmatch(path, -1) {
		switch at := value.(type) {
		case map[string]any:
			value = at[step[1]]
		case []any:
			n, err := strconv.Atoi(step[2])
			if err != nil || n >= len(at) {
				return "", false
			}
			value = at[n]
		default:
			return "", false
		}
	}
	text, ok := value.(string)
	return text, ok
}

// compositeBatch answers independent requests, each of which is a call.
func (o *Org) compositeBatch(w http.ResponseWriter, c *call) error {
	var asked struct {
		Halt     bool           `json:"haltOnError"`
		Requests []innerRequest `json:"batchRequests"`
	}
	if err := c.decode(&asked); err != nil {
		return err
	}
	if len(asked.Requests) > innermost {
		return refuse(http.StatusBadRequest, "LIMIT_EXCEEDED", "A batch holds %d subrequests at most", innermost)
	}
	type batchResult struct {
		Result json.RawMessage `json:"result"`
		Status int             `json:"statusCode"`
	}
	results, failed := []batchResult{}, false
	for _, in := range asked.Requests {
		if failed && asked.Halt {
			halted := refuse(http.StatusPreconditionFailed, "BATCH_PROCESSING_HALTED", "Batch processing halted per request")
			results = append(results, batchResult{asJSON([]*apiError{halted}), halted.Status})
			continue
		}
		in.Body = in.RichInput
		a := o.answerInner(c, in, inner{}, c.Header.Get("Org-Transaction"))
		failed = failed || a.status >= http.StatusBadRequest
		results = append(results, batchResult{a.json(), a.status})
	}
	writeJSON(w, http.StatusOK, map[string]any{"hasErrors": failed, "results": results})
	return nil
}
