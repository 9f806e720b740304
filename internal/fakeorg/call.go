package fakeorg

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// A call is a request that is under way.
type call struct {
	*http.Request
	version string // v66.0, empty outside /services/data
	fault   *Rule  // what is to go wrong with the answer, or nil
}

// A handler answers a call, or returns why not.
type handler func(http.ResponseWriter, *call) error

// A resource is what a path stands for: its kind, for counting, and a handler
// for each method.
type resource struct {
	kind    string
	open    bool // without a session
	methods map[string]handler
}

func get(h handler) map[string]handler  { return map[string]handler{http.MethodGet: h} }
func post(h handler) map[string]handler { return map[string]handler{http.MethodPost: h} }

// versionNumber is 66 for v66.0.
func (c *call) versionNumber() int {
	n, _ := strconv.Atoi(strings.TrimSuffix(c.version[1:], ".0")) // checkVersion has passed it
	return n
}

// transaction is the Id of the open transaction that the call belongs to, or empty.
func (c *call) transaction() string { return c.Header.Get("Org-Transaction") }

// decode reads a JSON body.
func (c *call) decode(into any) error {
	if err := json.NewDecoder(c.Body).Decode(into); err != nil {
		return refuse(http.StatusBadRequest, "JSON_PARSER_ERROR", "%v", err)
	}
	return nil
}

// baseURL is where the client reached the org, which is where it stays.
func baseURL(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// cleanPath collapses slashes and drops the last one.
func cleanPath(path string) string {
	parts := strings.FieldsFunc(path, func(c rune) bool { return c == '/' })
	return "/" + strings.Join(parts, "/")
}
