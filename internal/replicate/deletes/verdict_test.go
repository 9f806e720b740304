package deletes

import (
	"testing"
	"time"

	"catchment/internal/lookup"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestJudge(t *testing.T) {
	t.Parallel()
	from, to := noon, noon.Add(time.Hour)
	within, later, earlier := from.Add(time.Minute), to, from.Add(-time.Second)
	tests := []struct {
		name    string
		s       suspect
		reaches bool
		want    verdict
	}{
		{"never copied, and gone", suspect{logged: true}, true, settled},
		{"gone, as the log says", suspect{held: true, logged: true}, true, purged},
		{"gone, and the log says nothing", suspect{held: true}, true, hidden},
		{"gone, and the log doesn't reach back", suspect{held: true}, false, purged},
		{"the log lies (CurrencyType)", suspect{held: true, logged: true, found: true, inside: true,
			State: lookup.State{At: earlier}}, true, settled},
		{"in the bin", suspect{held: true, found: true, inside: true, State: lookup.State{Deleted: true, At: within}},
			true, soft},
		{"in the bin without a stamp",
			suspect{held: true, found: true, inside: true, State: lookup.State{Deleted: true, At: earlier}},
			true, soft},
		{"in the bin, never copied", suspect{found: true, State: lookup.State{Deleted: true, At: within}}, true,
			settled},
		{"lost a merge", suspect{held: true, found: true, State: lookup.State{Deleted: true, Merged: true, At: within}},
			true, merged},
		{"left the where", suspect{held: true, found: true, State: lookup.State{At: within}}, true, outOfFilter},
		{"never met the where", suspect{found: true, State: lookup.State{At: within}}, true, settled},
		{"ought to have come", suspect{found: true, inside: true, State: lookup.State{At: within}}, true, lost},
		{"changed, and ought to have come",
			suspect{held: true, found: true, inside: true, State: lookup.State{At: from}}, true, lost},
		{"the next window's", suspect{found: true, inside: true, State: lookup.State{At: later}}, true, settled},
		{"the window's before", suspect{held: true, found: true, inside: true, State: lookup.State{At: earlier}}, true,
			settled},
	}
	for _, test := range tests {
		if got := judge(test.s, from, to, test.reaches); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestOutOfSight(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		hidden, live int
		want         bool
	}{{10, 10, false}, {11, 12, true}, {50, 1000, false}, {51, 1000, true}, {0, 0, false}} {
		if got := outOfSight(test.hidden, test.live); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}
