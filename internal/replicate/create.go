package replicate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"catchment/internal/control"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// create makes the tables fit and the job exist.
func (r *Replicator) create(ctx context.Context, v *visit) error {
	if err := r.prepare(ctx, v); err != nil {
		return err
	}
	if v.attempt.Mover == "" {
		if err := r.chooseMover(ctx, v); err != nil {
			return err
		}
	}
	if v.attempt.Mover != "none" {
		if err := r.createJob(ctx, v); err != nil {
			return err
		}
	}
	v.attempt.State = control.Created
	return nil
}

// prepare brings staging and final table up to what describe says.
func (r *Replicator) prepare(ctx context.Context, v *visit) error {
	changes, err := r.Warehouse.Prepare(ctx, v.fence(), v.source.table)
	if err != nil {
		return err
	}
	var gone []string
	for _, c := range changes {
		switch {
		case c.What == warehouse.Vanished:
			gone = append(gone, c.Column)
			v.note("column %s.%s keeps its old values: the field is gone, or hidden from this user", c.Table, c.Column)
		case c.What == warehouse.Added && !v.attempt.From.IsZero():
			v.note("column %s.%s is new: records that don't change get their value only by: catchment run --full %s",
				c.Table, c.Column, v.attempt.Flow)
		}
	}
	if err := r.noteHidden(ctx, v, gone); err != nil {
		return err
	}
	return r.Warehouse.Describe(ctx, v.fence(), v.source.object, v.source.table)
}

func (r *Replicator) chooseMover(ctx context.Context, v *visit) error {
	a, changed := &v.attempt, int64(-1)
	row, err := r.Control.Flow(ctx, a.Flow)
	if err != nil {
		return err
	}
	setting := string(v.source.flow.Mover)
	if row.Mover != "" { // Bulk refused this object before
		setting = row.Mover
	}
	if !a.From.IsZero() {
		count := queryFor(v.source.object.Name, []string{"COUNT()"}, v.source.flow.Where, v.source.cursor, a.From)
		changed, err = r.Org.Count(ctx, count, true)
		if err != nil {
			return err
		}
	}
	a.Mover = moverFor(setting, changed, a.SOQL)
	return nil
}

// jobsAtMost bounds the jobs of one attempt, since an org has 10,000 a day. The
// run that reaches it fails; the next begins a new attempt.
const jobsAtMost = 10

// createJob posts the job. The intent is recorded before: a crash between the
// two may orphan a job, which Jobs then counts; it is never adopted, since
// Salesforce doesn't tell what a job reads.
func (r *Replicator) createJob(ctx context.Context, v *visit) error {
	pager, err := r.pager(v.attempt.Mover)
	if err != nil {
		return err
	}
	if v.attempt.Jobs++; v.attempt.Jobs > jobsAtMost {
		return plan.Fixf("look at the Bulk Data Load Jobs page of Setup for what becomes of them, then run again",
			"%d jobs of %s came to nothing: %s", jobsAtMost, v.attempt.Flow, strings.Join(v.attempt.Notes, "; "))
	}
	if v.attempt, err = r.Control.SaveAttempt(ctx, v.attempt); err != nil {
		return err
	}
	job, err := pager.Create(ctx, mover.Request{Object: v.source.object.Name, SOQL: v.attempt.SOQL})
	if errors.Is(err, mover.ErrUnsupported) && v.attempt.Mover == "bulk" {
		v.attempt.Mover = "rest"
		if _, err := r.Control.UpdateFlow(ctx, v.attempt.Flow, func(f *control.FlowRow) { f.Mover = "rest" }); err != nil {
			return err
		}
		return r.createJob(ctx, v)
	}
	if err != nil {
		return err
	}
	if v.attempt.Jobs > 1 { // what an earlier job of this attempt staged is of another reading
		if err := r.Warehouse.Discard(ctx, v.fence(), v.attempt.ID, job.ID); err != nil {
			return err
		}
		if err := r.Control.DropPages(ctx, v.attempt.ID); err != nil {
			return err
		}
		v.attempt.Pages, v.attempt.Records, v.attempt.Bytes = 0, 0, 0
	}
	return v.setJob(job)
}

// ready waits for what has to exist before the job can be started: nothing,
// for Bulk and REST.
func (r *Replicator) ready(_ context.Context, v *visit) error {
	v.attempt.State = control.Ready
	return nil
}

// start sets the job off. Bulk and REST start by themselves.
func (r *Replicator) start(_ context.Context, v *visit) error {
	v.attempt.State = control.Started
	return nil
}

// done waits for the job to finish.
func (r *Replicator) done(ctx context.Context, v *visit) error {
	finished, err := r.finished(ctx, v)
	if err == nil && finished {
		v.attempt.State = control.Extracted
	}
	return err
}

// finished asks whether the attempt's job has its result, and replaces a job
// that is gone.
func (r *Replicator) finished(ctx context.Context, v *visit) (bool, error) {
	if v.attempt.Mover == "none" {
		return true, nil
	}
	if len(v.attempt.Job) == 0 { // the last one failed
		return false, r.createJob(ctx, v)
	}
	pager, job, err := r.job(v)
	if err != nil || job.Done {
		return job.Done, err
	}
	now, err := r.Org.ServerTime(ctx)
	if err != nil {
		return false, err
	}
	v.wait = pollWait(now.Sub(job.ReadAt))
	job, err = pager.Poll(ctx, job)
	switch {
	case errors.Is(err, mover.ErrGone):
		return false, r.replaceJob(ctx, v, pager, job)
	case errors.Is(err, mover.ErrFailed):
		return false, r.giveUpJob(ctx, v, pager, job, err)
	case err != nil:
		return false, err
	}
	r.progress(Progress{Flow: v.attempt.Flow, Step: Done, Of: job.Records, Mover: v.attempt.Mover})
	return job.Done, v.setJob(job)
}

// giveUpJob deletes a job whose result is no good. The next call makes another;
// this one says what happened.
func (r *Replicator) giveUpJob(ctx context.Context, v *visit, pager mover.Pager, job mover.Job, err error) error {
	v.attempt.Job = nil
	v.note("job %s was given up: %v", job.ID, err)
	return errors.Join(err, pager.Drop(ctx, job))
}

// replaceJob makes a new job in the place of one that can't be read any more.
func (r *Replicator) replaceJob(ctx context.Context, v *visit, pager mover.Pager, job mover.Job) error {
	v.note("job %s was gone, another reads the same", job.ID)
	if err := pager.Drop(ctx, job); err != nil { // an aborted job is still in the org
		return err
	}
	return r.createJob(ctx, v)
}

// job reads the mover's own note out of the attempt.
func (r *Replicator) job(v *visit) (mover.Pager, mover.Job, error) {
	pager, err := r.pager(v.attempt.Mover)
	if err != nil {
		return nil, mover.Job{}, err
	}
	var job mover.Job
	if err := json.Unmarshal(v.attempt.Job, &job); err != nil {
		return nil, job, fmt.Errorf("read the job of attempt %s: %w", v.attempt.ID, err)
	}
	return pager, job, nil
}

func (v *visit) setJob(j mover.Job) error {
	b, err := json.Marshal(j)
	v.attempt.Job = b
	return err
}
