package removal

import (
	"strings"
	"testing"
	"time"

	"catchment/internal/archive"
	"catchment/internal/archive/manifest"
	"catchment/internal/salesforce/write"
	"catchment/internal/salesforce/write/refusal"
	"catchment/internal/warehouse/archived"
)

// What follows from each way in which Salesforce refuses a delete. None of them is Deleted.
func TestRuleOutcome(t *testing.T) {
	for code, want := range map[string]ruling{
		"ENTITY_IS_DELETED":                 {fateEnded, archived.Vanished, ""},
		"INVALID_CROSS_REFERENCE_KEY":       {fateEnded, archived.Vanished, ""},
		"DELETE_FAILED":                     {fateEnded, archived.Blocked, ""},
		"DELETE_OPERATION_TOO_LARGE":        {fateAgain, archived.Blocked, ""},
		"UNABLE_TO_LOCK_ROW":                {fateAgain, archived.Failed, ""},
		"ALL_OR_NONE_OPERATION_ROLLED_BACK": {fateAgain, archived.Failed, ""},
		"UNKNOWN_EXCEPTION":                 {fateAgain, archived.Failed, ""},
		"INSUFFICIENT_ACCESS_OR_READONLY":   {fateRefused, archived.Failed, ""},
		"ENTITY_IS_LOCKED":                  {fateEnded, archived.Failed, ""},
		"FIELD_CUSTOM_VALIDATION_EXCEPTION": {fateEnded, archived.Failed, ""},
		"CANNOT_EXECUTE_FLOW_TRIGGER":       {fateEnded, archived.Failed, ""},
		"WHAT_NOBODY_KNOWS":                 {fateEnded, archived.Failed, ""},
	} {
		r := refusal.Of(code, "s3cr3t", nil)
		got := ruleOutcome(write.Outcome{State: write.Failed, Refusal: &r})
		if got.fate != want.fate || got.state != want.state || !strings.HasPrefix(got.reason, code+": ") ||
			strings.Contains(got.reason, "s3cr3t") {
			t.Errorf("%s: %+v", code, got)
		}
	}
	for state, want := range map[write.State]fate{write.Done: fateGone, write.Unknown: fateDoubt,
		write.Failed: fateAgain} {
		if got := ruleOutcome(write.Outcome{State: state}); got.fate != want {
			t.Errorf("%s: %+v", state, got)
		}
	}
}

// What may go is equal, and as the plan saw it, or moved by our own deletes alone.
func TestRuleLive(t *testing.T) {
	planned := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	later := planned.Add(time.Second)
	for _, c := range []struct {
		finding archive.Finding
		stamp   time.Time
		ours    bool
		fate    fate
		state   archived.State
	}{
		{archive.Equal, planned, false, fateOpen, ""},
		{archive.Equal, later, true, fateOpen, ""},
		{archive.Equal, later, false, fateEnded, archived.Changed},
		{archive.Differs, planned, false, fateEnded, archived.Failed},
		{archive.Differs, later, false, fateEnded, archived.Changed},
		{archive.Differs, later, true, fateEnded, archived.Changed},
		{archive.Binned, later, false, fateEnded, archived.Vanished},
		{archive.Absent, time.Time{}, false, fateEnded, archived.Vanished},
		{archive.Living, planned, false, fateEnded, archived.Failed}, // no answer to what was asked
	} {
		got := ruleLive(archive.Verdict{Finding: c.finding, Stamp: c.stamp, Reason: "why"}, planned, c.ours)
		if got.fate != c.fate || got.state != c.state || c.fate == fateEnded && got.reason == "" {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}

func TestRuleBin(t *testing.T) {
	for finding, want := range map[archive.Finding]archived.State{
		archive.Equal: archived.Deleted, archive.Absent: archived.Deleted, archive.Living: archived.Changed,
		archive.Differs: archived.Changed, archive.Binned: archived.Changed, "": archived.Changed,
	} {
		got := ruleBin(archive.Verdict{Finding: finding, Reason: "why"})
		if got.fate != fateEnded || got.state != want || (finding == archive.Equal) != (got.reason == "") {
			t.Errorf("%s: %+v", finding, got)
		}
	}
}

func TestCooling(t *testing.T) {
	for text, want := range map[string]time.Duration{"14d": 336 * time.Hour, "0d": 0, "36h": 36 * time.Hour,
		"336h0m0s": 336 * time.Hour} {
		if got, err := (manifest.Policy{Cool: text}).Cooling(); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "d", "-1d", "-1h", "soon"} {
		if _, err := (manifest.Policy{Cool: text}).Cooling(); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestIsOf(t *testing.T) {
	for name, want := range map[string]bool{"old-20260102-0123abcd": true, "old-cases-20260102-0123abcd": false,
		"old": false, "older-20260102-0123abcd": false} {
		if isOf(name, "old") != want {
			t.Error(name)
		}
	}
}
