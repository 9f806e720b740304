// Package streamedtest is the contract of a stream in tests: what deltas do to rows, and what whole versions do to
// rows that a delta has touched.
//
// Run is the whole suite. A warehouse's test is one line beside that of warehousetest, whose Subject it takes.
// Files, from the top: streamedtest.go, deltas.go, settles.go, histories.go, desk.go.
package streamedtest

import (
	"testing"

	"catchment/internal/warehouse/warehousetest"
)

// Run holds the warehouse that open makes to the contract. Each call of open is an empty warehouse of its own.
func Run(t *testing.T, open func(t testing.TB) warehousetest.Subject) {
	for _, one := range []struct {
		name string
		run  func(*testing.T, *desk)
	}{
		{"each row sets its own columns", setsItsOwn},
		{"a new record has its row at once", makes},
		{"a deleted record is flagged", flags},
		{"other policies leave the row, or have the record read", policies},
		{"what an event can't say is to be read", leavesToRead},
		{"a later version stays", staysLater},
		{"a value without room is read", withoutRoom},
		{"a mass delete is refused", massDelete},
		{"an old fence writes nothing", fenced},
		{"a fault leaves nothing, and a repeat ends it", faulty},
		{"the position is of the org and moves with the rows", position},
		{"nothing is touched while an attempt is on its way", unsettled},
		{"a whole version takes the mark away", provenByAVersion},
		{"a repair takes the mark away", provenByARepair},
		{"what was read is proven", proven},
		{"the table is looked at as before", intact},
		{"erased and archived records stay", special},
		{"random histories end as the org is", histories},
	} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			one.run(t, newDesk(t, open(t)))
		})
	}
}
