// Package asltest does what Step Functions does, for the part of the States
// Language that stepfunctions.Render writes, so that a machine can be tested in
// this process and with a clock that a test holds.
//
// It is read from AWS's guide, and refuses what it doesn't know. Start at
// Interpreter.Run.
package asltest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"catchment/internal/stepfunctions"
)

// An Interpreter runs machines.
type Interpreter struct {
	// Invoke calls a Lambda function. Its error is a messages.InvokeResponse_Error,
	// or one of AWS itself, which is an Error.
	Invoke func(ctx context.Context, function string, payload []byte) ([]byte, error)

	// Sleep waits; a nil one doesn't.
	Sleep func(ctx context.Context, d time.Duration) error

	// Enter is told each state before it is entered; its error stops the
	// execution there, as StopExecution does. It may be nil.
	Enter func(state string) error
}

// An Error is one that a machine knows by name.
type Error struct{ Name, Cause string }

func (e *Error) Error() string { return e.Name + ": " + e.Cause }

// dataLimit is the most that a state's input or output may have.
const dataLimit = 256 << 10

// Run runs m as the execution of this ARN, and gives its output. A machine that
// comes to a Fail state, or fails without a Catch, is an *Error.
func (in *Interpreter) Run(
	ctx context.Context, m stepfunctions.Machine, execution string, started time.Time,
) (any, error) {
	text, err := json.Marshal(m) // what is deployed is the text
	if err == nil {
		m = stepfunctions.Machine{}
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		return nil, err
	}
	w := &walk{Interpreter: in, object: map[string]any{
		"Execution": map[string]any{"Id": execution, "StartTime": started.UTC().Format(time.RFC3339Nano)},
	}}
	return w.machine(ctx, m, map[string]any{})
}

type walk struct {
	*Interpreter
	object map[string]any // $$
}

