package lease_test

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/sqlite"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// marks stands for a warehouse that refuses older fences.
type marks map[string]warehouse.Mark

func (m marks) Mark(_ context.Context, flow string) (warehouse.Mark, bool, error) {
	mark, ok := m[flow]
	return mark, ok, nil
}

func (m marks) Claim(_ context.Context, f warehouse.Fence, table, org string) (warehouse.Mark, error) {
	if f.Number < m[f.Flow].Fence {
		return warehouse.Mark{}, warehouse.ErrFenced
	}
	mark := m[f.Flow]
	mark.Flow, mark.Table, mark.Org, mark.Fence = f.Flow, table, org, f.Number
	m[f.Flow] = mark
	return mark, nil
}

func (m marks) Remember(_ context.Context, f warehouse.Fence, memory, grade string) error {
	mark := m[f.Flow]
	if f.Number < mark.Fence {
		return warehouse.ErrFenced
	}
	mark.Memory, mark.Grade = memory, grade
	m[f.Flow] = mark
	return nil
}

func newControl(t *testing.T) *control.Control {
	t.Helper()
	table, err := sqlite.Open(filepath.Join(t.TempDir(), "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { table.Close() })
	c, err := control.New(t.Context(), table, time.Now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestHold(t *testing.T) {
	t.Parallel()
	ctx, c, w := t.Context(), newControl(t), marks{}
	first := lease.Holder{Control: c, Warehouse: w, Run: "one", Name: "first"}
	held, err := first.Hold(ctx, "Account")
	if err != nil {
		t.Fatal(err)
	}
	if mark, known, err := held.Claim(ctx, "account", "00D"); err != nil || known || mark.Fence != held.Fence().Number {
		t.Errorf("%+v, known %v, %v", mark, known, err)
	}

	second := lease.Holder{Control: c, Warehouse: w, Run: "two", Name: "second"}
	_, err = second.Hold(ctx, "Account")
	if _, is := errors.AsType[*control.Held](err); !is || plan.ClassOf(err) != plan.Wait {
		t.Errorf("a flow that another run has: %v", err)
	}
	second.Dead = func(name string) bool { return name == "first" }
	taken, err := second.Hold(ctx, "Account")
	if err != nil || taken.Fence().Number <= held.Fence().Number {
		t.Fatalf("a flow whose holder is dead: %v", err)
	}
	if err := held.Renew(ctx); !errors.Is(err, control.ErrLost) {
		t.Errorf("a lease that was lost is renewed: %v", err)
	}
	if err := held.Close(ctx); err != nil {
		t.Errorf("a lease that was lost is given back: %v", err)
	}
	if err := second.Resume("Account", taken.Fence().Number).Renew(ctx); err != nil {
		t.Errorf("a later step goes on: %v", err)
	}
	if err := taken.Close(ctx); err != nil {
		t.Error(err)
	}
	if again, err := first.Hold(ctx, "Account"); err != nil || again.Fence().Number <= taken.Fence().Number {
		t.Errorf("a flow that was given back: %v", err)
	}
}

// A control table made anew counts from 1, below what the warehouse remembers.
func TestClaimRaisesTheFence(t *testing.T) {
	t.Parallel()
	ctx, w := t.Context(), marks{"Account": {Flow: "Account", Fence: 41}}
	held, err := lease.Holder{Control: newControl(t), Warehouse: w, Run: "one", Alone: true}.Hold(ctx, "Account")
	if err != nil {
		t.Fatal(err)
	}
	mark, known, err := held.Claim(ctx, "account", "00D")
	if err != nil || !known || mark.Fence != 42 || held.Fence().Number != 42 {
		t.Errorf("%+v, known %v, fence %d, %v", mark, known, held.Fence().Number, err)
	}
	if err := held.Renew(ctx); err != nil {
		t.Errorf("the raised lease: %v", err)
	}
}
