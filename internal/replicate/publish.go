package replicate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"catchment/internal/control"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// publish says how the run went and gives its leases back. It may be done
// twice: the second time writes the same.
func (r *Replicator) publish(ctx context.Context, t plan.Task) (plan.Task, error) {
	run, err := r.beginRun(ctx, t.Run)
	if err != nil {
		return t, err
	}
	fences := map[string]int64{}
	for _, item := range t.Items {
		fences[item.Flow] = item.Fence
	}
	lost := 0
	for i, o := range run.Objects {
		if o.Attempt != "" {
			a, err := r.Control.Attempt(ctx, o.Attempt)
			if err != nil {
				return t, err
			}
			if fence, ok := fences[o.Object]; ok && a.Fence > fence {
				lost++
				err := superseded(control.ErrLost)
				o.State, o.Error = control.FlowFailed, err.Error()
				o.Hint, o.Class = plan.AdviceOf(err), plan.ClassOf(err)
			} else if o, err = outcome(a, o, r.stopping()); err != nil {
				return t, err
			} else if run.State == control.Running { // and not when it was published before
				o.Calls, o.Jobs = o.Calls+a.Calls, o.Jobs+a.Jobs
				run.Calls, run.Jobs = run.Calls+a.Calls, run.Jobs+a.Jobs
				o.Steps = run.Steps(a)
			}
		}
		if o, err = r.claim(ctx, o); err != nil {
			return t, err
		}
		run.Objects[i] = o
		if err := r.noteFailure(ctx, o); err != nil {
			return t, err
		}
	}
	if run.State == control.Running {
		run.State = runState(run.Objects, lost, r.stopping())
		run.Ended = r.Options.Now().UTC()
	}
	if _, err := r.Control.SaveRun(ctx, run); err != nil {
		return t, err
	}
	if err := r.release(ctx, t.Run); err != nil {
		return t, err
	}
	_, err = r.Control.Prune(ctx)
	return t, err
}

// claim says what may be claimed of a flow's table: how far it is complete, and what
// there is to doubt. A flow that the run didn't bring further is where it was before:
// the warehouse knows where; where that can't be asked, or isn't open, the control table
// has the last that it said.
func (r *Replicator) claim(ctx context.Context, o control.RunObject) (control.RunObject, error) {
	row, err := r.Control.Flow(ctx, o.Object)
	if err != nil {
		return o, err
	}
	o.Doubts, o.KeptOut = row.Doubts, row.Rejected.Records
	if o.State == control.FlowDone {
		return o, nil
	}
	o.From, o.To, o.Grade = time.Time{}, row.Watermark, row.Grade
	if r.Warehouse == nil {
		return o, nil
	}
	mark, known, err := r.Warehouse.Mark(ctx, o.Object)
	if err == nil && known {
		o.To, o.Grade = mark.Watermark, mark.Grade
	}
	return o, nil
}

// release gives back every lease of a run, also those that a list which broke
// off had taken.
func (r *Replicator) release(ctx context.Context, run string) error {
	leases, err := r.Control.Leases(ctx)
	return errors.Join(err, each(leases, func(_ int, lease control.Lease) error {
		if lease.Run != run {
			return nil
		}
		return r.Control.Release(ctx, lease)
	}))
}

// noteFailure keeps a flow's last error where status looks for it.
// Consolidation clears it.
func (r *Replicator) noteFailure(ctx context.Context, o control.RunObject) error {
	if o.State != control.FlowFailed {
		return nil
	}
	_, err := r.Control.UpdateFlow(ctx, o.Object, func(f *control.FlowRow) { f.Fail(o, r.Options.Now().UTC()) })
	return err
}

// outcome reads from a flow's attempt how its part of the run went. What would have been
// tried again has not failed where the user wanted an end before that.
func outcome(a control.Attempt, o control.RunObject, stopping bool) (control.RunObject, error) {
	o.State, o.Error, o.Hint, o.Class = control.FlowOpen, a.Error, a.Hint, a.ErrorClass
	switch {
	case a.State.Past(control.Loaded) && a.State != control.Abandoned:
		o.State, o.Error, o.Hint, o.Class = control.FlowDone, "", "", ""
	case stopping && (a.ErrorClass == plan.Retry || a.ErrorClass == plan.Wait) && a.FailedRun == "":
	case a.Error != "":
		o.State = control.FlowFailed
	}
	o.Mover, o.From, o.To, o.Grade = a.Mover(), a.From, a.To, a.Grade
	_, o.Records, o.Bytes = a.Sums()
	// Ids that were only looked at, found to be gone, or read once more, are no further records
	for _, p := range a.Parts {
		if !counts(*p) {
			o.Records -= p.Records
		}
	}
	o.Rejected, o.Notes = a.Rejected(), a.Notes
	if a.Bodies != nil && !a.Bodies.Begun && o.State == control.FlowDone && !stopping {
		o.Notes = noted(o.Notes, "bodies of files wait: the plan of this run has no step that reads them; on AWS, "+
			"render and deploy it anew, for a flow of catchment.yaml: control rows can't ask for bodies there")
	}
	var c warehouse.Counts
	if len(a.Counts) > 0 {
		if err := json.Unmarshal(a.Counts, &c); err != nil {
			return o, fmt.Errorf("read the counts of attempt %s: %w", a.ID, err)
		}
	}
	o.Inserted, o.Updated, o.Deleted = c.Inserted, c.Updated, c.Deleted
	if completed(a) { // the patches went to rows that are counted already
		o.Updated -= c.Patched
	}
	return o, nil
}

// runState sums up a run, of whose flows so many were lost to another run.
func runState(objects []control.RunObject, lost int, stopping bool) control.RunState {
	done, _, open, paused := control.RunRow{Objects: objects}.Tally()
	done += paused
	switch {
	case lost > 0:
		return control.Superseded
	case stopping && (open > 0 || len(objects) == 0):
		return control.Stopped
	case done > 0 && done == len(objects):
		return control.Done
	case done > 0:
		return control.Partial
	}
	return control.Failed
}
