package maintain

import (
	"context"
	"errors"
	"slices"
	"strings"

	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/maintained"
)

// Hand is upkeep by hand: of some flows or of all, one after the other, and of the tables that are no flow's.
type Hand struct {
	Keeper
	Holder lease.Holder
	// Tell hears what became of the tables of a flow, or of those that are none's, and why not all was done.
	Tell func(flow string, w maintained.Work, err error) error
}

// Do looks after the tables of the named objects, or of all where none is named; files that are lost go out of the
// tables alone that are no flow's: those of flows verify mends. What one flow fails over stops no
// other; it is told, and failed tells that there was some.
func (h Hand) Do(ctx context.Context, objects []string, how maintained.How) (failed bool, err error) {
	if _, err := h.role(); err != nil {
		return false, err
	}
	if how == maintained.LetGo {
		return h.own(ctx, how)
	}
	marks, err := h.Warehouse.Marks(ctx)
	if err != nil {
		return false, err
	}
	chosen, err := named(marks, objects)
	if err != nil {
		return false, err
	}
	for _, m := range chosen {
		w, err := h.flow(ctx, m, how)
		if cause := context.Cause(ctx); cause != nil {
			return failed, errors.Join(cause, err)
		}
		failed = failed || err != nil
		if err := h.Tell(m.Flow, w, err); err != nil {
			return failed, err
		}
	}
	if len(objects) > 0 {
		return failed, nil
	}
	ownFailed, err := h.own(ctx, how)
	return failed || ownFailed, err
}

// own looks after the tables that are no flow's, and tells what became of them.
func (h Hand) own(ctx context.Context, how maintained.How) (failed bool, err error) {
	w, err := h.Own(ctx, how)
	return err != nil, h.Tell("", w, err)
}

// named are the marks of some objects, all where none is named.
func named(marks []warehouse.Mark, objects []string) ([]warehouse.Mark, error) {
	var chosen []warehouse.Mark
	for _, object := range objects {
		i := slices.IndexFunc(marks, func(m warehouse.Mark) bool { return strings.EqualFold(m.Flow, object) })
		if i < 0 {
			return nil, plan.Fixf("see which are copied with: catchment status", "%s was never copied", object)
		}
		chosen = append(chosen, marks[i])
	}
	if len(objects) == 0 {
		return marks, nil
	}
	return chosen, nil
}

// flow holds a flow where something is done, and looks after its tables.
func (h Hand) flow(ctx context.Context, m warehouse.Mark, how maintained.How) (w maintained.Work, err error) {
	if !how.Changes() {
		return h.Flow(ctx, warehouse.Fence{Flow: m.Flow}, how)
	}
	held, err := h.Holder.Hold(ctx, m.Flow)
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, held.Close(ctx)) }()
	if _, _, err := held.Claim(ctx, m.Table, m.Org); err != nil {
		return w, err
	}
	return h.Flow(ctx, held.Fence(), how)
}
