package limits

import (
	"errors"
	"testing"
)

func TestBodyBudget(t *testing.T) {
	t.Parallel()
	b := NewBodyBudget(3)
	if err := b.Enter(func() (int64, error) { return 0, errors.New("away") }); err == nil {
		t.Error("no error")
	}
	enter := func(used int64) {
		if err := b.Enter(func() (int64, error) { return used, nil }); err != nil {
			t.Error(err)
		}
	}
	takes := func(want ...bool) {
		t.Helper()
		for i, w := range want {
			if got := b.Take(); got != w {
				t.Errorf("call %d: %v", i, got)
			}
		}
	}
	enter(1)
	takes(true)
	enter(0) // another flow's: the two share what is left
	takes(true, false)
	b.Leave()
	takes(false)
	b.Leave()
	enter(5)
	takes(false)
	b.Leave()
	enter(0) // the next day
	takes(true, true, true, false)
	if free := NewBodyBudget(0); !free.Take() || free.Enter(nil) != nil {
		t.Error("there is a limit")
	}
}
