package statements

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// Compare writes the statements of one comparison: s is the reading, f the
// final table.
type Compare struct {
	Tables
	Comparison evidence.Comparison
	Reading    string
	Suspect    string
	Asked      string
	Columns    []dialect.Stored // of the reading
	Kept       []dialect.Stored // of the final table
}

// Unit stands between the texts of a key, and behind the names of columns.
const Unit = "\x1f"

// Live tells whether a final row is of a record that isn't deleted, or one that is judged as if it weren't.
func (s *Compare) Live(alias string) string {
	if s.Comparison.Deleted {
		return "true"
	}
	return s.Col(alias, own.DeletedAt) + " IS NULL"
}

// stamp is the column that tells when a record changed, or "".
func (s *Compare) stamp() string {
	if s.Comparison.Stamp != "" || s.Comparison.Snapshot != nil {
		return s.Comparison.Stamp
	}
	c, _ := s.Comparison.Table.Column(shape.FieldStamp)
	return c.Name
}

// Record is the key as one text; a key that is one is left as it is, so that
// an index on it can be used.
func (s *Compare) Record(alias string) string {
	prefix := ""
	if alias != "" {
		prefix = alias + "."
	}
	texts := make([]string, len(s.Comparison.Table.Key))
	for i, k := range s.Comparison.Table.Key {
		c := s.Comparison.Table.Columns[slices.IndexFunc(s.Comparison.Table.Columns, func(c shape.Column) bool {
			return c.Name == k
		})]
		texts[i] = prefix + s.Quote(k)
		if c.Kind != shape.Text || len(texts) > 1 {
			texts[i] = fmt.Sprintf("CAST(%s AS %s)", texts[i], s.Dialect.Type(shape.Text, 0))
		}
	}
	return strings.Join(texts, " || chr(31) || ")
}

// Source is the reading, or what it says of the records that were asked for.
func (s *Compare) Source(asked bool) string { return s.source(s.only(asked)) }

// source is what the reading says of the records that meet all of some conditions on r.
func (s *Compare) source(only []string) string {
	stamp, gone := "CAST(NULL AS "+s.Dialect.Type(shape.Timestamp, 0)+")", "false"
	if name := s.stamp(); name != "" {
		stamp = s.Col("r", name)
	}
	if c, ok := s.isDeleted(); ok {
		gone = "coalesce(" + s.Col("r", c.Name) + ", false)"
	}
	columns, from := "r.*", s.Reading+" r"
	if len(dialect.Apart(s.Columns)) > 0 {
		var values []string
		from, values = dialect.Unfolded(s.Dialect, s.Reading, s.Columns)
		columns = strings.Join(values, ", ")
	}
	sql := fmt.Sprintf("SELECT %s, %s AS _catchment_stamp, %s AS _catchment_gone FROM %s", columns, stamp, gone, from)
	if len(only) > 0 {
		sql += " WHERE " + strings.Join(only, " AND ")
	}
	return "(" + sql + ")"
}

// only is the condition on r that leaves the records that were asked for; none leaves all.
func (s *Compare) only(asked bool) []string {
	if !asked {
		return nil
	}
	return []string{fmt.Sprintf("%s IN (SELECT record FROM %s)", s.Record("r"), s.Asked)}
}

// within is the conditions on r that leave the records of a stretch.
func (s *Compare) within(in Stretch, b *dialect.Binds) []string {
	var all []string
	key := s.Record("r") + s.Dialect.Bytewise
	if in.From != "" {
		all = append(all, key+" >= "+b.Text(in.From))
	}
	if in.Before != "" {
		all = append(all, key+" < "+b.Text(in.Before))
	}
	return all
}

// Sample asks for the key of one row in so many of the reading, in order.
func (s *Compare) Sample(every int64) string {
	return dialect.Fill("SELECT {key} AS record FROM {reading} s WHERE {row} % {every} = 0 ORDER BY {key}{bytewise}",
		dialect.Holes{
			"key": s.Record("s"), "reading": s.Reading, "row": s.Dialect.RowID, "every": fmt.Sprint(every),
			"bytewise": s.Dialect.Bytewise,
		})
}

// rows is the live rows of the final table that meet all of some conditions on r.
func (s *Compare) rows(only []string) string {
	names := []string{own.At, own.ReadAt}
	for _, c := range s.Comparison.Table.Columns {
		names = append(names, c.Name)
	}
	for _, c := range s.Comparison.Retired {
		names = append(names, c.Column)
	}
	columns := make([]dialect.Stored, len(names))
	for i, name := range names {
		columns[i] = dialect.Stored{Name: name}
		if stored, ok := dialect.Find(s.Kept, name); ok {
			columns[i] = stored
		}
	}
	from, values := dialect.Unfolded(s.Dialect, s.Rows(), columns)
	only = append([]string{s.Live("r")}, only...)
	return fmt.Sprintf("(SELECT %s FROM %s WHERE %s)", strings.Join(values, ", "), from, strings.Join(only, " AND "))
}

