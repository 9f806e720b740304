package window

import (
	"testing"
	"time"

	"catchment/internal/flow"
	"catchment/internal/warehouse"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestSpanOf(t *testing.T) {
	t.Parallel()
	server := noon.Add(30 * time.Second)
	ago := func(d time.Duration) time.Time { return noon.Add(-d) }
	day := 24 * time.Hour
	tests := []struct {
		name   string
		from   time.Time
		policy flow.Deletes
		want   span
	}{
		{"everything", time.Time{}, flow.Flag, span{start: ago(2 * time.Minute), end: noon}},
		{"an hour", ago(time.Hour - 10*time.Second), flow.Flag, span{ago(time.Hour), noon, true, true}},
		{"just now", ago(time.Second), flow.Flag, span{ago(2 * time.Minute), noon, true, true}},
		{"ahead of the last full minute", noon.Add(10 * time.Second), flow.Flag,
			span{ago(2 * time.Minute), noon, true, true}},
		{"deletes are ignored", ago(time.Hour), flow.Ignore, span{ago(time.Hour), noon, true, false}},
		{"longer than the delete log", ago(15 * day), flow.Flag, span{ago(15 * day), noon, true, false}},
		{"longer than both", ago(30 * day), flow.Flag, span{start: ago(2 * time.Minute), end: noon}},
	}
	for _, test := range tests {
		if got := spanOf(test.from, server, test.policy); got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
}

func TestNextWindow(t *testing.T) {
	t.Parallel()
	minute := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	lagged := minute(15).Add(20*time.Second + 300*time.Millisecond)
	last := warehouse.Mark{Grade: "proven"}
	tests := []struct {
		name          string
		from, covered time.Time
		want          Window
	}{
		{"covered to the end", minute(0), minute(30), Window{minute(0), minute(30), "proven"}},
		{"a transaction is still open", minute(0), minute(12), Window{minute(0), minute(12), "proven"}},
		{"covered beyond the end", minute(0), minute(31), Window{minute(0), minute(30), "proven"}},
		{"nothing said", minute(0), time.Time{}, Window{minute(0), minute(15).Add(20 * time.Second), "lagged"}},
		{"everything is read", time.Time{}, minute(30), Window{time.Time{}, minute(30), "proven"}},
		{"covered less than before", minute(20), minute(12), Window{minute(20), minute(20), "proven"}},
		{"the lag is longer than the window", minute(20), time.Time{}, Window{minute(20), minute(20), "proven"}},
	}
	for _, test := range tests {
		if got := next(last, test.from, minute(30), test.covered, lagged); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}
