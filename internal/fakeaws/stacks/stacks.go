// Package stacks is a CloudFormation for tests, for stacks that hold AppFlow
// flows and nothing else: no stand-in that others wrote knows
// AWS::AppFlow::Flow. It answers the real SDK (the query protocol), asks an
// AppFlow endpoint for the flows, and rolls back, refuses and dawdles as
// CloudFormation does, by itself or when a Script says so.
//
// Nothing runs in the background: a stack gets on when somebody looks at it.
// Start at New; stack.go has the states, template.go reads templates.
package stacks

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options say how CloudFormation is set up.
type Options struct {
	AppFlow   string                                                // the URL of the AppFlow endpoint
	HTTP      *http.Client                                          // to reach it
	Fetch     func(ctx context.Context, url string) ([]byte, error) // of a TemplateURL; nil knows none
	Now       func() time.Time
	MaxStacks int // of the account; 2,000

	// May says whether who asked for a stack, by its Authorization header, may have
	// a handler of AWS::AppFlow::Flow (create, update, delete) work on a flow: what
	// it does is done with his rights. nil lets everybody.
	May func(ctx context.Context, by, handler string, flow map[string]any) error
}

// A Script says what becomes of one stack that is created.
type Script struct {
	Looks  int    // how often it is looked at before it gets on
	Fail   string // its flow fails with this reason, and the stack rolls back
	Orphan bool   // the roll-back leaves the flow behind
}

// A Fault makes calls fail.
type Fault struct {
	Action  string // "CreateStack"; "" is any
	Code    string // "Throttling"
	Message string
	Times   int  // how many calls; 0 is one
	Done    bool // the call is done all the same: only its answer is lost
}

// A Server is one account's CloudFormation. It is an http.Handler.
type Server struct {
	o       Options
	mu      sync.Mutex
	stacks  []*stack
	faults  []*Fault
	scripts []Script
	calls   map[string]int
}

// New makes a CloudFormation without stacks.
func New(o Options) *Server {
	if o.MaxStacks == 0 {
		o.MaxStacks = 2000
	}
	if o.May == nil {
		o.May = func(context.Context, string, string, map[string]any) error { return nil }
	}
	return &Server{o: o, calls: map[string]int{}}
}

// Script adds a script for the next stack that is created.
func (s *Server) Script(script Script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scripts = append(s.scripts, script)
}

// Fault adds a fault to those that wait.
func (s *Server) Fault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Times = max(f.Times, 1)
	s.faults = append(s.faults, &f)
}

// Calls tells how often an action was called.
func (s *Server) Calls(action string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[action]
}

// Stacks lists the names and states of the stacks that are not deleted.
func (s *Server) Stacks() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]string{}
	for _, st := range s.stacks {
		if st.status != deleteComplete {
			all[st.name] = st.status
		}
	}
	return all
}

// A refusal is an error as CloudFormation answers it.
type refusal struct{ code, message string }

func (r *refusal) Error() string { return r.code + ": " + r.message }

func refuse(code, format string, args ...any) error {
	return &refusal{code, fmt.Sprintf(format, args...)}
}

// ServeHTTP answers one call. Calls are done one after the other.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		answer(w, "", "", refuse("ValidationError", "the body is no form"))
		return
	}
	action := r.PostForm.Get("Action")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[action]++
	fault := s.fault(action)
	if fault != nil && !fault.Done {
		answer(w, action, "", &refusal{fault.Code, fault.Message})
		return
	}
	do, ok := map[string]func(*http.Request) (string, error){
		"CreateStack": s.create, "UpdateStack": s.update, "DeleteStack": s.remove,
		"DescribeStacks": s.describe, "DescribeStackEvents": s.events, "ListStacks": s.list,
	}[action]
	if !ok {
		answer(w, action, "", refuse("InvalidAction", "this stand-in has no %s", action))
		return
	}
	body, err := do(r)
	if fault != nil {
		err = &refusal{fault.Code, fault.Message}
	}
	answer(w, action, body, err)
}

func (s *Server) fault(action string) *Fault {
	for _, f := range s.faults {
		if f.Times > 0 && (f.Action == "" || f.Action == action) {
			f.Times--
			return f
		}
	}
	return nil
}

func answer(w http.ResponseWriter, action, body string, err error) {
	w.Header().Set("Content-Type", "text/xml")
	if err == nil {
		_, _ = fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>", action, body)
		return
	}
	no, ok := errors.AsType[*refusal](err)
	if !ok {
		no = &refusal{"InternalFailure", err.Error()}
	}
	status := http.StatusBadRequest
	if no.code == "InternalFailure" {
		status = http.StatusInternalServerError
	}
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type>%s%s</Error></ErrorResponse>", tag("Code", no.code),
		tag("Message", no.message))
}

// tag writes an element that holds a text.
func tag(name, text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder takes everything
	return "<" + name + ">" + b.String() + "</" + name + ">"
}

// pairs reads a list of the query protocol: Tags.member.1.Key and so on.
func pairs(r *http.Request, list, key, value string) map[string]string {
	out := map[string]string{}
	for i := 1; ; i++ {
		at := list + ".member." + strconv.Itoa(i) + "."
		name := r.PostForm.Get(at + key)
		if name == "" {
			return out
		}
		out[name] = r.PostForm.Get(at + value)
	}
}
