package stacks

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The states that a stack of this stand-in can be in.
const (
	createInProgress   = "CREATE_IN_PROGRESS"
	createComplete     = "CREATE_COMPLETE"
	createFailed       = "CREATE_FAILED"
	rollbackInProgress = "ROLLBACK_IN_PROGRESS"
	rollbackComplete   = "ROLLBACK_COMPLETE"
	rollbackFailed     = "ROLLBACK_FAILED"
	updateComplete     = "UPDATE_COMPLETE"
	updateRolledBack   = "UPDATE_ROLLBACK_COMPLETE"
	deleteInProgress   = "DELETE_IN_PROGRESS"
	deleteComplete     = "DELETE_COMPLETE"
	deleteFailed       = "DELETE_FAILED"
)

type stack struct {
	id, name   string
	status     string
	reason     string
	tags       map[string]string
	parameters map[string]string
	flows      []resource
	made       []resource // flows that exist
	by         string     // who works on it: an Authorization header
	script     Script
	keep       bool // DisableRollback
	token      string
	createdAt  time.Time
	events     []event
}

type event struct {
	at                             time.Time
	resource, kind, status, reason string
}

func (st *stack) set(now time.Time, status, reason string) {
	st.status, st.reason = status, reason
	st.events = append(st.events, event{now, st.name, "AWS::CloudFormation::Stack", status, reason})
}

