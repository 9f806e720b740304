package sql

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/many"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// What is done for many flows at once is a statement for each thing to do, whatever the number of flows.

// eachAtOnce is for how many flows one statement does something.
const eachAtOnce = 500

// ClaimEach claims the flows that have a mark with an older fence, the same table and org, and whose deleted rows
// say so. The others need more than a new fence, or are refused.
func (w *marks) ClaimEach(
	ctx context.Context, org string, claims []many.Claim,
) (claimed map[string]warehouse.Mark, err error) {
	if len(claims) == 0 {
		return nil, nil
	}
	err = w.tx(ctx, func(tx Tx) error {
		flows := together{w.store, tx}
		claimed = map[string]warehouse.Mark{}
		was, err := flows.marks(ctx, "")
		if err != nil {
			return err
		}
		var fences []warehouse.Fence
		asked := map[string]bool{}
		for _, c := range claims {
			m, known := was[c.Fence.Flow]
			if known && m.Org == org && m.Table == c.Table && m.Fence < c.Fence.Number {
				fences, asked[m.Flow] = append(fences, c.Fence), true
			}
		}
		if err := flows.raise(ctx, fences, "fence < to_fence AND "+own.DeletesTold); err != nil {
			return err
		}
		// looked at once more: somebody may have written between the look and the act, and nobody can from here on
		is, err := flows.marks(ctx, " WHERE "+own.DeletesTold)
		if err != nil {
			return err
		}
		for _, c := range claims {
			m := is[c.Fence.Flow]
			if asked[m.Flow] && m.Fence == c.Fence.Number && m.Org == org && m.Table == c.Table {
				claimed[m.Flow] = m
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim %d flows: %w", len(claims), err)
	}
	return claimed, nil
}

// A settled is a merge that is done, but for the mark and the log.
type settled struct {
	flow        string
	of          warehouse.Merge
	counts      warehouse.Counts
	was         warehouse.Mark
	newest, now time.Time
}

// record has the mark and the log say what a merge did.
func (w *merger) record(ctx context.Context, tx Tx, s settled) error {
	mark := s.mark()
	if err := w.saveMark(ctx, tx, mark); err != nil {
		return err
	}
	return insert(ctx, tx, w.own(own.LogTable), [][]any{s.line(mark)})
}

// mark is the flow's mark from then on.
func (s settled) mark() warehouse.Mark {
	mark := s.was
	if s.of.Attempt != "" {
		mark = advance(mark, s.of)
		mark.Attempt = s.of.Attempt
	}
	mark.Rows, mark.Newest, mark.SyncedAt = s.counts.Rows, s.newest, s.now
	mark.Memory = cmp.Or(s.of.Memory, mark.Memory)
	return mark
}

// line is what the log says of it.
func (s settled) line(mark warehouse.Mark) []any {
	m, c := s.of, s.counts
	return []any{m.Attempt, s.flow, m.Table.Name, c.Staged, c.Inserted, c.Updated, c.Deleted, c.Unchanged, c.Rows,
		dialect.Stamp(mark.Watermark), mark.Grade, mark.Generation, dialect.Stamp(s.now), c.Patched}
}

// absentReason is why what a merge doesn't find is gone.
func absentReason(m warehouse.Merge) gone.Reason { return cmp.Or(m.AbsentReason, gone.Purged) }

// Most of the flows of a large org have nothing new when a run comes by. Such a run looks
// at none of their rows, and touches no table but ours.

// moveMark consolidates an attempt that has nothing to merge, and tells whether that was
// all: one that was merged before, that has something in the ledger all the same, or
// whose flow keeps records out, is left to merging. So is the first one of a flow.
func (w *merger) moveMark(
	ctx context.Context, f warehouse.Fence, m warehouse.Merge,
) (c warehouse.Counts, all bool, err error) {
	err = w.fenced(ctx, f, "consolidate "+m.Table.Name, func(tx Tx) error {
		c, all = warehouse.Counts{}, false
		some, err := count(ctx, tx, dialect.Fill(`SELECT (SELECT count(*) FROM {log} WHERE attempt = $1) +
	(SELECT count(*) FROM {ledger} WHERE attempt = $1) + (SELECT count(*) FROM {rejected} WHERE flow = $2)`,
			dialect.Holes{"log": w.own(own.LogTable), "ledger": w.own(own.PageTable),
				"rejected": w.own(own.RejectedTable)}), m.Attempt, m.Table.Object)
		if err != nil || some > 0 {
			return err
		}
		old, known, err := w.mark(ctx, tx, f.Flow)
		if err != nil || !known || old.SyncedAt.IsZero() {
			return err
		}
		now := w.now()
		all, c.Rows = true, old.Rows
		if _, err := tx.Exec(ctx, "DELETE FROM "+w.own(own.AttemptTable)+" WHERE attempt = $1", m.Attempt); err != nil {
			return err
		}
		return w.record(ctx, tx, settled{flow: f.Flow, of: m, counts: c, was: old, newest: old.Newest, now: now})
	})
	return c, all && err == nil, err
}

// MoveEach moves the marks of flows that have nothing to merge, with a line in the log for each, as moveMark does for
// one.
func (w *merger) MoveEach(ctx context.Context, moves []many.Move) (moved map[string]warehouse.Counts, err error) {
	if len(moves) == 0 {
		return nil, nil
	}
	err = w.tx(ctx, func(tx Tx) error {
		flows := together{w.store, tx}
		moved = map[string]warehouse.Counts{}
		done, err := flows.movable(ctx, moves)
		if err != nil {
			return err
		}
		var attempts, marks, lines [][]any
		for _, s := range done {
			mark := s.mark()
			attempts = append(attempts, []any{s.of.Attempt})
			marks = append(marks, markRow(mark))
			lines = append(lines, s.line(mark))
			moved[s.of.Attempt] = s.counts
		}
		err = flows.each(ctx, attempts, func(each string) string {
			return "DELETE FROM " + w.own(own.AttemptTable) + " WHERE attempt IN (SELECT of_attempt FROM " + each + ")"
		}, column{"of_attempt", shape.Text})
		if err == nil {
			err = flows.save(ctx, marks)
		}
		if err == nil {
			err = insert(ctx, tx, w.own(own.LogTable), lines)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("move %d marks: %w", len(moves), err)
	}
	return moved, nil
}

// A together is a transaction that works for many flows.
type together struct {
	*store
	tx Tx
}

// movable takes the fences of attempts, and gives those of which only the mark has to be moved.
func (w together) movable(ctx context.Context, moves []many.Move) ([]settled, error) {
	fences := make([]warehouse.Fence, len(moves))
	for i, m := range moves {
		fences[i] = m.Fence
	}
	if err := w.raise(ctx, fences, "fence <= to_fence"); err != nil {
		return nil, err
	}
	is, err := w.marks(ctx, "")
	if err != nil {
		return nil, err
	}
	busy, err := w.busy(ctx, moves)
	if err != nil {
		return nil, err
	}
	now := w.now()
	var done []settled
	for _, m := range moves {
		mark, known := is[m.Fence.Flow]
		if !known || mark.Fence != m.Fence.Number || mark.SyncedAt.IsZero() || !m.Merge.Quiet() ||
			busy[m.Merge.Attempt] || busy[m.Merge.Table.Object] {
			continue
		}
		s := settled{flow: mark.Flow, of: m.Merge, was: mark, newest: mark.Newest, now: now}
		s.of.AbsentReason = absentReason(m.Merge)
		s.counts.Rows = mark.Rows
		done = append(done, s)
	}
	return done, nil
}

// busy is the attempts that were merged before or have something in the ledger, and the objects that keep records out.
func (w together) busy(ctx context.Context, moves []many.Move) (map[string]bool, error) {
	busy := map[string]bool{}
	for all := range slices.Chunk(moves, eachAtOnce) {
		rows := make([][]any, len(all))
		for i, m := range all {
			rows[i] = []any{m.Merge.Attempt, m.Merge.Table.Object}
		}
		each, args := w.values(rows, column{"of_attempt", shape.Text}, column{"of_object", shape.Text})
		err := w.tx.Query(ctx, func(scan Scan) error {
			var name string
			err := scan(&name)
			busy[name] = true
			return err
		}, dialect.Fill(`WITH each_one AS (SELECT * FROM {each})
SELECT attempt FROM {log} WHERE attempt IN (SELECT of_attempt FROM each_one)
UNION ALL SELECT attempt FROM {ledger} WHERE attempt IN (SELECT of_attempt FROM each_one)
UNION ALL SELECT flow FROM {rejected} WHERE flow IN (SELECT of_object FROM each_one)`, dialect.Holes{
			"each": each, "log": w.own(own.LogTable), "ledger": w.own(own.PageTable),
			"rejected": w.own(own.RejectedTable)}), args...)
		if err != nil {
			return nil, err
		}
	}
	return busy, nil
}

// marks reads marks by flow, all of them or those that a condition holds for.
func (w together) marks(ctx context.Context, where string) (map[string]warehouse.Mark, error) {
	all, err := readMarks(ctx, w.tx, "SELECT "+markColumns+" FROM "+w.own(own.FlowTable)+where)
	by := make(map[string]warehouse.Mark, len(all))
	for _, m := range all {
		by[m.Flow] = m
	}
	return by, err
}

// raise writes fences into the marks for which a condition holds; which these are shows there. They are locked in order
// of the flows' names.
func (w together) raise(ctx context.Context, fences []warehouse.Fence, condition string) error {
	fences = slices.Clone(fences)
	slices.SortFunc(fences, func(a, b warehouse.Fence) int { return strings.Compare(a.Flow, b.Flow) })
	rows := make([][]any, len(fences))
	for i, f := range fences {
		rows[i] = []any{f.Flow, f.Number}
	}
	return w.each(ctx, rows, func(each string) string {
		return "UPDATE " + w.own(own.FlowTable) + " SET fence = to_fence FROM " + each + " WHERE flow = of_flow AND " +
			condition
	}, column{"of_flow", shape.Text}, column{"to_fence", shape.Long})
}

// save is saveMark for many flows, in rows as markRow gives them.
func (w together) save(ctx context.Context, marks [][]any) error {
	return w.each(ctx, marks, func(each string) string {
		return "UPDATE " + w.own(own.FlowTable) + " SET generation = to_generation, watermark = to_watermark, " +
			"grade = to_grade, row_count = to_rows, synced_at = to_synced, newest = to_newest, attempt = to_attempt, " +
			"memory = to_memory FROM " + each + " WHERE flow = of_flow"
	}, column{"of_flow", shape.Text}, column{"to_generation", shape.Long}, column{"to_watermark", shape.Timestamp},
		column{"to_grade", shape.Text}, column{"to_rows", shape.Long}, column{"to_synced", shape.Timestamp},
		column{"to_newest", shape.Timestamp}, column{"to_attempt", shape.Text}, column{"to_memory", shape.Text})
}

// A column is one of values that are parameters.
type column struct {
	name string
	kind shape.Kind
}

// each does a statement for rows of values, some hundreds at once. It is told how the table is written that has them.
func (w together) each(
	ctx context.Context, rows [][]any, statement func(each string) string, columns ...column,
) error {
	for some := range slices.Chunk(rows, eachAtOnce) {
		each, args := w.values(some, columns...)
		if _, err := w.tx.Exec(ctx, statement(each), args...); err != nil {
			return err
		}
	}
	return nil
}

// values is rows of parameters as a table.
func (w together) values(rows [][]any, columns ...column) (sql string, args []any) {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	tuples := make([]string, len(rows))
	for i, row := range rows {
		places := make([]string, len(columns))
		for j, c := range columns {
			args = append(args, row[j])
			places[j] = fmt.Sprintf("CAST($%d AS %s)", len(args), w.d.Type(c.kind, 0))
		}
		tuples[i] = "(" + strings.Join(places, ", ") + ")"
	}
	return "(VALUES " + strings.Join(tuples, ", ") + ") each_value (" + strings.Join(names, ", ") + ")", args
}
