package follow

import (
	"context"
	"errors"
	"time"

	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/salesforce/pubsub"
	"catchment/internal/salesforce/pubsub/change"
	"catchment/internal/source"
	"catchment/internal/verify"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/streamed"
)

// A follower follows one flow. What it knows beyond a phase is what it counts.
type follower struct {
	*Follower
	stream streamed.Stream
	flow   flow.Flow
	result Result
	trips  int  // phases in a row that ended since only a window finds what changed
	afresh bool // the position is lost: begin at the tip

	held     *lease.Lease
	mark     warehouse.Mark
	source   *source.Source
	stored   shape.Table
	known    *change.Object
	rereader *verify.Rereader
	position streamed.Position
	deleted  int64 // rows, since the last window

	buffer  buffer
	renewed time.Time
	began   time.Time
	read    time.Time // when records were read by their Ids last
	dirty   bool      // some may have to be read
}

// due tells whether the flow needs a window before it follows: its last one is long ago, its seam is open, or an
// attempt of it is on its way.
func (o *follower) due(ctx context.Context) bool {
	mark, known, err := o.Warehouse.Mark(ctx, o.flow.Object)
	if err != nil || !known || mark.Watermark.IsZero() {
		return true
	}
	position, followed, err := o.stream.Position(ctx, o.flow.Object)
	if err != nil || !followed || !position.Seam.IsZero() {
		return true
	}
	_, open, err := o.Control.Open(ctx, o.flow.Object)
	return err != nil || open || o.Now().Sub(mark.Watermark) >= o.Options.Every
}

// follow holds the flow and follows its stream, until the phase ends.
func (o *follower) follow(ctx, phase context.Context, settled bool, soon func()) (err error) {
	row, err := o.Control.Flow(ctx, o.flow.Object)
	if err != nil {
		return err
	}
	if row.Paused {
		return plan.Fixf("catchment resume "+o.flow.Object, "the flow is paused")
	}
	if o.held, err = o.Holder.Hold(ctx, o.flow.Object); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.held.Close(ctx)) }()
	if err := o.prepare(ctx, settled); err != nil {
		return err
	}
	if !o.position.Seam.IsZero() {
		soon()
	}
	start := pubsub.Tip()
	if o.position.Replay != "" && !o.afresh {
		at, err := pubsub.ParsePosition(o.position.Replay)
		if err != nil {
			return err
		}
		start = pubsub.After(at)
	}
	s, err := o.Events.Subscribe(change.Topic(o.source.Object.Name), start)
	if err != nil {
		return err
	}
	defer s.Close()
	err = o.listen(ctx, phase, s, soon)
	if lost, is := errors.AsType[*pubsub.Lost](err); is {
		o.afresh = true
		o.result.Lost++
		o.Say("%s: %v; a window reads what changed since, and the stream begins anew", o.flow.Object, lost)
		return errTrip
	}
	return err
}

// prepare looks at the flow as it is now, and reads what events left unproven.
func (o *follower) prepare(ctx context.Context, settled bool) error {
	org, err := o.Org.Org(ctx)
	if err != nil {
		return err
	}
	mark, known, err := o.held.Mark(ctx)
	switch {
	case err != nil:
		return err
	case !known || mark.Watermark.IsZero():
		return plan.Failf(plan.Retry, "catchment run "+o.flow.Object, "%s was never copied", o.flow.Object)
	}
	if _, open, err := o.Control.Open(ctx, o.flow.Object); err != nil {
		return err
	} else if open {
		return plan.Failf(plan.Retry, "catchment run "+o.flow.Object, "%w", streamed.ErrUnsettled)
	}
	if o.mark, _, err = o.held.Claim(ctx, mark.Table, org); err != nil {
		return err
	}
	if _, _, err := o.held.Recall(ctx, o.mark); err != nil {
		return err
	}
	if o.source, err = o.Sources.Source(ctx, o.flow); err != nil {
		return err
	}
	if o.stored, err = o.Warehouse.Stored(ctx, o.source.Table); err != nil {
		return err
	}
	if err := o.stream.Open(ctx, o.held.Fence(), o.stored); err != nil {
		return err
	}
	if o.position, _, err = o.stream.Position(ctx, o.flow.Object); err != nil {
		return err
	}
	if settled {
		o.deleted = 0
	}
	o.known = change.Of(o.source.Object)
	o.rereader = o.Verifier.Rereader(o.held, o.source, o.stored, "stream")
	o.buffer = buffer{fold: newFold(o.source, o.stored)}
	if !o.position.Seam.IsZero() && o.mark.Watermark.After(o.position.Seam) { // a window reaches beyond it
		o.position.Seam = time.Time{}
		o.buffer.position, o.buffer.event = o.position.Replay, o.position.Event
	}
	o.renewed, o.began, o.dirty = o.Now(), time.Now(), true
	return o.readUnproven(ctx, settled)
}

