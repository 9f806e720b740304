package wire

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"catchment/internal/plan"
)

// A Patience says how long an answer is waited for.
type Patience struct {
	Answer time.Duration // for its header; 10 minutes where 0: a query takes 2 to execute, other calls up to 10
	Stall  time.Duration // after that for the next byte; a minute where 0

	// Stop is closed once the user wants an end. Then an answer that keeps silent for
	// Grace, 3 seconds where 0, is given up. All that still comes, of all answers
	// together, has Finish to come to its end: 5 seconds where 0, so that a container
	// that is killed 10 seconds after its signal has given its leases back by then.
	Stop   <-chan struct{}
	Grace  time.Duration
	Finish time.Duration
}

// slowest is how many bytes of an answer have to come in each second of waiting for them,
// once the time that its header may take has passed as well: a server that sends a
// byte from time to time would hold a run for ever.
const slowest = 16 << 10

// ErrStopped says that the user wanted an end while Salesforce was waited for.
var ErrStopped = fmt.Errorf("%w while Salesforce was waited for", plan.ErrStopped)

// filled is p with what it leaves out.
func (p Patience) filled() Patience {
	p.Answer = cmp.Or(p.Answer, 10*time.Minute)
	p.Stall = cmp.Or(p.Stall, time.Minute)
	p.Grace = cmp.Or(p.Grace, 3*time.Second)
	p.Finish = cmp.Or(p.Finish, 5*time.Second)
	return p
}

// left is how long the next bytes are waited for, where an answer has brought some
// already and was waited for all in all.
func (p Patience) left(bytes int64, waited time.Duration) time.Duration {
	all := p.Answer + time.Duration(bytes/slowest)*time.Second
	return max(0, min(p.Stall, all-waited))
}

// An ending is the time that is left once the user wants an end. There is one for all
// requests: where each byte, or each request, got some anew, there would be no end.
type ending struct {
	begun sync.Once
	over  chan struct{} // closed once it has passed
}

func newEnding() *ending { return &ending{over: make(chan struct{})} }

// begin lets the time run, where it doesn't yet.
func (e *ending) begin(left time.Duration) {
	e.begun.Do(func() { time.AfterFunc(left, func() { close(e.over) }) })
}

// passed tells whether no time is left.
func (e *ending) passed() bool {
	select {
	case <-e.over:
		return true
	default:
		return false
	}
}

// A watch ends what one request waits for where that takes too long, or where the user wants
// an end.
type watch struct {
	Patience
	ending *ending
	cancel context.CancelCauseFunc
	ended  chan struct{}
	heeds  sync.WaitGroup

	mu      sync.Mutex
	stopped bool
	waits   int         // how many there were so far
	timer   *time.Timer // of the one that is going on
	late    error
}

// watch begins to watch a request, which cancel ends.
func (p Patience) watch(e *ending, cancel context.CancelCauseFunc) *watch {
	w := &watch{Patience: p, ending: e, cancel: cancel, ended: make(chan struct{})}
	if p.Stop != nil {
		w.heeds.Go(w.heed)
	}
	return w
}

// end ends the request, and the watch.
func (w *watch) end() {
	w.cancel(nil)
	close(w.ended)
	w.heeds.Wait()
}

// heed waits for the user, and then for the end of all time.
func (w *watch) heed() {
	select {
	case <-w.ended:
		return
	case <-w.Stop:
	}
	w.ending.begin(w.Finish)
	w.hurry()
	select {
	case <-w.ended:
	case <-w.ending.over:
		w.cancel(stopped())
	}
}

// hurry leaves what is waited for no more than Grace.
func (w *watch) hurry() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	if w.timer != nil && w.timer.Reset(w.Grace) {
		w.late = stopped()
	}
}

// wait does what waits for a server, for limit at most; else late is why the request ends.
func (w *watch) wait(limit time.Duration, late error, do func()) {
	w.mu.Lock()
	w.waits++
	this := w.waits
	if w.stopped && w.Grace < limit {
		limit, late = w.Grace, stopped()
	}
	w.late, w.timer = late, time.AfterFunc(limit, func() { w.expire(this) })
	w.mu.Unlock()
	do()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop()
	w.timer = nil
}

// goesOn begins the wait that is going on anew, for limit at most: a part of the request was taken.
// A user who wants an end is heeded all the same.
func (w *watch) goesOn(limit time.Duration, late error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil && !w.stopped && w.timer.Reset(limit) {
		w.late = late
	}
}

// expire ends the request, if the wait whose time is over still goes on.
func (w *watch) expire(wait int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil && w.waits == wait {
		w.cancel(w.late)
	}
}

// stopped says that the user wanted an end: nothing is asked again in this process.
func stopped() error {
	return plan.Failf(plan.Retry, "the next run goes on from here", "%w", ErrStopped)
}

// unanswered says that an answer didn't begin.
func (p Patience) unanswered() error {
	const hint = "Salesforce may be busy: the next try asks again; limits.answer is how long is waited"
	return plan.Failf(plan.Retry, hint, "no answer within %s", p.Answer)
}

// notTaken says that a request's body isn't taken any more, or too slowly ever to end.
func (p Patience) notTaken() error {
	const hint = "look at the line to Salesforce, and for a proxy between; limits.stall is how long is waited"
	return plan.Failf(plan.Retry, hint, "the request's body isn't taken: nothing went for %s, or too little", p.Stall)
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
