// Package standing finds out how the copy stands: the state of each flow in a word, the
// last runs, and whether somebody has to look. It reads the control table and the trace of
// a run that failed before it began, writes nothing, and asks neither the org nor the
// warehouse, so that it answers at any time and to who may only read.
//
// What it finds are reports of package status. Start at Look; state.go decides.
package standing

import (
	"context"
	"slices"
	"strings"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/verified"
	"catchment/internal/falsestart"
	"catchment/internal/flow"
	"catchment/internal/process"
	"catchment/internal/status"
	"catchment/internal/storage"
)

// A Wanted is a flow that the configuration names, or a control row.
type Wanted struct {
	Object string
	Paused bool
}

// A View is what is looked at.
type View struct {
	Control *control.Control
	Now     time.Time
	Wanted  []Wanted
	Trace   *falsestart.Trace // of a run that failed before it began, nil where there is none
	MaxAge  time.Duration     // flows that are further behind are late; 0: none are
	// whether the process of a name, which was there then, still is
	Process func(name string, then time.Time) process.Life
}

// Look finds out how all flows stand, and lists so many runs. bad tells whether a flow or
// the last run has failed, or a flow is late.
func (v View) Look(ctx context.Context, atMost int) (report status.Overview, bad bool, err error) {
	h, err := v.history(ctx)
	if err != nil {
		return report, false, err
	}
	rows, err := v.Control.Verified().All(ctx)
	if err != nil {
		return report, false, err
	}
	for _, f := range h.flows {
		one, err := v.flow(ctx, f, h)
		if err != nil {
			return report, false, err
		}
		if one.State == NotCopied && f.Watermark.IsZero() { // it never was, and is nobody's business
			continue
		}
		i := slices.IndexFunc(rows, func(c verified.Row) bool { return c.Object == f.Object })
		if i >= 0 {
			one.LastVerify = compared(rows[i])
		}
		report.Flows = append(report.Flows, one)
		bad = bad || one.Late || troubles(one.State)
	}
	for i, run := range h.runs {
		past := h.past(run)
		bad = bad || i == 0 && troubles(past.State)
		if i < atMost {
			report.Runs = append(report.Runs, past)
		}
	}
	if t := v.Trace; t != nil && (len(h.runs) == 0 || t.At.After(h.runs[0].Started)) {
		bad = true
		report.FalseStart = &status.FalseStart{
			At: t.At, By: t.By, Class: string(t.Class), Error: t.Error, Hint: t.Hint, Since: t.Since, Times: t.Times,
		}
	}
	return report, bad, nil
}

// A history is what the control table has, read once.
type history struct {
	View
	flows  []control.FlowRow
	runs   []control.RunRow // the last one first
	leases map[string]control.Lease
	states map[string]string // of runs, by their ids
}

// history reads the control table. A flow that is wanted and has no row yet gets one, once
// there was a run.
func (v View) history(ctx context.Context) (history, error) {
	h := history{View: v, leases: map[string]control.Lease{}, states: map[string]string{}}
	var err error
	if h.flows, err = v.Control.Flows(ctx); err != nil {
		return h, err
	}
	if h.runs, err = v.Control.Runs(ctx); err != nil {
		return h, err
	}
	leases, err := v.Control.Leases(ctx)
	if err != nil {
		return h, err
	}
	for _, l := range leases {
		h.leases[l.Flow] = l
	}
	for _, run := range h.runs {
		h.states[run.ID] = stateOfRun(run, v.Process(run.Holder, run.Started), run.Held(leases, v.Now), v.Now)
	}
	if len(h.runs) == 0 {
		return h, nil
	}
	for _, w := range v.Wanted {
		_, known := h.row(func(f control.FlowRow) bool { return strings.EqualFold(f.Object, w.Object) })
		if !known && !(flow.Flow{Object: w.Object}).Pattern() {
			h.flows = append(h.flows, control.FlowRow{Object: w.Object})
		}
	}
	slices.SortFunc(h.flows, func(a, b control.FlowRow) int { return strings.Compare(a.Object, b.Object) })
	return h, nil
}

// row finds a flow.
func (h history) row(is func(control.FlowRow) bool) (control.FlowRow, bool) {
	i := slices.IndexFunc(h.flows, is)
	if i < 0 {
		return control.FlowRow{}, false
	}
	return h.flows[i], true
}

