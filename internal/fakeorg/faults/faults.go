// Package faults makes requests go wrong as they are told to.
package faults

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"catchment/internal/fakeorg/reply"
)

// A Rule makes one request, or several of a kind, go wrong. It matches by
// Method, by Kind as Requests counts them, and by Path, a part of the path with
// its query; each may be empty. Nth counts the matches: 2 spoils the second,
// and with Times 3 the three from the second on; 0 spoils every one.
type Rule struct {
	Method string `json:"method,omitempty"`
	Kind   string `json:"kind,omitempty"`
	Path   string `json:"path,omitempty"`
	Nth    int    `json:"nth,omitempty"`
	Times  int    `json:"times,omitempty"`

	DelaySeconds float64           `json:"delaySeconds,omitempty"` // answers late
	Answer       string            `json:"answer,omitempty"`       // answers one of the errors of Named
	Status       int               `json:"status,omitempty"`       // answers this instead, with Body and Header
	Body         string            `json:"body,omitempty"`         //
	Header       map[string]string `json:"header,omitempty"`       //
	Redirect     string            `json:"redirect,omitempty"`     // sends elsewhere, with Status or 302
	Omit         []string          `json:"omit,omitempty"`         // leaves out headers, and latestDateCovered

	// Reset breaks the connection: at once, or after Truncate bytes.
	Reset bool `json:"reset,omitempty"`
	// Truncate sends no more of the body than so many bytes, as they are on the
	// wire, and ends it as if it were whole.
	Truncate int `json:"truncate,omitempty"`
	// ExpireSession ends the caller's session first.
	ExpireSession bool `json:"expireSession,omitempty"`
	// ExtraRecords are added to Sforce-NumberOfRecords.
	ExtraRecords int `json:"extraRecords,omitempty"`
	// DuplicatePage sends the page before again, in place of this one.
	DuplicatePage bool `json:"duplicatePage,omitempty"`
	// Twice is a record's Id: a query, or the Bulk job created by this request, finds
	// that record twice, one behind the other.
	Twice string `json:"twice,omitempty"`
	// FailJob is the message with which the Bulk job created by this request fails.
	FailJob string `json:"failJob,omitempty"`
	// StickJob keeps the Bulk job created by this request InProgress.
	StickJob bool `json:"stickJob,omitempty"`
	// TimeOutOver gives up a query, or the Bulk job created by this request,
	// that finds more records.
	TimeOutOver int `json:"timeOutOver,omitempty"`
	// ComplexOver refuses one that names more fields as too complicated.
	ComplexOver int `json:"complexOver,omitempty"`

	// Meanwhile changes records between the request and its answer. It is what the admin API
	// takes for records, such as {"do": "touch", "ids": ["001..."]}.
	Meanwhile json.RawMessage `json:"meanwhile,omitempty"`
	// Hear is called between the request and its answer.
	Hear func() `json:"-"`

	BodyRule

	Seen int `json:"seen"` // requests that matched so far
}

// Rules are the rules in force.
type Rules struct{ List[Rule] }

// Add adds a rule, which has matched nothing yet.
func (f *Rules) Add(rule Rule) {
	rule.Seen, rule.Header = 0, maps.Clone(rule.Header)
	f.List.Add(rule)
}

// Parse reads a list of rules, as JSON. What it doesn't know it refuses.
func Parse(r io.Reader) ([]Rule, error) {
	var rules []Rule
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&rules); err != nil && err != io.EOF {
		return nil, fmt.Errorf("faults: %w", err)
	}
	for i, rule := range rules {
		if _, known := Named()[rule.Answer]; rule.Answer != "" && !known {
			return nil, fmt.Errorf("faults: rule %d: no answer %q; there are %s",
				i+1, rule.Answer, strings.Join(slices.Sorted(maps.Keys(Named())), ", "))
		}
		if rule.Redirect != "" && !slices.Contains([]int{0, 301, 302, 303, 307, 308}, rule.Status) {
			return nil, fmt.Errorf("faults: rule %d: %d is no redirect; there are 301, 302, 303, 307 and 308", i+1,
				rule.Status)
		}
	}
	return rules, nil
}

// Match returns the rule for a request, or nil.
func (f *Rules) Match(kind, method, uri string) *Rule {
	return f.First(func(rule *Rule) bool {
		if !rule.concerns(kind, method, uri) {
			return false
		}
		rule.Seen++
		return Due(rule.Nth, rule.Times, rule.Seen)
	})
}

// concerns tells whether a rule is about a request. The test's own way into the
// org stays open: else a rule for everything could never be taken back.
func (rule *Rule) concerns(kind, method, uri string) bool {
	return kind != "admin" && (rule.Method == "" || rule.Method == method) &&
		(rule.Kind == "" || rule.Kind == kind) && strings.Contains(uri, rule.Path)
}

