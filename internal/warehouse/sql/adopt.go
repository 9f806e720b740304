package sql

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
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

// A foreign is a table that is taken over, as it was found.
type foreign struct {
	warehouse.Adopted
	schema string
	has    []dialect.Stored
}

// keptSuffix ends the name of a table that was taken over.
const keptSuffix = "_before_catchment"

// Survey looks at the tables of a flow that somebody else made, and changes
// nothing. ids are the columns that hold Ids. Rows that can't be told apart by
// an Id are refused.
func (w *adopter) Survey(ctx context.Context, t shape.Table, ids []string) (warehouse.Adoption, error) {
	var a warehouse.Adoption
	err := w.driver.View(ctx, func(tx Tx) (err error) {
		a, _, err = w.survey(ctx, tx, t, ids)
		return err
	})
	if err != nil {
		return warehouse.Adoption{}, fmt.Errorf("survey %s: %w", t.Name, err)
	}
	return a, nil
}

func (w *adopter) survey(
	ctx context.Context, tx Tx, t shape.Table, ids []string,
) (warehouse.Adoption, []foreign, error) {
	a := warehouse.Adoption{Table: t.Name}
	var found []foreign
	if len(t.Key) != 1 || !slices.Contains(ids, t.Key[0]) {
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
		one := foreign{Adopted: warehouse.Adopted{Name: schema + "." + t.Name,
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
		a.Rows += one.Rows
		a.Sources = append(a.Sources, one.Adopted)
		found = append(found, one)
		all = append(all, "SELECT "+w.longID(w.d.Quote(key.Name))+" AS k FROM "+w.d.Table(schema, t.Name))
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
	ctx context.Context, tx Tx, a *warehouse.Adoption, one foreign, key dialect.Stored,
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

// longID is an Id with the three characters that say which of its letters are
// capitals: each stands for five of them, from the right (Salesforce, "ID Field
// Type"). An Id that has 18 stays.
func (w *adopter) longID(v string) string {
	v = w.trimmed(v)
	var ends strings.Builder
	for chunk := range 3 {
		var bits []string
		for i := range 5 {
			bits = append(bits,
				fmt.Sprintf("CASE WHEN strpos('ABCDEFGHIJKLMNOPQRSTUVWXYZ', substring(%s, %d, 1)) > 0 "+
					"THEN %d ELSE 0 END", v, 5*chunk+i+1, 1<<i))
		}
		fmt.Fprintf(&ends, " || substring('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 1 + %s, 1)", strings.Join(bits, " + "))
	}
	return dialect.Fill("CASE WHEN length({id}) = 15 THEN {id}{ends} ELSE {id} END",
		dialect.Holes{"id": v, "ends": ends.String()})
}

// Adopt takes the tables of a flow over: the final table is made anew, with the
// newest version of each record, and the old ones are kept under another name.
// It is one transaction: a crash leaves everything as it was. A repeat finds
// nothing to adopt.
func (w *adopter) Adopt(
	ctx context.Context, f warehouse.Fence, m warehouse.Merge, ids []string,
) (warehouse.Adoption, error) {
	m.Attempt, m.Pages, m.Rows, m.Complete, m.Override, m.AllowDeletes = "", 0, 0, false, false, true
	m.AbsentReason = absentReason(m)
	var a warehouse.Adoption
	err := w.fencedOn(ctx, f, "adopt "+m.Table.Name, []string{w.final(m.Table)}, func(tx Tx) error {
		var err error
		var found []foreign
		if a, found, err = w.survey(ctx, tx, m.Table, ids); err != nil || len(found) == 0 {
			return err
		}
		wide := m
		wide.Table = withUnknown(w.d, m.Table, found)
		if err := w.moveAside(ctx, tx, wide.Table, found); err != nil {
			return err
		}
		for _, one := range found {
			n, err := w.moveIn(ctx, tx, wide.Table, one, ids)
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
func withUnknown(d *dialect.Dialect, t shape.Table, sources []foreign) shape.Table {
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
func (w *adopter) moveAside(ctx context.Context, tx Tx, t shape.Table, found []foreign) error {
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
func (w *adopter) moveIn(ctx context.Context, tx Tx, t shape.Table, one foreign, ids []string) (int64, error) {
	var names, values []string
	for _, c := range t.Columns {
		has, ok := dialect.Find(one.has, c.Name)
		if !ok {
			continue
		}
		names = append(names, w.d.Quote(c.Name))
		values = append(values, w.converted(c, has, slices.Contains(ids, c.Name)))
	}
	return tx.Exec(ctx, dialect.Fill(`INSERT INTO {staging} ({names})
SELECT {values}
FROM {kept}`, dialect.Holes{
		"staging": w.staging(t), "names": strings.Join(names, ", "), "values": strings.Join(values, ", "),
		"kept": w.d.Table(one.schema, t.Name+keptSuffix),
	}))
}

// converted is a value of an old table as our column takes it. AppFlow may have
// written everything as text.
func (w *adopter) converted(c shape.Column, has dialect.Stored, id bool) string {
	v := w.d.Quote(has.Name)
	bare, _, _ := strings.Cut(has.Type, "(")
	conversion, special := conversions()[c.Kind]
	switch {
	case id:
		return "nullif(" + w.longID(v) + ", '')"
	case c.Kind == shape.Text && textual(bare):
		return "nullif(" + v + ", '')" // Salesforce has no empty texts
	case strings.EqualFold(bare, w.d.Of(c.Kind).Stored):
		return v
	case special:
		return dialect.Convert(conversion, w.trimmed(v), w.d.TypeOf(c))
	case textual(bare):
		return fmt.Sprintf("CAST(nullif(%s, '') AS %s)", w.trimmed(v), w.d.TypeOf(c))
	}
	return fmt.Sprintf("CAST(%s AS %s)", v, w.d.TypeOf(c))
}

// textual tells whether a column of somebody else's holds texts, of any length.
func textual(bare string) bool {
	bare = strings.ToLower(bare)
	return strings.HasPrefix(bare, "char") || strings.HasPrefix(bare, "varchar") || bare == "text"
}

// conversions is SQL that makes a value of a {text} that somebody else wrote, as
// a {type}, for the kinds for which CAST doesn't.
func conversions() map[shape.Kind]string {
	return map[shape.Kind]string{
		shape.Bool: "CASE lower({text}) WHEN 'true' THEN true WHEN 't' THEN true WHEN '1' THEN true " +
			"WHEN 'false' THEN false WHEN 'f' THEN false WHEN '0' THEN false END",
		shape.Time: "CAST(replace(nullif({text}, ''), 'Z', '') AS {type})",
	}
}
