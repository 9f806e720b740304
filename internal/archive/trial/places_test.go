package trial

import (
	"context"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"catchment/internal/archive/removal"
	"catchment/internal/blob"
	"catchment/internal/fakeorg"
	"catchment/internal/plan"
	"catchment/internal/rig"
)

// What happens to the places that an archive needs: the disk, the day's calls, the bin, the
// warehouse, and another archive.

// full is a store whose disk has no room left for some blobs.
type full struct {
	blob.Store
	what string
}

func (s full) Put(ctx context.Context, key string, r io.Reader) (blob.Info, error) {
	if strings.Contains(key, s.what) {
		return blob.Info{}, fmt.Errorf("write %s: %w", key, syscall.ENOSPC)
	}
	return s.Store.Put(ctx, key, r)
}

// Without room for the intent of a batch nothing is posted; once there is room it goes on.
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil).prepared()
	_, err := m.carryOut(nil, m.pol, m.name, func(_ *rig.Process, r *removal.Remover) {
		r.Store = full{r.Store, "/evidence/"}
	})
	if err == nil || !strings.Contains(err.Error(), syscall.ENOSPC.Error()) {
		t.Errorf("it ends with %v", err)
	}
	if n := m.Org.Writes(); len(n) > 0 {
		t.Errorf("requests that write: %v", n)
	}
	m.runs()
	m.ended(map[string]string{m.one: "deleted", m.other: "deleted", m.child: "deleted"})
}

// The day's calls are used up: it waits, and says until when; nobody loses anything.
func TestCallsOfTheDayAreUsedUp(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil).prepared()
	m.before(m.one, func() {
		m.Org.Fault(fakeorg.Rule{Kind: "collection", Method: "DELETE", Answer: "daily-limit"})
	})
	_, err := m.carryOut(nil, m.pol, m.name, nil)
	if plan.ClassOf(err) != plan.Wait || plan.HintOf(err) == "" && plan.UntilOf(err).IsZero() {
		t.Errorf("it ends with %v (%v), hint %q", err, plan.ClassOf(err), plan.HintOf(err))
	}
	if left := m.live(root); len(left) != 2 {
		t.Errorf("%d Cases are left", len(left))
	}
	m.Org.ClearFaults()
	m.Later(25 * time.Hour)
	m.runs()
	m.ended(map[string]string{m.one: "deleted", m.other: "deleted", m.child: "deleted"})
}

// What the policy lets go in a day goes in a day, the rest later.
func TestPerDay(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil)
	m.pol.Cap.PerDay = 2
	m.prepared()
	for day := 1; ; day++ {
		before := len(m.witness.gone())
		status, err := m.carryOut(nil, m.pol, m.name, nil)
		if n := len(m.witness.gone()) - before; n > 2 {
			t.Fatalf("day %d: %d records are gone", day, n)
		}
		if err == nil && status.Finished {
			break
		}
		if plan.ClassOf(err) != plan.Wait || day > 5 {
			t.Fatalf("day %d: %v", day, err)
		}
		m.Later(plan.UntilOf(err).Sub(m.Org.Clock().Now()) + time.Second)
	}
	m.ended(map[string]string{m.one: "deleted", m.other: "deleted", m.child: "deleted"})
}

// The bin would overflow, and the oldest of it be gone for good: it stops before.
func TestBinIsAboutToOverflow(t *testing.T) {
	t.Parallel()
	m := newMishap(t, func(o *fakeorg.Options) { o.DataStorageMB = 1 }) // room for 25
	for range 30 {
		m.people.closed(nil)
	}
	m.Later(time.Hour)
	m.prepared()
	for range 4 {
		_, err := m.carryOut(nil, m.pol, m.name, nil)
		if err == nil {
			break
		}
		if plan.ClassOf(err) != plan.Wait {
			t.Fatal(err)
		}
		m.Later(time.Minute)
	}
	if n := len(m.witness.gone()); n > 25 {
		t.Errorf("%d records are in a bin that has room for 25", n)
	}
}

// Two processes carry out one plan: one of them is told so, and nothing is sent twice.
func TestTwoArchivesAtOnce(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil)
	m.Shelf = rig.NewShelf(t, &cluster, "postgres") // a file of DuckDB has one process
	m.prepared()
	var second error
	m.before(m.child, func() {
		m.witness.mu.Unlock() // the second process asks the org, too
		defer m.witness.mu.Lock()
		second = m.beside()
	})
	m.runs()
	if second == nil {
		t.Error("a second process carried the plan out beside the first")
	}
	t.Logf("the second: %v", second)
	m.ended(map[string]string{m.one: "deleted", m.other: "deleted", m.child: "deleted"})
}

// beside carries the plan out in a process that knows of no lock which would prove the first dead.
func (m *mishap) beside() error {
	p := m.Start(nil)
	defer p.Close()
	p.Options.Alone = false
	r := m.remover(p, m.pol)
	_, err := r.Run(p.Ctx, m.name, true)
	return err
}

// The warehouse that was restored from a backup proves nothing.
func TestWarehouseFromYesterday(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil).prepared()
	backup := m.backup()
	m.Later(time.Hour)
	stop := make(chan struct{})
	_, err := m.carryOut(nil, m.pol, m.name, func(_ *rig.Process, r *removal.Remover) {
		r.Stop = stop
		m.before(m.child, func() { close(stop) })
	})
	m.witness.before = nil
	t.Logf("stopped: %v", err)
	m.restore(backup)
	m.stops(plan.Fix, "")
	if left := m.live(root); len(left) != 2 {
		t.Errorf("%d Cases are left", len(left))
	}
}
