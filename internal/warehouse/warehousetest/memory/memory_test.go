package memory_test

import (
	"testing"

	"catchment/internal/warehouse/archived/archivedtest"
	"catchment/internal/warehouse/warehousetest"
	"catchment/internal/warehouse/warehousetest/memory"
)

func open(testing.TB) warehousetest.Subject { return memory.New() }

func TestMemory(t *testing.T) {
	t.Parallel()
	warehousetest.Run(t, open, warehousetest.Lands, warehousetest.Eraser)
}

func TestHistories(t *testing.T) { warehousetest.Histories(t, open) }

func TestArchived(t *testing.T) {
	t.Parallel()
	archivedtest.Run(t, open)
}
