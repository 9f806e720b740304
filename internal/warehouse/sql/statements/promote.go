package statements

import (
	"fmt"
	"slices"
	"strings"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// A staged table is promoted where its rows are all that the final table is going to have. It
// loses the columns that only staging needs and gets those that only a merge fills in, and
// then it takes the place of the final table, which holds nothing.

// StampStaging gives an empty staging table the column that makes it one to be promoted, for rows
// that have the stamp of their record in a column, "" for none.
func (s *Tables) StampStaging(stamp string) string {
	return fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s", s.Staging(), s.Quote(own.Stamp),
		dialect.Fill(s.Dialect.Promotion.Stamp, dialect.Holes{
			"type": s.Dialect.Type(shape.Timestamp, 0), "version": stamped(s.Quote, stamp),
		}))
}

// UnstampStaging takes it away again.
func (s *Tables) UnstampStaging() string {
	return fmt.Sprintf("ALTER TABLE %s DROP COLUMN %s", s.Staging(), s.Quote(own.Stamp))
}

// AnyStaged tells whether anything is staged, as 1 or 0.
func (s *Tables) AnyStaged() dialect.Statement {
	return dialect.Statement{SQL: "SELECT count(*) FROM (SELECT 1 FROM " + s.Staging() + " LIMIT 1) x"}
}

// lost are our own columns of a staging table that it loses.
func lost(how *dialect.Promotion) []shape.Column {
	if how.Apart {
		return told()
	}
	return without(own.Staging(), shape.Column{Name: own.ReadAt})
}

// A Promotion writes the statements that promote the table of a merge which has but this part.
type Promotion struct {
	*Merge
	part Part
}

// NewPromotion is that of a merge, if its parts allow one: whole records, all of one reading.
func NewPromotion(s *Merge, parts []Part) (Promotion, bool) {
	if len(parts) != 1 {
		return Promotion{}, false
	}
	p := parts[0]
	return Promotion{s, p}, p.Op == warehouse.Put && p.Jobs != nil && !p.override && !p.again
}

// Rows is how many rows its part has, as the ledger has it.
func (s Promotion) Rows() int64 { return s.part.Rows }

// Promoted is the columns that a staged table has once it is promoted.
func (s Promotion) Promoted(staged []dialect.Stored) []dialect.Stored {
	var out []dialect.Stored
	for _, c := range staged {
		switch {
		case slices.ContainsFunc(lost(s.Dialect.Promotion), func(l shape.Column) bool { return l.Name == c.Name }):
			continue
		case c.Name == own.Stamp:
			c.Name = own.At
		}
		out = append(out, c)
	}
	for _, c := range gained() {
		out = append(out, dialect.Stored{Name: c.Name, Type: s.Dialect.Of(c.Kind).Stored})
	}
	return out
}

// Others counts what others have made of both tables that stands against it.
func (s Promotion) Others() dialect.Statement {
	args := []any{s.Options.Schema, s.Options.Staging, s.Of.Table.Name}
	if s.Dialect.Promotion.Apart {
		args = []any{s.Options.Schema, s.Of.Table.Name}
	}
	return dialect.Statement{SQL: s.Dialect.Promotion.Others, Args: args}
}

// Lock keeps everybody else from the final table.
func (s Promotion) Lock() dialect.Statement {
	return dialect.Statement{SQL: dialect.Fill(s.Dialect.Promotion.Lock, dialect.Holes{"table": s.Final()})}
}

// Count counts all that is staged, what of it is of the part and has the stamp that a merge would
// give it, and what is of deleted records.
func (s Promotion) Count() dialect.Statement {
	b := s.Binds()
	return b.Statement(dialect.Fill(`SELECT count(*), count(CASE WHEN {of_part} AND {stamped} THEN 1 END),
	count(CASE WHEN {deleted} THEN 1 END)
FROM {staging} v`, dialect.Holes{
		"of_part": s.where(s.part, b), "stamped": s.stamped(),
		"deleted": s.deleted(s.part), "staging": s.Staging(),
	}))
}

