package fakeorg

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A Rule makes one request, or every one of a kind, go wrong. It matches by
// Method and by Path, a part of the path with its query; both may be empty. Nth counts the
// matches: 2 spoils the second only, 0 every one.
type Rule struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Nth    int    `json:"nth"`

	DelaySeconds  float64           `json:"delaySeconds"`  // answers late
	Status        int               `json:"status"`        // answers this instead, with Body and Header
	Body          string            `json:"body"`          //
	Header        map[string]string `json:"header"`        //
	Reset         bool              `json:"reset"`         // breaks the connection: at once, or after Truncate bytes
	Truncate      int               `json:"truncate"`      // sends no more of the body than so many bytes, and ends it as if it were whole
	ExpireSession bool              `json:"expireSession"` // ends the caller's session first
	ExtraRecords  int               `json:"extraRecords"`  // added to Sforce-NumberOfRecords
	DuplicatePage bool              `json:"duplicatePage"` // the page before is sent again, in place of this one
	FailJob       string            `json:"failJob"`       // the Bulk job created by this request fails with this message

	seen int
}

// faults are the rules in force.
type faults struct {
	mu    sync.Mutex
	rules []*Rule
}

// Fault adds a rule. Of several that match, the first is followed.
func (o *Org) Fault(rule Rule) {
	o.faults.mu.Lock()
	defer o.faults.mu.Unlock()
	rule.seen, rule.Header = 0, maps.Clone(rule.Header)
	o.faults.rules = append(o.faults.rules, &rule)
}

// ClearFaults removes all rules.
func (o *Org) ClearFaults() {
	o.faults.mu.Lock()
	defer o.faults.mu.Unlock()
	o.faults.rules = nil
}

// match returns the rule for a request, or nil.
func (f *faults) match(method, uri string) *Rule {
	f.mu.Lock()
	defer f.mu.Unlock()
	var first *Rule
	for _, rule := range f.rules {
		if rule.Method != "" && rule.Method != method || !strings.Contains(uri, rule.Path) {
			continue
		}
		rule.seen++
		if first == nil && (rule.Nth == 0 || rule.Nth == rule.seen) {
			first = rule
		}
	}
	return first
}

// shorten makes the body end early where a rule says so.
func (rule *Rule) shorten(w http.ResponseWriter) http.ResponseWriter {
	if rule == nil || rule.Truncate <= 0 {
		return w
	}
	return &truncated{w, rule.Truncate, rule.Reset}
}

// preempt does what a rule asks for before the answer; true means that the
// request is answered with that.
func (rule *Rule) preempt(w http.ResponseWriter, r *http.Request) bool {
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

type ruleKey struct{}

func withRule(ctx context.Context, rule *Rule) context.Context {
	if rule == nil {
		return ctx
	}
	return context.WithValue(ctx, ruleKey{}, rule)
}

func ruleOf(ctx context.Context) *Rule {
	rule, _ := ctx.Value(ruleKey{}).(*Rule)
	return rule
}
