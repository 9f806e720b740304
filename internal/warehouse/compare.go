package warehouse

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Difference is what a comparison found.
type Difference struct {
	Source     int64 // live records in the reading
	Warehouse  int64 // live rows in the final table
	Missing    int64 // live in the org, not in the warehouse
	Extra      int64 // live in the warehouse, not in the org
	Stale      int64 // in both, stamped differently
	Wrong      int64 // in both under one stamp, with other values
	Formulas   int64 // the same, in columns that move without a stamp only
	Duplicates int64 // rows beyond one for each key
	Pending    int64 // differing, and stamped at or after Before on either side
	Rejected   int64 // live in the org in a version that the flow's rules kept out
	Unjudged   int64 // differing, and nothing tells when: the record may have changed since it was read

	MissingIDs, ExtraIDs, StaleIDs, WrongIDs, FormulaIDs, DuplicateIDs, RejectedIDs []string
	// of each of WrongIDs and FormulaIDs
	WrongColumns, FormulaColumns [][]string
}

// A kind is where one kind of difference is counted and named.
type kind struct {
	n       *int64
	ids     *[]string
	columns *[][]string
}

// kinds are the kinds by the word that a suspect has for them.
func (d *Difference) kinds() map[string]kind {
	return map[string]kind{
		"missing": {&d.Missing, &d.MissingIDs, nil}, "extra": {&d.Extra, &d.ExtraIDs, nil},
		"stale": {&d.Stale, &d.StaleIDs, nil},
		"wrong": {&d.Wrong, &d.WrongIDs, &d.WrongColumns}, "formula": {&d.Formulas, &d.FormulaIDs, &d.FormulaColumns},
		"duplicate": {&d.Duplicates, &d.DuplicateIDs, nil}, "pending": {&d.Pending, nil, nil},
		"unjudged": {&d.Unjudged, nil, nil}, "rejected": {&d.Rejected, &d.RejectedIDs, nil},
	}
}

// compareSQL writes the statements of one comparison: s is the reading, f the
// final table.
type compareSQL struct {
	mergeSQL
	c       Comparison
	reading string
	suspect string
	asked   string
}

func (r *comparing) sql() *compareSQL {
	return &compareSQL{mergeSQL: mergeSQL{d: r.w.d, o: r.w.o, m: Merge{Table: r.c.Table}},
		c: r.c, reading: r.reading, suspect: r.suspect, asked: r.asked}
}

// live tells whether a final row is of a record that isn't deleted.
func (s *compareSQL) live(alias string) string { return s.col(alias, colDeleted) + " IS NULL" }

// stamp is the column that tells when a record changed, or "".
func (s *compareSQL) stamp() string {
	if s.c.Stamp != "" || s.c.Snapshot != nil {
		return s.c.Stamp
	}
	c, _ := s.c.Table.column(fieldStamp)
	return c.Name
}

// record is the key as one text; a key that is one is left as it is, so that
// an index on it can be used.
func (s *compareSQL) record(alias string) string {
	prefix := ""
	if alias != "" {
		prefix = alias + "."
	}
	texts := make([]string, len(s.c.Table.Key))
	for i, k := range s.c.Table.Key {
		c := s.c.Table.Columns[slices.IndexFunc(s.c.Table.Columns, func(c Column) bool { return c.Name == k })]
		texts[i] = prefix + s.q(k)
		if c.Kind != Text || len(texts) > 1 {
			texts[i] = fmt.Sprintf("CAST(%s AS %s)", texts[i], s.d.Type(Text, 0))
		}
	}
	return strings.Join(texts, " || chr(31) || ")
}

// source is the reading, or what it says of the records that were asked for.
func (s *compareSQL) source(asked bool) string {
	stamp, gone := "CAST(NULL AS "+s.d.Type(Timestamp, 0)+")", "false"
	if name := s.stamp(); name != "" {
		stamp = s.col("r", name)
	}
	if c, ok := s.c.Table.column(fieldDeleted); ok {
		gone = "coalesce(" + s.col("r", c.Name) + ", false)"
	}
	sql := fmt.Sprintf("SELECT r.*, %s AS _catchment_stamp, %s AS _catchment_gone FROM %s r", stamp, gone, s.reading)
	if asked {
		sql += fmt.Sprintf(" WHERE %s IN (SELECT record FROM %s)", s.record("r"), s.asked)
	}
	return "(" + sql + ")"
}

// rows is the live rows of the final table, or those that were asked for.
func (s *compareSQL) rows(asked bool) string {
	names := []string{colAt, colReadAt}
	for _, c := range s.c.Table.Columns {
		names = append(names, c.Name)
	}
	sql := fmt.Sprintf("SELECT %s FROM %s r WHERE %s", s.d.list("r.", names), s.final(), s.live("r"))
	if asked {
		sql += fmt.Sprintf(" AND %s IN (SELECT record FROM %s)", s.record("r"), s.asked)
	}
	return "(" + sql + ")"
}

