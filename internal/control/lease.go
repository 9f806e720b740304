package control

import (
	"context"
	"errors"
	"fmt"
	"time"

	"catchment/internal/control/versioned"
	"catchment/internal/plan"
)

// leaseTime is how long a lease lasts after it was acquired or renewed: two
// Lambda lives and some room.
const leaseTime = 35 * time.Minute

// ErrLost says that another run has taken the lease: this run is superseded.
var ErrLost error = &plan.Failure{
	Class: plan.Fix,
	Hint:  "another run has taken the flow over; see it with: catchment status",
	Err:   errors.New("the lease was lost to another run"),
}

// A Lease is the right of a run to work on a flow, until Expires. Fence counts
// up whenever the right goes to another run and never goes back, also over a
// release; the warehouse refuses a lower one than it has seen (invariant 7).
type Lease struct {
	Flow    string    `json:"flow"`
	Run     string    `json:"run,omitzero"`    // "" where nobody holds it
	Holder  string    `json:"holder,omitzero"` // the process, in words for people and for dead
	Fence   int64     `json:"fence"`
	Since   time.Time `json:"since,omitzero"` // when Run took it
	Expires time.Time `json:"expires,omitzero"`
}

// Held says which run has the lease that was asked for.
type Held struct{ Lease Lease }

func (h *Held) Error() string {
	since := ""
	if !h.Lease.Since.IsZero() { // an older catchment doesn't say
		since = " since " + h.Lease.Since.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("flow %s is held by run %s (%s)%s until %s",
		h.Lease.Flow, h.Lease.Run, h.Lease.Holder, since, h.Lease.Expires.UTC().Format(time.RFC3339))
}

// Acquire takes the lease of a flow for a run, or renews it where the run has
// it already. A lease that is free, expired, or of a holder known to be dead
// gets the next fence; any other is an error of class Wait with a *Held.
func (c *Control) Acquire(ctx context.Context, flow, run, holder string, dead func(holder string) bool) (Lease, error) {
	return c.changeLease(ctx, flow, func(stored Lease) (Lease, error) {
		known := stored.Holder != "" && dead != nil && dead(stored.Holder)
		next, ok := claim(stored, run, c.now(), known)
		if !ok {
			return stored, &plan.Failure{Class: plan.Wait, Until: stored.Expires, Err: &Held{stored},
				Hint: "wait for that run; a run that died loses its lease at that time by itself"}
		}
		next.Holder = holder
		return next, nil
	})
}

// claim decides whether run may have a lease, and with which fence. The lease
// of a run that expired and that nobody took is still its own.
func claim(stored Lease, run string, now time.Time, dead bool) (Lease, bool) {
	next := stored
	next.Run, next.Expires = run, now.Add(leaseTime)
	if stored.Run == run {
		return next, true
	}
	next.Fence++
	next.Since = now
	free := stored.Run == "" || !now.Before(stored.Expires) || dead
	return next, free
}

// renewAfter is how old a lease may be that isn't renewed yet: every step renews the one of
// its flow, and most steps of a quiet flow come within a second.
const renewAfter = time.Minute

// Renew lets a lease last its full time from now, but for a minute at most, or fails with
// ErrLost where it has gone to another run.
func (c *Control) Renew(ctx context.Context, l Lease) (Lease, error) {
	return c.changeLease(ctx, l.Flow, func(stored Lease) (Lease, error) {
		if !stored.same(l) {
			return stored, fmt.Errorf("renew the lease of %s: %w", l.Flow, ErrLost)
		}
		next := c.now().Add(leaseTime)
		if stored.Expires.After(next.Add(-renewAfter)) && !stored.Expires.After(next) {
			return stored, errUnchanged
		}
		stored.Expires = next
		return stored, nil
	})
}

// Raise gives a lease a fence above the given one. A control table made anew
// counts from 1 while the warehouse remembers more.
func (c *Control) Raise(ctx context.Context, l Lease, above int64) (Lease, error) {
	return c.changeLease(ctx, l.Flow, func(stored Lease) (Lease, error) {
		if !stored.same(l) {
			return stored, fmt.Errorf("raise the fence of %s: %w", l.Flow, ErrLost)
		}
		stored.Fence = max(stored.Fence, above+1)
		return stored, nil
	})
}

// Release gives a lease back. One that was lost, or given back before, is no
// error. The row stays, since it holds the fence.
func (c *Control) Release(ctx context.Context, l Lease) error {
	_, err := c.changeLease(ctx, l.Flow, func(stored Lease) (Lease, error) {
		if !stored.same(l) {
			return stored, errUnchanged
		}
		return Lease{Flow: stored.Flow, Fence: stored.Fence}, nil
	})
	return err
}

// Leases lists the leases of all flows, those that nobody holds included.
func (c *Control) Leases(ctx context.Context) ([]Lease, error) {
	return list(c.table.List(ctx, kindLease, ""), func(*Lease, int64) {})
}

func (l Lease) same(o Lease) bool { return l.Run != "" && l.Run == o.Run && l.Fence == o.Fence }

// errUnchanged is what a change answers where there is nothing to write.
var errUnchanged = errors.New("unchanged")

// changeLease decides from the stored lease what it becomes and writes that
// where it is still the stored one; else it decides again.
func (c *Control) changeLease(ctx context.Context, flow string, change func(Lease) (Lease, error)) (Lease, error) {
	var l Lease
	err := versioned.Anew(func() error {
		stored, version, err := read[Lease](ctx, c.table, kindLease, flow)
		if err != nil && !errors.Is(err, versioned.ErrNotFound) {
			return err
		}
		stored.Flow = flow
		if l, err = change(stored); errors.Is(err, errUnchanged) {
			l = stored
			return nil
		}
		if err == nil {
			_, err = write(ctx, c.table, rowOf(kindLease, flow, version), l)
		}
		return err
	})
	if err != nil {
		return Lease{}, err
	}
	return l, nil
}
