package replicate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/plural"
	"catchment/internal/replicate/reading"
	"catchment/internal/replicate/window"
	"catchment/internal/source"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/many"
)

// consolidate merges staging into the final table and moves the watermark, in
// one transaction of the warehouse (invariant 1). The control table's copies
// follow after it.
func (s *attemptStep) consolidate(ctx context.Context) error {
	a := &s.attempt
	if !quiet(*a) {
		if err := s.looked(ctx); err != nil {
			return err
		}
	}
	if ended, err := s.consolidateDetached(ctx); err != nil || !ended {
		return err
	}
	m, memory, err := s.merge(ctx)
	if err != nil {
		return err
	}
	m.AllowDeletes = s.Options.AllowDeletes
	counts, err := s.Warehouse.Consolidate(ctx, s.fence(), m)
	if err != nil {
		return errors.Join(err, s.doubtKey(ctx))
	}
	return consolidated(ctx, s, memory, counts)
}

// consolidated notes that the warehouse has consolidated an attempt, with what is remembered of its flow from then on.
func consolidated(ctx context.Context, s *attemptStep, memory recall.Memory, counts warehouse.Counts) (err error) {
	a := &s.attempt
	if a.Counts, err = json.Marshal(counts); err != nil {
		return fmt.Errorf("note the counts of attempt %s: %w", a.ID, err)
	}
	s.noteStale(counts.Patched)
	if a.Remade != "" && counts.Deleted > 0 {
		s.note("%s of the object before, whose Ids began with %s, %s gone", plural.Of(counts.Deleted, "row"), a.Remade,
			plural.Word(counts.Deleted, "is", "are"))
	}
	if err := errors.Join(s.noteFlaws(ctx), s.noteFolded(ctx)); err != nil {
		return err
	}
	_, err = s.Control.UpdateFlow(ctx, a.Flow, func(f *control.FlowRow) {
		f.Memory, f.Grade = memory, memory.Grade()
		f.Rows = counts.Rows
		reading.Remember(f, *a)
		f.Succeed()
		if !a.To.IsZero() { // an attempt that only mends moves no watermark
			f.Watermark = a.To
		}
	})
	if err != nil {
		return err
	}
	if !a.To.IsZero() {
		a.Grade = memory.Grade()
	}
	a.State = control.Consolidated
	_, records, bytes := a.Sums()
	s.progress(Progress{Flow: a.Flow, Step: Consolidate, Records: records, Of: records, Known: true, Bytes: bytes,
		Mover: a.Mover()})
	return nil
}

// looked writes down, before rows are written, that none of them was read later than
// now.
func (s *attemptStep) looked(ctx context.Context) error {
	now, err := s.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	_, err = s.Control.UpdateFlow(ctx, s.attempt.Flow, func(f *control.FlowRow) { f.Looked = now })
	return err
}

// noteFolded tells that a record has changed the form of the table, which whoever has made
// something of that table has to know.
func (s *attemptStep) noteFolded(ctx context.Context) error {
	t, overflows := s.source.Table, s.Warehouse.Room().Overflows
	if s.attempt.Folded || overflows == nil || !overflows(t) {
		return nil
	}
	_, past, err := s.Warehouse.Adapt(ctx, t)
	if err == nil && past.Folded {
		s.note("table %s is a view of the same columns now, over a table that keeps some of them in a jsonb: a record "+
			"has more values than a row has room for; install a procedure anew that you have installed", t.Name)
	}
	return err
}

// noteFlaws reports where values held characters that not every warehouse can
// store.
func (s *attemptStep) noteFlaws(ctx context.Context) error {
	pages, err := s.Control.Pages(ctx, s.attempt.ID)
	if err != nil {
		return err
	}
	var nuls, noTexts int64
	var firstNUL, firstNoText string
	for _, p := range pages {
		if nuls == 0 {
			firstNUL = p.NULAt
		}
		if noTexts == 0 {
			firstNoText = p.NoTextAt
		}
		nuls += p.NULs
		noTexts += p.NoTexts
	}
	what := "replaced by U+2400"
	if s.Warehouse.Room().NUL {
		what = "kept"
	}
	if nuls > 0 {
		s.note("%s %s %s, the first in %s", plural.Of(nuls, "NUL character"), plural.Word(nuls, "was", "were"),
			what, firstNUL)
	}
	if noTexts > 0 {
		s.note("%d characters that are no text were replaced by U+FFFD, the first in %s", noTexts, firstNoText)
	}
	return nil
}

