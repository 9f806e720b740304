package replicate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/replicate/reading"
	"catchment/internal/replicate/relief"
	"catchment/internal/salesforce/soql"
	"catchment/internal/source"
)

// shrink makes a part smaller whose query was too much, and remembers that before its
// job is dropped: whatever dies then, the next run goes on with the smaller parts.
func (j *paging) shrink(ctx context.Context, why error) error {
	row, err := j.Control.Flow(ctx, j.attempt.Flow)
	if err != nil {
		return err
	}
	p := j.part
	job := j.Movers.For(mover.Amount{Records: mover.Uncounted, Query: len(reading.SOQL(p.Query))})
	p.Failed = append(slices.Clone(p.Failed), p.Mover)
	held := j.heldRecords(ctx, row)
	way := relief.For(relief.Trouble{
		Part: *p, By: j.Movers.Traits(p.Mover), Why: why,
		MayBulk: j.mayBulk(row, job), Keyed: len(j.source.Table.Key) == 1, Small: held >= 0 && held <= j.fewRecords(),
	})
	obsolete := []control.Part{*p} // as they were: their jobs are still to be dropped
	if way == relief.ByFields {    // the ranges of a reading are read anew together
		obsolete = nil
		for _, q := range j.attempt.Reading(p.Planned()) {
			obsolete = append(obsolete, *q)
		}
	}
	switch way {
	case relief.ToJob:
		err = reading.MoveTo(p, job)
		j.note("the query of %s took too long by REST: it is read by Bulk", p.Name)
	case relief.AtOnce:
		err = reading.MoveTo(p, j.Movers.Everything())
		j.note("Bulk couldn't read %s: %s; REST reads it", j.whatOf(p), cause(why))
		err = errors.Join(err, j.noteFailed(ctx))
	case relief.ByIDs:
		if err = j.split(ctx, why); err == nil && held >= 0 && held>>(2*p.Splits) <= j.fewRecords() {
			reading.SplitSmall(j.attempt.Reading(p.Planned()), j.Movers.Everything())
		}
	case relief.ByFields:
		err = reading.Halves(&j.attempt, p.Planned())
		j.note("the query of %s named too much: it is read in groups of columns", p.Name)
	default:
		return j.tooMuch(ctx, why)
	}
	if err != nil {
		return err
	}
	if err := j.save(ctx); err != nil {
		return err
	}
	return j.dropJobs(ctx, obsolete)
}

// split divides the part into ranges of Ids, if it has more than one.
func (j *paging) split(ctx context.Context, why error) error {
	pivots, err := j.pivots(ctx)
	if err != nil {
		return err
	}
	if len(pivots) == 0 {
		return j.tooMuch(ctx, why)
	}
	ranges, err := reading.Ranges(j.part, pivots, len(j.attempt.Parts))
	if err != nil {
		return err
	}
	j.attempt.Add(ranges...)
	what := fmt.Sprintf("the query of %s took too long: it is read in ", j.part.Planned())
	j.attempt.Notes = slices.DeleteFunc(j.attempt.Notes, func(note string) bool {
		return strings.HasPrefix(note, what)
	})
	j.note("%s%d ranges of Ids", what, len(j.attempt.Reading(j.part.Planned())))
	return nil
}

// tooMuch gives a part up that can't become any smaller, and says what the user
// can do. What other parts have brought is kept: the next run tries this one
// again.
func (j *paging) tooMuch(ctx context.Context, why error) error {
	err := error(&plan.Failure{Class: plan.Fix, Hint: tooMuchHint(j.source, *j.part), Err: why})
	j.part.GivenUp = true
	j.part.Jobs = min(j.part.Jobs, 1) // the attempt stays: a new one would ask all of that again
	if len(j.part.Job) == 0 {
		return err
	}
	return j.giveUp(ctx, err)
}

