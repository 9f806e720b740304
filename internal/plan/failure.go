package plan

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// ErrStopped says that the user wanted an end. What it ended isn't tried again by this
// process; the next one goes on from there.
var ErrStopped = errors.New("stopped")

// A Class says who can do something about an error.
type Class string

// The five classes. Each edge has one table from a Class to its own language:
// an exit code, a Step Functions error name, an HTTP status.
const (
	Retry Class = "retry" // soon, by itself: a reset, a 503, a lock conflict
	Wait  Class = "wait"  // at a later time, by itself: a daily limit, a long maintenance
	Fix   Class = "fix"   // after the user has changed something: input, permissions
	Full  Class = "full"  // after somebody has made room: a disk, a quota; nothing that was asked for is wrong
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

// Strangef makes a Failure of class Bug whose cause isn't in this program: a server
// said what no document of it knows.
func Strangef(format string, args ...any) error {
	return Failf(Bug, "Salesforce's documents know no such answer: look for a proxy that answers in its place, and "+
		"at what org.url names; if it is your org itself, report it as a bug of catchment", format, args...)
}

// NoOrg is the hint for what a server may send and no org does.
const NoOrg = "no org answers like that: look for a proxy that answers in its place, and at what org.url names"

// ClassOf tells the class of err: what the nearest Failure says, what the operating
// system says, Retry for broken connections and timeouts, Bug for everything that
// nobody classed.
func ClassOf(err error) Class {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f.Class
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return ofSystem(errno)
	}
	if _, ok := errors.AsType[net.Error](err); ok || errors.Is(err, context.DeadlineExceeded) {
		return Retry
	}
	return Bug
}

// ofSystem is the class of an error that the operating system gave. Those of connections
// pass by themselves; those of files don't.
func ofSystem(errno syscall.Errno) Class {
	switch errno {
	case syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG: // the last is a quota of one file
		return Full
	case syscall.EACCES, syscall.EPERM, syscall.EROFS, syscall.ENOENT, syscall.ENOTDIR, syscall.EISDIR:
		return Fix
	}
	return Retry
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

// AdviceOf tells what to do about err, which isn't nil: its hint, or where it has none
// what helps with errors of its class. Whatever is told to a user or stored comes from here.
func AdviceOf(err error) string {
	switch hint := HintOf(err); {
	case hint != "":
		return hint
	case errors.Is(err, context.Canceled):
		return "it was stopped from outside: the next run goes on from here"
	}
	switch ClassOf(err) {
	case Retry:
		return "the next try may work, and the next run makes one; if it lasts, look at what the error names, " +
			"and at the line to it"
	case Wait:
		if until := UntilOf(err); !until.IsZero() {
			return "it passes by itself: try again after " + until.UTC().Format("2006-01-02 15:04:05 MST")
		}
		return "it passes by itself: try again later"
	case Full:
		return "make room on the disk that the error names, and do the same again: it goes on from there"
	case Fix:
		return "mend what the error names; catchment check shows whether that was all"
	}
	return "either a server answered as its documents don't know, or catchment has a fault: look for a proxy that " +
		"answers in its place; if there is none, report the error, and what catchment version prints"
}
