package archiving

import (
	"testing"
	"time"

	"catchment/internal/archive/manifest"
	"catchment/internal/archive/report"
	"catchment/internal/warehouse/archived"
)

// How far a plan is, in one word, and what it comes to.
func TestStanding(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	count := func(state archived.State, n int64) archived.Count {
		return archived.Count{Object: "Case", State: state, Records: n}
	}
	const none, all = 0, 1
	counts := func(all ...archived.Count) []archived.Count { return all }
	over := counts(count(archived.Deleted, 4), count(archived.Failed, 1))
	cooling := counts(count(archived.Proven, 4), count(archived.Held, 1))
	for name, c := range map[string]struct {
		tally    []archived.Count
		approved int
		late     bool
		want     string
		open     int64
	}{
		"nobody agreed": {nil, none, false, report.Unapproved, 5},
		"agreed":        {nil, all, false, report.Approved, 5},
		"expired":       {nil, all, true, report.Expired, 5},
		"half proven":   {counts(count(archived.Proven, 2)), all, false, report.Copying, 5},
		"all proven":    {cooling, all, false, report.Cooling, 4},
		"one posted": {counts(count(archived.Proven, 4), count(archived.Posted, 1)), all, false,
			report.Deleting, 5},
		"some gone": {counts(count(archived.Proven, 3), count(archived.Deleted, 2)), all, false,
			report.Deleting, 3},
		"over":              {over, all, false, report.Done, 0},
		"over, and late":    {counts(count(archived.Vanished, 5)), all, true, report.Done, 0},
		"late in the midst": {counts(count(archived.Deleted, 1)), all, true, report.Expired, 4},
	} {
		o := outline{
			name: "p", head: manifest.Head{ExpiresAt: now.Add(time.Hour), Policy: manifest.Policy{Approve: 1}},
			objects: []manifest.Object{{Object: "Case", In: 4, Held: 1}},
		}
		at := now
		if c.late {
			at = now.Add(2 * time.Hour)
		}
		s := standing(o, c.tally, c.approved, at)
		if s.State != c.want || s.Open != c.open || s.Selected != 5 {
			t.Errorf("%s: %s with %d of %d open, want %s with %d of 5", name, s.State, s.Open, s.Selected, c.want,
				c.open)
		}
	}
}