// ahead tells whether a row is: a Comparison says what that means.
func (s *Compare) ahead() string {
	if s.Comparison.Clock.IsZero() {
		return "false"
	}
	at := s.Col("f", own.At)
	return dialect.Fill("coalesce({read_at} > {latest} OR {at} > {latest} AND {differs}, false)", dialect.Holes{
		"read_at": s.Col("f", own.ReadAt), "at": at, "differs": s.Dialect.Differs(at, "s._catchment_stamp"),
		"latest": s.Dialect.Moment(s.Comparison.Clock.Add(evidence.Leeway).UTC()),
	})
}

// waits is why a difference isn't counted as one: pending or unjudged.
func (s *Compare) waits(inSource, inRows string) string {
	if s.Comparison.Snapshot == nil {
		return dialect.Fill(`CASE
		WHEN {ahead} THEN NULL
		WHEN s._catchment_stamp >= {before} THEN 'pending'
		WHEN {source_key} IS NULL AND {row_at} >= {before} THEN 'pending' END`, dialect.Holes{
			"ahead": s.ahead(), "before": s.before(), "source_key": s.Col("s", s.Comparison.Table.Key[0]),
			"row_at": s.Col("f", own.At),
		})
	}
	extra, missing := "'unjudged'", "'unjudged'"
	if at := s.Comparison.Snapshot.ReadAt; !at.IsZero() {
		extra = dialect.Fill("CASE WHEN {read_at} >= {snapshot} AND NOT {ahead} THEN 'pending' END", dialect.Holes{
			"read_at": s.Col("f", own.ReadAt), "snapshot": s.Dialect.Moment(at.UTC()), "ahead": s.ahead(),
		})
	}
	if born := s.Comparison.Snapshot.Born; born != "" {
		missing = dialect.Fill("CASE WHEN {born} IS NULL THEN 'unjudged' WHEN {born} >= {before} THEN 'pending' END",
			dialect.Holes{"born": s.Col("s", born), "before": s.before()})
	}
	return dialect.Fill(`CASE
		WHEN {in_rows} AND NOT coalesce({in_source}, false) THEN {extra}
		WHEN {in_source} AND NOT ({in_rows}) THEN {missing}
		WHEN {ahead} THEN NULL
		ELSE 'unjudged' END`, dialect.Holes{
		"in_rows": inRows, "in_source": inSource, "extra": extra, "missing": missing, "ahead": s.ahead(),
	})
}

// judge writes down what differs in a stretch, and how.
func (s *Compare) judge(in Stretch, asked bool) dialect.Statement {
	b := s.Binds()
	source := s.source(append(s.only(asked), s.within(in, b)...))
	rows := s.rows(append(s.only(asked), s.within(in, b)...))
	first := s.Comparison.Table.Key[0]
	inSource, inRows := s.Col("s", first)+" IS NOT NULL AND NOT s._catchment_gone", s.Col("f", first)+" IS NOT NULL"
	stale := s.ahead()
	if name := s.stamp(); name != "" {
		stale += " OR " + s.Dialect.Differs("s._catchment_stamp", s.Col("f", name))
	}
	extra := inRows + " AND NOT coalesce(" + inSource + ", false)"
	if s.Comparison.Policy == gone.Ignore {
		extra = "false" // rows of deleted records stay on purpose
	}
	wrong, formula, fields := "false", "false", ""
	for _, c := range s.values() {
		differs := s.Dialect.Differs(s.Col("s", c.Name), s.Col("f", c.Name))
		into := &wrong
		if slices.Contains(s.Comparison.Formulas, c.Name) {
			into = &formula
		}
		*into += "\n\t\t\tOR " + differs
		fields += fmt.Sprintf("\n\t|| CASE WHEN %s THEN %s || chr(31) ELSE '' END", differs, dialect.Literal(c.Name))
	}
	for _, c := range s.Comparison.Retired {
		left := s.left(c)
		wrong += "\n\t\t\tOR " + left
		fields += fmt.Sprintf("\n\t|| CASE WHEN %s THEN %s || chr(31) ELSE '' END", left, dialect.Literal(c.Column))
	}
	sql := dialect.Fill(`INSERT INTO {suspects}
SELECT y.record, coalesce(y.waits, y.kind), CASE WHEN y.waits IS NULL AND y.kind IN ('wrong', 'formula') THEN y.fields END, 1
FROM (
	SELECT coalesce({source_key}, {row_key}) AS record, ''{fields} AS fields, CASE
		WHEN {in_source} AND NOT ({in_rows}) THEN 'missing'
		WHEN {extra} THEN 'extra'
		WHEN NOT ({in_source} AND {in_rows}) THEN 'same'
		WHEN {stale} THEN 'stale'
		WHEN {wrong} THEN 'wrong'
		WHEN {formula} THEN 'formula'
		ELSE 'same' END AS kind, {waits} AS waits
	FROM {source} s
	FULL OUTER JOIN {rows} f ON {same_key}
) y
WHERE y.kind <> 'same'`, dialect.Holes{
		"suspects": s.Suspect, "source_key": s.Record("s"), "row_key": s.Record("f"), "fields": fields,
		"in_source": inSource, "in_rows": inRows, "extra": extra, "stale": stale, "wrong": wrong,
		"formula": formula, "waits": s.waits(inSource, inRows),
		"source": source, "rows": rows, "same_key": Order{&s.Tables, s.Reading}.pairs(asked),
	})
	return b.Statement(sql)
}

