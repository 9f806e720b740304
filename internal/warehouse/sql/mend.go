package sql

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/archives"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
)

// Mend loads and merges in one transaction, so that a crash leaves nothing
// half done. What was read wins over rows of any stamp, as in a rebuild, but
// not over what was read later; the watermark stays where it is. Doing it
// again changes nothing (invariant 2).
func (w *merger) Mend(ctx context.Context, f warehouse.Fence, m warehouse.Mending) (warehouse.Counts, error) {
	var c warehouse.Counts
	if len(m.Batches) == 0 {
		return c, nil
	}
	merge := warehouse.Merge{Table: m.Batches[0].Table, Attempt: m.Batches[0].Attempt, Policy: m.Policy, Override: true,
		AbsentReason: m.AbsentReason, AllowDeletes: m.AllowDeletes}
	merge.AbsentReason = absentReason(merge)
	for _, b := range m.Batches {
		for _, p := range b.Pages {
			merge.Pages++
			merge.Rows += p.Rows
		}
	}
	what := "mend " + merge.Table.Name
	in := intake{fence: f, what: what}
	batches := make([]warehouse.Batch, len(m.Batches))
	for i, b := range m.Batches {
		b.Op, b.Override = cmp.Or(b.Op, warehouse.Put), true
		batches[i] = b
		in.pages = append(in.pages, w.loads.copies(b, nil)...)
	}
	needy := func(b warehouse.Batch) bool { return w.needy(b.Table, b.Pages) }
	if slices.ContainsFunc(batches, needy) {
		in.look = func(tx Tx) (need, error) { return w.needOf(ctx, tx, merge.Attempt, batches) }
	}
	in.write = func() error {
		return w.merging(ctx, merging{fence: f, what: what, m: merge, write: func(tx Tx, columns []string) error {
			old, done, err := w.logged(ctx, tx, merge.Attempt)
			if err != nil || done {
				c = old
				return err
			}
			if err := (&firsts{w.store}).demote(ctx, tx, merge.Table); err != nil {
				return err
			}
			for _, b := range batches {
				if err := w.loads.loadFresh(ctx, tx, f, b); err != nil {
					return err
				}
			}
			c, err = w.merge(ctx, tx, f, merge, columns)
			return err
		}})
	}
	if err := roomy(ctx, w.store, f, merge.Table, func() error { return w.take(ctx, in) }); err != nil {
		return warehouse.Counts{}, err
	}
	return c, nil
}

// needOf is what batches of an attempt need that wasn't consolidated yet.
func (w *merger) needOf(ctx context.Context, tx Tx, attempt string, batches []warehouse.Batch) (need, error) {
	var all need
	_, done, err := w.logged(ctx, tx, attempt)
	if err != nil || done {
		return all, err
	}
	for _, b := range batches {
		if len(b.Pages) == 0 {
			continue
		}
		one, err := w.loads.needOf(ctx, tx, b)
		if err != nil || len(one.steps) > 0 { // the next one's is decided when these are done
			return one, err
		}
		all.copies = append(all.copies, one.copies...)
	}
	return all, nil
}

// Distinct leaves one row of each key, and gives the final table its key back.
// Which row stays doesn't matter: Mend replaces it. They are two transactions,
// since not every warehouse makes a key over rows that its own transaction has
// deleted.
func (w *merger) Distinct(ctx context.Context, f warehouse.Fence, t shape.Table) error {
	what := "one row of each key of " + t.Name
	err := w.fencedOn(ctx, f, what, []string{w.final(t)}, func(tx Tx) error {
		has, err := finalColumns(ctx, tx, w.store, t.Name)
		if err != nil {
			return err
		}
		s := w.of(t).Over(has)
		keyed, err := w.keyed(ctx, tx, s)
		if err != nil || keyed && w.d.Enforces {
			return err
		}
		return do(ctx, tx, s.Single(has)...)
	})
	if err != nil {
		return err
	}
	return w.restoreKey(ctx, f, what, t)
}

// Unstamp forgets what rows and tombstones say of their versions where that is later
// than latest, which can't be true: what is read of their records wins from then on.
func (w *merger) Unstamp(ctx context.Context, f warehouse.Fence, t shape.Table, latest time.Time) error {
	what := "stamps that are ahead in " + t.Name
	return w.fencedOn(ctx, f, what, []string{w.final(t)}, func(tx Tx) error {
		return do(ctx, tx, w.of(t).Unstamp(latest)...)
	})
}

// An eraser is an Eraser.
type eraser struct{ *store }

