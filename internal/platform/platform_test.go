package platform_test

import (
	"strings"
	"testing"
	"time"

	"catchment/internal/platform"
)

func TestNumber(t *testing.T) {
	for text, want := range map[string]int{
		"68.0": 68, "7.0": 7, "100.0": 100, "68": 0, "v68.0": 0, "68.1": 0, "068.0": 0, "+68.0": 0, "-1.0": 0, "": 0,
		"latest": 0, "1000.0": 0,
	} {
		if got := platform.Number(text); got != want {
			t.Errorf("%q is %d, want %d", text, got, want)
		}
	}
}

func TestChoose(t *testing.T) {
	for served, want := range map[string]string{
		"31.0 66.0 67.0": "67.0", "68.0 69.0": "68.0", "30.0": "", "69.0": "", "": "", "9.0 40.0 100.0": "40.0",
	} {
		got, ok := platform.Choose(strings.Fields(served))
		if got != want || ok != (want != "") {
			t.Errorf("of %s %q, want %q", served, got, want)
		}
	}
}

func TestSpan(t *testing.T) {
	for served, want := range map[string]string{
		"": "no version", "66.0": "66.0", "9.0 100.0 31.0": "9.0 to 100.0",
	} {
		if got := platform.Span(strings.Fields(served)); got != want {
			t.Errorf("of %s %q, want %q", served, got, want)
		}
	}
}

func TestOfVersion(t *testing.T) {
	for version, ends := range map[string]bool{
		"30.0": false, "31.0": true, "40.0": true, "41.0": false, platform.Newest: false,
	} {
		e, ok := platform.OfVersion(version)
		if ok != ends {
			t.Errorf("%s ends: %v", version, ok)
		}
		if ends && (!strings.Contains(e.Text, version+" until Summer '27, and removes it in Summer '28") ||
			!strings.Contains(e.Hint, platform.Newest)) {
			t.Errorf("%+v", e)
		}
	}
	for version, retired := range map[string]bool{"30.0": true, "31.0": false, "99.0": false} {
		if platform.Retired(version) != retired {
			t.Errorf("%s is retired: %v", version, !retired)
		}
	}
}

func TestLacks(t *testing.T) {
	for version, want := range map[string]string{
		platform.Newest: "", "60.0": "", "58.0": "", "57.0": "result pages", "47.0": "result pages",
		"46.0": "Bulk queries", "41.0": "Bulk queries, reading by Ids",
		"31.0": "Bulk queries, reading by Ids, UserPermissionAccess, record counts, composite requests",
	} {
		lacks := platform.Lacks(version)
		for i, name := range strings.Split(want, ", ") {
			switch {
			case want == "" && len(lacks) > 0, want != "" && len(lacks) != strings.Count(want, ", ")+1:
				t.Errorf("%s lacks %q, want %q", version, lacks, want)
			case want != "" && !strings.Contains(lacks[i], name):
				t.Errorf("%s lacks %q, want %q", version, lacks[i], name)
			}
		}
	}
}

// The days are those of the org's clock, whatever the hour and the zone.
func TestOfPassword(t *testing.T) {
	berlin := time.FixedZone("", 3600)
	for _, tt := range []struct {
		now  time.Time
		want string
	}{
		{time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC), "on 20 February 2027, in 83 days"},
		{time.Date(2026, 11, 29, 23, 59, 59, 0, time.UTC), "in 83 days"},
		{time.Date(2026, 11, 30, 0, 30, 0, 0, berlin), "in 83 days"},
		{time.Date(2027, 2, 18, 12, 0, 0, 0, time.UTC), "in 2 days"},
		{time.Date(2027, 2, 19, 23, 0, 0, 0, time.UTC), "tomorrow"},
		{time.Date(2027, 2, 20, 0, 0, 0, 0, time.UTC), "may stop at any moment"},
		{time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC), "may stop at any moment"},
	} {
		e := platform.OfPassword(tt.now)
		if !strings.Contains(e.Text, tt.want) || !strings.Contains(e.Text, "20 February 2027") ||
			!strings.Contains(e.Hint, "client_credentials or jwt") {
			t.Errorf("at %s: %+v, want %q", tt.now, e, tt.want)
		}
	}
}

func TestPasswordRefused(t *testing.T) {
	eve := time.Date(2027, 2, 19, 23, 59, 59, 0, time.UTC)
	before, after := platform.PasswordRefused(eve), platform.PasswordRefused(eve.Add(time.Second))
	if !strings.Contains(before, "security token") || strings.Contains(after, "security token") ||
		!strings.HasPrefix(after, "Salesforce ended the username-password flow on 20 February 2027") {
		t.Errorf("before %q, after %q", before, after)
	}
	for _, text := range []string{before, after} {
		if !strings.Contains(text, platform.PasswordEnds()) || !strings.Contains(text, "docs/howto/logins.md") {
			t.Error(text)
		}
	}
}
