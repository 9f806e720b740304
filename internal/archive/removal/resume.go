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
	lines, err := r.ledger.Lines(ctx, archived.Query{Plan: r.paper.name, Batch: note.Number}, archived.Line{},
		archive.BatchAtMost)
	if err != nil || len(lines) == 0 {
		return err
	}
	p := portion{object: note.Object, level: note.Level}
	entries, err := r.entriesOf(ctx, p, lines)
	if err != nil {
		return err
	}
	return r.holding(ctx, p.object, func(h *holding) error {
		b := r.batchOf(h, p, entries)
		b.number, b.begun = note.Number, note.Begun
		for _, id := range note.Binned {
			b.binned[id] = true
		}
		if lines[0].State.Ended() { // settled in the ledger, and not yet in the evidence
			return b.resumeBook(ctx, lines)
		}
		return b.keeping(ctx, h, b.takeUp)
	})
}

// entriesOf finds the records of lines in the plan.
func (r *run) entriesOf(ctx context.Context, p portion, lines []archived.Line) ([]*entry, error) {
	var entries []*entry
	byID := map[string]*entry{}
	for _, l := range lines {
		e := &entry{line: l, ruling: ruling{fate: fateOpen}}
		entries, byID[l.ID] = append(entries, e), e
	}
	_, err := r.paper.read(ctx, manifest.Each{Record: func(record manifest.Record) error {
		if e := byID[record.ID]; e != nil && record.Object == p.object {
			e.record = record
		}
		return nil
	}})
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.record.ID == "" {
			return nil, plan.Failf(plan.Bug, "", "the ledger has a record of %s that the plan lacks", p.object)
		}
	}
	return entries, nil
}

// resumeBook writes into the evidence what the ledger says.
func (b *batch) resumeBook(ctx context.Context, lines []archived.Line) (err error) {
	if !b.book.Intended(b.number) {
		return plan.Failf(plan.Bug, "", "a batch is settled that was never intended")
	}
	if b.outside, err = b.journal.Outside(ctx, b.number); err != nil {
		return err
	}
	job, _, err := b.journal.Job(ctx, b.number)
	if err != nil {
		return err
	}
	b.job = job.ID
	return b.settleBook(ctx, lines)
}

// takeUp finds out what became of a batch, and carries it to its end.
func (b *batch) takeUp(ctx context.Context) error {
	b.force = true
	if !b.book.Intended(b.number) { // nothing was sent
		if err := b.intend(ctx); err != nil {
			return err
		}
		return b.goOn(ctx)
	}
	job, known, err := b.journal.Job(ctx, b.number)
	if err != nil {
		return err
	}
	if known {
		if err := b.takeUpJob(ctx, job); err != nil {
			return err
		}
	}
	for _, e := range b.with(fateOpen) {
		e.ruling = ruling{fate: fateDoubt}
	}
	if err := b.lookUp(ctx); err != nil {
		return err
	}
	b.again()
	return b.goOn(ctx)
}

// takeUpJob takes the results of the batch's job. What they don't tell is looked up.
func (b *batch) takeUpJob(ctx context.Context, job journal.Job) error {
	b.job = job.ID
	writer, err := write.New(b.Org, write.Purpose{Name: "archive " + b.paper.name, Allow: []write.Allowance{
		{Verb: write.Delete, Object: b.object, Prefix: b.paper.prefix(b.object), AtMost: int64(len(b.entries))}}})
	if err != nil {
		return err
	}
	err = writer.TakeUp(ctx, write.Job{ID: job.ID, Version: job.Version, First: job.First, Rows: job.Rows},
		b.table(b.entries), func(o write.Outcome) error {
			b.take(o)
			return nil
		})
	if class := plan.ClassOf(err); err != nil && (class == plan.Retry || class == plan.Wait) {
		return err // the job may still be at work
	}
	return context.Cause(ctx) // a job that can't be had any more has ended: the records tell
}

// goOn posts what is open once more, after it was examined anew, and closes the batch.
func (b *batch) goOn(ctx context.Context) error {
	if open := b.with(fateOpen); len(open) > 0 {
		if err := b.examine(ctx, open, false); err != nil {
			return err
		}
	}
	if err := b.post(ctx, never); err != nil {
		return err
	}
	return b.close(ctx)
}
