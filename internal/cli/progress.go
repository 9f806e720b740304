package cli

import (
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"catchment/internal/plan"
	"catchment/internal/replicate"
)

// A progress shows how a run gets on: bars on a terminal, elsewhere a line per
// flow when its pages are loaded.
type progress struct {
	s    *session
	mu   sync.Mutex
	bars *mpb.Progress // nil where stderr is no terminal
	flow map[string]*mpb.Bar
	step map[string]string // the step that each flow is in
	told map[string]time.Time
}

func (s *session) newProgress() *progress {
	p := &progress{s: s, flow: map[string]*mpb.Bar{}, step: map[string]string{}, told: map[string]time.Time{}}
	if s.Screen {
		p.bars = mpb.New(mpb.WithOutput(s.Stderr), mpb.WithWidth(60))
	}
	return p
}

// Begin is called when a step begins.
func (p *progress) Begin(step string, t plan.Task) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.step[t.Flow] = step
	if p.bars != nil && t.Flow != "" && p.flow[t.Flow] == nil {
		flow := t.Flow
		p.flow[flow] = p.bars.AddBar(0,
			mpb.PrependDecorators(
				decor.Name(flow, decor.WCSyncSpaceR),
				decor.Any(func(decor.Statistics) string { return p.stepOf(flow) }, decor.WC{W: 12, C: decor.DindentRight}),
			),
			mpb.AppendDecorators(decor.CountersNoUnit("%d / %d")))
	}
}

func (p *progress) stepOf(flow string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.step[flow]
}

// End is called when a step has ended. A failure that will be tried again is
// worth a line, since the run seems to hang meanwhile.
func (p *progress) End(step string, t plan.Task, err error) {
	if err != nil && plan.ClassOf(err) == plan.Retry && p.bars == nil {
		p.s.say("%s: %s: %v; trying again", t.Flow, step, err)
	}
}

// hear takes a flow's progress.
func (p *progress) hear(e replicate.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if bar := p.flow[e.Flow]; bar != nil {
		bar.SetTotal(max(e.Of, e.Records), false)
		bar.SetCurrent(e.Records)
		return
	}
	if p.bars == nil && e.Step == replicate.Load && p.due(e) {
		p.s.say("%s: %s of %s records loaded, %s", e.Flow, count(e.Records), count(e.Of), size(e.Bytes))
	}
}

// due keeps the talk of a long load to a line every ten seconds, and its last.
func (p *progress) due(e replicate.Progress) bool {
	now := p.s.Now()
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
