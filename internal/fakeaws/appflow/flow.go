package appflow

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"
)

// A flow is one flow of the account.
type flow struct {
	name       string
	definition map[string]any // as it was created or last updated
	plan       transfer
	tags       any
	createdAt  time.Time
	updatedAt  time.Time
	runs       []*run
	tokens     map[string]started // of StartFlow
}

var flowName = regexp.MustCompile(`^[a-zA-Z0-9][\w!@#.-]{0,255}$`)

func (s *Server) names() []string { return slices.Sorted(maps.Keys(s.flows)) }

func (s *Server) find(in map[string]any) (*flow, error) {
	f, ok := s.flows[text(in, "flowName")]
	if !ok {
		return nil, refuse("ResourceNotFoundException", "Flow %s does not exist", text(in, "flowName"))
	}
	return f, nil
}

func (f *flow) arn() string { return "arn:aws:appflow:eu-central-1:123456789012:flow/" + f.name }

// createFlow makes a flow. A client token that comes again with the same
// request is answered as the first time, for eight hours; with another request
// it is refused.
func (s *Server) createFlow(_ context.Context, in map[string]any) (any, error) {
	name := text(in, "flowName")
	asked, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	token := text(in, "clientToken")
	if before, ok := s.created[token]; ok && token != "" {
		if f := s.flows[name]; before == string(asked) && f != nil {
			return map[string]any{"flowArn": f.arn(), "flowStatus": "Active"}, nil
		}
		return nil, refuse("ConflictException", "the client token was used for another request")
	}
	if !flowName.MatchString(name) {
		return nil, refuse("ValidationException", "1 validation error detected: Value at 'flowName' failed to "+
			"satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9][\\w!@#.-]+")
	}
	if s.flows[name] != nil {
		return nil, refuse("ConflictException", "A flow with the name %s already exists", name)
	}
	if len(s.flows) >= s.o.MaxFlows {
		return nil, refuse("ServiceQuotaExceededException",
			"The maximum number of flows (%d) in this account is reached", s.o.MaxFlows)
	}
	p, err := s.transferOf(in)
	if err != nil {
		return nil, err
	}
	if token != "" {
		s.created[token] = string(asked)
	}
	now := s.o.Now()
	f := &flow{name: name, definition: in, plan: p, tags: in["tags"], createdAt: now, updatedAt: now,
		tokens: map[string]started{}}
	s.flows[name] = f
	return map[string]any{"flowArn": f.arn(), "flowStatus": "Active"}, nil
}

// updateFlow replaces all of a flow's definition but its name and tags.
func (s *Server) updateFlow(_ context.Context, in map[string]any) (any, error) {
	f, err := s.find(in)
	if err != nil {
		return nil, err
	}
	if f.running() != nil {
		return nil, refuse("ConflictException", "Flow %s is running", f.name)
	}
	p, err := s.transferOf(in)
	if err != nil {
		return nil, err
	}
	f.definition, f.plan, f.updatedAt = in, p, s.o.Now()
	return map[string]any{"flowStatus": "Active"}, nil
}

func (s *Server) deleteFlow(_ context.Context, in map[string]any) (any, error) {
	f, err := s.find(in)
	if err != nil {
		return nil, err
	}
	if force, _ := in["forceDelete"].(bool); !force && f.running() != nil {
		return nil, refuse("ConflictException", "Flow %s is running", f.name)
	}
	delete(s.flows, f.name)
	return map[string]any{}, nil
}

func (s *Server) describeFlow(_ context.Context, in map[string]any) (any, error) {
	f, err := s.find(in)
	if err != nil {
		return nil, err
	}
	out := maps.Clone(f.definition)
	delete(out, "clientToken")
	maps.Copy(out, map[string]any{
		"flowArn": f.arn(), "flowName": f.name, "flowStatus": "Active", "tags": f.tags,
		"createdAt": epoch(f.createdAt), "lastUpdatedAt": epoch(f.updatedAt), "schemaVersion": 1,
	})
	return out, nil
}

// listFlows answers in pages of maxResults, by name.
func (s *Server) listFlows(_ context.Context, in map[string]any) (any, error) {
	size := 100
	if n, ok := in["maxResults"].(float64); ok && n > 0 {
		size = min(int(n), size)
	}
	names := s.names()
	from := min(number(text(in, "nextToken")), len(names))
	to := min(from+size, len(names))
	list := []any{}
	for _, name := range names[from:to] {
		f := s.flows[name]
		list = append(list, map[string]any{"flowName": name, "flowArn": f.arn(), "flowStatus": "Active", "tags": f.tags,
			"triggerType": "OnDemand", "createdAt": epoch(f.createdAt)})
	}
	out := map[string]any{"flows": list}
	if to < len(names) {
		out["nextToken"] = fmt.Sprint(to)
	}
	return out, nil
}

// number reads a next token of ours.
func number(token string) int {
	var n int
	_, _ = fmt.Sscan(token, &n)
	return max(n, 0)
}
