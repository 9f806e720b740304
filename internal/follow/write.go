package follow

import (
	"context"
	"errors"
	"time"

	"catchment/internal/lookup"
	"catchment/internal/plan"
	"catchment/internal/salesforce/pubsub/change"
	"catchment/internal/waiting"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/streamed"
)

// What is gathered before it is written, at the ends of transactions.
const (
	eventsAtMost = 2000
	bytesAtMost  = 4 << 20
	// manyTimes is how many times as much a transaction may be that isn't over.
	manyTimes = 5
)

// A buffer is what came and wasn't written yet.
type buffer struct {
	fold        *fold
	position    string // where to go on behind it; "" where nothing came
	event       string // the last
	events      int
	bytes       int
	transaction string
	ended       bool // the last event began another transaction
}

// add takes in an event, and tells whether it is known what it is about.
func (b *buffer) add(d change.Delta, unreadable error) (known bool) {
	b.ended = d.Transaction != b.transaction
	b.transaction = d.Transaction
	b.events++
	for _, f := range d.Fields {
		b.bytes += len(f.Value) + len(f.Name)
	}
	b.bytes += 18 * len(d.IDs)
	return b.fold.add(d, unreadable)
}

// full tells whether it has to be written before more is taken in.
func (b *buffer) full() bool {
	if b.ended && (b.events >= eventsAtMost || b.bytes >= bytesAtMost) {
		return true
	}
	return b.events >= manyTimes*eventsAtMost || b.bytes >= manyTimes*bytesAtMost
}

// patience is how long a warehouse is waited for between two tries, at first and at most.
const (
	patience       = time.Second
	patienceAtMost = 30 * time.Second
)

// write writes what came, with its position. While the warehouse is away nothing more is taken in.
func (o *follower) write(ctx context.Context) error {
	if o.buffer.position == "" {
		return nil
	}
	d := streamed.Delta{Table: o.stored, Policy: gone.Policy(o.flow.Deletes), Rows: o.buffer.fold.all(),
		Deleted: o.deleted, AllowDeletes: o.Verifier.Options.AllowDeletes,
		Position: streamed.Position{Replay: o.buffer.position, Event: o.buffer.event, Seam: o.position.Seam}}
	d.Position.At = o.Now().UTC().Truncate(time.Microsecond)
	for pause := patience; ; pause = min(2*pause, patienceAtMost) {
		counts, err := o.apply(ctx, d)
		switch {
		case err == nil:
			o.count(d, counts)
			return nil
		case plan.ClassOf(err) != plan.Retry, errors.Is(err, streamed.ErrUnsettled),
			errors.Is(err, warehouse.ErrFenced):
			return err
		}
		o.Say("%s: %v; trying again in %s", o.flow.Object, err, pause)
		if err := waiting.For(ctx, pause); err != nil {
			return err
		}
		if err := o.held.Renew(ctx); err != nil {
			return err
		}
	}
}

// apply writes a delta. Where a value is in the way that nobody has thought of, all its records are read instead.
func (o *follower) apply(ctx context.Context, d streamed.Delta) (streamed.Counts, error) {
	counts, err := o.stream.Apply(ctx, o.held.Fence(), d)
	_, mass := errors.AsType[*gone.MassDelete](err)
	if err == nil || mass || context.Cause(ctx) != nil || plan.ClassOf(err) == plan.Retry ||
		errors.Is(err, warehouse.ErrFenced) {
		return counts, err
	}
	o.Say("%s: %v; the records are read instead", o.flow.Object, err)
	d.Rows = toRead(d.Rows)
	return o.stream.Apply(ctx, o.held.Fence(), d)
}

// count notes what was written, and empties the buffer.
func (o *follower) count(d streamed.Delta, c streamed.Counts) {
	o.result.Counts.Updated += c.Updated
	o.result.Counts.Inserted += c.Inserted
	o.result.Counts.Deleted += c.Deleted
	o.result.Counts.Dirty += c.Dirty
	o.deleted += c.Deleted
	o.dirty = o.dirty || c.Dirty > 0
	o.position = d.Position
	o.buffer = buffer{fold: newFold(o.source, o.stored), transaction: o.buffer.transaction}
}

// readUnproven reads records whole that events left to be read, and after a window also those whose rows it didn't
// prove. What can't be read now stays noted.
func (o *follower) readUnproven(ctx context.Context, touched bool) error {
	if !o.dirty && !touched || context.Cause(ctx) != nil {
		return nil
	}
	o.read = time.Now()
	for after := ""; ; {
		ids, err := o.stream.Unproven(ctx, o.stored, touched, after, lookup.PerCall)
		if err != nil || len(ids) == 0 {
			o.dirty = err != nil
			return err
		}
		if err := o.rereader.Read(ctx, ids); err != nil {
			if errors.Is(err, warehouse.ErrFenced) || plan.ClassOf(err) == plan.Bug {
				return err
			}
			o.Say("%s: %v; trying again later", o.flow.Object, err)
			return nil
		}
		if err := o.stream.Proven(ctx, o.held.Fence(), o.stored, ids); err != nil {
			return err
		}
		o.result.Read += int64(len(ids))
		after = ids[len(ids)-1]
	}
}

// stand is what became of the flow.
func (o *follower) stand(ctx context.Context) Result {
	r := o.result
	position, _, err := o.stream.Position(ctx, o.flow.Object)
	if err == nil && len(o.stored.Columns) > 0 {
		r.Position = position
		r.Standing, err = o.stream.Standing(ctx, o.stored)
	}
	r.Err = errors.Join(r.Err, err)
	return r
}
