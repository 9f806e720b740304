package standing

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/control/versioned"
	"catchment/internal/plan"
	"catchment/internal/status"
)

// Last is the word for the last run.
const Last = "last"

// Runs lists the last runs, at most so many.
func (v View) Runs(ctx context.Context, atMost int) (status.Runs, error) {
	h, err := v.history(ctx)
	if err != nil {
		return nil, err
	}
	var all status.Runs
	for _, run := range h.runs[:min(len(h.runs), max(atMost, 0))] {
		all = append(all, h.past(run))
	}
	return all, nil
}

// Run is the run of an id, or of the beginning of one, or the last one. It fails with
// versioned.ErrNotFound where there is none.
func (v View) Run(ctx context.Context, id string) (status.OneRun, error) {
	h, err := v.history(ctx)
	if err != nil {
		return status.OneRun{}, err
	}
	run, err := find(h.runs, id)
	if err != nil {
		return status.OneRun{}, err
	}
	report := status.OneRun{Run: h.past(run)}
	for _, o := range run.Objects {
		if run.Ended.IsZero() && o.Attempt != "" { // what the run knows of it is how it began
			if o, err = v.underWay(ctx, run, o); err != nil {
				return report, err
			}
		}
		report.Objects = append(report.Objects, object(o, run.Started))
	}
	return report, nil
}

// find finds a run among those that there are, the last one first.
func find(runs []control.RunRow, id string) (found control.RunRow, err error) {
	if id == Last && len(runs) > 0 {
		return runs[0], nil
	}
	several := 0
	for _, run := range runs {
		if run.ID == id {
			return run, nil
		}
		if strings.HasPrefix(run.ID, id) {
			found = run
			several++
		}
	}
	switch {
	case several == 0 || id == "":
		return found, versioned.ErrNotFound
	case several > 1:
		return found, plan.Fixf("name more of it; see: catchment runs", "%d runs begin with %s", several, id)
	}
	return found, nil
}

// underWay is how far a flow is in a run that has not ended.
func (v View) underWay(
	ctx context.Context, run control.RunRow, o control.RunObject,
) (control.RunObject, error) {
	a, err := v.Control.Attempt(ctx, o.Attempt)
	if err != nil {
		return o, fmt.Errorf("look at %s: %w", o.Object, err)
	}
	o.Steps, o.Mover, o.From, o.Grade = run.Steps(a), a.Mover(), a.From, a.Grade
	o.Error, o.Hint, o.Class, o.Notes = a.Error, a.Hint, a.ErrorClass, a.Notes
	o.Calls, o.Jobs = o.Calls+a.Calls, o.Jobs+a.Jobs
	_, o.Records, o.Bytes = a.Sums()
	return o, nil
}

// Result is what a run did that has ended.
func Result(run control.RunRow) status.Run {
	report := status.Run{
		ID: run.ID, State: string(run.State), Calls: run.Calls, Jobs: run.Jobs,
		Seconds: status.Seconds(run.Ended.Sub(run.Started).Round(time.Millisecond)),
	}
	_, report.Failed, _, _ = run.Tally()
	for _, o := range run.Objects {
		o.Steps = nil // which status tells to who asks for them
		report.Objects = append(report.Objects, object(o, run.Started))
	}
	return report
}

// object is what a run, which began at a moment, did for one flow.
func object(o control.RunObject, began time.Time) status.RunObject {
	one := status.RunObject{
		Object: o.Object, State: string(o.State), Mover: o.Mover,
		Extracted: o.Records + o.Rejected, Loaded: o.Records, Rejected: o.Rejected, KeptOut: o.KeptOut,
		Inserted: o.Inserted, Updated: o.Updated, Deleted: o.Deleted,
		Bytes: o.Bytes, Calls: o.Calls, Jobs: o.Jobs,
		From: status.Moment(o.From), To: status.Moment(o.To), Grade: o.Grade,
		Notes: o.Notes, Doubts: doubts(o.Doubts), Error: o.Error, Class: string(o.Class),
	}
	if o.Error != "" {
		one.Hint = &o.Hint
	}
	for state, after := range o.Steps {
		at := began.Add(time.Duration(after) * time.Millisecond)
		one.Steps = append(one.Steps, status.Step{Step: string(state), At: at})
	}
	slices.SortFunc(one.Steps, func(a, b status.Step) int { // which may come within a millisecond
		switch {
		case control.AttemptState(a.Step).Past(control.AttemptState(b.Step)):
			return 1
		case a.Step == b.Step:
			return 0
		}
		return -1
	})
	return one
}

// doubts is what there is to doubt about a flow.
func doubts(of []recall.Doubt) []status.Doubt {
	var all []status.Doubt
	for _, d := range of {
		all = append(all, status.Doubt{Kind: string(d.Kind), Since: d.Since, Why: d.Why, Hint: d.Hint})
	}
	return all
}
