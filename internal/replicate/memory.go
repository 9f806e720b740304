package replicate

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/flow"
	"catchment/internal/replicate/window"
	"catchment/internal/schema"
	"catchment/internal/source"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
)

// pressAgain is how long a sweep has to be ago, that a refused log made a run do,
// before the log makes another one do the same: one that is always trimmed would have
// every run read all Ids.
const pressAgain = 24 * time.Hour

// remembered is what is remembered of a flow once an attempt is consolidated. swept and
// refreshed are when the attempt began to hold every row against all Ids, and to compare
// what changes without a stamp; zero where it didn't.
func remembered(
	m recall.Memory, src *source.Source, a control.Attempt, swept, refreshed time.Time,
) recall.Memory {
	m.Generation, m.Fingerprint = a.Generation, fingerprint(src) // a crash may have kept list from it
	// what was deleted while that was ignored is found by a sweep
	if m.Deletes != string(flow.Ignore) || !swept.IsZero() {
		m.Deletes = string(src.Flow.Deletes)
	}
	if !a.To.IsZero() { // an attempt that only mends moves no watermark
		m.Proof = a.Grade
	}
	m.Described = a.Described
	m = doubted(m, a)
	if !swept.IsZero() {
		m.SweptAt = swept
		m.Settle(a.ID, recall.DeletesUnseen, recall.RecordsUnread)
	}
	if a.Complete { // every row was written anew
		m.SettleAll(a.ID)
	}
	m.Release(src.Names()...) // they were read
	m.Unfilled = without(append(m.Unfilled, unread(src, a)...), filled(src, a))
	m.Settle("", recall.ColumnsUnfilled)
	for _, name := range m.Unfilled {
		if source.HasColumn(src.Table, name) { // its field came, or came back, after the attempt was begun
			m.Doubt(recall.Doubt{
				Kind: recall.ColumnsUnfilled, Since: m.Looked,
				Why: "column " + name + " isn't filled for all records yet", Hint: "the next run fills it",
			})
		}
	}
	if !refreshed.IsZero() {
		m.RefreshedAt = refreshed
	}
	return m
}

// doubted is a memory with what an attempt doubts.
func doubted(m recall.Memory, a control.Attempt) recall.Memory {
	for _, d := range a.Doubts {
		m.Doubt(d)
	}
	return m
}

// pressedNotes tells why an attempt sweeps that wouldn't by its schedule.
func pressedNotes(a control.Attempt, doubts []recall.Doubt) []string {
	var notes []string
	for _, d := range doubts {
		if a.Part(sweepPart) != nil && d.Kind == recall.DeletesUnseen {
			notes = append(notes, d.Why+": this run sweeps")
		}
	}
	return notes
}

// unseen is the doubt that deletes were not seen.
func unseen(src *source.Source, since time.Time, why string) recall.Doubt {
	object := src.Flow.Object
	hint := "a sweep finds what is gone, within a day; at once: catchment verify --repair " + object
	switch {
	case len(src.Table.Key) != 1:
		hint = "find what is gone with: catchment run --full " + object
	case src.Flow.Sweep.Off():
		hint = "the flow is never swept; find what is gone with: catchment verify --repair " + object
	}
	return recall.Doubt{Kind: recall.DeletesUnseen, Since: since, Why: why, Hint: hint}
}

// changedPolicy doubts what a flow has that ignored deletes until now.
func changedPolicy(src *source.Source, row control.FlowRow, now time.Time) []recall.Doubt {
	if row.Deletes != string(flow.Ignore) || src.Flow.Deletes == flow.Ignore {
		return nil
	}
	const why = "deletes were ignored until now: what was deleted meanwhile is still there"
	return []recall.Doubt{unseen(src, now, why)}
}

// policyNotes tells what a changed policy leaves as it was.
func policyNotes(src *source.Source, row control.FlowRow) []string {
	if row.Deletes != string(flow.Flag) || src.Flow.Deletes != flow.Remove {
		return nil
	}
	return []string{"deletes were flagged until now: rows that were flagged before stay, with _catchment_deleted_at"}
}

// unignored is where a window begins whose flow ignored deletes until now: what is still
// in the recycle bin is read as a whole. A sweep finds the rest.
func unignored(src *source.Source, row control.FlowRow, from, now time.Time) time.Time {
	if start := now.Add(-window.DeletedReach + time.Hour); len(changedPolicy(src, row, now)) > 0 && start.Before(from) {
		return start
	}
	return from
}