// Named are errors that Salesforce is known to answer, with its words.
func Named() map[string]*reply.Refusal {
	return map[string]*reply.Refusal{
		"api-disabled": reply.Refuse(403, "API_DISABLED_FOR_ORG",
			"API is not enabled for this Organization or Partner"),
		"concurrent-limit": reply.Refuse(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
		"daily-limit":      reply.Refuse(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
		"insufficient-access": reply.Refuse(403, "INSUFFICIENT_ACCESS",
			"You do not have the level of access necessary to perform the operation you requested."),
		"job-limit":      reply.Bad("LIMIT_EXCEEDED", "Max bulk v2 query jobs (10000) per 24 hrs has been reached"),
		"lock":           reply.Bad("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"),
		"locator-gone":   reply.Bad("INVALID_QUERY_LOCATOR", "invalid query locator"),
		"not-acceptable": reply.Refuse(406, "CustomNotAcceptable", "Not Acceptable"),
		"not-found":      reply.NotFound(),
		"query-timeout":  reply.Bad("QUERY_TIMEOUT", "Your query request was running for too long."),
		"storage-limit": reply.Bad("LIMIT_EXCEEDED",
			"Max bulk v2 query result size stored (1000000000) kb per 24 hrs has been exceeded"),
		"too-complicated": reply.Bad("QUERY_TOO_COMPLICATED",
			"Query is either selecting too many fields or the filter conditions are too complicated."),
		"unavailable": reply.Refuse(503, "SERVER_UNAVAILABLE", "Server is too busy. Try again later."),
		"unknown": reply.Refuse(500, "UNKNOWN_EXCEPTION",
			"An unexpected error occurred. Please include this ErrorId if you contact support: 1-2 (3)"),
	}
}

// TooComplex tells whether a rule finds that a statement names too many fields.
func (rule *Rule) TooComplex(fields int) bool {
	return rule != nil && rule.ComplexOver > 0 && fields > rule.ComplexOver
}

// Shorten makes the body end early where a rule says so.
func (rule *Rule) Shorten(w http.ResponseWriter) http.ResponseWriter {
	if rule == nil || rule.Truncate <= 0 {
		return w
	}
	return &truncated{w, rule.Truncate, rule.Reset}
}

// Preempt does what a rule asks for before the answer; true means that the
// request is answered with that.
func (rule *Rule) Preempt(w http.ResponseWriter, r *http.Request) bool {
	if rule == nil {
		return false
	}
	if rule.DelaySeconds > 0 {
		wait := time.NewTimer(time.Duration(rule.DelaySeconds * float64(time.Second)))
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-r.Context().Done():
		}
	}
	if rule.Reset && rule.Truncate <= 0 {
		reset(w)
	}
	if named := Named()[rule.Answer]; named != nil {
		reply.Error(w, named)
		return true
	}
	if rule.Redirect != "" {
		w.Header().Set("Location", location(rule.Redirect, r))
		rule = &Rule{Status: cmp.Or(rule.Status, http.StatusFound), Body: rule.Body, Header: rule.Header}
	}
	if rule.Status == 0 {
		return false
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	for key, value := range rule.Header {
		w.Header().Set(key, value)
	}
	w.WriteHeader(rule.Status)
	_, _ = io.WriteString(w, rule.Body)
	return true
}

// location is where a client is sent: the place of that name, or the same place on
// another server where a URL names the server alone.
func location(to string, r *http.Request) string {
	if at, err := url.Parse(to); err == nil && at.Host != "" && at.Path == "" && at.RawQuery == "" {
		return to + r.URL.RequestURI()
	}
	return to
}

// Refuse is what a rule answers about one record of a request that is about many: a
// refusal of that record, or nil where the rule has none.
func (rule *Rule) Refuse() error {
	if rule == nil {
		return nil
	}
	if named := Named()[rule.Answer]; named != nil {
		return named
	}
	if rule.Status < http.StatusBadRequest {
		return nil
	}
	var told []*reply.Refusal
	if json.Unmarshal([]byte(rule.Body), &told) == nil && len(told) > 0 && told[0] != nil {
		return told[0]
	}
	return reply.Refuse(rule.Status, "UNKNOWN_EXCEPTION", "%s", rule.Body)
}

// Omit leaves out of an answer, or of its headers, what a rule names.
func Omit[V any](rule *Rule, from map[string]V) {
	if rule != nil {
		maps.DeleteFunc(from, func(key string, _ V) bool {
			return slices.ContainsFunc(rule.Omit, func(name string) bool { return strings.EqualFold(name, key) })
		})
	}
}

// reset breaks the connection off as a failing network does.
func reset(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset rather than an orderly end
		}
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler)
}

// truncated lets only so much of a body through.
type truncated struct {
	http.ResponseWriter
	left  int
	reset bool
}

// Write implements http.ResponseWriter.
func (t *truncated) Write(p []byte) (int, error) {
	sent := min(t.left, len(p))
	t.left -= sent
	if _, err := t.ResponseWriter.Write(p[:sent]); err != nil {
		return 0, err
	}
	if t.left == 0 && t.reset {
		_ = http.NewResponseController(t.ResponseWriter).Flush() // what was sent arrives
		panic(http.ErrAbortHandler)
	}
	return len(p), nil
}

// Unwrap lets http.ResponseController reach the connection.
func (t *truncated) Unwrap() http.ResponseWriter { return t.ResponseWriter }
