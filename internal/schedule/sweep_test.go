package schedule

import (
	"testing"
	"time"
)

func TestSweepDue(t *testing.T) {
	now := time.Date(2026, 1, 9, 12, 0, 0, 0, time.UTC)
	week := Sweep{Every: 7 * 24 * time.Hour}
	sundays := Sweep{At: "0 3 * * SUN"} // in Tokyo: Saturdays at 18:00 UTC
	saturday := time.Date(2026, 1, 3, 18, 0, 0, 0, time.UTC)
	tests := []struct {
		sweep Sweep
		last  time.Time
		want  bool
	}{
		{week, time.Time{}, true},
		{week, now.AddDate(0, 0, -7), true},
		{week, now.AddDate(0, 0, -7).Add(time.Second), false},
		{Sweep{Every: Never}, time.Time{}, false},
		{Sweep{}, time.Time{}, false},
		{sundays, time.Time{}, true},
		{sundays, saturday.Add(-time.Second), true},
		{sundays, saturday, false},
		{Sweep{At: "TZ=UTC 0 3 * * SUN"}, saturday, true}, // the 4th at 3:00
		{Sweep{At: "TZ=UTC 0 12 9 * *"}, saturday, true},  // right now
		{Sweep{At: "TZ=UTC 1 12 9 * *"}, saturday, false},
		{Sweep{At: "TZ=America/New_York 0 0 1 * SAT"}, now.Add(-time.Hour), false},
		{Sweep{At: "TZ=America/New_York 0 0 1 * THU"}, now.AddDate(0, 0, -3), true}, // either day
	}
	tokyo := time.FixedZone("Tokyo", 9*60*60)
	for _, test := range tests {
		if got := test.sweep.Due(test.last, now, tokyo); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}