// presses tells whether a sweep is due for what is doubted, whatever the flow's schedule
// says of sweeps. A changed policy asks for one even where there are none.
func presses(src *source.Source, m recall.Memory, now time.Time) bool {
	switch {
	case m.Deletes == string(flow.Ignore) && src.Flow.Deletes != flow.Ignore:
		return true
	case src.Flow.Sweep.Off():
		return false
	case m.Doubted(recall.RecordsUnread):
		return true
	}
	return m.Doubted(recall.DeletesUnseen) && !now.Before(m.PressedAt.Add(pressAgain))
}

// shapeOf is the columns of a table, in short: what they can't take another shape may.
func shapeOf(t shape.Table) string {
	sum := fnv.New64a()
	for _, c := range t.Columns {
		fmt.Fprintf(sum, "%q %s %d %d;", c.Name, c.Kind, c.Scale, c.Length)
	}
	return fmt.Sprintf("%016x", sum.Sum64())
}

// describedAs is what the warehouse is told of a flow's object, in short.
func describedAs(src *source.Source) string {
	sum := fnv.New64a()
	o := src.Object
	fmt.Fprintf(sum, "%q %q %q %t;", o.Name, o.Label, o.KeyPrefix, o.Custom)
	index := o.Index()
	for _, c := range src.Table.Columns {
		if f, ok := index.Field(c.Field); ok {
			fmt.Fprintf(sum, "%q %+v;", c.Name, f)
		}
	}
	return shapeOf(src.Table) + fmt.Sprintf("%016x", sum.Sum64())
}

// hasIDs tells whether the records of a flow can be read by their Ids.
func hasIDs(src *source.Source) bool {
	id, ok := src.Table.Column("Id")
	return ok && len(src.Table.Key) == 1 && src.Table.Key[0] == id.Name &&
		slices.ContainsFunc(src.Fields, func(f schema.Field) bool { return f.Type == schema.ID })
}

// readsAgain tells whether an attempt is to read again what was kept out. One that reads
// everything does it anyway.
func (r *Replicator) readsAgain(src *source.Source, m recall.Memory, a control.Attempt, now time.Time) bool {
	return !a.From.IsZero() && !a.Complete && hasIDs(src) &&
		m.Rejected.Due(shapeOf(src.Table), r.Options.Version, now)
}

// again has an attempt read again what was kept out, where that is due, so many records
// at most. It costs the org nothing where it isn't.
func (r *Replicator) again(
	ctx context.Context, src *source.Source, m recall.Memory, a *control.Attempt, now time.Time,
) error {
	if !r.readsAgain(src, m, *a, now) {
		return nil
	}
	of := control.Again{Shape: shapeOf(src.Table), Version: r.Options.Version}
	ids, err := r.Warehouse.OutKeys(ctx, src.Table, m.Rejected.Behind(of.Shape, of.Version), againAtMost)
	if err != nil {
		return err
	}
	if of.Done = len(ids) < againAtMost; len(ids) > 0 {
		of.Last = ids[len(ids)-1]
	}
	met := ids
	if src.Flow.Where != "" { // which the call that reads by Ids doesn't know of
		if met, err = r.deletes.Inside(ctx, src, ids); err != nil {
			return err
		}
		of.Unmet = without(ids, met)
	}
	a.Again = &of
	if len(met) > 0 {
		a.Add(againOf(src, met, r.Movers.ByIDs()))
	}
	return nil
}

// rejected is what is remembered of what is kept out once the attempt is consolidated.
func (s *attemptStep) rejected(ctx context.Context, old recall.Rejected) (recall.Rejected, error) {
	a := &s.attempt
	if old.Records == 0 && quiet(*a) { // nobody but the flow's attempts keeps records out
		return recall.Rejected{}, nil
	}
	out, err := s.Warehouse.Out(ctx, s.source.Table, warehouse.Merge{
		Table: s.source.Table, Attempt: a.ID, Complete: a.Complete,
	}, 0)
	if err != nil {
		return old, err
	}
	by := recall.RejectedReading{Whole: whole(*a), Shape: shapeOf(s.source.Table), Version: s.Options.Version}
	if a.Again != nil {
		by.Again, by.Done, by.Last = true, a.Again.Done || a.Again.Refused, a.Again.Last
		by.Shape, by.Version = a.Again.Shape, a.Again.Version
	}
	if out.Records > 0 {
		by.At, err = s.Org.ServerTime(ctx)
	}
	return old.Next(out.Records, out.Rows, by), err
}
