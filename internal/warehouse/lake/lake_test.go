package lake_test

import (
	"testing"

	"catchment/internal/warehouse/warehousetest"
)

// TestLake holds a lake to the contract of a warehouse.
func TestLake(t *testing.T) {
	t.Parallel()
	t.Skip("its other roles are being made: -run TestMarks, TestShaper until then")
	warehousetest.Run(t, open)
}
