package replicate_test

import (
	"testing"

	"catchment/internal/rig"
	"catchment/internal/rig/lakes"
	"catchment/internal/warehouse/pgtest"
)

// cluster is the PostgreSQL of this package's tests.
var cluster pgtest.Cluster

// shelfOf makes an empty warehouse of a kind.
func shelfOf(t *testing.T, name string) rig.Shelf {
	t.Helper()
	return lakes.NewShelf(t, &cluster, name)
}
