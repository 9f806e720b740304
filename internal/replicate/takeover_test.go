package replicate_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"catchment/internal/blob/dir"
	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/fakeorg"
	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/rig"
	"catchment/internal/warehouse"
)

// A second runner on another machine waits for the lease; when the first is
// dead, it takes over at once or when the lease has ended.
func TestSecondRunner(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]time.Duration{"known to be dead": 0, "its time is over": 40 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			r := rig.Small(t, "Contact", 20)
			p := r.Start(&rig.Fate{At: 40})
			dead := p.Run()
			p.Close()
			other := func(p *rig.Process) { p.Options.Alone = false }
			if o := r.Run(other).Objects[0]; o.State != control.FlowFailed ||
				!strings.Contains(o.Error, "is held by run "+dead.ID) || o.Hint == "" {
				t.Errorf("%+v", o)
			}
			r.Later(wait)
			row := r.Done(func(p *rig.Process) { p.Options.Alone = wait == 0 })
			r.Same()
			p = r.Start(nil)
			defer p.Close()
			runs, err := p.Control.Runs(p.Ctx)
			for _, run := range runs {
				if run.State == control.Running || run.ID == row.ID && run.State != control.Done {
					t.Errorf("%+v", run)
				}
			}
			if err != nil || len(runs) != 3 {
				t.Errorf("%d runs, %v", len(runs), err)
			}
		})
	}
}

// A runner that was thought dead wakes up: the fence refuses its late load and
// its late consolidation, and its run ends as superseded (invariant 7).
func TestOldRunnerIsRefused(t *testing.T) {
	t.Parallel()
	for _, step := range []string{replicate.Create, replicate.Load, replicate.Consolidate, replicate.Drop} {
		t.Run(step, func(t *testing.T) {
			r := rig.Small(t, "Contact", 20)
			old := r.Start(nil)
			defer old.Close()
			var once sync.Once
			old.Before = func(s string, _ plan.Task) {
				if s != step {
					return
				}
				once.Do(func() { // the lease ends while the step sleeps, and another run does it all
					r.Later(40 * time.Minute)
					fresh := r.Start(nil)
					fresh.Driver, fresh.Warehouse = old.Driver, old.Warehouse // one DuckDB file, one process
					fresh.Options.Alone = false
					if row := fresh.Run(); row.State != control.Done {
						t.Errorf("%+v", row)
					}
					fresh.Close()
				})
			}
			row := old.Run()
			// At drop its own part was done; at any other step it was not.
			if done := row.Objects[0].State == control.FlowDone; row.State != control.Superseded ||
				done != (step == replicate.Drop) {
				t.Errorf("%+v", row)
			}
			old.SameAs(r.Flows[0], false)
		})
	}
}

// The warehouse itself refuses, whatever the control table says.
func TestLateWritesAreFenced(t *testing.T) {
	t.Parallel()
	for _, step := range []string{replicate.Load, replicate.Consolidate} {
		t.Run(step, func(t *testing.T) {
			r := rig.Small(t, "Contact", 20)
			if step == replicate.Consolidate { // elsewhere, a first reading is merged by the step that loads
				r.Shelf = shelfOf(t, "ddlcommits")
			}
			p := r.Start(nil)
			defer p.Close()
			var once sync.Once
			p.Before = func(s string, task plan.Task) {
				if s == step {
					once.Do(func() {
						if _, err := p.Warehouse.Claim(p.Ctx, warehouse.Fence{Flow: "Contact", Number: task.Fence + 1},
							"contact", r.Org.ID()); err != nil {
							t.Error(err)
						}
					})
				}
			}
			id, err := p.Control.NewRunID()
			r.Must(err)
			p.Walk(id)
			row, err := p.Control.Run(p.Ctx, id)
			if err != nil || row.State == control.Done {
				t.Errorf("%+v, %v", row, err)
			}
			if n := len(p.Rows("Contact")); n != 0 {
				t.Errorf("%d rows came all the same", n)
			}
		})
	}
}

// A final table that somebody changed stops the flow, and --full mends it
// (invariant 12).
func TestTableBehindOurBack(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ sql, error string }{
		"dropped": {"DROP TABLE salesforce.contact", "dropped"},
		"emptied": {"DELETE FROM salesforce.contact", "emptied"},
		"restored": {"UPDATE salesforce.contact SET _catchment_synced_at = _catchment_synced_at - INTERVAL 1 HOUR",
			"restored"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := rig.Small(t, "Contact", 20)
			r.Done(nil)
			r.History(10, 2)
			r.Done(nil)
			r.Later(time.Hour)
			r.Exec(test.sql)
			if o := r.Run(nil).Objects[0]; o.State != control.FlowFailed || !strings.Contains(o.Error, test.error) ||
				!strings.Contains(o.Hint, "--full Contact") {
				t.Errorf("%+v", o)
			}
			doubts := r.FlowRow("Contact").Doubts
			if len(doubts) != 1 || doubts[0].Kind != recall.RowsWrong || !strings.Contains(doubts[0].Why, test.error) ||
				doubts[0].Hint != "load it anew with: catchment run --full Contact" || doubts[0].Since.IsZero() {
				t.Errorf("%+v", doubts)
			}
			r.Done(rig.Full)
			if doubts := r.FlowRow("Contact").Doubts; len(doubts) > 0 {
				t.Errorf("%+v", doubts)
			}
			r.Same()
			r.NothingLeft()
		})
	}
}

