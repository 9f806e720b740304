package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"catchment/internal/control/versioned"
	"catchment/internal/plan"
)

// waiters has writes wait for their turn, all of which then go together, and gives what became of each.
func waiters(t *testing.T, table *Table, all []func() error) []error {
	t.Helper()
	errs := make([]error, len(all))
	table.writes.turn <- struct{}{}
	var wg sync.WaitGroup
	for i, one := range all {
		wg.Go(func() { errs[i] = one() })
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		table.writes.mu.Lock()
		n := len(table.writes.waiting)
		table.writes.mu.Unlock()
		if n == len(all) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d writes wait", n, len(all))
		}
	}
	<-table.writes.turn
	wg.Wait()
	return errs
}

// TestWritesTogether: of writes that go together each has its own answer.
func TestWritesTogether(t *testing.T) {
	t.Parallel()
	table := open(t, filepath.Join(t.TempDir(), "control.db"))
	ctx := t.Context()
	key := func(id string) versioned.Key { return versioned.Key{Kind: "k", ID: id} }
	old, err := table.Put(ctx, versioned.Row{Key: key("old"), Data: []byte("1")})
	if err != nil {
		t.Fatal(err)
	}
	gone, err := table.Put(ctx, versioned.Row{Key: key("gone"), Data: []byte("1")})
	if err != nil {
		t.Fatal(err)
	}
	put := func(r versioned.Row) func() error {
		return func() error { _, err := table.Put(ctx, r); return err }
	}
	stale := old
	stale.Version++
	errs := waiters(t, table, []func() error{
		put(versioned.Row{Key: key("a"), Data: []byte("one")}),
		put(versioned.Row{Key: key("a"), Data: []byte("other")}),
		put(versioned.Row{Key: key("b")}),
		put(stale),
		func() error { return table.Delete(ctx, gone) },
		func() error { return table.Delete(ctx, stale) },
	})
	if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs[0], errs[1]), versioned.ErrConflict) {
		t.Errorf("two that make one row: %v and %v", errs[0], errs[1])
	}
	for i, want := range []error{2: nil, 3: versioned.ErrConflict, 4: nil, 5: versioned.ErrConflict} {
		if i >= 2 && !errors.Is(errs[i], want) {
			t.Errorf("write %d: %v, want %v", i, errs[i], want)
		}
	}
	a, err := table.Get(ctx, key("a"))
	if want := map[bool]string{true: "one", false: "other"}[errs[0] == nil]; err != nil || string(a.Data) != want ||
		a.Version != 1 {
		t.Errorf("the row of both is %q, version %d, %v", a.Data, a.Version, err)
	}
	if _, err := table.Get(ctx, gone.Key); !errors.Is(err, versioned.ErrNotFound) {
		t.Errorf("what was deleted: %v", err)
	}
}

// TestWriteFailsAlone: one that SQLite refuses takes no other along.
func TestWriteFailsAlone(t *testing.T) {
	t.Parallel()
	table := open(t, filepath.Join(t.TempDir(), "control.db"))
	ctx := t.Context()
	if _, err := table.db.Exec("PRAGMA max_page_count = 20"); err != nil {
		t.Fatal(err)
	}
	var all []func() error
	for i := range 5 {
		size := 10
		if i == 2 {
			size = 1 << 20
		}
		all = append(all, func() error {
			row := versioned.Row{Key: versioned.Key{Kind: "k", ID: fmt.Sprint(i)}, Data: make([]byte, size)}
			_, err := table.Put(ctx, row)
			return err
		})
	}
	for i, err := range waiters(t, table, all) {
		_, stored := table.Get(ctx, versioned.Key{Kind: "k", ID: fmt.Sprint(i)})
		large := i == 2
		if (err != nil) != large || (stored != nil) != large || large && plan.ClassOf(err) != plan.Full {
			t.Errorf("write %d: %v; then %v", i, err, stored)
		}
	}
}

// TestWriteLeaves: who gives up while others write has written nothing, and keeps nobody.
func TestWriteLeaves(t *testing.T) {
	t.Parallel()
	table := open(t, filepath.Join(t.TempDir(), "control.db"))
	ctx, cancel := context.WithCancel(t.Context())
	table.writes.turn <- struct{}{}
	cancel()
	if _, err := table.Put(ctx, one); !errors.Is(err, context.Canceled) {
		t.Errorf("a write that nobody waits for: %v", err)
	}
	<-table.writes.turn
	if _, err := table.Get(t.Context(), one.Key); !errors.Is(err, versioned.ErrNotFound) {
		t.Errorf("it was written: %v", err)
	}
	put(t, table, one)
}

// TestListPrefix lists what begins with a text, and nothing that comes behind it, more of it than one batch has.
func TestListPrefix(t *testing.T) {
	t.Parallel()
	table := open(t, filepath.Join(t.TempDir(), "control.db"))
	ids := []string{"a", "a-", "a-1", "a.", "b", "ü", "ü1", "ý", "\U0010ffff", "\U0010ffffx"}
	for i := range batch + 10 {
		ids = append(ids, fmt.Sprintf("many-%04d", i))
	}
	for _, id := range ids {
		put(t, table, versioned.Row{Key: versioned.Key{Kind: "k", ID: id}})
	}
	for prefix, want := range map[string]int{
		"": len(ids), "a-": 2, "a": 4, "ü": 2, "\U0010ffff": 2, "many-": batch + 10, "many-0": batch + 10, "c": 0,
	} {
		n := 0
		for _, err := range table.List(t.Context(), "k", prefix) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != want {
			t.Errorf("%q begins %d IDs, want %d", prefix, n, want)
		}
	}
}
