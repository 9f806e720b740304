package removal

import (
	"context"

	"catchment/internal/archive"
	"catchment/internal/archive/manifest"
	"catchment/internal/archive/removal/journal"
	"catchment/internal/plan"
	"catchment/internal/salesforce/write"
	"catchment/internal/warehouse/archived"
)

// resume ends the batches that an earlier process left open.
func (r *run) resume(ctx context.Context) error {
	var open []journal.Batch
	err := r.journal.Each(ctx, func(b journal.Batch) error {
		if !r.book.Settled(b.Number) {
			open = append(open, b)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, b := range open {
		if err := r.resumeBatch(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// resumeBatch ends one batch. One without lines was never posted: its records are still proven.
func (r *run) resumeBatch(ctx context.Context, note journal.Batch) error {
	b, open, err := r.reopen(ctx, note)
	if err != nil || len(b.all()) == 0 {
		return err
	}
	if !b.book.Intended(b.number) {
		return b.holdAll(ctx, func() error { return b.keeping(ctx, b.holdings(), b.giveBack) })
	}
	if !open { // settled in the ledger, and not yet in the evidence
		return b.resumeBook(ctx)
	}
	return b.holdAll(ctx, func() error { return b.keeping(ctx, b.holdings(), (&posting{b}).takeUp) })
}

// reopen makes a batch of what the journal, the ledger and the plan know of it, and tells
// whether it is open.
func (r *run) reopen(ctx context.Context, note journal.Batch) (b *batch, open bool, err error) {
	byID := map[string]*entry{}
	var after archived.Line
	for more := true; more; {
		q := archived.Query{Plan: r.paper.name, Batch: note.Number}
		lines, err := r.ledger.Lines(ctx, q, after, archive.BatchAtMost)
		if err != nil {
			return nil, false, err
		}
		for _, l := range lines {
			e := &entry{line: l, ruling: ruling{fate: fateOpen}}
			if byID[l.ID], after = e, l; l.State.Ended() {
				e.ruling = ruling{fateEnded, l.State, l.Reason}
			}
			open = open || l.State == archived.Posted
		}
		more = len(lines) == archive.BatchAtMost
	}
	var entries, escort []*entry
	_, err = r.paper.read(ctx, manifest.Each{Record: func(record manifest.Record) error {
		if e := byID[record.ID]; e != nil && sameObject(record.Object, e.line.Object) {
			if e.record = record; record.Along {
				escort = append(escort, e)
			} else {
				entries = append(entries, e)
			}
		}
		return nil
	}})
	if err != nil {
		return nil, false, err
	}
	if len(entries)+len(escort) != len(byID) {
		return nil, false, plan.Failf(plan.Bug, "", "the ledger has records that the plan lacks")
	}
	b = r.batchOf(portion{object: note.Object, level: note.Level}, entries)
	b.escort, b.number, b.begun = escort, note.Number, note.Begun
	for _, id := range note.Binned {
		b.binned[id] = true
	}
	for grown := true; grown; { // one may go along with another that does
		grown = false
		for _, e := range escort {
			with := byID[e.record.Parent]
			if with != nil && with.record.Along {
				with = with.with
			}
			if e.with == nil && with != nil {
				e.with, grown = with, true
			}
		}
	}
	return b, open, nil
}

// giveBack takes back a batch of which nothing was sent: not all of it was written down, maybe not even all of its
// records. They are proven, as they were.
func (b *batch) giveBack(ctx context.Context) error { return b.say(ctx, archived.Proven, 0) }

// resumeBook writes into the evidence what the ledger says.
func (b *batch) resumeBook(ctx context.Context) (err error) {
	if b.backs, err = b.journal.Backs(ctx, b.number); err != nil {
		return err
	}
	job, _, err := b.journal.Job(ctx, b.number)
	if err != nil {
		return err
	}
	b.job = job.ID
	return b.settleBook(ctx)
}

// takeUp finds out what became of a batch, and carries it to its end.
func (p *posting) takeUp(ctx context.Context) error {
	p.force = true
	if err := p.recall(ctx); err != nil {
		return err
	}
	if err := p.sends(ctx); err != nil {
		return err
	}
	job, known, err := p.journal.Job(ctx, p.number)
	if err != nil {
		return err
	}
	if known {
		if err := p.takeUpJob(ctx, job); err != nil {
			return err
		}
	}
	// What the job refused may have been posted again since, by a call.
	for _, e := range p.entries {
		if f := e.ruling.fate; f == fateOpen || f == fateAgain || f == fateRefused {
			e.ruling = ruling{fate: fateDoubt}
		}
	}
	if err := p.lookUp(ctx); err != nil {
		return err
	}
	p.again()
	return p.goOn(ctx)
}

// recall ends the records of which it was written down that they have to come back.
func (p *posting) recall(ctx context.Context) (err error) {
	if p.backs, err = p.journal.Backs(ctx, p.number); err != nil {
		return err
	}
	for _, back := range p.backs {
		if e := p.byID[back.ID]; back.Own && e != nil && !e.line.State.Ended() {
			e.ruling = ruling{fateEnded, archived.Changed, back.Reason}
		}
	}
	return nil
}

// takeUpJob takes the results of the batch's job. What they don't tell is looked up.
func (p *posting) takeUpJob(ctx context.Context, job journal.Job) error {
	p.job = job.ID
	writer, err := write.New(p.Org, write.Purpose{Name: "archive " + p.paper.name, Allow: []write.Allowance{
		{Verb: write.Delete, Object: p.object, Prefix: p.paper.prefix(p.object), AtMost: int64(len(p.entries))}}})
	if err != nil {
		return err
	}
	err = writer.TakeUp(ctx, write.Job{ID: job.ID, Version: job.Version, First: job.First, Rows: job.Rows},
		p.table(p.entries), func(o write.Outcome) error {
			p.take(o)
			return nil
		})
	if class := plan.ClassOf(err); err != nil && (class == plan.Retry || class == plan.Wait) {
		return err // the job may still be at work
	}
	return context.Cause(ctx) // a job that can't be had any more has ended: the records tell
}

// goOn posts what is open once more, after it was examined anew, and closes the batch.
func (p *posting) goOn(ctx context.Context) error {
	if open := p.with(fateOpen); len(open) > 0 {
		if err := (&exam{p.batch, false}).examine(ctx, open); err != nil {
			return err
		}
	}
	return p.carryOut(ctx, never)
}