// listen takes what comes, and writes it by and by.
func (o *follower) listen(ctx, phase context.Context, s *pubsub.Subscription, soon func()) error {
	last, tip := time.Now(), false
	for {
		wait, cancel := context.WithTimeout(phase, o.Options.Pace)
		news, err := s.Next(wait)
		over := wait.Err() != nil
		cancel()
		switch {
		case err == nil:
			if news.Kind != pubsub.Quiet { // who is away isn't at the tip either
				last = time.Now()
			}
			tip = news.Kind == pubsub.Quiet // Salesforce says that there is nothing more
			if err := o.take(ctx, news, soon); err != nil {
				return err
			}
			if !o.buffer.full() && !tip {
				continue
			}
		case !over:
			return errors.Join(err, o.write(ctx))
		case phase.Err() != nil:
			return errors.Join(o.write(ctx), o.readUnproven(ctx, false))
		}
		if err := o.write(ctx); err != nil {
			return err
		}
		if err := o.keep(ctx); err != nil {
			return err
		}
		quiet := tip || time.Since(last) >= o.Options.Quiet
		if o.Options.Drain && o.position.Replay != "" && !o.afresh && quiet {
			return o.readUnproven(ctx, false)
		}
	}
}

// renewEvery is how often the lease is renewed, which lasts half an hour.
const renewEvery = time.Minute

// keep renews the lease, and reads what has to be read, where it is time.
func (o *follower) keep(ctx context.Context) error {
	if o.Now().Sub(o.renewed) >= renewEvery {
		if err := o.held.Renew(ctx); err != nil {
			return err
		}
		o.renewed = o.Now()
	}
	if o.dirty && time.Since(o.read) >= o.Options.Read {
		return o.readUnproven(ctx, false)
	}
	return nil
}

// take takes in one thing that the subscription says.
func (o *follower) take(ctx context.Context, news pubsub.News, soon func()) error {
	if news.Kind == pubsub.Away {
		o.Say("%s: %v; trying again in %s", o.flow.Object, news.Err, news.Again.Round(time.Second/10))
		return nil
	}
	if o.position.Replay == "" || o.afresh {
		if err := o.sew(ctx, news.After); err != nil {
			return err
		}
		soon()
	}
	if news.After != "" {
		o.buffer.position = news.After.String()
	}
	if news.Kind == pubsub.Quiet {
		return nil
	}
	o.result.Events++
	if news.Kind == pubsub.Repeated {
		return nil
	}
	o.buffer.event = news.Event.ID
	d, err := news.Event.Decode(o.known)
	known := o.buffer.add(d, err)
	if !known || d.HasUnknown() && time.Since(o.began) >= describedAtMost {
		if err := o.write(ctx); err != nil {
			return err
		}
		return errTrip
	}
	return nil
}

// describedAtMost is how often describe is asked for fields that it didn't know: a phase begins with it.
const describedAtMost = time.Minute

// sew keeps the first position, and the moment of it: what happened before is a window's.
func (o *follower) sew(ctx context.Context, first pubsub.Position) error {
	now, err := o.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	o.afresh = false
	o.position = streamed.Position{Replay: first.String(), Seam: now.UTC().Truncate(time.Microsecond)}
	return nil
}
