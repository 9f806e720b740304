package control_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/control/sqlite"
	"catchment/internal/control/versioned"
	"catchment/internal/plan"
)

// A clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

var start = time.Date(2026, 11, 23, 15, 4, 5, 6_000_000, time.UTC)

func openTable(t *testing.T) versioned.Table {
	t.Helper()
	table, err := sqlite.Open(filepath.Join(t.TempDir(), "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { table.Close() })
	return table
}

func newControl(t *testing.T, table versioned.Table, c *clock) *control.Control {
	t.Helper()
	ctl, err := control.New(t.Context(), table, c.now, rand.NewChaCha8([32]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	return ctl
}

func setup(t *testing.T) (*control.Control, *clock) {
	c := &clock{t: start}
	return newControl(t, openTable(t), c), c
}

// A faulty table fails where fail says so; before the table is asked, or after
// it has done what it was asked for.
type faulty struct {
	versioned.Table
	before, after func(op string, k versioned.Key) error
}

func (f faulty) Get(ctx context.Context, k versioned.Key) (versioned.Row, error) {
	if err := f.ask(f.before, "get", k); err != nil {
		return versioned.Row{}, err
	}
	return f.Table.Get(ctx, k)
}

func (f faulty) Put(ctx context.Context, r versioned.Row) (versioned.Row, error) {
	if err := f.ask(f.before, "put", r.Key); err != nil {
		return versioned.Row{}, err
	}
	out, err := f.Table.Put(ctx, r)
	if err == nil {
		err = f.ask(f.after, "put", r.Key)
	}
	return out, err
}

func (f faulty) ask(fail func(string, versioned.Key) error, op string, k versioned.Key) error {
	if fail == nil {
		return nil
	}
	return fail(op, k)
}

func wantErr(t *testing.T, err, want error, class plan.Class) {
	t.Helper()
	if !errors.Is(err, want) || plan.ClassOf(err) != class {
		t.Errorf("error %v of class %s, want %v of class %s", err, plan.ClassOf(err), want, class)
	}
}

func TestIDsSort(t *testing.T) {
	ctl, c := setup(t)
	var ids []string
	for i := range 50 {
		if i%10 == 9 {
			c.add(time.Duration(i-20) * time.Millisecond) // also back
		}
		id, err := ctl.NewRunID()
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Errorf("not sorted, or not unique: %q", ids)
	}
	if !strings.HasPrefix(ids[0], "20261123T150405006-") {
		t.Errorf("first id %s", ids[0])
	}
}

func TestIDNeedsRandom(t *testing.T) {
	ctl, err := control.New(t.Context(), openTable(t), time.Now, strings.NewReader("ab"))
	if err != nil {
		t.Fatal(err)
	}
	if id, err := ctl.NewRunID(); err == nil {
		t.Errorf("made %q of too little randomness", id)
	}
}

func TestBind(t *testing.T) {
	ctl, _ := setup(t)
	for range 2 {
		if err := ctl.Bind(t.Context(), "00D000000000001AAA"); err != nil {
			t.Fatal(err)
		}
	}
	err := ctl.Bind(t.Context(), "00D000000000002AAA")
	if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
		t.Errorf("another org: %v, hint %q", err, plan.HintOf(err))
	}
}

// What a look refuses, a bind refuses too; a look binds nothing.
func TestLook(t *testing.T) {
	ctl, _ := setup(t)
	ctx := t.Context()
	for _, org := range []string{"00D000000000001AAA", "00D000000000002AAA"} {
		if err := ctl.Look(ctx, org); err != nil {
			t.Errorf("a table that is nobody's: %v", err)
		}
	}
	if bound, err := ctl.Org(ctx); err != nil || bound.ID != "" {
		t.Errorf("bound to %q, %v", bound.ID, err)
	}
	if err := ctl.Bind(ctx, "00D000000000001AAA"); err != nil {
		t.Fatal(err)
	}
	err := ctl.Look(ctx, "00D000000000002AAA")
	if again := ctl.Bind(ctx, "00D000000000002AAA"); err == nil || again == nil || err.Error() != again.Error() ||
		!strings.Contains(plan.HintOf(err), "--new-org") {
		t.Errorf("look: %v, bind: %v", err, again)
	}
}

// Another org in the place of one: what was known of flows doesn't hold for it, and
// what is open of them is of an older generation.
func TestRebind(t *testing.T) {
	ctl, _ := setup(t)
	ctx := t.Context()
	if err := ctl.Bind(ctx, "00D000000000001AAA"); err != nil {
		t.Fatal(err)
	}
	if err := ctl.Name(ctx, "Acme", "sandbox"); err != nil {
		t.Fatal(err)
	}
	if _, err := ctl.UpdateFlow(ctx, "Account", func(f *control.FlowRow) {
		f.Paused, f.Generation, f.Fingerprint, f.KeyPrefix = true, 3, "f", "001"
		f.Watermark, f.Grade, f.SweptAt, f.ClearFrom, f.Rows = start, "proven", start, 2, 7
	}); err != nil {
		t.Fatal(err)
	}
	next := control.Org{ID: "00D000000000002AAA", Name: "Acme", Kind: "sandbox"}
	for n := range int64(2) {
		if err := ctl.Rebind(ctx, next); err != nil {
			t.Fatal(err)
		}
		got, err := ctl.Flow(ctx, "Account")
		want := control.FlowRow{Object: "Account", Paused: true, Rows: 7, Version: got.Version,
			Memory: recall.Memory{Generation: 5 + 2*n, Fingerprint: "f", ClearFrom: 2}}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v: got %+v, want %+v", err, got, want)
		}
	}
	if bound, err := ctl.Org(ctx); err != nil || bound != next {
		t.Errorf("bound to %+v, %v", bound, err)
	}
}

// TestBindRace: the slower one of two that bind at once sees who was faster.
func TestBindRace(t *testing.T) {
	table := openTable(t)
	first := newControl(t, table, &clock{t: start})
	raced := false
	slow := faulty{Table: table, before: func(op string, k versioned.Key) error {
		if op == "put" && !raced {
			raced = true
			return first.Bind(t.Context(), "00D000000000001AAA")
		}
		return nil
	}}
	ctl := newControl(t, slow, &clock{t: start})
	if err := ctl.Bind(t.Context(), "00D000000000002AAA"); plan.ClassOf(err) != plan.Fix {
		t.Errorf("bound to two orgs: %v", err)
	}
	raced = false
	if err := ctl.Bind(t.Context(), "00D000000000001AAA"); err != nil {
		t.Error(err)
	}
}

func TestMigrate(t *testing.T) {
	table := openTable(t)
	var done []int
	crash := errors.New("crash")
	step := func(n int, err error) control.Migration {
		return func(context.Context, versioned.Table) error { done = append(done, n); return err }
	}
	ctx := t.Context()
	if err := control.Migrate(ctx, table,
		[]control.Migration{step(1, nil), step(2, crash), step(3, nil)}); !errors.Is(err, crash) {
		t.Fatalf("error %v, want the crash", err)
	}
	all := []control.Migration{step(1, nil), step(2, nil), step(3, nil)}
	for range 2 {
		if err := control.Migrate(ctx, table, all); err != nil {
			t.Fatal(err)
		}
	}
	if want := []int{1, 2, 2, 3}; !slices.Equal(done, want) {
		t.Errorf("steps done: %v, want %v", done, want)
	}
	err := control.Migrate(ctx, table, all[:2])
	if plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), "version 3") {
		t.Errorf("an older catchment: %v", err)
	}
}

