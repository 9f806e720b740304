package removal

import (
	"context"
	"fmt"
	"time"

	"catchment/internal/archive/manifest"
	"catchment/internal/plan"
	"catchment/internal/warehouse/archived"
)

// deleteAll goes through the levels, deepest first. One is done before the next begins.
func (r *run) deleteAll(ctx context.Context) error {
	for _, level := range r.paper.levels() {
		if err := r.level(ctx, level); err != nil {
			return err
		}
	}
	return r.leftovers(ctx)
}

// level deletes what of a level may go now.
func (r *run) level(ctx context.Context, level int) error {
	left, err := r.left(ctx, level)
	if err != nil || left == 0 {
		return err
	}
	// A delete below may have changed what is above: counts, and dates of activity.
	if err := r.fresh(ctx, r.paper.going(level), r.first.IsZero()); err != nil {
		return err
	}
	if err := r.agree(ctx); err != nil {
		return err
	}
	for force := false; ; {
		done, err := r.sweep(ctx, level, force)
		switch {
		case err != nil:
			return err
		case !done.until.IsZero():
			return &plan.Failure{Class: plan.Wait, Until: done.until,
				Hint: "run it again then; until then whoever objects can do so",
				Err:  fmt.Errorf("%d records cool until %s", done.cooling, done.until.UTC().Format(time.RFC3339))}
		case done.deferred == 0:
			return nil
		}
		force = done.ended == 0
	}
}

// left counts the records of a level that are on their way.
func (r *run) left(ctx context.Context, level int) (n int64, err error) {
	counts, err := r.ledger.Tally(ctx, r.paper.name)
	for _, c := range counts {
		if c.Level != level || c.State.Ended() {
			continue
		}
		if c.State == archived.Posted {
			return 0, plan.Failf(plan.Bug, "", "records of %s were posted, and nobody settles them", c.Object)
		}
		n += c.Records
	}
	return n, err
}

// A swept level is what became of its records in one go.
type swept struct {
	ended    int64 // came to an end
	deferred int64 // wait for others that refer to them, and go themselves
	cooling  int64
	until    time.Time // the first of those may go
}

// sweep deletes what has cooled, batch by batch. With force nothing waits for what refers to it.
func (r *run) sweep(ctx context.Context, level int, force bool) (done swept, err error) {
	wanted := func(record manifest.Record) bool {
		return record.Fate == manifest.In && record.Level == level && !record.Along
	}
	err = r.paper.portions(ctx, wanted, func(p portion) error {
		if err := r.stopping(ctx); err != nil {
			return err
		}
		known, err := r.linesOf(ctx, p.object, p.ids())
		if err != nil {
			return err
		}
		entries, err := r.ripe(ctx, p, known, &done)
		if err != nil || len(entries) == 0 {
			return err
		}
		left, tomorrow, err := r.today(ctx)
		if err != nil {
			return err
		}
		enough := &plan.Failure{Class: plan.Wait, Until: tomorrow, Hint: "run it again then, it goes on from here",
			Err: fmt.Errorf("the %d records are deleted that may go on one day", r.policy.Cap.PerDay)}
		if left <= 0 {
			return enough
		}
		rest := int64(len(entries)) > left
		if rest {
			entries = entries[:left]
		}
		b := r.batchOf(p, entries)
		b.force = force
		err = b.carryOut(ctx)
		done.ended += b.ended
		done.deferred += b.deferred
		if err == nil && rest {
			return enough
		}
		return err
	})
	return done, err
}

// ripe are the records of a portion that have cooled.
func (r *run) ripe(
	ctx context.Context, p portion, known map[string]archived.Line, done *swept,
) (entries []*entry, err error) {
	now, err := r.Org.ServerTime(ctx)
	if err != nil {
		return nil, err
	}
	for _, record := range p.records {
		line, has := known[record.ID]
		if !has {
			return nil, plan.Failf(plan.Bug, "", "a record of %s has no line in the ledger", p.object)
		}
		if line.State != archived.Proven {
			continue
		}
		if cool := line.ProvenAt.Add(r.paper.cool); now.Before(cool) {
			if done.cooling++; done.until.IsZero() || cool.Before(done.until) {
				done.until = cool
			}
			continue
		}
		entries = append(entries, &entry{line: line, record: record, ruling: ruling{fate: fateOpen}})
	}
	return entries, nil
}
