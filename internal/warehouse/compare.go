package warehouse

import (
	"context"
	"fmt"
	"strings"
	"time"

	"catchment/internal/plan"
)

// Compare finds where a final table differs from a fresh reading of Id,
// SystemModstamp and IsDeleted. The reading goes into a temporary table and
// the warehouse does the rest, so memory stays flat. Nothing else is written.
func (w *Warehouse) Compare(ctx context.Context, c Comparison) (Difference, error) {
	var diff Difference
	// Not a View: PostgreSQL makes no temporary table in one.
	err := w.driver.Tx(ctx, func(tx Tx) error {
		diff = Difference{}
		s, err := w.readPages(ctx, tx, c)
		if err != nil {
			return err
		}
		for _, q := range []struct {
			into *int64
			sql  string
		}{
			{&diff.Source, "SELECT count(*) FROM " + s.source() + " s WHERE NOT gone"},
			{&diff.Warehouse, "SELECT count(*) FROM " + s.final + " f WHERE " + s.live},
			{&diff.Duplicates, "SELECT CAST(coalesce(sum(n - 1), 0) AS " + w.d.Type(Long, 0) + ") FROM " + s.duplicates()},
			{&diff.Pending, "SELECT count(*) FROM (" + s.differing("pending") + ") x"},
			{&diff.Missing, "SELECT count(*) FROM (" + s.differing("missing") + ") x"},
			{&diff.Extra, "SELECT count(*) FROM (" + s.differing("extra") + ") x"},
			{&diff.Stale, "SELECT count(*) FROM (" + s.differing("stale") + ") x"},
		} {
			if *q.into, err = count(ctx, tx, q.sql); err != nil {
				return err
			}
		}
		if err := s.sample(ctx, tx, c.Sample, &diff); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "DROP TABLE "+s.reading)
		return err
	})
	if err != nil {
		return Difference{}, fmt.Errorf("compare %s: %w", c.Table.Name, err)
	}
	return diff, nil
}

// readPages loads a comparison's pages into its temporary table.
func (w *Warehouse) readPages(ctx context.Context, tx Tx, c Comparison) (*compareSQL, error) {
	const attempt = "comparison"
	s := &compareSQL{d: w.d, c: c, reading: w.d.Quote(tableComparison), final: w.final(c.Table)}
	s.live = "f." + w.d.Quote(colDeleted) + " IS NULL"
	narrow := Table{Object: c.Table.Object, Name: c.Table.Name, Key: c.Table.Key}
	for _, col := range c.Table.Columns {
		if s.reads(col) {
			narrow.Columns = append(narrow.Columns, col)
		}
	}
	var has []stored
	var defs []string
	for _, col := range append(narrow.Columns, stagingOwn()...) {
		defs = append(defs, w.d.column(col))
		has = append(has, stored{Name: col.Name, Type: w.d.Stored[col.Kind], Scale: col.Scale, Bytes: w.d.bytes(col.Length)})
	}
	if _, err := tx.Exec(ctx, "CREATE TEMP TABLE "+s.reading+" ("+strings.Join(defs, ", ")+")"); err != nil {
		return nil, err
	}
	if len(c.Pages) == 0 {
		return s, nil
	}
	cols, err := copyColumns(w.d, narrow, c.Pages, has)
	if err != nil {
		return nil, err
	}
	if err := copyPages(ctx, tx, Copy{Into: s.reading, Columns: cols, Op: Put, Attempt: attempt, Job: attempt, Pages: c.Pages}); err != nil {
		return nil, err
	}
	return s, s.once(ctx, tx)
}

// once proves that the reading has each record once: where a page came twice,
// another one didn't come at all.
func (s *compareSQL) once(ctx context.Context, tx Tx) error {
	twice, err := count(ctx, tx, fmt.Sprintf("SELECT (SELECT count(*) FROM %s) - (SELECT count(*) FROM (SELECT DISTINCT %s FROM %s) k)",
		s.reading, s.d.list("", s.c.Table.Key), s.reading))
	if err == nil && twice > 0 {
		err = plan.Failf(plan.Retry, "try again", "%d records were read twice: a page came in the place of another", twice)
	}
	return err
}

// compareSQL writes the queries of one comparison: s is the reading, f the
// final table.
type compareSQL struct {
	d              *Dialect
	c              Comparison
	reading, final string
	live           string
}

// reads tells whether a column takes part in the comparison: those that the
// pages carry, and the key.
func (s *compareSQL) reads(col Column) bool {
	for _, k := range s.c.Table.Key {
		if k == col.Name {
			return true
		}
	}
	for _, p := range s.c.Pages {
		for _, field := range p.Header {
			if strings.EqualFold(field, col.Field) {
				return true
			}
		}
	}
	return false
}

