package sql

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/adoption"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/foreign"
	"catchment/internal/warehouse/sql/own"
)

// An adopter is an Adopter.
type adopter struct {
	*store
	shapes *shaper
	merges *merger
}

// A table that somebody else filled, AppFlow with a row for each change of a
// record, is taken over in one transaction: its rows become versions, the
// newest of each record makes the final table, and the old table stays under
// another name.

// A strange is a table that is taken over, as it was found.
type strange struct {
	adoption.Table
	schema string
	has    []dialect.Stored
}

// keptSuffix ends the name of a table that was taken over.
const keptSuffix = "_before_catchment"

// Survey looks at the tables of a flow that somebody else made, and changes
// nothing. Rows that can't be told apart by an Id are refused.
func (w *adopter) Survey(ctx context.Context, t shape.Table, how adoption.Taking) (warehouse.Adoption, error) {
	var a warehouse.Adoption
	err := w.driver.View(ctx, func(tx Tx) (err error) {
		a, _, err = w.survey(ctx, tx, t, how)
		return err
	})
	if err != nil {
		return warehouse.Adoption{}, fmt.Errorf("survey %s: %w", t.Name, err)
	}
	return a, nil
}

func (w *adopter) survey(
	ctx context.Context, tx Tx, t shape.Table, how adoption.Taking,
) (warehouse.Adoption, []strange, error) {
	a := warehouse.Adoption{Table: t.Name}
	var found []strange
	if len(t.Key) != 1 || !slices.Contains(how.IDs, t.Key[0]) {
		return a, nil, plan.Fixf("copy it anew", "%s has no Id to tell its rows by", t.Object)
	}
	if err := owned(ctx, tx, w.store, t.Name); err != nil {
		return a, nil, err
	}
	var all []string
	for _, schema := range []string{w.o.Schema, w.o.Staging} {
		has, err := storedColumns(ctx, tx, schema, t.Name)
		if err != nil {
			return a, nil, err
		}
		if len(has) == 0 ||
			slices.ContainsFunc(has, func(c dialect.Stored) bool {
				return strings.HasPrefix(strings.ToLower(c.Name), shape.OwnPrefix)
			}) {
			continue // there is none, or it is ours
		}
		one := strange{Table: adoption.Table{Name: schema + "." + t.Name,
			Kept: schema + "." + t.Name + keptSuffix},
			schema: schema, has: has}
		key, ok := dialect.Find(has, t.Key[0])
		if !ok {
			return a, nil, plan.Fixf("rename that table, or take the flow out", "table %s has no column %s",
				one.Name, t.Key[0])
		}
		for _, name := range dialect.Payload(has) {
			if !slices.ContainsFunc(t.Columns, func(c shape.Column) bool { return strings.EqualFold(c.Name, name) }) {
				one.Unknown = append(one.Unknown, name)
			}
		}
		if one.Rows, err = w.surveyOne(ctx, tx, &a, one, key); err != nil {
			return a, nil, err
		}
		if err := w.surveyValues(ctx, tx, t, &one, how); err != nil {
			return a, nil, err
		}
		a.Rows += one.Rows
		a.Sources = append(a.Sources, one.Table)
		found = append(found, one)
		all = append(all, "SELECT "+foreign.LongID(w.trimmed(w.d.Quote(key.Name)))+
			" AS k FROM "+w.d.Table(schema, t.Name))
	}
	if len(all) == 0 {
		return a, nil, nil
	}
	var err error
	a.Keys, err = count(ctx, tx, "SELECT count(DISTINCT k"+w.d.Bytewise+") FROM ("+
		strings.Join(all, " UNION ALL ")+") x")
	return a, found, err
}

