package postgres_test

import (
	"testing"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/pgtest"
	"catchment/internal/warehouse/postgres"
	"catchment/internal/warehouse/warehousetest"
)

// cluster is the server of this package's tests.
var cluster pgtest.Cluster

func open(t testing.TB) warehouse.Driver { return openAt(t, cluster.Database(t)) }

func openAt(t testing.TB, url string) warehouse.Driver {
	d, err := postgres.Open(url, postgres.Options{})
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

func TestAdopt(t *testing.T) {
	t.Parallel()
	warehousetest.Adopt(t, open)
}

func TestHistories(t *testing.T) { warehousetest.Histories(t, open) }

// A warehouse whose DDL commits keeps the same promises, and so does one that
// cancels a transaction where two write into a table.
func TestDDLCommits(t *testing.T) {
	t.Parallel()
	warehousetest.Run(t, func(t testing.TB) warehouse.Driver {
		return warehousetest.Overlaps(warehousetest.DDLCommits(open(t)))
	})
}

func TestDeaths(t *testing.T) {
	t.Parallel()
	warehousetest.Deaths(t, func(t testing.TB) warehouse.Driver { return warehousetest.DDLCommits(open(t)) }, 29)
}
