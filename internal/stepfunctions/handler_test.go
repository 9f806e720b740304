package stepfunctions

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"catchment/internal/plan"
)

func TestPause(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		in    time.Duration // until the step's own time; 0: it named none
		every int
		polls int
		want  int
	}{
		{0, 10, 1, 10},
		{0, 10, 2, 15},
		{200 * time.Millisecond, 0, 1, 10},
		{time.Second, 10, 5, 51},
		{time.Second, 10, 10, 300},
		{time.Second, 10, 1_000_000, 300},
		{time.Second, 120, 1, 120},
		{7 * time.Hour, 10, 1, 25200},
		{90*time.Minute + time.Millisecond, 10, 3, 5401},
	} {
		var until time.Time
		if c.in != 0 {
			until = now.Add(c.in)
		}
		if got := pause(now, until, c.every, c.polls); got != c.want {
			t.Errorf("%s, every %d s, poll %d: %d s, want %d", c.in, c.every, c.polls, got, c.want)
		}
	}
}

func TestRunID(t *testing.T) {
	at := time.Date(2026, 11, 24, 23, 42, 41, 123_456_789, time.FixedZone("", 3600))
	a, b := runID("arn:a", at), runID("arn:b", at)
	if !strings.HasPrefix(a, "20261124T224241123-") || len(a) != len("20261124T224241123-0a1b2c3d") || a == b ||
		a != runID("arn:a", at) {
		t.Errorf("%s, %s", a, b)
	}
}

// A machine acts on the name of an error and on nothing else.
func TestErrorsHaveNames(t *testing.T) {
	for _, c := range []struct {
		err  error
		name string
	}{
		{plan.Failf(plan.Retry, "", "x"), "Catchment.Retry"},
		{fmt.Errorf("load: %w", plan.Failf(plan.Wait, "", "x")), "Catchment.Wait"},
		{plan.Fixf("do this", "x"), "Catchment.Fix"},
		{io.ErrUnexpectedEOF, "Catchment.Bug"},
		{context.DeadlineExceeded, "Catchment.Retry"},
		{fmt.Errorf("load: %w", context.Canceled), "Catchment.Retry"},
	} {
		h := Handler{Now: time.Now, Open: func(context.Context, Order) (Work, error) {
			return Work{}, c.err
		}}
		_, err := h.Call(t.Context(), Call{Step: "list"})
		got, ok := errors.AsType[messages.InvokeResponse_Error](err)
		if !ok || got.Type != c.name || !strings.Contains(got.Message, c.err.Error()) ||
			!strings.Contains(got.Message, plan.HintOf(c.err)) {
			t.Errorf("%v: %#v, want %s", c.err, err, c.name)
		}
	}
}

// A call stops a minute before its function's life ends, and a step that goes
// on for longer sees its context end in time to write that down.
func TestCallEndsBeforeItsFunction(t *testing.T) {
	for life, want := range map[time.Duration][2]time.Duration{
		15 * time.Minute: {14 * time.Minute, 14*time.Minute + 50*time.Second},
		time.Minute:      {45 * time.Second, 54 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			var stopped, ended time.Duration
			h := Handler{Now: time.Now, Open: func(_ context.Context, o Order) (Work, error) {
				return Work{Steps: plan.Steps{"load": func(ctx context.Context, t plan.Task) (plan.Task, error) {
					<-o.Stop
					stopped = time.Since(begin)
					<-ctx.Done()
					ended = time.Since(begin)
					return t, ctx.Err()
				}}}, nil
			}}
			ctx, cancel := context.WithTimeout(t.Context(), life)
			defer cancel()
			_, err := h.Call(ctx, Call{Step: "load", Task: Note{Task: plan.Task{Run: "r"}}})
			if stopped != want[0] || ended != want[1] {
				t.Errorf("life %s: stopped after %s, ended after %s; want %v", life, stopped, ended, want)
			}
			if e, _ := errors.AsType[messages.InvokeResponse_Error](err); e.Type != "Catchment.Retry" {
				t.Errorf("life %s: %v", life, err)
			}
		})
	}
}

// A poll that names no time and has none of its own goes on at once: more
// pages wait for the next call.
func TestLoadGoesOnAtOnce(t *testing.T) {
	h := Handler{Now: time.Now, Open: func(context.Context, Order) (Work, error) {
		return Work{Steps: plan.Steps{"load": func(_ context.Context, t plan.Task) (plan.Task, error) {
			return t, nil
		}}}, nil
	}}
	out, err := h.Call(t.Context(), Call{Step: "load", Task: Note{Task: plan.Task{Run: "r"}}})
	if p, ok := out.(pollNote); err != nil || !ok || p.Wait != 0 || p.Done {
		t.Errorf("%+v, %v", out, err)
	}
}
