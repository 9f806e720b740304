package gate

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// A protocol reads what a call needs, and says no in a service's way.
type protocol struct {
	needs  func(r *http.Request, body []byte) ([]ask, error)
	refuse func(w http.ResponseWriter, err error)
}

// AppFlow stands before AppFlow: paths and JSON.
func (g *Gate) AppFlow(next http.Handler) http.Handler {
	needs := func(r *http.Request, body []byte) ([]ask, error) {
		in, err := object(body)
		if err != nil {
			return nil, err
		}
		operation := pascal(strings.Trim(r.URL.Path, "/"))
		asks, err := g.lists.asks("appflow:"+operation, leaves(in))
		handler := map[string]string{"CreateFlow": "create", "UpdateFlow": "update"}[operation]
		for _, action := range g.lists.permissionOnly(handler) {
			for _, resource := range g.lists.named(action, leaves(in)) {
				asks = append(asks, ask{action, resource})
			}
		}
		return asks, err
	}
	return g.before(protocol{needs, inJSON("application/json", http.StatusForbidden)}, next)
}

// Stacks stands before CloudFormation: forms and XML. What its handlers do is
// asked by Flow.
func (g *Gate) Stacks(next http.Handler) http.Handler {
	needs := func(_ *http.Request, body []byte) ([]ask, error) {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, err
		}
		return g.lists.asks("cloudformation:"+form.Get("Action"), []leaf{{"StackName", form.Get("StackName")}})
	}
	refuse := func(w http.ResponseWriter, err error) {
		d := denial(err)
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message>"+
			"</Error></ErrorResponse>", d.Code, d.Message)
	}
	return g.before(protocol{needs, refuse}, next)
}

// inJSON says no as a service of JSON does.
func inJSON(kind string, status int) func(http.ResponseWriter, error) {
	return func(w http.ResponseWriter, err error) {
		d := denial(err)
		w.Header().Set("Content-Type", kind)
		w.Header().Set("X-Amzn-ErrorType", d.Code+"Exception")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": d.Code + "Exception", "message": d.Message})
	}
}

// denial is the error as a caller sees it: what the gate itself can't do is told too.
func denial(err error) *Denial {
	if d, ok := errors.AsType[*Denial](err); ok {
		return d
	}
	return &Denial{"AccessDenied", "the gate: " + err.Error()}
}

func object(body []byte) (map[string]any, error) {
	var in map[string]any
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("the body is no JSON: %w", err)
	}
	return in, nil
}

// pascal makes CreateFlow of create-flow.
func pascal(path string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(path, "-") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}
