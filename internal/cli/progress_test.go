package cli

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/status"
)

// The screen is drawn while flows report from their own goroutines: neither may
// wait for the other.
func TestBarsDontBlockTheRun(t *testing.T) {
	var screen lockedBuffer
	p := newProgress(status.Printer{Talk: &screen}, true, time.Now)
	var wg sync.WaitGroup
	for _, flow := range []string{"Account", "Contact", "Lead", "Case"} {
		wg.Go(func() {
			for n := range int64(50) {
				p.Begin(replicate.Load, plan.Task{Flow: flow})
				p.hear(replicate.Progress{Flow: flow, Step: replicate.Load, Records: n, Of: 49})
				p.End(replicate.Load, plan.Task{Flow: flow}, nil)
				time.Sleep(time.Millisecond) // mpb draws in between
			}
		})
	}
	wg.Wait()
	p.end()
}

func TestTalkOfALongLoadIsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var talk bytes.Buffer
		p := newProgress(status.Printer{Talk: &talk}, false, time.Now)
		for n := int64(1); n <= 60; n++ { // a minute, a page a second
			p.hear(replicate.Progress{Flow: "Account", Step: replicate.Load, Records: n * 1000, Of: 60_000,
				Bytes: n * 370_000})
			time.Sleep(time.Second)
		}
		if got := strings.Count(talk.String(), "\n"); got < 6 || got > 8 {
			t.Errorf("%d lines:\n%s", got, talk.String())
		}
		if !strings.HasSuffix(talk.String(), "Account: 60,000 of 60,000 records loaded, 22.2 MB\n") {
			t.Errorf("the last line isn't the end: %s", talk.String())
		}
		p.End(replicate.Load, plan.Task{Flow: "Account"}, plan.Failf(plan.Retry, "", "load: connection reset"))
		p.End(replicate.Load, plan.Task{Flow: "Account"}, errors.New("told elsewhere"))
		if !strings.HasSuffix(talk.String(), "Account: load: connection reset; trying again\n") {
			t.Errorf("a repeat is not told, or a failure twice: %s", talk.String())
		}
		p.end()
	})
}

// A lockedBuffer may be written to while mpb ends.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}