// noteStale says how many rows a comparison has found out of date.
func (s *attemptStep) noteStale(patched int64) {
	a := &s.attempt
	filling := a.Part(backfillPart) != nil || completed(*a) // other patches are among these
	if a.Part(refreshPart) != nil && !filling {
		records := int64(0)
		for _, p := range a.Reading(refreshPart) {
			records += p.Records
		}
		s.note("refresh: %d of %s had other values in fields that change without a stamp", patched,
			plural.Of(records, "record"))
	}
	if p := a.Part(samplePart); p != nil && !filling && patched > 0 {
		s.note("sample: %d of %s had other values in fields that change without a stamp; "+
			"to compare all: refresh: 1d", patched, plural.Of(p.Records, "record"))
	}
}

// Most flows of a large org have nothing new when a run comes by, and the steps would do the same for each of them:
// find that its tables fit, that nothing is to be read, and move its mark. list does that for all of them in one go. Of
// a flow that is left out, or whose note of it is lost, the steps do what is to be done.

// A still is an attempt that has nothing to read.
type still struct {
	attempt control.Attempt
	source  *source.Source
}

// isStill tells whether an attempt that has just begun has nothing to read, and nothing to look after: the logs name no
// record, and nothing else is planned.
func isStill(a control.Attempt, c window.Changes) bool {
	nothing := c.Changed == 0 && len(c.Updated) == 0 && len(c.Deleted) == 0 && c.Unseen == ""
	alone := len(a.Parts) == 1 && a.Part(control.Main) != nil && a.Again == nil && a.Remade == ""
	return nothing && alone && !a.From.IsZero() && quiet(a)
}

// settle consolidates the attempts together that have nothing to read.
func settle(ctx context.Context, l *listing) error {
	in := many.Of(l.Warehouse)
	if in == nil || l.Options.Elsewhere != nil || l.roles.Detacher != nil { // somebody else consolidates
		return nil
	}
	var all []*settling
	for _, one := range l.still {
		all = append(all, &settling{attemptStep: &attemptStep{Replicator: l.Replicator, attempt: one.attempt,
			source: one.source}})
	}
	err := each(all, func(_ int, s *settling) (err error) {
		s.ready, err = s.prepared(ctx)
		return err
	})
	var moves []many.Move
	for _, s := range all {
		if s.ready {
			moves = append(moves, s.move)
		}
	}
	if err != nil || len(moves) == 0 {
		return context.Cause(ctx)
	}
	counts, err := in.MoveEach(ctx, moves)
	if err != nil {
		return context.Cause(ctx)
	}
	_ = each(all, func(_ int, s *settling) error {
		moved, ok := counts[s.attempt.ID]
		if !ok {
			return nil
		}
		if err := consolidated(ctx, s.attemptStep, s.memory, moved); err != nil {
			return err
		}
		return s.save(ctx)
	})
	return context.Cause(ctx)
}

// A settling is an attempt on its way to be consolidated with others.
type settling struct {
	*attemptStep
	ready  bool
	move   many.Move
	memory recall.Memory
}

// prepared tells whether only the mark has to be moved, and how.
func (s *settling) prepared(ctx context.Context) (bool, error) {
	if fits, err := isPrepared(ctx, s.attemptStep); err != nil || !fits {
		return false, err
	}
	m, memory, err := s.merge(ctx)
	s.move, s.memory = many.Move{Fence: s.fence(), Merge: m}, memory
	return err == nil && m.Quiet() && memory.Rejected.Records == 0, err
}
