package replicate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"catchment/internal/control"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/replicate/reading"
	"catchment/internal/warehouse"
)

// create makes the tables fit and the jobs exist, one for each part.
func (r *Replicator) create(ctx context.Context, v *visit) error {
	if err := r.prepare(ctx, v); err != nil {
		return err
	}
	for i := 0; i < len(v.attempt.Parts); i++ { // a part that one query can't read becomes several
		if wait, err := v.waits(&v.attempt.Parts[i]); err != nil {
			return err
		} else if wait {
			continue
		}
		if err := r.createPart(ctx, v, &v.attempt.Parts[i]); err != nil {
			return err
		}
	}
	v.attempt.State = control.Created
	return nil
}

// createPart makes the job of a part that has none.
func (r *Replicator) createPart(ctx context.Context, v *visit, p *control.Part) error {
	if p.Mover == "" {
		if err := r.chooseMover(ctx, v, p); err != nil {
			return err
		}
	}
	if p.Mover == noMover || len(p.Job) > 0 {
		return nil
	}
	if r.lander(p) != nil {
		l, err := r.landing(v, p)
		if err != nil {
			return err
		}
		return l.create(ctx)
	}
	return r.createJob(ctx, v, p)
}

// prepare brings staging and final table up to what describe says.
func (r *Replicator) prepare(ctx context.Context, v *visit) error {
	changes, err := r.Warehouse.Prepare(ctx, v.fence(), v.source.Table)
	if err != nil {
		return err
	}
	for _, c := range changes {
		switch c.What {
		case warehouse.Vanished:
			v.note("column %s.%s keeps its old values: %s", c.Table, c.Column, v.source.WhyGone(c.Column))
		case warehouse.Widened:
			v.note("column %s.%s is %s now", c.Table, c.Column, c.Detail)
		}
	}
	return r.Warehouse.Describe(ctx, v.fence(), v.source.Object, v.source.Table)
}

// noMover is the mover of a part that has nothing to read.
const noMover = "none"

// chooseMover decides by how much there is to read. What the main part reads is
// counted by Salesforce; the narrow ones read every record, about as many as
// the table has rows.
func (r *Replicator) chooseMover(ctx context.Context, v *visit, p *control.Part) error {
	a, changed := &v.attempt, int64(-1)
	row, err := r.Control.Flow(ctx, a.Flow)
	if err != nil {
		return err
	}
	setting := string(v.source.Flow.Mover)
	if row.Mover != "" { // Bulk refused this object before
		setting = row.Mover
	}
	if p.Name != control.Main && r.Landers[setting] != nil { // it reads whole records only
		setting = ""
	}
	switch {
	case p.Name != control.Main && row.Rows > 0:
		changed = row.Rows
	case p.Name == control.Main && !a.From.IsZero():
		c, err := r.changesOf(ctx, v)
		if err != nil {
			return err
		}
		changed = c.changed
	}
	p.Mover = moverFor(setting, changed, p.Query)
	return nil
}

// jobTime is how long a job may take. Salesforce itself gives a query up sooner,
// but some were left InProgress for ever (airbyte#17148).
const jobTime = 24 * time.Hour

// jobsAtMost bounds the jobs of one part, since an org has 10,000 a day. The
// run that reaches it fails; the next begins a new attempt.
const jobsAtMost = 10

