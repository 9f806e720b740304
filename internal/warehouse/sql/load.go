package sql

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
)

// A loader is a Loader.
type loader struct{ *store }

// Load puts the pages of a batch into staging, all of them or none, and tells
// how many rows the ledger now holds for them. A page that the ledger has
// already is skipped, so a batch may be repeated (invariant 2). A page that
// brings another number of rows than it should fails the batch (invariant 6).
func (w *loader) Load(ctx context.Context, f warehouse.Fence, b warehouse.Batch) (int64, error) {
	if b.Op == "" {
		b.Op = warehouse.Put
	}
	what := "load " + b.Table.Name
	in := intake{fence: f, what: what, pages: w.copies(b, nil)}
	if w.needy(b.Table, b.Pages) {
		in.look = func(tx Tx) (need, error) {
			fresh, err := w.unknown(ctx, tx, b)
			if err != nil || len(fresh.Pages) == 0 {
				return need{}, err
			}
			return w.needOf(ctx, tx, fresh)
		}
	}
	in.write = func() error {
		return w.fenced(ctx, f, what, func(tx Tx) error {
			fresh, err := w.unknown(ctx, tx, b)
			if err != nil || len(fresh.Pages) == 0 {
				return err
			}
			return w.loadFresh(ctx, tx, f, fresh)
		})
	}
	if err := roomy(ctx, w.store, f, b.Table, func() error { return w.take(ctx, in) }); err != nil {
		return 0, err
	}
	var total int64
	for _, p := range b.Pages {
		total += p.Rows
	}
	return total, nil
}

// ledger reads what was loaded for an attempt, in read order.
func (w *store) ledger(ctx context.Context, tx Tx, attempt string) ([]statements.Entry, error) {
	var all []statements.Entry
	err := tx.Query(ctx, func(scan Scan) error {
		var e statements.Entry
		var op, columns, reason string
		var readAt *time.Time
		if err := scan(&e.Page, &e.Job, &e.Digest, &op, &e.Seq, &e.Rows, &columns, &readAt, &reason,
			&e.Override); err != nil {
			return err
		}
		e.Op, e.Reason = warehouse.Op(op), gone.Reason(reason)
		e.Columns, e.ReadAt = strings.Split(columns, ","), dialect.FromNull(readAt)
		all = append(all, e)
		return nil
	}, "SELECT page, job, digest, op, seq, row_count, columns, read_at, coalesce(reason, ''), "+
		"coalesce(override, false) FROM "+w.own(own.PageTable)+
		" WHERE attempt = $1 ORDER BY read_at, seq, page", attempt)
	return all, err
}

// newPages is the pages of a batch that the ledger lacks. A batch that
// contradicts the ledger is a bug: a stored page never changes (invariant 3),
// and one job has one header.
func newPages(b warehouse.Batch, known []statements.Entry) ([]warehouse.Page, error) {
	var fresh []warehouse.Page
	for _, p := range b.Pages {
		if !slices.EqualFunc(p.Header, b.Pages[0].Header, strings.EqualFold) {
			return nil, plan.Failf(plan.Bug, "", "pages %s and %s of one batch differ in their headers",
				b.Pages[0].Key, p.Key)
		}
		loaded := false
		for _, e := range known {
			switch {
			case e.Page == p.Key && (e.Digest != p.Digest || e.Rows != p.Rows):
				return nil, plan.Failf(plan.Bug, "", "page %s has changed since it was loaded", p.Key)
			case e.Page == p.Key:
				loaded = true
			case e.Seq == p.Seq:
				return nil, plan.Failf(plan.Bug, "", "pages %s and %s have the same place in attempt %s", e.Page,
					p.Key, b.Attempt)
			case e.Job == b.Job && (e.Op != b.Op || len(e.Columns) != len(p.Header) || e.Reason != b.Reason ||
				e.Override != b.Override):
				return nil, plan.Failf(plan.Bug, "",
					"pages %s and %s of one job differ in their columns, or in what they do", e.Page, p.Key)
			}
		}
		if !loaded {
			fresh = append(fresh, p)
		}
	}
	return fresh, nil
}

// loadFresh loads pages that are not in the ledger, and writes them there.
func (w *loader) loadFresh(ctx context.Context, tx Tx, f warehouse.Fence, b warehouse.Batch) error {
	cols, narrow, err := w.fit(ctx, tx, b)
	if err != nil {
		return err
	}
	if len(narrow) > 0 {
		return stale(b.Table)
	}
	if err := prepareStaging(ctx, tx, w.store, b); err != nil {
		return err
	}
	copies := w.copies(b, cols)
	if copies[0], err = (&firsts{w.store}).take(ctx, tx, b, copies[0]); err != nil {
		return err
	}
	if err := copyPages(ctx, tx, copies[0]); err != nil {
		return err
	}
	for _, rejected := range copies[1:] {
		if err := copyPages(ctx, tx, rejected); err != nil {
			return fmt.Errorf("rejected records: %w", err)
		}
	}
	names := make([]string, len(cols))
	for i, c := range cols {
		names[i] = c.Name
	}
	rows := make([][]any, len(b.Pages))
	for i, p := range b.Pages {
		rows[i] = []any{b.Attempt, p.Key, f.Flow, b.Job, string(b.Op), p.Seq, p.Rows, p.Digest,
			statements.Canonical(names),
			dialect.Stamp(b.ReadAt), string(b.Reason), b.Override}
	}
	return insert(ctx, tx, w.own(own.PageTable), rows)
}

