package replicate

import (
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// A bare warehouse has no role beside the five.
type bare struct{ warehouse.Warehouse }

func (bare) Name() string { return "a folder of files" }

func TestLands(t *testing.T) {
	_, err := Lands(bare{})
	if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" || !strings.Contains(err.Error(), "a folder of files") {
		t.Errorf("a warehouse that takes no rows of others: %v", err)
	}
}
