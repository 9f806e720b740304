package mover_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"catchment/internal/mover"
	"catchment/internal/plan"
)

// A circle of any length is left at its first repetition, and a way that never comes back
// where its records can't fill so many pages.
func TestTrail(t *testing.T) {
	t.Parallel()
	for _, length := range []int{1, 2, 3, 7, 100} {
		trail := mover.NewTrail("750", 1_000_000)
		steps := 0
		for err := error(nil); err == nil; steps++ {
			if err = trail.Step(fmt.Sprintf("/results?locator=%d", steps%length)); err == nil {
				continue
			}
			if !errors.Is(err, mover.ErrUnexplained) || plan.ClassOf(err) != plan.Bug || plan.HintOf(err) == "" {
				t.Error(err)
			}
		}
		if steps != length+1 {
			t.Errorf("a circle of %d is left after %d steps", length, steps)
		}
	}
	for records, most := range map[int64]int{
		math.MinInt64: 100, -1: 100, 0: 100, 50: 150, math.MaxInt64: 1_000_000,
	} {
		trail, steps := mover.NewTrail("750", records), 0
		for trail.Step(fmt.Sprint(steps)) == nil {
			steps++
		}
		if steps != most {
			t.Errorf("%d records: %d steps, want %d", records, steps, most)
		}
	}
}

func TestWithoutColumn(t *testing.T) {
	t.Parallel()
	why := errors.New("job failed")
	for text, want := range map[string][2]string{
		"INVALID_FIELD: No such column 'Ghost__c' on entity 'Account'":   {"Ghost__c", "Account"},
		"ERROR at Row:1:Column:11 no such column 'Ghost__c'. If you are": {"Ghost__c", ""},
		"No such column 'Gh\x1b[31most__c' on entity 'Account'":          {},
		"No such column 'A' OR 'B' on entity 'Account', or so":           {"A", ""},
		"something else": {},
		"No such column 'Owner.Name' on entity 'Case'":       {},
		"No such column 'Name' on entity 'Case'; DROP TABLE": {"Name", "Case"},
	} {
		got, ok := errors.AsType[*mover.NoColumn](mover.WithoutColumn(why, text))
		if ok != (want[0] != "") || ok && (got.Name != want[0] || got.Entity != want[1] || !errors.Is(got, why)) {
			t.Errorf("%q: %+v", text, got)
		}
	}
	if err := mover.WithoutColumn(nil, "No such column 'A'"); err != nil {
		t.Error(err)
	}
}
