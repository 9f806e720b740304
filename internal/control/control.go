// Package control remembers what ran, how far each flow is, and who holds its
// lease: one small row per flow, run, attempt, page and lease.
//
// It stands on a versioned.Table, which its drivers are; everything typed is
// written once, in Control, on top.
//
// No value of a record and no secret ever gets here (invariant 9). The package
// leaves to replicate when something is saved, and to the warehouse the truth
// about a watermark: FlowRow.Watermark is a cache.
//
// Start at Control.Acquire, then Control.Begin and Control.SaveAttempt: they
// are what makes a run safe to repeat and to take over.
package control

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"

	"catchment/internal/control/verified"
	"catchment/internal/control/versioned"
	"catchment/internal/printable"
)

// The kinds of row. They are written down in every control table: never
// change one without a migration.
const (
	kindMeta    = "meta"
	kindFlow    = "flow"
	kindLease   = "lease"
	kindAttempt = "attempt"
	kindOpen    = "open" // names the open attempt of a flow
	kindPage    = "page"
	kindRun     = "run"
)

// How long what has ended is kept. A run's row says how each of its flows went;
// attempts are read by every run of their flow, so they go sooner.
const (
	runHistory     = 90 * 24 * time.Hour
	attemptHistory = 24 * time.Hour
)

// Control reads and writes the typed rows of a versioned.Table.
type Control struct {
	table versioned.Table
	now   func() time.Time

	mu     sync.Mutex // guards the two below
	random io.Reader
	last   time.Time // of the newest id
}

// New opens the control table t, brings its rows to this version's form, and
// refuses a table that a newer catchment has written. Ids are made from now and
// random.
//
// One that is only read stays as an older version has left it, which says the same, but for
// the parts of attempts.
func New(ctx context.Context, t versioned.Table, now func() time.Time, random io.Reader) (*Control, error) {
	steps := migrations()
	if _, only := t.(versioned.ReadOnly); only {
		_, _, err := schemaOf(ctx, t, steps)
		return &Control{table: t, now: now, random: random}, err
	}
	if err := migrate(ctx, t, steps); err != nil {
		return nil, err
	}
	return &Control{table: t, now: now, random: random}, nil
}

// Verified are the rows of what comparisons found.
func (c *Control) Verified() verified.Rows { return verified.In(c.table, c.now) }

// Close closes the table.
func (c *Control) Close() error { return c.table.Close() }

// Prune removes the rows that have expired and tells how many they were.
func (c *Control) Prune(ctx context.Context) (int, error) {
	n := 0
	for _, kind := range []string{kindAttempt, kindRun} {
		for row, err := range c.table.List(ctx, kind, "") {
			if err != nil {
				return n, fmt.Errorf("prune the control table: %w", err)
			}
			if row.Expires.IsZero() || c.now().Before(row.Expires) {
				continue
			}
			if err := c.table.Delete(ctx, row); errors.Is(err, versioned.ErrConflict) {
				continue // written again meanwhile: not ours to judge
			} else if err != nil {
				return n, fmt.Errorf("prune the control table: %w", err)
			}
			n++
		}
	}
	return n, nil
}

// NewRunID makes the id of a run. Ids made one after the other sort in that
// order as text.
func (c *Control) NewRunID() (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.now().UTC().Truncate(time.Millisecond)
	if !at.After(c.last) {
		at = c.last.Add(time.Millisecond)
	}
	var tail [4]byte
	if _, err := io.ReadFull(c.random, tail[:]); err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	c.last = at
	millis := at.Nanosecond() / int(time.Millisecond)
	return fmt.Sprintf("%s%03d-%s", at.Format("20060102T150405"), millis, hex.EncodeToString(tail[:])), nil
}

// newAttemptID makes the id of an attempt. It starts with the flow, which has
// no "-" in its name, so that a flow's attempts are listed by prefix.
func (c *Control) newAttemptID(flow string) (string, error) {
	id, err := c.NewRunID()
	return flow + "-" + id, err
}

// read decodes the row of a key and tells its version.
func read[T any](ctx context.Context, t versioned.Table, kind, id string) (v T, version int64, err error) {
	row, err := t.Get(ctx, versioned.Key{Kind: kind, ID: id})
	if err != nil {
		return v, 0, fmt.Errorf("read %s %s: %w", kind, id, err)
	}
	v, err = decode[T](row)
	return v, row.Version, err
}

func decode[T any](row versioned.Row) (v T, err error) {
	if err := json.Unmarshal(row.Data, &v); err != nil {
		return v, fmt.Errorf("control row %s %s: %w", row.Key.Kind, row.Key.ID, err)
	}
	return v, nil
}

// rowOf names a row whose stored version is to be version.
func rowOf(kind, id string, version int64) versioned.Row {
	return versioned.Row{Key: versioned.Key{Kind: kind, ID: id}, Version: version}
}

// write stores v where the stored version is row.Version, and returns the new
// one.
func write(ctx context.Context, t versioned.Table, row versioned.Row, v any) (int64, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return 0, fmt.Errorf("save %s %s: %w", row.Key.Kind, row.Key.ID, err)
	}
	row.Data = printable.JSON(data) // people look into the table, too
	stored, err := t.Put(ctx, row)
	if err != nil {
		return 0, fmt.Errorf("save %s %s: %w", row.Key.Kind, row.Key.ID, err)
	}
	return stored.Version, nil
}

// list decodes the rows of a kind in order; keep puts a row's version into its
// value.
func list[T any](rows iter.Seq2[versioned.Row, error], keep func(v *T, version int64)) ([]T, error) {
	var all []T
	for row, err := range rows {
		if err != nil {
			return nil, fmt.Errorf("list the control table: %w", err)
		}
		v, err := decode[T](row)
		if err != nil {
			return nil, err
		}
		keep(&v, row.Version)
		all = append(all, v)
	}
	return all, nil
}
