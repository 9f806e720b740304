package sql

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// A shaper is a Shaper.
type shaper struct{ *store }

// Inspect compares a final table with what its mark remembers (invariant 12). No row
// can be stamped later than latest.
func (w *shaper) Inspect(
	ctx context.Context, t shape.Table, m warehouse.Mark, latest time.Time,
) (shape.Condition, error) {
	var seen sight
	err := w.driver.View(ctx, func(tx Tx) error {
		cols, err := storedColumns(ctx, tx, w.o.Schema, t.Name)
		if err != nil || len(cols) == 0 {
			return err
		}
		seen.exists, seen.ours = true, isOurs(cols, t)
		if !seen.ours {
			return nil
		}
		if err := owned(ctx, tx, w.store, t.Name, dialect.RowsOf(w.d, t.Name)); err != nil {
			return err // before a row of it is looked at
		}
		seen.extent, err = w.extent(ctx, tx, t)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("inspect %s: %w", t.Name, err)
	}
	return condition(seen, m, latest), nil
}

// Key looks what became of the primary key of a final table.
func (w *shaper) Key(ctx context.Context, t shape.Table) (k evidence.Key, err error) {
	err = w.driver.View(ctx, func(tx Tx) (err error) {
		if err := owned(ctx, tx, w.store, t.Name, dialect.RowsOf(w.d, t.Name)); err != nil {
			return err
		}
		k, err = w.key(ctx, tx, t)
		return err
	})
	if err != nil {
		return k, fmt.Errorf("key of %s: %w", t.Name, err)
	}
	return k, nil
}

// A sight is what can be seen of a final table from outside.
type sight struct {
	exists, ours bool
	extent
}

// An extent is how far a final table reaches.
type extent struct {
	rows    int64
	newest  time.Time // that a consolidation left in it
	stamped time.Time // the latest moment that a row was stamped, or read
}

// condition decides what became of a table since its mark was written.
func condition(s sight, m warehouse.Mark, latest time.Time) shape.Condition {
	consolidated := !m.SyncedAt.IsZero()
	switch {
	case !s.exists && !consolidated:
		return shape.Absent
	case !s.exists:
		return shape.Dropped
	case !s.ours:
		return shape.Foreign
	case s.rows == 0 && m.Rows > 0:
		return shape.Emptied
	case s.newest.Before(m.Newest):
		return shape.Restored
	case s.stamped.After(latest.Add(evidence.Leeway)):
		return shape.Ahead
	case s.rows < m.Rows:
		return shape.Fewer
	}
	return shape.Intact
}

// isOurs tells whether a final table was made by Prepare.
func isOurs(cols []dialect.Stored, t shape.Table) bool {
	for _, c := range own.Final() {
		if _, ok := dialect.Find(cols, c.Name); !ok && !own.IsLater(c.Name) {
			return false
		}
	}
	for _, k := range t.Key {
		if _, ok := dialect.Find(cols, k); !ok {
			return false
		}
	}
	return true
}

// isMarked tells whether a final table says which of its rows are of an older version
// than the one that was rejected.
func isMarked(has []dialect.Stored) bool {
	_, ok := dialect.Find(has, own.RejectedAt)
	return ok
}

// extent looks how far a final table reaches.
func (w *store) extent(ctx context.Context, tx Tx, t shape.Table) (extent, error) {
	var e extent
	var newest, stamped, read *time.Time
	_, err := queryRow(ctx, tx, []any{&e.rows, &newest, &stamped, &read}, fmt.Sprintf(
		"SELECT count(*), max(%s), max(%s), max(%s) FROM %s", w.d.Quote(own.SyncedAt), w.d.Quote(own.At),
		w.d.Quote(own.ReadAt), w.final(t)))
	e.newest, e.stamped = dialect.FromNull(newest), dialect.FromNull(stamped)
	if at := dialect.FromNull(read); at.After(e.stamped) {
		e.stamped = at
	}
	return e, err
}

// Adapt gives the columns of t the names and kinds that the table in the
// warehouse has for them, so that a field has the same column on every run:
//   - a column takes a wider number where the field has become one, and stays
//     wide where the field is narrower now; it takes texts where a number has
//     become one;
//   - a field whose values its column can't take gets another one beside it;
//   - names that collide, or are longer than the warehouse allows, get a suffix
//     made of the field's own name.
//
// It changes nothing: Prepare does.
func (w *shaper) Adapt(ctx context.Context, t shape.Table) (shape.Table, shape.Past, error) {
	var past shape.Past
	var has []dialect.Stored
	keyed := !w.d.Enforces
	t.Name = shape.Shorten(w.d.LongestName, t.Name, t.Object)
	err := w.driver.View(ctx, func(tx Tx) error {
		past, has = shape.Past{}, nil
		memory, err := storedColumns(ctx, tx, w.o.Schema, own.FieldsTable)
		if err != nil || len(memory) == 0 {
			return err
		}
		if has, err = finalColumns(ctx, tx, w.store, t.Name); err != nil {
			return err
		}
		past.Columns, past.Folded = dialect.Payload(has), len(dialect.Apart(has)) > 0
		if past.KeyPrefix, err = w.keyPrefix(ctx, tx, t); err != nil {
			return err
		}
		if err := w.views(ctx, tx, has, w.o.Schema, t.Name); err != nil {
			return err
		}
		if past.Fields, err = w.fieldsOf(ctx, tx, t.Object); err != nil || keyed || len(has) == 0 {
			return err
		}
		keyed, err = w.keyed(ctx, tx, w.of(t).Over(has))
		return err
	})
	if err != nil {
		return t, past, fmt.Errorf("look at the columns of %s: %w", t.Name, err)
	}
	names := shape.ColumnNames(t)
	for _, k := range past.Fields {
		names = append(names, k.Column)
	}
	t, past = dialect.Adapt(w.d, t, w.d.Finished(has, names), past)
	past.Fits = keyed && w.fits(t, has, past)
	return t, past, nil
}

// fits tells whether Prepare would find nothing to do in a final table, and nothing to say.
func (w *shaper) fits(t shape.Table, has []dialect.Stored, past shape.Past) bool {
	if len(has) == 0 || !isOurs(has, t) {
		return false
	}
	was := remembered{}
	for _, k := range past.Fields {
		was[strings.ToLower(k.Field)] = k.Column
	}
	for _, c := range t.Columns {
		if was[strings.ToLower(c.Field)] != c.Name {
			return false
		}
	}
	todo, changes, err := w.table(side{w.o.Schema, slices.Clone(has), own.Final()}, t, was)
	return err == nil && len(todo) == 0 && len(changes) == 0
}

// fieldsOf reads what is remembered of the fields of an object.
func (w *shaper) fieldsOf(ctx context.Context, tx Tx, object string) ([]shape.Known, error) {
	var all []shape.Known
	err := tx.Query(ctx, func(scan Scan) error {
		var k shape.Known
		err := scan(&k.Field, &k.Column, &k.Label, &k.Type, &k.Length, &k.Precision, &k.Scale, &k.Calculated)
		all = append(all, k)
		return err
	}, "SELECT field, column_name, coalesce(label, ''), coalesce(type, ''), coalesce(length, 0), "+
		"coalesce(precision_digits, 0), coalesce(scale_digits, 0), coalesce(calculated, false) FROM "+
		w.d.Table(w.o.Schema, own.FieldsTable)+" WHERE object = $1 ORDER BY field", object)
	return all, err
}

// views notes which views keep columns of a table as they are. Where a final table is a view
// of ours, one over it keeps all of them: to change one it has to be made anew.
func (w *shaper) views(ctx context.Context, tx Tx, has []dialect.Stored, schema, table string) error {
	if w.d.Views == "" {
		return nil
	}
	ask := func(table string) dialect.Statement {
		return dialect.Statement{SQL: w.d.Views, Args: []any{w.o.Schema, table}}
	}
	err := uses(ctx, tx, has, ask(table))
	if err != nil || len(dialect.Apart(has)) == 0 {
		return err
	}
	var over []string
	for _, c := range has {
		over = append(over, c.Views...)
	}
	slices.Sort(over)
	for i := range has {
		has[i].Views = slices.Compact(slices.Clone(over))
	}
	behind := slices.Clone(has)
	if err := uses(ctx, tx, behind, ask(dialect.RowsOf(w.d, table))); err != nil {
		return err
	}
	for i, c := range behind {
		has[i].Views = slices.DeleteFunc(c.Views, func(by string) bool { return by == w.o.Schema+"."+table })
	}
	return nil
}

// uses notes by what each column of a final table is used, as a query tells.
func uses(ctx context.Context, tx Tx, has []dialect.Stored, ask dialect.Statement) error {
	return tx.Query(ctx, func(scan Scan) error {
		var column, by string
		err := scan(&column, &by)
		if at := dialect.Place(has, column); at >= 0 {
			has[at].Views = append(has[at].Views, by)
		}
		return err
	}, ask.SQL, ask.Args...)
}

// keyPrefix is how the Ids of a table's object began when it was described last.
func (w *shaper) keyPrefix(ctx context.Context, tx Tx, t shape.Table) (prefix string, err error) {
	_, err = queryRow(ctx, tx, []any{&prefix}, "SELECT coalesce(max(key_prefix), '') FROM "+
		w.d.Table(w.o.Schema, own.ObjectsTable)+" WHERE object = $1", t.Object)
	return prefix, err
}

// storedColumns reads the columns of a table, none where there is no table.
func storedColumns(ctx context.Context, tx Tx, schema, table string) ([]dialect.Stored, error) {
	if c, ok := tx.(Catalog); ok {
		return c.Columns(ctx, schema, table)
	}
	var all []dialect.Stored
	err := tx.Query(ctx, func(scan Scan) error {
		var c dialect.Stored
		var scale, length *int
		if err := scan(&c.Name, &c.Type, &scale, &length); err != nil {
			return err
		}
		if scale != nil {
			c.Scale = *scale
		}
		if length != nil {
			c.Bytes = *length
		}
		all = append(all, c)
		return nil
	}, "SELECT column_name, data_type, CAST(numeric_scale AS INTEGER), CAST(character_maximum_length AS INTEGER) "+
		"FROM information_schema.columns WHERE table_catalog = current_database() AND table_schema = $1 AND "+
		"table_name = $2 ORDER BY ordinal_position",
		schema, table)
	return all, err
}

// finalColumns reads the columns of a final table, and which of them are in an overflow.
func finalColumns(ctx context.Context, tx Tx, w *store, table string) ([]dialect.Stored, error) {
	has, err := storedColumns(ctx, tx, w.o.Schema, table)
	if err != nil || len(has) == 0 || w.d.Overflow == nil {
		return has, err
	}
	rows, err := storedColumns(ctx, tx, w.o.Schema, dialect.RowsOf(w.d, table))
	if err != nil || len(rows) == 0 {
		return has, err
	}
	views, err := count(ctx, tx, "SELECT count(*) FROM information_schema.tables WHERE table_catalog = "+
		"current_database() AND table_schema = $1 AND table_name = $2 AND table_type = 'VIEW'", w.o.Schema, table)
	if err != nil || views == 0 { // somebody has dropped the view, and a run has made the table anew
		return has, err
	}
	for i, c := range has {
		_, there := dialect.Find(rows, c.Name)
		has[i].Apart = !there
	}
	return has, nil
}

// Stored gives the columns of t that its final table has.
func (w *shaper) Stored(ctx context.Context, t shape.Table) (shape.Table, error) {
	var has []dialect.Stored
	err := w.driver.View(ctx, func(tx Tx) (err error) {
		has, err = storedColumns(ctx, tx, w.o.Schema, t.Name)
		return err
	})
	if err != nil {
		return t, fmt.Errorf("columns of %s: %w", t.Name, err)
	}
	t.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c shape.Column) bool {
		_, ok := dialect.Find(has, c.Name)
		return !ok
	})
	return t, nil
}

