package replicate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/replicate/reading"
	"catchment/internal/salesforce"
	"catchment/internal/schema"
	"catchment/internal/source"
)

// A query that is more than Salesforce can answer is asked again in smaller
// parts: in ranges of Ids where it takes too long, in groups of columns where it
// names too much. A record never moves from one range to another, as it would
// between two halves of a window when it changes, and the outermost ranges have
// no ends: together they read what the one query would have.

// overload tells whether Salesforce refused a query as more than it can answer.
func overload(err error) bool {
	return errors.Is(err, mover.ErrTooLong) || errors.Is(err, mover.ErrTooWide)
}

// A relief is how to go on with a part whose query was too much.
type relief string

// The reliefs.
const (
	noRelief  relief = ""        // it can't become smaller: the user has to act
	byBulk    relief = "bulk"    // Bulk has more time than REST
	byRanges  relief = "ranges"  // of Ids
	byColumns relief = "columns" // in groups
)

// A part is split into so many ranges, and so often: the smallest ranges have
// about a 64th of the Ids, and 84 further jobs are the most that a query costs
// which can't be answered at all.
const (
	rangesAtOnce = 4
	splitsAtMost = 3
)

// columnsAtLeast is how many columns a group must have to be halved.
const columnsAtLeast = 8

// reliefFor decides. mayBulk says that the flow leaves the mover open, keyed that
// its records have an Id.
func reliefFor(p control.Part, why error, mayBulk, keyed bool) relief {
	switch {
	case len(p.IDs) > 0: // a few records by their Ids, and the names of the fields in the body
		return noRelief
	case errors.Is(why, mover.ErrTooWide):
		if len(p.Fields) < columnsAtLeast {
			return noRelief
		}
		return byColumns
	case p.Name == sampleName: // it has a LIMIT
		return noRelief
	case p.Mover == "rest" && mayBulk:
		return byBulk
	case !keyed:
		return noRelief
	case p.Splits >= splitsAtMost:
		return noRelief
	}
	return byRanges
}

// relieve makes a part smaller whose query was too much, and remembers that
// before its job is dropped: whatever dies then, the next run goes on with the
// smaller parts.
func (r *Replicator) relieve(ctx context.Context, v *visit, p *control.Part, why error) error {
	row, err := r.Control.Flow(ctx, v.attempt.Flow)
	if err != nil {
		return err
	}
	fl := v.source.Flow
	mayBulk := row.Mover == "" && (fl.Mover == flow.Auto || fl.Mover == "") && inBulk(v.source, p.Fields)
	name, jobs := p.Name, []*control.Part{{Mover: p.Mover, Job: p.Job}}
	switch reliefFor(*p, why, mayBulk, len(v.source.Table.Key) == 1) {
	case byBulk:
		p.Mover, p.Job = "bulk", nil
		v.note("the query of %s took too long by REST: it is read by Bulk", name)
	case byRanges:
		pivots, err := r.pivots(ctx, v, *p)
		if err != nil {
			return err
		}
		if len(pivots) == 0 {
			return r.tooMuch(ctx, v, p, why)
		}
		ranges := reading.Ranges(*p, pivots, len(v.attempt.Parts))
		*p = ranges[0]
		v.attempt.Parts = append(v.attempt.Parts, ranges[1:]...)
		what := fmt.Sprintf("the query of %s took too long: it is read in ", p.Planned())
		v.attempt.Notes = slices.DeleteFunc(v.attempt.Notes, func(note string) bool { return strings.HasPrefix(note, what) })
		v.note("%s%d ranges of Ids", what, len(v.attempt.Reading(p.Planned())))
	case byColumns:
		jobs = nil
		for _, q := range v.attempt.Reading(p.Planned()) {
			jobs = append(jobs, &control.Part{Mover: q.Mover, Job: q.Job})
		}
		v.attempt.Parts = reading.Halves(v.attempt.Parts, p.Planned())
		v.note("the query of %s named too much: it is read in groups of columns", name)
	default:
		return r.tooMuch(ctx, v, p, why)
	}
	if v.attempt, err = r.Control.SaveAttempt(ctx, v.attempt); err != nil {
		return err
	}
	for _, q := range jobs {
		if len(q.Job) == 0 {
			continue
		}
		pager, job, err := r.job(q)
		if err != nil {
			return err
		}
		if err := pager.Drop(ctx, job); err != nil {
			return err
		}
	}
	return nil
}

// tooMuch gives a part up that can't become any smaller, and says what the user
// can do. What other parts have brought is kept: the next run tries this one
// again.
func (r *Replicator) tooMuch(ctx context.Context, v *visit, p *control.Part, why error) error {
	err := error(&plan.Failure{Class: plan.Fix, Hint: tooMuchHint(v.source, *p), Err: why})
	if len(p.Job) == 0 {
		return err
	}
	return r.giveUpJob(ctx, v, p, err)
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
		todo = append(todo, fmt.Sprintf("exclude formula fields (%d are read, as %s)", n, strings.Join(formulas[:min(n, 3)], ", ")))
	}
	if len(todo) == 0 {
		todo = append(todo, "exclude fields that nobody needs", "ask Salesforce Support for a skinny table of this object")
	}
	return "Salesforce couldn't answer this query even in small parts: " + strings.Join(todo, "; or ")
}

// pivots are the Ids that a part is split at: they divide what lies between the
// first and the last of its records. Both are found by the index of the Ids,
// whatever the flow's where.
func (r *Replicator) pivots(ctx context.Context, v *visit, p control.Part) ([]string, error) {
	first, err := r.endOf(ctx, v.source.Object, p, "Id")
	if err != nil || first == "" {
		return nil, err
	}
	last, err := r.endOf(ctx, v.source.Object, p, "Id DESC")
	if err != nil {
		return nil, err
	}
	return reading.Pivots(first, last, rangesAtOnce)
}

// endOf reads the first Id of a part's range in an order, "" where it has none.
func (r *Replicator) endOf(ctx context.Context, o schema.Object, p control.Part, order string) (string, error) {
	q := salesforce.Select{Fields: []string{"Id"}, From: o.Name, Where: reading.Bounds(p.Query), OrderBy: order, Limit: 1}
	id := ""
	for record, err := range r.Org.Query(ctx, q.String(), true) {
		if err != nil {
			return "", fmt.Errorf("read the ends of %s: %w", o.Name, err)
		}
		if id, err = record.Text("Id"); err != nil {
			return "", err
		}
	}
	return id, nil
}
