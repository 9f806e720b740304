package replicate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/replicate/reading"
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
	fl, p := j.source.Flow, j.part
	job := j.Movers.For(mover.Uncounted, len(reading.SOQL(p.Query)))
	mayBulk := row.Mover == "" && (fl.Mover == flow.Auto || fl.Mover == "") && inBulk(j.source, p.Fields) &&
		j.Movers.Traits(job).Outlives
	relief := reading.ReliefFor(*p, j.Movers.Traits(p.Mover), why, mayBulk, len(j.source.Table.Key) == 1)
	obsolete := []control.Part{*p}  // as they were: their jobs are still to be dropped
	if relief == reading.ByFields { // the ranges of a reading are read anew together
		obsolete = nil
		for _, q := range j.attempt.Reading(p.Planned()) {
			obsolete = append(obsolete, *q)
		}
	}
	switch relief {
	case reading.ToJob:
		err = reading.MoveTo(p, job)
		j.note("the query of %s took too long by REST: it is read by Bulk", p.Name)
	case reading.ByIDs:
		err = j.split(ctx, why)
	case reading.ByFields:
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
	for _, q := range obsolete {
		if len(q.Job) == 0 {
			continue
		}
		if err := j.paging(&q).drop(ctx); err != nil {
			return err
		}
	}
	return nil
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
	return reading.Pivots(first, last, reading.RangesAtOnce)
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