// TestMigrateRace: another process migrates between our read and our write.
func TestMigrateRace(t *testing.T) {
	table := openTable(t)
	raced := false
	steps := control.Migrations()
	steps[0] = func(ctx context.Context, _ versioned.Table) error {
		if raced {
			return nil
		}
		raced = true
		_, err := control.New(ctx, table, time.Now, nil)
		return err
	}
	if err := control.Migrate(t.Context(), table, steps); err != nil {
		t.Error(err)
	}
}

func TestFlows(t *testing.T) {
	ctl, _ := setup(t)
	ctx := t.Context()
	f, err := ctl.Flow(ctx, "Contact")
	if err != nil || !reflect.DeepEqual(f, control.FlowRow{Object: "Contact"}) {
		t.Fatalf("a new flow: %+v, %v", f, err)
	}
	f.Watermark, f.Grade, f.Rows, f.Generation = start, "proven", 12, 2
	saved, err := ctl.SaveFlow(ctx, f)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ctl.Flow(ctx, "Contact"); err != nil || !reflect.DeepEqual(got, saved) {
		t.Errorf("read %+v, %v; saved %+v", got, err, saved)
	}
	_, err = ctl.SaveFlow(ctx, f)
	wantErr(t, err, versioned.ErrConflict, plan.Retry)
	if _, err := ctl.UpdateFlow(ctx, "Account", func(f *control.FlowRow) { f.Paused = true }); err != nil {
		t.Fatal(err)
	}
	all, err := ctl.Flows(ctx)
	if err != nil || len(all) != 2 || all[0].Object != "Account" || !reflect.DeepEqual(all[1], saved) {
		t.Errorf("flows: %+v, %v", all, err)
	}
}