// surveyOne counts the rows of a table, and refuses those without an Id.
func (w *adopter) surveyOne(
	ctx context.Context, tx Tx, a *warehouse.Adoption, one strange, key dialect.Stored,
) (int64, error) {
	var rows, short, bad int64
	_, err := queryRow(ctx, tx, []any{&rows, &short, &bad}, dialect.Fill(
		"SELECT count(*), count(CASE WHEN length({id}) = 15 THEN 1 END), "+
			"count(CASE WHEN length({id}) IN (15, 18) THEN NULL ELSE 1 END) FROM {table}",
		dialect.Holes{"id": w.trimmed(w.d.Quote(key.Name)), "table": w.d.Table(one.schema, a.Table)}))
	if err != nil {
		return 0, err
	}
	if bad > 0 {
		return 0, plan.Fixf("mend or delete them: SELECT * FROM "+one.Name+" WHERE length("+key.Name+
			") NOT IN (15, 18) OR "+key.Name+" IS NULL",
			"%d of %d rows of %s have no Id of 15 or 18 characters", bad, rows, one.Name)
	}
	a.Short += short
	return rows, nil
}

// trimmed is a text without the blanks that a CHAR column adds.
func (w *adopter) trimmed(v string) string {
	return "trim(CAST(" + v + " AS " + w.d.Type(shape.Text, 0) + "))"
}

// Adopt takes the tables of a flow over: the final table is made anew, with the
// newest version of each record, and the old ones are kept under another name.
// It is one transaction: a crash leaves everything as it was. A repeat finds
// nothing to adopt.
func (w *adopter) Adopt(
	ctx context.Context, f warehouse.Fence, m warehouse.Merge, how adoption.Taking,
) (warehouse.Adoption, error) {
	m.Attempt, m.Pages, m.Rows, m.Complete, m.Override, m.AllowDeletes = "", 0, 0, false, false, true
	m.AbsentReason = absentReason(m)
	var a warehouse.Adoption
	err := w.fencedOn(ctx, f, "adopt "+m.Table.Name, []string{w.final(m.Table)}, func(tx Tx) error {
		var err error
		var found []strange
		if a, found, err = w.survey(ctx, tx, m.Table, how); err != nil || len(found) == 0 {
			return err
		}
		wide := m
		wide.Table = withUnknown(w.d, m.Table, found)
		if err := w.moveAside(ctx, tx, wide.Table, found); err != nil {
			return err
		}
		for _, one := range found {
			n, err := w.moveIn(ctx, tx, wide.Table, one, how.IDs)
			if err != nil {
				return err
			}
			if n != one.Rows {
				return plan.Failf(plan.Retry, "",
					"%d rows of %s were counted, %d came over: somebody is still writing into it",
					one.Rows, one.Name, n)
			}
		}
		j, err := w.merges.newJoin(ctx, tx, wide, nil)
		if err != nil {
			return err
		}
		if err := j.merge(ctx, tx); err != nil {
			return err
		}
		if err := w.merges.settle(ctx, tx, f, wide, j); err != nil {
			return err
		}
		a.Counts = j.counts
		return w.accountAdopted(ctx, tx, m, &a)
	})
	return a, err
}

// accountAdopted proves that no record was lost (invariant 6).
func (w *adopter) accountAdopted(ctx context.Context, tx Tx, m warehouse.Merge, a *warehouse.Adoption) error {
	var err error
	if a.After, err = count(ctx, tx, "SELECT count(*) FROM "+w.final(m.Table)); err != nil {
		return err
	}
	kept := a.After
	switch m.Policy {
	case gone.Ignore: // a record that was deleted before it was ever copied has no row
		return nil
	case gone.Remove:
		buried, err := count(ctx, tx, "SELECT count(*) FROM "+w.own(own.TombstoneTable)+" WHERE table_name = $1",
			m.Table.Name)
		if err != nil {
			return err
		}
		kept += buried
	}
	if kept < a.Keys {
		return plan.Failf(plan.Bug, "nothing was changed; report it",
			"the old tables hold %d records, the new one would hold %d", a.Keys, kept)
	}
	return nil
}

