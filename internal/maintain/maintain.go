// Package maintain has a warehouse look after the tables of flows that somebody holds: their files are kept few. What
// they are made of afterwards is written down in the control table, where status finds it.
//
// What is due, and how it is done, the warehouse knows (package maintained). Start at Keeper.Flow, which a run's step
// calls; Hand does the same for who asks for it by hand.
//
// Files, from the top: hand.go, maintain.go.
package maintain

import (
	"context"
	"strings"

	"catchment/internal/control"
	"catchment/internal/plan"
	"catchment/internal/upkeep"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/maintained"
)

// A Keeper looks after the tables of a warehouse.
type Keeper struct {
	Warehouse warehouse.Warehouse
	Control   *control.Control
}

// role is the warehouse's part in it.
func (k Keeper) role() (maintained.Keeper, error) {
	role, ok := maintained.Of(k.Warehouse)
	if !ok {
		return nil, plan.Fixf("there is nothing to do: it does so by itself; see docs/howto/lake.md",
			"%s needs nobody to look after its tables", k.Warehouse.Name())
	}
	return role, nil
}

// Flow looks after the tables of a flow that f holds.
func (k Keeper) Flow(ctx context.Context, f warehouse.Fence, how maintained.How) (maintained.Work, error) {
	role, err := k.role()
	if err != nil {
		return maintained.Work{}, err
	}
	mark, known, err := k.Warehouse.Mark(ctx, f.Flow)
	if err != nil || !known {
		return maintained.Work{}, err
	}
	w, err := role.Maintain(ctx, f, mark.Table, how)
	if err != nil || !how.Changes() {
		return w, err
	}
	_, err = k.Control.UpdateFlow(ctx, f.Flow, func(row *control.FlowRow) { row.Tables = counted(w) })
	return w, err
}

// counted is what tables are made of after some work.
func counted(w maintained.Work) (all []upkeep.Table) {
	for _, r := range w.Tables {
		all = append(all, upkeep.Table{Name: r.Table, Census: r.After})
	}
	return all
}

// Own looks after the tables that are no flow's.
func (k Keeper) Own(ctx context.Context, how maintained.How) (maintained.Work, error) {
	role, err := k.role()
	if err != nil {
		return maintained.Work{}, err
	}
	return role.MaintainOwn(ctx, how)
}

// Left says which tables were left as they are, and why; "" where none was.
func Left(w maintained.Work) string {
	var all []string
	for _, r := range w.Tables {
		if r.Left != "" {
			all = append(all, r.Table+": "+r.Left)
		}
	}
	return strings.Join(all, "; ")
}
