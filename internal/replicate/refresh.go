package replicate

import (
	"context"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/source"
)

// The parts that compare the fields which change without leaving a stamp.
const (
	refreshName = "refresh" // in all records
	sampleName  = "sample"  // in some
)

// sampleSize is how many records a sample compares: one answer of REST.
const sampleSize = 2000

// A stale is what is known of the fields that change without a stamp.
type stale struct {
	fields []string
	due    bool   // all records are to be compared now
	from   string // some are: those from this Id on; "" for none
}

// staleness decides whether a flow's fields are to be compared in this run.
func (r *Replicator) staleness(ctx context.Context, src *source.Source, row control.FlowRow) (stale, error) {
	var s stale
	for _, f := range flow.Unstamped(src.Flow, src.Object, src.Fields) {
		s.fields = append(s.fields, f.Name)
	}
	if len(s.fields) == 0 || len(src.Past.Columns) == 0 {
		return s, nil
	}
	zone, err := r.zoneOf(ctx, src.Flow.Refresh.At)
	if err != nil {
		return s, err
	}
	s.due = src.Flow.Refresh.Due(row.RefreshedAt, r.Options.Now(), zone)
	if !src.Flow.Refresh.Sample {
		return s, nil
	}
	s.from, err = r.Warehouse.SomeKey(ctx, src.Table)
	return s, err
}

// refresh plans the part that compares the fields which change without a stamp.
// What differs is patched, and counted.
func refresh(src *source.Source, s stale) []control.Part {
	switch {
	case s.due:
		return []control.Part{narrow(src, refreshName, s.fields)}
	case s.from != "":
		p := narrow(src, sampleName, s.fields)
		p.Least, p.OrderBy, p.Limit = s.from, "Id", sampleSize
		p.Mover = moverFor("auto", sampleSize, p.Query)
		return []control.Part{p}
	}
	return nil
}

// refreshed tells whether an attempt has compared the fields of all records.
func refreshed(a control.Attempt) bool {
	return readsAll(a) || a.Part(refreshName) != nil
}

// noteStale says how many rows a comparison has found out of date.
func (v *visit) noteStale(patched int64) {
	a := &v.attempt
	filling := a.Part(backfillName) != nil || completed(*a) // other patches are among these
	if a.Part(refreshName) != nil && !filling {
		records := int64(0)
		for _, p := range a.Reading(refreshName) {
			records += p.Records
		}
		v.note("refresh: %d of %d records had other values in fields that change without a stamp", patched, records)
	}
	if p := a.Part(sampleName); p != nil && !filling && patched > 0 {
		v.note("sample: %d of %d records had other values in fields that change without a stamp; to compare all: refresh: 1d", patched, p.Records)
	}
}