var stackName = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]{0,127}$`)

// find finds the living stack of a name, or any stack by its id.
func (s *Server) find(name string) (*stack, error) {
	for _, st := range slices.Backward(s.stacks) {
		if st.id == name || st.name == name && st.status != deleteComplete {
			return st, nil
		}
	}
	return nil, refuse("ValidationError", "Stack with id %s does not exist", name)
}

func (s *Server) create(r *http.Request) (string, error) {
	name := r.PostForm.Get("StackName")
	if !stackName.MatchString(name) {
		return "", refuse("ValidationError", "1 validation error detected: Value '%s' at 'stackName' failed to "+
			"satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", name)
	}
	token := r.PostForm.Get("ClientRequestToken")
	if old, err := s.find(name); err == nil {
		if token != "" && old.token == token && old.status == createInProgress {
			return tag("StackId", old.id), nil
		}
		return "", refuse("AlreadyExistsException", "Stack [%s] already exists", name)
	}
	if len(s.living()) >= s.o.MaxStacks {
		return "", refuse("LimitExceededException", "Limit for stack has been exceeded")
	}
	parameters := pairs(r, "Parameters", "ParameterKey", "ParameterValue")
	flows, err := s.template(r, parameters)
	if err != nil {
		return "", err
	}
	st := &stack{
		id:   fmt.Sprintf("arn:aws:cloudformation:eu-central-1:123456789012:stack/%s/%08d", name, len(s.stacks)+1),
		name: name, tags: pairs(r, "Tags", "Key", "Value"), parameters: parameters, flows: flows, token: token,
		by:        r.Header.Get("Authorization"),
		keep:      r.PostForm.Get("DisableRollback") == "true" || r.PostForm.Get("OnFailure") == "DO_NOTHING",
		createdAt: s.o.Now(),
	}
	if len(s.scripts) > 0 {
		st.script, s.scripts = s.scripts[0], s.scripts[1:]
	}
	st.set(s.o.Now(), createInProgress, "User Initiated")
	s.stacks = append(s.stacks, st)
	return tag("StackId", st.id), nil
}

// living lists the names of the stacks that are not deleted; the caller holds
// the lock.
func (s *Server) living() []string {
	var names []string
	for _, st := range s.stacks {
		if st.status != deleteComplete {
			names = append(names, st.name)
		}
	}
	return names
}

// advance lets a stack get on by one look.
func (s *Server) advance(ctx context.Context, st *stack) {
	if st.script.Looks > 0 {
		st.script.Looks--
		return
	}
	switch st.status {
	case createInProgress:
		s.build(ctx, st)
	case rollbackInProgress:
		status, reason := rollbackComplete, st.reason
		if !st.script.Orphan {
			if err := s.clear(ctx, st); err != nil {
				status, reason = rollbackFailed, err.Error()
			}
		}
		st.set(s.o.Now(), status, reason)
	case deleteInProgress:
		if err := s.clear(ctx, st); err != nil {
			st.set(s.o.Now(), deleteFailed, err.Error())
			return
		}
		st.set(s.o.Now(), deleteComplete, "")
	}
}

// build makes the flows of a stack. One that fails rolls the stack back.
func (s *Server) build(ctx context.Context, st *stack) {
	for _, f := range st.flows {
		err := s.handle(ctx, st.by, "create", f.properties)
		if err == nil {
			st.made = append(st.made, f)
			if st.script.Fail != "" {
				err = fmt.Errorf("%s", st.script.Fail)
			}
		}
		if err == nil {
			st.events = append(st.events, event{s.o.Now(), f.name, flowType, createComplete, ""})
			continue
		}
		st.events = append(st.events, event{s.o.Now(), f.name, flowType, createFailed, err.Error()})
		reason := "The following resource(s) failed to create: [" + f.name + "]. "
		if st.keep {
			st.set(s.o.Now(), createFailed, reason)
			return
		}
		st.set(s.o.Now(), rollbackInProgress, reason+"Rollback requested by user.")
		return
	}
	st.set(s.o.Now(), createComplete, "")
}

// clear deletes the flows of a stack, one that is gone too, and stops at one that
// may not be.
func (s *Server) clear(ctx context.Context, st *stack) error {
	for len(st.made) > 0 {
		if err := s.handle(ctx, st.by, "delete", st.made[0].properties); err != nil {
			return err
		}
		st.made = st.made[1:]
	}
	return nil
}

// handle does what a handler of AWS::AppFlow::Flow does, with the rights of who
// asked for it.
func (s *Server) handle(ctx context.Context, by, handler string, flow map[string]any) error {
	if err := s.o.May(ctx, by, handler, flow); err != nil {
		//lint:ignore ST1005 CloudFormation writes it so
		return fmt.Errorf(`Resource handler returned message: "%w" (HandlerErrorCode: AccessDenied)`, err)
	}
	if handler == "delete" {
		_ = s.appflow(ctx, "delete-flow", map[string]any{"flowName": flow["flowName"], "forceDelete": true})
		return nil // one that is gone is deleted
	}
	return s.appflow(ctx, handler+"-flow", flow)
}

func (s *Server) update(r *http.Request) (string, error) {
	st, err := s.find(r.PostForm.Get("StackName"))
	if err != nil {
		return "", err
	}
	if st.status != createComplete && st.status != updateComplete && st.status != updateRolledBack {
		return "", refuse("ValidationError", "Stack:%s is in %s state and can not be updated.", st.id, st.status)
	}
	parameters := pairs(r, "Parameters", "ParameterKey", "ParameterValue")
	flows, err := s.template(r, parameters)
	if err != nil {
		return "", err
	}
	if maps.Equal(parameters, st.parameters) && fmt.Sprint(flows) == fmt.Sprint(st.flows) {
		return "", refuse("ValidationError", "No updates are to be performed.")
	}
	for _, f := range flows {
		if err := s.handle(r.Context(), r.Header.Get("Authorization"), "update", f.properties); err != nil {
			st.set(s.o.Now(), updateRolledBack, err.Error())
			return tag("StackId", st.id), nil
		}
	}
	st.flows, st.parameters = flows, parameters
	st.set(s.o.Now(), updateComplete, "")
	return tag("StackId", st.id), nil
}

func (s *Server) remove(r *http.Request) (string, error) {
	st, err := s.find(r.PostForm.Get("StackName"))
	if err == nil && st.status != deleteComplete {
		st.by = r.Header.Get("Authorization")
		st.set(s.o.Now(), deleteInProgress, "User Initiated")
	}
	return "", nil // one that doesn't exist is deleted too
}

// describe answers one stack, or all of them in one page.
func (s *Server) describe(r *http.Request) (string, error) {
	some := s.stacks
	if name := r.PostForm.Get("StackName"); name != "" {
		st, err := s.find(name)
		if err != nil {
			return "", err
		}
		s.advance(r.Context(), st)
		if st.status == deleteComplete && name != st.id {
			return "", refuse("ValidationError", "Stack with id %s does not exist", name)
		}
		some = []*stack{st}
	}
	var b strings.Builder
	for _, st := range some {
		if len(some) > 1 && st.status == deleteComplete {
			continue
		}
		b.WriteString("<member>" + st.xml() + pairsXML("Tags", "Key", "Value", st.tags) +
			pairsXML("Parameters", "ParameterKey", "ParameterValue", st.parameters) + "</member>")
	}
	return "<Stacks>" + b.String() + "</Stacks>", nil
}

func (st *stack) xml() string {
	return tag("StackId", st.id) + tag("StackName", st.name) + tag("StackStatus", st.status) +
		tag("StackStatusReason", st.reason) + tag("CreationTime", st.createdAt.UTC().Format(time.RFC3339))
}

func pairsXML(list, key, value string, all map[string]string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(all)) {
		b.WriteString("<member>" + tag(key, k) + tag(value, all[k]) + "</member>")
	}
	return "<" + list + ">" + b.String() + "</" + list + ">"
}

// events answers what happened to a stack, newest first.
func (s *Server) events(r *http.Request) (string, error) {
	st, err := s.find(r.PostForm.Get("StackName"))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for i, e := range slices.Backward(st.events) {
		b.WriteString("<member>" + tag("EventId", fmt.Sprint(i)) + tag("StackId", st.id) + tag("StackName", st.name) +
			tag("LogicalResourceId", e.resource) + tag("ResourceType", e.kind) + tag("ResourceStatus", e.status) +
			tag("ResourceStatusReason", e.reason) + tag("Timestamp", e.at.UTC().Format(time.RFC3339)) + "</member>")
	}
	return "<StackEvents>" + b.String() + "</StackEvents>", nil
}

func (s *Server) list(r *http.Request) (string, error) {
	var wanted []string
	for i := 1; ; i++ {
		status := r.PostForm.Get(fmt.Sprintf("StackStatusFilter.member.%d", i))
		if status == "" {
			break
		}
		wanted = append(wanted, status)
	}
	var b strings.Builder
	for _, st := range s.stacks {
		if len(wanted) == 0 || slices.Contains(wanted, st.status) {
			b.WriteString("<member>" + st.xml() + "</member>")
		}
	}
	return "<StackSummaries>" + b.String() + "</StackSummaries>", nil
}
