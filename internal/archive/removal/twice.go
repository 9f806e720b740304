package removal

import (
	"context"
	"slices"
	"time"

	"catchment/internal/archive"
	"catchment/internal/archive/removal/hanging"
	"catchment/internal/warehouse/archived"
)

// wentTwice finds, among children in the bin that are all of one object, those that an earlier batch had deleted, that
// somebody brought back, and that went once more with this batch, other than their copies say. One that is as its copy
// says may lie there.
func (a *aftermath) wentTwice(
	ctx context.Context, some []hanging.Child, lines map[string]archived.Line,
) (map[string]bool, error) {
	since := a.begun.Truncate(time.Second) // stamps have no more
	var suspects []string
	for _, c := range some {
		line := lines[c.ID]
		if line.State == archived.Deleted && line.Batch != a.number && !c.Stamp.Before(since) {
			suspects = append(suspects, c.ID)
		}
	}
	slices.Sort(suspects)
	suspects = slices.Compact(suspects) // one may hang on several
	twice := map[string]bool{}
	if len(suspects) == 0 {
		return twice, nil
	}
	prove := func(h *holding) error {
		verdicts, err := a.verdicts(ctx, h, suspects, archive.Bin)
		for _, v := range verdicts {
			twice[v.ID] = v.Finding == archive.Differs
		}
		return err
	}
	for object, h := range a.held {
		if sameObject(object, some[0].Object) {
			return twice, prove(h)
		}
	}
	return twice, a.holding(ctx, some[0].Object, prove)
}
