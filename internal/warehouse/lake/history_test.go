package lake_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/iceberg-go"

	"catchment/internal/upkeep"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/warehousetest"
)

// TestHistory keeps versions in the stage as long as it is said to, and those of an attempt that is under way.
func TestHistory(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		upkeep.History
		want string
	}{
		{upkeep.History{}, "[1 2 3 open]"},
		{upkeep.History{Keep: 24 * time.Hour}, "[2 3 open]"},
		{upkeep.History{Keep: time.Hour}, "[3 open]"},
		{upkeep.History{Off: true}, "[open]"},
	} {
		s := newSubject(t)
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		w := lake.New(lake.Place{Catalog: s.Catalog, Scratch: s.folder}, warehouse.Options{
			Schema: string(warehousetest.Final), Staging: string(warehousetest.Staging), History: c.History,
			Now: func() time.Time { return now }})
		f := warehouse.Fence{Flow: "Account", Number: 1}
		of := shape.Table{Object: "Account", Name: "account", Key: []string{"id"},
			Columns: []shape.Column{{Name: "id", Field: "Id", Kind: shape.Text}}}
		must(t, w.Migrate(t.Context()))
		_, err := w.Claim(t.Context(), f, "account", "org")
		must(t, err)
		_, err = w.Prepare(t.Context(), f, of)
		must(t, err)
		load := func(id string) warehouse.Merge {
			page := warehouse.Page{Key: id, Seq: 1, Header: []string{"Id"}, Rows: 1, Digest: id,
				Open: func(context.Context) (io.ReadCloser, error) {
					return io.NopCloser(strings.NewReader("Id\n" + id + "\n")), nil
				}}
			_, err := w.Load(t.Context(), f, warehouse.Batch{Table: of, Attempt: "a" + id, Job: "j" + id, ReadAt: now,
				Pages: []warehouse.Page{page}})
			must(t, err)
			return warehouse.Merge{Table: of, Attempt: "a" + id, Policy: gone.Flag, Pages: 1, Rows: 1}
		}
		load("open")
		for day := range 3 {
			_, err := w.Consolidate(t.Context(), f, load(fmt.Sprint(day+1)))
			must(t, err)
			now = now.Add(24 * time.Hour)
		}
		stage, err := s.lake().Find(t.Context(), tables.Name(string(warehousetest.Staging), "account"))
		must(t, err)
		var ids []string
		for row, err := range own.Read(t.Context(), stage, iceberg.AlwaysTrue{}) {
			must(t, err)
			ids = append(ids, row["id"])
		}
		slices.Sort(ids)
		if got := fmt.Sprint(ids); got != c.want {
			t.Errorf("%+v keeps %s, not %s", c.History, got, c.want)
		}
		rows, err := w.Rows(t.Context(), of)
		must(t, err)
		if rows != 3 {
			t.Errorf("%+v: the final table has %d rows", c.History, rows)
		}
	}
}
