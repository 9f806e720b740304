package salesforce_test

import (
	"testing"

	"catchment/internal/salesforce"
)

func TestUsedUp(t *testing.T) {
	tests := []struct {
		used, most int64
		reserve    int
		want       bool
	}{
		{0, 0, 40, false}, // nobody has said anything yet
		{60, 100, 40, true}, {59, 100, 40, false}, {100, 100, 40, true}, {120, 100, 40, true},
		{100, 100, 0, false}, // nothing is set aside: Salesforce itself says when it is enough
		{1, 100, 99, true}, {5999, 10_000, 40, false},
	}
	for _, test := range tests {
		if got := (salesforce.Limit{Max: test.most,
			Remaining: test.most - test.used}).UsedUp(test.reserve); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}