// left tells whether a row still has what its record's field left behind, although it
// was read since.
func (s *Compare) left(c evidence.Retired) string {
	return fmt.Sprintf("%s IS NOT NULL AND coalesce(%s >= %s, false)", s.Col("f", c.Column), s.Col("f", own.ReadAt),
		s.Dialect.Moment(c.Since.UTC()))
}

// reject tells apart what differs since this very version of the record was kept out: it
// has no row, or that of an older version.
func (s *Compare) reject(asked bool) string {
	version := ""
	if _, ok := s.Comparison.Table.Column(shape.FieldStamp); ok {
		version = " AND r." + own.RejectedStamp + " = s._catchment_stamp"
	}
	return dialect.Fill(`UPDATE {suspects}
SET how = CASE how WHEN 'missing' THEN 'rejected' ELSE 'outdated' END
WHERE how IN ('missing', 'stale')
	AND record IN (SELECT r.record_key FROM {rejected} r JOIN {source} s ON {source_key} = r.record_key{version}
		WHERE r.flow = {flow} AND coalesce({op}, 'put') = 'put')`, dialect.Holes{
		"suspects": s.Suspect, "rejected": s.Dialect.Table(s.Options.Staging, own.RejectedTable),
		"source":     s.Source(asked),
		"source_key": s.Record("s"), "version": version, "flow": dialect.Literal(s.Comparison.Table.Object),
		"op": s.Col("r", own.Op),
	})
}

// rejectPatches tells apart what is wrong in the one field only that a patch was rejected
// for.
func (s *Compare) rejectPatches() string {
	columns := ""
	for _, c := range s.values() {
		columns += fmt.Sprintf("\n\t\tWHEN %s THEN %s", dialect.Literal(strings.ToLower(c.Field)),
			dialect.Literal(c.Name))
	}
	return dialect.Fill(`UPDATE {suspects}
SET how = 'outdated'
WHERE how = 'wrong'
	AND record || chr(31) || fields IN (SELECT r.record_key || chr(31) || CASE lower(r.field){columns} END || chr(31)
		FROM {rejected} r
		WHERE r.flow = {flow} AND {op} = 'patch')`, dialect.Holes{
		"suspects": s.Suspect, "rejected": s.Dialect.Table(s.Options.Staging, own.RejectedTable), "columns": columns,
		"flow": dialect.Literal(s.Comparison.Table.Object), "op": s.Col("r", own.Op),
	})
}

// Judgements judges all records, or those that were asked for, a stretch at a time.
func (s *Compare) Judgements(stretches []Stretch, asked bool) []dialect.Statement {
	var all []dialect.Statement
	for _, in := range stretches {
		all = append(all, s.judge(in, asked))
	}
	all = Order{&s.Tables, s.Reading}.joins(all, asked)
	all = append(all, dialect.Statement{SQL: s.reject(asked)})
	if len(s.values()) > 0 {
		all = append(all, dialect.Statement{SQL: s.rejectPatches()})
	}
	if c, ok := s.isDeleted(); ok && s.Comparison.Snapshot == nil && s.Comparison.Policy != gone.Ignore {
		all = append(all, dialect.Statement{SQL: s.judgeBinned(asked, c.Name)})
	}
	return all
}

// isDeleted is the compared column of IsDeleted.
func (s *Compare) isDeleted() (shape.Column, bool) {
	return s.Comparison.Table.Column(shape.FieldDeleted)
}

