package verify

import (
	"bytes"
	"context"
	"fmt"

	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/lease"
	"catchment/internal/page"
	"catchment/internal/source"
	"catchment/internal/stage"
	"catchment/internal/warehouse"
)

// A shelf is where the pages of one verification stand in the blob store, until
// the warehouse has taken them.
type shelf struct {
	store    blob.Store
	source   *source.Source
	keepsNUL bool         // the warehouse does
	held     *lease.Lease // names the pages
	put      int64        // so far
}

// mended is the way of pages that a repair writes into the table.
func (s *shelf) mended() stage.Way {
	return stage.Way{Store: s.store, Source: s.source, KeepsNUL: s.keepsNUL}
}

// compared is the way of pages that are only looked at.
func (s *shelf) compared() stage.Way {
	way := s.mended()
	way.AsIs = true
	return way
}

// stage stores a page as a run does, and shows it to the warehouse. A page that
// can't be copied as it is doesn't stay.
func (s *shelf) stage(ctx context.Context, way stage.Way, gzip bool, in stage.Incoming) (warehouse.Page, error) {
	s.put++
	row := control.PageRow{Seq: s.put, Gzip: gzip}
	row.Key = stage.Key(s.held.Flow(), s.held.Run(), "verify", fmt.Sprintf("%05d", s.put), gzip)
	row, _, err := way.Put(ctx, row, in)
	p := way.Page(row)
	if err != nil {
		s.forget(ctx, []warehouse.Page{p})
		return warehouse.Page{}, err
	}
	return p, nil
}

// write stores the records that fill writes as a page in the form of Bulk.
func (s *shelf) write(
	ctx context.Context, way stage.Way, header []string, fill func(write func([]string) error) error,
) (warehouse.Page, error) {
	var text bytes.Buffer
	out := page.NewWriter(&text, header)
	if err := fill(out.Write); err != nil {
		return warehouse.Page{}, err
	}
	if err := out.Flush(); err != nil {
		return warehouse.Page{}, err
	}
	return s.stage(ctx, way, false, stage.Incoming{Reader: &text, Records: -1})
}

// forget removes pages that are loaded. Those that stay behind after a failure
// here are found by the next run's drop.
func (s *shelf) forget(ctx context.Context, pages []warehouse.Page) {
	for _, p := range pages {
		_ = s.store.Delete(context.WithoutCancel(ctx), p.Key)
		if p.Rejected != nil {
			_ = s.store.Delete(context.WithoutCancel(ctx), p.Rejected.Key)
		}
	}
}
