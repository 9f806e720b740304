package lake

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/history"
	"catchment/internal/warehouse/lake/ledger"
	"catchment/internal/warehouse/lake/merging"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/removal"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
)

// finish does what follows the snapshot, each part even where another fails: rejections that are past are forgotten,
// tombstones settled, the log written; then the ledger lets go of the attempt. A repeat does what is left of it. But
// after a success nobody repeats: so what people read is tried once more.
func (c *consolidation) finish(ctx context.Context, final *table.Table) error {
	c.owes = c.repeat || len(c.past)+len(c.Forget) > 0
	stands, _, err := standingOf(final)
	if err != nil {
		return err
	}
	stage, err := c.stageOf(ctx, c.Table)
	if err != nil {
		return err
	}
	if c.repeat {
		if err := c.lookAgain(ctx, final, stage, stands); err != nil {
			return err
		}
	}
	forgotten := c.forget(ctx)
	if forgotten != nil && c.Lake.Pause(ctx, shortly) == nil {
		forgotten = c.forget(ctx)
	}
	c.owes = forgotten != nil
	told := c.log(ctx, stands, c.repeat)
	if told != nil && c.Lake.Pause(ctx, shortly) == nil {
		told = c.log(ctx, stands, true)
	}
	all := []error{forgotten, told, c.clear(ctx, c.final(c.Table), "")}
	if c.settles || c.repeat && len(stands.Buried) > 0 {
		all = append(all, c.yard(c.Table).Settle(ctx, c.fence, stands.Buried))
	}
	if err := errors.Join(all...); err != nil {
		return err
	}
	if !c.repeat {
		if err := c.keep(ctx, c.Table, c.apart.files); err != nil {
			return err
		}
	}
	return c.letGo(ctx, stage, stands)
}

// shortly is when what has failed is tried once more.
const shortly = 20 * time.Millisecond

// lookAgain finds once more which rejections are past, where a repeat finds the attempt in the ledger still.
func (c *consolidation) lookAgain(ctx context.Context, final, stage *table.Table, stands standing) error {
	c.now = stands.Mark.SyncedAt
	if stage == nil {
		return nil
	}
	l, err := ledger.Read(stage.Properties(), c.Attempt)
	if err != nil || len(l.Jobs) == 0 {
		return err
	}
	_, err = c.pass(ctx, merging.Task{Final: final, Stage: stage, Rules: c.rules(c.jobsOf(l)), Dry: true}, stands)
	return err
}

// log tells people what was done. Where it may be told already, it looks, and tells nothing twice.
func (c *consolidation) log(ctx context.Context, stands standing, looks bool) error {
	if looks {
		if _, told, err := c.logged(ctx, c.Attempt); told || err != nil {
			return err
		}
	}
	m := stands.Mark
	row := own.Row{"attempt": c.Attempt, "flow": c.fence.Flow, "table_name": c.Table.Name, "grade": m.Grade,
		"generation": strconv.FormatInt(m.Generation, 10), "synced_at": columns.Moment(m.SyncedAt)}
	if !m.Watermark.IsZero() {
		row["watermark"] = columns.Moment(m.Watermark)
	}
	for column, n := range countsIn(&c.counts) {
		row[column] = strconv.FormatInt(*n, 10)
	}
	_, err := c.Commit(ctx, c.own(own.Log), func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		files, err := own.Write(ctx, t, slices.Values([]own.Row{row}))
		return &tables.Change{Rows: files}, err
	})
	return err
}

// countsIn names the columns of the log that counts are in.
func countsIn(c *warehouse.Counts) map[string]*int64 {
	return map[string]*int64{"staged": &c.Staged, "inserted": &c.Inserted, "updated": &c.Updated,
		"patched": &c.Patched, "deleted": &c.Deleted, "unchanged": &c.Unchanged, "row_count": &c.Rows}
}

// countsOf reads a row of the log.
func countsOf(row own.Row) (c warehouse.Counts) {
	for column, n := range countsIn(&c) {
		*n, _ = strconv.ParseInt(row[column], 10, 64)
	}
	return c
}

// letGo takes the attempt out of the ledger. Its rows stay, as history; but where values were to be forgotten, no
// version stays that was read before.
func (c *consolidation) letGo(ctx context.Context, stage *table.Table, stands standing) error {
	if stage == nil {
		return nil
	}
	_, err := c.Commit(ctx, c.stage(c.Table), func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		merged, open := c.sorted(t, stands)
		change := &tables.Change{}
		for _, attempt := range merged {
			if _, has := t.Properties()[ledger.Key(attempt)]; has {
				change.Forget = append(change.Forget, ledger.Key(attempt))
			}
		}
		var err error
		if len(c.Forget) > 0 {
			stay := open
			if !c.History.Off {
				stay = append(stay, c.Attempt)
			}
			older := removal.Where{NotIn: map[string][]string{columns.Attempt: stay}}
			_, err = removal.Of(ctx, t, older, change)
		} else {
			err = history.Trim(ctx, c.History, history.End{Stage: t, Merged: merged, Open: open, Now: c.Now()}, change)
		}
		if len(change.Forget)+len(change.Gone)+len(change.Properties) == 0 {
			return nil, err
		}
		return change, err
	})
	return err
}

// sorted are the attempts in the ledger that are merged, with this one, and those that are still open. A process may
// have died before it let go of one of the first.
func (c *consolidation) sorted(stage *table.Table, stands standing) (merged, open []string) {
	merged = []string{c.Attempt}
	for _, attempt := range ledger.Attempts(stage.Properties()) {
		_, done := stands.counts(attempt)
		switch {
		case attempt == c.Attempt:
		case done:
			merged = append(merged, attempt)
		default:
			open = append(open, attempt)
		}
	}
	return merged, open
}

// liveIn counts the live rows of a final table.
func liveIn(ctx context.Context, final *table.Table) (n int64, err error) {
	q := rows.Query{Columns: []string{columns.Deleted}, AnyOrder: true}
	err = rows.Each(ctx, final, q, func(b rows.Batch) error {
		n += int64(b.Record.Column(0).NullN())
		return nil
	})
	return n, err
}
