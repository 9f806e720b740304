package plan

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// ErrStopped says that the user wanted an end. What it ended isn't tried again by this
// process; the next one goes on from there.
var ErrStopped = errors.New("stopped")

// A Class says who can do something about an error.
type Class string

// The four classes. Each edge has one table from a Class to its own language:
// an exit code, a Step Functions error name, an HTTP status.
const (
	Retry Class = "retry" // soon, by itself: a reset, a 503, a lock conflict
	Wait  Class = "wait"  // at a later time, by itself: a daily limit, a long maintenance
	Fix   Class = "fix"   // after the user has changed something: input, permissions, disk
	Bug   Class = "bug"   // never: ours, or an answer that nobody documented
)

// A Failure is an error with its class and what to do next.
type Failure struct {
	Class Class
	Until time.Time // for Wait: not before this; zero where nobody knows
	Hint  string    // what the user can type or change
	Err   error
}

func (f *Failure) Error() string { return f.Err.Error() }
func (f *Failure) Unwrap() error { return f.Err }

// Failf makes a Failure of class c; hint may be empty.
func Failf(c Class, hint, format string, args ...any) error {
	return &Failure{Class: c, Hint: hint, Err: fmt.Errorf(format, args...)}
}

// Fixf makes a Failure that the user has to mend, and says how.
func Fixf(hint, format string, args ...any) error {
	return Failf(Fix, hint, format, args...)
}

// ClassOf tells the class of err: what the nearest Failure says, Retry for
// broken connections and timeouts, Bug for everything that nobody classed.
func ClassOf(err error) Class {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f.Class
	}
	if _, ok := errors.AsType[net.Error](err); ok || errors.Is(err, context.DeadlineExceeded) {
		return Retry
	}
	return Bug
}

// UntilOf tells when to try again, or the zero time.
func UntilOf(err error) time.Time {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f.Until
	}
	return time.Time{}
}

// HintOf tells what to do about err: the outermost hint in its tree, or "".
func HintOf(err error) string {
	if f, ok := err.(*Failure); ok && f.Hint != "" {
		return f.Hint
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return HintOf(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			if hint := HintOf(err); hint != "" {
				return hint
			}
		}
	}
	return ""
}
