package postgres_test

import (
	"testing"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/postgres"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/warehousetest/oversql"
)

// promoting is a site in which any first reading is large enough, with its table.
func promoting(t *testing.T) *site {
	t.Helper()
	url := cluster.Database(t)
	d, err := postgres.Open(url, postgres.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, d.Close()) })
	s := &site{t: t, url: url, f: warehouse.Fence{Flow: "Account", Number: 1},
		w: sql.New(oversql.Promoting(d), siteOptions())}
	return s.prepared()
}

// place is the object that a table is.
func (s *site) place(table string) (oid uint32) {
	s.t.Helper()
	s.ask(&oid, "SELECT CAST('"+table+"' AS regclass)::oid")
	return oid
}

// The staged table of a first reading becomes the final one, and there is a staging table again.
func TestStagedTableIsPromoted(t *testing.T) {
	t.Parallel()
	s := promoting(t)
	_, err := s.w.Load(t.Context(), s.f, batch(1, whole))
	must(t, err)
	staged := s.place("salesforce_incremental.account")
	s.merged(t)
	if final := s.place("salesforce.account"); final != staged {
		t.Errorf("the final table is %d, staged was %d", final, staged)
	}
	if n := s.staged(); n != 0 {
		t.Errorf("%d rows are staged", n)
	}
}

// merged consolidates the page, twice.
func (s *site) merged(t *testing.T) {
	t.Helper()
	m := warehouse.Merge{Table: account, Attempt: "a", Policy: gone.Flag, Pages: 1, Rows: rowsOfPage}
	for range 2 {
		c, err := s.w.Consolidate(t.Context(), s.f, m)
		must(t, err)
		if want := (warehouse.Counts{Staged: rowsOfPage, Inserted: rowsOfPage, Rows: rowsOfPage}); c != want {
			t.Fatalf("%+v", c)
		}
	}
}
