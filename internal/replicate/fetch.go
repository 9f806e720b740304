package replicate

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"

	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/mover"
	"catchment/internal/page"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// fetch stores one page as it comes off the wire and notes what it holds. A
// page that a crashed process stored is looked at instead.
func (l *loading) fetch(ctx context.Context, p mover.Page, row control.PageRow) (control.PageRow, error) {
	body, err := p.Open(ctx)
	if err != nil {
		return row, err
	}
	defer body.Close()
	row.Gzip = body.Gzip
	row.Key = pageKey(l.v.attempt.Flow, row.Attempt, row.Job, row.Name, row.Gzip)
	in := page.Check(body, row.Gzip, body.Records, l.decimal)
	defer in.Close()
	info, err := l.Stage.Put(ctx, row.Key, in)
	shape := in.Shape()
	if errors.Is(err, blob.ErrExists) {
		info.Size, shape, err = l.scanStored(ctx, row)
	}
	if err != nil {
		return row, err
	}
	l.gate.stored(row.Key, info.Size)
	if shape.NUL != nil {
		if l.v.source.flow.NUL == flow.Fail {
			return row, plan.Fixf("mend the record in Salesforce, or set nul: replace for this flow",
				"field %s of record %s holds a NUL character", shape.NUL.Field, shape.NUL.ID)
		}
		row.NULs = shape.NUL.Count
		row.NULAt = shape.NUL.ID + "." + shape.NUL.Field
	}
	row.Header, row.Records, row.Bytes, row.Digest = shape.Header, shape.Records, shape.Bytes, shape.Digest
	for _, d := range shape.Digits {
		row.Digits = append(row.Digits, control.Digits(d))
	}
	return row, nil
}

// decimal tells which columns of a page are measured, so that no decimal is
// rounded by a column that is too narrow.
func (l *loading) decimal(field string) bool {
	for _, c := range l.v.source.table.Columns {
		if c.Field == field {
			return c.Kind == warehouse.Decimal
		}
	}
	return false
}

func (l *loading) scanStored(ctx context.Context, row control.PageRow) (int64, page.Shape, error) {
	f, err := l.Stage.Open(ctx, row.Key)
	if err != nil {
		return 0, page.Shape{}, err
	}
	defer f.Close()
	in := page.Check(f, row.Gzip, -1, l.decimal)
	defer in.Close()
	size, err := io.Copy(io.Discard, in)
	return size, in.Shape(), err
}

// openWithoutNUL opens a stored page as a warehouse wants it that can't store
// NUL.
func openWithoutNUL(ctx context.Context, stage blob.Store, row control.PageRow) (io.ReadCloser, error) {
	f, err := stage.Open(ctx, row.Key)
	if err != nil {
		return nil, err
	}
	var text io.Reader = f
	if row.Gzip {
		if text, err = gzip.NewReader(f); err != nil {
			f.Close()
			return nil, fmt.Errorf("unpack %s: %w", row.Key, err)
		}
	}
	return struct {
		io.Reader
		io.Closer
	}{page.ReplaceNUL(text), f}, nil
}
