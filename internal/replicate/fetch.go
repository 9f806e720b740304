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
	"catchment/internal/schema"
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
	info, shape, rejected, err := l.store(ctx, body, row)
	if err != nil {
		return row, err
	}
	l.gate.stored(row.Key, info.Size)
	if shape.NUL != nil {
		if l.v.source.flow.NUL == flow.Fail {
			return row, plan.Fixf("mend the record in Salesforce, or set nul: replace for this flow",
				"%w: field %s of record %s holds a NUL character", errUnfit, shape.NUL.Field, shape.NUL.ID)
		}
		row.NULs = shape.NUL.Count
		row.NULAt = shape.NUL.ID + "." + shape.NUL.Field
	}
	row.Rejected = rejected
	row.Header, row.Records, row.Bytes, row.Digest = shape.Header, shape.Records, shape.Bytes, shape.Digest
	for _, d := range shape.Digits {
		row.Digits = append(row.Digits, control.Digits(d))
		if l.whole(d.Column) && d.Fraction > 0 {
			return row, plan.Fixf("exclude the field in the flow, and tell Salesforce",
				"%w: field %s is described as a whole number, and some of its values are not", errUnfit, d.Column)
		}
	}
	return row, nil
}

// store puts a page into the blob store, and tells what is stored: the page, and
// how many records the flow's rules kept out of it.
func (l *loading) store(ctx context.Context, body *mover.Body, row control.PageRow) (info blob.Info, shape page.Shape, rejected int64, err error) {
	if !l.v.source.treated() {
		in := page.Check(body, row.Gzip, body.Records, l.measured)
		defer in.Close()
		info, err = l.Stage.Put(ctx, row.Key, in)
		shape = in.Shape()
	} else {
		in := l.openTreated(ctx, body, row)
		defer in.Close()
		info, err = l.Stage.Put(ctx, row.Key, in)
		if err == nil { // else somebody may still write into it
			shape, rejected = in.Shape(), in.rejects.n
		}
	}
	if errors.Is(err, blob.ErrExists) {
		info.Size, shape, err = l.scanStored(ctx, row)
		if err == nil && l.v.source.treated() {
			rejected, err = l.storedRejects(ctx, row)
		}
	}
	return info, shape, rejected, err
}

// measured tells which columns of a page are measured, so that no number is
// rounded by a column that is too narrow.
func (l *loading) measured(field string) bool {
	return l.kind(field) == warehouse.Decimal || l.whole(field)
}

// whole tells the columns of whole numbers.
func (l *loading) whole(field string) bool {
	kind := l.kind(field)
	return kind == warehouse.Int || kind == warehouse.Long
}

func (l *loading) kind(field string) warehouse.Kind {
	for _, c := range l.v.source.table.Columns {
		if c.Field == field {
			return c.Kind
		}
	}
	return ""
}

// withoutPoints shows whole numbers that are written as 5.0 as the warehouse
// wants them. The stored page stays what it is.
func (l *loading) withoutPoints(p *warehouse.Page, row control.PageRow) {
	pointed := map[string]bool{}
	for _, d := range row.Digits {
		if d.Point && l.whole(d.Column) {
			pointed[d.Column] = true
		}
	}
	if len(pointed) == 0 {
		return
	}
	open, packed := p.Open, p.Gzip
	p.Path, p.URL, p.Gzip = "", "", false
	p.Open = func(ctx context.Context) (io.ReadCloser, error) {
		f, err := open(ctx)
		if err != nil {
			return nil, err
		}
		var text io.Reader = f
		if packed {
			text = page.Unpack(f)
		}
		return struct {
			io.Reader
			io.Closer
		}{page.Rewrite(text, func(header []string) (page.Edit, error) { return plainInts(header, pointed), nil }), f}, nil
	}
}

// plainInts gives whole numbers their canonical text.
func plainInts(header []string, pointed map[string]bool) page.Edit {
	return func(r *page.Record) (bool, error) {
		for i, name := range header {
			if !pointed[name] {
				continue
			}
			text, err := schema.Long.Canonical(string(r.Value(i)))
			if err != nil {
				return false, plan.Failf(plan.Bug, "", "field %s: %w", name, err)
			}
			r.Set(i, []byte(text))
		}
		return true, nil
	}
}

func (l *loading) scanStored(ctx context.Context, row control.PageRow) (int64, page.Shape, error) {
	f, err := l.Stage.Open(ctx, row.Key)
	if err != nil {
		return 0, page.Shape{}, err
	}
	defer f.Close()
	in := page.Check(f, row.Gzip, -1, l.measured)
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
