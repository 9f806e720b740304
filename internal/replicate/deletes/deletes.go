// Package deletes finds out which rows have lost their records, and why: what is in
// the recycle bin, merged away, purged, out of the user's sight, or out of the flow's
// where.
//
// Two things make a record suspect: Salesforce's logs name it and the window's reading
// didn't bring it (account.go), or a sweep of all Ids lacks it (sweep.go). What it
// really is, queryAll says, and judge decides (verdict.go). What is found is staged as
// a page of Ids like any other (ids.go).
//
// It asks and decides. What is then staged, read again or told to the user is left to
// replicate.
package deletes

import (
	"context"
	"slices"

	"catchment/internal/lookup"
	"catchment/internal/plan"
	"catchment/internal/replicate/window"
	"catchment/internal/salesforce"
	"catchment/internal/source"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
)

// A Finder finds out what became of a flow's records.
type Finder struct {
	org      *salesforce.Client
	evidence warehouse.Evidence
	windows  *window.Finder
}

// NewFinder makes a finder that asks an org, the rows in a warehouse, and Salesforce's logs.
func NewFinder(org *salesforce.Client, evidence warehouse.Evidence, windows *window.Finder) *Finder {
	return &Finder{org: org, evidence: evidence, windows: windows}
}

// Findings are Ids that turned out to be gone, and why.
type Findings map[string]verdict

// Of lists the Ids with one reason, in order.
func (f Findings) Of(reason gone.Reason) []string {
	var ids []string
	for id, v := range f {
		if v == verdict(reason) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Vanished stops before rows are marked that went out of the user's sight in such
// numbers that the user must have changed, not the records.
func (f *Finder) Vanished(ctx context.Context, src *source.Source, found Findings) error {
	n := 0
	for _, traits := range gone.Reasons() {
		if traits.Sight {
			n += len(found.Of(traits.Reason))
		}
	}
	if n == 0 {
		return nil
	}
	live, err := f.evidence.Live(ctx, src.Table)
	if err != nil || !outOfSight(n, int(live)) {
		return err
	}
	return plan.Fixf("look at the permissions of the integration user: View All Data, "+
		"or View All Records on this object, may have been taken from it; if it is right that it sees less, "+
		"run again with --allow-deletes",
		"%d of %d rows of %s are out of this user's sight, and Salesforce's delete log has none of them",
		n, live, src.Flow.Object)
}

// examine reads suspects by their Ids, with queryAll: that is the proof, the logs are
// only a hint.
func (f *Finder) examine(ctx context.Context, src *source.Source, suspects []suspect) error {
	find := lookup.Finder{Org: f.org, Object: src.Object, Where: src.Flow.Where}
	inside, err := find.States(ctx, idsOf(suspects))
	if err != nil {
		return err
	}
	outside := slices.DeleteFunc(slices.Clone(suspects), func(s suspect) bool {
		_, in := inside[s.id]
		return in || !s.held
	})
	var elsewhere map[string]lookup.State
	if find.Where != "" && len(outside) > 0 {
		find.Where = ""
		if elsewhere, err = find.States(ctx, idsOf(outside)); err != nil {
			return err
		}
	}
	for i := range suspects {
		s := &suspects[i]
		if s.State, s.inside = inside[s.id]; s.inside {
			s.found = true
			continue
		}
		s.State, s.found = elsewhere[s.id]
	}
	return nil
}

func idsOf(suspects []suspect) []string {
	ids := make([]string, len(suspects))
	for i, s := range suspects {
		ids[i] = s.id
	}
	return ids
}
