package schedule

import (
	"testing"
	"time"
)

func TestRefresh(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	for text, due := range map[string][3]bool{ // never refreshed, an hour ago, a day ago
		"off": {}, "sample": {}, "1d": {true, false, true}, "1h": {true, true, true}, "25h": {true, false, false},
		"30 11 * * *": {true, true, true}, "0 10 * * *": {true, false, true},
	} {
		r, err := ParseRefresh(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := [3]bool{r.Due(time.Time{}, noon, time.UTC), r.Due(noon.Add(-time.Hour), noon, time.UTC),
			r.Due(noon.Add(-24*time.Hour), noon, time.UTC)}; got != due {
			t.Errorf("%s: due %v, want %v", text, got, due)
		}
		if again, err := ParseRefresh(r.String()); err != nil || again != r {
			t.Errorf("%s: written as %s, read as %v, %v", text, r, again, err)
		}
	}
	for _, text := range []string{"", "10m", "daily", "-1d"} {
		if _, err := ParseRefresh(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
