package plan_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"catchment/internal/plan"
)

func TestDoHandsOverAFreshTask(t *testing.T) {
	steps := plan.Steps{"look": func(_ context.Context, t plan.Task) (plan.Task, error) {
		if t.Done || !t.NotBefore.IsZero() {
			return t, errors.New("the task of the last call came through")
		}
		t.Done = true
		return t, nil
	}}
	out, err := steps.Do(t.Context(), "look", plan.Task{Done: true, NotBefore: time.Unix(1, 0)})
	if err != nil || !out.Done {
		t.Errorf("got %+v, %v", out, err)
	}
	if _, err := steps.Do(t.Context(), "lok", plan.Task{}); err == nil || !strings.Contains(err.Error(), `"lok"`) {
		t.Errorf("unknown step: %v", err)
	}
}

func TestFailedStepLeavesTheTask(t *testing.T) {
	steps := plan.Steps{"break": func(_ context.Context, t plan.Task) (plan.Task, error) {
		t.Attempt = "half done"
		return t, io.ErrUnexpectedEOF
	}}
	out, err := steps.Do(t.Context(), "break", plan.Task{Flow: "Account"})
	if out.Attempt != "" || !errors.Is(err, io.ErrUnexpectedEOF) || err.Error() != "break: unexpected EOF" {
		t.Errorf("got %+v, %v", out, err)
	}
}

// A Step Functions payload is bounded, and a Map over a thousand flows hands
// over a thousand tasks.
func TestTaskIsSmall(t *testing.T) {
	b, err := json.Marshal(plan.Task{
		Run: strings.Repeat("r", 32), Flow: strings.Repeat("f", 80), Attempt: strings.Repeat("a", 32),
		Fence: 1 << 40, NotBefore: time.Date(2026, 11, 23, 12, 0, 0, 999999999, time.UTC), Done: true,
	})
	if err != nil || len(b) > 512 {
		t.Errorf("%d bytes, %v: %s", len(b), err, b)
	}
}

func TestClassOf(t *testing.T) {
	until := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	wait := &plan.Failure{Class: plan.Wait, Until: until, Hint: "wait for tomorrow", Err: errors.New("limit")}
	tests := []struct {
		err   error
		class plan.Class
		hint  string
	}{
		{plan.Fixf("type x", "no x"), plan.Fix, "type x"},
		{fmt.Errorf("login: %w", plan.Fixf("type x", "no x")), plan.Fix, "type x"},
		{plan.Failf(plan.Retry, "", "outer: %w", plan.Fixf("inner", "no x")), plan.Retry, "inner"},
		{wait, plan.Wait, "wait for tomorrow"},
		{errors.Join(errors.New("first"), wait), plan.Wait, "wait for tomorrow"},
		{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, plan.Retry, ""},
		{fmt.Errorf("poll: %w", context.DeadlineExceeded), plan.Retry, ""},
		{io.ErrUnexpectedEOF, plan.Bug, ""},
		{&fs.PathError{Op: "write", Path: "page", Err: syscall.ENOSPC}, plan.Full, ""},
		{fmt.Errorf("spool: %w", syscall.EDQUOT), plan.Full, ""},
		{&fs.PathError{Op: "write", Path: "page", Err: syscall.EFBIG}, plan.Full, ""},
		{&fs.PathError{Op: "open", Path: "page", Err: syscall.EACCES}, plan.Fix, ""},
		{&fs.PathError{Op: "open", Path: "page", Err: syscall.ENOENT}, plan.Fix, ""},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, plan.Retry, ""},
	}
	for _, test := range tests {
		if got := plan.ClassOf(test.err); got != test.class {
			t.Errorf("%v: class %s, want %s", test.err, got, test.class)
		}
		if got := plan.HintOf(test.err); got != test.hint {
			t.Errorf("%v: hint %q, want %q", test.err, got, test.hint)
		}
	}
	if got := plan.UntilOf(fmt.Errorf("x: %w", wait)); !got.Equal(until) {
		t.Errorf("until %s", got)
	}
}

// No error is told without what to do next.
func TestEveryClassHasAdvice(t *testing.T) {
	until := time.Date(2026, 11, 24, 1, 0, 0, 0, time.FixedZone("", 3600))
	told := map[string]error{}
	for _, test := range []struct {
		err  error
		says string
	}{
		{plan.Fixf("type x", "no x"), "type x"},
		{plan.Failf(plan.Retry, "", "outer: %w", plan.Fixf("inner", "no x")), "inner"},
		{plan.Strangef("no JSON"), "proxy"},
		{fmt.Errorf("read: %w", context.Canceled), "the next run goes on"},
		{plan.Failf(plan.Retry, "", "reset"), "next run"},
		{fmt.Errorf("poll: %w", context.DeadlineExceeded), "next run"},
		{plan.Failf(plan.Wait, "", "limit"), "later"},
		{&plan.Failure{Class: plan.Wait, Until: until, Err: errors.New("limit")}, "after 2026-11-24 00:00:00 UTC"},
		{plan.Fixf("", "no x"), "catchment check"},
		{syscall.ENOSPC, "make room"},
		{plan.Failf(plan.Bug, "", "never"), "report"},
		{io.ErrUnexpectedEOF, "report"},
	} {
		advice := plan.AdviceOf(test.err)
		if !strings.Contains(advice, test.says) {
			t.Errorf("%v: %q doesn't say %q", test.err, advice, test.says)
		}
		if other := told[advice]; other != nil && plan.ClassOf(other) != plan.ClassOf(test.err) {
			t.Errorf("%v and %v, of other classes, have the same advice", test.err, other)
		}
		told[advice] = test.err
	}
	if got := plan.ClassOf(plan.Strangef("no JSON")); got != plan.Bug {
		t.Errorf("class %s", got)
	}
}
