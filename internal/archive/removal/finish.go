package removal

import (
	"context"

	"catchment/internal/archive"
	"catchment/internal/archive/evidence"
	"catchment/internal/plan"
	"catchment/internal/warehouse/archived"
)

// finish accounts for the plan: every record has its end, and the evidence says so.
func (r *run) finish(ctx context.Context) error {
	counts, err := r.ledger.Tally(ctx, r.paper.name)
	if err != nil {
		return err
	}
	var ends []evidence.Count
	ended := int64(0)
	for _, c := range counts {
		if !c.State.Ended() {
			return plan.Failf(plan.Bug, "", "%d records of %s are %s, and nothing is left to do", c.Records, c.Object,
				c.State)
		}
		ended += c.Records
		ends = append(ends, evidence.Count{Object: c.Object, Level: c.Level, Outcome: c.State, Records: c.Records})
	}
	end := r.paper.end
	if selected := end.In + end.Held + end.Blocked; ended != selected {
		return plan.Failf(plan.Bug, "", "the plan has %d records, and %d came to an end", selected, ended)
	}
	if err := r.keepBook(ctx); err != nil {
		return err
	}
	certificate, err := certify(ctx, r)
	if err != nil {
		return err
	}
	now, err := r.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	after, err := usage(ctx, r.Org)
	if err != nil {
		return err
	}
	return r.book.Finish(ctx, evidence.End{At: now, After: after, Certificate: certificate, Counts: ends})
}

// keepBook writes into the evidence what ended outside a batch. The ledger doesn't change any
// more, so that a repeat writes the same parts.
func (r *run) keepBook(ctx context.Context) error {
	var said []evidence.Line
	part := int64(0)
	flush := func() error {
		if len(said) == 0 {
			return nil
		}
		part++
		err := r.book.Keep(ctx, part, said)
		said = nil
		return err
	}
	var after archived.Line
	for {
		lines, err := r.ledger.Lines(ctx, archived.Query{Plan: r.paper.name}, after, archive.BatchAtMost)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if l.Batch == 0 {
				said = append(said, evidence.Of(l, nil, ""))
			}
		}
		if len(said) >= archive.BatchAtMost || len(lines) < archive.BatchAtMost {
			if err := flush(); err != nil {
				return err
			}
		}
		if len(lines) < archive.BatchAtMost {
			return nil
		}
		after = lines[len(lines)-1]
	}
}
