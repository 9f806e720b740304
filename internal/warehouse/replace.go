package warehouse

import (
	"fmt"
	"slices"
	"strings"
)

// A change is a statement that writes winning versions into the final table.
type change struct {
	statement
	grows    int64 // by how many rows the table grows for each that the statement touches
	stamps   bool  // the touched rows are stamped
	replaces bool  // the touched rows were there before
}

// changes writes the winning versions. No reader sees between. Where rows have
// a place, an update that goes there takes least; DuckDB deletes and inserts
// faster than it updates, merges or inserts on conflict.
func (s *mergeSQL) changes() []change {
	var live []string // under the other policies a deleted record has a row as any other
	if s.m.Policy == Remove {
		live = []string{s.col("n", colDeleted) + " IS NULL"}
	}
	if s.d.Place == "" {
		_, f := s.target(s.o.Schema, s.m.Table.Name, "f")
		return []change{
			{statement: s.removeRows("n.known", s.sameKey("n", f)), grows: -1, replaces: true},
			{statement: s.insertRows(live...), grows: 1, stamps: true},
		}
	}
	here := "f." + s.d.Place + " = n.place"
	out := []change{
		{statement: s.updateRows(append(live, "n.known", here)...), stamps: true, replaces: true},
		{statement: s.insertRows(append(live, "NOT n.known")...), grows: 1, stamps: true},
	}
	if s.m.Policy == Remove {
		gone := s.col("n", colDeleted) + " IS NOT NULL"
		out = append(out, change{statement: s.removeRows("n.known", here, gone), grows: -1, replaces: true})
	}
	return out
}

func (s *mergeSQL) removeRows(conditions ...string) statement {
	target, _ := s.target(s.o.Schema, s.m.Table.Name, "f")
	return statement{sql: fmt.Sprintf("DELETE FROM %s\nUSING %s n%s", target, s.q(tableNewest), where(conditions))}
}

func (s *mergeSQL) insertRows(conditions ...string) statement {
	return statement{sql: fill(`INSERT INTO {final} ({names})
SELECT {values}
FROM {newest} n{where}`, holes{
		"final": s.final(), "names": s.d.list("", s.names()), "values": s.d.list("n.", s.names()),
		"newest": s.q(tableNewest), "where": where(conditions),
	})}
}

func (s *mergeSQL) updateRows(conditions ...string) statement {
	var set []string
	for _, name := range s.names() {
		if !slices.Contains(s.m.Table.Key, name) {
			set = append(set, s.q(name)+" = "+s.col("n", name))
		}
	}
	return statement{sql: fill(`UPDATE {final} f
SET {set}
FROM {newest} n{where}`, holes{
		"final": s.final(), "set": strings.Join(set, ", "), "newest": s.q(tableNewest),
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
func statements(cs []change) []statement {
	var out []statement
	for _, c := range cs {
		out = append(out, c.statement)
	}
	return out
}
