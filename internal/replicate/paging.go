package replicate

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"catchment/internal/control"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/replicate/reading"
	"catchment/internal/replicate/relief"
	"catchment/internal/stage"
)

// jobTime is how long a job may take. Salesforce itself gives a query up sooner,
// but some were left InProgress for ever (airbyte#17148).
const jobTime = 24 * time.Hour

// A paging brings a part by a job whose result are pages.
type paging struct {
	*attemptStep
	part *control.Part
}

var _ partJob = (*paging)(nil)

func (s *attemptStep) paging(p *control.Part) *paging { return &paging{attemptStep: s, part: p} }

// pager finds the mover of the part.
func (j *paging) pager() (mover.Pager, error) {
	if reading.Findings.Is(*j.part) {
		return j.deletedIDs, nil
	}
	if reading.ByParents.Is(*j.part) {
		return j.parents, nil
	}
	p, ok := j.Movers.Pager(j.part.Mover)
	if !ok {
		return nil, plan.Failf(plan.Bug, "", "no mover is called %q", j.part.Mover)
	}
	return p, nil
}

// job reads the mover's own note out of the part.
func (j *paging) job() (mover.Pager, mover.Job, error) {
	pager, err := j.pager()
	if err != nil {
		return nil, mover.Job{}, err
	}
	job, err := reading.JobOf(*j.part)
	return pager, job, err
}

// request is what the part's job reads. It isn't kept with the job: the part has it.
func (j *paging) request() mover.Request {
	p := j.part
	return mover.Request{
		Object: j.source.Object.Name, SOQL: reading.SOQL(p.Query), Fields: p.Fields, IDs: p.IDs,
		Described: j.source.Object,
	}
}

// create posts the job. The intent is recorded before: a crash between the two may
// orphan a job, which Jobs then counts; it is never adopted, since Salesforce doesn't
// tell what a job reads.
func (j *paging) create(ctx context.Context) error {
	p := j.part
	j.divide()
	pager, err := j.pager()
	if err != nil {
		return err
	}
	if j.Movers.Traits(p.Mover).Cost.Jobs > 0 {
		if err := j.budget.Jobs(ctx); err != nil {
			return err
		}
	}
	if p.Jobs++; p.Jobs > jobsAtMost {
		return plan.Fixf("look at the Bulk Data Load Jobs page of Setup for what becomes of them, then run again",
			"%d jobs of %s came to nothing: %s", jobsAtMost, j.attempt.Flow, lastOf(j.attempt.Notes))
	}
	if err := j.save(ctx); err != nil {
		return err
	}
	job, err := pager.Create(ctx, j.request())
	if err != nil {
		return j.refused(ctx, err)
	}
	j.attempt.Jobs += j.Movers.Traits(p.Mover).Cost.Jobs
	if err := j.bearable(ctx, pager, job); err != nil {
		return err
	}
	switch instead, err := j.learn(ctx, pager, job); {
	case err != nil:
		return err
	case instead:
		return j.create(ctx)
	}
	if err := reading.SetJob(p, job); err != nil {
		return err
	}
	p.Posted, p.Left, p.Took = j.Options.Now().UTC(), false, 0
	if p.Jobs > 1 {
		return j.forgetOthers(ctx)
	}
	return nil
}

// refused goes on where no job could be made, if there is a way.
func (j *paging) refused(ctx context.Context, why error) error {
	p := j.part
	switch field := j.dispensable(why); {
	case field != "":
		return j.leaveOut(ctx, field, why)
	case relief.TooMuch(why):
		return j.shrink(ctx, why)
	case errors.Is(why, mover.ErrUnsupported) && j.Movers.Traits(p.Mover).Plain:
		return j.createAnyway(ctx)
	case plan.ClassOf(why) == plan.Wait:
		p.Jobs-- // none was made
	case plan.ClassOf(why) == plan.Retry && len(p.Failed) > 0: // nobody else is left who could read it
		return &plan.Failure{Class: plan.Fix, Err: why, Hint: cmp.Or(plan.HintOf(why),
			"Bulk couldn't read it either: the next run tries again; ask Salesforce Support where it lasts")}
	}
	return why
}

