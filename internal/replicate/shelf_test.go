package replicate_test

import (
	"testing"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/pgtest"
	"catchment/internal/warehouse/postgres"
)

// A shelf is where a rig's warehouse stands. The zero value is a DuckDB file in
// the rig's folder.
type shelf struct {
	url string // of a PostgreSQL database
}

var cluster pgtest.Cluster

// shelfOf makes an empty warehouse: "duckdb" or "postgres".
func shelfOf(t *testing.T, name string) shelf {
	t.Helper()
	switch name {
	case "duckdb":
		return shelf{}
	case "postgres":
		return shelf{url: cluster.Database(t)}
	}
	t.Fatalf("no warehouse %q; there are duckdb and postgres", name)
	return shelf{}
}

func (s shelf) open(r *rig) (warehouse.Driver, error) {
	if s.url != "" {
		return postgres.Open(s.url, postgres.Options{})
	}
	return duckdb.Open(r.path("warehouse.duckdb"), duckdb.Options{Idle: time.Hour})
}
