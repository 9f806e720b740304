// Package versioned is a table of small rows, each of which is written only where
// its stored version is the expected one. That is all that the control table asks
// of what keeps it.
//
// A driver (sqlite, dynamo) implements Table, and controltest holds it to the
// contract. What the rows say is control's. Start at Table.
package versioned

import (
	"context"
	"errors"
	"iter"
	"time"

	"catchment/internal/plan"
)

// ErrNotFound says that no row has this key.
var ErrNotFound = errors.New("no such row in the control table")

// ErrConflict says that somebody else wrote the row since it was read. Read it
// again and decide anew; its class is Retry.
var ErrConflict error = &plan.Failure{Class: plan.Retry, Err: errors.New("the row was changed meanwhile")}

// tries bounds how often a change is decided anew after a conflict. Each conflict means
// that somebody else got on, so a few are enough.
const tries = 20

// Anew does what reads a row, decides and writes it, again where somebody else was faster.
func Anew(do func() error) error {
	for n := 1; ; n++ {
		err := do()
		if !errors.Is(err, ErrConflict) || n == tries {
			return err
		}
	}
}

// An Unreadable says that a row stands there which nobody can read: other hands wrote it.
type Unreadable struct {
	Key Key
	Err error
}

func (u *Unreadable) Error() string { return u.Err.Error() }

func (u *Unreadable) Unwrap() error { return u.Err }

// A Key names a row. Kind is a word of ours; ID is UTF-8 text without NUL.
type Key struct{ Kind, ID string }

// A Row is one row of a Table.
type Row struct {
	Key     Key
	Version int64     // 0: not stored; counts up with every Put
	Data    []byte    // JSON of at most a few kilobytes
	Expires time.Time // to the second; zero: never. Prune, or the driver's service, may remove it after
}

// A Table keeps rows by key. It may be used by many goroutines and processes.
type Table interface {
	// Get reads a row as the last Put left it, or fails with ErrNotFound. A
	// row that has expired and isn't removed yet is a row like any other.
	Get(ctx context.Context, k Key) (Row, error)

	// Put writes r where the stored version is r.Version (0: no row may be
	// there) and returns it with its new version; else it changes nothing and
	// fails with ErrConflict, also for the slower one of two at once. A Put
	// that failed otherwise may have been done: Get tells. The versions of a
	// key start again when its row was deleted, so what must never go back (a
	// lease) is never deleted.
	Put(ctx context.Context, r Row) (Row, error)

	// Delete removes a row whose version is r.Version, else ErrConflict. A row
	// that isn't there is no error.
	Delete(ctx context.Context, r Row) error

	// List yields the rows of a kind whose ID starts with prefix, in order of
	// the ID's bytes. The table may be used while the listing goes on; rows
	// that change meanwhile are yielded in either state. One that nobody can
	// read is an *Unreadable, and the listing can go on.
	List(ctx context.Context, kind, prefix string) iter.Seq2[Row, error]

	// Close frees what the table holds.
	Close() error
}

// ReadOnly is a Table for who only looks. It refuses to be written, whatever the one below
// would do.
type ReadOnly struct{ Table }

var errReadOnly error = &plan.Failure{
	Class: plan.Bug, Err: errors.New("write a control table that was opened to be read"),
}

// Put implements Table.
func (ReadOnly) Put(context.Context, Row) (Row, error) { return Row{}, errReadOnly }

// Delete implements Table.
func (ReadOnly) Delete(context.Context, Row) error { return errReadOnly }

// None is the Table of who looks before there is one: it has no rows, and is only read.
func None() Table { return ReadOnly{none{}} }

type none struct{ Table }

func (none) Get(context.Context, Key) (Row, error) { return Row{}, ErrNotFound }

func (none) List(context.Context, string, string) iter.Seq2[Row, error] {
	return func(func(Row, error) bool) {}
}

func (none) Close() error { return nil }

// ErrLocked says that another process of this machine works with the table.
var ErrLocked = errors.New("the control table is in use")

// A Locker is a Table of this machine alone. Who gets its lock knows that
// every other process that ever held a lease in the table is dead.
type Locker interface {
	// Lock takes the lock for holder, or fails at once with ErrLocked and who
	// has it. The lock also ends with the process, however that ends.
	Lock(holder string) (unlock func() error, err error)
}
