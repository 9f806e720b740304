package duckdb_test

import (
	"path/filepath"
	"testing"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/warehousetest"
)

func open(t testing.TB) warehouse.Driver {
	d, err := duckdb.Open(filepath.Join(t.TempDir(), "copy.duckdb"), duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestDriver(t *testing.T) {
	t.Parallel()
	warehousetest.Run(t, open)
}

func TestHistories(t *testing.T) { warehousetest.Histories(t, open) }
