package memory

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/gone"
)

// A reading is a fresh look at an object. It is only in the memory of who reads,
// and no table: after a crash it needs no clearing away.
type reading struct {
	p        *process
	f        warehouse.Fence
	c        evidence.Comparison
	rows     *table
	suspects []suspect
	asked    map[string]bool
}

// Reading makes room for a fresh look at an object, with columns like those of
// the final table.
func (p asker) Reading(
	ctx context.Context, f warehouse.Fence, c evidence.Comparison,
) (warehouse.Reading, error) {
	r := &reading{p: p.process, f: f, c: c}
	err := r.do(ctx, "read", func(o *operation) error {
		r.rows = &table{}
		for _, col := range c.Table.Columns {
			has, err := o.final(c.Table).column(col.Name)
			if err != nil {
				return plan.Failf(plan.Bug, "", "table %s has no column %s to compare with", c.Table.Name, col.Name)
			}
			r.rows.columns = append(r.rows.columns, has)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// do does an operation for the reading, whose flow must not have been lost.
func (r *reading) do(ctx context.Context, what string, do func(*operation) error) error {
	return r.p.write(ctx, what+" "+r.c.Table.Name, &r.f, do)
}

// Close forgets the reading.
func (r *reading) Close(ctx context.Context) error {
	return r.do(ctx, "forget the reading of", func(*operation) error { return nil })
}

// Add takes pages of the reading, all of them or none.
func (r *reading) Add(ctx context.Context, pages []warehouse.Page) error {
	var rows *table
	err := r.do(ctx, "read", func(*operation) (err error) {
		rows, err = r.with(ctx, r.rows, pages)
		return err
	})
	if err == nil {
		r.rows = rows
	}
	return err
}

// with is a copy of rows with what pages hold.
func (r *reading) with(ctx context.Context, rows *table, pages []warehouse.Page) (*table, error) {
	rows = rows.copy()
	for _, p := range pages {
		columns, err := columnsIn(p, r.c.Table, rows)
		if err != nil {
			return nil, err
		}
		if err := rows.take(ctx, p, columns, values{colSeq: p.Seq}.row()); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// Judge finds where reading and final table differ.
func (r *reading) Judge(ctx context.Context, expected int64) error {
	var found []suspect
	var rows *table
	err := r.do(ctx, "compare", func(o *operation) error {
		rows = r.rows
		if n := int64(len(r.rows.rows)); n != expected {
			return plan.Failf(plan.Retry, "try again", "%d records were read, Salesforce counts %d", n, expected)
		}
		extra := int64(len(r.rows.rows) - len(byKey(r.c.Table, r.rows.rows)))
		if extra > 0 && !repeats(r.c.Table, r.rows.rows).Alike(extra) {
			return plan.Failf(plan.Retry, "try again",
				"%d records were read twice: a page came in the place of another", extra)
		}
		if extra > 0 { // which one stays is all the same
			rows = r.rows.copy()
			rows.rows = slices.Collect(maps.Values(byKey(r.c.Table, r.rows.rows)))
		}
		found = r.judge(o, rows, func(string) bool { return true })
		return nil
	})
	if err == nil {
		r.suspects, r.rows = found, rows
	}
	return err
}

// Ask picks what was judged to differ.
func (r *reading) Ask(ctx context.Context, most int) ([]evidence.Suspect, error) {
	var named []evidence.Suspect
	var asked map[string]bool
	err := r.do(ctx, "differences of", func(*operation) error {
		named, asked = nil, map[string]bool{}
		for _, s := range r.suspects { // in order of their keys
			if !s.open() && (asked[s.record] || len(asked) < most) {
				asked[s.record] = true
				named = append(named, evidence.Suspect{ID: s.record, How: s.how})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.asked = asked
	return named, nil
}

// Answer replaces what the reading says of the records that Ask named.
func (r *reading) Answer(ctx context.Context, clock time.Time, pages []warehouse.Page) error {
	r.c.Clock = clock
	var rows *table
	var found []suspect
	err := r.do(ctx, "judge again what differs in", func(o *operation) error {
		answers, err := r.with(ctx, &table{columns: r.rows.columns}, pages)
		if err != nil {
			return err
		}
		for _, a := range answers.rows {
			if !r.asked[keyOf(r.c.Table, a)] {
				return plan.Failf(plan.Bug, "", "a record was answered that nobody asked for")
			}
		}
		rows = r.rows.copy()
		rows.remove(func(s row) bool { return r.asked[keyOf(r.c.Table, s)] })
		rows.rows = append(rows.rows, answers.rows...)
		found = slices.DeleteFunc(slices.Clone(r.suspects), func(s suspect) bool {
			return r.asked[s.record] || s.how == duplicate
		})
		found = append(found, r.judge(o, rows, func(key string) bool { return r.asked[key] })...)
		slices.SortFunc(found, suspect.compare)
		return nil
	})
	if err == nil {
		r.rows, r.suspects = rows, found
	}
	return err
}

// Difference counts what was judged, and names so many Ids of each kind.
func (r *reading) Difference(ctx context.Context, sample int) (evidence.Difference, error) {
	var d evidence.Difference
	err := r.do(ctx, "differences of", func(o *operation) error {
		d = evidence.Difference{Warehouse: int64(len(r.judged(o)))}
		for _, s := range r.rows.rows {
			if !r.gone(s) {
				d.Source++
			}
		}
		source := byKey(r.c.Table, r.rows.rows)
		for _, f := range o.final(r.c.Table).rows {
			switch {
			case r.c.Part, isLive(f): // a reading of some records says nothing of the others
			case f[colReason] == string(gone.Archived):
				d.Archived++
			case source[keyOf(r.c.Table, f)] == nil:
				d.Alone++
			}
		}
		for _, s := range r.suspects {
			n, ids, columns := counted(&d, s.how)
			*n += s.n
			if ids == nil || len(*ids) >= sample {
				continue
			}
			*ids = append(*ids, shownKey(s.record))
			if columns != nil {
				*columns = append(*columns, s.columns)
			}
		}
		d.CountOutdated(sample)
		return nil
	})
	return d, err
}

// Sets gives both sides' sets.
func (r *reading) Sets(ctx context.Context) (source, rows evidence.Set, err error) {
	err = r.do(ctx, "digest of", func(o *operation) error {
		open := map[string]bool{} // what is pending or rejected, or can't be judged
		for _, s := range r.suspects {
			open[s.record] = open[s.record] || s.open()
		}
		alive := map[string]row{}
		for _, s := range r.rows.rows {
			if key := keyOf(r.c.Table, s); !r.gone(s) && !open[key] {
				alive[key] = s
			}
		}
		live := map[string]row{}
		for _, f := range o.live(r.c.Table) {
			key := keyOf(r.c.Table, f)
			if !open[key] && (r.c.Policy != gone.Ignore || alive[key] != nil) {
				live[key] = f
			}
		}
		source, rows = r.set(alive), r.set(live)
		return nil
	})
	return source, rows, err
}

// set is the digest of records.
func (r *reading) set(of map[string]row) evidence.Set {
	hash := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(of)) {
		line := shownKey(key) + ","
		if at := of[key].time(r.stamp()); !at.IsZero() {
			line += at.Format("2006-01-02T15:04:05.000Z")
		}
		hash.Write([]byte(line + "\n"))
	}
	return evidence.Set{Records: int64(len(of)), Digest: hex.EncodeToString(hash.Sum(nil))}
}

func shownKey(key string) string { return strings.ReplaceAll(key, unit, ",") }

// stamp is the column that tells when a record changed, "" for none.
func (r *reading) stamp() string {
	if r.c.Stamp != "" || r.c.Snapshot != nil {
		return r.c.Stamp
	}
	return columnOf(r.c.Table, fieldStamp)
}

// gone tells whether a record of the reading is deleted.
func (r *reading) gone(s row) bool { return s[columnOf(r.c.Table, fieldDeleted)] == "true" }

// before is the moment from which on differences are pending.
func (r *reading) before() string {
	return cmp.Or(text(r.c.Before), text(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)))
}
