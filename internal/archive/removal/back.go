package removal

import (
	"context"
	"fmt"
	"slices"

	"catchment/internal/plan"
	"catchment/internal/salesforce/write"
	"catchment/internal/warehouse/archived"
)

// bringBack takes out of the bin what of the batch was changed before it was deleted, and what
// went along outside the plan with the record that took it. Where one can't be brought back the
// run stops, and the batch stays open: the next run tries it again.
func (a *aftermath) bringBack(ctx context.Context, strays []stray) error {
	for _, s := range strays {
		if e := a.byID[s.parent]; e != nil && e.ruling.state == archived.Deleted {
			e.ruling = ruling{fateEnded, archived.Changed,
				"a record outside the plan went with it, " + s.Object + ": " + s.Reason}
		}
		a.outside = append(a.outside, s.Outside)
	}
	var own []string
	for _, e := range a.entries {
		if e.ruling.state == archived.Changed && e.ruling.reason != whyRevived {
			own = append(own, e.line.ID)
		}
	}
	if err := a.undelete(ctx, a.object, own); err != nil {
		return err
	}
	byObject := map[string][]string{}
	var objects []string
	for _, s := range strays {
		if byObject[s.Object] == nil {
			objects = append(objects, s.Object)
		}
		byObject[s.Object] = append(byObject[s.Object], s.ID)
	}
	slices.Sort(objects)
	for _, object := range objects {
		if err := a.undelete(ctx, object, byObject[object]); err != nil {
			return err
		}
	}
	return nil
}

// undelete brings records back, those that are still in the bin, and looks whether they live.
func (a *aftermath) undelete(ctx context.Context, object string, ids []string) error {
	binned, err := a.inBin(ctx, object, ids)
	if err != nil || len(binned) == 0 {
		return err
	}
	described, err := a.known.describe(ctx, object)
	if err != nil {
		return err
	}
	writer, err := write.New(a.Org, write.Purpose{Name: "archive " + a.paper.name, Allow: []write.Allowance{
		{Verb: write.Undelete, Object: object, Prefix: described.KeyPrefix, AtMost: int64(len(binned))}}})
	if err != nil {
		return err
	}
	why := ""
	for some := range slices.Chunk(binned, write.CallAtMost) {
		outcomes, err := writer.Undelete(ctx, object, some, write.EachAlone)
		if err != nil && plan.ClassOf(err) != plan.Retry {
			return lost(object, binned, err.Error())
		}
		for _, o := range outcomes {
			if o.Refusal != nil {
				why = o.Refusal.Error()
			}
		}
	}
	if binned, err = a.inBin(ctx, object, binned); err != nil {
		return err
	}
	if len(binned) > 0 {
		return lost(object, binned, why)
	}
	a.tell(News{Object: object, Level: a.level, Text: fmt.Sprintf("brought back %d records that weren't to go",
		len(ids))})
	return nil
}

// lost says loudly that records are deleted that weren't to go.
func lost(object string, ids []string, why string) error {
	if why == "" {
		why = "Salesforce doesn't say why"
	}
	return plan.Fixf("take them out of the recycle bin by hand, within 15 days, or mend what it says; then run it "+
		"again: it looks first whether they are back", "%d records of %s are deleted that weren't to go, and can't be "+
		"brought back: %s; the first is %s", len(ids), object, why, ids[0])
}

// inBin are those of some records that don't live.
func (a *aftermath) inBin(ctx context.Context, object string, ids []string) (binned []string, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	states, err := a.states(ctx, object, ids)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if state, found := states[id]; !found || state.Deleted {
			binned = append(binned, id)
		}
	}
	return binned, nil
}
