package streams

import (
	"context"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
	"catchment/internal/warehouse/streamed"
)

// Apply writes a delta, and moves the position, in one transaction.
func (s *Stream) Apply(
	ctx context.Context, f warehouse.Fence, d streamed.Delta,
) (counts streamed.Counts, err error) {
	err = s.at.Fenced(ctx, f, "write events into "+d.Table.Name, func(tx Tx) error {
		counts = streamed.Counts{}
		if err := s.settled(ctx, tx, f.Flow); err != nil {
			return err
		}
		if len(d.Rows) > 0 {
			has, err := s.at.Columns(ctx, tx, d.Table.Name)
			if err != nil {
				return err
			}
			w, err := s.writing(d, has)
			if err != nil {
				return err
			}
			if counts, err = w.write(ctx, tx); err != nil {
				return err
			}
			if counts.Updated+counts.Inserted+counts.Deleted > 0 {
				if err := s.at.Wrote(ctx, tx, f.Flow, w.now, counts.Inserted); err != nil {
					return err
				}
			}
		}
		return s.move(ctx, tx, f.Flow, d.Position)
	})
	if err != nil {
		return streamed.Counts{}, err
	}
	return counts, nil
}

// settled refuses to touch rows while an attempt is on its way: its versions were read before.
func (s *Stream) settled(ctx context.Context, tx Tx, flow string) error {
	pages, err := count(ctx, tx, dialect.Statement{Args: []any{flow},
		SQL: "SELECT count(*) FROM " + s.at.Dialect.Table(s.at.Options.Staging, own.PageTable) + " WHERE flow = $1"})
	if err == nil && pages > 0 {
		err = plan.Failf(plan.Retry, "catchment run "+flow, "%w", streamed.ErrUnsettled)
	}
	return err
}

// writing looks at the table that a delta goes into. A row that sets what the table has no column for, or no room
// in it, is left to be read.
func (s *Stream) writing(d streamed.Delta, has []dialect.Stored) (*writing, error) {
	if _, ours := dialect.Find(has, own.DeletedAt); !ours {
		return nil, plan.Fixf("run `catchment check`", "table %s.%s is gone, or was not made by Catchment",
			s.at.Options.Schema, d.Table.Name)
	}
	_, marks := dialect.Find(has, statements.EventAt)
	_, rejects := dialect.Find(has, own.RejectedAt)
	w := &writing{Tables: *s.of(d.Table).Over(has), stream: s, d: d, has: has, rejects: rejects, now: s.now()}
	w.columns = union(d.Rows)
	if c, ok := d.Table.Column(shape.FieldDeleted); ok {
		if _, ok := dialect.Find(has, c.Name); ok {
			w.isDeleted = c.Name
		}
	}
	for _, r := range d.Rows {
		if !marks || !w.takes(r) {
			r = streamed.Row{ID: r.ID, Act: streamed.Read, At: r.At}
		}
		w.rows = append(w.rows, r)
	}
	w.columns = union(w.rows)
	return w, nil
}

// A writing is one delta on its way into a table.
type writing struct {
	statements.Tables
	stream    *Stream
	d         streamed.Delta
	has       []dialect.Stored // columns of the final table
	rows      []streamed.Row
	columns   []string // that the rows set, all of them together
	isDeleted string   // the column of IsDeleted, "" where there is none
	rejects   bool     // the table says which of its rows are of an older version than one that was rejected
	now       time.Time
}

// write does the statements in their order: each looks at rows that those before it left alone.
func (w *writing) write(ctx context.Context, tx Tx) (c streamed.Counts, err error) {
	if _, err = tx.Exec(ctx, w.makeDelta()); err != nil {
		return c, err
	}
	for _, q := range w.fillDelta() {
		if _, err = tx.Exec(ctx, q.SQL, q.Args...); err != nil {
			return c, err
		}
	}
	exec := func(n *int64, q dialect.Statement) {
		if err == nil {
			*n, err = tx.Exec(ctx, q.SQL, q.Args...)
		}
	}
	exec(&c.Dirty, w.dirty())
	exec(&c.Updated, w.update())
	if w.d.Policy == gone.Flag {
		exec(&c.Deleted, w.flag())
	}
	exec(&c.Inserted, w.insert())
	if err == nil {
		err = w.mayDelete(ctx, tx, c.Deleted)
	}
	if err == nil {
		_, err = tx.Exec(ctx, "DROP TABLE "+w.delta())
	}
	return c, err
}

// mayDelete is the stop before a mass delete: a mass of small ones is one, too. What was written is taken back
// with the transaction.
func (w *writing) mayDelete(ctx context.Context, tx Tx, deleted int64) error {
	all := w.d.Deleted + deleted
	if deleted == 0 || w.d.AllowDeletes || all <= statements.FewDeletes {
		return nil
	}
	live, err := count(ctx, tx, w.LiveRows())
	if err != nil || all*20 <= live+all {
		return err
	}
	return plan.Fixf("look at what was deleted in Salesforce; if it is right: catchment run "+w.Table.Object+
		" --allow-deletes", "%w", &gone.MassDelete{Table: w.Table.Name, Deletes: all, Rows: live + all})
}
