// Package gate stands before the stand-ins for AppFlow, CloudFormation and
// Redshift's Data API and lets in who may do what he asks, as IAM does: the
// signature is checked, and each action on each resource is held to the policies
// of the caller's role. ministack decides that, and writes it down.
//
// Which actions a call needs, and on what, is read from lists that others keep:
// parliament's copy of AWS's Service Authorization Reference, and the schema of
// AWS::AppFlow::Flow that cfn-lint carries, which names what CloudFormation does
// with the rights of its caller. Both are in .venv, pinned; reference.go reads
// them. protocol.go reads calls. Start at New.
package gate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"catchment/internal/fakeaws/ministack"
)

// A Gate holds callers to their rights in one AWS.
type Gate struct {
	aws   *ministack.Server
	lists *lists
}

// New makes a gate to the stand-ins beside aws.
func New(aws *ministack.Server) (*Gate, error) {
	l, err := read()
	if err != nil {
		return nil, fmt.Errorf("the lists of rights: %w", err)
	}
	return &Gate{aws: aws, lists: l}, nil
}

// An ask is one right that a caller needs.
type ask struct {
	Action   string `json:"action"`
	Resource string `json:"resource"`
}

// A question is what the witness beside ministack answers.
type question struct {
	Key     string   `json:"key"`
	Request *request `json:"request,omitempty"` // nil: its caller was let in before
	Asks    []ask    `json:"asks"`
}

// A request is what was signed.
type request struct {
	Method  string      `json:"method"`
	Path    string      `json:"path"`
	Query   string      `json:"query"`
	Headers [][2]string `json:"headers"`
	Body    []byte      `json:"body"`
}

// A Denial says what a caller may not do, as IAM words it.
type Denial struct{ Code, Message string }

func (d *Denial) Error() string { return d.Message }

// before lets a call through to next once its caller may do it.
func (g *Gate) before(p protocol, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		asks, err := p.needs(r, body)
		if err == nil {
			err = g.may(r.Context(),
				question{Key: keyOf(r.Header.Get("Authorization")), Request: signed(r, body), Asks: asks})
		}
		if err != nil {
			p.refuse(w, err)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// Flow lets CloudFormation do with a flow what one of its handlers does: create,
// update or delete. by is the Authorization header of who asked for the stack.
func (g *Gate) Flow(ctx context.Context, by, handler string, properties map[string]any) error {
	var asks []ask
	for _, action := range g.lists.handlers[handler] {
		for _, resource := range g.lists.named(action, leaves(properties)) {
			asks = append(asks, ask{action, resource})
		}
	}
	return g.may(ctx, question{Key: keyOf(by), Asks: asks})
}

// may asks ministack.
func (g *Gate) may(ctx context.Context, q question) error {
	if q.Key == "" {
		return &Denial{"MissingAuthenticationToken", "Missing Authentication Token"}
	}
	at, err := g.aws.Start()
	if err != nil {
		return err
	}
	text, err := json.Marshal(q)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at+"/_witness/may", bytes.NewReader(text))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var said struct {
		Code, Message, Principal string
		Denied                   []ask
	}
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil {
		return fmt.Errorf("the witness beside ministack: %s: %w", resp.Status, err)
	}
	switch {
	case said.Code != "":
		return &Denial{said.Code, said.Message}
	case len(said.Denied) > 0:
		no := said.Denied[0]
		return &Denial{"AccessDenied", fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s because "+
			"no identity-based policy allows the %[2]s action", said.Principal, no.Action, no.Resource)}
	}
	return nil
}

// keyOf is the access key of an Authorization header, "" where there is none.
func keyOf(authorization string) string {
	_, credential, _ := strings.Cut(authorization, "Credential=")
	key, _, _ := strings.Cut(credential, "/")
	return key
}

// signed is what a request's signature is over.
func signed(r *http.Request, body []byte) *request {
	q := &request{Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Body: body,
		Headers: [][2]string{{"host", r.Host}, {"content-length", fmt.Sprint(r.ContentLength)}}}
	for name, values := range r.Header {
		if !slices.Contains([]string{"Host", "Content-Length"}, name) {
			q.Headers = append(q.Headers, [2]string{strings.ToLower(name), strings.Join(values, ",")})
		}
	}
	return q
}