// waits is why a difference isn't counted as one: pending or unjudged. A record
// that was stamped at or after Before on either side is pending, whatever else
// it is.
func (s *compareSQL) waits(inSource, inRows, stamped string) string {
	if s.c.Snapshot == nil {
		return fill("CASE WHEN coalesce(s._catchment_stamp >= {before}, false) OR "+
			"coalesce({stamp} >= {before}, false) THEN 'pending' END", holes{"before": s.before(), "stamp": stamped})
	}
	extra, missing := "'unjudged'", "'unjudged'"
	if at := s.c.Snapshot.ReadAt; !at.IsZero() {
		extra = fmt.Sprintf("CASE WHEN coalesce(%s >= %s, false) THEN 'pending' END", s.col("f", colReadAt),
			s.d.moment(at.UTC()))
	}
	if born := s.c.Snapshot.Born; born != "" {
		missing = fill("CASE WHEN {born} IS NULL THEN 'unjudged' WHEN {born} >= {before} THEN 'pending' END",
			holes{"born": s.col("s", born), "before": s.before()})
	}
	return fill(`CASE
		WHEN {in_rows} AND NOT coalesce({in_source}, false) THEN {extra}
		WHEN {in_source} AND NOT ({in_rows}) THEN {missing}
		ELSE 'unjudged' END`, holes{
		"in_rows": inRows, "in_source": inSource, "extra": extra, "missing": missing,
	})
}

// judge writes down what differs, and how.
func (s *compareSQL) judge(asked bool) string {
	first := s.c.Table.Key[0]
	inSource, inRows := s.col("s", first)+" IS NOT NULL AND NOT s._catchment_gone", s.col("f", first)+" IS NOT NULL"
	stamped, stale := s.col("f", colAt), "false"
	if name := s.stamp(); name != "" {
		stamped = s.col("f", name)
		stale = s.d.differs("s._catchment_stamp", stamped)
	}
	extra := inRows + " AND NOT coalesce(" + inSource + ", false)"
	if s.c.Policy == Ignore {
		extra = "false" // rows of deleted records stay on purpose
	}
	wrong, formula, fields := "false", "false", ""
	for _, c := range s.values() {
		differs := s.d.differs(s.col("s", c.Name), s.col("f", c.Name))
		into := &wrong
		if slices.Contains(s.c.Formulas, c.Name) {
			into = &formula
		}
		*into += "\n\t\t\tOR " + differs
		fields += fmt.Sprintf("\n\t|| CASE WHEN %s THEN %s || chr(31) ELSE '' END", differs, literal(c.Name))
	}
	return fill(`INSERT INTO {suspects}
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
WHERE y.kind <> 'same'`, holes{
		"suspects": s.suspect, "source_key": s.record("s"), "row_key": s.record("f"), "fields": fields,
		"in_source": inSource, "in_rows": inRows, "extra": extra, "stale": stale, "wrong": wrong,
		"formula": formula, "waits": s.waits(inSource, inRows, stamped),
		"source": s.source(asked), "rows": s.rows(asked), "same_key": s.sameKey("s", "f"),
	})
}

// reject tells apart what differs since the flow's rules kept this very version
// of the record out.
func (s *compareSQL) reject(asked bool) string {
	version := ""
	if _, ok := s.c.Table.column(fieldStamp); ok {
		version = " AND r." + rejectedStamp + " = s._catchment_stamp"
	}
	return fill(`UPDATE {suspects}
SET how = 'rejected'
WHERE how IN ('missing', 'stale')
	AND record IN (SELECT r.record_key FROM {rejected} r JOIN {source} s ON {source_key} = r.record_key{version}
		WHERE r.flow = {flow} AND coalesce({op}, 'put') = 'put')`, holes{
		"suspects": s.suspect, "rejected": s.d.Table(s.o.Staging, tableRejected), "source": s.source(asked),
		"source_key": s.record("s"), "version": version, "flow": literal(s.c.Table.Object), "op": s.col("r", colOp),
	})
}

// judgements is the statements that judge the records, all or those that were
// asked for.
func (s *compareSQL) judgements(asked bool) []string {
	if !s.c.Rules {
		return []string{s.judge(asked)}
	}
	return []string{s.judge(asked), s.reject(asked)}
}

// values is the columns whose values are compared.
func (s *compareSQL) values() []Column {
	return slices.DeleteFunc(slices.Clone(s.c.Table.Columns), func(c Column) bool {
		return slices.Contains(s.c.Table.Key, c.Name) || c.Name == s.stamp() ||
			strings.EqualFold(c.Field, fieldStamp) || strings.EqualFold(c.Field, fieldDeleted)
	})
}

// before is the moment from which on differences are pending, as SQL.
func (s *compareSQL) before() string {
	at := s.c.Before
	if at.IsZero() {
		at = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return s.d.moment(at.UTC())
}

// judgeDuplicates writes down the keys that have more rows than one.
func (s *compareSQL) judgeDuplicates() string {
	return fill(`INSERT INTO {suspects}
SELECT {key}, 'duplicate', CAST(NULL AS {text}), count(*) - 1 FROM {final} r GROUP BY {key} HAVING count(*) > 1`, holes{
		"suspects": s.suspect, "key": s.record("r"), "text": s.d.Type(Text, 0), "final": s.final(),
	})
}