// createAnyway goes on with a part that Bulk refuses, by the mover that reads everything.
// That is remembered once it works: where the org has no API at all, REST is refused too.
func (j *paging) createAnyway(ctx context.Context) error {
	j.part.Mover = j.Movers.Everything()
	if err := j.create(ctx); err != nil || j.part.Name != control.Main || len(j.part.Job) == 0 {
		return err // Bulk may have refused only some of the object's fields
	}
	_, err := j.Control.UpdateFlow(ctx, j.attempt.Flow, func(f *control.FlowRow) { f.Mover = j.part.Mover })
	return err
}

// divide puts the groups of columns of a part that one query can't read into the
// attempt.
func (j *paging) divide() {
	p := j.part
	switch plain := j.Movers.Traits(p.Mover).Plain; {
	case plain && inBulk(j.source, p.Fields):
		j.attempt.Add(reading.Beside(p, j.source.ByREST, j.Movers.Everything())...)
	case plain:
		p.Mover = j.Movers.Everything()
	}
	if j.Movers.Traits(p.Mover).Query == 0 { // it takes one of any length
		return
	}
	if more := reading.Groups(p, len(j.attempt.Parts)); len(more) > 0 {
		j.note("object %s is too wide for one query: it is read in %d groups of columns",
			j.source.Object.Name, len(more)+1)
		j.attempt.Add(more...)
	}
}

// forgetOthers removes what earlier jobs staged: they are of another reading. The
// parts that complete this one are read again too.
func (j *paging) forgetOthers(ctx context.Context) error {
	for _, p := range j.attempt.Parts {
		if p.Follows != j.part.Planned() || len(p.Job) == 0 {
			continue
		}
		if err := j.paging(p).drop(ctx); err != nil {
			return err
		}
		if err := reading.Restart(p, reading.Outdated); err != nil {
			return err
		}
	}
	return j.keepJobs(ctx)
}

// finished asks whether the job has its result, and replaces one that is gone.
func (j *paging) finished(ctx context.Context) (bool, error) {
	p := j.part
	if early, err := reading.TooEarly(j.Movers, j.attempt, *p); err != nil || early && len(p.Job) == 0 {
		return false, err
	}
	if len(p.Job) == 0 { // the last one failed, or it is planned only now
		err := j.createPart(ctx, p)
		j.soon(reading.PollWait(0))
		return false, err
	}
	pager, job, err := j.job()
	if err != nil || job.Done {
		return job.Done, err
	}
	now, err := j.Org.ServerTime(ctx)
	if err != nil {
		return false, err
	}
	if wait, err := j.leaveAlone(ctx); err != nil || wait > 0 {
		j.soon(wait)
		return false, err
	}
	j.soon(reading.PollWait(now.Sub(job.ReadAt)))
	job, err = pager.Poll(ctx, job)
	if age := now.Sub(job.ReadAt); err == nil && !job.Done && age > cmp.Or(j.Options.JobTime, jobTime) {
		err = plan.Fixf("look at the Bulk Data Load Jobs page of Setup; the next run makes another job",
			"%w: %s has run for %s without an end", mover.ErrFailed, job.ID, age.Round(time.Minute))
	}
	if err != nil {
		return false, j.cameToNothing(ctx, err)
	}
	if err := reading.SetJob(p, job); err != nil {
		return false, err
	}
	if job.Done {
		p.Took = j.age()
	}
	j.progress(announced(j.attempt, p.Mover))
	return job.Done, nil
}

// cameToNothing goes on with a part whose job has no result, if there is a way.
func (j *paging) cameToNothing(ctx context.Context, why error) error {
	noColumn, names := errors.AsType[*mover.NoColumn](why)
	switch field := j.dispensable(why); {
	case errors.Is(why, mover.ErrGone):
		return j.replace(ctx)
	case errors.Is(why, mover.ErrUnsupported) && j.Movers.Traits(j.part.Mover).Plain:
		if err := j.restart(ctx, why); err != nil {
			return err
		}
		return j.createAnyway(ctx)
	case field != "":
		return j.leaveOut(ctx, field, why)
	case names && !slices.Contains(j.part.Fields, noColumn.Name): // nobody has asked for it: that is no reason
		return j.fallBack(ctx, why)
	case relief.TooMuch(why):
		return j.shrink(ctx, why)
	case errors.Is(why, mover.ErrUnexplained):
		return j.fallBack(ctx, why)
	case errors.Is(why, mover.ErrFailed):
		return j.giveUp(ctx, why)
	}
	return why
}

