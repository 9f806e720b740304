// Package window finds out which span of time a flow reads and proves: where its
// next window begins, how far it may go, and what Salesforce's two logs say has
// happened in it.
//
// It asks and decides, and changes nothing in the org or the warehouse. What is
// then read is left to reading and replicate; which of the records that the logs
// name are gone, to deletes.
//
// Start at Finder.Next. logs.go asks for one flow, prefetch.go for all flows of a
// run together, zone.go knows in which zone a flow's days are.
package window

import (
	"cmp"
	"context"
	"sync"
	"time"

	"catchment/internal/salesforce"
	"catchment/internal/source"
	"catchment/internal/warehouse"
)

// A Window is the span that a run proves: reads are unbounded above, To only
// moves the watermark.
type Window struct {
	From, To time.Time
	Grade    string
}

// Start is where a flow's next window begins: where the last one ended, or
// earlier, where a relative window reads more than that. A day that nobody ran on
// is never lost.
func Start(last warehouse.Mark, relative time.Time) time.Time {
	if !relative.IsZero() && relative.Before(last.Watermark) {
		return relative
	}
	return last.Watermark
}

// next decides how far the next watermark may go. covered is what Salesforce
// itself says is complete up to end; where it says nothing, lagged has to do: the
// server's time less a lag.
func next(last warehouse.Mark, from, end, covered, lagged time.Time) Window {
	w := Window{From: from, To: lagged.Truncate(time.Second), Grade: "lagged"}
	if !covered.IsZero() {
		w.To, w.Grade = covered, "proven"
		if end.Before(covered) {
			w.To = end
		}
	}
	if w.To.Before(from) { // a watermark never goes back
		w.To, w.Grade = from, last.Grade
	}
	return w
}

// How far behind the server's time a window stays that Salesforce says nothing
// of. Where an object's logs should tell how far it is complete, and don't, that
// is longer than a transaction lives: what it reads again is little; what it would
// miss is lost.
const (
	usualLag  = 15 * time.Minute
	silentLag = 24 * time.Hour
)

// A Finder finds the windows of the flows of one run, and remembers what the logs
// said of each attempt.
type Finder struct {
	org        *salesforce.Client
	lag        time.Duration
	zones      *Zones
	prefetched *Prefetch

	mu    sync.Mutex
	heard map[string]Changes // by attempt
}

// NewFinder makes a finder. lag is how far windows stay behind that can't be
// proven; 0 stands for the usual quarter of an hour.
func NewFinder(org *salesforce.Client, lag time.Duration, zones *Zones, prefetched *Prefetch) *Finder {
	return &Finder{
		org: org, lag: cmp.Or(lag, usualLag), zones: zones, prefetched: prefetched,
		heard: map[string]Changes{},
	}
}

// Next asks Salesforce how far a flow's object is complete, and what changed in the
// window that begins at from.
func (f *Finder) Next(
	ctx context.Context, src *source.Source, last warehouse.Mark, from time.Time,
) (Window, Changes, error) {
	c, err := f.ask(ctx, src, from)
	if err != nil {
		return Window{}, c, err
	}
	server, err := f.org.ServerTime(ctx)
	if err != nil {
		return Window{}, c, err
	}
	lag := f.lag
	if src.Replicates() { // it should have been said: somebody's transaction may be older than any usual lag
		lag = max(lag, silentLag)
	}
	return next(last, from, c.end, c.covered, server.Add(-lag)), c, nil
}

// Relative is when the relative window of a flow begins, or the zero time where
// the flow has none.
func (f *Finder) Relative(ctx context.Context, src *source.Source) (time.Time, error) {
	return f.zones.relative(ctx, src.Flow.Window)
}

// Remember keeps what the logs said for the steps that come after list.
func (f *Finder) Remember(attempt string, c Changes) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heard[attempt] = c
}

// Changes finds what the logs said when an attempt began that reads from a moment
// on; a process that didn't begin it asks again.
func (f *Finder) Changes(ctx context.Context, attempt string, src *source.Source, from time.Time) (Changes, error) {
	f.mu.Lock()
	c, ok := f.heard[attempt]
	f.mu.Unlock()
	if ok {
		return c, nil
	}
	c, err := f.ask(ctx, src, from)
	if err == nil {
		f.Remember(attempt, c)
	}
	return c, err
}
