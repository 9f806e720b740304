package wire

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"catchment/internal/plan"
)

// A Patience says how long an answer is waited for.
type Patience struct {
	Answer time.Duration // for its header; 10 minutes where 0: a query takes 2 to execute, other calls up to 10
	Stall  time.Duration // after that for the next byte; a minute where 0

	// Stop is closed once the user wants an end. An answer that comes may come to its
	// end then, and one that keeps silent for Grace, 3 seconds where 0, is given up.
	Stop  <-chan struct{}
	Grace time.Duration
}

// slowest is how many bytes of an answer have to come in each second of waiting for them,
// once the time that its header may take has passed as well: a server that sends a
// byte from time to time would hold a run for ever.
const slowest = 16 << 10

// ErrStopped says that the user wanted an end while Salesforce was silent.
var ErrStopped = errors.New("stopped while Salesforce was silent")

// filled is p with what it leaves out.
func (p Patience) filled() Patience {
	p.Answer = cmp.Or(p.Answer, 10*time.Minute)
	p.Stall = cmp.Or(p.Stall, time.Minute)
	p.Grace = cmp.Or(p.Grace, 3*time.Second)
	return p
}

// left is how long the next bytes are waited for, where an answer has brought some
// already and was waited for all in all.
func (p Patience) left(bytes int64, waited time.Duration) time.Duration {
	all := p.Answer + time.Duration(bytes/slowest)*time.Second
	return max(0, min(p.Stall, all-waited))
}

// wait does what waits for a server. Where that takes longer than limit, or the user
// wants an end, it is ended by cancel.
func (p Patience) wait(limit time.Duration, late error, cancel context.CancelCauseFunc, do func()) {
	done := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() { p.watch(limit, late, cancel, done) })
	defer watcher.Wait() // what it decides stands before anybody looks at it
	defer close(done)
	do()
}

func (p Patience) watch(limit time.Duration, late error, cancel context.CancelCauseFunc, done <-chan struct{}) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return
	case <-timer.C:
		cancel(late)
		return
	case <-p.Stop:
	}
	timer.Reset(min(limit, p.Grace))
	select {
	case <-done:
	case <-timer.C:
		cancel(plan.Failf(plan.Retry, "", "%w", ErrStopped))
	}
}

// unanswered says that an answer didn't begin.
func (p Patience) unanswered() error {
	const hint = "Salesforce may be busy: the next try asks again; limits.answer is how long is waited"
	return plan.Failf(plan.Retry, hint, "no answer within %s", p.Answer)
}

// stalled says that an answer began and didn't go on.
func (p Patience) stalled() error {
	const hint = "the next try reads it again; limits.stall is how long is waited"
	return plan.Failf(plan.Retry, hint, "the answer stalled: nothing came for %s", p.Stall)
}

// dripping says that an answer comes too slowly ever to end.
func (p Patience) dripping() error {
	const hint = "look at the line to Salesforce, and for a proxy between; the next try reads it again"
	return plan.Failf(plan.Retry, hint, "the answer comes too slowly: fewer than %d bytes in a second", slowest)
}
