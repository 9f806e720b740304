package erase

import (
	"context"
	"errors"
	"strings"

	"catchment/internal/body"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/warehouse/bodies"
)

// eraseBodies removes the bodies of files from the stage, but for those that other files have,
// too, and then their lines from the register. The flow is held; those of all other files are held
// meanwhile, so that no run comes to have a body that is about to go. It may be repeated: a line
// goes after its body.
func (e *Eraser) eraseBodies(ctx context.Context, held *lease.Lease, ids []string, out *Erased) (err error) {
	of, isFile := body.Of(held.Flow())
	register, registers := bodies.Of(e.Warehouse)
	catalog, lists := bodies.CatalogOf(e.Warehouse)
	if !isFile || !registers || !lists {
		return nil
	}
	lines, err := register.Lookup(ctx, of.Object, ids)
	if err != nil || len(lines) == 0 {
		return err
	}
	others, err := e.holdOthers(ctx, of.Object)
	defer func() {
		for _, one := range others {
			err = errors.Join(err, one.Close(ctx))
		}
	}()
	if err != nil {
		return err
	}
	ours := map[string]int{} // how many of the files have a body
	for _, l := range lines {
		if body.IsDigest(l.SHA256) {
			ours[l.SHA256]++
		}
	}
	for digest, n := range ours {
		holders, err := catalog.Holders(ctx, []string{digest}, n+1)
		if err != nil {
			return err
		}
		if len(holders) > n {
			out.Shared++
			continue
		}
		if err := e.Stage.Delete(ctx, body.Key(digest)); err != nil {
			return err
		}
		out.Bodies++
	}
	_, err = register.Forget(ctx, held.Fence(), of.Object, ids)
	return err
}

// holdOthers holds the flows of all files but one. What was taken before an error is to be closed.
func (e *Eraser) holdOthers(ctx context.Context, object string) ([]*lease.Lease, error) {
	var held []*lease.Lease
	for _, other := range body.Objects() {
		if strings.EqualFold(other, object) {
			continue
		}
		one, err := e.Holder.Hold(ctx, other)
		if err != nil {
			return held, plan.Failf(plan.ClassOf(err), plan.HintOf(err),
				"a run of %s may be about to have the same bodies: %w", other, err)
		}
		held = append(held, one)
	}
	return held, nil
}
