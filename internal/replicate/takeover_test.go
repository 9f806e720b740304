package replicate_test

import (
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
	"catchment/internal/fakeorg"
	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/warehouse"
)

// A second runner on another machine waits for the lease; when the first is
// dead, it takes over at once or when the lease has ended.
func TestSecondRunner(t *testing.T) {
	for name, wait := range map[string]time.Duration{"known to be dead": 0, "its time is over": 40 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			r := small(t, "Contact", 20)
			p := r.start(&fate{at: 40})
			dead := p.run()
			p.close()
			other := func(p *process) { p.options.Alone = false }
			if o := r.run(other).Objects[0]; o.State != control.FlowFailed || !strings.Contains(o.Error, "is held by run "+dead.ID) || o.Hint == "" {
				t.Errorf("%+v", o)
			}
			r.later(wait)
			row := r.done(func(p *process) { p.options.Alone = wait == 0 })
			r.same()
			p = r.start(nil)
			defer p.close()
			runs, err := p.control.Runs(p.ctx)
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
	for _, step := range []string{replicate.Create, replicate.Load, replicate.Consolidate, replicate.Drop} {
		t.Run(step, func(t *testing.T) {
			r := small(t, "Contact", 20)
			old := r.start(nil)
			defer old.close()
			var once sync.Once
			old.before = func(s string, _ plan.Task) {
				if s != step {
					return
				}
				once.Do(func() { // the lease ends while the step sleeps, and another run does it all
					r.later(40 * time.Minute)
					fresh := r.start(nil)
					fresh.driver, fresh.wh = old.driver, old.wh // one DuckDB file, one process
					fresh.options.Alone = false
					if row := fresh.run(); row.State != control.Done {
						t.Errorf("%+v", row)
					}
					fresh.close()
				})
			}
			row := old.run()
			// At drop its own part was done; at any other step it was not.
			if done := row.Objects[0].State == control.FlowDone; row.State != control.Superseded || done != (step == replicate.Drop) {
				t.Errorf("%+v", row)
			}
			old.sameAs(r.flows[0], false)
		})
	}
}

// The warehouse itself refuses, whatever the control table says.
func TestLateWritesAreFenced(t *testing.T) {
	for _, step := range []string{replicate.Load, replicate.Consolidate} {
		t.Run(step, func(t *testing.T) {
			r := small(t, "Contact", 20)
			p := r.start(nil)
			defer p.close()
			var once sync.Once
			p.before = func(s string, task plan.Task) {
				if s == step {
					once.Do(func() {
						if _, err := p.wh.Claim(p.ctx, warehouse.Fence{Flow: "Contact", Number: task.Fence + 1}, "contact", r.org.ID()); err != nil {
							t.Error(err)
						}
					})
				}
			}
			id, err := p.control.NewRunID()
			r.must(err)
			p.walk(id)
			row, err := p.control.Run(p.ctx, id)
			if err != nil || row.State == control.Done {
				t.Errorf("%+v, %v", row, err)
			}
			if n := len(p.rows("Contact")); n != 0 {
				t.Errorf("%d rows came all the same", n)
			}
		})
	}
}

// A final table that somebody changed stops the flow, and --full mends it
// (invariant 12).
func TestTableBehindOurBack(t *testing.T) {
	tests := map[string]struct{ sql, error string }{
		"dropped":  {"DROP TABLE salesforce.contact", "dropped"},
		"emptied":  {"DELETE FROM salesforce.contact", "emptied"},
		"restored": {"UPDATE salesforce.contact SET _catchment_synced_at = _catchment_synced_at - INTERVAL 1 HOUR", "restored"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := small(t, "Contact", 20)
			r.done(nil)
			r.history(10, 2)
			r.done(nil)
			r.later(time.Hour)
			r.exec(test.sql)
			if o := r.run(nil).Objects[0]; o.State != control.FlowFailed || !strings.Contains(o.Error, test.error) || !strings.Contains(o.Hint, "--full Contact") {
				t.Errorf("%+v", o)
			}
			r.done(full)
			r.same()
			r.nothingLeft()
		})
	}
}

func TestForeignTable(t *testing.T) {
	r := small(t, "Contact", 5)
	r.exec("CREATE SCHEMA IF NOT EXISTS salesforce")
	r.exec("CREATE TABLE salesforce.contact (id VARCHAR, mine INTEGER)")
	if o := r.run(full).Objects[0]; o.State != control.FlowFailed || !strings.Contains(o.Error, "not made by Catchment") || o.Hint == "" {
		t.Errorf("%+v", o)
	}
}

// Another org under the same control table, or the same warehouse, is refused
// (invariant 13).
func TestAnotherOrg(t *testing.T) {
	r := small(t, "Contact", 5)
	r.done(nil)
	r.org = newOrg(t, map[string]int{"Contact": 5}, func(o *fakeorg.Options) { o.Seed = 2 })
	if row := r.run(nil); row.State != control.Failed || !strings.Contains(row.Error, "belongs to org") {
		t.Errorf("%+v", row)
	}
	r.lose("control.db")
	row := r.run(nil)
	if o := row.Objects[0]; row.State != control.Failed || !strings.Contains(o.Error, "holds a copy of org") || o.Hint == "" {
		t.Errorf("%+v", row)
	}
	if _, err := r.compare(r.flows[0]); plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), "holds a copy of org") {
		t.Errorf("verify: %v", err)
	}
}

// lose deletes a file, and what its database keeps beside it.
func (r *rig) lose(name string) {
	r.t.Helper()
	files, err := filepath.Glob(r.path(name) + "*")
	for _, f := range files {
		err = errors.Join(err, os.Remove(f))
	}
	if err != nil || len(files) == 0 {
		r.t.Fatal(err, files)
	}
}