func TestForeignTable(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 5)
	r.Exec("CREATE SCHEMA IF NOT EXISTS salesforce")
	r.Exec("CREATE TABLE salesforce.contact (id VARCHAR, mine INTEGER)")
	if o := r.Run(rig.Full).Objects[0]; o.State != control.FlowFailed ||
		!strings.Contains(o.Error, "not made by Catchment") || o.Hint == "" {
		t.Errorf("%+v", o)
	}
}

// Another org under the same control table, or the same warehouse, is refused
// (invariant 13).
func TestAnotherOrg(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 5)
	r.Done(nil)
	r.Org = rig.NewOrg(t, map[string]int{"Contact": 5}, func(o *fakeorg.Options) { o.Seed = 2 })
	if row := r.Run(nil); row.State != control.Failed || !strings.Contains(row.Error, "belongs to org") {
		t.Errorf("%+v", row)
	}
	lose(r, "control.db")
	row := r.Run(nil)
	if row.State != control.Failed || len(row.Objects) > 0 || row.Hint == "" ||
		!strings.Contains(row.Error, "holds a copy of org") {
		t.Errorf("%+v", row)
	}
	if _, err := r.Compare(r.Flows[0]); plan.ClassOf(err) != plan.Fix ||
		!strings.Contains(err.Error(), "holds a copy of org") {
		t.Errorf("verify: %v", err)
	}
}

// lose deletes a file, and what its database keeps beside it.
func lose(r *rig.Rig, name string) {
	r.T.Helper()
	files, err := filepath.Glob(r.Path(name) + "*")
	for _, f := range files {
		err = errors.Join(err, os.Remove(f))
	}
	if err != nil || len(files) == 0 {
		r.T.Fatal(err, files)
	}
}

func TestControlTableIsLost(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Done(nil)
	r.History(10, 2)
	r.Done(nil)
	r.Later(time.Hour)
	lose(r, "control.db")
	var o control.RunObject
	calls := r.Calls(func() { o = r.Done(nil).Objects[0] })
	if notes := strings.Join(o.Notes, " "); !strings.Contains(notes, "the control table knew nothing") ||
		o.From.IsZero() || o.Mover != "none" {
		t.Errorf("%+v", o)
	}
	if n := charged(calls); n > 5 { // two more than a quiet run: the login, and what the org holds
		t.Errorf("a lost control table costs %d calls: %v", n, calls)
	}
	r.Same()
	r.Later(time.Hour)
	if o := r.Done(nil).Objects[0]; o.Mover != "none" || len(o.Notes) > 0 {
		t.Errorf("%+v", o)
	}
}

// A column that is still to be filled is known beside the mark, too.
func TestControlTableIsLostBeforeANewFieldIsFilled(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Must(r.Org.HideField("Contact", "Title"))
	r.Done(nil)
	r.Later(time.Hour)
	r.Must(r.Org.ShowField("Contact", "Title"))
	for at := 1; ; at += 3 {
		p := r.Start(&rig.Fate{At: at})
		if p.Control != nil { // it lived until it was open
			p.Run()
		}
		killed := context.Cause(p.Ctx) == rig.ErrKilled
		p.Close()
		lose(r, "control.db")
		if !killed {
			break
		}
	}
	r.Later(time.Hour)
	r.Done(nil)
	r.Same()
}

// Two configurations that take turns on one table are told of each other, and
// neither reads the table again for the other's sake.
func TestTwoConfigurationsTakeTurns(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	named := func(name string) func(*rig.Process) {
		return func(p *rig.Process) { p.Options.Name = name }
	}
	r.Done(named("first.yaml on one"))
	for turn := range 4 {
		r.Later(time.Hour)
		r.Must(os.Rename(r.Path("control.db"), r.Path("other.db")))
		if turn > 0 {
			r.Must(os.Rename(r.Path("third.db"), r.Path("control.db")))
		}
		names := []string{"second.yaml on two", "first.yaml on one"}
		o := r.Done(named(names[turn%2])).Objects[0]
		r.Must(os.Rename(r.Path("other.db"), r.Path("third.db")))
		notes := strings.Join(o.Notes, " ")
		if o.From.IsZero() || !strings.Contains(notes, names[(turn+1)%2]+", at 2026-01-0") {
			t.Errorf("turn %d: %+v", turn, o)
		}
		if turn > 0 && !strings.Contains(notes, "another configuration wrote this table") {
			t.Errorf("turn %d: %s", turn, notes)
		}
	}
	r.Same()
}

