package duckdb_test

import (
	"flag"
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

// A warehouse whose DDL commits keeps the same promises.
func openDDLCommits(t testing.TB) warehouse.Driver { return warehousetest.DDLCommits(open(t)) }

func TestDDLCommits(t *testing.T) {
	t.Parallel()
	warehousetest.Run(t, openDDLCommits)
}

func TestHistoriesDDLCommits(t *testing.T) { warehousetest.Histories(t, openDDLCommits) }

// One after each touch of the warehouse takes minutes.
var deathsEvery = flag.Int("deaths.every", 17, "after how many more touches TestDeaths lets a process die")

func TestDeaths(t *testing.T) {
	t.Parallel()
	warehousetest.Deaths(t, openDDLCommits, *deathsEvery)
}

// So does one that cancels transactions for the sake of others.
func TestConflicts(t *testing.T) {
	t.Parallel()
	const seed = 1
	warehousetest.Run(t, func(t testing.TB) warehouse.Driver {
		return warehousetest.Conflicts(open(t), seed)
	})
}
