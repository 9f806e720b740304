package statements

import (
	"fmt"
	"slices"
	"strings"

	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// A Change is a statement that writes winning versions into the final table.
type Change struct {
	dialect.Statement
	Grows    int64 // by how many rows the table grows for each that the statement touches
	Stamps   bool  // the touched rows are stamped
	Replaces bool  // the touched rows were there before
}

// Changes writes the winning versions. No reader sees between. Where rows have
// a place, an update that goes there takes least; elsewhere to delete and insert is
// faster than to update, merge or insert on conflict.
func (s *Merge) Changes() []Change {
	var live []string // under the other policies a deleted record has a row as any other
	if s.Of.Policy == gone.Remove {
		live = []string{s.Col("n", own.DeletedAt) + " IS NULL"}
	}
	if s.Dialect.Place == "" {
		_, f := s.target(s.Options.Schema, s.RowsName(), "f")
		return []Change{
			{Statement: s.removeRows("n.known", s.SameKey("n", f)), Grows: -1, Replaces: true},
			{Statement: s.insertRows(live...), Grows: 1, Stamps: true},
		}
	}
	here := "f." + s.Dialect.Place + " = n.place"
	out := []Change{
		{Statement: s.updateRows(append(live, "n.known", here)...), Stamps: true, Replaces: true},
		{Statement: s.insertRows(append(live, "NOT n.known")...), Grows: 1, Stamps: true},
	}
	if s.Of.Policy == gone.Remove {
		gone := s.Col("n", own.DeletedAt) + " IS NOT NULL"
		out = append(out, Change{Statement: s.removeRows("n.known", here, gone), Grows: -1, Replaces: true})
	}
	return out
}

func (s *Merge) removeRows(conditions ...string) dialect.Statement {
	target, _ := s.target(s.Options.Schema, s.RowsName(), "f")
	return dialect.Statement{SQL: fmt.Sprintf("DELETE FROM %s\nUSING %s n%s", target, s.Quote(own.NewestTable),
		where(conditions))}
}

func (s *Merge) insertRows(conditions ...string) dialect.Statement {
	return dialect.Statement{SQL: dialect.Fill(`INSERT INTO {final} ({names})
SELECT {values}
FROM {newest} n{where}`, dialect.Holes{
		"final": s.Rows(), "names": s.Dialect.List("", s.names()), "values": s.Dialect.List("n.", s.names()),
		"newest": s.Quote(own.NewestTable), "where": where(conditions),
	})}
}

func (s *Merge) updateRows(conditions ...string) dialect.Statement {
	var set []string
	for _, name := range s.names() {
		if !slices.Contains(s.Of.Table.Key, name) {
			set = append(set, s.Quote(name)+" = "+s.Col("n", name))
		}
	}
	return dialect.Statement{SQL: dialect.Fill(`UPDATE {final} f
SET {set}
FROM {newest} n{where}`, dialect.Holes{
		"final": s.Rows(), "set": strings.Join(set, ", "), "newest": s.Quote(own.NewestTable),
		"where": where(conditions),
	})}
}

func where(conditions []string) string {
	if len(conditions) == 0 {
		return ""
	}
	return "\nWHERE " + strings.Join(conditions, " AND ")
}

// statements are those of changes.
func statements(cs []Change) []dialect.Statement {
	var out []dialect.Statement
	for _, c := range cs {
		out = append(out, c.Statement)
	}
	return out
}