// load brings the pages of the job into staging. A job that was given up may have
// left rows there: they go first.
func (j *paging) load(ctx context.Context, place int64) error {
	if err := j.onlyParts(ctx); err != nil {
		return err
	}
	pager, job, err := j.job()
	if err != nil {
		return err
	}
	l, err := j.newLoading(ctx, place, job, pager.Pages)
	if err != nil {
		return err
	}
	switch err := l.run(ctx); {
	case errors.Is(err, mover.ErrGone):
		return j.loadAnother(ctx, place)
	case relief.TooMuch(err):
		return j.shrink(ctx, err)
	case errors.Is(err, mover.ErrUnexplained): // the list of its pages had no end
		return j.fallBack(ctx, err)
	case errors.Is(err, errStopping):
		return nil
	case errors.Is(err, stage.ErrUnfit), // once it is mended in Salesforce, another job has to read it
		errors.Is(err, reading.ErrUnsound):
		return j.giveUp(ctx, err)
	case err != nil:
		return err
	}
	if err = l.account(ctx); errors.Is(err, reading.ErrUnsound) || errors.Is(err, stage.ErrUnfit) {
		return j.giveUp(ctx, err)
	}
	return err
}

// loadAnother replaces a job that is gone. One that is done as soon as it is made, as
// REST's are, is loaded by this very call: it lives in this process, and the next call
// may come to another.
func (j *paging) loadAnother(ctx context.Context, place int64) error {
	if err := j.replace(ctx); err != nil {
		return err
	}
	if len(j.part.Job) == 0 { // it was too much, and reads less now: the next call makes its jobs
		return nil
	}
	if _, job, err := j.job(); err != nil || !job.Done {
		return err
	}
	return j.load(ctx, place)
}

// replace makes a new job in the place of one that can't be read any more.
func (j *paging) replace(ctx context.Context) error {
	_, job, err := j.job()
	if err != nil {
		return err
	}
	j.note("job %s was gone, another reads the same", job.ID)
	if err := j.drop(ctx); err != nil { // an aborted job is still in the org
		return err
	}
	if err := reading.Restart(j.part, reading.Replaced); err != nil {
		return err
	}
	return j.create(ctx)
}

// giveUp gives up a job whose result is no good. The next call makes another; this one
// says what happened. What ends the flow's part in the run is said by that alone.
func (j *paging) giveUp(ctx context.Context, why error) error {
	again := j.dismiss
	if plan.ClassOf(why) == plan.Retry {
		again = j.restart
	}
	if err := again(ctx, why); err != nil {
		return err
	}
	return why
}

// restart implements partJob.
func (j *paging) restart(ctx context.Context, why error) error {
	_, job, err := j.job()
	if err != nil {
		return errors.Join(why, err)
	}
	j.note("job %s was given up: %v", job.ID, why)
	return j.dismiss(ctx, why)
}

// dismiss drops the job and has the part read anew.
func (j *paging) dismiss(ctx context.Context, why error) error {
	pager, job, err := j.job()
	if err == nil {
		err = reading.Restart(j.part, reading.GivenUp)
	}
	if err != nil {
		return errors.Join(why, err)
	}
	if err := pager.Drop(ctx, job); err != nil {
		return errors.Join(why, err)
	}
	return nil
}

// drop deletes the job.
func (j *paging) drop(ctx context.Context) error {
	pager, job, err := j.job()
	if err != nil {
		return err
	}
	return pager.Drop(ctx, job)
}

// age is how long ago the part's job was made, by our clock.
func (j *paging) age() time.Duration {
	return max(j.Options.Now().Sub(j.part.Posted), 0)
}

// leaveAlone tells how long the part's job is to be left alone before it is asked for the
// first time: once for each job, whatever the clocks say by then.
func (j *paging) leaveAlone(ctx context.Context) (time.Duration, error) {
	p := j.part
	if p.Left || p.Posted.IsZero() {
		return 0, nil
	}
	row, err := j.Control.Flow(ctx, j.attempt.Flow)
	if err != nil {
		return 0, err
	}
	p.Left = true
	return reading.FirstPoll(row.Took[reading.KindOfJob(j.attempt, *p)], j.age()), nil
}

// soon lets the next call come after a while, or before, as another part wants it.
func (j *paging) soon(wait time.Duration) {
	if j.wait == 0 || wait < j.wait {
		j.wait = wait
	}
}

// lastOf is the last of some notes, "" where there are none.
func lastOf(notes []string) string {
	if len(notes) == 0 {
		return ""
	}
	return notes[len(notes)-1]
}
