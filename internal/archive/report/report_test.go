package report

import (
	"strings"
	"testing"
	"time"

	"catchment/internal/status"
	"catchment/internal/status/statustest"
)

func TestReports(t *testing.T) {
	digest := strings.Repeat("0123456789abcdef", 4)
	made := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const name, id = "old-cases-20260301-01234567", "500000000000001AAA"
	planned := Plan{
		Plan: name, Policy: "old-cases", Root: "Case", Roots: 2, Org: "00Dxx0000001gERAAY", Digest: digest, Made: made,
		Expires: made.AddDate(0, 0, 44), Cool: "14d", Approve: 2, In: 5, Held: 1, Blocked: 2, Bytes: 10240,
		Files: 1_200_000_000, Calls: 12, Days: 1, Bin: 1005, Clears: 1, Month: new(6.25), Currency: "USD",
		Objects: []Object{
			{Object: "EmailMessage", Level: 1, In: 3, Blocked: 1, Live: 1234, Bytes: 6144},
			{Object: "Case", In: 2, Held: 1, Blocked: 1, Live: 20, Bytes: 4096, Files: 1_200_000_000},
		},
		Reasons: []Reason{{Object: "Case", Fate: "held", Reason: "Legal_Hold__c = true", Records: 1}},
		Losses: []Loss{
			{What: "Case.Secret__c", Why: "the flow leaves it out", Records: 3},
			{What: "CaseFeed", Why: "no flow copies it", Records: 1, Allowed: true},
		},
		Lost: true, Next: "catchment archive plan old-cases",
	}
	overfull := planned
	overfull.BinRoom, overfull.More, overfull.Losses, overfull.Reasons = 1000, 2, nil, nil
	unmade := planned
	unmade.Plan, unmade.Digest, unmade.Next = "", "", ""
	plain := Plan{Plan: name, Root: "Case", Roots: 1, In: 1, Days: 1, Cool: "14d", Digest: digest,
		Next: "catchment archive approve " + name}
	standing := Standing{
		Plan: name, Policy: "old-cases", Approve: 2, Approved: 2, Expires: made, State: Deleting,
		Until: status.Moment(made), Why: "20,000 records were deleted today",
		Levels: []Level{
			{Object: "EmailMessage", Level: 1, Selected: 5, Deleted: 3, Changed: 1, Failed: 1, Back: 1},
			{Object: "Case", Selected: 4, Open: 1, Held: 1, Blocked: 1, Vanished: 1},
		},
		Reasons: []Reason{{Object: "EmailMessage", Fate: "failed", Reason: "TextBody differs", Records: 1}},
	}
	standing.Sum()
	statustest.Golden(t, map[string]status.Report{
		"plan":          planned,
		"plan-plain":    plain,
		"plan-overfull": overfull,
		"plan-unmade":   unmade,
		"record":        Record{Plan: name, Object: "Case", ID: id, Fate: "in", Root: id},
		"record-held": Record{Plan: name, Object: "Case", ID: id, Fate: "held", Root: id,
			Reason: "file:holds.txt"},
		"standing": standing,
		"standing-unapproved": Standing{Plan: name, Approve: 2, Approved: 1, State: Unapproved,
			Next: "catchment archive approve " + name},
		"standing-dry": Standing{Plan: name, Approve: 1, Approved: 1, State: Approved, Dry: true},
		"back": Back{Records: 5, Failed: 1, Unknown: 1,
			Objects: []BackObject{{Object: "Case", States: map[string]int64{"inserted": 3, "failed": 1, "unknown": 1}}},
			Missing: []Missing{{Object: "Case", Field: "CaseNumber", Reason: "auto number", Records: 3}}},
		"back-dry": Back{Dry: true, Records: 2, Next: "the same with --really",
			Objects: []BackObject{{Object: "Case", States: map[string]int64{"to undelete": 2}}}},
		"none":          None{},
		"approval":      Approval{Plan: name, By: "ada", Key: "SHA256:abc", At: made, Approve: 2, Approved: 1},
		"approval-last": Approval{Plan: name, By: "bob", At: made, Approve: 1, Approved: 1},
		"to-sign": ToSign{Plan: name, Words: "catchment archive\nplan " + name + "\n",
			Command: "ssh-keygen -Y sign -n catchment-archive -f KEY FILE"},
		"check": Checked{Plan: name, Agrees: true, Digest: digest, Head: digest, Entries: 9, Batches: 2,
			Before: &Usage{At: made, DataMB: 1200, FileMB: 3}, After: &Usage{At: made, DataMB: 1100, FileMB: 2}},
		"check-elsewhere": Checked{Plan: name, Org: "00Dxx0000001gERAAY"},
		"check-nothing":   Checked{Plan: name, Agrees: true, Digest: digest},
		"check-differs": Checked{Plan: name, What: "archive/" + name + "/evidence/000001.jsonl, line 3",
			Hint: "bring it back"},
	})
}