// The warehouse is lost in any state of an attempt: what that one lacks is read
// again.
func TestWarehouseIsLost(t *testing.T) {
	t.Parallel()
	for _, moment := range []int{0, 12, 24, 36, 48, 60} {
		r := rig.Small(t, "Contact", 20)
		r.Done(nil)
		r.History(12, 2)
		if moment > 0 {
			p := r.Start(&rig.Fate{At: moment})
			p.Run()
			p.Close()
		}
		lose(r, "warehouse.duckdb")
		r.Later(time.Hour)
		if o := r.Done(nil).Objects[0]; !o.From.IsZero() || o.Records != int64(len(r.Truth("Contact", ""))) {
			t.Errorf("moment %d: %+v", moment, o)
		}
		r.Same()
	}
}

// An older copy of the warehouse's file comes back: its own watermark counts.
func TestWarehouseIsRestored(t *testing.T) {
	t.Parallel()
	for _, moment := range []int{0, 20, 45} {
		r := rig.Small(t, "Contact", 20)
		r.Done(nil)
		backup := t.TempDir()
		r.Must(os.CopyFS(backup, os.DirFS(r.Dir)))
		r.History(12, 2)
		r.Done(nil)
		r.History(12, 3)
		if moment > 0 {
			p := r.Start(&rig.Fate{At: moment})
			p.Run()
			p.Close()
		}
		lose(r, "warehouse.duckdb")
		r.Must(os.Rename(filepath.Join(backup, "warehouse.duckdb"), r.Path("warehouse.duckdb")))
		r.Done(nil)
		r.Same()
	}
}

// A stage that is smaller than the data makes the extraction wait; pages of a
// flow that failed don't block the others.
func TestSmallStage(t *testing.T) {
	t.Parallel()
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Contact": 60, "Account": 60, "Case": 60}, nil), "Contact",
		"Account", "Case")
	tight := func(p *rig.Process) { p.Options.StageLimit, p.Options.Keep = 2000, time.Hour }
	r.Org.Fault(fakeorg.Rule{Path: "/results", Nth: 5, Status: 403,
		Body: `[{"errorCode":"INSUFFICIENT_ACCESS","message":"no"}]`})
	if row := r.Run(tight); row.State != control.Partial {
		t.Errorf("%+v", row)
	}
	r.Org.ClearFaults()
	r.Done(tight)
	r.Same()
	store, err := dir.New(r.Path("stage"))
	r.Must(err)
	var bytes int64
	for info, err := range store.List(t.Context(), "") {
		r.Must(err)
		bytes += info.Size
	}
	if bytes == 0 || bytes > 12_000 { // the limit, and what was coming down
		t.Errorf("%d bytes are in the stage", bytes)
	}
}

// A stop finishes the page and goes home; the next run goes on from there.
func TestStop(t *testing.T) {
	t.Parallel()
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Contact": 60, "Account": 60}, nil), "Contact", "Account")
	stop := make(chan struct{})
	var mu sync.Mutex // requests come side by side
	var once sync.Once
	pages := 0
	r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		next.ServeHTTP(w, req)
		if strings.HasSuffix(req.URL.Path, "/results") {
			mu.Lock()
			defer mu.Unlock()
			if pages++; pages == 4 {
				once.Do(func() { close(stop) })
			}
		}
	})
	row := r.Run(func(p *rig.Process) { p.Options.Stop = stop })
	if row.State != control.Stopped {
		t.Errorf("%+v", row)
	}
	for _, o := range row.Objects {
		if o.State != control.FlowOpen || o.Error != "" {
			t.Errorf("%+v", o)
		}
	}
	r.Between(nil)
	calls := r.Calls(func() { r.Done(nil) })
	if calls["results"]+pages > 2*9+2 { // nine pages of each; two may come again
		t.Errorf("%d pages came before the stop, %v after", pages, calls)
	}
	r.Same()
	r.NothingLeft()
}

// A run that is asked to stop before it began has nothing to say.
func TestStopAtOnce(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 5)
	stop := make(chan struct{})
	close(stop)
	if row := r.Run(func(p *rig.Process) { p.Options.Stop = stop }); row.State != control.Stopped {
		t.Errorf("%+v", row)
	}
}

// Pages stay as long as they are to be kept, then they go; what verify left as
// well.
func TestKeep(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	keep := func(p *rig.Process) { p.Options.Keep = 3 * time.Hour }
	count := func() (n int) {
		p := r.Start(nil)
		defer p.Close()
		for _, err := range p.Stage.List(p.Ctx, "") {
			r.Must(err)
			n++
		}
		return n
	}
	r.Done(keep)
	if n := count(); n != 3 {
		t.Errorf("%d pages are kept", n)
	}
	p := r.Start(nil)
	_, err := p.Stage.Put(p.Ctx, "Contact/killed/verify/00001.csv", strings.NewReader("x"))
	r.Must(err)
	p.Close()
	r.Later(2 * time.Hour)
	r.Done(keep)
	if n := count(); n != 4 {
		t.Errorf("%d pages are kept", n)
	}
	r.Later(2 * time.Hour)
	r.Done(keep)
	if n := count(); n != 0 {
		t.Errorf("%d pages were kept for too long", n)
	}
}