// tooMuchHint names what makes a query slow, as far as it can be seen from here.
func tooMuchHint(src *source.Source, p control.Part) string {
	var todo []string
	if p.Planned() == sweepPart {
		todo = append(todo, "set sweep: off for this flow")
	}
	if src.Flow.Where != "" {
		todo = append(todo, "narrow the where to indexed fields, or have Salesforce Support index those that it names")
	}
	var formulas []string
	for _, f := range src.Fields {
		if f.Calculated && slices.Contains(p.Fields, f.Name) {
			formulas = append(formulas, f.Name)
		}
	}
	if n := len(formulas); n > 0 {
		todo = append(todo, fmt.Sprintf("exclude formula fields (%d are read, as %s)", n,
			strings.Join(formulas[:min(n, 3)], ", ")))
	}
	if len(todo) == 0 {
		todo = append(todo, "exclude fields that nobody needs",
			"ask Salesforce Support for a skinny table of this object")
	}
	return "Salesforce couldn't answer this query even in small parts: " + strings.Join(todo, "; or ")
}

// pivots are the Ids that the part is split at: they divide what lies between the
// first and the last of its records. Both are found by the index of the Ids,
// whatever the flow's where.
func (j *paging) pivots(ctx context.Context) ([]string, error) {
	first, err := j.endOf(ctx, "Id")
	if err != nil || first == "" {
		return nil, err
	}
	last, err := j.endOf(ctx, "Id DESC")
	if err != nil {
		return nil, err
	}
	return reading.Pivots(first, last, relief.RangesAtOnce)
}

// endOf reads the first Id of the part's range in an order, "" where it has none.
func (j *paging) endOf(ctx context.Context, order string) (string, error) {
	object, id := j.source.Object.Name, ""
	q := soql.Select{
		Fields: []string{"Id"}, From: object, Where: reading.Bounds(j.part.Query), OrderBy: order, Limit: 1,
	}
	for record, err := range j.Org.Query(ctx, q.String(), true) {
		if err != nil {
			return "", fmt.Errorf("read the ends of %s: %w", object, err)
		}
		if id, err = record.Text("Id"); err != nil {
			return "", err
		}
	}
	return id, nil
}

// fallBack goes on with a part whose job came to nothing without a reason: by another job,
// then by the mover that reads everything, which brings the records or the reason.
func (j *paging) fallBack(ctx context.Context, why error) error {
	row, err := j.Control.Flow(ctx, j.attempt.Flow)
	if err != nil {
		return err
	}
	now, err := j.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	p, other := j.part, j.Movers.Everything()
	p.Failed = append(slices.Clone(p.Failed), p.Mover)
	_, names := errors.AsType[*mover.NoColumn](why) // another job would say the same
	switch relief.FallbackFor(*p, other, names || row.FailedLately(now)) {
	case relief.Again:
		j.wait = fallBackWait
		return j.restart(ctx, why)
	case relief.ByOther:
		if err := j.restart(ctx, why); err != nil {
			return err
		}
		p.Mover = other
		j.note("Bulk couldn't read %s, for no reason that says what to do: REST reads it", j.whatOf(p))
		return errors.Join(j.noteFailed(ctx), j.save(ctx))
	}
	p.GivenUp, p.Jobs = true, min(p.Jobs, 1)
	return j.giveUp(ctx, &plan.Failure{Class: noResort(why), Err: why, Hint: cmp.Or(plan.HintOf(why),
		"nothing that Salesforce says tells why; look at the Bulk Data Load Jobs page of Setup, and ask its Support")})
}

// fallBackWait is how long a part waits for its second job: what broke the first may pass.
const fallBackWait = 2 * time.Second

// noResort is the class of a failure that nothing has helped: the next try of the step
// wouldn't either.
func noResort(why error) plan.Class {
	if class := plan.ClassOf(why); class != plan.Retry {
		return class
	}
	return plan.Fix
}

// noteFailed remembers that Bulk couldn't read the object: for a day REST does, where its
// records are few.
func (j *paging) noteFailed(ctx context.Context) error {
	now, err := j.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	_, err = j.Control.UpdateFlow(ctx, j.attempt.Flow, func(f *control.FlowRow) { f.FailedAt = now })
	return err
}

// whatOf says in words what a part reads.
func (j *paging) whatOf(p *control.Part) string {
	if p.Planned() == control.Main {
		return j.source.Object.Name
	}
	return "the " + p.Planned() + " of " + j.source.Object.Name
}

// cause is what Salesforce said of a query that was too much, without our own words.
func cause(why error) string {
	if errors.Is(why, mover.ErrTooLong) {
		return "the query took too long"
	}
	return why.Error()
}

