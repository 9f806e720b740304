package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"catchment/internal/plan"
)

// Ask picks what was judged to differ, so many records at most in order of
// their keys, and names them. Answer then judges these anew.
func (r *comparing) Ask(ctx context.Context, most int) ([]Suspect, error) {
	var all []Suspect
	err := r.do(ctx, "differences of "+r.c.Table.Name, func(tx Tx) error {
		all = nil
		for _, sql := range []string{
			"DELETE FROM " + r.asked,
			fmt.Sprintf("INSERT INTO %s SELECT DISTINCT record FROM %s "+
				"WHERE how NOT IN ('pending', 'unjudged', 'rejected') ORDER BY record LIMIT %d",
				r.asked, r.suspect, most),
		} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return tx.Query(ctx, func(scan Scan) error {
			var s Suspect
			if err := scan(&s.ID, &s.How); err != nil {
				return err
			}
			all = append(all, s)
			return nil
		}, fmt.Sprintf("SELECT s.record, s.how FROM %s s JOIN %s a ON a.record = s.record "+
			"WHERE s.how NOT IN ('pending', 'unjudged', 'rejected') ORDER BY 1, 2", r.suspect, r.asked))
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// A Suspect is a record that was judged to differ, and how: missing, extra,
// stale, wrong, formula or duplicate.
type Suspect struct {
	ID  string
	How string
}

// unit stands between the texts of a key, and behind the names of columns.
const unit = "\x1f"

// Answer replaces what the reading says of the records that Ask named by what
// pages hold, and judges them anew. A record that no page holds is gone.
func (r *comparing) Answer(ctx context.Context, pages []Page) error {
	var by int64
	apart := make([][]Page, len(pages))
	for i, p := range pages {
		apart[i] = []Page{p}
	}
	err := r.take(ctx, "judge again what differs in "+r.c.Table.Name, apart, func(tx Tx) error {
		s := r.sql()
		gone, err := tx.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE %s IN (SELECT record FROM %s)", r.reading,
			s.record(""), r.asked))
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
			fill("SELECT count(*) FROM {reading} s WHERE {seq} >= {first} AND "+
				"NOT EXISTS (SELECT 1 FROM {asked} a WHERE a.record = {key})", holes{
				"reading": r.reading, "seq": s.q(colSeq), "first": fmt.Sprint(firstSeq(pages)), "asked": r.asked,
				"key": s.record("s"),
			}))
		if err == nil && strangers > 0 {
			err = plan.Failf(plan.Bug, "", "%d records were answered that nobody asked for", strangers)
		}
		if err != nil {
			return err
		}
		settled := fmt.Sprintf("DELETE FROM %s WHERE record IN (SELECT record FROM %s)", r.suspect, r.asked)
		for _, sql := range append([]string{settled}, s.judgements(true)...) {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		keyed, err := r.w.keyed(ctx, tx, r.c.Table)
		if err != nil || keyed && r.w.d.Enforces {
			return err
		}
		for _, sql := range []string{"DELETE FROM " + r.suspect + " WHERE how = 'duplicate'", s.judgeDuplicates()} {
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
func firstSeq(pages []Page) int64 {
	first := int64(1<<62 - 1)
	for _, p := range pages {
		first = min(first, p.Seq)
	}
	return first
}

// Difference counts what was judged, and names so many Ids of each kind.
func (r *comparing) Difference(ctx context.Context, sample int) (Difference, error) {
	var d Difference
	err := r.do(ctx, "differences of "+r.c.Table.Name, func(tx Tx) (err error) {
		d = Difference{}
		s := r.sql()
		if d.Source, err = count(ctx, tx, "SELECT count(*) FROM "+s.source(false)+
			" s WHERE NOT s._catchment_gone"); err != nil {
			return err
		}
		if d.Warehouse, err = count(ctx, tx, "SELECT count(*) FROM "+s.final()+" f WHERE "+s.live("f")); err != nil {
			return err
		}
		err = tx.Query(ctx, func(scan Scan) error {
			var how string
			var n int64
			if err := scan(&how, &n); err != nil {
				return err
			}
			into, ok := d.kinds()[how]
			if !ok {
				return errors.New("a difference of no kind")
			}
			*into.n = n
			return nil
		}, fmt.Sprintf("SELECT how, CAST(sum(n) AS %s) FROM %s GROUP BY how", r.w.d.Type(Long, 0), r.suspect))
		if err != nil {
			return err
		}
		for how, kind := range d.kinds() {
			if *kind.n == 0 || kind.ids == nil || sample <= 0 {
				continue
			}
			err := tx.Query(ctx, func(scan Scan) error {
				var id, fields string
				if err := scan(&id, &fields); err != nil {
					return err
				}
				*kind.ids = append(*kind.ids, strings.ReplaceAll(id, unit, ","))
				if kind.columns != nil {
					*kind.columns = append(*kind.columns, strings.Split(strings.TrimSuffix(fields, unit), unit))
				}
				return nil
			}, fmt.Sprintf("SELECT record, coalesce(fields, '') FROM %s WHERE how = %s ORDER BY record LIMIT %d",
				r.suspect, literal(how), sample))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Difference{}, err
	}
	return d, nil
}
