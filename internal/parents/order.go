package parents

import (
	"context"
	"slices"

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
	Waits bool // one of their flows is on its way: what it brings isn't in its table yet
	Fresh bool // one of them is in the run, and none has failed
}

// StandingOf looks at the flows of the parents. One that has failed isn't waited for: its table is as
// the run before left it.
func StandingOf(ctx context.Context, c *control.Control, flow string) (Standing, error) {
	var s Standing
	leases, err := c.Leases(ctx)
	if err != nil {
		return s, err
	}
	run := ""
	for _, l := range leases {
		if l.Flow == flow {
			run = l.Run
		}
	}
	failed := false
	for _, l := range leases {
		if run == "" || l.Run != run || !slices.Contains(Flows(), l.Flow) {
			continue
		}
		s.Fresh = true
		a, open, err := c.Open(ctx, l.Flow)
		if err != nil {
			return s, err
		}
		if !open {
			continue
		}
		if a.FailedRun == run || a.Error != "" && a.ErrorClass != plan.Wait {
			failed = true
			continue
		}
		s.Waits = true
	}
	s.Fresh = s.Fresh && !failed
	return s, nil
}
