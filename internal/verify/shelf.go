package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/lease"
	"catchment/internal/page"
	"catchment/internal/source"
	"catchment/internal/stage"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/room"
)

// A shelf is where the pages of one verification stand in the blob store, until
// the warehouse has taken them. Some may come while others are taken.
type shelf struct {
	store  blob.Store
	source *source.Source
	room   room.Limits  // of the warehouse
	held   *lease.Lease // names the pages
	name   string       // of who reads them, in their names; "" is verify

	mu    sync.Mutex
	put   int64 // so far
	shown map[string]shelved
}

// show remembers a page as the warehouse is shown it.
func (s *shelf) show(was shelved) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shown == nil {
		s.shown = map[string]shelved{}
	}
	s.shown[was.row.Key] = was
}

// find gives a page as it was shown last, and whether it stands here.
func (s *shelf) find(key string) (shelved, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was, known := s.shown[key]
	return was, known
}

// next is the number of the next page.
func (s *shelf) next() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put++
	return s.put
}

// A shelved is a page as the shelf has it, and the way that it went.
type shelved struct {
	way stage.Way
	row control.PageRow
}

// mended is the way of pages that a repair writes into the table.
func (s *shelf) mended() stage.Way {
	return stage.Way{Store: s.store, Source: s.source, Room: s.room}
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
	return s.take(ctx, way, s.row(gzip), in)
}

// row is the next page's, before it is there.
func (s *shelf) row(gzip bool) control.PageRow {
	row := control.PageRow{Seq: s.next(), Gzip: gzip}
	row.Key = stage.Key(s.held.Flow(), s.held.Run(), cmp.Or(s.name, "verify"), fmt.Sprintf("%05d", row.Seq), gzip)
	return row
}

// take is stage for a page that has its row.
func (s *shelf) take(
	ctx context.Context, way stage.Way, row control.PageRow, in stage.Incoming,
) (warehouse.Page, error) {
	row, _, err := way.Put(ctx, row, in)
	p := way.Page(row)
	if err != nil {
		s.forget(ctx, []warehouse.Page{p})
		return warehouse.Page{}, err
	}
	s.show(shelved{way, row})
	return p, nil
}

// load has the warehouse take pages: without values that it has no room for, once it
// says which.
func (s *shelf) load(
	ctx context.Context, pages []warehouse.Page, take func([]warehouse.Page) error,
) error {
	for {
		err := take(pages)
		if err == nil {
			return nil
		}
		refusal, again := stage.Named(ctx, pages, err), false
		pages = slices.Clone(pages)
		for i, p := range pages {
			was, known := s.find(p.Key)
			if !known {
				continue
			}
			rows, changed, err := was.way.Refit(ctx, []control.PageRow{was.row}, refusal)
			if err != nil && !errors.Is(err, refusal) {
				return err
			}
			if changed {
				again = true
				s.show(shelved{was.way, rows[0]})
				pages[i] = was.way.Page(rows[0])
			}
		}
		if !again {
			return refusal
		}
	}
}

// errUnread ends what fills a page that nobody reads to its end.
var errUnread = errors.New("the page is not read any more")

// write stores the records that fill writes as a page in the form of Bulk, while it writes them: what is
// held in memory is one record.
func (s *shelf) write(
	ctx context.Context, way stage.Way, header []string, fill func(write func([]string) error) error,
) (warehouse.Page, error) {
	row := s.row(false) // the lease, which names it, is renewed while fill asks the org
	text, into := io.Pipe()
	var filling sync.WaitGroup
	var failed error
	filling.Go(func() {
		out := page.NewWriter(into, header)
		if failed = fill(out.Write); failed == nil {
			failed = out.Flush()
		}
		_ = into.CloseWithError(failed) // which never fails
	})
	p, err := s.take(ctx, way, row, stage.Incoming{Reader: text, Records: -1})
	_ = text.CloseWithError(errUnread) // neither does this
	filling.Wait()
	if failed != nil && !errors.Is(failed, errUnread) { // and so the page isn't there
		return warehouse.Page{}, failed
	}
	return p, err
}

// forget removes pages that are loaded. Those that stay behind after a failure
// here are found by the next run's drop.
func (s *shelf) forget(ctx context.Context, pages []warehouse.Page) {
	for _, p := range pages {
		s.mu.Lock()
		delete(s.shown, p.Key)
		s.mu.Unlock()
		_ = s.store.Delete(context.WithoutCancel(ctx), p.Key)
		if p.Rejected != nil {
			_ = s.store.Delete(context.WithoutCancel(ctx), p.Rejected.Key)
		}
	}
}
