package progress

import (
	"time"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/plural"
	"catchment/internal/verify"
)

// A Verify shows how the comparison of some flows gets on, one after the other.
type Verify struct {
	say    Say
	screen *Screen
	board  *board
	told   *told
}

// NewVerify begins to show a verify of flows.
func NewVerify(screen *Screen, say Say, now func() time.Time, flows []flow.Flow) *Verify {
	v := &Verify{say: say, screen: screen, board: newBoard(), told: newTold(now)}
	names := make([]string, len(flows))
	for i, fl := range flows {
		names[i] = fl.Object
	}
	v.board.expect(names)
	screen.Show(func(columns, rows int) []string { return v.board.frame(columns, rows, now()) })
	return v
}

// Hear takes the progress of one comparison. That one of many records goes on is worth a
// line now and then.
func (v *Verify) Hear(p verify.Progress) {
	v.board.change(p.Flow, func(f *flowLine) {
		if f.phase = phase(p.Doing); p.Doing == verify.Reading {
			f.records, f.of, f.known = p.Records, p.Of, p.Known
		}
	})
	if p.Doing == verify.Reading && p.Records < p.Of && !v.screen.Drawn() && v.told.due(p.Flow, false) {
		v.say(p.Flow, string(p.Doing), "%s of %s read", plural.Count(p.Records), plural.Of(p.Of, "record"))
	}
}

// Ended tells how the comparison of a flow has ended.
func (v *Verify) Ended(flow string, err error) {
	v.board.change(flow, func(f *flowLine) {
		if f.ended = control.FlowDone; err != nil {
			f.ended = control.FlowFailed
		}
	})
}

// Close takes what is drawn off the screen.
func (v *Verify) Close() { v.screen.Clear() }