// withUnknown is the flow's table with the columns that only the old tables
// have.
func withUnknown(d *dialect.Dialect, t shape.Table, sources []strange) shape.Table {
	t.Columns = slices.Clone(t.Columns)
	for _, one := range sources {
		for _, name := range one.Unknown {
			if slices.ContainsFunc(t.Columns, func(c shape.Column) bool { return strings.EqualFold(c.Name, name) }) {
				continue
			}
			has, _ := dialect.Find(one.has, name)
			c := shape.Column{Name: name, Field: name, Kind: shape.Text}
			for _, t := range d.Types {
				if bare, _, _ := strings.Cut(has.Type, "("); t.Kind != shape.Text && strings.EqualFold(bare, t.Stored) {
					c.Kind, c.Scale = t.Kind, has.Scale
				}
			}
			t.Columns = append(t.Columns, c)
		}
	}
	return t
}

// moveAside gives the old tables their other names and makes ours.
func (w *adopter) moveAside(ctx context.Context, tx Tx, t shape.Table, found []strange) error {
	for _, one := range found {
		sql := fmt.Sprintf("ALTER TABLE %s RENAME TO %s", w.d.Table(one.schema, t.Name), w.d.Quote(t.Name+keptSuffix))
		if _, err := tx.Exec(ctx, sql); err != nil {
			return fmt.Errorf("keep %s as %s: %w", one.Name, one.Kept, err)
		}
	}
	todo, _, isNew, err := w.shapes.admit(ctx, tx, t)
	if err != nil {
		return err
	}
	if isNew {
		grants, err := w.shapes.grants(ctx, tx, t)
		if err != nil {
			return err
		}
		todo = append(todo, grants...)
	}
	return doSteps(ctx, tx, todo)
}

// moveIn copies the rows of an old table into staging, as rows that nobody
// claims.
func (w *adopter) moveIn(ctx context.Context, tx Tx, t shape.Table, one strange, ids []string) (int64, error) {
	var names, values []string
	for _, c := range t.Columns {
		has, ok := dialect.Find(one.has, c.Name)
		if !ok {
			continue
		}
		names = append(names, w.d.Quote(c.Name))
		values = append(values, w.converted(c, has, slices.Contains(ids, c.Name)))
	}
	if c, ok := dialect.Find(one.has, one.Stamp); ok && !stampOf(t, one.Stamp) {
		names = append(names, w.d.Quote(own.At))
		values = append(values, w.converted(shape.Column{Kind: shape.Timestamp}, c, false))
	}
	return tx.Exec(ctx, dialect.Fill(`INSERT INTO {staging} ({names})
SELECT {values}
FROM {kept}`, dialect.Holes{
		"staging": w.staging(t), "names": strings.Join(names, ", "), "values": strings.Join(values, ", "),
		"kept": w.d.Table(one.schema, t.Name+keptSuffix),
	}))
}

// fieldModified is the stamp of those that didn't map SystemModstamp.
const fieldModified = "LastModifiedDate"

// stampOf tells whether a column is the one of the record's stamp.
func stampOf(t shape.Table, column string) bool {
	c, ok := t.Column(shape.FieldStamp)
	return ok && strings.EqualFold(c.Name, column)
}

// stampIn is the column of an old table that tells the newest row of a record, "" where
// it has none.
func stampIn(t shape.Table, has []dialect.Stored) string {
	for _, field := range []string{shape.FieldStamp, fieldModified} {
		names := []string{field}
		if c, ok := t.Column(field); ok {
			names = []string{c.Name, field}
		}
		for _, name := range names {
			if c, ok := dialect.Find(has, name); ok {
				return c.Name
			}
		}
	}
	return ""
}

