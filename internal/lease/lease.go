// Package lease holds a flow: the lease of the control table, which keeps other
// runs away, and its fence in the warehouse, which refuses what a run writes that
// has lost its lease without knowing (invariant 7).
//
// Every verb that changes a table holds the flow meanwhile, in the same three
// moves: Hold takes the lease, Claim puts its fence into the warehouse, Close
// gives the lease back. Between them Renew lets it last. What is done with the
// flow is left to the verb.
package lease

import (
	"context"

	"catchment/internal/control"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/many"
)

// A Holder holds flows for one run, or for one call of another verb.
type Holder struct {
	Control   *control.Control
	Warehouse Marks
	Run       string                 // names the run in leases
	Name      string                 // names the process, in words for people
	Alone     bool                   // a lock proves that every other holder is dead
	Dead      func(name string) bool // tells of another holder whether it is; may be nil
}

// Marks is what a Holder needs of a warehouse.
type Marks interface {
	Mark(ctx context.Context, flow string) (warehouse.Mark, bool, error)
	Claim(ctx context.Context, f warehouse.Fence, table, org string) (warehouse.Mark, error)
	Remember(ctx context.Context, f warehouse.Fence, memory, grade string) error
}

// A Lease is a flow that is held.
type Lease struct {
	holder  Holder
	lease   control.Lease
	claimed *warehouse.Mark // by ClaimEach; nil where it wasn't
}

// Hold takes the lease of a flow. One that another run has is an error of class
// Wait with a *control.Held.
func (h Holder) Hold(ctx context.Context, flow string) (*Lease, error) {
	dead := h.Dead
	if h.Alone {
		dead = func(string) bool { return true }
	}
	l, err := h.Control.Acquire(ctx, flow, h.Run, h.Name, dead)
	if err != nil {
		return nil, err
	}
	return &Lease{holder: h, lease: l}, nil
}

// Resume is the lease that the run has taken before, maybe in another process, under
// that fence.
func (h Holder) Resume(flow string, fence int64) *Lease {
	return &Lease{holder: h, lease: control.Lease{Flow: flow, Run: h.Run, Fence: fence}}
}

// Mark reads what the warehouse knows of the flow, and whether it knows it.
func (l *Lease) Mark(ctx context.Context) (warehouse.Mark, bool, error) {
	return l.holder.Warehouse.Mark(ctx, l.lease.Flow)
}

// Claim puts the fence into the warehouse, for the flow's table and the org that
// it is copied from, and tells whether the warehouse knew the flow before. A
// control table made anew counts from 1 again, below what the warehouse
// remembers: the lease is raised above that, since it was taken rightfully.
func (l *Lease) Claim(ctx context.Context, table, org string) (mark warehouse.Mark, known bool, err error) {
	if done := l.claimed; done != nil && done.Table == table && done.Org == org {
		l.claimed = nil
		return *done, true, nil
	}
	if mark, known, err = l.Mark(ctx); err != nil {
		return mark, known, err
	}
	if mark.Fence >= l.lease.Fence {
		raised, err := l.holder.Control.Raise(ctx, l.lease, mark.Fence)
		if err != nil {
			return mark, known, err
		}
		l.lease = raised
	}
	mark, err = l.holder.Warehouse.Claim(ctx, l.Fence(), table, org)
	return mark, known, err
}

// A Wanted is a flow that is held, and to be claimed for its table.
type Wanted struct {
	Lease *Lease
	Table string
}

// ClaimEach claims many flows of an org in one go, as far as the warehouse can: the Claim of each has less to do then,
// or all of it, and says why a flow can't be had.
func ClaimEach(ctx context.Context, in many.Flows, org string, all []Wanted) error {
	claims := make([]many.Claim, len(all))
	for i, w := range all {
		claims[i] = many.Claim{Fence: w.Lease.Fence(), Table: w.Table}
	}
	marks, err := in.ClaimEach(ctx, org, claims)
	if err != nil {
		return err
	}
	for _, w := range all {
		if mark, ok := marks[w.Lease.Flow()]; ok {
			w.Lease.claimed = &mark
		}
	}
	return nil
}

// Fence is the right to write that the lease gives.
func (l *Lease) Fence() warehouse.Fence {
	return warehouse.Fence{Flow: l.lease.Flow, Number: l.lease.Fence}
}

// Flow is the flow that is held.
func (l *Lease) Flow() string { return l.lease.Flow }

// Run is the run that holds the flow.
func (l *Lease) Run() string { return l.lease.Run }

// Renew lets the lease last while the work goes on, or fails with
// control.ErrLost where it has gone to another run.
func (l *Lease) Renew(ctx context.Context) error {
	renewed, err := l.holder.Control.Renew(ctx, l.lease)
	if err == nil {
		l.lease = renewed
	}
	return err
}

// Close gives the lease back, also for who doesn't want to wait any more. One
// that was lost, or given back before, is no error.
func (l *Lease) Close(ctx context.Context) error {
	return l.holder.Control.Release(context.WithoutCancel(ctx), l.lease)
}