// stamped tells whether a version was loaded with the stamp that a merge would give it.
func (s Promotion) stamped() string {
	if !s.Dialect.Promotion.Apart {
		return s.Dialect.Same(s.Col("v", own.Stamp), s.at(s.part))
	}
	at := s.Col("v", own.ReadAt)
	if name, ok := s.part.carries(s.Of.Table, shape.FieldStamp); ok {
		at = "coalesce(" + s.Col("v", name) + ", " + at + ")"
	}
	return s.Dialect.Same(s.Col("v", own.At), at)
}

// Promote makes the staged table the final one, and a new staging table where it was that.
func (s Promotion) Promote() []dialect.Statement {
	if s.Dialect.Promotion.Apart {
		return First{&s.Tables}.becomes(s.Now)
	}
	d, how, table := s.Dialect, s.Dialect.Promotion, s.Of.Table
	aside := shape.Shorten(d.LongestName, own.AsideTable+table.Name, table.Name)
	stamp := s.Quote(own.Stamp)
	var drops, adds []string
	for _, c := range lost(how) {
		drops = append(drops, "DROP COLUMN "+s.Quote(c.Name))
	}
	for _, c := range gained() {
		add := "ADD COLUMN " + d.Define(c)
		if c.Name == own.SyncedAt {
			add += " DEFAULT " + d.Moment(s.Now)
		}
		adds = append(adds, add)
	}
	staging, final := s.Staging(), s.Final()
	alter := func(table, how string) string { return "ALTER TABLE " + table + " " + how }
	rights := func(from, to string) string {
		return dialect.Fill(how.Rights, dialect.Holes{"from": dialect.Literal(from), "to": dialect.Literal(to)})
	}
	var out []dialect.Statement
	for _, sql := range []string{
		alter(final, "RENAME TO "+s.Quote(aside)),
		dialect.Fill(how.Freeze, dialect.Holes{"table": staging, "column": stamp}),
		alter(staging, strings.Join(drops, ", ")),
		alter(staging, "RENAME COLUMN "+stamp+" TO "+s.Quote(own.At)),
		alter(staging, strings.Join(adds, ", ")),
		alter(staging, "ALTER COLUMN "+s.Quote(own.SyncedAt)+" DROP DEFAULT"),
		dialect.Fill(how.Move, dialect.Holes{"table": staging, "schema": s.Quote(s.Options.Schema)}),
		dialect.CreateTable(d, s.Options.Staging, table, dialect.Layout(table, own.Staging())),
		rights(final, staging),
		rights(d.Table(s.Options.Schema, aside), final),
		"DROP TABLE " + d.Table(s.Options.Schema, aside),
	} {
		out = append(out, dialect.Statement{SQL: sql})
	}
	return out
}

// SettleDeleted does with the rows of deleted records what the policy wants, once their table is
// promoted.
func (s Promotion) SettleDeleted() []dialect.Statement {
	b := s.Binds()
	deleted := s.deleted(s.part)
	if s.Of.Policy == gone.Flag {
		return []dialect.Statement{b.Statement(dialect.Fill("UPDATE {final} AS v\n"+
			"SET {deleted_at} = coalesce({at}, {now}), {delete_reason} = {reason}\nWHERE {deleted}", dialect.Holes{
			"final": s.Final(), "deleted_at": s.Quote(own.DeletedAt), "at": s.Col("v", own.At),
			"now": b.Value(s.Now, shape.Timestamp), "delete_reason": s.Quote(own.DeleteReason),
			"reason": s.reason(s.part), "deleted": deleted,
		}))}
	}
	var out []dialect.Statement
	if s.Of.Policy == gone.Remove {
		out = append(out, b.Statement(dialect.Fill(`INSERT INTO {tombstones}
SELECT {table}, {key}, {at}, {read_at}, {reason}, {now}
FROM {final} v
WHERE {deleted}`, dialect.Holes{
			"tombstones": s.Tombs(), "table": b.Text(s.Of.Table.Name), "key": s.RecordKey("v"),
			"at": s.Col("v", own.At), "read_at": s.Col("v", own.ReadAt), "reason": s.reason(s.part),
			"now": b.Value(s.Now, shape.Timestamp), "final": s.Final(), "deleted": deleted,
		})))
	}
	return append(out, dialect.Statement{SQL: "DELETE FROM " + s.Final() + " AS v WHERE " + deleted})
}
