package removal

import (
	"context"

	"catchment/internal/archive"
	"catchment/internal/archive/manifest"
	"catchment/internal/plan"
	"catchment/internal/warehouse/archived"
)

// What goes along with a record and can't be deleted by itself, as the versions of a document,
// belongs to that record's batch: it is proven with it before and after, and ends with it.

// escorted finds what goes along with the batch.
func (b *batch) escorted(ctx context.Context) error {
	found, err := b.paper.below(ctx, b.byID)
	if err != nil {
		return err
	}
	b.escort = append(b.escort, found...)
	for object, entries := range b.escortBy() {
		known, err := b.linesOf(ctx, object, idsOf(entries))
		if err != nil {
			return err
		}
		for _, e := range entries {
			e.line = known[e.record.ID]
			switch {
			case e.line.ID == "":
				return plan.Failf(plan.Bug, "", "a record of %s has no line in the ledger", object)
			case e.line.State.Ended():
				e.ruling = ruling{fateEnded, e.line.State, e.line.Reason}
			}
		}
	}
	return nil
}

func (b *batch) escortBy() map[string][]*entry {
	by := map[string][]*entry{}
	for _, e := range b.escort {
		by[e.record.Object] = append(by[e.record.Object], e)
	}
	return by
}

// takes tells whether a record goes along with the batch.
func (b *batch) takes(id string) bool {
	if b.takesID == nil {
		b.takesID = map[string]bool{}
		for _, e := range b.escort {
			b.takesID[e.record.ID] = true
		}
	}
	return b.takesID[id]
}

// examineEscort proves what goes along. Where that can't go, neither can what takes it.
func (x *exam) examineEscort(ctx context.Context) error {
	for object, entries := range x.escortBy() {
		var open []*entry
		for _, e := range entries {
			switch {
			case e.with.ruling.fate != fateOpen:
			case e.ruling.fate == fateEnded:
				x.keepWith(e)
			default:
				open = append(open, e)
			}
		}
		if len(open) == 0 {
			continue
		}
		verdicts, err := x.verdicts(ctx, x.held[object], idsOf(open), archive.Live)
		if err != nil {
			return err
		}
		for i, v := range verdicts {
			e := open[i]
			e.ruling = ruleLive(v, e.record.Stamp, x.ours(v.Stamp, v.Author))
			if e.ruling.fate == fateEnded {
				x.keepWith(e)
				continue
			}
			e.line.Stamp, e.line.Digest, e.bodies = v.Stamp, v.Digest, v.Bodies
		}
	}
	return nil
}

// keepWith keeps the record that would take one along which can't go. One that is gone
// already, deleted by this plan or by somebody else, keeps nothing.
func (x *exam) keepWith(e *entry) {
	if s := e.ruling.state; s == archived.Deleted || s == archived.Vanished {
		return
	}
	e.with.ruling = ruling{fateEnded, archived.Changed, e.record.Object + " that goes with it: " + e.ruling.reason}
}

// proveEscort proves from the bin what went along.
func (a *aftermath) proveEscort(ctx context.Context) error {
	for object, entries := range a.escortBy() {
		var open []*entry
		for _, e := range entries {
			if !e.line.State.Ended() {
				open = append(open, e)
			}
		}
		if len(open) == 0 {
			continue
		}
		verdicts, err := a.verdicts(ctx, a.held[object], idsOf(open), archive.Bin)
		if err != nil {
			return err
		}
		for i, v := range verdicts {
			e := open[i]
			e.ruling = ruleBin(v)
			with := &e.with.ruling
			switch {
			case v.Finding == archive.Living && with.state == archived.Deleted:
				e.ruling = ruling{fateEnded, archived.Failed, "it didn't go with its parent"}
			case v.Finding == archive.Living:
				e.ruling = ruling{fateEnded, archived.Changed, whyKept}
			case with.state == archived.Vanished:
				e.ruling = *with
			case with.state == archived.Failed, with.state == archived.Blocked, // its delete was refused
				a.binned[e.record.ID]: // it lay there before the batch
				e.ruling = ruleOthers(v)
			case v.Finding == archive.Differs && with.state == archived.Deleted:
				*with = ruling{fateEnded, archived.Changed, object + " that goes with it " + e.ruling.reason}
			}
		}
	}
	return nil
}

// settleEscort ends what came back with its parent as that does.
func (a *aftermath) settleEscort(ctx context.Context) error {
	for object, entries := range a.escortBy() {
		var back []*entry
		for _, e := range entries {
			if e.with.ruling.state == archived.Changed && e.ruling.state == archived.Deleted && !e.line.State.Ended() {
				back = append(back, e)
			}
		}
		if err := a.undelete(ctx, object, idsOf(back)); err != nil {
			return err
		}
		for _, e := range back {
			e.ruling = ruling{fateEnded, archived.Changed, whyKept}
		}
	}
	return nil
}

// leftovers ends what was to go along with records that were kept. It may be gone all the same
// (taken.go).
func (r *run) leftovers(ctx context.Context) error {
	if len(r.paper.escorts) == 0 {
		return nil
	}
	wanted := func(record manifest.Record) bool { return record.Fate == manifest.In && record.Along }
	return r.paper.portions(ctx, wanted, func(p portion) error {
		known, err := r.linesOf(ctx, p.object, p.ids())
		if err != nil {
			return err
		}
		var left []leftover
		for _, record := range p.records {
			if line := known[record.ID]; line.State == archived.Proven {
				left = append(left, leftover{record, line})
			}
		}
		if len(left) == 0 {
			return nil
		}
		return r.holding(ctx, p.object, func(h *holding) error { return r.endLeftovers(ctx, h, left) })
	})
}

// A leftover is a record that was to go along, and its line.
type leftover struct {
	record manifest.Record
	line   archived.Line
}

func (r *run) endLeftovers(ctx context.Context, h *holding, left []leftover) error {
	ids := make([]string, len(left))
	for i, l := range left {
		ids[i] = l.record.ID
	}
	verdicts, err := r.verdicts(ctx, h, ids, archive.Bin)
	if err != nil {
		return err
	}
	var gone []manifest.Record
	for i, v := range verdicts {
		if v.Finding != archive.Living {
			gone = append(gone, left[i].record)
		}
	}
	others, err := (&taking{r, h}).byOthers(ctx, gone)
	if err != nil {
		return err
	}
	now, err := r.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	lines := make([]archived.Line, len(left))
	for i, v := range verdicts {
		rule := ruleBin(v)
		switch {
		case v.Finding == archive.Living:
			rule.reason = whyKept
		case others[left[i].record.ID]:
			rule = ruleOthers(v)
		case v.Finding == archive.Differs:
			rule.state = archived.Failed
		}
		lines[i] = left[i].line
		lines[i].State, lines[i].Reason, lines[i].EndedAt = rule.state, rule.reason, now
	}
	return r.ledger.Settle(ctx, h.lease.Fence(), h.src.Table, lines)
}
