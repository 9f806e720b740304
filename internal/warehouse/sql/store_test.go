package sql

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
)

// A crowded driver cancels so many transactions before it lets one through.
type crowded struct {
	Driver
	cancels int
	begun   int
	err     error
}

func (d *crowded) Dialect() *dialect.Dialect { return &dialect.Dialect{TransactionalDDL: true} }

func (d *crowded) Tx(_ context.Context, f func(Tx) error) error {
	d.begun++
	if err := f(&held{}); err != nil || d.begun > d.cancels {
		return err
	}
	return d.err
}

// held is a transaction in which each UPDATE touches a row.
type held struct{ Tx }

func (*held) Exec(context.Context, string, ...any) (int64, error) { return 1, nil }

func crowd(d *crowded) (*store, *[]time.Duration) {
	var pauses []time.Duration
	o := warehouse.Options{Schema: "s", Staging: "t", Pause: func(_ context.Context, p time.Duration) error {
		pauses = append(pauses, p)
		return nil
	}}
	return &store{driver: d, d: d.Dialect(), o: o}, &pauses
}

func TestConflictIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, cancels := range []int{0, 1, conflictTries - 1} {
		d := &crowded{cancels: cancels, err: fmt.Errorf("here: %w", ErrConflict)}
		w, pauses := crowd(d)
		done := 0
		if err := w.fenced(t.Context(), warehouse.Fence{}, "x", func(Tx) error { done++; return nil }); err != nil {
			t.Error(err)
		}
		if done != cancels+1 || len(*pauses) != cancels {
			t.Errorf("%d cancels: done %d times, pauses %v", cancels, done, *pauses)
		}
		for i, p := range *pauses {
			if least := conflictPause << i / 2; p < least || p >= 3*least {
				t.Errorf("pause %d is %v", i, p)
			}
		}
	}
}

func TestConflictIsGivenUp(t *testing.T) {
	t.Parallel()
	for _, conflict := range []error{ErrConflict,
		Conflicting(plan.Failf(plan.Retry, "look who it is", "another was in the way"))} {
		d := &crowded{cancels: 1000, err: conflict}
		w, _ := crowd(d)
		err := w.tx(t.Context(), func(Tx) error { return nil })
		if plan.ClassOf(err) != plan.Retry || !errors.Is(err, ErrConflict) || d.begun != conflictTries {
			t.Errorf("%v (%s) after %d tries", err, plan.ClassOf(err), d.begun)
		}
	}
	said := Conflicting(plan.Failf(plan.Retry, "look who it is", "another was in the way"))
	if said.Error() != "another was in the way" || plan.HintOf(said) != "look who it is" {
		t.Errorf("got %v, %q", said, plan.HintOf(said))
	}
}

func TestOtherFailuresAreNotTriedAgain(t *testing.T) {
	t.Parallel()
	d := &crowded{cancels: 1, err: errors.New("the answer was lost")}
	w, pauses := crowd(d)
	if err := w.tx(t.Context(), func(Tx) error { return nil }); err == nil || d.begun != 1 || len(*pauses) != 0 {
		t.Errorf("%v after %d tries", err, d.begun)
	}
}

func TestPauseEndsWithItsContext(t *testing.T) {
	t.Parallel()
	d := &crowded{cancels: 1000, err: ErrConflict}
	why := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	w := &store{driver: d, d: d.Dialect()}
	err := w.tx(ctx, func(Tx) error { cancel(why); return nil })
	if !errors.Is(err, why) || d.begun != 1 {
		t.Errorf("%v after %d tries", err, d.begun)
	}
}

// Two loaders that are changed under look again, but not for ever.
func TestLookAgain(t *testing.T) {
	t.Parallel()
	for _, changes := range []int{0, 1, looks, looks + 5} {
		n := 0
		err := lookAgain(func() error {
			if n++; n <= changes {
				return stale(shape.Table{Name: "account"})
			}
			return nil
		})
		if want := changes >= looks; (plan.ClassOf(err) == plan.Retry) != want && err != nil || (err != nil) != want ||
			n != min(changes+1, looks) {
			t.Errorf("%d changes: %v after %d looks", changes, err, n)
		}
	}
}
