package replicate

import (
	"context"

	"catchment/internal/control"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/stage"
	"catchment/internal/warehouse"
)

// fetch stores one page as it comes off the wire and notes what it holds.
func (l *loading) fetch(ctx context.Context, p mover.Page, row control.PageRow) (control.PageRow, error) {
	body, err := p.Open(ctx)
	if err != nil {
		return row, err
	}
	defer body.Close()
	row.Gzip = body.Gzip
	row.Key = stage.Key(l.v.attempt.Flow, row.Attempt, row.Job, row.Name, row.Gzip)
	in := stage.Incoming{Reader: body, Records: body.Records}
	if op := warehouse.Op(l.part.Op); op != "" && op != warehouse.Put {
		in.Patch = l.part.Fields
	}
	row, size, err := l.way.Put(ctx, row, in)
	if size > 0 { // also of a page that can't be copied as it is
		l.gate.stored(row.Key, size)
	}
	return row, err
}

// accountRejected counts what was rejected against what the warehouse keeps of
// it, each record once (invariant 6).
func (l *loading) accountRejected(ctx context.Context) error {
	if !l.v.source.Treated() {
		return nil
	}
	kept, err := l.Warehouse.Rejected(ctx, l.v.attempt.ID, l.job.ID)
	if err != nil {
		return err
	}
	if kept != l.total.rejected {
		return plan.Failf(plan.Retry, "", "%w: %d records of job %s were rejected, the warehouse keeps %d different ones",
			errUnsound, l.total.rejected, l.job.ID, kept)
	}
	if kept > 0 {
		l.v.note("%d records break the flow's rules and were not copied; they are in the staging schema, in _catchment_rejected", kept)
	}
	return nil
}
