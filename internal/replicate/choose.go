package replicate

import (
	"cmp"
	"context"
	"slices"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/mover"
	"catchment/internal/replicate/reading"
	"catchment/internal/source"
)

// moverFor picks how to read: nothing at all, as the flow is set, or as suits best.
// The query of much is q.
func moverFor(movers mover.Set, setting string, much mover.Amount, q control.Query) string {
	switch {
	case much.Records == 0:
		return string(reading.Nothing)
	case setting != "auto" && setting != "":
		return setting
	}
	much.Query = len(reading.SOQL(q))
	return movers.For(much)
}

// inBulk tells whether Bulk can read any of some columns beside those that every
// query has. Where the flow's rules decide on whole records, one query has to read
// all of them.
func inBulk(src *source.Source, columns []string) bool {
	_, others := reading.Apart(columns)
	alone := slices.ContainsFunc(others, src.ByREST)
	carried := slices.ContainsFunc(others, func(c string) bool { return !src.ByREST(c) })
	return !alone || carried && len(src.Treatment.Checks) == 0
}

// setting is the mover that a flow's object needs, or that the flow asks for.
func setting(src *source.Source, row control.FlowRow) string {
	if src.Parent != "" {
		return string(reading.ByParents)
	}
	return cmp.Or(row.Mover, string(src.Flow.Mover))
}

// Few records are read by REST, in a few answers, where Bulk would take a job. How many
// records an answer holds, Salesforce decides: 2,000 at most, and wide ones come fewer at a
// time. That shows in the first answer, and is remembered of the flow.

// learn takes up how many records the first answer to a query held, and has Bulk read the
// part instead where the answers that are still to come would take more calls than a job.
func (j *paging) learn(ctx context.Context, by mover.Pager, job mover.Job) (instead bool, err error) {
	p, page := j.part, by.Traits().Cost.Page
	if by.Traits().Outlives || job.Answer == 0 {
		return false, nil
	}
	row, err := j.Control.Flow(ctx, j.attempt.Flow)
	if err != nil {
		return false, err
	}
	if held := answerOf(row.Answer, job, page); p.Name == control.Main && held != row.Answer {
		if row, err = j.Control.UpdateFlow(ctx, row.Object, func(f *control.FlowRow) { f.Answer = held }); err != nil {
			return false, err
		}
	}
	much := mover.Amount{Records: job.Records, Query: len(reading.SOQL(p.Query)), Answer: job.Answer}
	other := j.Movers.For(much)
	if other == p.Mover || p.Jobs > 1 || len(p.Failed) > 0 || !j.mayBulk(row, other) { // nothing came to nothing yet
		return false, nil
	}
	if now, err := j.Org.ServerTime(ctx); err != nil || row.FailedLately(now) {
		return false, err
	}
	answers, _ := by.Traits().Price(much)
	calls, _ := j.Movers.Traits(other).Price(much)
	if answers-1 <= calls {
		return false, nil
	}
	p.Mover = other
	return true, by.Drop(ctx, job)
}

// answerOf is how many records an answer holds that has room for no more, as far as a job
// tells of it; known is what the jobs before have told. It is 0 where it is a whole page.
func answerOf(known int64, job mover.Job, page int64) int64 {
	full := job.Records > job.Answer
	switch {
	case job.Answer >= page:
		return 0
	case full, known > 0 && job.Answer > known:
		return job.Answer
	}
	return known
}

// mayBulk tells whether a mover that makes jobs, as it is named, may read the part: nobody
// has set another one, and nothing of the part is beyond Bulk.
func (j *paging) mayBulk(row control.FlowRow, job string) bool {
	fl := j.source.Flow
	return row.Mover == "" && (fl.Mover == flow.Auto || fl.Mover == "") && inBulk(j.source, j.part.Fields) &&
		j.Movers.Traits(job).Outlives
}
