package progress

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"catchment/internal/control"
	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/status"
)

func terminal() (columns, rows int) { return 80, 24 }

// shown is a run on a screen, or on what is none, and what it writes.
func shown(size Size, now func() time.Time) (*Run, *lockedBuffer) {
	var out lockedBuffer
	screen := NewScreen(&out, size)
	return NewRun(screen, status.Printer{Talk: screen}.SayOf, now), &out
}

// The screen is drawn while flows report from their own goroutines: neither may
// wait for the other.
func TestFramesDontBlockTheRun(t *testing.T) {
	t.Parallel()
	r, _ := shown(terminal, time.Now)
	var wg sync.WaitGroup
	for _, flow := range []string{"Account", "Contact", "Lead", "Case"} {
		wg.Go(func() {
			for n := range int64(50) {
				r.Begin(replicate.Load, plan.Task{Flow: flow})
				r.Hear(replicate.Progress{Flow: flow, Step: replicate.Load, Records: n, Of: 49})
				r.End(replicate.Load, plan.Task{Flow: flow}, nil)
				r.say("", "", "%s: %d", flow, n)
			}
		})
	}
	wg.Wait()
	r.Close()
	r.Close() // once more does no harm
}

// erased takes so many rows away.
func erased(rows int) string { return "\r\x1b[2K" + strings.Repeat("\x1b[1A\x1b[2K", rows) }

// What is said above the frame stays; the frame itself is drawn over, and is gone in the end.
func TestScreen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var columns atomic.Int64
		columns.Store(80)
		began := time.Now()
		still := func() time.Time { return began } // so that there is no rate
		r, out := shown(func() (int, int) { return int(columns.Load()), 24 }, still)
		r.End(replicate.List, plan.Task{Done: true, Items: []plan.Task{{Flow: "Account"}, {Flow: "Contact"}}}, nil)
		r.Begin(replicate.Load, plan.Task{Flow: "Account"})
		r.Hear(replicate.Progress{Flow: "Account", Step: replicate.Load, Records: 5, Of: 10, Known: true})
		time.Sleep(time.Second)
		out.same(t, "looking at what there is to do\n"+
			erased(1)+"Account  loading                 [========>         ]  5 of 10\n"+
			"0 of 2 objects done; 5 records\n")
		r.say("", "", "said")
		out.same(t, erased(2)+"said\n"+"Account  loading                 [========>         ]  5 of 10\n"+
			"0 of 2 objects done; 5 records\n")
		columns.Store(28) // the lines were broken: the first has three rows now, the second two
		r.Hear(replicate.Progress{Flow: "Account", Ended: control.FlowDone})
		time.Sleep(time.Second)
		out.same(t, erased(5)+"1 of 2 done; 5 records\n")
		r.screen.Keep("stopping")
		out.same(t, erased(1)+"1 of 2 done; 5 records\nstopping\n")
		r.Close()
		out.same(t, erased(2)+"stopping\n")
		time.Sleep(time.Second)
		r.say("", "", "after")
		r.screen.Keep("and kept")
		out.same(t, "after\nand kept\n")
	})
}

// A flow is copied when its rows are merged, and failed when nothing tries it again.
func TestTotalsAreTrue(t *testing.T) {
	t.Parallel()
	r, _ := shown(nil, time.Now)
	var items []plan.Task
	for _, name := range []string{"Account", "Contact", "Lead", "Case", "Task"} {
		items = append(items, plan.Task{Flow: name})
	}
	r.Hear(replicate.Progress{Flow: "Order", Step: replicate.List, Ended: control.FlowFailed})
	r.End(replicate.List, plan.Task{Done: true, Items: items}, nil)
	reset := plan.Failf(plan.Retry, "", "connection reset")
	for _, item := range items {
		r.Begin(replicate.Load, item)
		r.Hear(replicate.Progress{Flow: item.Flow, Step: replicate.Load, Records: 5, Of: 10, Known: true})
	}
	r.Hear(replicate.Progress{Flow: "Account", Step: replicate.Consolidate, Records: 10, Of: 10, Known: true})
	r.Hear(replicate.Progress{Flow: "Account", Ended: control.FlowDone})
	r.Hear(replicate.Progress{Flow: "Contact", Ended: control.FlowFailed})
	r.End(replicate.Load, items[2], reset) // Lead, tried again
	r.Begin(replicate.Load, items[2])
	r.End(replicate.Load, items[3], reset) // Case, tried no more
	for _, item := range items {           // Task was stopped
		r.Begin(replicate.Drop, item)
	}
	want := count{listed: true, flows: 6, done: 1, wrong: 3, records: 30, of: 40, known: true}
	if got := r.board.count(); got != want {
		t.Errorf("it is %+v, want %+v", got, want)
	}
}

// Many flows that wait for the same say so once, and again when its time has passed.
func TestWaitsAreSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, out := shown(nil, time.Now)
		tell := func() {
			for n := range 71 {
				name := fmt.Sprintf("Object%d__c", n)
				r.Hear(replicate.Progress{Flow: name, Step: "wait", Why: name + ": no calls left",
					Until: time.Now().Add(time.Hour)})
			}
		}
		tell()
		time.Sleep(time.Minute)
		tell()
		if got := out.String(); got != "Object0__c: waits until 2000-01-01T01:00:00Z: no calls left\n" {
			t.Errorf("it said:\n%s", got)
		}
		time.Sleep(time.Hour)
		tell()
		r.Hear(replicate.Progress{Step: "wait", Why: "no jobs left", Until: time.Now().Add(time.Hour)})
		if !strings.Contains(out.String(), "the run waits until") || strings.Count(out.String(), "\n") != 3 {
			t.Errorf("it said:\n%s", out.String())
		}
	})
}

func TestTalkOfALongLoadIsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, talk := shown(nil, time.Now)
		for n := int64(1); n <= 60; n++ { // a minute, a page a second
			r.Hear(replicate.Progress{Flow: "Account", Step: replicate.Load, Records: n * 1000, Of: 60_000,
				Bytes: n * 370_000})
			time.Sleep(time.Second)
		}
		if got := strings.Count(talk.String(), "\n"); got < 6 || got > 8 {
			t.Errorf("%d lines:\n%s", got, talk.String())
		}
		if !strings.HasSuffix(talk.String(), "Account: 60,000 of 60,000 records loaded, 22.2 MB\n") {
			t.Errorf("the last line isn't the end: %s", talk.String())
		}
		r.End(replicate.Load, plan.Task{Flow: "Account"}, plan.Failf(plan.Retry, "", "load: connection reset"))
		r.End(replicate.Load, plan.Task{Flow: "Account"}, errors.New("told elsewhere"))
		if !strings.HasSuffix(talk.String(), "Account: load: connection reset; trying again\n") {
			t.Errorf("a repeat is not told, or a failure twice: %s", talk.String())
		}
		r.Close()
	})
}

// A lockedBuffer may be written to while a screen is drawn.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// same compares what was written since the last time.
func (l *lockedBuffer) same(t *testing.T, want string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if got := l.b.String(); got != want {
		t.Errorf("it wrote %q, want %q", got, want)
	}
	l.b.Reset()
}