// never is the stamp of a tombstone that nothing overrides: no version is newer.
var never = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// Erase removes records from the final table and from staging, in one
// transaction with the line of the log that says so: its Ids, never a value. A
// tombstone stays for each key, so that no late page brings a record back, not
// even in a rebuild. Attempts that are under way must have been discarded
// before, since their ledger counts what goes. It may be repeated.
func (w *eraser) Erase(ctx context.Context, f warehouse.Fence, e warehouse.Erasure) (warehouse.Erased, error) {
	var out warehouse.Erased
	err := w.fencedOn(ctx, f, "erase records of "+e.Table.Name, []string{w.final(e.Table), w.staging(e.Table)},
		func(tx Tx) error {
			if err := (&firsts{w.store}).demote(ctx, tx, e.Table); err != nil {
				return err
			}
			has, err := finalColumns(ctx, tx, w.store, e.Table.Name)
			if err != nil {
				return err
			}
			s := &erasing{Tables: *w.of(e.Table).Over(has), now: w.now(), e: e}
			if w.d.Locks {
				if err := do(ctx, tx, s.Lock()); err != nil {
					return err
				}
			}
			for rest := e.Values; len(rest) > 0; {
				n := min(len(rest), keysAtOnce)
				if err := s.some(ctx, tx, rest[:n]); err != nil {
					return err
				}
				rest = rest[n:]
			}
			out = s.out
			return w.settleErasure(ctx, tx, f, s)
		})
	if err != nil {
		return warehouse.Erased{}, err
	}
	return out, nil
}

// An erasing is one erasure on its way.
type erasing struct {
	statements.Tables
	now time.Time
	e   warehouse.Erasure
	out warehouse.Erased
}

// some erases as many as one statement is asked about.
func (s *erasing) some(ctx context.Context, tx Tx, values []string) error {
	keys, err := s.keys(ctx, tx, values)
	if err != nil {
		return err
	}
	var tombs [][]any
	for _, key := range keys {
		if _, err := tx.Exec(ctx, "DELETE FROM "+s.Tombs()+" WHERE table_name = $1 AND record_key = $2", s.e.Table.Name,
			key); err != nil {
			return err
		}
		tombs = append(tombs, []any{s.e.Table.Name, key, never, never, string(gone.Erased), s.now})
	}
	if err := insert(ctx, tx, s.Tombs(), tombs); err != nil {
		return err
	}
	if err := archives.Hide(ctx, ledgerTx{tx}, &s.Tables, keys); err != nil {
		return err
	}
	for _, from := range s.places("", &s.out) {
		b := s.Binds()
		n, err := tx.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE %s IN (%s)", from.table, from.column,
			b.Texts(values)), b.Args...)
		if err != nil {
			return err
		}
		*from.n += n
	}
	n, err := s.rejected(ctx, tx, values)
	s.out.Staged += n
	return err
}

// A place is one of the two tables that an erasure looks for its values in.
type place struct {
	table, column string
	n             *int64 // the rows that go
}

// places are those tables; alias may be "".
func (s *erasing) places(alias string, out *warehouse.Erased) []place {
	final, staged := s.Quote(s.e.Column), s.Staged(alias, s.e.Column)
	if alias != "" {
		final = s.Col(alias, s.e.Column)
	}
	return []place{{s.Final(), final, &out.Rows}, {s.Staging(), staged, &out.Staged}}
}

// rejected erases what the flow's rules kept out of the table: the records, or
// those that tell of them.
func (s *erasing) rejected(ctx context.Context, tx Tx, values []string) (int64, error) {
	b := s.Binds()
	sql := fmt.Sprintf("DELETE FROM %s WHERE flow = %s AND ", s.Dialect.Table(s.Options.Staging, own.RejectedTable),
		b.Text(s.e.Table.Object))
	if s.e.Column == s.e.Table.Key[0] {
		return tx.Exec(ctx, sql+"record_key IN ("+b.Texts(values)+")", b.Args...)
	}
	c, _ := s.e.Table.Named(s.e.Column)
	var tells []string
	for _, value := range values {
		tells = append(tells, "record LIKE "+b.Text("%"+strconv.Quote(c.Field)+":"+strconv.Quote(value)+"%"))
	}
	return tx.Exec(ctx, sql+"("+strings.Join(tells, " OR ")+")", b.Args...)
}

// keys lists the keys that an erasure is about. Where it names keys, it is also
// about those that no table has at the moment.
func (s *erasing) keys(ctx context.Context, tx Tx, values []string) ([]string, error) {
	if s.e.Column == s.e.Table.Key[0] {
		return values, nil
	}
	seen := map[string]bool{}
	var keys []string
	for _, from := range s.places("x", &s.out) {
		b := s.Binds()
		err := eachKey(ctx, tx, func(key string) {
			if !seen[key] {
				seen[key] = true
				keys = append(keys, key)
			}
		}, fmt.Sprintf("SELECT %s FROM %s x WHERE %s IN (%s)", s.RecordKey("x"), from.table, from.column,
			b.Texts(values)), b.Args...)
		if err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// settleErasure writes the log, and what the mark remembers of the table: rows
// that we took away ourselves aren't missing.
func (w *eraser) settleErasure(ctx context.Context, tx Tx, f warehouse.Fence, s *erasing) error {
	e := s.e
	mark, _, err := w.mark(ctx, tx, f.Flow)
	if err != nil {
		return err
	}
	if !mark.SyncedAt.IsZero() {
		left, err := w.extent(ctx, tx, e.Table)
		if err != nil {
			return err
		}
		mark.Rows, mark.Newest = mark.Rows-s.out.Rows, left.newest // what others took away stays missing
		if err := w.saveMark(ctx, tx, mark); err != nil {
			return err
		}
	}
	var rows [][]any
	for _, value := range e.Values {
		rows = append(rows, []any{s.now, e.Table.Name, e.Column, value, s.out.Rows, s.out.Staged, e.Pages})
	}
	return insert(ctx, tx, w.own(own.ErasedTable), rows)
}
