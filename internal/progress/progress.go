// Package progress shows how a run or a verify gets on: on a terminal a line for each
// flow that something goes on for, as many as fit, and one for all of it; elsewhere a
// line now and then.
//
// What is known stands on a board (board.go); a frame is drawn of it, by a pure
// function of the board, the size of the terminal and the time (frame.go). A Screen
// puts frames on the terminal, and below them what else is said (screen.go). Package
// cli makes one Screen for all that goes to stderr, and a Run or a Verify for what it
// does (verify.go).
//
// Start at Run.
package progress

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"catchment/internal/control"
	"catchment/internal/plan"
	"catchment/internal/plural"
	"catchment/internal/printable"
	"catchment/internal/replicate"
	"catchment/internal/status"
)

// A Run shows how a run gets on. It is the run's observer.
type Run struct {
	say    Say
	screen *Screen
	board  *board
	told   *told
}

// A Say tells a line that stays, of a flow and a step; each of these may be "".
type Say func(flow, step, format string, args ...any)

// NewRun begins to show a run.
func NewRun(screen *Screen, say Say, now func() time.Time) *Run {
	r := &Run{say: say, screen: screen, board: newBoard(), told: newTold(now)}
	screen.Show(func(columns, rows int) []string { return r.board.frame(columns, rows, now()) })
	return r
}

// Begin is called when a step begins.
func (r *Run) Begin(step string, t plan.Task) {
	if t.Flow == "" {
		return
	}
	r.board.change(t.Flow, func(f *flowLine) {
		if step == replicate.Drop && f.failing { // nobody has tried it again
			f.ended = control.FlowFailed
		}
		f.phase, f.failing, f.waits = phase(step), false, ""
	})
}

// End is called when a step has ended. A failure that will be tried again is worth a
// line, since the run seems to hang meanwhile; it names its step.
func (r *Run) End(step string, t plan.Task, err error) {
	if step == replicate.List && err == nil && t.Done {
		names := make([]string, len(t.Items))
		for i, item := range t.Items {
			names[i] = item.Flow
		}
		r.board.expect(names)
	}
	if err == nil || plan.ClassOf(err) != plan.Retry || errors.Is(err, plan.ErrStopped) {
		return
	}
	if t.Flow != "" { // list and publish are the whole run's
		r.board.change(t.Flow, func(f *flowLine) { f.failing = true })
	}
	r.say(t.Flow, step, "%v; trying again", err)
}

// Hear takes a flow's progress.
func (r *Run) Hear(e replicate.Progress) {
	if !e.Until.IsZero() {
		r.wait(e)
		return
	}
	r.board.change(e.Flow, func(f *flowLine) {
		if e.Ended != "" {
			f.ended = e.Ended
			return
		}
		f.ended, f.waits = "", ""
		f.of, f.known = e.Of, e.Known
		if e.Step != replicate.Done { // which counts what the job holds
			f.records = e.Records
		}
	})
	r.tellBodies(e)
	if e.Step == replicate.Load && !r.screen.Drawn() && r.told.due(e.Flow, e.Records >= e.Of) {
		r.say(e.Flow, e.Step, "%s of %s loaded, %s", plural.Count(e.Records), plural.Of(e.Of, "record"),
			status.Size(e.Bytes))
	}
}

// tellBodies tells how many bodies of files have come, where nothing is drawn.
func (r *Run) tellBodies(e replicate.Progress) {
	if e.Step == replicate.Bodies && !r.screen.Drawn() && r.told.due(e.Flow, false) {
		r.say(e.Flow, e.Step, "%s read, %s", plural.Of(e.Records, "file"), status.Size(e.Bytes))
	}
}

// wait tells that a flow waits, or the whole run, what for and until when. That many
// wait for the same is said once.
func (r *Run) wait(e replicate.Progress) {
	why := strings.TrimPrefix(e.Why, e.Flow+": ") // so that many say the same
	short := fmt.Sprintf("waiting until %s: %s", e.Until.Local().Format("15:04"), printable.Line(why))
	who := "the run "
	if e.Flow != "" {
		who = ""
		r.board.change(e.Flow, func(f *flowLine) { f.waits = short })
	} else {
		r.board.wait(short)
	}
	if r.told.anew(why, e.Until) {
		r.say(e.Flow, e.Step, "%swaits until %s: %s", who, status.Stamp(e.Until), why)
	}
}

// Close takes what is drawn off the screen.
func (r *Run) Close() { r.screen.Clear() }

// A told remembers what has been said, so that it isn't said again and again.
type told struct {
	now func() time.Time

	mu    sync.Mutex
	last  map[string]time.Time // that a line told of a flow
	until map[string]time.Time // that a reason to wait held
}

func newTold(now func() time.Time) *told {
	return &told{now: now, last: map[string]time.Time{}, until: map[string]time.Time{}}
}

// due keeps the talk of a long load to a line every ten seconds, and its last.
func (t *told) due(flow string, last bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if !last && now.Sub(t.last[flow]) < 10*time.Second {
		return false
	}
	t.last[flow] = now
	return true
}

// anew tells whether a reason to wait is another one, or the same after its time.
func (t *told) anew(why string, until time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now().Before(t.until[why]) {
		return false
	}
	t.until[why] = until
	return true
}