// createJob posts the job. The intent is recorded before: a crash between the
// two may orphan a job, which Jobs then counts; it is never adopted, since
// Salesforce doesn't tell what a job reads.
func (r *Replicator) createJob(ctx context.Context, v *visit, p *control.Part) error {
	p = v.divide(p)
	pager, err := r.pager(p.Mover)
	if err != nil {
		return err
	}
	if p.Mover == "bulk" {
		if err := r.spareJobs(ctx); err != nil {
			return err
		}
	}
	if p.Jobs++; p.Jobs > jobsAtMost {
		return plan.Fixf("look at the Bulk Data Load Jobs page of Setup for what becomes of them, then run again",
			"%d jobs of %s came to nothing: %s", jobsAtMost, v.attempt.Flow, strings.Join(v.attempt.Notes, "; "))
	}
	p.Job = nil
	if v.attempt, err = r.Control.SaveAttempt(ctx, v.attempt); err != nil {
		return err
	}
	job, err := pager.Create(ctx, mover.Request{Object: v.source.Object.Name, SOQL: reading.SOQL(p.Query), IDs: p.IDs})
	if overload(err) {
		return r.relieve(ctx, v, p, err)
	}
	if errors.Is(err, mover.ErrUnsupported) && p.Mover == "bulk" {
		p.Mover = "rest"
		if p.Name == control.Main { // Bulk refuses the object, not only some of its fields
			if _, err := r.Control.UpdateFlow(ctx, v.attempt.Flow, func(f *control.FlowRow) { f.Mover = "rest" }); err != nil {
				return err
			}
		}
		return r.createJob(ctx, v, p)
	}
	if plan.ClassOf(err) == plan.Wait {
		p.Jobs-- // none was made
	}
	if err != nil {
		return err
	}
	if err := setJob(p, job); err != nil {
		return err
	}
	if p.Jobs > 1 {
		return r.forgetJobs(ctx, v, p)
	}
	return nil
}

// forgetJobs removes what earlier jobs staged: they are of another reading. The
// parts that complete this one are read again too.
func (r *Replicator) forgetJobs(ctx context.Context, v *visit, p *control.Part) error {
	p.Pages, p.Records, p.Rejected, p.Bytes = 0, 0, 0, 0
	for i := range v.attempt.Parts {
		q := &v.attempt.Parts[i]
		if q.Follows != p.Planned() || len(q.Job) == 0 {
			continue
		}
		pager, job, err := r.job(q)
		if err != nil {
			return err
		}
		if err := pager.Drop(ctx, job); err != nil {
			return err
		}
		q.Reset()
	}
	return r.keepJobs(ctx, v)
}

// keepJobs removes what is staged of an attempt by other jobs than those of its
// parts.
func (r *Replicator) keepJobs(ctx context.Context, v *visit) error {
	var keep []string
	for i := range v.attempt.Parts {
		if q := &v.attempt.Parts[i]; len(q.Job) > 0 {
			job, err := jobOf(q)
			if err != nil {
				return err
			}
			keep = append(keep, job.ID)
		}
	}
	if err := r.Warehouse.Discard(ctx, v.fence(), v.attempt.ID, keep...); err != nil {
		return err
	}
	return r.Control.DropPages(ctx, v.attempt.ID, keep...)
}

// ready waits for what has to exist before the jobs can be started: nothing for
// Bulk and REST, the flows for those that land.
func (r *Replicator) ready(ctx context.Context, v *visit) error {
	all := true
	err := r.eachLanding(v, func(l *landing) error {
		made, err := l.made(ctx)
		all = all && made
		return err
	})
	if err == nil && all {
		v.attempt.State = control.Ready
	}
	v.wait = landWaitLeast
	return err
}

// start sets the jobs off: all flows of the run exist by now. Bulk and REST
// start by themselves.
func (r *Replicator) start(ctx context.Context, v *visit) error {
	if err := r.eachLanding(v, func(l *landing) error { return l.start(ctx) }); err != nil {
		return err
	}
	v.attempt.State = control.Started
	return nil
}

// done waits for the jobs to finish.
func (r *Replicator) done(ctx context.Context, v *visit) error {
	finished, err := r.finished(ctx, v)
	if err == nil && finished {
		v.attempt.State = control.Extracted
	}
	return err
}

// finished asks whether every part has its result.
func (r *Replicator) finished(ctx context.Context, v *visit) (bool, error) {
	all, tooMuch := true, error(nil)
	for i := range v.attempt.Parts {
		one, err := r.partFinished(ctx, v, &v.attempt.Parts[i])
		switch {
		case overload(err): // the others' results are good all the same, and the next run needs to know whose aren't
			tooMuch = cmp.Or(tooMuch, err)
		case err != nil:
			return false, err
		}
		all = all && one
	}
	return all && tooMuch == nil, tooMuch
}

