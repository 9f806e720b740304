package sql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
)

// A comparing is a Reading in a table of its own in the staging schema. The
// warehouse compares, so memory stays flat.
type comparing struct {
	w       *asker
	f       warehouse.Fence
	c       evidence.Comparison
	reading string // our three tables, quoted
	suspect string
	asked   string
	name    string           // of the first, as it is
	columns []dialect.Stored // of the first
	final   []dialect.Stored // of the final table
	loaded  int64
}

// Reading makes the empty tables of a reading.
func (w *asker) Reading(ctx context.Context, f warehouse.Fence, c evidence.Comparison) (warehouse.Reading, error) {
	r := &comparing{w: w, f: f, c: c, name: shape.Shorten(w.d.LongestName, own.ReadingTable+c.Table.Name, c.Table.Name)}
	r.reading = w.own(r.name)
	suspect, asked := own.BesideReading()
	r.suspect = w.own(shape.Shorten(w.d.LongestName, suspect+c.Table.Name, c.Table.Name))
	r.asked = w.own(shape.Shorten(w.d.LongestName, asked+c.Table.Name, c.Table.Name))
	err := w.shape(ctx, f, "read "+c.Table.Name, func(tx Tx) ([]dialect.Step, error) {
		var err error
		if r.final, err = finalColumns(ctx, tx, w.store, c.Table.Name); err != nil {
			return nil, err
		}
		if r.columns, err = r.columnsLike(r.final); err != nil {
			return nil, err
		}
		defs := r.definitions()
		text := w.d.Type(shape.Text, 0)
		todo := r.drop()
		for table, columns := range map[string]string{
			r.reading: strings.Join(defs, ", "),
			r.suspect: fmt.Sprintf("record %s, how %s, fields %s, n %s", text, text, text, w.d.Type(shape.Long, 0)),
			r.asked:   "record " + text,
		} {
			sql := fmt.Sprintf("CREATE %sTABLE %s (%s)", w.d.Unlogged, table, columns)
			todo = append(todo, dialect.Step{SQL: sql, Blind: true})
		}
		return todo, nil
	})
	if err != nil {
		return nil, err
	}
	if err := r.forget(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// columnsLike is the columns of a reading that is held against a table with these.
// Records that wouldn't fit in a row have an overflow, whether or not the table has.
func (r *comparing) columnsLike(final []dialect.Stored) ([]dialect.Stored, error) {
	d, t := r.w.d, r.c.Table
	if len(dialect.Apart(final)) == 0 && dialect.Overflows(d, t) {
		var err error
		if final, err = dialect.SetApart(d, t, final); err != nil {
			return nil, err
		}
	}
	columns := make([]dialect.Stored, len(t.Columns))
	for i, c := range t.Columns {
		old, ok := dialect.Find(final, c.Name)
		if !ok {
			return nil, plan.Failf(plan.Bug, "", "table %s has no column %s to compare with", t.Name, c.Name)
		}
		columns[i] = dialect.Stored{Name: c.Name, Type: d.StoredType(old, c.Kind), Apart: old.Apart}
	}
	return columns, nil
}

// definitions is the columns of the reading as SQL.
func (r *comparing) definitions() []string {
	d := r.w.d
	var defs []string
	for _, c := range own.Staging() {
		defs = append(defs, d.Define(c))
	}
	for _, c := range r.columns {
		defs = append(defs, d.Quote(c.Name)+" "+c.Type)
	}
	if len(dialect.Apart(r.columns)) > 0 {
		defs = append(defs, d.Quote(own.Overflow)+" "+d.Overflow.Type)
	}
	return defs
}

// forget removes what a crash has left of pages on their way into the reading.
func (r *comparing) forget(ctx context.Context) error {
	return r.w.forgetAttempt(ctx, readingAttempt, r.reading)
}

// drop is the steps that leave nothing of any reading.
func (r *comparing) drop() []dialect.Step {
	var todo []dialect.Step
	for _, table := range []string{r.reading, r.suspect, r.asked} {
		todo = append(todo, dialect.Step{SQL: "DROP TABLE IF EXISTS " + table, Blind: true})
	}
	return todo
}

// Close drops the tables.
func (r *comparing) Close(ctx context.Context) error {
	err := r.w.shape(ctx, r.f, "forget the reading of "+r.c.Table.Name,
		func(Tx) ([]dialect.Step, error) { return r.drop(), nil })
	if err != nil {
		return err
	}
	return r.forget(ctx)
}

// Add loads pages of the reading, all of them or none. Each has a Seq of its
// own.
func (r *comparing) Add(ctx context.Context, pages []warehouse.Page) error {
	if len(pages) == 0 {
		return nil
	}
	err := r.take(ctx, "read "+r.c.Table.Name, [][]warehouse.Page{pages}, func(tx Tx) error {
		return r.load(ctx, tx, pages)
	})
	if err != nil {
		return err
	}
	for _, p := range pages {
		r.loaded += p.Rows
	}
	return nil
}

// take does f, which loads these pages, once they can be loaded.
func (r *comparing) take(ctx context.Context, what string, pages [][]warehouse.Page, f func(Tx) error) error {
	in := intake{fence: r.f, what: what, write: func() error { return r.do(ctx, what, f) }}
	for _, some := range pages {
		in.pages = append(in.pages, r.copyOf(some, nil))
	}
	if r.w.needy(r.c.Table, slices.Concat(pages...)) {
		in.look = func(tx Tx) (need, error) {
			var all need
			for _, some := range pages {
				c, todo, err := r.fit(ctx, tx, some)
				if err != nil || len(todo) > 0 {
					return need{steps: todo}, err
				}
				all.copies = append(all.copies, c)
			}
			return all, nil
		}
	}
	return r.w.take(ctx, in)
}

// load loads pages that fit.
func (r *comparing) load(ctx context.Context, tx Tx, pages []warehouse.Page) error {
	c, narrow, err := r.fit(ctx, tx, pages)
	if err != nil {
		return err
	}
	if len(narrow) > 0 {
		return stale(r.c.Table)
	}
	return copyPages(ctx, tx, c)
}

// fit finds the columns of pages, and the steps that make the table wide enough
// for them. The final column may be too narrow: then the values differ.
func (r *comparing) fit(ctx context.Context, tx Tx, pages []warehouse.Page) (c Copy, todo []dialect.Step, err error) {
	has, err := storedColumns(ctx, tx, r.w.o.Staging, r.name)
	if err != nil {
		return c, nil, err
	}
	if todo = r.w.d.Finish(r.reading, has, shape.ColumnNames(r.c.Table)); len(todo) > 0 {
		return c, todo, nil
	}
	cols, err := copyColumns(r.w.d, r.c.Table, pages, has)
	if err != nil {
		return c, nil, err
	}
	markApart(cols, r.columns)
	cols, todo, err = (&widener{r.w.store}).fit(ctx, tx, cols, []fitted{{r.w.o.Staging, r.name, has}})
	if err != nil {
		return c, nil, err
	}
	return r.copyOf(pages, cols), todo, nil
}

// copyOf is pages on their way into the reading.
func (r *comparing) copyOf(pages []warehouse.Page, cols []dialect.CopyColumn) Copy {
	return Copy{Into: r.reading, Columns: cols, Op: warehouse.Put, Attempt: readingAttempt, Job: readingAttempt,
		Pages: pages}
}

// readingAttempt stands for the attempt of rows that are of none.
const readingAttempt = "reading"

// do does f in a transaction that holds the fence, with little memory.
func (r *comparing) do(ctx context.Context, what string, f func(Tx) error) error {
	return r.w.fenced(ctx, r.f, what, func(tx Tx) error { return r.w.frugally(ctx, tx, func() error { return f(tx) }) })
}

// Judge finds where reading and final table differ. expected is what Salesforce
// says the reading holds (invariant 6).
func (r *comparing) Judge(ctx context.Context, expected int64) error {
	var alike int64
	err := r.do(ctx, "compare "+r.c.Table.Name, func(tx Tx) (err error) {
		if alike, err = r.once(ctx, tx, expected); err != nil {
			return err
		}
		s := r.sql()
		anew, err := r.judgements(ctx, tx, s, expected-alike)
		if err != nil {
			return err
		}
		if err := r.judge(ctx, tx, "DELETE FROM "+r.suspect, anew); err != nil {
			return err
		}
		// those that are read again replace others
		if err := do(ctx, tx, orderOf(s).DropIndex()...); err != nil {
			return err
		}
		keyed, err := r.w.keyed(ctx, tx, &s.Tables)
		if err != nil || keyed && r.w.d.Enforces {
			return err
		}
		_, err = tx.Exec(ctx, s.JudgeDuplicates())
		return err
	})
	if err == nil {
		r.loaded -= alike
	}
	return err
}

// judgements is how a reading of so many rows is judged. Of some records it is by their keys, which asks for no order.
func (r *comparing) judgements(
	ctx context.Context, tx Tx, s *statements.Compare, rows int64,
) ([]dialect.Statement, error) {
	if r.c.Part {
		anew := s.Judgements(statements.Stretches(nil), true)
		return append(statements.Named(r.asked, s.Record("s"), r.reading), anew...), nil
	}
	stretches, err := r.stretches(ctx, tx, rows)
	return s.Judgements(stretches, false), err
}

// judge forgets what was judged before, and judges anew.
func (r *comparing) judge(ctx context.Context, tx Tx, forget string, anew []dialect.Statement) error {
	return do(ctx, tx, append([]dialect.Statement{{SQL: forget}}, anew...)...)
}

// A warehouse with little memory compares so many values at once. It would write to disk what it joins, and read it
// again, where that is more than it may keep.
const valuesAtOnce = 6_000_000

// sampled is how many keys are looked at for each stretch, so that one has about as many rows as the other.
const sampled = 8

// stretches is how a reading of so many rows is cut to be compared: at its Ids, which are near each other in the
// table, too. There are two at least, so that what is done with many records is done with few.
func (r *comparing) stretches(ctx context.Context, tx Tx, rows int64) ([]statements.Stretch, error) {
	d, t := r.w.d, r.c.Table
	oneText := len(t.Key) == 1 && slices.ContainsFunc(t.Columns, func(c shape.Column) bool {
		return c.Name == t.Key[0] && c.Kind == shape.Text
	})
	if d.Memory == "" || d.RowID == "" || !oneText {
		return statements.Stretches(nil), nil
	}
	n := 2 + rows*int64(len(r.columns))/valuesAtOnce
	var keys []string
	err := tx.Query(ctx, func(scan Scan) error {
		var key string
		if err := scan(&key); err != nil {
			return err
		}
		keys = append(keys, key)
		return nil
	}, r.sql().Sample(max(1, rows/(n*sampled))))
	return statements.Stretches(cuts(keys, n)), err
}

// cuts picks n-1 of some keys, which leave as many between them.
func cuts(keys []string, n int64) []string {
	var at []string
	for i := int64(1); i < n && len(keys) > 0; i++ {
		at = append(at, keys[int64(len(keys))*i/n])
	}
	return at
}

// once proves that the reading is whole and has each record once: where a page
// came twice, another one didn't come at all. What one page holds more than once,
// alike, is one record; it tells how many rows went for that.
func (r *comparing) once(ctx context.Context, tx Tx, expected int64) (alike int64, err error) {
	rows, err := count(ctx, tx, "SELECT count(*) FROM "+r.reading)
	if err != nil {
		return 0, err
	}
	if rows != r.loaded || rows != expected {
		return 0, plan.Failf(plan.Retry, "try again",
			"%d records were read and %d are in the warehouse, Salesforce counts %d", r.loaded, rows, expected)
	}
	s := r.sql()
	if unique, err := proveUnique(ctx, tx, orderOf(s)); err != nil || unique {
		return 0, err
	}
	keys, err := count(ctx, tx, fmt.Sprintf("SELECT count(*) FROM (SELECT DISTINCT %s AS record FROM %s s) k",
		s.Record("s")+r.w.d.Bytewise, r.reading))
	if err != nil || keys == rows {
		return 0, err
	}
	return rows - keys, r.single(ctx, tx, rows-keys)
}

func orderOf(s *statements.Compare) statements.Order {
	return statements.Order{Tables: &s.Tables, Reading: s.Reading}
}

// proveUnique has an index prove that a reading has each key once, and tells whether it did: where one is there
// twice, or nobody makes an index, they are to be counted.
func proveUnique(ctx context.Context, tx Tx, o statements.Order) (bool, error) {
	index := o.Index()
	if len(index) == 0 {
		return false, nil
	}
	if _, err := tx.Exec(ctx, savepoint); err != nil {
		return false, err
	}
	err := do(ctx, tx, index...)
	if errors.Is(err, ErrDuplicate) {
		_, err := tx.Exec(ctx, rollback)
		return false, err
	}
	if err != nil {
		return false, err
	}
	_, err = tx.Exec(ctx, release)
	return true, err
}

// single leaves one row of each key of the reading, or refuses it.
func (r *comparing) single(ctx context.Context, tx Tx, extra int64) error {
	has, err := storedColumns(ctx, tx, r.w.o.Staging, r.name)
	if err != nil {
		return err
	}
	table := &statements.Tables{Dialect: r.w.d, Options: r.w.o, Table: r.c.Table} // the reading, as a table of its own
	table.Options.Schema, table.Table.Name = r.w.o.Staging, r.name
	found, err := repeats(ctx, tx, table.Doubles(versioned(has)), readingAttempt, readingAttempt)
	if err != nil {
		return err
	}
	if !found.Alike(extra) {
		return plan.Failf(plan.Retry, "try again", "%d records were read twice: a page came in the place of another",
			extra)
	}
	return do(ctx, tx, table.Single(has)...)
}
