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

// post deletes the records of a batch, until each is deleted or refused for good. So many
// records go by a job.
func (b *batch) post(ctx context.Context, byJob int) error {
	for n, try := range tries() {
		if n > 0 {
			if b.again(); len(b.with(fateOpen)) == 0 {
				break
			}
			if err := b.once(ctx, try.after); err != nil {
				return err
			}
		}
		err := b.send(ctx, try.atMost, byJob)
		if err != nil && (b.job != "" || n == len(tries())-1 || plan.ClassOf(err) != plan.Retry) {
			return err // the batch stays open, and the next run takes it up
		}
		byJob = never
		if err := b.lookUp(ctx); err != nil {
			return err
		}
		if err := b.permitted(); err != nil {
			return err
		}
	}
	for _, e := range b.entries {
		if f := e.ruling.fate; f == fateAgain || f == fateRefused {
			e.ruling.fate = fateEnded
		}
	}
	return nil
}

// again opens the records that a further try may get.
func (b *batch) again() {
	for _, e := range b.with(fateAgain) {
		e.ruling.fate = fateOpen
	}
}

// once waits, and examines again what is to be posted again: time has passed since it was proven.
func (b *batch) once(ctx context.Context, wait time.Duration) error {
	if err := b.Sleep(ctx, wait); err != nil {
		return err
	}
	b.force = true
	return b.examine(ctx, b.with(fateOpen), false)
}

// send posts the open records.
func (b *batch) send(ctx context.Context, atMost, byJob int) error {
	open := b.with(fateOpen)
	if len(open) == 0 {
		return nil
	}
	writer, err := write.New(b.Org, write.Purpose{Name: "archive " + b.paper.name, Allow: []write.Allowance{
		{Verb: write.Delete, Object: b.object, Prefix: b.paper.prefix(b.object), AtMost: int64(len(open))}}})
	if err != nil {
		return err
	}
	if len(open) >= byJob {
		return b.sendJob(ctx, writer, open)
	}
	for some := range slices.Chunk(open, atMost) {
		outcomes, err := writer.Delete(ctx, b.object, idsOf(some), write.EachAlone)
		for _, o := range outcomes {
			b.take(o)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sendJob posts the open records, all of the batch, by one job.
func (b *batch) sendJob(ctx context.Context, writer *write.Writer, open []*entry) error {
	table := b.table(open)
	table.Began = func(job write.Job) error {
		b.job = job.ID
		return b.journal.Began(ctx, b.number, journal.Job{ID: job.ID, Version: job.Version, First: job.First,
			Rows: job.Rows})
	}
	err := writer.Bulk(ctx, table, func(o write.Outcome) error {
		b.take(o)
		return nil
	})
	if len(b.with(fateOpen)) == 0 { // it says of each what became of it, and so nothing more
		return nil
	}
	return err
}

func (b *batch) table(entries []*entry) write.Table {
	return write.Table{Verb: write.Delete, Object: b.object, Rows: write.IDs(slices.Values(idsOf(entries)))}
}

// take takes the outcome of one record.
func (b *batch) take(o write.Outcome) {
	if e := b.byID[o.ID]; e != nil {
		e.ruling = ruleOutcome(o)
	}
}

// permitted stops where the user may delete none of the records that are left: somebody has
// taken that right away, and all of them would end for that alone.
func (b *batch) permitted() error {
	refused := b.with(fateRefused)
	if len(refused) == 0 || len(refused) < len(b.entries)-len(b.with(fateEnded)) {
		return nil
	}
	return plan.Fixf("give the user of this configuration the right to delete "+b.object+" again, and run it again: it "+
		"goes on from here", "%d records of %s weren't deleted: %s", len(refused), b.object, refused[0].ruling.reason)
}

// atWork is how long a request may still be at work whose answer was lost (REST API guide: a
// call ends after ten minutes).
const atWork = 10 * time.Minute

// lookUp finds out what became of records whose answer was lost. What lives after the longest
// time that a request takes wasn't deleted by it.
func (b *batch) lookUp(ctx context.Context) error {
	for _, wait := range []time.Duration{0, atWork} {
		doubted := b.with(fateDoubt)
		if len(doubted) == 0 {
			return nil
		}
		if wait > 0 {
			b.tell(News{Object: b.object, Level: b.level, Text: "waits ten minutes: a delete whose answer was lost may still " +
				"be at work"})
			if err := b.Sleep(ctx, wait); err != nil {
				return err
			}
		}
		states, err := b.states(ctx, b.object, idsOf(doubted))
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