// surveyValues looks for what tells the newest row, and for values that can't be read;
// it refuses what it isn't allowed to let pass.
func (w *adopter) surveyValues(
	ctx context.Context, tx Tx, t shape.Table, one *strange, how adoption.Taking,
) error {
	if one.Stamp = stampIn(t, one.has); one.Stamp == "" && !how.Unstamped {
		return plan.Fixf("let AppFlow bring SystemModstamp too, or take it over as it is: catchment adopt "+t.Object+
			" --unstamped; then any row of a record may be the one that stays, until the next run has read the object",
			"table %s has no column systemmodstamp or lastmodifieddate, by which the newest row of a record is told",
			one.Name)
	}
	suspects := w.suspects(t, *one)
	if len(suspects) == 0 || one.Rows == 0 {
		return nil
	}
	counts := make([]string, len(suspects))
	bad, into := make([]int64, len(suspects)), make([]any, len(suspects))
	for i, s := range suspects {
		counts[i], into[i] = "count(CASE WHEN "+s.unreadable+" THEN 1 END)", &bad[i]
	}
	table := w.d.Table(one.schema, t.Name)
	if _, err := queryRow(ctx, tx, into, "SELECT "+strings.Join(counts, ", ")+" FROM "+table); err != nil {
		return err
	}
	var told, look []string
	one.Unread = map[string]int64{}
	for i, s := range suspects {
		if bad[i] > 0 {
			one.Unread[s.name] = bad[i]
			told = append(told, fmt.Sprintf("%d have a %s that is no %s", bad[i], s.name, s.kind))
			look = append(look, "SELECT * FROM "+table+" WHERE "+s.unreadable)
		}
	}
	if len(told) == 0 || how.Unread {
		return nil
	}
	return plan.Fixf("look at them: "+strings.Join(look, "; ")+"\nmend them, or leave these values out, which stay in "+
		"the old table: catchment adopt "+t.Object+" --unread",
		"of %d rows of %s %s", one.Rows, one.Name, strings.Join(told, ", "))
}

// A suspect is a column of an old table whose values may not be what the field's are.
type suspect struct {
	name, kind string
	unreadable string // SQL that is true where a value can't be read
}

func (w *adopter) suspects(t shape.Table, one strange) (all []suspect) {
	add := func(kind shape.Kind, has dialect.Stored, isStamp bool) {
		text, ok := w.foreignText(has)
		if f, special := foreign.Of(kind); ok && special {
			all = append(all, suspect{has.Name, f.Says, f.Unreadable(text, isStamp)})
		} else if isStamp {
			all = append(all, suspect{has.Name, "time", w.d.Quote(has.Name) + " IS NULL"})
		}
	}
	for _, c := range t.Columns {
		if has, ok := dialect.Find(one.has, c.Name); ok && has.Name != one.Stamp {
			add(c.Kind, has, false)
		}
	}
	if has, ok := dialect.Find(one.has, one.Stamp); ok {
		add(shape.Timestamp, has, true)
	}
	return all
}

// foreignText is a value of a column as a text, where it is a text or a number.
func (w *adopter) foreignText(has dialect.Stored) (string, bool) {
	bare, _, _ := strings.Cut(has.Type, "(")
	return w.trimmed(w.d.Quote(has.Name)), foreign.IsText(bare) || foreign.IsNumber(bare)
}

// converted is a value of an old table as our column takes it.
func (w *adopter) converted(c shape.Column, has dialect.Stored, id bool) string {
	v := w.d.Quote(has.Name)
	bare, _, _ := strings.Cut(has.Type, "(")
	text, theirs := w.foreignText(has)
	f, special := foreign.Of(c.Kind)
	switch {
	case id:
		return "nullif(" + foreign.LongID(text) + ", '')"
	case c.Kind == shape.Text && foreign.IsText(bare):
		return "nullif(" + v + ", '')" // Salesforce has no empty texts
	case strings.EqualFold(bare, w.d.Of(c.Kind).Stored):
		return v
	case special && theirs:
		return dialect.Convert(f.Value(), text, w.d.TypeOf(c))
	case foreign.IsText(bare):
		return fmt.Sprintf("CAST(nullif(%s, '') AS %s)", text, w.d.TypeOf(c))
	}
	return fmt.Sprintf("CAST(%s AS %s)", v, w.d.TypeOf(c))
}