// fieldOr is the column of a field where the reading has it, or else.
func (s *compareSQL) fieldOr(alias, field, otherwise string) string {
	c, ok := s.c.Table.column(field)
	if !ok || !s.reads(c) {
		return otherwise
	}
	return alias + s.d.Quote(c.Name)
}

// source is the newest version of each key in the reading.
func (s *compareSQL) source() string {
	keys := s.d.list("", s.c.Table.Key)
	none := "CAST(NULL AS " + s.d.Type(Timestamp, 0) + ")"
	gone := s.fieldOr("", fieldDeleted, "false")
	stamp := s.fieldOr("", fieldStamp, none)
	return fmt.Sprintf("(SELECT %s, stamp, gone FROM (SELECT %s, %s AS stamp, coalesce(%s, false) AS gone, "+
		"row_number() OVER (PARTITION BY %s ORDER BY %s DESC NULLS LAST) AS n FROM %s) r WHERE n = 1)",
		keys, keys, stamp, gone, keys, stamp, s.reading)
}

// text is an expression's value as a text. Two of them are joined by ||, since
// the concat of Redshift takes no third.
func (s *compareSQL) text(expr string) string {
	return fmt.Sprintf("CAST(%s AS %s)", expr, s.d.Type(Text, 0))
}

func (s *compareSQL) duplicates() string {
	keys := s.d.list("", s.c.Table.Key)
	return fmt.Sprintf("(SELECT %s, count(*) AS n FROM %s GROUP BY %s HAVING count(*) > 1) x", keys, s.final, keys)
}

// differing selects the keys that differ in one way. A record that was stamped
// at or after Before on either side is pending whatever else it is.
func (s *compareSQL) differing(how string) string {
	on := make([]string, len(s.c.Table.Key))
	keys := make([]string, len(s.c.Table.Key))
	for i, k := range s.c.Table.Key {
		on[i] = "s." + s.d.Quote(k) + " = f." + s.d.Quote(k)
		keys[i] = s.text(fmt.Sprintf("coalesce(s.%s, f.%s)", s.d.Quote(k), s.d.Quote(k)))
	}
	first := s.d.Quote(s.c.Table.Key[0])
	own := s.fieldOr("f.", fieldStamp, "f."+s.d.Quote(colAt))
	extra := fmt.Sprintf("f.%s IS NOT NULL AND (s.%s IS NULL OR s.gone)", first, first)
	if s.c.Policy == Ignore {
		extra = "false" // rows of deleted records stay on purpose
	}
	return fmt.Sprintf(`SELECT %s AS id
FROM %s s
FULL OUTER JOIN (SELECT * FROM %s f WHERE %s) f ON %s
CROSS JOIN (SELECT %s AS before) b
WHERE CASE
	WHEN NOT coalesce((f.%s IS NULL AND NOT s.gone) OR (%s) OR (NOT s.gone AND s.stamp <> %s), false) THEN 'same'
	WHEN coalesce(s.stamp >= b.before, false) OR coalesce(%s >= b.before, false) THEN 'pending'
	WHEN f.%s IS NULL THEN 'missing'
	WHEN %s THEN 'extra'
	ELSE 'stale'
END = '%s'`, strings.Join(keys, " || ',' || "), s.source(), s.final, s.live, strings.Join(on, " AND "),
		s.before(), first, extra, own, own, first, extra, how)
}

// before is the moment from which on differences are pending, as SQL.
func (s *compareSQL) before() string {
	at := s.c.Before
	if at.IsZero() {
		at = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return s.d.moment(at.UTC())
}

// sample names the first keys of each kind, in order.
func (s *compareSQL) sample(ctx context.Context, tx Tx, n int, diff *Difference) error {
	if n <= 0 {
		return nil
	}
	keys := make([]string, len(s.c.Table.Key))
	for i, k := range s.c.Table.Key {
		keys[i] = s.text(s.d.Quote(k))
	}
	dup := "SELECT " + strings.Join(keys, " || ',' || ") + " AS id FROM " + s.duplicates()
	for _, q := range []struct {
		into *[]string
		sql  string
	}{
		{&diff.MissingIDs, s.differing("missing")},
		{&diff.ExtraIDs, s.differing("extra")},
		{&diff.StaleIDs, s.differing("stale")},
		{&diff.DuplicateIDs, dup},
	} {
		err := tx.Query(ctx, func(scan Scan) error {
			var id string
			if err := scan(&id); err != nil {
				return err
			}
			*q.into = append(*q.into, id)
			return nil
		}, fmt.Sprintf("SELECT id FROM (%s) x ORDER BY id LIMIT %d", q.sql, n))
		if err != nil {
			return err
		}
	}
	return nil
}