// A stranger owns a schema, or a table in it. What he puts there runs with the rights of
// whoever uses it: the triggers of a table, the functions of a view.
type stranger struct {
	Schema, Table string // "" for the schema itself
	Owner         string
}

// refuse tells why nothing may be used that a stranger owns.
func (s stranger) refuse(d *dialect.Dialect) error {
	what, change := "schema "+s.Schema, "ALTER SCHEMA "+d.Quote(s.Schema)
	if s.Table != "" {
		what, change = "table "+s.Schema+"."+s.Table, "ALTER TABLE "+d.Table(s.Schema, s.Table)
	}
	return plan.Fixf("if it is meant to be there, make the user of warehouse.url its owner: "+change+
		" OWNER TO ..., or a member of the owner: GRANT "+d.Quote(s.Owner)+" TO ...; else drop it",
		"%s belongs to %s: what its owner puts there would run with the rights of the user of warehouse.url", what,
		s.Owner)
}

// owned refuses what strangers own: the schemas, and whatever has one of these names there.
func owned(ctx context.Context, tx Tx, w *store, names ...string) error {
	if w.d.Owners == "" {
		return nil
	}
	b := &dialect.Binds{Dialect: w.d}
	ask := dialect.Fill(w.d.Owners, dialect.Holes{
		"schemas": b.Texts([]string{w.o.Schema, w.o.Staging}), "names": b.Texts(names),
	})
	var refused error
	err := tx.Query(ctx, func(scan Scan) error {
		var s stranger
		err := scan(&s.Schema, &s.Table, &s.Owner)
		if refused == nil {
			refused = s.refuse(w.d)
		}
		return err
	}, ask, b.Args...)
	return cmp.Or(err, refused)
}

// noneArchived refuses to empty tables that have the last copy of records.
func noneArchived(ctx context.Context, tx Tx, w *store, of []warehouse.Mark) error {
	for _, m := range of {
		has, err := storedColumns(ctx, tx, w.o.Schema, m.Table)
		if err != nil {
			return err
		}
		if !isOurs(has, shape.Table{Name: m.Table}) {
			continue
		}
		n, err := count(ctx, tx, fmt.Sprintf("SELECT count(*) FROM %s WHERE %s = $1", w.d.Table(w.o.Schema, m.Table),
			w.d.Quote(own.DeleteReason)), string(gone.Archived))
		if err == nil && n > 0 {
			err = archived.LastCopy(m.Table, n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
