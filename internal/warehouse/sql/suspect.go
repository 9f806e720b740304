package sql

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
)

// Ask picks what was judged to differ, so many records at most in order of
// their keys, and names them. Answer then judges these anew.
func (r *comparing) Ask(ctx context.Context, most int) ([]evidence.Suspect, error) {
	var all []evidence.Suspect
	err := r.do(ctx, "differences of "+r.c.Table.Name, func(tx Tx) error {
		all = nil
		for _, sql := range []string{
			"DELETE FROM " + r.asked,
			fmt.Sprintf("INSERT INTO %s SELECT DISTINCT record FROM %s "+
				"WHERE how NOT IN ('pending', 'unjudged', 'rejected', 'outdated') ORDER BY record LIMIT %d",
				r.asked, r.suspect, most),
		} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return tx.Query(ctx, func(scan Scan) error {
			var s evidence.Suspect
			if err := scan(&s.ID, &s.How); err != nil {
				return err
			}
			all = append(all, s)
			return nil
		}, fmt.Sprintf("SELECT s.record, s.how FROM %s s JOIN %s a ON a.record = s.record "+
			"WHERE s.how NOT IN ('pending', 'unjudged', 'rejected', 'outdated') ORDER BY 1, 2", r.suspect, r.asked))
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Answer replaces what the reading says of the records that Ask named by what
// pages hold, and judges them anew. A record that no page holds is gone. clock is
// the org's after they were read.
func (r *comparing) Answer(ctx context.Context, clock time.Time, pages []warehouse.Page) error {
	r.c.Clock = clock
	var by int64
	apart := make([][]warehouse.Page, len(pages))
	for i, p := range pages {
		apart[i] = []warehouse.Page{p}
	}
	err := r.take(ctx, "judge again what differs in "+r.c.Table.Name, apart, func(tx Tx) error {
		s := r.sql()
		gone, err := tx.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE %s IN (SELECT record FROM %s)", r.reading,
			s.Record(""), r.asked))
		if err != nil {
			return err
		}
		by = -gone
		for _, p := range apart {
			if err := r.load(ctx, tx, p); err != nil {
				return err
			}
			by += p[0].Rows
		}
		strangers, err := count(ctx, tx,
			dialect.Fill("SELECT count(*) FROM {reading} s WHERE {seq} >= {first} AND "+
				"NOT EXISTS (SELECT 1 FROM {asked} a WHERE a.record = {key})", dialect.Holes{
				"reading": r.reading, "seq": s.Quote(own.Seq), "first": fmt.Sprint(firstSeq(pages)), "asked": r.asked,
				"key": s.Record("s"),
			}))
		if err == nil && strangers > 0 {
			err = plan.Strangef("%d records were answered that nobody asked for", strangers)
		}
		if err != nil {
			return err
		}
		settled := fmt.Sprintf("DELETE FROM %s WHERE record IN (SELECT record FROM %s)", r.suspect, r.asked)
		if err := r.judge(ctx, tx, settled, s.Judgements(statements.Stretches(nil), true)); err != nil {
			return err
		}
		keyed, err := r.w.keyed(ctx, tx, &s.Tables)
		if err != nil || keyed && r.w.d.Enforces {
			return err
		}
		for _, sql := range []string{"DELETE FROM " + r.suspect + " WHERE how = 'duplicate'", s.JudgeDuplicates()} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		r.loaded += by
	}
	return err
}

// firstSeq is the smallest Seq of pages.
func firstSeq(pages []warehouse.Page) int64 {
	first := int64(1<<62 - 1)
	for _, p := range pages {
		first = min(first, p.Seq)
	}
	return first
}

// Difference counts what was judged, and names so many Ids of each kind.
func (r *comparing) Difference(ctx context.Context, sample int) (evidence.Difference, error) {
	var d evidence.Difference
	err := r.do(ctx, "differences of "+r.c.Table.Name, func(tx Tx) (err error) {
		d = evidence.Difference{}
		s := r.sql()
		if err := r.sides(ctx, tx, s, &d); err != nil {
			return err
		}
		err = tx.Query(ctx, func(scan Scan) error {
			var how string
			var n int64
			if err := scan(&how, &n); err != nil {
				return err
			}
			into, ok := kinds(&d)[how]
			if !ok {
				return errors.New("a difference of no kind")
			}
			*into.n = n
			return nil
		}, fmt.Sprintf("SELECT how, CAST(sum(n) AS %s) FROM %s GROUP BY how", r.w.d.Type(shape.Long, 0), r.suspect))
		if err != nil {
			return err
		}
		for how, kind := range kinds(&d) {
			if *kind.n == 0 || kind.ids == nil || sample <= 0 {
				continue
			}
			err := tx.Query(ctx, func(scan Scan) error {
				var id, fields string
				if err := scan(&id, &fields); err != nil {
					return err
				}
				*kind.ids = append(*kind.ids, strings.ReplaceAll(id, statements.Unit, ","))
				if kind.columns != nil {
					*kind.columns = append(*kind.columns,
						strings.Split(strings.TrimSuffix(fields, statements.Unit), statements.Unit))
				}
				return nil
			}, fmt.Sprintf("SELECT record, coalesce(fields, '') FROM %s WHERE how = %s ORDER BY record LIMIT %d",
				r.suspect, dialect.Literal(how), sample))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return evidence.Difference{}, err
	}
	d.CountOutdated(sample)
	return d, nil
}

// sides counts the records and the rows that are compared. A reading of some records says nothing of rows
// that it has no record of.
func (r *comparing) sides(ctx context.Context, tx Tx, s *statements.Compare, d *evidence.Difference) (err error) {
	d.Source, err = count(ctx, tx, "SELECT count(*) FROM "+s.Source(false)+" s WHERE NOT s._catchment_gone")
	if err != nil {
		return err
	}
	d.Warehouse, err = count(ctx, tx,
		"SELECT count(*) FROM "+s.Final()+" f WHERE "+s.Live("f")+s.Part("f", " AND "))
	if err != nil || r.c.Part {
		return err
	}
	_, err = queryRow(ctx, tx, []any{&d.Archived, &d.Alone}, s.Gone())
	return err
}

// Sets gives both sides' sets. They are equal where nothing is missing, extra
// or stale. Under Ignore the final table's set leaves out rows whose record is
// deleted: they stay there on purpose.
func (r *comparing) Sets(ctx context.Context) (source, rows evidence.Set, err error) {
	err = r.do(ctx, "digest of "+r.c.Table.Name, func(tx Tx) error {
		s := r.sql()
		for _, side := range []struct {
			into *evidence.Set
			sql  string
		}{{&source, s.SourceSet()}, {&rows, s.RowSet()}} {
			lines := &lines{hash: sha256.New()}
			err := tx.Query(ctx, lines.add, side.sql)
			if err != nil {
				return err
			}
			*side.into = evidence.Set{Records: lines.n, Digest: hex.EncodeToString(lines.hash.Sum(nil))}
		}
		return nil
	})
	return source, rows, err
}

// lines hashes the lines of a set.
type lines struct {
	hash hash.Hash
	n    int64
	line []byte
}

func (l *lines) add(scan Scan) error {
	var id string
	var stamp *time.Time
	if err := scan(&id, &stamp); err != nil {
		return err
	}
	l.line = append(append(l.line[:0], strings.ReplaceAll(id, statements.Unit, ",")...), ',')
	if stamp != nil {
		l.line = stamp.UTC().AppendFormat(l.line, "2006-01-02T15:04:05.000Z")
	}
	l.n++
	_, err := l.hash.Write(append(l.line, '\n'))
	return err
}

// A kind is where one kind of difference is counted and named.
type kindOfDifference struct {
	n       *int64
	ids     *[]string
	columns *[][]string
}

// kinds are the kinds by the word that a suspect has for them.
func kinds(d *evidence.Difference) map[string]kindOfDifference {
	return map[string]kindOfDifference{
		"missing": {&d.Missing, &d.MissingIDs, nil}, "extra": {&d.Extra, &d.ExtraIDs, nil},
		"stale": {&d.Stale, &d.StaleIDs, nil},
		"wrong": {&d.Wrong, &d.WrongIDs, &d.WrongColumns}, "formula": {&d.Formulas, &d.FormulaIDs, &d.FormulaColumns},
		"outdated":  {&d.Outdated, &d.OutdatedIDs, nil},
		"duplicate": {&d.Duplicates, &d.DuplicateIDs, nil}, "pending": {&d.Pending, nil, nil},
		"unjudged": {&d.Unjudged, nil, nil}, "rejected": {&d.Rejected, &d.RejectedIDs, nil},
	}
}

func (r *comparing) sql() *statements.Compare {
	return &statements.Compare{Tables: *r.w.of(r.c.Table).Over(r.final), Comparison: r.c, Reading: r.reading,
		Suspect: r.suspect, Asked: r.asked, Columns: r.columns, Kept: r.final}
}
