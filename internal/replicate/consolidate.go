package replicate

import (
	"context"
	"encoding/json"
	"fmt"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/warehouse"
)

// consolidate merges staging into the final table and moves the watermark, in
// one transaction of the warehouse (invariant 1). The control table's copies
// follow after it.
func (r *Replicator) consolidate(ctx context.Context, v *visit) error {
	a := &v.attempt
	if ended, err := r.consolidateDetached(ctx, v); err != nil || !ended {
		return err
	}
	m := v.merge()
	m.AllowDeletes = r.Options.AllowDeletes
	counts, err := r.Warehouse.Consolidate(ctx, v.fence(), m)
	if err != nil {
		return err
	}
	if a.Counts, err = json.Marshal(counts); err != nil {
		return fmt.Errorf("note the counts of attempt %s: %w", a.ID, err)
	}
	v.noteStale(counts.Patched)
	if err := r.noteNULs(ctx, v); err != nil {
		return err
	}
	swept, err := r.sweptAt(a)
	if err != nil {
		return err
	}
	_, err = r.Control.UpdateFlow(ctx, a.Flow, func(f *control.FlowRow) {
		f.Generation, f.Fingerprint = a.Generation, flow.Fingerprint(v.source.Flow) // a crash may have kept list from it
		f.Rows, f.LastError = counts.Rows, ""
		if !a.To.IsZero() { // an attempt that only mends moves no watermark
			f.Watermark, f.Grade = a.To, a.Grade
		}
		if !swept.IsZero() {
			f.SweptAt = swept
		}
		f.Unfilled = without(append(f.Unfilled, unread(v.source, *a)...), filled(v.source, *a))
		if refreshed(*a) {
			f.RefreshedAt = a.Created
		}
	})
	if err != nil {
		return err
	}
	a.State = control.Consolidated
	_, records, bytes := a.Sums()
	r.progress(Progress{Flow: a.Flow, Step: Consolidate, Records: records, Of: records, Bytes: bytes, Mover: a.Mover()})
	return nil
}

// merge is how the attempt is to be consolidated.
func (v *visit) merge() warehouse.Merge {
	a := &v.attempt
	pages, records, _ := a.Sums()
	m := warehouse.Merge{
		Table: v.source.Table, Attempt: a.ID, Policy: warehouse.Policy(v.source.Flow.Deletes),
		Pages: pages, Rows: records,
		Complete: a.Complete, AbsentReason: warehouse.AbsentReason(v.source.Flow.Where), Override: a.Full,
		Generation: a.Generation, Watermark: a.To, Grade: a.Grade,
	}
	if a.Forget {
		m.Forget = v.source.Guarded()
	}
	return m
}

// noteNULs reports where values held NUL characters.
func (r *Replicator) noteNULs(ctx context.Context, v *visit) error {
	pages, err := r.Control.Pages(ctx, v.attempt.ID)
	if err != nil {
		return err
	}
	var count int64
	var first string
	for _, p := range pages {
		if count == 0 {
			first = p.NULAt
		}
		count += p.NULs
	}
	if count > 0 {
		what := "replaced by U+2400"
		if r.Warehouse.KeepsNUL() {
			what = "kept"
		}
		v.note("%d NUL characters were %s, the first in %s", count, what, first)
	}
	return nil
}
