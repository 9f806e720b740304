package rehydrate_test

import (
	"testing"

	"catchment/internal/archive/rehydrate"
	"catchment/internal/fakeorg"
)

// binnedCabin is one whose children were deleted before their Account, as an archive does it, some days ago.
func binnedCabin(t *testing.T) *cabin {
	t.Helper()
	org, ids := cabinOrg(t, nil)
	c := &cabin{house: newHouse(t, "duckdb", org, "Account", "Box__c", "Note__c", "Attachment"), ids: ids}
	c.archiveAfter([]string{ids["c"], ids["b"], ids["a"], ids["d"], ids["twin 1"], ids["twin 2"]}, ids["one"])
	return c
}

// allBack proves that all came back, the Boxes as new records, and nothing twice.
func (c *cabin) allBack() {
	c.T.Helper()
	out := c.rehydrate(nil, c.back())
	if out.err != nil || !out.Whole() {
		c.T.Error(out.err, out.text())
	}
	for _, name := range []string{"a", "b", "c", "d", "twin 1", "twin 2"} {
		if f := out.last(c.ids[name]); f.State != rehydrate.Inserted {
			c.T.Errorf("%s: %+v", name, f)
		}
	}
	c.same(out, lostOfCabin)
	c.counted(out)
	c.nothingOpen()
	c.twice(c.back())
}

// A detail that was deleted before its master is listed as deleted, and isn't in the recycle bin any more.
func TestDetailsThatSalesforceGaveUp(t *testing.T) {
	t.Parallel()
	c := binnedCabin(t)
	c.Must(c.Org.SetTriggers(fakeorg.Trigger{Object: "Box__c", On: "undelete", Code: "UNDELETE_FAILED",
		Refuse: "Entity is not in the recycle bin"}))
	c.allBack()
}

// A child whose parent was purged alone comes back as a new record, with its parent.
func TestParentPurgedAlone(t *testing.T) {
	t.Parallel()
	c := binnedCabin(t)
	c.Must(c.Org.Purge(c.ids["one"]))
	c.allBack()
}

// As long as the parent itself may come out of the bin, a refusal means nothing.
func TestParentStillInTheBin(t *testing.T) {
	t.Parallel()
	c := binnedCabin(t)
	c.Must(c.Org.SetTriggers(fakeorg.Trigger{Object: "Account", On: "undelete", Refuse: "not now"}))
	out := c.rehydrate(nil, c.back())
	if f := out.last(c.ids["a"]); f.State != rehydrate.Failed {
		t.Errorf("%+v %v %s", f, out.err, out.text())
	}
	c.Must(c.Org.SetTriggers())
	out = c.rehydrate(nil, c.back())
	if f := out.last(c.ids["a"]); out.err != nil || !out.Whole() || f.State != rehydrate.Undeleted {
		t.Errorf("%+v %v %s", f, out.err, out.text())
	}
	c.same(out, lostOfCabin)
}
