package lake

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/body"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/erasing"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/lake/tombs"
	"catchment/internal/warehouse/lake/versions"
)

// eraser is the role of that name. The order is: tombstones, so that nothing brings a record back; the final table,
// with which they count; the stage; what was kept out; the lines of archives; what is known of the bodies of files; the
// log. Then all older snapshots of these tables go, and with them the files that held the records. A crash between
// leaves a repeat to do the rest.
type eraser struct{ *site }

// never is the stamp of a tombstone that no version wins over.
func never() versions.Moment { return versions.At(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)) }

// Erase removes records so that nothing is left of them but a line of the log, and tombstones against late pages.
func (s eraser) Erase(
	ctx context.Context, f warehouse.Fence, e warehouse.Erasure,
) (out warehouse.Erased, err error) {
	defer func() { err = named("erase records of "+e.Table.Name, err) }()
	l, _, err := merger(s).holding(ctx, f, e.Table)
	if err != nil {
		return out, err
	}
	erase := &erasure{merger: merger(s), fence: f, e: e, line: l,
		records: erasing.Records{Key: e.Table.Key, Column: e.Column, Values: e.Values}}
	if out.Rows, err = erase.fromFinal(ctx); err != nil {
		return out, err
	}
	if out.Staged, err = erase.fromStage(ctx); err != nil {
		return out, err
	}
	kept, err := erase.fromRejected(ctx)
	out.Staged += kept
	if err == nil {
		err = erase.archives().Hide(ctx, e.Table.Object, erase.records.Keys)
	}
	if err == nil {
		err = erase.fromFiles(ctx)
	}
	if err == nil {
		err = erase.log(ctx, out)
	}
	if err == nil {
		err = erase.forgetOlder(ctx)
	}
	return out, err
}

// An erasure is one that is under way.
type erasure struct {
	merger
	fence   warehouse.Fence
	e       warehouse.Erasure
	line    line
	records erasing.Records
}

// fromFinal takes the records out of the final table, and buries them: the snapshot that has them no more is that with
// which their tombstones count.
func (s *erasure) fromFinal(ctx context.Context) (gone int64, err error) {
	var stands standing
	_, err = s.Commit(ctx, s.final(s.e.Table), func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		is, err := false, error(nil)
		if stands, is, err = standingOf(t); err != nil {
			return nil, err
		}
		if !is {
			return nil, s.notOurs(s.e.Table)
		}
		stands.Mark, _ = s.line.over(stands)
		if err := stands.holds(s.fence); err != nil {
			return nil, err
		}
		if err := s.findKeys(ctx, t); err != nil {
			return nil, err
		}
		c, n, err := erasing.Without(ctx, t, s.records, s.scratch)
		if err != nil {
			return nil, err
		}
		if c == nil {
			c = &tables.Change{}
		}
		if gone = n; !stands.Mark.SyncedAt.IsZero() { // what we took away isn't missing, what others did is
			stands.Mark.Rows -= n
			if stands.Mark.Newest, err = s.newest(ctx, t); err != nil {
				return nil, err
			}
		}
		if err := s.bury(ctx, &stands); err != nil {
			return nil, err
		}
		return c, stands.carry(c)
	})
	if errors.Is(err, tables.ErrNone) {
		return 0, s.notOurs(s.e.Table)
	}
	if err == nil && len(stands.Buried) > 0 {
		err = s.yard(s.e.Table).Settle(ctx, s.fence, stands.Buried)
	}
	return gone, err
}

// findKeys finds the keys of the records: those that are named, also where no table has them at the moment, and those
// of the rows that name one.
func (s *erasure) findKeys(ctx context.Context, final *table.Table) error {
	keys := map[string]bool{}
	if final.CurrentSnapshot() != nil {
		var err error
		if keys, err = s.records.KeysIn(ctx, final, s.scratch); err != nil {
			return err
		}
	}
	if len(s.e.Table.Key) == 1 && s.e.Column == s.e.Table.Key[0] {
		for _, key := range s.e.Values {
			keys[key] = true
		}
	}
	delete(keys, "")
	s.records.Keys = keys
	return nil
}

// newest is the last time that one of the rows was written that stay.
func (s *erasure) newest(ctx context.Context, final *table.Table) (latest time.Time, err error) {
	q := rows.Query{Key: s.e.Table.Key, Columns: []string{columns.SyncedAt}, AnyOrder: true}
	err = s.each(ctx, final, q, func(b rows.Batch) error {
		at, is := b.Record.Column(0).(*array.Timestamp)
		for i, key := range b.Keys {
			if is && at.IsValid(i) && !s.records.Keys[key] {
				latest = later(latest, time.UnixMicro(int64(at.Value(i))).UTC())
			}
		}
		return nil
	})
	return latest, err
}

// bury writes tombstones that no version wins over. They count once the standing is there.
func (s *erasure) bury(ctx context.Context, stands *standing) error {
	if len(s.records.Keys) == 0 {
		return nil
	}
	if len(stands.Buried) > 0 {
		if err := s.yard(s.e.Table).Settle(ctx, s.fence, stands.Buried); err != nil {
			return err
		}
	}
	var lines []tombs.Line
	for _, key := range slices.Sorted(maps.Keys(s.records.Keys)) {
		lines = append(lines, tombs.Line{Key: key,
			Tomb: versions.Tomb{At: never(), ReadAt: never(), Reason: gone.Erased}})
	}
	try, err := s.yard(s.e.Table).Bury(ctx, s.fence, lines, s.Now())
	stands.Buried = []int64{try}
	return err
}