// copyPages loads pages and counts what each of them brought.
func copyPages(ctx context.Context, tx Tx, c Copy) error {
	got, err := tx.Load(ctx, c)
	if err != nil {
		return err
	}
	for i, p := range c.Pages {
		if got[i] != p.Rows {
			return plan.Failf(plan.Bug, "run it again; if it happens twice, keep the page and report it",
				"page %s holds %d rows, the warehouse took %d of them", p.Key, p.Rows, got[i])
		}
	}
	return nil
}

// fit finds the columns that the header of a batch names, and the steps that
// widen the decimals that its values don't fit in, in staging and in the final
// table.
func (w *loader) fit(
	ctx context.Context, tx Tx, b warehouse.Batch,
) (cols []dialect.CopyColumn, todo []dialect.Step, err error) {
	staging, err := storedColumns(ctx, tx, w.o.Staging, b.Table.Name)
	if err != nil {
		return nil, nil, err
	}
	final, err := finalColumns(ctx, tx, w.store, b.Table.Name)
	if err != nil {
		return nil, nil, err
	}
	if !dialect.InShape(staging) && !w.d.TransactionalDDL { // rows that come now would stay behind in the old column
		return nil, nil, stale(b.Table)
	}
	cols, err = copyColumns(w.d, b.Table, b.Pages, staging)
	if err != nil {
		return nil, nil, err
	}
	markApart(cols, final)
	return (&widener{w.store}).fit(ctx, tx, cols, []fitted{
		{w.o.Staging, b.Table.Name, staging}, {w.o.Schema, b.Table.Name, final},
	})
}

// copyColumns finds the column of each field in the pages' header, with its
// type in the table that takes them, and the most digits of any page.
func copyColumns(
	d *dialect.Dialect, t shape.Table, pages []warehouse.Page, has []dialect.Stored,
) ([]dialect.CopyColumn, error) {
	header := pages[0].Header
	cols := make([]dialect.CopyColumn, len(header))
	for i, field := range header {
		c, ok := t.Column(field)
		old, made := dialect.Find(has, c.Name)
		if !ok || !made {
			return nil, plan.Failf(plan.Bug, "", "page %s has the field %s, for which table %s has no column",
				pages[0].Key, field, t.Name)
		}
		cols[i] = dialect.CopyColumn{Name: c.Name, Field: field, Kind: c.Kind, Type: d.StoredType(old, c.Kind)}
		if d.IsText(old.Type) {
			cols[i].Kind = shape.Text
		}
		if err := measure(&cols[i], pages); err != nil {
			return nil, err
		}
	}
	return cols, nil
}

// measure adds the most digits of any page to a column of numbers.
func measure(c *dialect.CopyColumn, pages []warehouse.Page) error {
	for _, p := range pages {
		if !c.Kind.Measured() || p.Rows == 0 {
			continue
		}
		n := slices.IndexFunc(p.Digits, func(d room.Digits) bool { return strings.EqualFold(d.Field, c.Field) })
		if n < 0 && c.Kind != shape.Decimal { // each has room for what comes
			continue
		}
		if n < 0 {
			return plan.Failf(plan.Bug, "", "nobody measured the decimals of %s in page %s", c.Field, p.Key)
		}
		c.Whole, c.Fract = max(c.Whole, p.Digits[n].Whole), max(c.Fract, p.Digits[n].Fraction)
		c.Beyond32 = c.Beyond32 || p.Digits[n].Beyond32
	}
	return nil
}

// markApart tells which columns of pages go into the overflow of a table that has these.
func markApart(cols []dialect.CopyColumn, has []dialect.Stored) {
	for i, c := range cols {
		stored, _ := dialect.Find(has, c.Name)
		cols[i].Apart = stored.Apart
	}
}

