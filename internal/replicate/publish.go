package replicate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"catchment/internal/control"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// drop clears away what the flow's ended attempts left behind: jobs in
// Salesforce, and stored pages past their time. Open attempts keep theirs.
func (r *Replicator) drop(ctx context.Context, t plan.Task) (plan.Task, error) {
	ctx = r.counted(ctx, t.Flow)
	attempts, err := r.Control.Attempts(ctx, t.Flow)
	if err != nil {
		return t, err
	}
	now, dropped := r.Options.Now(), map[string]bool{}
	for _, a := range attempts {
		dropped[a.ID] = !a.State.Open()
		if a.State == control.Consolidated || a.State == control.Abandoned {
			if err := r.dropJob(ctx, a); err != nil {
				return t, err
			}
		}
	}
	for info, err := range r.Stage.List(ctx, t.Flow+"/") {
		if err != nil {
			return t, err
		}
		known, ended := dropped[attemptOf(info.Key)]
		if (ended || !known) && now.Sub(info.Written) >= r.Options.Keep {
			if err := r.Stage.Delete(ctx, info.Key); err != nil {
				return t, err
			}
		}
	}
	return t, nil
}

func (r *Replicator) dropJob(ctx context.Context, a control.Attempt) error {
	if len(a.Job) > 0 {
		pager, err := r.pager(a.Mover)
		if err != nil {
			return err
		}
		var job mover.Job
		if err := json.Unmarshal(a.Job, &job); err != nil {
			return fmt.Errorf("read the job of attempt %s: %w", a.ID, err)
		}
		if err := pager.Drop(ctx, job); err != nil {
			return err
		}
	}
	if err := r.Control.DropPages(ctx, a.ID); err != nil {
		return err
	}
	a.State = control.Dropped
	_, err := r.Control.SaveAttempt(ctx, a)
	return err
}

// publish says how the run went and gives its leases back. It may be done
// twice: the second time writes the same.
func (r *Replicator) publish(ctx context.Context, t plan.Task) (plan.Task, error) {
	run, err := r.beginRun(ctx, t.Run)
	if err != nil {
		return t, err
	}
	for i, o := range run.Objects {
		if o.Attempt == "" {
			continue
		}
		if run.Objects[i], err = r.outcome(ctx, o); err != nil {
			return t, err
		}
	}
	run.State = stateOf(run.Objects, r.stopping())
	run.Ended = r.Options.Now().UTC()
	run.Calls = r.Org.Calls()
	if _, err := r.Control.SaveRun(ctx, run); err != nil {
		return t, err
	}
	for _, item := range t.Items {
		err = errors.Join(err, r.Control.Release(ctx, control.Lease{Flow: item.Flow, Run: item.Run, Fence: item.Fence}))
	}
	return t, err
}

// outcome reads from a flow's attempt how its part of the run went.
func (r *Replicator) outcome(ctx context.Context, o control.RunObject) (control.RunObject, error) {
	a, err := r.Control.Attempt(ctx, o.Attempt)
	if err != nil {
		return o, err
	}
	o.State, o.Error, o.Hint = control.FlowOpen, a.Error, a.Hint
	switch {
	case a.State.Past(control.Loaded) && a.State != control.Abandoned:
		o.State, o.Error, o.Hint = control.FlowDone, "", ""
	case a.Error != "":
		o.State = control.FlowFailed
	}
	o.Mover, o.From, o.To, o.Grade = a.Mover, a.From, a.To, a.Grade
	o.Records, o.Bytes, o.Notes = a.Records, a.Bytes, a.Notes
	var c warehouse.Counts
	if len(a.Counts) > 0 {
		if err := json.Unmarshal(a.Counts, &c); err != nil {
			return o, fmt.Errorf("read the counts of attempt %s: %w", a.ID, err)
		}
	}
	o.Inserted, o.Updated, o.Deleted = c.Inserted, c.Updated, c.Deleted
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := r.calls[o.Object]; n != nil {
		o.Calls = n.Load()
	}
	return o, nil
}

// stateOf sums up a run.
func stateOf(objects []control.RunObject, stopping bool) control.RunState {
	done, failed, open := 0, 0, 0
	for _, o := range objects {
		switch o.State {
		case control.FlowDone, control.FlowPaused:
			done++
		case control.FlowFailed:
			failed++
		default:
			open++
		}
	}
	switch {
	case open > 0 && stopping:
		return control.Stopped
	case failed+open == 0 && done > 0:
		return control.Done
	case done > 0:
		return control.Partial
	}
	return control.Failed
}