func (w *walk) machine(ctx context.Context, m stepfunctions.Machine, data any) (any, error) {
	for name := m.StartAt; ; {
		s, ok := m.States[name]
		if !ok {
			return nil, fmt.Errorf("asltest: there is no state %q", name)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if w.Enter != nil {
			if err := w.Enter(name); err != nil {
				return nil, err
			}
		}
		out, next, err := w.state(ctx, s, data)
		if err != nil {
			named, ok := errors.AsType[*Error](err)
			if !ok {
				return nil, err
			}
			i := slices.IndexFunc(s.Catch, func(c stepfunctions.Catcher) bool {
				return matches(c.ErrorEquals, named.Name)
			})
			if i < 0 {
				return nil, err
			}
			c := s.Catch[i]
			if out, err = put(c.ResultPath, data,
				map[string]any{"Error": named.Name, "Cause": named.Cause}); err != nil {
				return nil, err
			}
			next = c.Next
		}
		if s.Type == "Succeed" || s.End {
			return out, nil
		}
		data, name = out, next
	}
}

// state does one state.
func (w *walk) state(ctx context.Context, s stepfunctions.State, data any) (out any, next string, err error) {
	switch s.Type {
	case "Succeed":
		return data, "", nil
	case "Fail":
		return nil, "", w.fail(s, data)
	case "Pass":
		out = data
		if s.Parameters != nil {
			out, err = w.template(s.Parameters, data)
		} else if s.Result != nil {
			out = s.Result
		}
		if s.OutputPath != "" && err == nil {
			out, err = w.path(s.OutputPath, out)
		}
		return out, s.Next, err
	case "Choice":
		next, err = w.choose(s, data)
		return data, next, err
	case "Wait":
		seconds, err := w.path(s.SecondsPath, data)
		n, ok := seconds.(float64)
		if err != nil || !ok || n < 0 || n != float64(int(n)) {
			return nil, "", &Error{"States.Runtime", fmt.Sprintf("%s is %v, %v", s.SecondsPath, seconds, err)}
		}
		if w.Sleep != nil {
			err = w.Sleep(ctx, time.Duration(n)*time.Second)
		}
		return data, s.Next, err
	case "Task":
		out, err = w.task(ctx, s, data)
		return out, s.Next, err
	case "Map":
		out, err = w.each(ctx, s, data)
		return out, s.Next, err
	}
	return nil, "", fmt.Errorf("asltest: there is no state type %q here", s.Type)
}

// causeLimit is the most characters that the cause of a failed execution has.
const causeLimit = 32_768

// fail is the error of a Fail state, whose cause may be a value of its input.
func (w *walk) fail(s stepfunctions.State, data any) error {
	if s.CausePath == "" {
		return &Error{s.Error, s.Cause}
	}
	path, ok := strings.CutPrefix(s.CausePath, "States.JsonToString(")
	path, closed := strings.CutSuffix(path, ")")
	if !ok || !closed || s.Cause != "" {
		return fmt.Errorf("asltest: there is no CausePath %s beside Cause %q here", s.CausePath, s.Cause)
	}
	v, err := w.path(path, data)
	if err != nil {
		return err
	}
	text, err := json.Marshal(v)
	if err == nil && utf8.RuneCount(text) > causeLimit {
		err = fmt.Errorf("asltest: the cause has %d characters", utf8.RuneCount(text))
	}
	if err != nil {
		return err
	}
	return &Error{s.Error, string(text)}
}

func (w *walk) choose(s stepfunctions.State, data any) (string, error) {
	for _, c := range s.Choices {
		v, err := w.path(c.Variable, data)
		if err != nil {
			return "", &Error{"States.Runtime", err.Error()}
		}
		if c.BooleanEquals != nil && v == *c.BooleanEquals || c.StringEquals != "" && v == c.StringEquals {
			return c.Next, nil
		}
	}
	if s.Default == "" {
		return "", &Error{"States.NoChoiceMatched", ""}
	}
	return s.Default, nil
}

// task calls a function, again as its retriers say.
func (w *walk) task(ctx context.Context, s stepfunctions.State, data any) (any, error) {
	if s.Resource != "arn:aws:states:::lambda:invoke" {
		return nil, fmt.Errorf("asltest: there is no resource %q here", s.Resource)
	}
	params, err := w.template(s.Parameters, data)
	if err != nil {
		return nil, err
	}
	p := params.(map[string]any)
	payload, err := json.Marshal(p["Payload"])
	if err != nil {
		return nil, err
	}
	tried := make([]int, len(s.Retry))
	for {
		answer, err := w.Invoke(ctx, p["FunctionName"].(string), payload)
		if err == nil {
			return w.answer(s, answer)
		}
		named := named(err)
		if named == nil {
			return nil, err
		}
		i := slices.IndexFunc(s.Retry, func(r stepfunctions.Retrier) bool { return matches(r.ErrorEquals, named.Name) })
		if i < 0 || tried[i] == s.Retry[i].MaxAttempts {
			return nil, named
		}
		tried[i]++
		if w.Sleep != nil {
			if err := w.Sleep(ctx, time.Duration(s.Retry[i].IntervalSeconds)*time.Second); err != nil {
				return nil, err
			}
		}
	}
}

// answer reads what a function gave, as the Payload of its result.
func (w *walk) answer(s stepfunctions.State, answer []byte) (any, error) {
	if len(answer) > dataLimit {
		return nil, &Error{"States.DataLimitExceeded", fmt.Sprintf("%d bytes", len(answer))}
	}
	var out any
	if err := json.Unmarshal(answer, &out); err != nil {
		return nil, err
	}
	if s.OutputPath != "" {
		return w.path(s.OutputPath, map[string]any{"Payload": out})
	}
	return map[string]any{"Payload": out}, nil
}

// named is the error of a call as a machine sees it.
func named(err error) *Error {
	if e, ok := errors.AsType[messages.InvokeResponse_Error](err); ok {
		return &Error{e.Type, e.Message}
	}
	e, _ := errors.AsType[*Error](err)
	return e
}

// each runs the items of a Map, so many at a time.
func (w *walk) each(ctx context.Context, s stepfunctions.State, data any) (any, error) {
	v, err := w.path(s.ItemsPath, data)
	items, ok := v.([]any)
	if err != nil || !ok {
		return nil, &Error{"States.Runtime", fmt.Sprintf("%s is no array: %v", s.ItemsPath, err)}
	}
	results, errs := make([]any, len(items)), make([]error, len(items))
	slots := make(chan struct{}, max(s.MaxConcurrency, 1))
	var wg sync.WaitGroup
	for i, item := range items {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			results[i], errs[i] = w.machine(ctx, *s.ItemProcessor, item)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if _, isNamed := errors.AsType[*Error](err); err != nil && (!isNamed || s.Tolerated < 100) {
			return nil, err
		}
	}
	if text, err := json.Marshal(results); err != nil || len(text) > dataLimit {
		return nil, &Error{"States.DataLimitExceeded", fmt.Sprint(len(text), err)}
	}
	return put(s.ResultPath, data, results)
}

// matches tells whether a list of error names has one. States.ALL leaves out
// what can't be caught, or only by name.
func matches(names []string, name string) bool {
	return slices.Contains(names, name) ||
		slices.Contains(names, "States.ALL") && name != "States.DataLimitExceeded" && name != "States.Runtime"
}

// template fills in the paths of Parameters.
func (w *walk) template(v, data any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			name, isPath := strings.CutSuffix(k, ".$")
			filled, err := any(nil), error(nil)
			if isPath {
				filled, err = w.path(x.(string), data)
			} else {
				filled, err = w.template(x, data)
			}
			if err != nil {
				return nil, err
			}
			out[name] = filled
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			filled, err := w.template(x, data)
			if err != nil {
				return nil, err
			}
			out[i] = filled
		}
		return out, nil
	}
	return v, nil
}

// path reads $, $.a.b or $$.a.b.
func (w *walk) path(p string, data any) (any, error) {
	if rest, ok := strings.CutPrefix(p, "$$"); ok {
		p, data = "$"+rest, w.object
	}
	for part := range strings.SplitSeq(strings.TrimPrefix(strings.TrimPrefix(p, "$"), "."), ".") {
		if part == "" {
			continue
		}
		m, ok := data.(map[string]any)
		if !ok {
			return nil, &Error{"States.Runtime", "no " + p}
		}
		if data, ok = m[part]; !ok {
			return nil, &Error{"States.Runtime", "no " + p}
		}
	}
	return data, nil
}

// put is ResultPath: null keeps the input, $.a adds a key, none replaces it.
func put(path json.RawMessage, data, result any) (any, error) {
	if path == nil {
		return result, nil
	}
	var p *string
	if err := json.Unmarshal(path, &p); err != nil {
		return nil, err
	}
	if p == nil {
		return data, nil
	}
	key, ok := strings.CutPrefix(*p, "$.")
	m, isMap := data.(map[string]any)
	if !ok || !isMap || strings.Contains(key, ".") {
		return nil, fmt.Errorf("asltest: there is no ResultPath %s here", *p)
	}
	out := map[string]any{}
	for k, v := range m {
		out[k] = v
	}
	out[key] = result
	return out, nil
}
