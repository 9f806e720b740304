package duckdb_test

import (
	"path/filepath"
	"testing"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/warehousetest"
	"catchment/internal/warehouse/warehousetest/oversql"
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

// subject is an empty warehouse that is held to the contract.
func subject(t testing.TB) warehousetest.Subject { return oversql.New(open(t), warehouse.Assemble) }

func TestDriver(t *testing.T) {
	t.Parallel()
	warehousetest.Run(t, subject, warehousetest.Lands, warehousetest.Eraser)
}

func TestStatements(t *testing.T) {
	t.Parallel()
	oversql.Check(t, open, warehouse.Assemble)
}

func TestHistories(t *testing.T) { warehousetest.Histories(t, subject) }