// What REST reads in the place of a Bulk that fails: an object of so few records as soon as
// Bulk couldn't finish it, and so many in any case, which are 100 calls.
const (
	fewRecords   = 10_000
	timesFew     = 20
	unknownCount = -1
)

func (r *Replicator) fewRecords() int64 { return cmp.Or(r.Options.FewRecords, fewRecords) }

// heldRecords is about how many records the org has of the object, unknownCount where
// nobody knows. It asks where no run has lately.
func (r *Replicator) heldRecords(ctx context.Context, row control.FlowRow) int64 {
	if !row.HeldAt.IsZero() {
		return row.Held
	}
	counts, err := r.Org.RecordCounts(ctx, []string{row.Object})
	if n, ok := counts[row.Object]; err == nil && ok {
		return n
	}
	return cmp.Or(row.Rows, unknownCount)
}

// bearable tells whether a part that Bulk couldn't read may be read by the job that another
// mover has made of it, which costs a call for each page. It drops the job where not.
func (j *paging) bearable(ctx context.Context, by mover.Pager, job mover.Job) error {
	p := j.part
	other := slices.IndexFunc(p.Failed, func(name string) bool { return name != p.Mover })
	if other < 0 || by.Traits().Outlives || job.Records <= j.fewRecords()*timesFew {
		return nil
	}
	calls, _ := by.Traits().Price(mover.Amount{Records: job.Records, Answer: job.Answer})
	p.Mover, p.Failed = p.Failed[other], nil
	return errors.Join(plan.Fixf("run again later; to have REST read it all the same: mover: rest",
		"Salesforce fails the Bulk jobs of %s, and the %d records of %s would take %d calls of REST",
		j.source.Object.Name, job.Records, p.Name, calls), by.Drop(ctx, job))
}

// dispensable is the field that Salesforce refuses to read although describe shows it,
// where the others can be read without it; else "".
func (j *paging) dispensable(why error) string {
	refused, ok := errors.AsType[*mover.NoColumn](why)
	a := &j.attempt
	if !ok || len(a.Withheld) >= withheldAtMost ||
		refused.Entity != "" && !strings.EqualFold(refused.Entity, j.source.Object.Name) {
		return ""
	}
	field, ok := j.source.Flow.DoesWithout(j.source.Object, j.source.Fields, refused.Name)
	landed := slices.ContainsFunc(a.Parts, func(p *control.Part) bool {
		return j.lander(p) != nil && slices.Contains(p.Fields, field)
	})
	if !ok || landed || !slices.Contains(j.part.Fields, field) {
		return ""
	}
	return field
}

// withheldAtMost is how many fields an attempt may leave out: each costs a query that is
// refused.
const withheldAtMost = 10

// leaveOut goes on without a field: its column keeps what it has, and is filled for all
// records once the field can be read (invariant 8). What is remembered of that goes first:
// a crash then leaves an attempt that doesn't fit, and the next run begins another.
func (j *paging) leaveOut(ctx context.Context, field string, why error) error {
	now, err := j.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	a := &j.attempt
	column, _ := j.source.Column(field)
	_, err = j.holder(a.Run).Resume(a.Flow, a.Fence).Remember(ctx, func(m *recall.Memory) {
		m.Withhold(field, now)
		m.Unfilled = slices.Compact(slices.Sorted(slices.Values(append(without(m.Unfilled, nil), column.Name))))
	})
	if err != nil {
		return err
	}
	obsolete, err := reading.LeaveOut(a, field)
	if err != nil {
		return err
	}
	a.Withheld = append(a.Withheld, field)
	j.note("field %s is left out: describe shows it, and Salesforce refuses to read it (%v); its column keeps what "+
		"it has, and is filled once the field can be read", field, why)
	if j.source, err = j.sources.again(ctx, j.source); err != nil {
		return err
	}
	if err := j.save(ctx); err != nil {
		return err
	}
	return j.dropJobs(ctx, obsolete)
}

// dropJobs drops the jobs of parts as they were.
func (j *paging) dropJobs(ctx context.Context, parts []control.Part) error {
	for _, p := range parts {
		if len(p.Job) == 0 {
			continue
		}
		if err := j.paging(&p).drop(ctx); err != nil {
			return err
		}
	}
	return nil
}
