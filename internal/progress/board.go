package progress

import (
	"slices"
	"sync"
	"time"

	"catchment/internal/control"
)

// A board is what is known of how far all flows are. It is told by many goroutines at
// once, and read while the screen is drawn.
type board struct {
	mu     sync.Mutex
	listed bool // all flows are known that there will be
	flows  []*flowLine
	byName map[string]*flowLine
	waits  string // why all of it waits, "" where it doesn't
	speed  speed
}

// A flowLine is how far one flow is.
type flowLine struct {
	name    string
	phase   phase
	waits   string // until when, while it waits for a limit
	records int64  // so far
	of      int64  // as far as Salesforce has said
	known   bool   // of is all there is
	failing bool   // its last step failed, and may be tried again
	ended   control.FlowState
}

// active tells whether something goes on for the flow that is worth a line.
func (f *flowLine) active() bool { return f.ended == "" && f.phase.words() != "" }

func newBoard() *board { return &board{byName: map[string]*flowLine{}} }

// flow finds the line of a flow, or adds it. The board is locked.
func (b *board) flow(name string) *flowLine {
	if f := b.byName[name]; f != nil {
		return f
	}
	f := &flowLine{name: name}
	b.flows = append(b.flows, f)
	b.byName[name] = f
	return f
}

// expect tells which flows there will be. What was told of them before is no longer so.
func (b *board) expect(names []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range names {
		*b.flow(name) = flowLine{name: name}
	}
	b.listed, b.waits = true, ""
}

// change changes the line of a flow.
func (b *board) change(name string, do func(*flowLine)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	do(b.flow(name))
}

// A count is what a board says of all flows together.
type count struct {
	listed             bool
	flows, done, wrong int
	records, of        int64
	known              bool // of is all there is
	waits              string
}

// count adds the flows up. The board is locked.
func (b *board) count() count {
	c := count{listed: b.listed, flows: len(b.flows), known: b.listed, waits: b.waits}
	for _, f := range b.flows {
		c.records += f.records
		switch f.ended {
		case control.FlowDone:
			c.done++
			c.of += f.records
		case control.FlowFailed:
			c.wrong++
			c.of += f.records
		default:
			c.of += max(f.of, f.records)
			c.known = c.known && f.known
		}
	}
	return c
}

// shown are copies of the lines of what goes on, what is furthest first.
func (b *board) shown() []flowLine {
	var lines []flowLine
	for _, f := range b.flows {
		if f.active() {
			lines = append(lines, *f)
		}
	}
	slices.SortStableFunc(lines, func(x, y flowLine) int { return x.rank() - y.rank() })
	return lines
}

// rank is the order of lines: what waits comes last, since it tells the least.
func (f *flowLine) rank() int {
	switch {
	case f.waits != "":
		return 2
	case f.phase.waits():
		return 1
	}
	return 0
}

// A speed is how many records come in a second, by those of the last while.
type speed struct{ samples []sample }

type sample struct {
	at      time.Time
	records int64
}

// while is long enough to even pages out, and short enough to tell of now.
const while = 20 * time.Second

// add notes how many records there are by now.
func (s *speed) add(at time.Time, records int64) {
	s.samples = append(s.samples, sample{at, records})
	for len(s.samples) > 2 && at.Sub(s.samples[0].at) > while {
		s.samples = s.samples[1:]
	}
}

// perSecond is 0 where nothing came, or it is too soon to tell.
func (s *speed) perSecond() float64 {
	if len(s.samples) == 0 {
		return 0
	}
	first, last := s.samples[0], s.samples[len(s.samples)-1]
	took := last.at.Sub(first.at)
	if took < time.Second || last.records <= first.records {
		return 0
	}
	return float64(last.records-first.records) / took.Seconds()
}

// wait tells that nothing goes on before some time, and why.
func (b *board) wait(until string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waits = until
}
