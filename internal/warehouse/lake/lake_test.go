package lake_test

import (
	"testing"

	"catchment/internal/warehouse/warehousetest"
)

// TestLake holds a lake to the contract of a warehouse.
func TestLake(t *testing.T) {
	t.Parallel()
	warehousetest.Run(t, open)
}
