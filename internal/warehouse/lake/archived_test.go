package lake_test

import (
	"testing"

	"catchment/internal/warehouse/archived/archivedtest"
)

// TestArchived holds a lake to the contract of a ledger of archives.
func TestArchived(t *testing.T) {
	t.Parallel()
	archivedtest.Run(t, open)
}
