package verify_test

import (
	"testing"

	"catchment/internal/rig"
	"catchment/internal/warehouse/pgtest"
)

// cluster is the PostgreSQL of this package's tests.
var cluster pgtest.Cluster

// onShelves does a test once for each of two kinds of warehouses.
func onShelves(t *testing.T, test func(t *testing.T, shelf rig.Shelf)) {
	t.Parallel()
	for _, kind := range []string{"duckdb", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, rig.NewShelf(t, &cluster, kind))
		})
	}
}
