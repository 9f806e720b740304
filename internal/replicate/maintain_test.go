package replicate_test

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/sqlite"
	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/upkeep"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/maintained"
)

// A tended warehouse is one whose tables are looked after, as it is told to.
type tended struct {
	warehouse.Warehouse // nobody asks it for anything else
	answers             []error
	more                int // calls until nothing is left to do
	left                string
	calls, own          int
	ownFails            error
	fences              []warehouse.Fence
}

func (w *tended) Name() string { return "tended" }

func (w *tended) Mark(_ context.Context, flow string) (warehouse.Mark, bool, error) {
	return warehouse.Mark{Flow: flow, Table: strings.ToLower(flow)}, true, nil
}

func (w *tended) Maintain(
	_ context.Context, f warehouse.Fence, table string, how maintained.How,
) (work maintained.Work, err error) {
	if table != "account" || how != maintained.Due {
		return work, errors.New("another table, or as by hand")
	}
	if w.calls < len(w.answers) {
		err = w.answers[w.calls]
	}
	w.calls++
	w.fences = append(w.fences, f)
	work.Tables = []maintained.Report{{Table: "salesforce.account", After: upkeep.Census{Files: w.calls}, Left: w.left}}
	work.More = w.calls < w.more
	return work, err
}

func (w *tended) MaintainOwn(context.Context, maintained.How) (maintained.Work, error) {
	w.own++
	return maintained.Work{}, w.ownFails
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestMaintain has the step look after the tables of flows whose attempts are merged, in pieces. What that fails over
// fails no flow, and is told.
func TestMaintain(t *testing.T) {
	t.Parallel()
	merged := []control.AttemptState{control.Created, control.Ready, control.Started, control.Extracted, control.Loaded,
		control.Consolidated}
	for name, c := range map[string]struct {
		w      tended
		states []control.AttemptState
		taken  bool
		calls  int
		note   string
	}{
		"once":           {states: merged, calls: 1},
		"in pieces":      {w: tended{more: 3}, states: merged, calls: 3},
		"not merged yet": {states: merged[:5]},
		"another's":      {states: merged, taken: true},
		"it fails": {w: tended{answers: []error{errors.New("the catalog is away")}}, states: merged, calls: 1,
			note: "its tables were not looked after: the catalog is away"},
		"ours fail": {w: tended{ownFails: errors.New("the catalog is away")}, states: merged, calls: 1,
			note: "tables that are no flow's were not looked after: the catalog is away"},
		"left alone": {w: tended{left: "somebody has written to it"}, states: merged, calls: 1,
			note: "its tables were not looked after: salesforce.account: somebody has written to it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			table, err := sqlite.Open(filepath.Join(t.TempDir(), "control.db"))
			must(t, err)
			t.Cleanup(func() { must(t, table.Close()) })
			ctl, err := control.New(ctx, table, time.Now, rand.Reader)
			must(t, err)
			l, err := ctl.Acquire(ctx, "Account", "run", "we", nil)
			must(t, err)
			a, err := ctl.Begin(ctx, control.Attempt{Flow: "Account", Run: "run", Fence: l.Fence})
			must(t, err)
			for _, state := range c.states {
				a.State = state
				a, err = ctl.SaveAttempt(ctx, a)
				must(t, err)
			}
			if c.taken {
				_, err := ctl.Acquire(ctx, "Account", "another", "they", func(string) bool { return true })
				must(t, err)
			}
			r := replicate.New(replicate.Collaborators{Warehouse: &c.w, Control: ctl},
				replicate.Options{Holder: "we", Now: time.Now})
			task := plan.Task{Run: "run", Flow: "Account", Attempt: a.ID, Fence: l.Fence}
			for calls := 0; !task.Done; calls++ {
				task, err = r.Steps().Do(ctx, replicate.Maintain, task)
				must(t, err)
				if calls > 5 {
					t.Fatal("it never ends")
				}
			}
			_, err = r.Steps().Do(ctx, replicate.Maintain, plan.Task{Run: "run", Items: []plan.Task{task}})
			must(t, err)
			if c.w.own != 1 {
				t.Errorf("tables that are no flow's: %d calls", c.w.own)
			}
			a, err = ctl.Attempt(ctx, a.ID)
			must(t, err)
			if got := strings.Join(a.Notes, "\n"); c.w.calls != c.calls || got != c.note || a.FailedRun != "" {
				t.Errorf("%d calls, not %d; notes %q, not %q; failed in %q", c.w.calls, c.calls, got, c.note,
					a.FailedRun)
			}
			row, err := ctl.Flow(ctx, "Account")
			must(t, err)
			want := []upkeep.Table{{Name: "salesforce.account", Census: upkeep.Census{Files: c.calls}}}
			if known := c.calls > 0 && c.w.answers == nil; known != reflect.DeepEqual(row.Tables, want) {
				t.Errorf("status is told of %+v", row.Tables)
			}
			for _, f := range c.w.fences {
				if f != (warehouse.Fence{Flow: "Account", Number: l.Fence}) {
					t.Errorf("under the fence %+v", f)
				}
			}
		})
	}
}

// TestUpkeepComesLast looks after tables once all rows are where they belong, and before the leases go.
func TestUpkeepComesLast(t *testing.T) {
	t.Parallel()
	p := replicate.WithUpkeep(replicate.Plan(2), 2)
	body, _ := p.Body.(plan.Seq)
	if len(body) != 3 || !reflect.DeepEqual(body[0], replicate.Plan(2).Body) ||
		!reflect.DeepEqual(p.Finally, replicate.Plan(2).Finally) {
		t.Errorf("the plan is %+v", p)
	}
}
