package control_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/versioned"
	"catchment/internal/plan"
)

// TestClaim walks every combination of what is stored and who asks.
func TestClaim(t *testing.T) {
	for _, holder := range []string{"", "mine", "other"} {
		for _, left := range []time.Duration{time.Minute, 0, -time.Minute} {
			for _, dead := range []bool{false, true} {
				stored := control.Lease{Flow: "Account", Run: holder, Holder: "p1", Fence: 5, Expires: start.Add(left)}
				got, ok := control.Claim(stored, "mine", start, dead)

				wantOK := holder != "other" || left <= 0 || dead
				wantFence := int64(6)
				if holder == "mine" {
					wantFence = 5
				}
				name := fmt.Sprintf("held by %q, %v left, dead %v", holder, left, dead)
				if ok != wantOK {
					t.Errorf("%s: granted %v, want %v", name, ok, wantOK)
				}
				if ok && (got.Run != "mine" || got.Fence != wantFence ||
					!got.Expires.Equal(start.Add(control.LeaseTime))) {
					t.Errorf("%s: %+v, want fence %d", name, got, wantFence)
				}
			}
		}
	}
}

func acquire(t *testing.T, ctl *control.Control, run string) control.Lease {
	t.Helper()
	l, err := ctl.Acquire(t.Context(), "Account", run, "process of "+run, nil)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLease(t *testing.T) {
	ctl, c := setup(t)
	ctx := t.Context()
	first := acquire(t, ctl, "r1")
	if first.Fence != 1 {
		t.Errorf("first fence %d", first.Fence)
	}
	c.add(10 * time.Minute)
	again := acquire(t, ctl, "r1")
	if again.Fence != 1 || !again.Expires.After(first.Expires) {
		t.Errorf("the same run: %+v after %+v", again, first)
	}

	_, err := ctl.Acquire(ctx, "Account", "r2", "p2", func(string) bool { return false })
	held, ok := errors.AsType[*control.Held](err)
	if !ok || held.Lease.Run != "r1" || plan.ClassOf(err) != plan.Wait || !plan.UntilOf(err).Equal(again.Expires) ||
		plan.HintOf(err) == "" {
		t.Errorf("another run: %v, until %v", err, plan.UntilOf(err))
	}
	if _, err := ctl.Acquire(ctx, "Contact", "r2", "p2", nil); err != nil {
		t.Errorf("another flow: %v", err)
	}

	second, err := ctl.Acquire(ctx, "Account", "r2", "p2", func(holder string) bool {
		return holder == "process of r1"
	})
	if err != nil || second.Fence != 2 {
		t.Fatalf("the holder is dead: %+v, %v", second, err)
	}
	_, err = ctl.Renew(ctx, again)
	wantErr(t, err, control.ErrLost, plan.Fix)
	if err := ctl.Release(ctx, again); err != nil {
		t.Errorf("release of a lost lease: %v", err)
	}

	c.add(control.LeaseTime + time.Hour)
	second, err = ctl.Renew(ctx, second)
	if err != nil || !second.Expires.Equal(c.now().Add(control.LeaseTime)) {
		t.Errorf("renewed late, but nobody took it: %+v, %v", second, err)
	}
	for range 2 {
		if err := ctl.Release(ctx, second); err != nil {
			t.Fatal(err)
		}
	}
	_, err = ctl.Renew(ctx, second)
	wantErr(t, err, control.ErrLost, plan.Fix)
	if third := acquire(t, ctl, "r3"); third.Fence != 3 {
		t.Errorf("the fence after a release is %d, want 3", third.Fence)
	}
	c.add(control.LeaseTime)
	if fourth := acquire(t, ctl, "r4"); fourth.Fence != 4 {
		t.Errorf("the fence after an end is %d, want 4", fourth.Fence)
	}
	all, err := ctl.Leases(ctx)
	if err != nil || len(all) != 2 || all[0].Run != "r4" || all[1].Flow != "Contact" {
		t.Errorf("leases: %+v, %v", all, err)
	}
}

func TestRaise(t *testing.T) {
	ctl, _ := setup(t)
	l := acquire(t, ctl, "r1")
	raised, err := ctl.Raise(t.Context(), l, 40)
	if err != nil || raised.Fence != 41 {
		t.Fatalf("raised: %+v, %v", raised, err)
	}
	if same, err := ctl.Raise(t.Context(), raised, 7); err != nil || same.Fence != 41 {
		t.Errorf("raised above less: %+v, %v", same, err)
	}
	_, err = ctl.Raise(t.Context(), l, 50)
	wantErr(t, err, control.ErrLost, plan.Fix)
	if got := acquire(t, ctl, "r1"); got.Fence != 41 {
		t.Errorf("the same run now has fence %d", got.Fence)
	}
}

// TestLeaseFailures: what the table answers comes through, and an answer that
// got lost on its way doesn't make a run lose its own lease.
func TestLeaseFailures(t *testing.T) {
	broken := errors.New("broken")
	table := openTable(t)
	fault := func(op string) func(string, versioned.Key) error {
		return func(o string, k versioned.Key) error {
			if o == op && k.Kind == "lease" {
				return broken
			}
			return nil
		}
	}
	c := &clock{t: start}
	for _, op := range []string{"get", "put"} {
		ctl := newControl(t, faulty{Table: table, before: fault(op)}, c)
		if _, err := ctl.Acquire(t.Context(), "Account", "r1", "p", nil); !errors.Is(err, broken) {
			t.Errorf("%s: %v", op, err)
		}
	}
	ctl := newControl(t, faulty{Table: table, after: fault("put")}, c)
	if _, err := ctl.Acquire(t.Context(), "Account", "r1", "p", nil); !errors.Is(err, broken) {
		t.Errorf("answer lost: %v", err)
	}
	if l := acquire(t, newControl(t, table, c), "r1"); l.Fence != 1 {
		t.Errorf("asked again after a lost answer: %+v", l)
	}
}

// TestLeaseProperty lets many runs fight for one lease while the clock jumps
// and some forget to release. No fence is ever given to two runs, fences only
// rise, and nobody who holds an unexpired lease is superseded (invariant 7).
func TestLeaseProperty(t *testing.T) {
	const seed, workers, rounds = 42, 8, 25
	t.Logf("seed %d", seed)
	table := openTable(t)
	c := &clock{t: start}
	var mu sync.Mutex
	owner := map[int64]string{} // of each fence
	var top control.Lease       // the newest grant
	granted := func(l control.Lease) {
		mu.Lock()
		defer mu.Unlock()
		if o, taken := owner[l.Fence]; taken && o != l.Run {
			t.Errorf("fence %d was given to %s and to %s", l.Fence, o, l.Run)
		}
		owner[l.Fence] = l.Run
		if l.Fence > top.Fence {
			top = l
		}
	}
	var wg sync.WaitGroup
	for w := range workers {
		ctl := newControl(t, table, c)
		random := rand.New(rand.NewPCG(seed, uint64(w)))
		wg.Go(func() {
			for round := range rounds {
				fight(t, ctl, c, random, fmt.Sprintf("run %d of %d", round, w), granted)
			}
		})
	}
	wg.Wait()
	last := acquireAfter(t, newControl(t, table, c), c)
	if last.Fence != int64(len(owner))+1 || last.Fence <= top.Fence {
		t.Errorf("last fence %d after %d grants, the highest of them %d", last.Fence, len(owner), top.Fence)
	}
}

func acquireAfter(t *testing.T, ctl *control.Control, c *clock) control.Lease {
	c.add(2 * control.LeaseTime)
	return acquire(t, ctl, "last")
}

// fight is one try of one run: acquire, renew once or twice, and mostly release.
func fight(t *testing.T, ctl *control.Control, c *clock, random *rand.Rand, run string, granted func(control.Lease)) {
	ctx := context.Background()
	l, err := ctl.Acquire(ctx, "Account", run, run, nil)
	if _, held := errors.AsType[*control.Held](err); held {
		c.add(time.Duration(random.IntN(5)) * time.Minute)
		return
	}
	if errors.Is(err, versioned.ErrConflict) {
		return
	}
	if err != nil {
		t.Error(err)
		return
	}
	granted(l)
	for range random.IntN(3) {
		before := c.now()
		renewed, err := ctl.Renew(ctx, l)
		if errors.Is(err, control.ErrLost) {
			if c.now().Before(l.Expires) {
				t.Errorf("%s lost fence %d at %v, before it expired at %v", run, l.Fence, before, l.Expires)
			}
			return
		}
		if err != nil {
			t.Error(err)
			return
		}
		granted(renewed)
		l = renewed
	}
	if random.IntN(4) > 0 {
		if err := ctl.Release(ctx, l); err != nil {
			t.Error(err)
		}
	}
}

// Who is refused is told who has the flow, since when, and until when.
func TestHeldSaysSinceWhen(t *testing.T) {
	t.Parallel()
	ctl, c := setup(t)
	acquire(t, ctl, "r1")
	c.add(10 * time.Minute)
	acquire(t, ctl, "r1") // renewed: it has had it all the time
	_, err := ctl.Acquire(t.Context(), "Account", "r2", "process of r2", nil)
	want := fmt.Sprintf("flow Account is held by run r1 (process of r1) since %s until %s",
		start.Format(time.RFC3339), start.Add(10*time.Minute+control.LeaseTime).Format(time.RFC3339))
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	old := control.Held{Lease: control.Lease{Flow: "Account", Run: "r0", Holder: "p", Expires: start}}
	if got := old.Error(); strings.Contains(got, "since") {
		t.Errorf("of a lease that doesn't say when it was taken: %s", got)
	}
}
