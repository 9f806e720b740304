package redshift

import (
	"context"
	"sync"
	"time"

	"catchment/internal/fakeaws/redshift/failure"
)

// Faults are what goes wrong on demand. All of its methods may be called at
// any time; a fault that was met is used up unless its method says otherwise.
type Faults struct {
	mu      sync.Mutex
	paused  bool
	commits int // since the last fault of a commit was asked for
	atCut   int
	cutting commitFault
	atDeny  int
	delay   time.Duration

	throttled int // calls of the Data API that are refused still
}

type commitFault int

const (
	fine commitFault = iota
	cutBefore
	cutAfter
	refuseCommit
)

// Pause lets no new session in, until Resume: nobody answers at the address of
// a cluster that is paused.
func (f *Faults) Pause() { f.set(func() { f.paused = true }) }

// Resume ends a pause.
func (f *Faults) Resume() { f.set(func() { f.paused = false }) }

// CutBeforeCommit breaks the line where the n-th commit from now comes in: it
// isn't done.
func (f *Faults) CutBeforeCommit(n int) {
	f.set(func() { f.commits, f.atCut, f.cutting = 0, n, cutBefore })
}

// CutAfterCommit breaks the line where the n-th commit from now is done, before
// the client is told.
func (f *Faults) CutAfterCommit(n int) {
	f.set(func() { f.commits, f.atCut, f.cutting = 0, n, cutAfter })
}

// RefuseCommit answers the n-th commit from now with error 1023.
func (f *Faults) RefuseCommit(n int) {
	f.set(func() { f.commits, f.atDeny = 0, n })
}

// Slow delays each statement, until it is told 0.
func (f *Faults) Slow(d time.Duration) { f.set(func() { f.delay = d }) }

// Throttle refuses the next n calls of the Data API.
func (f *Faults) Throttle(n int) { f.set(func() { f.throttled = n }) }

func (f *Faults) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// gone tells whether nobody answers at the cluster's address.
func (f *Faults) gone() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.paused
}

// commit says what becomes of a commit.
func (f *Faults) commit() commitFault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.commits++
	switch f.commits {
	case f.atCut:
		f.atCut = 0
		return f.cutting
	case f.atDeny:
		f.atDeny = 0
		return refuseCommit
	}
	return fine
}

// statement waits where statements are slow.
func (f *Faults) statement(ctx context.Context) error {
	f.mu.Lock()
	d := f.delay
	f.mu.Unlock()
	if d == 0 {
		return nil
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return failure.New(failure.Cancelled, "Query cancelled")
	}
}

// throttle tells whether a call of the Data API is refused.
func (f *Faults) throttle() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.throttled == 0 {
		return false
	}
	f.throttled--
	return true
}
