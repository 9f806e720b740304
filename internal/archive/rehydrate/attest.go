package rehydrate

import (
	"context"
	"errors"
	"slices"
	"strings"

	"catchment/internal/archive/evidence"
	"catchment/internal/plan"
)

// holdPlans takes the leases of the plans whose records come back: what comes back is written behind their
// evidence, and one process at a time writes there.
func (w *work) holdPlans(ctx context.Context) error {
	for _, m := range w.members {
		if !m.asked && m.newID == "" || w.held[m.plan] != nil {
			continue
		}
		held, err := w.Holder.Hold(ctx, "archive/"+m.plan)
		if err != nil {
			return plan.Failf(plan.ClassOf(err), plan.HintOf(err), "plan %s: %w", m.plan, err)
		}
		w.held[m.plan] = held
	}
	return nil
}

// attest writes into the evidence of each plan which of its records are back. A call that was stopped before it came
// to that is made up for by the next one: what the evidence tells already isn't told again.
func (w *work) attest(ctx context.Context) error {
	if err := w.holdPlans(ctx); err != nil { // an earlier call has brought back records of other ones
		return err
	}
	now, err := w.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	back := map[string][]evidence.Return{}
	for id, m := range w.members {
		if w.held[m.plan] == nil {
			continue
		}
		r := evidence.Return{Object: m.subject.name, Level: m.level, ID: id, At: now}
		switch {
		case m.state == Undeleted:
			r.Way = evidence.Undeleted
		case m.state == There:
			r.Way = evidence.Found
		case m.newID != "":
			r.Way, r.NewID = evidence.Inserted, m.newID
		default:
			continue
		}
		back[m.plan] = append(back[m.plan], r)
	}
	var failed error
	for name, all := range back {
		slices.SortFunc(all, func(a, b evidence.Return) int {
			if by := strings.Compare(a.Object, b.Object); by != 0 {
				return by
			}
			return strings.Compare(a.ID, b.ID)
		})
		failed = errors.Join(failed, w.attestOf(ctx, name, all))
	}
	return failed
}

// attestOf is attest of one plan.
func (w *work) attestOf(ctx context.Context, name string, all []evidence.Return) error {
	if err := w.held[name].Renew(ctx); err != nil {
		return err
	}
	book, err := evidence.Open(ctx, w.Stage, name)
	if err == nil {
		err = book.Return(ctx, all)
	}
	if err == nil {
		return nil
	}
	return plan.Failf(plan.ClassOf(err), "all is back that the result says; "+
		"see to the evidence, then do the same again: it is written then",
		"what came back isn't in the evidence of plan %s: %w", name, err)
}
