// Package web is what the answers to all requests have in common: calls, resources
// and their methods, the API's versions, packed bodies.
package web

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"catchment/internal/fakeorg/faults"
	"catchment/internal/fakeorg/reply"
)

// A Call is a request that is under way.
type Call struct {
	*http.Request
	Version string       // v66.0, empty outside /services/data
	Fault   *faults.Rule // what is to go wrong with the answer, or nil
	Faults  *faults.Rules
}

// RecordFault is what is to go wrong with one record of a request that is about many:
// rules see it as the request that it would be by itself.
func (c *Call) RecordFault(method, object, id string) error {
	path := "/services/data/" + c.Version + "/sobjects/" + object
	if id != "" {
		path += "/" + id
	}
	return c.Faults.Match("record", method, path).Refuse()
}

// A Handler answers a call, or returns why not.
type Handler func(http.ResponseWriter, *Call) error

// Methods are what a resource answers, by HTTP method.
type Methods map[string]Handler

// A Resource is what a path stands for: its kind, for counting, and a handler
// for each method.
type Resource struct {
	Kind    string
	Open    bool // without a session
	Plain   bool // what it answers is never packed
	Writes  bool // all but GET is for changing records
	Methods Methods
}

// Write names what a request is to change, as DELETE record, or is empty where it only reads.
func (r Resource) Write(method string) string {
	if !r.Writes || method == http.MethodGet {
		return ""
	}
	return method + " " + r.Kind
}

// Admin is the kind of all that Salesforce has nothing like: the test's own way in.
const Admin = "admin"

// Unknown is the kind of what the org doesn't have.
const Unknown = "unknown"

// Get is the one method of a resource that is only read.
func Get(h Handler) Methods { return Methods{http.MethodGet: h} }

// Post is the one method of a resource that only takes.
func Post(h Handler) Methods { return Methods{http.MethodPost: h} }

// VersionNumber is 66 for v66.0.
func (c *Call) VersionNumber() int {
	n, _ := strconv.Atoi(strings.TrimSuffix(c.Version[1:], ".0")) // Versions.Check has passed it
	return n
}

// Transaction is the Id of the open transaction that the call belongs to, or empty.
func (c *Call) Transaction() string { return c.Header.Get("Org-Transaction") }

// Origin is by what the call changes records, as change events name it: the API, and the client where it says who it
// is.
func (c *Call) Origin() string {
	origin := "com/salesforce/api/rest/" + strings.TrimPrefix(c.Version, "v")
	for option := range strings.SplitSeq(c.Header.Get("Sforce-Call-Options"), ",") {
		if name, ok := strings.CutPrefix(strings.TrimSpace(option), "client="); ok {
			origin += ";client=" + name
		}
	}
	return origin
}

// longestJSON is how much JSON one request may have.
const longestJSON = 50 << 20

// Decode reads a JSON body.
func (c *Call) Decode(into any) error { return DecodeJSON(c.Body, into) }

// DecodeJSON reads the JSON of a request, or of a part of one.
func DecodeJSON(r io.Reader, into any) error {
	bounded := &io.LimitedReader{R: r, N: longestJSON + 1}
	err := json.NewDecoder(bounded).Decode(into)
	if bounded.N == 0 {
		return reply.Bad("JSON_PARSER_ERROR",
			"Maximum size of request reached. Maximum size of request is %d bytes.", longestJSON)
	}
	if err != nil {
		return reply.Bad("JSON_PARSER_ERROR", "%v", err)
	}
	return nil
}

// BaseURL is where the client reached the org, which is where it stays.
func BaseURL(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// CleanPath collapses slashes and drops the last one.
func CleanPath(path string) string {
	parts := strings.FieldsFunc(path, func(c rune) bool { return c == '/' })
	return "/" + strings.Join(parts, "/")
}
