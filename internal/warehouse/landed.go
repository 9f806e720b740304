package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"catchment/internal/plan"
)

// Rows may come into the warehouse without us: AppFlow appends them to the
// staging table, where they carry no attempt until one claims them. Nobody can
// tell whose a row is, so what is claimed has to be as many rows as were sent.
//
// Where AppFlow can't bear a table with more columns than it fills, rows land
// in a table of their own beside staging, and move over when they are claimed.

// ErrUncounted says that other rows landed than were sent: some are missing, or
// somebody else's are among them.
var ErrUncounted = errors.New("the rows that landed are not those that were sent")

// A Landed is rows that another service put into the warehouse for an attempt.
type Landed struct {
	Batch        // without pages
	Key   string // names the rows in the ledger, as a page's does
	Seq   int64  // their place in the attempt
	Rows  int64  // that were sent
	Apart bool   // they are in the landing table
}

// landing is the quoted name of the table in which rows land apart.
func (w *Landing) landing(t Table) string { return w.d.Table(w.o.Staging, landingName(t)) }

func landingName(t Table) string { return t.Name + "_landing" }

// LandsIn is the table that takes rows from outside, as schema.table: staging,
// or the table apart from it.
func (w *Landing) LandsIn(t Table, apart bool) string {
	if apart {
		return w.o.Staging + "." + landingName(t)
	}
	return w.o.Staging + "." + t.Name
}

// PrepareLanding makes the table in which rows land apart, with the columns of
// t and none of ours, or adds those that it lacks. Prepare comes before it.
func (w *Landing) PrepareLanding(ctx context.Context, f Fence, t Table) error {
	return w.shape(ctx, f, "prepare the landing of "+t.Name, func(tx Tx) ([]step, error) {
		has, err := storedColumns(ctx, tx, w.o.Staging, landingName(t))
		if err != nil {
			return nil, err
		}
		if len(has) == 0 {
			landing := t
			landing.Name = landingName(t)
			return steps(createTable(w.d, w.o.Staging, landing, t.Columns)), nil
		}
		var todo []step
		for _, c := range t.Columns {
			if _, ok := find(has, c.Name); !ok {
				todo = append(todo, steps(fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s", w.landing(t), w.d.column(c)))...)
			}
		}
		return todo, nil
	})
}

// Unclaimed counts the rows that landed and are no attempt's.
func (w *Landing) Unclaimed(ctx context.Context, t Table, apart bool) (int64, error) {
	var n int64
	err := w.driver.View(ctx, func(tx Tx) (err error) {
		n, err = w.unclaimed(ctx, tx, t, apart)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("rows of %s that nobody claims: %w", t.Name, err)
	}
	return n, nil
}

func (w *Landing) unclaimed(ctx context.Context, tx Tx, t Table, apart bool) (int64, error) {
	if apart {
		return count(ctx, tx, "SELECT count(*) FROM "+w.landing(t))
	}
	return count(ctx, tx, "SELECT count(*) FROM "+w.staging(t)+" WHERE "+w.d.Quote(colAttempt)+" IS NULL")
}

// ClaimLanded gives the rows that landed to an attempt, and writes them into
// the ledger, in one transaction. Where they aren't as many as were sent it
// fails with ErrUncounted, and nothing is claimed (invariant 6). A repeat finds
// them in the ledger and claims no more.
func (w *Landing) ClaimLanded(ctx context.Context, f Fence, l Landed) error {
	return w.fenced(ctx, f, "claim rows of "+l.Table.Name, func(tx Tx) error {
		known, err := w.ledger(ctx, tx, l.Attempt)
		if err != nil {
			return err
		}
		for _, e := range known {
			if e.Page == l.Key {
				return nil
			}
		}
		n, err := w.take(ctx, tx, l)
		if err != nil {
			return err
		}
		if n != l.Rows {
			return plan.Failf(plan.Retry, "", "%w: %d rows are there, %d were sent", ErrUncounted, n, l.Rows)
		}
		return insert(ctx, tx, w.own(tablePage), [][]any{{l.Attempt, l.Key, f.Flow, l.Job, string(Put), l.Seq, n, l.Key,
			strings.Join(columnNames(l.Table), ","), stamp(l.ReadAt), string(l.Reason), l.Override}})
	})
}

// take marks the rows as the attempt's, and tells how many they are.
func (w *Landing) take(ctx context.Context, tx Tx, l Landed) (int64, error) {
	b := &binds{d: w.d}
	own := []string{colAttempt, colOp, colJob, colSeq, colReadAt}
	values := []string{b.text(l.Attempt), b.text(string(Put)), b.text(l.Job), b.value(l.Seq, Long),
		b.value(stamp(l.ReadAt), Timestamp)}
	if !l.Apart {
		set := make([]string, len(own))
		for i, name := range own {
			set[i] = w.d.Quote(name) + " = " + values[i]
		}
		return tx.Exec(ctx, fmt.Sprintf("UPDATE %s SET %s WHERE %s IS NULL", w.staging(l.Table),
			strings.Join(set, ", "), w.d.Quote(colAttempt)), b.args...)
	}
	move := fill("INSERT INTO {staging} ({columns}, {own}) SELECT {columns}, {values} FROM {landing}", holes{
		"staging": w.staging(l.Table), "columns": w.d.list("", columnNames(l.Table)), "own": w.d.list("", own),
		"values": strings.Join(values, ", "), "landing": w.landing(l.Table),
	})
	n, err := tx.Exec(ctx, move, b.args...)
	if err != nil {
		return n, err
	}
	gone, err := tx.Exec(ctx, "DELETE FROM "+w.landing(l.Table))
	if err == nil && gone != n {
		err = plan.Failf(plan.Retry, "", "%d rows landed while %d were moved: something is still sending them",
			gone-n, n)
	}
	return n, err
}

// MergeUnclaimed consolidates the rows that are no attempt's: each is a version
// of its record like any other, so none is lost, but they move no watermark.
// It may be repeated.
func (w *Landing) MergeUnclaimed(ctx context.Context, f Fence, m Merge, apart bool) (Counts, error) {
	m.Attempt, m.Pages, m.Rows, m.Complete, m.Override = "", 0, 0, false, false
	if apart {
		err := w.fenced(ctx, f, "gather rows of "+m.Table.Name, func(tx Tx) error {
			moved, err := tx.Exec(ctx, fill("INSERT INTO {staging} ({columns}) SELECT {columns} FROM {landing}", holes{
				"staging": w.staging(m.Table), "columns": w.d.list("", columnNames(m.Table)),
				"landing": w.landing(m.Table),
			}))
			if err != nil {
				return err
			}
			gone, err := tx.Exec(ctx, "DELETE FROM "+w.landing(m.Table))
			if err == nil && gone != moved {
				err = plan.Failf(plan.Retry, "", "%d rows landed while %d were moved: something is still sending them",
					gone-moved, moved)
			}
			return err
		})
		if err != nil {
			return Counts{}, err
		}
	}
	return w.merges.Consolidate(ctx, f, m)
}