// flow is how one flow stands.
func (v View) flow(ctx context.Context, f control.FlowRow, h history) (status.Flow, error) {
	open, found, err := v.Control.Open(ctx, f.Object)
	if err != nil {
		return status.Flow{}, err
	}
	s := situation{row: f, lease: h.leases[f.Object]}
	s.holder = h.states[s.lease.Run]
	if found {
		s.attempt = &open
	}
	s.wanted, s.paused = h.named(f.Object)
	bytes, at := storage.Taken(f.Object, storage.Held{Records: f.Held, At: f.HeldAt})
	one := status.Flow{
		Object: f.Object, Paused: f.Paused || s.paused, Watermark: status.Moment(f.Watermark), Grade: f.Grade,
		Rows: f.Rows, Generation: f.Generation, LastRun: f.LastRun,
		StorageBytes: bytes, StorageAsOf: status.Moment(at), PinnedSince: status.Moment(f.PinnedSince),
		Doubts: doubts(f.Doubts), Rejected: f.Rejected.Records, Outdated: f.Rejected.Rows,
	}
	if !f.Watermark.IsZero() { // the org's time, which may be ahead of this machine's
		one.Behind = new(status.Seconds(max(v.Now.Sub(f.Watermark), 0)))
	}
	if k := f.Files; k != nil {
		one.Files = &status.Files{Aside: k.Aside, AsOf: status.Moment(k.At), Bytes: k.Bytes, Copied: k.Copied,
			Nothing: k.Nothing, Waiting: k.Waiting, Why: k.Why}
	}
	for _, m := range f.Tables {
		one.Tables = append(one.Tables, status.Made{Bytes: m.Bytes, Deletes: m.Deletes, Files: m.Files,
			Snapshots: m.Snapshots, Table: m.Name})
	}
	for _, c := range f.Retired {
		one.Retired = append(one.Retired,
			status.Retired{By: c.By, Column: c.Column, Field: c.Field, Since: status.Moment(c.Since)})
	}
	s.tell(&one)
	copied := one.State != NotCopied && one.State != Paused
	one.Late = v.MaxAge > 0 && copied && (one.Behind == nil || time.Duration(*one.Behind) > v.MaxAge)
	return one, nil
}

// named tells whether an object is wanted, and paused where it is. People may spell it
// otherwise than the org, unless there is a flow that is spelled like that.
func (h history) named(object string) (wanted, paused bool) {
	first := "" // of the patterns
	for _, w := range h.Wanted {
		_, other := h.row(func(f control.FlowRow) bool { return f.Object == w.Object })
		named := flow.Flow{Object: w.Object}
		switch {
		case w.Object == object, strings.EqualFold(w.Object, object) && !other:
			return true, w.Paused
		case named.Pattern() && named.Matches(object): // a pattern; "*" takes what no other did
			if all := w.Object == flow.Star; !wanted || first == flow.Star && !all {
				wanted, paused, first = true, w.Paused, w.Object
			}
		}
	}
	return wanted, paused
}

// past is a run in a list of them.
func (h history) past(run control.RunRow) status.PastRun {
	past := status.PastRun{
		ID: run.ID, State: h.states[run.ID], Started: run.Started, By: run.Holder,
		Objects: len(run.Objects), Calls: run.Calls, Jobs: run.Jobs, Error: run.Error,
	}
	_, past.Failed, _, _ = run.Tally()
	if past.Error != "" {
		past.Hint = &run.Hint
	}
	switch past.State {
	case Waiting:
		past.WaitingUntil = &run.Until
	case Interrupted:
		past.Error = "it ended without a word: " + run.Holder + " is gone"
		past.Hint = new("the next run goes on from where it was: catchment run")
	}
	if !run.Ended.IsZero() {
		past.Seconds = new(status.Seconds(run.Ended.Sub(run.Started)))
	}
	return past
}

// compared is what the last comparison of a flow found.
func compared(c verified.Row) *status.Compared {
	one := &status.Compared{
		AsOf: status.Moment(c.AsOf), At: status.Moment(c.At), Compared: c.Compared, Grade: c.Grade,
		Differences: c.Remaining, Duplicates: c.Duplicates, Extra: c.Extra, Missing: c.Missing, Repaired: c.Repaired,
		Source: c.Source, Stale: c.Stale, Warehouse: c.Warehouse, Wrong: c.Wrong, Archived: c.Archived,
		Class: string(c.Class), Error: c.Error, Hint: c.Hint,
	}
	switch {
	case c.Error != "":
		one.State, one.FailedAt = "failed", new(status.Moment(c.FailedAt))
	case c.Remaining > 0:
		one.State = "differs"
	default:
		one.State = "same"
	}
	return one
}
