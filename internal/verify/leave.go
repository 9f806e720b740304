package verify

import (
	"context"
	"errors"

	"catchment/internal/control/verified"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
)

// leave writes what the comparison found where status looks for it, or why it came to
// nothing. One that the user has ended leaves nothing.
func (w *verification) leave(ctx context.Context, failed error) error {
	rows := w.Control.Verified()
	switch {
	case errors.Is(failed, plan.ErrStopped), errors.Is(failed, salesforce.ErrStopped),
		errors.Is(failed, context.Canceled):
		return nil
	case failed != nil:
		return rows.Fail(ctx, w.flow.Object, failed)
	}
	r := w.res
	return rows.Save(ctx, verified.Row{
		Object: r.Object, At: r.EndedAt, AsOf: r.AsOf, Compared: string(r.Method), Grade: r.Grade,
		Source: r.Source, Warehouse: r.Warehouse, Missing: r.Missing, Extra: r.Extra, Stale: r.Stale, Wrong: r.Wrong,
		Duplicates: r.Duplicates, Repaired: r.Repaired, Remaining: r.Remaining(), Calls: r.Calls,
		Archived: r.Archived,
	})
}