// fromStage takes every version of the records out of the stage.
func (s *erasure) fromStage(ctx context.Context) (gone int64, err error) {
	_, err = s.Commit(ctx, s.stage(s.e.Table), func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		c, n, err := erasing.Without(ctx, t, s.records, s.scratch)
		gone = n
		return c, err
	})
	if errors.Is(err, tables.ErrNone) {
		return 0, nil
	}
	return gone, err
}

// fromRejected takes what was kept out of the records, or tells of one that goes.
func (s *erasure) fromRejected(ctx context.Context) (gone int64, err error) {
	column, _ := s.e.Table.Named(s.e.Column)
	where := own.Is("flow", s.e.Table.Object)
	err = own.Edit(ctx, s.Lake, s.own(own.Rejected), where, func(all []own.Row) []own.Row {
		before := len(all)
		all = slices.DeleteFunc(all, func(r own.Row) bool {
			if r["flow"] != s.e.Table.Object {
				return false
			}
			return s.records.Keys[r["record_key"]] || slices.ContainsFunc(s.e.Values, func(value string) bool {
				return strings.Contains(r["record"], strconv.Quote(column.Field)+":"+strconv.Quote(value))
			})
		})
		gone = int64(before - len(all))
		return all
	})
	if errors.Is(err, tables.ErrNone) {
		return 0, nil
	}
	return gone, err
}

// fromFiles takes what is known of the bodies of files out of the register. Who erases has had them forgotten before:
// but a line that is dead by its position is still there for who reads the data files.
func (s *erasure) fromFiles(ctx context.Context) error {
	if !s.ofFiles() || len(s.records.Keys) == 0 {
		return nil
	}
	gone := erasing.Records{Key: []string{own.FileKey}, Keys: s.records.Keys, Column: own.FileKey}
	_, err := s.Commit(ctx, s.beside(own.Files), func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		c, _, err := erasing.Without(ctx, t, gone, s.scratch)
		return c, err
	})
	if errors.Is(err, tables.ErrNone) {
		return nil
	}
	return err
}

// ofFiles tells whether the records are files.
func (s *erasure) ofFiles() bool {
	_, is := body.Of(s.e.Table.Object)
	return is
}

// log writes down what was erased: never more than who was.
func (s *erasure) log(ctx context.Context, out warehouse.Erased) error {
	var lines []own.Row
	for _, value := range s.e.Values {
		lines = append(lines, own.Row{"erased_at": columns.Moment(s.Now()), "table_name": s.e.Table.Name,
			"by_column": s.e.Column, "record_key": value, "row_count": strconv.FormatInt(out.Rows, 10),
			"staged": strconv.FormatInt(out.Staged, 10), "pages": strconv.FormatInt(s.e.Pages, 10)})
	}
	_, err := s.Commit(ctx, s.own(own.Erased), func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		files, err := own.Write(ctx, t, slices.Values(lines))
		return &tables.Change{Rows: files}, err
	})
	return err
}

// forgetOlder has no older snapshot stay of the tables that held the records: they would still have them, in files and
// in what lists of files say of these.
func (s *erasure) forgetOlder(ctx context.Context) error {
	held := []table.Identifier{s.final(s.e.Table), s.stage(s.e.Table), s.own(own.Rejected), s.beside(own.Archive)}
	if s.ofFiles() {
		held = append(held, s.beside(own.Files))
	}
	for _, name := range held {
		t, err := s.found(ctx, name)
		if err != nil {
			return err
		}
		if t == nil || t.CurrentSnapshot() == nil {
			continue
		}
		if err := s.rewriteLists(ctx, name); err != nil {
			return err
		}
		if err := s.Prune(ctx, name, ""); err != nil {
			return err
		}
		if _, err := s.Expire(ctx, name, 1, 0); err != nil {
			return plan.Failf(plan.Retry, "erase it again: what is done already costs nothing",
				"old files of %s.%s stand until its upkeep removes them: %w", name[0], name[1], err)
		}
		if t, err = s.Find(ctx, name); err != nil {
			return err
		}
		if n := len(t.Metadata().Snapshots()) - 1; n > 0 {
			return plan.Fixf("drop the table's branches and tags, then erase it again",
				"%d older snapshots of %s.%s stand as long as somebody's branch or tag names them", n, name[0], name[1])
		}
	}
	return nil
}

// rewriteLists writes a table's lists of files anew: they say the least and the greatest value of files that are gone.
func (s *erasure) rewriteLists(ctx context.Context, name table.Identifier) error {
	_, err := s.Commit(ctx, name, func(_ context.Context, t *table.Table) (*tables.Change, error) {
		c := &tables.Change{Manifests: true}
		if stands, is, err := standingOf(t); is || err != nil {
			return c, errors.Join(err, stands.carry(c))
		}
		return c, nil
	})
	return err
}
