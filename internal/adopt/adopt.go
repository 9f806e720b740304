package replicate

import (
	"context"
	"errors"
	"strings"

	"catchment/internal/flow"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/schema"
	"catchment/internal/warehouse"
)

// Adopt takes over the tables of a flow that AppFlow filled, or with dry only
// looks at them. It works under the flow's lease, and needs the warehouse
// migrated. The run after it reads everything, and wins over whatever the old
// rows say.
func (r *Replicator) Adopt(ctx context.Context, run string, fl flow.Flow, dry bool) (warehouse.Adoption, error) {
	src, err := r.look(ctx, fl)
	if err != nil {
		return warehouse.Adoption{}, err
	}
	if dry {
		return r.Warehouse.Survey(ctx, src.table, src.ids())
	}
	org, err := r.Org.Org(ctx)
	if err != nil {
		return warehouse.Adoption{}, err
	}
	if err := r.Control.Bind(ctx, org); err != nil {
		return warehouse.Adoption{}, err
	}
	var dead func(string) bool
	if r.Options.Alone {
		dead = func(string) bool { return true }
	}
	lease, err := r.Control.Acquire(ctx, fl.Object, run, r.Options.Holder, dead)
	if err != nil {
		return warehouse.Adoption{}, err
	}
	a, err := func() (warehouse.Adoption, error) {
		if _, open, err := r.Control.Open(ctx, fl.Object); err != nil {
			return warehouse.Adoption{}, err
		} else if open {
			return warehouse.Adoption{}, plan.Fixf("finish it with: catchment run "+fl.Object, "a run of %s was begun and is not finished", fl.Object)
		}
		if _, _, err := r.claim(ctx, &lease, src, org); err != nil {
			return warehouse.Adoption{}, err
		}
		f := warehouse.Fence{Flow: fl.Object, Number: lease.Fence}
		return r.Warehouse.Adopt(ctx, f, warehouse.Merge{Table: src.table, Policy: warehouse.Policy(fl.Deletes)}, src.ids())
	}()
	return a, errors.Join(err, r.Control.Release(context.WithoutCancel(ctx), lease))
}

// look describes a flow's object, outside a run.
func (r *Replicator) look(ctx context.Context, fl flow.Flow) (*source, error) {
	o, err := r.Org.Describe(ctx, fl.Object)
	if err != nil {
		return nil, err
	}
	return sourceOf(fl, o)
}

// ids is the columns that hold Ids.
func (s *source) ids() []string {
	var names []string
	for _, c := range s.table.Columns {
		if f, ok := s.object.Field(c.Field); ok && (f.Type == schema.ID || f.Type == schema.Reference) {
			names = append(names, c.Name)
		}
	}
	return names
}

// Keep stores the template of a flow that lands, as its next run would make it
// for a window, and gives its key; "" where nothing lands that flow.
func (r *Replicator) Keep(ctx context.Context, fl flow.Flow) (string, error) {
	t, ok := r.Landers[string(fl.Mover)].(mover.Templater)
	if !ok {
		return "", nil
	}
	src, err := r.look(ctx, fl)
	if err != nil {
		return "", err
	}
	q := mover.LandRequest{Object: src.object.Name, Table: r.Warehouse.LandsIn(src.table, r.Options.LandApart),
		Where: fl.Where, Cursor: src.cursor, From: r.Options.Now(), Fields: src.fields}
	for _, f := range src.fields {
		for _, c := range src.table.Columns {
			if strings.EqualFold(c.Field, f.Name) {
				q.Columns = append(q.Columns, c.Name)
			}
		}
	}
	return t.Keep(ctx, q)
}
