package flow

import (
	"testing"
	"time"
)

func TestWindowStart(t *testing.T) {
	zone := func(name string) *time.Location {
		z, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		return z
	}
	at := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	tests := []struct {
		last      int
		zone, org string
		now, want string
	}{
		{1, "UTC", "UTC", "2026-01-02T12:00:00Z", "2026-01-01T00:00:00Z"},
		{30, "UTC", "UTC", "2026-03-02T00:00:00Z", "2026-01-31T00:00:00Z"},
		{1, "", "Asia/Tokyo", "2026-01-02T16:00:00Z", "2026-01-01T15:00:00Z"}, // it is the 3rd there
		{1, "America/New_York", "Asia/Tokyo", "2026-01-02T03:00:00Z", "2025-12-31T05:00:00Z"},
		{1, "Europe/Berlin", "UTC", "2026-03-30T10:00:00Z", "2026-03-28T23:00:00Z"},    // over the day of 23 hours
		{1, "America/Santiago", "UTC", "2026-09-07T12:00:00Z", "2026-09-06T04:00:00Z"}, // a day that begins at 1:00
	}
	for _, test := range tests {
		w := Window{Last: test.last}
		if test.zone != "" {
			w.Zone = zone(test.zone)
		}
		if got := w.Start(at(test.now), zone(test.org)); !got.Equal(at(test.want)) {
			t.Errorf("%+v: %s", test, got.Format(time.RFC3339))
		}
	}
	if got := (Window{}).Start(at("2026-01-02T12:00:00Z"), time.UTC); !got.IsZero() {
		t.Errorf("no window begins at %s", got)
	}
}

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

func TestParseCron(t *testing.T) {
	for text, right := range map[string]bool{
		"0 3 * * SUN": true, "TZ=Europe/Berlin 30 2 * * *": true, "0 3 1,15 * *": true, "0 3 29 2 *": true, "0 3 * * 1-5": true,
		"": false, "0 3 * *": false, "0 3 * * * *": false, "0 3 30 2 *": false, "0 */12 * * *": false, "@daily x": false,
		"TZ=Mars/Phobos 0 3 * * *": false, "0 25 * * *": false, "0 3 * * H": false, "0 3 1-2 * ?": true,
	} {
		s, err := parseSweep(text)
		if (err == nil) != right || right && (s.At != Cron(text) || s.Off()) {
			t.Errorf("%q: %+v, %v", text, s, err)
		}
	}
	if r, err := parseRefresh("0 */12 * * *"); err != nil || r.String() != "0 */12 * * *" || !r.Planned() {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := parseRefresh("*/15 * * * *"); err == nil {
		t.Errorf("%+v", r)
	}
}

// A clock that is put forward or back loses no time of a schedule, and doubles
// none.
func TestCronOverChangesOfTheClock(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	daily := Sweep{At: "30 2 * * *"} // on one day there is no 2:30, on another there are two
	last, n := time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC), 0
	for now := last; now.Before(time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC)); now = now.Add(30 * time.Minute) {
		if daily.Due(last, now, berlin) {
			if now.Sub(last) > 26*time.Hour {
				t.Errorf("none between %s and %s", last, now)
			}
			last = now
			n++
		}
	}
	if days := 235; n < days-1 || n > days+1 {
		t.Errorf("%d times", n)
	}
}
