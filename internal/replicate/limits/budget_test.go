package limits

import (
	"errors"
	"testing"
	"time"

	"catchment/internal/plan"
)

func TestUntil(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 8, 0, 0, 0, time.UTC)
	said := func(d time.Duration) error {
		return &plan.Failure{Class: plan.Wait, Until: now.Add(d), Err: errors.New("limit")}
	}
	tests := []struct {
		err   error
		since time.Duration
		want  time.Duration
		worth bool
	}{
		{errors.New("limit"), 0, lookAgain, true},
		{said(2 * time.Minute), 0, 2 * time.Minute, true},
		{said(20 * time.Hour), 0, lookAgain, true}, // within the lease
		{errors.New("limit"), waitAtMost, lookAgain, false},
		{errors.New("limit"), waitAtMost - time.Minute, lookAgain, true},
	}
	for _, test := range tests {
		at, worth := Until(test.err, now.Add(-test.since), now)
		if at.Sub(now) != test.want || worth != test.worth {
			t.Errorf("%v: in %s, %v", test, at.Sub(now), worth)
		}
	}
}
