package removal

import (
	"context"
	"slices"
	"time"

	"catchment/internal/archive/removal/journal"
	"catchment/internal/lookup"
	"catchment/internal/plan"
	"catchment/internal/salesforce/write"
	"catchment/internal/warehouse/archived"
)

// bulkFrom is how many records go by a job rather than by calls: a job takes about as many
// requests as so many calls.
const bulkFrom = 4*write.CallAtMost + 1

// never is more records than a batch has: all of it goes by calls.
const never = 1 << 20

// A try is one go at the records of a batch that live. What refuses a record may pass, as a
// lock does; or it is too much at once.
type try struct {
	after  time.Duration // the one before
	atMost int           // records of one call
}

func tries() []try {
	return []try{{0, write.CallAtMost}, {5 * time.Second, write.CallAtMost}, {time.Minute, 20}, {2 * time.Minute, 1}}
}

// A posting is a batch on its way to the org.
type posting struct{ *batch }

// carryOut posts the batch and closes it.
func (p *posting) carryOut(ctx context.Context, byJob int) error {
	if err := p.post(ctx, byJob); err != nil {
		return err
	}
	return (&aftermath{p.batch}).close(ctx)
}

// post deletes the records of a batch, until each is deleted or refused for good. So many
// records go by a job.
func (p *posting) post(ctx context.Context, byJob int) error {
	for n, try := range tries() {
		if n > 0 {
			if p.again(); len(p.with(fateOpen)) == 0 {
				break
			}
			if err := p.once(ctx, try.after); err != nil {
				return err
			}
		}
		err := p.send(ctx, try.atMost, byJob)
		if err != nil && (p.job != "" || n == len(tries())-1 || plan.ClassOf(err) != plan.Retry) {
			return err // the batch stays open, and the next run takes it up
		}
		byJob = never
		if err := p.lookUp(ctx); err != nil {
			return err
		}
		if err := p.permitted(); err != nil {
			return err
		}
	}
	for _, e := range p.entries {
		if f := e.ruling.fate; f == fateAgain || f == fateRefused {
			e.ruling.fate = fateEnded
		}
	}
	return nil
}

// again opens the records that a further try may get.
func (p *posting) again() {
	for _, e := range p.with(fateAgain) {
		e.ruling.fate = fateOpen
	}
}

// once waits, and examines again what is to be posted again: time has passed since it was proven.
func (p *posting) once(ctx context.Context, wait time.Duration) error {
	if err := p.Sleep(ctx, wait); err != nil {
		return err
	}
	p.force = true
	return (&exam{p.batch, false}).examine(ctx, p.with(fateOpen))
}

// send posts the open records.
func (p *posting) send(ctx context.Context, atMost, byJob int) error {
	open := p.with(fateOpen)
	if len(open) == 0 {
		return nil
	}
	writer, err := write.New(p.Org, write.Purpose{Name: "archive " + p.paper.name, Allow: []write.Allowance{
		{Verb: write.Delete, Object: p.object, Prefix: p.paper.prefix(p.object), AtMost: int64(len(open))}}})
	if err != nil {
		return err
	}
	if len(open) >= byJob {
		if err := p.renew(ctx, p.holdings()...); err != nil {
			return err
		}
		return p.sendJob(ctx, writer, open)
	}
	for some := range slices.Chunk(open, atMost) {
		// A process that was asleep may have lost the flow to another, which reads it now.
		if err := p.renew(ctx, p.holdings()...); err != nil {
			return err
		}
		outcomes, err := writer.Delete(ctx, p.object, idsOf(some), write.EachAlone)
		for _, o := range outcomes {
			p.take(o)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sendJob posts the open records, all of the batch, by one job.
func (p *posting) sendJob(ctx context.Context, writer *write.Writer, open []*entry) error {
	table := p.table(open)
	table.Began = func(job write.Job) error {
		p.job = job.ID
		return p.journal.Began(ctx, p.number, journal.Job{ID: job.ID, Version: job.Version, First: job.First,
			Rows: job.Rows})
	}
	err := writer.Bulk(ctx, table, func(o write.Outcome) error {
		p.take(o)
		return nil
	})
	if len(p.with(fateOpen)) == 0 { // it says of each what became of it, and so nothing more
		return nil
	}
	return err
}

func (p *posting) table(entries []*entry) write.Table {
	return write.Table{Verb: write.Delete, Object: p.object, Rows: write.IDs(slices.Values(idsOf(entries)))}
}

// take takes the outcome of one record.
func (p *posting) take(o write.Outcome) {
	if e := p.byID[o.ID]; e != nil && e.ruling.fate == fateOpen {
		e.ruling = ruleOutcome(o)
	}
}

// permitted stops where the user may delete none of the records that are left: somebody has
// taken that right away, and all of them would end for that alone.
func (p *posting) permitted() error {
	refused := p.with(fateRefused)
	if len(refused) == 0 || len(refused) < len(p.entries)-len(p.with(fateEnded)) {
		return nil
	}
	return plan.Fixf("give the user of this configuration the right to delete "+p.object+" again, and run it again: "+
		"it goes on from here", "%d records of %s weren't deleted: %s", len(refused), p.object,
		refused[0].ruling.reason)
}

// atWork is how long a request may still be at work whose answer was lost (REST API guide: a
// call ends after ten minutes).
const atWork = 10 * time.Minute

// lookUp finds out what became of records whose answer was lost. What lives after the longest
// time that a request takes wasn't deleted by it.
func (p *posting) lookUp(ctx context.Context) error {
	for _, wait := range []time.Duration{0, atWork} {
		doubted := p.with(fateDoubt)
		if len(doubted) == 0 {
			return nil
		}
		if wait > 0 {
			p.tell(News{Object: p.object, Level: p.level,
				Text: "waits ten minutes: a delete whose answer was lost may still be at work"})
			if err := p.Sleep(ctx, wait); err != nil {
				return err
			}
		}
		states, err := p.states(ctx, p.object, idsOf(doubted))
		if err != nil {
			return err
		}
		for _, e := range doubted {
			state, found := states[e.line.ID]
			switch {
			case !found || state.Deleted:
				e.ruling = ruling{fate: fateGone}
			case wait > 0:
				e.ruling = ruling{fateAgain, archived.Failed, "its delete was sent, and it is still there"}
			}
		}
	}
	return nil
}

// states asks what became of records.
func (r *run) states(ctx context.Context, name string, ids []string) (map[string]lookup.State, error) {
	object, err := r.known.describe(ctx, name)
	if err != nil {
		return nil, err
	}
	return lookup.Finder{Org: r.Org, Object: object, Before: r.spare}.States(ctx, ids)
}
