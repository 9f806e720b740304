package wire

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"catchment/internal/plan"
	"catchment/internal/salesforce/fault"
)

// sendsAtMost bounds how often one request is sent: each counts against the
// org's limit, also where the server fails (invariant 10).
const sendsAtMost = 5

// waitAtMost is the longest that a server's Retry-After is waited for here.
// Beyond it the step ends and comes back later.
const waitAtMost = time.Minute

// Retrying repeats a request that may well work the next time.
type Retrying struct {
	Next  Sender
	Sleep func(context.Context, time.Duration) error
	Now   func() time.Time
	Stop  <-chan struct{} // closed once the user wants an end: then nothing is repeated
}

// Send sends req until it works, or nobody can expect it to. What may be sent only once is sent once.
func (r *Retrying) Send(ctx context.Context, req *Request) (*http.Response, error) {
	for try := 1; ; try++ {
		resp, err := r.Next.Send(ctx, req)
		if err == nil || req.Once || !fault.Resendable(err) || context.Cause(ctx) != nil {
			return resp, err
		}
		pause := backoff(try, rand.Float64()) // #nosec G404 -- it spreads the tries
		if e, ok := errors.AsType[*fault.Error](err); ok && e.RetryAfter > 0 {
			pause = e.RetryAfter
		}
		if pause > waitAtMost {
			return nil, &plan.Failure{Class: plan.Wait, Until: r.Now().Add(pause), Hint: plan.HintOf(err), Err: err}
		}
		if try == sendsAtMost {
			return nil, err
		}
		if err := r.pause(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// pause waits, but not for a user who wants an end.
func (r *Retrying) pause(ctx context.Context, d time.Duration) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	select {
	case <-r.Stop:
		return stopped()
	default:
	}
	go func() {
		select {
		case <-r.Stop:
			cancel(stopped())
		case <-ctx.Done():
		}
	}()
	return r.Sleep(ctx, d)
}

// backoff is how long to wait after the try-th failure: 0.5 s, 1 s, 2 s, 4 s,
// each spread by random in [0, 1) over its second half, so that many clients
// that failed together don't come back together.
func backoff(try int, random float64) time.Duration {
	full := 500 * time.Millisecond << (try - 1)
	return full/2 + time.Duration(random*float64(full/2))
}

// longestRetry is the longest that a server may ask to be left alone: limits of 24 hours end by then.
const longestRetry = 24 * time.Hour

// retryAfter reads seconds or a date; 0 where there is neither.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 && seconds < 1<<30 {
		return min(time.Duration(seconds)*time.Second, longestRetry)
	}
	if t, err := http.ParseTime(text); err == nil {
		return min(max(0, t.Sub(now)), longestRetry)
	}
	return 0
}
