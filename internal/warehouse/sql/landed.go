package sql

import (
	"context"
	"fmt"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// A lander is Lands.
type lander struct {
	*store
	merges *merger
}

// Rows may come into the warehouse without us: AppFlow appends them to the
// staging table, where they carry no attempt until one claims them. Nobody can
// tell whose a row is, so what is claimed has to be as many rows as were sent.
//
// Where AppFlow can't bear a table with more columns than it fills, rows land
// in a table of their own beside staging, and move over when they are claimed.

// landing is the quoted name of the table in which rows land apart.
func (w *lander) landing(t shape.Table) string { return w.d.Table(w.o.Staging, landingName(t)) }

func landingName(t shape.Table) string { return landingOf(t.Name) }

// LandsIn is the table that takes rows from outside, as schema.table: staging,
// or the table apart from it.
func (w *lander) LandsIn(t shape.Table, apart bool) string {
	if apart {
		return w.o.Staging + "." + landingName(t)
	}
	return w.o.Staging + "." + t.Name
}

// PrepareLanding makes the table in which rows land apart, with the columns of
// t and none of ours, or adds those that it lacks, and has them follow the types of
// theirs. Prepare comes before it.
func (w *lander) PrepareLanding(ctx context.Context, f warehouse.Fence, t shape.Table) error {
	return w.shape(ctx, f, "prepare the landing of "+t.Name, func(tx Tx) ([]dialect.Step, error) {
		has, err := storedColumns(ctx, tx, w.o.Staging, landingName(t))
		if err != nil {
			return nil, err
		}
		if len(has) == 0 {
			landing := t
			landing.Name = landingName(t)
			return dialect.Steps(dialect.CreateTable(w.d, w.o.Staging, landing, t.Columns)), nil
		}
		todo := w.d.Finish(w.landing(t), has, shape.ColumnNames(t))
		if len(todo) > 0 {
			return todo, nil
		}
		for _, c := range t.Columns {
			old, ok := dialect.Find(has, c.Name)
			if ok {
				todo = append(todo, w.d.Follow(w.landing(t), old, c)...)
				continue
			}
			todo = append(todo,
				dialect.Steps(fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s", w.landing(t), w.d.Define(c)))...)
		}
		return todo, nil
	})
}

// Unclaimed counts the rows that landed and are no attempt's.
func (w *lander) Unclaimed(ctx context.Context, t shape.Table, apart bool) (int64, error) {
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

func (w *lander) unclaimed(ctx context.Context, tx Tx, t shape.Table, apart bool) (int64, error) {
	if apart {
		return count(ctx, tx, "SELECT count(*) FROM "+w.landing(t))
	}
	return count(ctx, tx, "SELECT count(*) FROM "+w.staging(t)+" WHERE "+w.d.Quote(own.Attempt)+" IS NULL")
}

// ClaimLanded gives the rows that landed to an attempt, and writes them into
// the ledger, in one transaction. Where they aren't as many as were sent it
// fails with ErrUncounted, and nothing is claimed (invariant 6). A repeat finds
// them in the ledger and claims no more.
func (w *lander) ClaimLanded(ctx context.Context, f warehouse.Fence, l warehouse.Landed) error {
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
		n, err := w.move(ctx, tx, l)
		if err != nil {
			return err
		}
		if n != l.Rows {
			return plan.Failf(plan.Retry, "", "%w: %d rows are there, %d were sent", warehouse.ErrUncounted, n, l.Rows)
		}
		return insert(ctx, tx, w.own(own.PageTable),
			[][]any{{l.Attempt, l.Key, f.Flow, l.Job, string(warehouse.Put), l.Seq, n, l.Key,
				strings.Join(shape.ColumnNames(l.Table), ","), dialect.Stamp(l.ReadAt), string(l.Reason), l.Override}})
	})
}

// move marks the rows as the attempt's, and tells how many they are.
func (w *lander) move(ctx context.Context, tx Tx, l warehouse.Landed) (int64, error) {
	b := &dialect.Binds{Dialect: w.d}
	ours := []string{own.Attempt, own.Op, own.Job, own.Seq, own.ReadAt}
	values := []string{b.Text(l.Attempt), b.Text(string(warehouse.Put)), b.Text(l.Job), b.Value(l.Seq, shape.Long),
		b.Value(dialect.Stamp(l.ReadAt), shape.Timestamp)}
	if !l.Apart {
		set := make([]string, len(ours))
		for i, name := range ours {
			set[i] = w.d.Quote(name) + " = " + values[i]
		}
		return tx.Exec(ctx, fmt.Sprintf("UPDATE %s SET %s WHERE %s IS NULL", w.staging(l.Table),
			strings.Join(set, ", "), w.d.Quote(own.Attempt)), b.Args...)
	}
	move := dialect.Fill("INSERT INTO {staging} ({columns}, {own}) SELECT {columns}, {values} FROM {landing}",
		dialect.Holes{
			"staging": w.staging(l.Table), "columns": w.d.List("", shape.ColumnNames(l.Table)),
			"own":    w.d.List("", ours),
			"values": strings.Join(values, ", "), "landing": w.landing(l.Table),
		})
	n, err := tx.Exec(ctx, move, b.Args...)
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
func (w *lander) MergeUnclaimed(
	ctx context.Context, f warehouse.Fence, m warehouse.Merge, apart bool,
) (warehouse.Counts, error) {
	m.Attempt, m.Pages, m.Rows, m.Complete, m.Override = "", 0, 0, false, false
	if apart {
		err := w.fenced(ctx, f, "gather rows of "+m.Table.Name, func(tx Tx) error {
			moved, err := tx.Exec(ctx,
				dialect.Fill("INSERT INTO {staging} ({columns}) SELECT {columns} FROM {landing}", dialect.Holes{
					"staging": w.staging(m.Table), "columns": w.d.List("", shape.ColumnNames(m.Table)),
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
			return warehouse.Counts{}, err
		}
	}
	return w.merges.Consolidate(ctx, f, m)
}