// judgeBinned finds the rows of records in the recycle bin whose IsDeleted says that
// they are live. Nothing else of such a row is compared.
func (s *Compare) judgeBinned(asked bool, name string) string {
	stamped := s.Col("f", own.At)
	if stamp := s.stamp(); stamp != "" {
		stamped = s.Col("f", stamp)
	}
	return dialect.Fill(`INSERT INTO {suspects}
SELECT {row_key}, 'wrong', {name} || chr(31), 1
FROM {source} s
JOIN {final} f ON {same_key}
WHERE s._catchment_gone AND NOT ({live}) AND NOT coalesce({is_deleted}, false)
	AND NOT coalesce(s._catchment_stamp >= {before}, false) AND NOT coalesce({stamp} >= {before}, false)`, dialect.Holes{
		"suspects": s.Suspect, "row_key": s.Record("f"), "name": dialect.Literal(name), "source": s.Source(asked),
		"final": s.Final(), "same_key": s.SameKey("s", "f"), "live": s.Live("f"), "is_deleted": s.Col("f", name),
		"before": s.before(), "stamp": stamped,
	})
}

// Gone counts the rows that are archived, and those that are gone otherwise and of which the reading has no record.
func (s *Compare) Gone() string {
	return dialect.Fill("SELECT count(CASE WHEN {kept} THEN 1 END), count(CASE WHEN NOT ({live} OR {kept}) "+
		"AND NOT EXISTS (SELECT 1 FROM {reading} s WHERE {same_key}) THEN 1 END) FROM {final} f", dialect.Holes{
		"kept":  "coalesce(" + s.Col("f", own.DeleteReason) + ", '') = " + dialect.Literal(string(gone.Archived)),
		"final": s.Final(), "live": s.Live("f"), "reading": s.Reading, "same_key": s.SameKey("s", "f"),
	})
}

// values is the columns whose values are compared.
func (s *Compare) values() []shape.Column {
	return slices.DeleteFunc(slices.Clone(s.Comparison.Table.Columns), func(c shape.Column) bool {
		return slices.Contains(s.Comparison.Table.Key, c.Name) || c.Name == s.stamp() ||
			strings.EqualFold(c.Field, shape.FieldStamp)
	})
}

// before is the moment from which on differences are pending, as SQL.
func (s *Compare) before() string {
	at := s.Comparison.Before
	if at.IsZero() {
		at = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return s.Dialect.Moment(at.UTC())
}

// JudgeDuplicates writes down the keys that have more rows than one.
func (s *Compare) JudgeDuplicates() string {
	return dialect.Fill(`INSERT INTO {suspects}
SELECT {key}, 'duplicate', CAST(NULL AS {text}), count(*) - 1 FROM {final} r{part} GROUP BY {key} HAVING count(*) > 1`, dialect.Holes{
		"suspects": s.Suspect, "key": s.Record("r"), "text": s.Dialect.Type(shape.Text, 0), "final": s.Final(),
		"part": s.Part("r", " WHERE "),
	})
}

// SourceSet asks for the records of the reading, as Set has them.
func (s *Compare) SourceSet() string {
	return dialect.Fill("SELECT {key} AS record, s._catchment_stamp FROM {source} s "+
		"WHERE NOT s._catchment_gone AND {settled} ORDER BY {key}{bytewise}", dialect.Holes{
		"key": s.Record("s"), "source": s.Source(false), "settled": s.settled("s"), "bytewise": s.Dialect.Bytewise,
	})
}

// RowSet asks the same of the final table.
func (s *Compare) RowSet() string {
	stamp := "CAST(NULL AS " + s.Dialect.Type(shape.Timestamp, 0) + ")"
	if name := s.stamp(); name != "" {
		stamp = s.Col("f", name)
	}
	kept := ""
	if s.Comparison.Policy == gone.Ignore {
		kept = fmt.Sprintf(" AND %s IN (SELECT %s FROM %s s WHERE NOT s._catchment_gone)", s.Record("f"), s.Record("s"),
			s.Source(false))
	}
	return dialect.Fill("SELECT {key} AS record, {stamp} FROM {rows} f WHERE {settled}{kept} ORDER BY {key}{bytewise}",
		dialect.Holes{
			"key": s.Record("f"), "stamp": stamp, "rows": s.rows(nil), "settled": s.settled("f"), "kept": kept,
			"bytewise": s.Dialect.Bytewise,
		})
}

// settled leaves out what is pending or kept out, or can't be judged.
func (s *Compare) settled(alias string) string {
	return fmt.Sprintf("NOT EXISTS (SELECT 1 FROM %s p "+
		"WHERE p.how IN ('pending', 'unjudged', 'rejected', 'outdated') AND p.record = %s)", s.Suspect, s.Record(alias))
}

// Part is the condition that leaves the rows of the reading's records, behind a word; "" where all
// rows are judged.
func (s *Compare) Part(alias, word string) string {
	if !s.Comparison.Part {
		return ""
	}
	return fmt.Sprintf("%s%s IN (SELECT %s FROM %s s)", word, s.Record(alias), s.Record("s"), s.Reading)
}
