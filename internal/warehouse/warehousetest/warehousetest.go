// Package warehousetest holds every driver to the contract of warehouse.
//
// Run is the whole suite; a driver's test is one line:
//
//	func TestDriver(t *testing.T) { warehousetest.Run(t, open) }
//
// The tests speak to the warehouse as replicate and verify do, and look at the
// tables with plain SQL. Faults come from decorators of warehouse.Driver.
// Histories is the property test: random histories against a map.
package warehousetest

import (
	"context"
	"testing"

	"catchment/internal/warehouse"
)

// A Consolidator is a way to consolidate: Warehouse.Consolidate, or whatever
// promises the same.
type Consolidator func(context.Context, warehouse.Warehouse, warehouse.Fence,
	warehouse.Merge) (warehouse.Counts, error)

func byConsolidate(
	ctx context.Context, w warehouse.Warehouse, f warehouse.Fence, m warehouse.Merge,
) (warehouse.Counts, error) {
	return w.Consolidate(ctx, f, m)
}

// A test is one promise of the contract.
type test struct {
	name string
	run  func(*rig)
}

// Run checks the driver that open makes. Each call of open is an empty
// warehouse of its own: the promises are checked side by side.
func Run(t *testing.T, open func(t testing.TB) warehouse.Driver) {
	each(t, append(consolidations(), others()...), consolidating(open))
}

// RunBy checks what a consolidation promises of another way to do it, which open
// makes with the driver.
func RunBy(t *testing.T, open func(t testing.TB) (warehouse.Driver, Consolidator)) {
	each(t, consolidations(), open)
}

func each(t *testing.T, all []test, open func(t testing.TB) (warehouse.Driver, Consolidator)) {
	for _, test := range all {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			driver, by := open(t)
			test.run(newRig(t, driver, by))
		})
	}
}

// consolidating opens a driver for the usual way to consolidate.
func consolidating(open func(t testing.TB) warehouse.Driver) func(t testing.TB) (warehouse.Driver, Consolidator) {
	return func(t testing.TB) (warehouse.Driver, Consolidator) { return open(t), byConsolidate }
}

func consolidations() []test {
	return []test{
		{"the first reading and the next", firstAndNext},
		{"two versions of a key in the first reading", twoInFirst},
		{"a repeat returns the counts of the first time", repeated},
		{"an older version never wins", olderVersion},
		{"a rebuild overrides", override},
		{"an undeleted record comes back", undelete},
		{"a merged record says so", mergedRecord},
		{"remove leaves a tombstone against late pages", tombstones},
		{"ignore leaves the row as it was", ignored},
		{"deletes by Id", deletesByID},
		{"a complete reading marks what it lacks", absent},
		{"a complete reading removes what it lacks", absentRemoved},
		{"a mass delete stops", massDelete},
		{"columns that were not read keep their values", columnSets},
		{"differing columns in the first reading", columnSetsFirst},
		{"rows that a user staged", staged},
		{"an object without a stamp", withoutStamp},
		{"a key of two columns", twoKeys},
		{"an empty reading", emptyReading},
		{"the watermark goes forward only", watermark},
		{"a patch changes what differs", patched},
		{"a patch of an older version is dropped", patchedLate},
		{"patches and whole records of one attempt", patchedTogether},
		{"a reading of Ids marks what it lacks", seen},
		{"a reading of Ids spares what was read since", seenEarlier},
		{"reasons of their own", reasons},
		{"every reason under every policy", everyReason},
		{"a mass delete of every reason", everyMassDelete},
		{"a repair overrides the rows that it names", repaired},
	}
}

func others() []test {
	return []test{
		{"a page is loaded once", loadedTwice},
		{"two loaders at once", twoLoaders},
		{"pages as they may come", pageForms},
		{"a page that holds other than it should", otherCounts},
		{"nothing is merged before it is whole", notWhole},
		{"a page that changed is refused", changedPage},
		{"another job replaces the staged rows", discard},
		{"values survive byte for byte", values},
		{"decimals widen and are never rounded", decimals},
		{"two loaders that need a wider column", twoWideners},
		{"somebody narrows a column meanwhile", narrowed},
		{"pages that a crash left on their way", forgottenPages},
		{"rejected records are kept", rejected},
		{"rejected records are told apart", rejectedApart},
		{"a mask added later", forgotten(warehouse.Flag, "1|masked|~|x", "2|~|~|x", "3|masked|~|x", "4|~|~|x")},
		{"a mask added later, ignoring deletes",
			forgotten(warehouse.Ignore, "1|masked|~|x", "2|~|~|x", "3|~|~|x", "4|~|~|x")},
		{"a mask added later, removing", forgotten(warehouse.Remove, "1|masked|~|x")},
		{"a column gets another name", renamed},
		{"no error holds a value", noValueInErrors},
		{"what a reading says of the final table", evidence},
		{"nothing is left of what was erased", erased},
		{"what tells of an erased record goes with it", erasedByLookup},

		{"rows that landed are claimed by their number", landedRows},
		{"rows that landed are not an old holder's", landedFence},

		{"an old fence is refused", fences},
		{"another org is refused", otherOrg},
		{"a table has one flow", oneFlowEach},
		{"a lost answer to COMMIT", lostAnswer},
		{"a transaction that fails leaves nothing", atomic},
		{"reading can't write", readOnly},

		{"what became of the final table", conditions},
		{"new fields and vanished ones", schemaChanges},
		{"two readings that don't fit together", torn},
		{"fields of another type", otherTypes},
		{"a table that isn't ours", foreignTable},
		{"migrations", migrations},
		{"metadata", metadata},
		{"comparison", comparison},
		{"comparison of what is pending", comparePending},
		{"comparison without stamps", compareSnapshot},
		{"comparison of values", compareValues},
		{"comparison asks again", compareAgain},
		{"comparison of a reading that isn't whole", compareUnsound},
		{"comparison of a key of two columns", compareTwoKeys},
		{"a reading that a crash left behind", readingLeft},
		{"a set recomputed by hand", sets},
		{"a repair mends each kind of difference", mends},
		{"a repair stops before a mass delete", mendStops},
		{"a repair of rows of one key", mendDuplicates},
		{"a late page doesn't undo a repair", mendThenLatePage},
		{"a late rebuild doesn't undo a repair", mendThenLateRebuild},
	}
}
