// Package verified is what a control table remembers of comparisons with the org: a row for
// each flow, with what the last one found, in counts. The verb that compares writes it, and
// status shows it. Start at Rows.
package verified

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"catchment/internal/control/versioned"
	"catchment/internal/plan"
	"catchment/internal/printable"
)

// kind is written down in every control table: it never changes.
const kind = "verified"

// A Row is what the last comparison of a flow found. Where the last try came to nothing, it
// says why, beside what the one before it had found.
type Row struct {
	Object string `json:"object"`

	At         time.Time `json:"at,omitzero"`    // when it ended, by the org's clock; zero: none ever did
	AsOf       time.Time `json:"as_of,omitzero"` // the watermark: what is stamped later was not judged
	Compared   string    `json:"compared,omitzero"`
	Grade      string    `json:"grade,omitzero"`
	Source     int64     `json:"source"`
	Warehouse  int64     `json:"warehouse"`
	Missing    int64     `json:"missing,omitzero"`
	Extra      int64     `json:"extra,omitzero"`
	Stale      int64     `json:"stale,omitzero"`
	Wrong      int64     `json:"wrong,omitzero"`
	Duplicates int64     `json:"duplicates,omitzero"`
	Repaired   int64     `json:"repaired,omitzero"`
	Remaining  int64     `json:"remaining,omitzero"` // differences that are still there, after a repair
	Calls      int64     `json:"calls,omitzero"`     // API calls
	Archived   int64     `json:"archived,omitzero"`  // rows whose records an archive took out of the org

	FailedAt time.Time  `json:"failed_at,omitzero"` // when the last try came to nothing, by this machine's clock
	Error    string     `json:"error,omitzero"`
	Hint     string     `json:"hint,omitzero"`
	Class    plan.Class `json:"class,omitzero"`
}

// Rows are those of a control table.
type Rows struct {
	table versioned.Table
	now   func() time.Time
}

// In is the rows of t.
func In(t versioned.Table, now func() time.Time) Rows { return Rows{t, now} }

// Save writes what a comparison found, over what the one before it did.
func (r Rows) Save(ctx context.Context, found Row) error {
	return r.change(ctx, found.Object, func(Row) Row { return found })
}

// Fail notes that a comparison of a flow came to nothing. What the last one that did not
// found stays.
func (r Rows) Fail(ctx context.Context, object string, why error) error {
	return r.change(ctx, object, func(old Row) Row {
		old.Object, old.FailedAt, old.Class = object, r.now().UTC(), plan.ClassOf(why)
		old.Error, old.Hint = why.Error(), plan.AdviceOf(why)
		return old
	})
}

// change writes the row of a flow anew, again where somebody else was faster.
func (r Rows) change(ctx context.Context, object string, next func(old Row) Row) error {
	err := versioned.Anew(func() error {
		var old Row
		stored, err := r.table.Get(ctx, versioned.Key{Kind: kind, ID: object})
		switch {
		case errors.Is(err, versioned.ErrNotFound):
			stored.Key = versioned.Key{Kind: kind, ID: object}
		case err != nil:
			return err
		default:
			if err := json.Unmarshal(stored.Data, &old); err != nil {
				return err
			}
		}
		data, err := json.Marshal(next(old))
		if err != nil {
			return err
		}
		stored.Data = printable.JSON(data) // people look into the table, too
		_, err = r.table.Put(ctx, stored)
		return err
	})
	if err != nil {
		return fmt.Errorf("remember the comparison of %s: %w", object, err)
	}
	return nil
}

// All lists the rows in order of their objects.
func (r Rows) All(ctx context.Context) ([]Row, error) {
	var all []Row
	for stored, err := range r.table.List(ctx, kind, "") {
		var one Row
		if err == nil {
			err = json.Unmarshal(stored.Data, &one)
		}
		if err != nil {
			return nil, fmt.Errorf("list what was verified: %w", err)
		}
		all = append(all, one)
	}
	return all, nil
}

// Forget removes all rows: another org takes the place of the one that they are about.
func (r Rows) Forget(ctx context.Context) error {
	for stored, err := range r.table.List(ctx, kind, "") {
		if err == nil {
			err = r.table.Delete(ctx, stored)
		}
		if err != nil {
			return fmt.Errorf("forget what was verified: %w", err)
		}
	}
	return nil
}
