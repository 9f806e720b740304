package stage

import (
	"context"
	"io"

	"catchment/internal/control"
	"catchment/internal/page"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/room"
)

// Page shows a stored page to the warehouse. The stored page stays what it is:
// where the warehouse can't take all of it, it is rewritten on the way.
func (w Way) Page(row control.PageRow) warehouse.Page {
	p := warehouse.Page{
		Key: row.Key, Seq: row.Seq, Header: row.Header, Rows: row.Records, Digest: row.Digest, Gzip: row.Gzip,
	}
	p.Path, p.URL = w.Store.Where(row.Key)
	p.Open = func(ctx context.Context) (io.ReadCloser, error) { return w.Store.Open(ctx, row.Key) }
	w.Texts.show(&p)
	for _, d := range row.Digits {
		p.Digits = append(p.Digits, room.Digits{
			Field: d.Column, Whole: d.Whole, Fraction: d.Fraction, Beyond32: d.Beyond32,
		})
	}
	p.Rejected = w.rejectedPage(row)
	if w.sifts(row) {
		p = rewritten(p, func(stored io.ReadCloser, packed bool) (io.ReadCloser, error) {
			text, _ := w.sifted(stored, packed, row)
			return text, nil
		})
	}
	if row.NoTexts > 0 {
		p = rewritten(p, page.OnlyText)
	}
	if row.NULs > 0 && !w.Room.NUL {
		p = rewritten(p, page.WithoutNUL)
	}
	if pointed := w.pointed(row); len(pointed) > 0 {
		p = rewritten(p, func(stored io.ReadCloser, packed bool) (io.ReadCloser, error) {
			return withoutPoints(stored, packed, pointed), nil
		})
	}
	return p
}

// rewritten is a page that can only be had through Open, as plain text.
func rewritten(
	p warehouse.Page, rewrite func(stored io.ReadCloser, packed bool) (io.ReadCloser, error),
) warehouse.Page {
	open, packed := p.Open, p.Gzip
	p.Path, p.URL, p.Gzip = "", "", false
	p.Open = func(ctx context.Context) (io.ReadCloser, error) {
		stored, err := open(ctx)
		if err != nil {
			return nil, err
		}
		return rewrite(stored, packed)
	}
	return p
}

// pointed is the fields of whole numbers that a page writes with a point, as 5.0
// or 5E3.
func (w Way) pointed(row control.PageRow) map[string]bool {
	pointed := map[string]bool{}
	for _, d := range row.Digits {
		if d.Point && w.whole(d.Column) {
			pointed[d.Column] = true
		}
	}
	return pointed
}

// withoutPoints gives whole numbers their canonical text, since a column of whole
// numbers takes no other.
func withoutPoints(stored io.ReadCloser, packed bool, pointed map[string]bool) io.ReadCloser {
	begin := func(header []string) (page.Edit, error) { return plainInts(header, pointed), nil }
	return readCloser{page.Rewrite(unpacked(stored, packed), begin), stored}
}

// A readCloser reads a text that is made of what it closes.
type readCloser struct {
	io.Reader
	io.Closer
}

// unpacked is the text of a page as it lies in the store.
func unpacked(stored io.Reader, packed bool) io.Reader {
	if packed {
		return page.Unpack(stored)
	}
	return stored
}

func plainInts(header []string, pointed map[string]bool) page.Edit {
	return func(r *page.Record) (bool, error) {
		for i, name := range header {
			if !pointed[name] {
				continue
			}
			text, err := page.PlainWhole(r.Value(i))
			if err != nil {
				return false, plan.Failf(plan.Bug, "", "field %s: %w", name, err)
			}
			r.Set(i, text)
		}
		return true, nil
	}
}
