package standing

import (
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/plan"
	"catchment/internal/process"
	"catchment/internal/status"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestStateOfRun(t *testing.T) {
	t.Parallel()
	goes := control.RunRow{State: control.Running}
	waits := control.RunRow{State: control.Running, Until: noon.Add(time.Minute)}
	for _, c := range []struct {
		name string
		run  control.RunRow
		its  process.Life
		held bool
		want string
	}{
		{"one that has ended stays so", control.RunRow{State: control.Partial}, process.Dead, false, "partial"},
		{"one that goes on", goes, process.Alive, false, Busy},
		{"one whose process is gone", goes, process.Dead, true, Interrupted},
		{"one of another machine that holds flows", goes, process.Elsewhere, true, Busy},
		{"one that holds none", goes, process.Elsewhere, false, Interrupted},
		{"one that waits", waits, process.Alive, true, Waiting},
		{"one that died while it waited", waits, process.Dead, true, Interrupted},
		{"one that has waited", control.RunRow{State: control.Running, Until: noon}, process.Alive, true, Busy},
	} {
		if got := stateOfRun(c.run, c.its, c.held, noon); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestStateOfFlow(t *testing.T) {
	t.Parallel()
	failed := control.FlowRow{LastRun: "r1", LastError: "no", LastHint: "do", LastClass: plan.Fix, LastFailed: noon}
	lease := control.Lease{Run: "r2"}
	open := func(change func(*control.Attempt)) *control.Attempt {
		a := control.Attempt{State: control.Created, Updated: noon}
		if change != nil {
			change(&a)
		}
		return &a
	}
	waits := open(func(a *control.Attempt) {
		a.Waiting, a.Until, a.Error, a.ErrorClass = noon, noon.Add(time.Hour), "limit", plan.Wait
	})
	fails := open(func(a *control.Attempt) { a.FailedRun, a.Error, a.ErrorClass = "r2", "broken", plan.Bug })
	for _, c := range []struct {
		name string
		s    situation
		want status.Flow
	}{
		{"nothing is the matter", situation{row: control.FlowRow{LastRun: "r1"}, wanted: true},
			status.Flow{State: Idle}},
		{"it was taken over, and no run was at it", situation{row: control.FlowRow{Watermark: noon}, wanted: true},
			status.Flow{State: Idle}},
		{"no run was at it", situation{wanted: true}, status.Flow{State: New}},
		{"nobody wants it", situation{row: failed, attempt: open(nil)}, status.Flow{State: NotCopied}},
		{"it is paused by hand", situation{row: control.FlowRow{Paused: true, LastError: "no"}, wanted: true},
			status.Flow{State: Paused}},
		{"it is paused in the configuration", situation{row: failed, wanted: true, paused: true},
			status.Flow{State: Paused}},
		{"it failed", situation{row: failed, wanted: true},
			status.Flow{State: Failed, Error: "no", Hint: "do", Class: "fix", FailedAt: new(status.Moment(noon))}},
		{"an older version wrote down the error alone", situation{row: control.FlowRow{LastError: "no"}, wanted: true},
			status.Flow{State: Failed, Error: "no"}},
		{"it failed before, and a run is at it again",
			situation{row: failed, wanted: true, lease: lease, holder: Busy, attempt: open(nil)},
			status.Flow{State: Busy, Step: "created"}},
		{"a run begins with it", situation{row: failed, wanted: true, lease: lease, holder: Busy},
			status.Flow{State: Busy}},
		{"a run that goes on is done with it",
			situation{row: control.FlowRow{LastRun: "r2"}, wanted: true, lease: lease, holder: Busy},
			status.Flow{State: Idle}},
		{"it failed in a run that goes on",
			situation{row: control.FlowRow{LastRun: "r2"}, wanted: true, lease: lease, holder: Busy, attempt: fails},
			status.Flow{State: Failed, Error: "broken", Class: "bug", Step: "created",
				FailedAt: new(status.Moment(noon))}},
		{"it waits", situation{row: failed, wanted: true, lease: lease, holder: Busy, attempt: waits},
			status.Flow{State: Waiting, Error: "limit", Class: "wait", Step: "created",
				WaitingUntil: new(noon.Add(time.Hour))}},
		{"it waited in a run that died", situation{wanted: true, lease: lease, holder: Interrupted, attempt: waits},
			status.Flow{State: Interrupted, Step: "created", Error: "the process of run r2 is gone",
				Hint: "the next run goes on from where it was: catchment run"}},
		{"a run was stopped", situation{row: control.FlowRow{LastRun: "r1"}, wanted: true, attempt: open(nil)},
			status.Flow{State: Stopped, Step: "created"}},
	} {
		var got status.Flow
		c.s.tell(&got)
		if !alike(got, c.want) {
			t.Errorf("%s:\n%+v, want\n%+v", c.name, got, c.want)
		}
	}
}

// alike compares what tell fills in.
func alike(a, b status.Flow) bool {
	at := func(m *status.Moment) time.Time {
		if m == nil {
			return time.Time{}
		}
		return time.Time(*m)
	}
	until := func(t *time.Time) time.Time {
		if t == nil {
			return time.Time{}
		}
		return *t
	}
	return a.State == b.State && a.Error == b.Error && a.Hint == b.Hint && a.Class == b.Class && a.Step == b.Step &&
		at(a.FailedAt).Equal(at(b.FailedAt)) && until(a.WaitingUntil).Equal(until(b.WaitingUntil))
}
