package lake_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/warehousetest"
)

// paged is a page of a text.
func paged(key, text string, rows int64, digits ...room.Digits) warehouse.Page {
	header, _, _ := strings.Cut(text, "\n")
	return warehouse.Page{Key: key, Seq: 1, Header: strings.Split(header, ","), Rows: rows, Digest: key, Digits: digits,
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

// TestRepeat has an attempt come once more that was consolidated, from its first page on, as a process does that knows
// nothing of it. The stage has its versions once, or not at all where no history is kept.
func TestRepeat(t *testing.T) {
	t.Parallel()
	for _, history := range []lake.History{{}, {Off: true}} {
		s, _, f := prepared(t)
		w := lake.New(lake.Place{Catalog: s.Catalog, Scratch: s.folder, History: history}, options())
		b := warehouse.Batch{Table: account(), Attempt: "a1", Job: "j1", ReadAt: time.Now(),
			Pages: []warehouse.Page{paged("p1", "Id,Name\n1,one\n2,two\n", 2)}}
		m := warehouse.Merge{Table: account(), Attempt: "a1", Policy: gone.Flag, Pages: 1, Rows: 2}
		for try := range 2 {
			rows, err := w.Load(t.Context(), f, b)
			must(t, err)
			counts, err := w.Consolidate(t.Context(), f, m)
			must(t, err)
			staged, want := len(s.all(t, warehousetest.Staging, "account")), 2
			if history.Off {
				want = 0
			}
			if rows != 2 || counts.Inserted != 2 || staged != want || len(s.pages(t)) != 0 {
				t.Errorf("%+v, try %d: %d rows loaded, %+v, %d versions in the stage, ledger %v", history, try, rows,
					counts, staged, s.pages(t))
			}
		}
	}
}

// TestWiderAfterOlderFiles loads a number that its column has no room for, while files are there that were written
// before the table had that column.
func TestWiderAfterOlderFiles(t *testing.T) {
	t.Parallel()
	_, w, f := prepared(t)
	load := func(of shape.Table, attempt string, p warehouse.Page) {
		t.Helper()
		_, err := w.Load(t.Context(), f, warehouse.Batch{Table: of, Attempt: attempt, Job: attempt, ReadAt: time.Now(),
			Pages: []warehouse.Page{p}})
		must(t, err)
		_, err = w.Consolidate(t.Context(), f, warehouse.Merge{Table: of, Attempt: attempt, Policy: gone.Flag, Pages: 1,
			Rows: p.Rows})
		must(t, err)
	}
	load(account(), "a1", paged("p1", "Id,Name\n1,one\n", 1))
	wide := account()
	wide.Columns = append(wide.Columns, shape.Column{Name: "amount", Field: "Amount", Kind: shape.Decimal, Scale: 2})
	_, err := w.Prepare(t.Context(), f, wide)
	must(t, err)
	load(wide, "a2", paged("p2", "Id,Amount\n1,0.12345\n", 1, room.Digits{Field: "Amount", Whole: 1, Fraction: 5}))
}
