package replicate_test

import (
	"strings"
	"testing"
	"time"

	"catchment/internal/flow"
	"catchment/internal/rig"
)

// The check of claims is itself held to account: of each lie that a mark or a table
// could tell it hears, and of the truth it has nothing to say.
func TestClaimsAreChecked(t *testing.T) {
	t.Parallel()
	const mark = "UPDATE salesforce_incremental._catchment_flow SET "
	const ahead = mark + "watermark = '2027-01-01 00:00:00+00'"
	for _, lie := range []struct {
		name, told string
		lie        string // with %1, %2 and %3 for records that live, are in the bin, and are purged
		want       string // a part of what contradicts; "" for nothing
	}{
		{"the truth", "", "", ""},
		{"a watermark that is ahead", "later", ahead, "is live under the stamp"},
		{"the same, of a record that is new", "new", ahead, "is missing"},
		{"the same, of a purge", "purge", ahead, "though it was deleted before"},
		{"a lagged one says nothing of a purge", "purge",
			ahead + ", grade = 'lagged'", ""},
		{"a row that isn't there", "", "DELETE FROM salesforce.thing__c WHERE id = '%1'", "is missing"},
		{"a row of a deleted record that isn't there", "", "DELETE FROM salesforce.thing__c WHERE id = '%2'",
			"is missing"},
		{"an older version", "", "UPDATE salesforce.thing__c SET systemmodstamp = '2025-12-31 00:00:00+00' " +
			"WHERE id = '%1'", "is live under the stamp 2025-12-31"},
		{"a row that is deleted", "", "UPDATE salesforce.thing__c SET _catchment_deleted_at = systemmodstamp " +
			"WHERE id = '%1'", "is marked as deleted, and was not since"},
		{"a row that came back", "", "UPDATE salesforce.thing__c SET _catchment_deleted_at = NULL WHERE id = '%2'",
			"is live under the stamp"},
		{"a row that was purged and came back", "",
			"UPDATE salesforce.thing__c SET _catchment_deleted_at = NULL WHERE id = '%3'", "deleted before"},
		{"a record that nobody ever had", "", "UPDATE salesforce.thing__c SET id = 'a07000000000999AAA' " +
			"WHERE id = '%3'", "was never in the org"},
	} {
		t.Run(lie.name, func(t *testing.T) {
			t.Parallel()
			l := newLife(t, 1, rig.Shelf{}, &tallied{}, 0)
			l.Flows = l.Flows[:1]
			l.Flows[0].Deletes, l.Flows[0].Mover = flow.Flag, flow.Auto
			ids := l.things(thing, false)
			l.Done(nil)
			l.Later(time.Hour)
			l.Delete(ids[1], ids[2])
			l.note()
			l.Must(l.Org.Purge(ids[2]))
			l.note()
			l.Later(time.Hour)
			l.Done(rig.AllowDeletes)
			l.Later(time.Hour)
			switch lie.told {
			case "later":
				l.Must(l.Org.Touch(ids[0]))
			case "new":
				_, err := l.Org.Create(thing, l.values())
				l.Must(err)
			case "purge":
				l.Must(l.Org.Purge(ids[0]))
			case "unfit":
				l.sick = true
				l.quietly(ids[0], "Born__c", "2026-02-30")
				l.note()
				l.Later(time.Hour)
				l.Done(nil)
			}
			l.note()
			p := l.begins(nil)
			defer p.Close()
			l.claims.hold(p.Eyes, l.Flows, false)
			if lie.lie != "" {
				p.Exec(strings.NewReplacer("%1", ids[0], "%2", ids[1], "%3", ids[2]).Replace(lie.lie))
			}
			l.claims.hold(p.Eyes, l.Flows, false)
			got := strings.Join(l.claims.wrong, "\n")
			if (got == "") != (lie.want == "") || !strings.Contains(got, lie.want) {
				t.Errorf("contradicted by %q, want %q", got, lie.want)
			}
			if l.claims.held[thing] == 0 {
				t.Error("no claim was held against anything")
			}
		})
	}
}
