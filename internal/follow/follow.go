// Package follow keeps a copy fresh by change events, and right by windows.
//
// It goes in phases. A phase begins with a window, the ordinary run; then each flow is held, and follows its
// stream: what events say is folded, one row for each record, and written with the position in one transaction
// (warehouse/streamed). What an event can't say is read whole. When the next window is due, or when a stream lost its
// thread, everybody writes what he has and lets go, and the next phase begins. So no row is touched while an attempt
// is on its way, and whatever a window reads was read after the events before it: it proves them.
//
// The stream begins at the tip, with what comes next. Whatever happened before that moment, the seam, is a window's
// that reaches beyond it; until there was one, the flow isn't called live.
//
// Who runs the window is left to the caller. Start at Follower.Run.
//
// Files, from the top: follow.go, flow.go, write.go, fold.go.
package follow

import (
	"context"
	"errors"
	"sync"
	"time"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/pubsub"
	"catchment/internal/source"
	"catchment/internal/verify"
	"catchment/internal/waiting"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/streamed"
)

// A Follower follows flows. Its fields are set once.
type Follower struct {
	Org       *salesforce.Client
	Events    *pubsub.Client
	Warehouse warehouse.Warehouse
	Control   *control.Control
	Holder    lease.Holder
	Sources   source.Finder
	Verifier  *verify.Verifier // reads records by their Ids
	Now       func() time.Time
	// Settle runs a window over flows, which nobody holds meanwhile. What went wrong with one of them it tells by
	// itself; an error ends all.
	Settle func(ctx context.Context, objects []string) error
	Say    func(format string, args ...any)
	Stop   <-chan struct{} // closed: everybody writes what he has, and ends; may be nil

	Options Options
}

// Options are how a Follower goes about it. What is zero has a default.
type Options struct {
	Drain bool          // end at the tip
	Every time.Duration // between two windows: 15 m
	Pace  time.Duration // between two writes: 500 ms
	Quiet time.Duration // how long nothing comes at the tip: 10 s
	Read  time.Duration // between two readings of records by their Ids: 10 s
	Soon  time.Duration // after which a window reaches beyond a seam: 90 s
}

func (o *Options) fill() {
	or := func(d *time.Duration, otherwise time.Duration) {
		if *d == 0 {
			*d = otherwise
		}
	}
	or(&o.Every, 15*time.Minute)
	or(&o.Pace, 500*time.Millisecond)
	or(&o.Quiet, 10*time.Second)
	or(&o.Read, 10*time.Second)
	or(&o.Soon, 90*time.Second)
}

// A Result is what became of one flow.
type Result struct {
	Object   string
	Events   int64 // that came, repeated ones among them
	Counts   streamed.Counts
	Read     int64 // records that were read by their Ids
	Lost     int64 // how often the thread was lost
	Position streamed.Position
	Standing streamed.Standing
	Err      error // why it is behind; nil where it isn't
}

// Live tells whether window and stream are without a gap.
func (r Result) Live() bool {
	return r.Err == nil && r.Position.Replay != "" && r.Position.Seam.IsZero()
}

var (
	errDue  = errors.New("a window is due")
	errTrip = errors.New("only a window finds what changed")
)

// Run follows flows until somebody wants an end (plan.ErrStopped), or to the tip, and tells what became of each. It
// ends with another error only where nothing can go on.
func (f *Follower) Run(ctx context.Context, flows []flow.Flow) ([]Result, error) {
	f.Options.fill()
	stream, ok := streamed.Of(f.Warehouse)
	if !ok {
		return nil, plan.Fixf("see docs/howto/stream.md for the warehouses that do, or leave stream out of the flows",
			"%s takes no change events yet", f.Warehouse.Name())
	}
	var objects []string
	all := make([]*follower, len(flows))
	for i, fl := range flows {
		objects = append(objects, fl.Object)
		all[i] = &follower{Follower: f, stream: stream, flow: fl, result: Result{Object: fl.Object}}
	}
	wanted, end := context.WithCancelCause(ctx)
	defer end(nil)
	go func() {
		select {
		case <-f.Stop:
			end(plan.ErrStopped)
		case <-wanted.Done():
		}
	}()
	var err error
	for first := true; ; first = false {
		settled := !first || f.due(ctx, all)
		if settled {
			if err = f.Settle(ctx, objects); err != nil && !f.passes(err) {
				break
			}
			settled = err == nil
		}
		trips := f.phase(ctx, wanted, all, settled)
		if err = context.Cause(wanted); err != nil || f.Options.Drain && trips == 0 {
			break
		}
		if err = waiting.For(wanted, pauseAfter(trips)); err != nil {
			break
		}
	}
	results := make([]Result, len(all))
	for i, one := range all {
		results[i] = one.stand(context.WithoutCancel(ctx))
	}
	return results, err
}

// passes tells whether what is wrong with a window passes by itself: the next one is tried then, and until it came the
// stream goes on, as far as it can.
func (f *Follower) passes(err error) bool {
	switch plan.ClassOf(err) {
	case plan.Retry, plan.Wait, plan.Full:
	default:
		return false
	}
	if f.Options.Drain || errors.Is(err, plan.ErrStopped) {
		return false
	}
	f.Say("the window failed: %v; the next one comes in %s", err, f.Options.Every)
	return true
}

// due tells whether a window has to come before anybody follows.
func (f *Follower) due(ctx context.Context, all []*follower) bool {
	for _, one := range all {
		if one.due(ctx) {
			return true
		}
	}
	return false
}

// pauseAfter is how long a window waits that a flow wants once more, since it can't follow.
func pauseAfter(trips int) time.Duration {
	return min(time.Minute, time.Duration(max(0, trips-1))*time.Second)
}

// phase follows all flows until a window is due, or to the tip, and tells how many times in a row a flow could only
// wait for a window.
func (f *Follower) phase(ctx, wanted context.Context, all []*follower, settled bool) (trips int) {
	phase, end := context.WithCancelCause(wanted)
	defer end(nil)
	timer := time.AfterFunc(f.Options.Every, func() { end(errDue) })
	defer timer.Stop()
	var following sync.WaitGroup
	for _, one := range all {
		following.Go(func() {
			soon := func() { timer.Reset(min(f.Options.Every, f.Options.Soon)) } // a window, earlier than it is due
			err := one.follow(ctx, phase, settled, soon)
			one.result.Err = nil
			one.trips++
			if !errors.Is(err, errTrip) {
				one.trips = 0
			}
			switch {
			case errors.Is(err, errTrip):
				end(errDue)
			case err != nil && context.Cause(ctx) == nil:
				one.result.Err = err
				f.Say("%s: %v", one.flow.Object, err)
				if plan.ClassOf(err) == plan.Retry { // it passes: the flow is followed again then
					soon()
				}
			}
		})
	}
	following.Wait()
	if !f.Options.Drain {
		<-phase.Done() // who couldn't follow tries again after the next window
	}
	for _, one := range all {
		trips = max(trips, one.trips)
	}
	return trips
}