// TestUpdateFlowLosesNothing: many writers at once, each change counts.
func TestUpdateFlowLosesNothing(t *testing.T) {
	ctl, _ := setup(t)
	const writers, times = 4, 5
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range times {
				if _, err := ctl.UpdateFlow(t.Context(), "Account", func(f *control.FlowRow) { f.Rows++ }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if f, err := ctl.Flow(t.Context(), "Account"); err != nil || f.Rows != writers*times {
		t.Errorf("%d changes counted, %v; want %d", f.Rows, err, writers*times)
	}
}

func TestUpdateFlowGivesUp(t *testing.T) {
	tries := 0
	table := faulty{Table: openTable(t), before: func(op string, k versioned.Key) error {
		if op == "put" && k.Kind == "flow" {
			tries++
			return versioned.ErrConflict
		}
		return nil
	}}
	_, err := newControl(t, table, &clock{t: start}).UpdateFlow(t.Context(), "Account", func(*control.FlowRow) {})
	wantErr(t, err, versioned.ErrConflict, plan.Retry)
	if tries < 2 || tries > 100 {
		t.Errorf("%d tries", tries)
	}
}

func TestRuns(t *testing.T) {
	ctl, c := setup(t)
	ctx := t.Context()
	var ids []string
	for range 3 {
		id, err := ctl.NewRunID()
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
		if _, err := ctl.SaveRun(ctx, control.RunRow{ID: id, State: control.Running, Started: c.now()}); err != nil {
			t.Fatal(err)
		}
	}
	r, err := ctl.Run(ctx, ids[1])
	if err != nil {
		t.Fatal(err)
	}
	r.State, r.Objects = control.Done, []control.RunObject{{Object: "Account", State: control.FlowDone, Records: 3}}
	ended, err := ctl.SaveRun(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	r.State = control.Running
	_, err = ctl.SaveRun(ctx, r)
	wantErr(t, err, versioned.ErrConflict, plan.Retry)
	ended.State = control.Running
	if _, err := ctl.SaveRun(ctx, ended); plan.ClassOf(err) != plan.Bug {
		t.Errorf("a run that has ended runs again: %v", err)
	}
	all, err := ctl.Runs(ctx)
	if err != nil || len(all) != 3 || all[0].ID != ids[2] || all[1].Objects[0].Records != 3 || all[2].ID != ids[0] {
		t.Errorf("runs: %+v, %v", all, err)
	}
	_, err = ctl.Run(ctx, "none")
	wantErr(t, err, versioned.ErrNotFound, plan.Bug)
}

func TestRunStates(t *testing.T) {
	for _, from := range control.RunStates() {
		for _, to := range append(control.RunStates(), "", "other") {
			want := slices.Contains(control.RunStates(), to) && (from == to || from == control.Running)
			if got := from.To(to) == nil; got != want {
				t.Errorf("%s to %q: allowed %v, want %v", from, to, got, want)
			}
		}
	}
}

func TestPages(t *testing.T) {
	ctl, _ := setup(t)
	ctx := t.Context()
	var want []control.PageRow
	for i := range 12 {
		want = append(want, control.PageRow{
			Attempt: "Account-1", Job: "750", Name: "p", Key: "k", Seq: int64(i + 1), Records: 2000, Gzip: i%2 == 0,
			Header: []string{"Id", "Name"}, Digits: []control.Digits{{Column: "Amount", Whole: 16, Fraction: 2}},
		})
	}
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(len(want)) {
		if err := ctl.SavePage(ctx, want[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := ctl.SavePage(ctx, control.PageRow{Attempt: "Account-10", Seq: 1}); err != nil {
		t.Fatal(err)
	}
	want[3].Loaded = true
	if err := ctl.SavePage(ctx, want[3]); err != nil {
		t.Fatal(err)
	}
	got, err := ctl.Pages(ctx, "Account-1")
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d pages, %v; want %d", len(got), err, len(want))
	}
	for i := range got {
		if got[i].Seq != want[i].Seq || got[i].Loaded != want[i].Loaded || got[i].Digits[0] != want[i].Digits[0] {
			t.Errorf("page %d: %+v, want %+v", i, got[i], want[i])
		}
	}
	for range 2 {
		if err := ctl.DropPages(ctx, "Account-1"); err != nil {
			t.Fatal(err)
		}
	}
	gone, _ := ctl.Pages(ctx, "Account-1")
	left, _ := ctl.Pages(ctx, "Account-10")
	if len(gone) != 0 || len(left) != 1 {
		t.Errorf("%d pages left of the dropped attempt, %d of the other; want 0 and 1", len(gone), len(left))
	}
}

func TestPrune(t *testing.T) {
	ctl, c := setup(t)
	ctx := t.Context()
	for id, state := range map[string]control.RunState{"a": control.Running, "b": control.Failed} {
		if _, err := ctl.SaveRun(ctx, control.RunRow{ID: id, State: state}); err != nil {
			t.Fatal(err)
		}
	}
	a := begin(t, ctl, "Account")
	for _, next := range []control.AttemptState{control.Abandoned, control.Dropped} {
		a.State = next
		a = save(t, ctl, a)
	}
	open := begin(t, ctl, "Account")
	for _, want := range []int{0, 2, 0} {
		if n, err := ctl.Prune(ctx); err != nil || n != want {
			t.Errorf("%d rows pruned, %v; want %d", n, err, want)
		}
		c.add(91 * 24 * time.Hour)
	}
	runs, _ := ctl.Runs(ctx)
	attempts, _ := ctl.Attempts(ctx, "")
	if len(runs) != 1 || runs[0].ID != "a" || len(attempts) != 1 || attempts[0].ID != open.ID {
		t.Errorf("left: runs %+v, attempts %+v", runs, attempts)
	}
}

func TestDamagedRow(t *testing.T) {
	table := openTable(t)
	ctl := newControl(t, table, &clock{t: start})
	if _, err := table.Put(t.Context(), versioned.Row{Key: versioned.Key{Kind: "flow", ID: "Account"},
		Data: []byte("{")}); err != nil {
		t.Fatal(err)
	}
	if _, err := ctl.Flow(t.Context(), "Account"); err == nil || !strings.Contains(err.Error(), "flow Account") {
		t.Errorf("read: %v", err)
	}
	if _, err := ctl.Flows(t.Context()); err == nil {
		t.Error("list: no error")
	}
}
