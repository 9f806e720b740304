package cli

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/replicate"
	"catchment/internal/status"
)

// A progress shows how a run gets on: bars on a terminal, elsewhere a line per
// flow when its pages are loaded.
type progress struct {
	talk status.Printer
	now  func() time.Time
	bars *mpb.Progress // nil where stderr is no terminal
	mu   sync.Mutex
	flow map[string]*flowBar
	told map[string]time.Time
}

// A flowBar is the line of one flow on the screen. What its decorators read is
// atomic: they are called while mpb draws, which may be while we wait for mpb.
type flowBar struct {
	*mpb.Bar
	step atomic.Pointer[string]
}

func newProgress(printer status.Printer, screen bool, now func() time.Time) *progress {
	p := &progress{talk: printer, now: now, flow: map[string]*flowBar{}, told: map[string]time.Time{}}
	if screen {
		p.bars = mpb.New(mpb.WithOutput(printer.Talk), mpb.WithWidth(60),
			mpb.WithAutoRefresh(), mpb.WithRefreshRate(100*time.Millisecond))
	}
	return p
}

// Begin is called when a step begins.
func (p *progress) Begin(step string, t plan.Task) {
	if p.bars == nil || t.Flow == "" {
		return
	}
	p.bar(t.Flow).step.Store(&step)
}

// bar finds the bar of a flow, or adds it to the screen.
func (p *progress) bar(flow string) *flowBar {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b := p.flow[flow]; b != nil {
		return b
	}
	b := &flowBar{}
	b.step.Store(new(string))
	b.Bar = p.bars.AddBar(0,
		mpb.PrependDecorators(
			decor.Name(printable.Line(flow), decor.WCSyncSpaceR),
			decor.Any(func(decor.Statistics) string { return *b.step.Load() }, decor.WC{W: 12, C: decor.DindentRight}),
		),
		mpb.AppendDecorators(decor.CountersNoUnit("%d / %d")))
	p.flow[flow] = b
	return b
}

// End is called when a step has ended. A failure that will be tried again is
// worth a line, since the run seems to hang meanwhile; it names its step.
func (p *progress) End(step string, t plan.Task, err error) {
	again := plan.ClassOf(err) == plan.Retry && !errors.Is(err, plan.ErrStopped)
	if err != nil && again && p.bars == nil {
		p.talk.SayOf(t.Flow, step, "%v; trying again", err) // list and publish are the whole run's
	}
}

// hear takes a flow's progress.
func (p *progress) hear(e replicate.Progress) {
	if !e.Until.IsZero() {
		p.wait(e)
		return
	}
	if p.bars != nil {
		b := p.bar(e.Flow)
		b.SetTotal(max(e.Of, e.Records), false)
		b.SetCurrent(e.Records)
		return
	}
	if e.Step == replicate.Load && p.due(e) {
		p.talk.SayOf(e.Flow, e.Step, "%s of %s records loaded, %s", status.Count(e.Records), status.Count(e.Of),
			status.Size(e.Bytes))
	}
}

// wait tells that a flow waits, or the whole run, what for and until when.
func (p *progress) wait(e replicate.Progress) {
	if p.bars != nil && e.Flow != "" {
		step := "waits until " + e.Until.Local().Format("15:04")
		p.bar(e.Flow).step.Store(&step)
		return
	}
	if e.Flow == "" {
		p.talk.Say("the run waits until %s: %s", status.Stamp(e.Until), e.Why)
		return
	}
	p.talk.SayOf(e.Flow, e.Step, "waits until %s: %s", status.Stamp(e.Until), e.Why)
}

// due keeps the talk of a long load to a line every ten seconds, and its last.
func (p *progress) due(e replicate.Progress) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if e.Records < e.Of && now.Sub(p.told[e.Flow]) < 10*time.Second {
		return false
	}
	p.told[e.Flow] = now
	return true
}

// end completes all bars and waits until the screen shows it.
func (p *progress) end() {
	if p.bars == nil {
		return
	}
	p.mu.Lock()
	for _, bar := range p.flow {
		bar.SetTotal(-1, true)
	}
	p.mu.Unlock()
	p.bars.Wait()
}
