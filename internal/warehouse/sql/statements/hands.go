package statements

import (
	"fmt"
	"time"

	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// The statements that put right what somebody else's hand has done to a final table.

// Repeated picks the keys that have more rows than one.
func (s *Tables) Repeated() string {
	return fmt.Sprintf("SELECT %s AS record FROM %s f GROUP BY %s HAVING count(*) > 1 AND count(%s) > 0",
		s.RecordKey("f"), s.Rows(), s.Dialect.List("f.", s.Table.Key), s.RecordKey("f"))
}

// Nameless counts the rows without a key.
func (s *Tables) Nameless() string {
	return fmt.Sprintf("SELECT count(*) - count(%s) FROM %s f", s.RecordKey("f"), s.Rows())
}

// Single leaves one row of each key of a table with these columns. Of a final table it is one that is kept under
// every policy, if there is one.
func (s *Tables) Single(columns []dialect.Stored) []dialect.Statement {
	first := "false"
	if _, ours := dialect.Find(columns, own.DeleteReason); ours { // the table of a reading has no such column
		first = s.Col("f", own.DeleteReason) + " IN (" + literalsOf(gone.Reasons(), kept) + ")"
	}
	if s.Dialect.RowID != "" {
		return []dialect.Statement{singleByRow(s, first)}
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return singleApart(s, names, first)
}

// singleByRow leaves one row of each key where rows of one key can be told apart. first is the condition of those
// that are rather left.
func singleByRow(s *Tables, first string) dialect.Statement {
	return dialect.Statement{SQL: dialect.Fill(`DELETE FROM {final} f
USING (SELECT {key}, coalesce(max(CASE WHEN {first} THEN f.{row_id} END), max(f.{row_id})) AS kept FROM {final} f GROUP BY {key} HAVING count(*) > 1) n
WHERE {same_key} AND f.{row_id} <> n.kept`, dialect.Holes{
		"final": s.Rows(), "key": s.Dialect.List("f.", s.Table.Key), "row_id": s.Dialect.RowID,
		"same_key": s.SameKey("n", "f"), "first": first,
	})}
}

// singleApart does the same where they can't: one of them is put aside, all are deleted, and it comes back.
func singleApart(s *Tables, names []string, first string) []dialect.Statement {
	target, f := s.target(s.Options.Schema, s.RowsName(), "f")
	aside, columns := s.Quote(own.NewestTable), s.Dialect.List("", names)
	return []dialect.Statement{
		{SQL: dialect.Fill(`CREATE TEMP TABLE {aside} AS
SELECT {columns}
FROM (SELECT f.*, row_number() OVER (PARTITION BY {key} ORDER BY CASE WHEN {first} THEN 0 ELSE 1 END) AS _catchment_rank,
		count(*) OVER (PARTITION BY {key}) AS _catchment_rows
	FROM {final} f) f
WHERE _catchment_rank = 1 AND _catchment_rows > 1`, dialect.Holes{
			"aside": aside, "columns": columns, "key": s.Dialect.List("f.", s.Table.Key),
			"final": s.Rows(), "first": first,
		})},
		{SQL: fmt.Sprintf("DELETE FROM %s\nUSING %s n\nWHERE %s", target, aside, s.SameKey("n", f))},
		{SQL: fmt.Sprintf("INSERT INTO %s (%s)\nSELECT %s\nFROM %s", s.Rows(), columns, columns, aside)},
		s.drop(own.NewestTable),
	}
}

// Unstamp forgets stamps, and times of reading, that are later than latest. Those of
// an erased record's tombstone are so on purpose: no version wins over it.
func (s *Tables) Unstamp(latest time.Time) []dialect.Statement {
	change := func(table, where string) dialect.Statement {
		return dialect.Statement{SQL: dialect.Fill(`UPDATE {table}
SET {at} = CASE WHEN {at} <= {latest} THEN {at} END,
	{read_at} = CASE WHEN {read_at} <= {latest} THEN {read_at} END
WHERE {where}({at} > {latest} OR {read_at} > {latest})`, dialect.Holes{
			"table": table, "at": s.Quote(own.At), "read_at": s.Quote(own.ReadAt), "where": where,
			"latest": s.Dialect.Moment(latest.Add(evidence.Leeway).UTC()),
		})}
	}
	return []dialect.Statement{change(s.Rows(), ""),
		change(s.Tombs(), fmt.Sprintf("table_name = %s AND reason <> %s AND ", dialect.Literal(s.Table.Name),
			dialect.Literal(string(gone.Erased))))}
}