// partFinished asks whether a part's job has its result, and replaces a job
// that is gone.
func (r *Replicator) partFinished(ctx context.Context, v *visit, p *control.Part) (bool, error) {
	if p.Mover == noMover || p.Loaded {
		return true, nil
	}
	if r.lander(p) != nil {
		l, err := r.landing(v, p)
		if err != nil {
			return false, err
		}
		v.wait = landWait(r.Options.Now().Sub(l.now.Started))
		return l.finished(ctx)
	}
	if wait, err := v.waits(p); err != nil || wait && len(p.Job) == 0 {
		return false, err
	}
	if len(p.Job) == 0 { // the last one failed, or it is planned only now
		return false, r.createPart(ctx, v, p)
	}
	pager, job, err := r.job(p)
	if err != nil || job.Done {
		return job.Done, err
	}
	now, err := r.Org.ServerTime(ctx)
	if err != nil {
		return false, err
	}
	if wait := pollWait(now.Sub(job.ReadAt)); v.wait == 0 || wait < v.wait {
		v.wait = wait
	}
	job, err = pager.Poll(ctx, job)
	if age := now.Sub(job.ReadAt); err == nil && !job.Done && age > cmp.Or(r.Options.JobTime, jobTime) {
		err = plan.Fixf("look at the Bulk Data Load Jobs page of Setup; the next run makes another job",
			"%w: %s has run for %s without an end", mover.ErrFailed, job.ID, age.Round(time.Minute))
	}
	switch {
	case errors.Is(err, mover.ErrGone):
		return false, r.replaceJob(ctx, v, p)
	case overload(err):
		return false, r.relieve(ctx, v, p, err)
	case errors.Is(err, mover.ErrFailed):
		return false, r.giveUpJob(ctx, v, p, err)
	case err != nil:
		return false, err
	}
	r.progress(Progress{Flow: v.attempt.Flow, Step: Done, Of: job.Records, Mover: p.Mover})
	return job.Done, setJob(p, job)
}

// giveUpJob deletes a job whose result is no good. The next call makes another;
// this one says what happened.
func (r *Replicator) giveUpJob(ctx context.Context, v *visit, p *control.Part, why error) error {
	return errors.Join(why, r.dropJob(ctx, v, p, why))
}

func (r *Replicator) dropJob(ctx context.Context, v *visit, p *control.Part, why error) error {
	pager, job, err := r.job(p)
	if err != nil {
		return err
	}
	p.Job = nil
	v.note("job %s was given up: %v", job.ID, why)
	return pager.Drop(ctx, job)
}

// replaceJob makes a new job in the place of one that can't be read any more.
func (r *Replicator) replaceJob(ctx context.Context, v *visit, p *control.Part) error {
	pager, job, err := r.job(p)
	if err != nil {
		return err
	}
	v.note("job %s was gone, another reads the same", job.ID)
	if err := pager.Drop(ctx, job); err != nil { // an aborted job is still in the org
		return err
	}
	return r.createJob(ctx, v, p)
}

// job reads the mover's own note out of a part.
func (r *Replicator) job(p *control.Part) (mover.Pager, mover.Job, error) {
	pager, err := r.pager(p.Mover)
	if err != nil {
		return nil, mover.Job{}, err
	}
	job, err := jobOf(p)
	return pager, job, err
}

// jobOf reads what all notes of movers have: the job's id, and when it read.
func jobOf(p *control.Part) (mover.Job, error) {
	var job mover.Job
	if err := json.Unmarshal(p.Job, &job); err != nil {
		return job, fmt.Errorf("read the job of part %s: %w", p.Name, err)
	}
	return job, nil
}

// isDone tells whether a part has its result.
func isDone(p *control.Part) (bool, error) {
	if p.Loaded || len(p.Job) == 0 {
		return p.Loaded, nil
	}
	job, err := jobOf(p)
	return job.Done, err
}

// setJob notes a job in its part. What it reads stands there already.
func setJob(p *control.Part, j mover.Job) error {
	j.Request.SOQL, j.Request.IDs = "", nil
	b, err := json.Marshal(j)
	p.Job = b
	return err
}
