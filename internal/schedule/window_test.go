package schedule

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
