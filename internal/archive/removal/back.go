package removal

import (
	"context"
	"fmt"
	"slices"

	"catchment/internal/archive/removal/journal"
	"catchment/internal/plan"
	"catchment/internal/salesforce/write"
	"catchment/internal/warehouse/archived"
)

// bringBack takes out of the bin what of the batch was changed before it was deleted, and what
// went along outside the plan with the record that took it. It is written down first: whoever
// comes after a crash finds some of it living. Where a record can't be brought back the run
// stops, and the batch stays open: the next run tries it again.
func (a *aftermath) bringBack(ctx context.Context, strays []journal.Back) error {
	for _, s := range strays {
		if e := a.byID[s.Parent]; e != nil && e.ruling.state == archived.Deleted {
			e.ruling = ruling{fateEnded, archived.Changed,
				"a record outside the plan went with it, " + s.Object + ": " + s.Reason}
		}
	}
	more := slices.Clone(strays)
	for _, e := range a.entries {
		if e.ruling.state == archived.Changed && e.ruling.reason != whyRevived {
			more = append(more, journal.Back{Object: a.object, ID: e.record.ID, Own: true, Reason: e.ruling.reason})
		}
	}
	more = slices.DeleteFunc(more, func(m journal.Back) bool {
		return slices.ContainsFunc(a.backs, func(b journal.Back) bool { return b.ID == m.ID })
	})
	if err := a.journal.BringBack(ctx, a.number, more); err != nil {
		return err
	}
	a.backs = append(a.backs, more...)

	// First those of the batch: with a record comes what was deleted along with it.
	byObject, objects := map[string][]string{}, []string{a.object}
	for _, b := range a.backs {
		if !slices.Contains(objects, b.Object) {
			objects = append(objects, b.Object)
		}
		byObject[b.Object] = append(byObject[b.Object], b.ID)
	}
	slices.Sort(objects[1:])
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
