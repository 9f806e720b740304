package lake_test

import (
	"fmt"
	"testing"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/warehousetest"
)

// TestTableThatWasNeverMadeWasNotDropped has the making of tables end at each step: nobody is told that a table was
// dropped that wasn't there yet, and the next who prepares it makes it.
func TestTableThatWasNeverMadeWasNotDropped(t *testing.T) {
	t.Parallel()
	for at, done := 0, false; !done && !t.Failed(); at++ {
		t.Run(fmt.Sprintf("step %d", at), func(t *testing.T) {
			s, f := newSubject(t), warehouse.Fence{Flow: "Account", Number: 1}
			must(t, s.plain().Migrate(t.Context()))
			mark, err := s.plain().Claim(t.Context(), f, "account", org)
			must(t, err)
			dies := s.Open(options(), warehousetest.Fault{Kind: warehousetest.Dies, At: at})
			_, err = dies.Prepare(t.Context(), f, stamped())
			done = err == nil

			is, err := s.plain().Inspect(t.Context(), stamped(), mark, time.Time{})
			must(t, err)
			if s.find(t, warehousetest.Final, "account") == nil && is != shape.Absent {
				t.Errorf("a table that was never made is called %s", is)
			}

			_, err = s.plain().Prepare(t.Context(), f, stamped())
			must(t, err)
			must(t, s.DropTable(t.Context(), tables.Name(string(warehousetest.Final), "account")))
			is, err = s.plain().Inspect(t.Context(), stamped(), mark, time.Time{})
			must(t, err)
			if is != shape.Dropped {
				t.Errorf("a table that was made, and dropped, is called %s", is)
			}
		})
	}
}