func TestControlTableIsLost(t *testing.T) {
	r := small(t, "Contact", 20)
	r.done(nil)
	r.history(10, 2)
	r.done(nil)
	r.later(time.Hour)
	r.lose("control.db")
	o := r.done(nil).Objects[0]
	if notes := strings.Join(o.Notes, " "); !strings.Contains(notes, "everything is read again") || !o.From.IsZero() {
		t.Errorf("%+v", o)
	}
	r.same()
	r.later(time.Hour)
	if o := r.done(nil).Objects[0]; o.Mover != "none" {
		t.Errorf("%+v", o)
	}
}

// The warehouse is lost in any state of an attempt: what that one lacks is read
// again.
func TestWarehouseIsLost(t *testing.T) {
	for _, moment := range []int{0, 12, 24, 36, 48, 60} {
		r := small(t, "Contact", 20)
		r.done(nil)
		r.history(12, 2)
		if moment > 0 {
			p := r.start(&fate{at: moment})
			p.run()
			p.close()
		}
		r.lose("warehouse.duckdb")
		r.later(time.Hour)
		if o := r.done(nil).Objects[0]; !o.From.IsZero() || o.Records != int64(len(r.truth("Contact", ""))) {
			t.Errorf("moment %d: %+v", moment, o)
		}
		r.same()
	}
}

// An older copy of the warehouse's file comes back: its own watermark counts.
func TestWarehouseIsRestored(t *testing.T) {
	for _, moment := range []int{0, 20, 45} {
		r := small(t, "Contact", 20)
		r.done(nil)
		backup := t.TempDir()
		r.must(os.CopyFS(backup, os.DirFS(r.dir)))
		r.history(12, 2)
		r.done(nil)
		r.history(12, 3)
		if moment > 0 {
			p := r.start(&fate{at: moment})
			p.run()
			p.close()
		}
		r.lose("warehouse.duckdb")
		r.must(os.Rename(filepath.Join(backup, "warehouse.duckdb"), r.path("warehouse.duckdb")))
		r.done(nil)
		r.same()
	}
}

// A stage that is smaller than the data makes the extraction wait; pages of a
// flow that failed don't block the others.
func TestSmallStage(t *testing.T) {
	r := newRig(t, newOrg(t, map[string]int{"Contact": 60, "Account": 60, "Case": 60}, nil), "Contact", "Account", "Case")
	tight := func(p *process) { p.options.StageLimit, p.options.Keep = 2000, time.Hour }
	r.org.Fault(fakeorg.Rule{Path: "/results", Nth: 5, Status: 403, Body: `[{"errorCode":"INSUFFICIENT_ACCESS","message":"no"}]`})
	if row := r.run(tight); row.State != control.Partial {
		t.Errorf("%+v", row)
	}
	r.org.ClearFaults()
	r.done(tight)
	r.same()
	store, err := dir.New(r.path("stage"))
	r.must(err)
	var bytes int64
	for info, err := range store.List(t.Context(), "") {
		r.must(err)
		bytes += info.Size
	}
	if bytes == 0 || bytes > 12_000 { // the limit, and what was coming down
		t.Errorf("%d bytes are in the stage", bytes)
	}
}

// A stop finishes the page and goes home; the next run goes on from there.
func TestStop(t *testing.T) {
	r := newRig(t, newOrg(t, map[string]int{"Contact": 60, "Account": 60}, nil), "Contact", "Account")
	stop := make(chan struct{})
	var once sync.Once
	pages := 0
	r.between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		next.ServeHTTP(w, req)
		if strings.HasSuffix(req.URL.Path, "/results") {
			r.mu.Lock()
			defer r.mu.Unlock()
			if pages++; pages == 4 {
				once.Do(func() { close(stop) })
			}
		}
	})
	row := r.run(func(p *process) { p.options.Stop = stop })
	if row.State != control.Stopped {
		t.Errorf("%+v", row)
	}
	for _, o := range row.Objects {
		if o.State != control.FlowOpen || o.Error != "" {
			t.Errorf("%+v", o)
		}
	}
	r.between(nil)
	calls := r.calls(func() { r.done(nil) })
	if calls["results"]+pages > 2*9+2 { // nine pages of each; two may come again
		t.Errorf("%d pages came before the stop, %v after", pages, calls)
	}
	r.same()
	r.nothingLeft()
}

// A run that is asked to stop before it began has nothing to say.
func TestStopAtOnce(t *testing.T) {
	r := small(t, "Contact", 5)
	stop := make(chan struct{})
	close(stop)
	if row := r.run(func(p *process) { p.options.Stop = stop }); row.State != control.Stopped {
		t.Errorf("%+v", row)
	}
}

// Pages stay as long as they are to be kept, then they go; what verify left as
// well.
func TestKeep(t *testing.T) {
	r := small(t, "Contact", 20)
	keep := func(p *process) { p.options.Keep = 3 * time.Hour }
	count := func() (n int) {
		p := r.start(nil)
		defer p.close()
		for _, err := range p.stage.List(p.ctx, "") {
			r.must(err)
			n++
		}
		return n
	}
	r.done(keep)
	if n := count(); n != 3 {
		t.Errorf("%d pages are kept", n)
	}
	p := r.start(nil)
	_, err := p.stage.Put(p.ctx, "Contact/killed/verify/00001.csv", strings.NewReader("x"))
	r.must(err)
	p.close()
	r.later(2 * time.Hour)
	r.done(keep)
	if n := count(); n != 4 {
		t.Errorf("%d pages are kept", n)
	}
	r.later(2 * time.Hour)
	r.done(keep)
	if n := count(); n != 0 {
		t.Errorf("%d pages were kept for too long", n)
	}
}