// Discard removes the staged rows and the ledger of an attempt's jobs, all but
// those of keep.
func (w *loader) Discard(ctx context.Context, f warehouse.Fence, attempt string, keep ...string) error {
	var staging string
	err := w.fenced(ctx, f, "discard attempt "+attempt, func(tx Tx) error {
		m, _, err := w.mark(ctx, tx, f.Flow)
		if err != nil {
			return err
		}
		staging = w.d.Table(w.o.Staging, m.Table)
		if _, err := tx.Exec(ctx, "DELETE FROM "+w.own(own.AttemptTable)+" WHERE attempt = $1", attempt); err != nil {
			return err
		}
		b := &dialect.Binds{Dialect: w.d, Args: []any{attempt}}
		others := ""
		if len(keep) > 0 {
			others = " NOT IN (" + b.Texts(keep) + ")"
		}
		where := func(attempt, job string) string {
			if others == "" {
				return " WHERE " + attempt + " = $1"
			}
			return " WHERE " + attempt + " = $1 AND " + job + others
		}
		ledger := w.own(own.PageTable) + where("attempt", "job")
		n, err := count(ctx, tx, "SELECT count(*) FROM "+ledger, b.Args...)
		if err != nil || n == 0 {
			return err
		}
		if err := (&firsts{w.store}).forget(ctx, tx, shape.Table{Name: m.Table}, attempt, keep...); err != nil {
			return err
		}
		return do(ctx, tx,
			b.Statement("DELETE FROM "+staging+
				where(w.d.Quote(own.Attempt), w.d.Quote(own.Job))),
			b.Statement("DELETE FROM "+w.own(own.RejectedTable)+where(w.d.Quote(own.Attempt), w.d.Quote(own.Job))),
			b.Statement("DELETE FROM "+ledger))
	})
	if err != nil {
		return err
	}
	return w.forgetAttempt(ctx, attempt, staging, w.own(own.RejectedTable))
}

// Staged tells how many pages and rows the ledger holds for a job of an
// attempt, or for all of its jobs where job is "".
func (w *loader) Staged(ctx context.Context, attempt, job string) (pages, rows int64, err error) {
	err = w.driver.View(ctx, func(tx Tx) error {
		_, err = queryRow(ctx, tx, []any{&pages, &rows}, "SELECT count(*), CAST(coalesce(sum(row_count), 0) AS "+
			w.d.Type(shape.Long, 0)+
			") FROM "+w.own(own.PageTable)+" WHERE attempt = $1 AND ($2 = '' OR job = $2)", attempt, job)
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("ledger of attempt %s: %w", attempt, err)
	}
	return pages, rows, nil
}

// Keys counts the different keys that a job has in staging. A job reads each
// record once: fewer keys than rows mean that a page came twice, and another
// one not at all.
func (w *loader) Keys(ctx context.Context, t shape.Table, attempt, job string) (int64, error) {
	var n int64
	err := w.driver.View(ctx, func(tx Tx) error {
		s, err := (&firsts{w.store}).placed(ctx, tx, t)
		if err == nil {
			n, err = keysOf(ctx, tx, s, attempt, job)
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("keys of attempt %s: %w", attempt, err)
	}
	return n, nil
}

// CountBySeq is the query that tells how many rows each page of c brought, by
// the page's place in the attempt, and its parameters.
func (c Copy) CountBySeq(d *dialect.Dialect) (string, []any) {
	first, last := c.Pages[0].Seq, c.Pages[0].Seq
	for _, p := range c.Pages {
		first, last = min(first, p.Seq), max(last, p.Seq)
	}
	seq := d.Quote(own.Seq)
	return fmt.Sprintf("SELECT %s, count(*) FROM %s WHERE %s = $1 AND %s BETWEEN $2 AND $3 GROUP BY 1",
		seq, c.Into, d.Quote(own.Attempt), seq), []any{c.Attempt, first, last}
}

// Room is what columns and rows have room for.
func (w *loader) Room() room.Limits {
	limits := w.d.Room
	limits.Overflows = func(t shape.Table) bool { return dialect.Overflows(w.d, t) }
	return limits
}

// PagesPerLoad is how many pages the warehouse's loader likes to take at once.
func (w *loader) PagesPerLoad() int { return max(w.d.PagesPerLoad, 1) }

// Repeated tells of the keys that a job has in staging more than once.
func (w *loader) Repeated(ctx context.Context, t shape.Table, attempt, job string) (evidence.Repeats, error) {
	var found evidence.Repeats
	err := w.driver.View(ctx, func(tx Tx) error {
		staging, err := storedColumns(ctx, tx, w.o.Staging, t.Name)
		if err != nil {
			return err
		}
		s, err := (&firsts{w.store}).placed(ctx, tx, t)
		if err == nil {
			found, err = repeats(ctx, tx, s.Doubles(versioned(staging)), attempt, job)
		}
		return err
	})
	if err != nil {
		return found, fmt.Errorf("repeated keys of attempt %s: %w", attempt, err)
	}
	return found, nil
}

// versioned is the columns that say what a staged version says: in a table with an overflow,
// that too.
func versioned(has []dialect.Stored) []string {
	names := dialect.Payload(has)
	if _, ok := dialect.Find(has, own.Overflow); ok {
		names = append(names, own.Overflow)
	}
	return names
}

// repeats asks a query of Doubles.
func repeats(ctx context.Context, tx Tx, query, attempt, job string) (found evidence.Repeats, err error) {
	err = tx.Query(ctx, func(scan Scan) error {
		var key string
		var rows, pages, differing int64
		if err := scan(&key, &rows, &pages, &differing); err != nil {
			return err
		}
		found.Add(key, rows, pages, differing > 0)
		return nil
	}, query, attempt, job)
	return found, err
}
