package lake_test

import (
	"flag"
	"testing"

	"catchment/internal/warehouse/warehousetest"
)

// TestLake holds a lake to the contract of a warehouse. Each trial of its faults is several files and snapshots: at
// fewer steps something goes wrong than the suite would have it, unless it is told.
func TestLake(t *testing.T) {
	if f := flag.Lookup("faults.every"); f.Value.String() == f.DefValue {
		must(t, f.Value.Set("10"))
	}
	t.Parallel()
	warehousetest.Run(t, open, warehousetest.Eraser)
}

func TestHistories(t *testing.T) {
	t.Parallel()
	warehousetest.Histories(t, open)
}

// All of a life's touches take minutes.
var deathsEvery = flag.Int("deaths.every", 29, "at which touches of the catalog or of a file a process dies: "+
	"every so many'th")

func TestDeaths(t *testing.T) {
	t.Parallel()
	warehousetest.Deaths(t, open, *deathsEvery)
}
