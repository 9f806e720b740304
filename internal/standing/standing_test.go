package standing

import (
	"crypto/rand"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/sqlite"
	"catchment/internal/control/verified"
	"catchment/internal/control/versioned"
	"catchment/internal/falsestart"
	"catchment/internal/plan"
	"catchment/internal/process"
	"catchment/internal/status"
)

func newView(t *testing.T) View {
	t.Helper()
	table, err := sqlite.Open(filepath.Join(t.TempDir(), "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { table.Close() })
	c, err := control.New(t.Context(), table, func() time.Time { return noon }, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	alive := func(string, time.Time) process.Life { return process.Alive }
	return View{Control: c, Now: noon, Wanted: []Wanted{{Object: "Account"}, {Object: "contact"}}, Process: alive}
}

func (v View) saveRun(t *testing.T, r control.RunRow) {
	t.Helper()
	if _, err := v.Control.SaveRun(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func (v View) saveFlow(t *testing.T, f control.FlowRow) {
	t.Helper()
	if _, err := v.Control.SaveFlow(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func (v View) look(t *testing.T) (status.Overview, bool) {
	t.Helper()
	report, bad, err := v.Look(t.Context(), 5)
	if err != nil {
		t.Fatal(err)
	}
	return report, bad
}

// states are those of the flows of a report.
func states(o status.Overview) string {
	var all []string
	for _, f := range o.Flows {
		all = append(all, f.Object+" "+f.State)
	}
	return strings.Join(all, ", ")
}

func TestLook(t *testing.T) {
	t.Parallel()
	v := newView(t)
	if report, bad := v.look(t); bad || len(report.Flows)+len(report.Runs) > 0 {
		t.Errorf("before the first run: %+v, bad %v", report, bad)
	}
	v.saveFlow(t, control.FlowRow{Object: "Contact", LastRun: "r1", Watermark: noon.Add(-3 * time.Hour)})
	v.saveFlow(t, control.FlowRow{Object: "Lead", LastRun: "r1", Watermark: noon.Add(-100 * time.Hour), LastError: "x"})
	v.saveFlow(t, control.FlowRow{Object: "Typo", LastError: "the org has no object Typo"})
	ended := noon.Add(time.Minute)
	v.saveRun(t, control.RunRow{ID: "r1", State: control.Done, Started: noon, Ended: ended, Calls: 7, Jobs: 2})
	report, bad := v.look(t)
	if got := states(report); bad || got != "Account new, Contact idle, Lead not copied" {
		t.Errorf("%s, bad %v", got, bad)
	}
	if r := report.Runs[0]; r.Calls != 7 || r.Jobs != 2 || r.State != "done" {
		t.Errorf("%+v", r)
	}

	v.MaxAge = 4 * time.Hour
	v.Wanted[0].Paused = true
	if report, bad := v.look(t); bad || states(report) != "Account paused, Contact idle, Lead not copied" {
		t.Errorf("all are young enough, or nobody's business: %s, bad %v", states(report), bad)
	}
	v.MaxAge = 2 * time.Hour
	if report, bad := v.look(t); !bad || !report.Flows[1].Late || report.Flows[0].Late || report.Flows[2].Late {
		t.Errorf("one is late: %+v, bad %v", report.Flows, bad)
	}
	v.MaxAge = 4 * time.Hour
	v.Wanted[0].Paused = false
	if report, bad := v.look(t); !bad || !report.Flows[0].Late {
		t.Errorf("one was never copied: %+v, bad %v", report.Flows, bad)
	}
}

// What makes somebody look: a flow that failed, a run that did, one that died, and one that
// never began.
func TestLookTellsWhetherSomebodyHasTo(t *testing.T) {
	t.Parallel()
	began := control.RunRow{ID: "r2", State: control.Running, Started: noon, Holder: "somebody"}
	waits := began
	waits.Until, waits.Error = noon.Add(time.Hour), "limit"
	done := control.RunRow{ID: "r2", State: control.Done, Started: noon}
	for name, c := range map[string]struct {
		run   control.RunRow
		flow  control.FlowRow
		life  process.Life
		trace time.Duration // after the run; 0: none
		bad   bool
		state string
	}{
		"done":    {run: done, state: "done"},
		"stopped": {run: control.RunRow{ID: "r2", State: control.Stopped, Started: noon}, state: "stopped"},
		"waits": {
			run:  waits,
			life: process.Alive, state: "waiting",
		},
		"running": {run: began, life: process.Alive, state: "running"},
		"failed as a whole": {
			run: control.RunRow{ID: "r2", State: control.Failed, Started: noon, Error: "no"},
			bad: true, state: "failed",
		},
		"partial": {
			run: control.RunRow{ID: "r2", State: control.Partial, Started: noon}, bad: true, state: "partial",
		},
		"interrupted": {run: began, life: process.Dead, bad: true, state: "interrupted"},
		"a flow failed in the run before": {
			run:  done,
			flow: control.FlowRow{LastError: "no"}, bad: true, state: "done",
		},
		"never began": {
			run: done, trace: time.Minute, bad: true, state: "done",
		},
		"never began, before the last one did": {
			run: done, trace: -time.Minute, state: "done",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newView(t)
			v.Process = func(string, time.Time) process.Life { return c.life }
			v.saveRun(t, control.RunRow{ID: "r1", State: control.Failed, Started: noon.Add(-time.Hour)})
			v.saveRun(t, c.run)
			c.flow.Object, c.flow.LastRun = "Account", "r2"
			v.saveFlow(t, c.flow)
			if c.trace != 0 {
				v.Trace = &falsestart.Trace{At: noon.Add(c.trace), Error: "no secret", Times: 2}
			}
			report, bad := v.look(t)
			if until := report.Runs[0].WaitingUntil; (until != nil) != (c.state == Waiting) {
				t.Errorf("a run that is %s waits until %v", c.state, until)
			}
			if bad != c.bad || report.Runs[0].State != c.state || (report.FalseStart != nil) != (c.trace > 0) {
				t.Errorf("bad %v, %+v", bad, report)
			}
		})
	}
}

func TestLookAtComparisons(t *testing.T) {
	t.Parallel()
	v := newView(t)
	v.saveRun(t, control.RunRow{ID: "r1", State: control.Done, Started: noon})
	v.saveFlow(t, control.FlowRow{Object: "Account", LastRun: "r1"})
	rows := v.Control.Verified()
	compared := func() *status.Compared {
		t.Helper()
		report, bad := v.look(t)
		if bad {
			t.Error("what verify found is no failure of a run")
		}
		return report.Flows[0].LastVerify
	}
	if c := compared(); c != nil {
		t.Errorf("before the first: %+v", c)
	}
	found := verified.Row{Object: "Account", At: noon, Compared: "stamps", Source: 12, Warehouse: 12, Grade: "proven"}
	if err := rows.Save(t.Context(), found); err != nil {
		t.Fatal(err)
	}
	if c := compared(); c.State != "same" || c.Source != 12 || c.FailedAt != nil {
		t.Errorf("%+v", c)
	}
	why := plan.Fixf("copy it", "it was emptied")
	if err := rows.Fail(t.Context(), "Account", why); err != nil {
		t.Fatal(err)
	}
	if c := compared(); c.State != "failed" || c.Source != 12 || c.Error != "it was emptied" || c.Hint != "copy it" ||
		c.Class != "fix" || c.FailedAt == nil {
		t.Errorf("the last try failed: %+v", c)
	}
	found.Missing, found.Remaining = 2, 2
	if err := rows.Save(t.Context(), found); err != nil {
		t.Fatal(err)
	}
	if c := compared(); c.State != "differs" || c.Differences != 2 || c.Error != "" {
		t.Errorf("%+v", c)
	}
	if err := v.Control.Rebind(t.Context(), control.Org{ID: "00D000000000002AAA"}); err != nil {
		t.Fatal(err)
	}
	if c := compared(); c != nil {
		t.Errorf("of an org that another one has replaced: %+v", c)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	v := newView(t)
	a, err := v.Control.Begin(t.Context(), control.Attempt{Flow: "Account", Run: "r20"})
	if err != nil {
		t.Fatal(err)
	}
	a.State = control.Created
	a.Jobs, a.Calls = 1, 3
	if a, err = v.Control.SaveAttempt(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	v.saveRun(t, control.RunRow{ID: "r11", State: control.Done, Started: noon, Ended: noon.Add(time.Second)})
	v.saveRun(t, control.RunRow{ID: "r20", State: control.Running, Started: noon, Objects: []control.RunObject{
		{Object: "Account", Attempt: a.ID, State: control.FlowOpen, Calls: 2},
		{Object: "Contact", State: control.FlowFailed, Error: "no", Hint: "do", Class: plan.Fix},
	}})
	for id, want := range map[string]string{"last": "r20", "r20": "r20", "r2": "r20", "r1": "r11"} {
		report, err := v.Run(t.Context(), id)
		if err != nil || report.Run.ID != want {
			t.Errorf("%s is %s, %v", id, report.Run.ID, err)
		}
	}
	for _, id := range []string{"x", "", "r200"} {
		if _, err := v.Run(t.Context(), id); !errors.Is(err, versioned.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if _, err := v.Run(t.Context(), "r"); plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
		t.Errorf("two begin with r: %v", err)
	}
	report, err := v.Run(t.Context(), "last")
	if err != nil {
		t.Fatal(err)
	}
	account, contact := report.Objects[0], report.Objects[1]
	if account.Calls != 5 || account.Jobs != 1 || len(account.Steps) != 2 || account.Hint != nil {
		t.Errorf("what is under way: %+v", account)
	}
	if contact.Error != "no" || *contact.Hint != "do" || contact.Class != "fix" || report.Run.Failed != 1 {
		t.Errorf("%+v of %+v", contact, report.Run)
	}
	runs, err := v.Runs(t.Context(), 1)
	if err != nil || len(runs) != 1 || runs[0].ID != "r20" {
		t.Errorf("%+v, %v", runs, err)
	}
}
