package parents

import (
	"context"
	"slices"
	"time"

	"catchment/internal/control"
	"catchment/internal/plan"
	"catchment/internal/source"
)

// Flows are those whose rows name the parents.
func Flows() []string { return []string{"ContentDocument", "ContentVersion"} }

// Last puts the flows behind the others that are read by what these bring.
func Last(items []plan.Task) []plan.Task {
	slices.SortStableFunc(items, func(a, b plan.Task) int { return place(a) - place(b) })
	return items
}

func place(item plan.Task) int {
	if source.ParentOf(item.Flow) != "" {
		return 1
	}
	return 0
}

// A Standing says how far the parents of a flow are in the run that has the flow.
type Standing struct {
	Waits   bool // one of their flows is on its way: what it brings isn't in its table yet
	Trouble bool // and what it has tried last went wrong
	Fresh   bool // one of them is in the run, and none has failed
}

// silence is how long a flow that is in trouble says nothing before nobody waits for it: a run tries
// what went wrong again within seconds, or not at all.
const silence = 10 * time.Minute

// Pause is how long to wait before somebody looks at a flow in trouble again.
const Pause = 2 * time.Minute

// StandingOf looks at the flows of the parents. One that has failed isn't waited for: its table is as
// the run before left it. The flow's own lease has just been renewed, as that of any flow is which
// somebody works on.
func StandingOf(ctx context.Context, c *control.Control, flow string) (Standing, error) {
	var s Standing
	leases, err := c.Leases(ctx)
	if err != nil {
		return s, err
	}
	var own control.Lease
	if i := slices.IndexFunc(leases, func(l control.Lease) bool { return l.Flow == flow }); i >= 0 {
		own = leases[i]
	}
	failed := false
	for _, l := range leases {
		if own.Run == "" || l.Run != own.Run || !slices.Contains(Flows(), l.Flow) {
			continue
		}
		s.Fresh = true
		a, open, err := c.Open(ctx, l.Flow)
		if err != nil {
			return s, err
		}
		trouble := a.Error != "" && a.ErrorClass != plan.Wait
		switch {
		case !open:
		case a.FailedRun == own.Run, trouble && own.Expires.Sub(l.Expires) > silence:
			failed = true
		default:
			s.Waits, s.Trouble = true, s.Trouble || trouble
		}
	}
	s.Fresh = s.Fresh && !failed
	return s, nil
}
