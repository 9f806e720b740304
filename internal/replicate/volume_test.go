package replicate_test

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"catchment/internal/body"
	"catchment/internal/fakeorg"
	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/rig"
	"catchment/internal/warehouse/bodies"
)

var (
	manyFiles     = flag.Int("files.n", 400, "how many files TestManyFiles copies, of 10 kB on average")
	monthsOfFiles = flag.Int("files.months", 12, "how many months of runs follow")
	largestFile   = flag.Int64("files.largest", 8<<20, "the bytes of the largest of them")
)

// heapAtMost is how much more than before the bodies this process may hold at any time, the
// fake org in it included.
const heapAtMost = 48 << 20

// Many files and a large one: the memory is flat, a kill in the middle has nothing read twice
// but what was under way, and a year of runs loses none. sha256sum agrees with the register.
func TestManyFiles(t *testing.T) {
	n, largest := *manyFiles, *largestFile
	org := rig.NewOrg(t, map[string]int{"Account": 5}, func(o *fakeorg.Options) { o.PageRecords = 10_000 })
	r := withFilesIn(t, org, fakeorg.Files{Versions: n, Size: 10_000, Largest: largest}, body.All, "ContentVersion")
	r.Keeps("ContentVersion", "Title")
	r.Flows[0].Sweep = week
	began := r.Begun
	r.Begun = func(p *rig.Process) { began(p); p.Options.Downloads = 8 }
	var peak heap
	copying := func(p *rig.Process) {
		p.Before = func(step string, _ plan.Task) {
			if step == replicate.Bodies {
				peak.begin()
			}
		}
	}
	started := time.Now()
	calls := r.Calls(func() {
		fate := &rig.Fate{At: 2 * n} // four moments for each body
		p := r.Start(fate)
		copying(p)
		p.Run()
		p.Close()
		r.Later(time.Hour)
		r.Done(copying)
	})
	peak.end()
	t.Logf("%d files, %d calls, %s, %d MiB of heap more than before", n, calls["body"],
		time.Since(started).Round(time.Second), peak.more()>>20)
	if calls["body"] < n || calls["body"] > n+8+n/100 {
		t.Errorf("%d calls", calls["body"])
	}
	if peak.more() > heapAtMost {
		t.Errorf("the heap grew by %d MiB", peak.more()>>20)
	}
	for range *monthsOfFiles {
		r.Later(30 * 24 * time.Hour)
		again := r.Calls(func() { r.Done(func(p *rig.Process) { p.Options.Keep = 24 * time.Hour }) })
		if again["body"] > 0 {
			t.Errorf("%d bodies were read again", again["body"])
		}
	}
	sha256sum(r, n)
}

// sha256sum has the command of that name check each file's body against the register.
func sha256sum(r *rig.Rig, files int) {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	list, err := os.Create(r.Path("sums"))
	r.Must(err)
	out := bufio.NewWriter(list)
	known, _ := bodies.Of(p.Warehouse)
	n := 0
	for after := ""; ; {
		lines, err := known.Lines(r.T.Context(), "ContentVersion", after, 1000)
		r.Must(err)
		if len(lines) == 0 {
			break
		}
		for _, l := range lines {
			path, _ := p.Stage.Where(body.Key(l.SHA256))
			fmt.Fprintf(out, "%s  %s\n", l.SHA256, path)
			n, after = n+1, l.ID
		}
	}
	r.Must(out.Flush())
	r.Must(list.Close())
	check := exec.Command("sha256sum", "--quiet", "--strict", "-c", r.Path("sums"))
	if said, err := check.CombinedOutput(); err != nil {
		r.T.Errorf("%v: %.500s", err, said)
	}
	if n != files {
		r.T.Errorf("%d files are in the register", n)
	}
}

// A heap watches how large this process's heap is.
type heap struct {
	before, most atomic.Uint64
	stop         chan struct{}
}

func (h *heap) begin() {
	if h.stop != nil {
		return
	}
	h.stop = make(chan struct{})
	runtime.GC()
	h.before.Store(inUse())
	go func() {
		for {
			select {
			case <-h.stop:
				return
			case <-time.After(20 * time.Millisecond):
				h.most.Store(max(h.most.Load(), inUse()))
			}
		}
	}()
}

func (h *heap) end() { close(h.stop) }

func (h *heap) more() uint64 { return max(h.most.Load(), h.before.Load()) - h.before.Load() }

func inUse() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
