package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"catchment/internal/blob"
	"catchment/internal/body"
	"catchment/internal/plan"
	"catchment/internal/replicate/fetch"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/bodies"
)

// A register holds files in memory, and its lines.
type register struct {
	bodies.Register
	mu         sync.Mutex
	files      map[string]bodies.File
	lines      map[string]bodies.Line
	writes     int
	fails      error // what Write says, after so many writes
	failsAfter int
}

func (r *register) Waiting(_ context.Context, q bodies.Query, after string, most int) ([]bodies.File, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []bodies.File
	for id, f := range r.files {
		line, known := r.lines[id]
		waits := !known || line.Version != f.Version || line.State == bodies.Aside && !line.Again.After(q.Now)
		if id <= after || !waits {
			continue
		}
		if known {
			f.Line = &line
		}
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b bodies.File) int { return strings.Compare(a.ID, b.ID) })
	return all[:min(len(all), most)], nil
}

func (r *register) Write(_ context.Context, _ warehouse.Fence, _ string, lines []bodies.Line) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fails != nil && r.writes >= r.failsAfter {
		return r.fails
	}
	r.writes++
	for _, l := range lines {
		r.lines[l.ID] = l
	}
	return nil
}

// A world is an org with files, and all that a round needs.
type world struct {
	t *testing.T
	*register
	org   *org
	round *fetch.Round
}

// newWorld has so many files; text gives the body of each.
func newWorld(t *testing.T, files int, text func(i int) string) *world {
	t.Helper()
	r, o, _ := reader(t)
	w := &world{t: t, org: o, register: &register{files: map[string]bodies.File{}, lines: map[string]bodies.Line{}}}
	for i := range files {
		id := fmt.Sprintf("%05d", i)
		w.files[id], o.answers[id] = version(id, text(i)), []answer{parts(text(i))}
	}
	w.round = &fetch.Round{Reader: r, Register: w.register,
		Query: bodies.Query{Fields: r.Fields, Now: now}, Slots: make(chan struct{}, 4), Take: always,
		Ends: func() bool { return false }}
	return w
}

func always() bool { return true }

// run makes a round, as another process would.
func (w *world) run() (t fetch.Tally, done bool, err error) {
	w.t.Helper()
	old := w.round
	w.round = &fetch.Round{Register: old.Register, Query: old.Query, Slots: old.Slots, Take: old.Take, Ends: old.Ends,
		Reader: &fetch.Reader{Org: old.Org, Store: old.Store, Fields: old.Fields, Folder: old.Folder, Now: old.Now}}
	t, end, err := w.round.Run(w.t.Context())
	return t, end == fetch.All, err
}

// calls is how many calls there were, and of the file with the most.
func (w *world) calls() (all, most int) {
	for _, n := range w.org.calls {
		all, most = all+n, max(most, n)
	}
	return all, most
}

func distinct(i int) string { return fmt.Sprintf("body %d", i) }

func TestRound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1700, func(i int) string { return distinct(i / 2) }) // each body twice
	external := w.files["00003"]
	external.Location = "L"
	w.files["00003"] = external
	got, done, err := w.run()
	if err != nil || !done || got.Read != 1699 || got.Nothing != 1 || got.Aside+got.Unsaid+got.Anew != 0 {
		t.Fatalf("%+v, %v, %v", got, done, err)
	}
	stored := 0
	for _, err := range w.round.Store.List(t.Context(), body.Prefix) {
		if stored++; err != nil {
			t.Error(err)
		}
	}
	if stored != 850 || len(w.lines) != 1700 || w.writes != 4 {
		t.Errorf("%d bodies, %d lines in %d writes", stored, len(w.lines), w.writes)
	}
	if again, done, err := w.run(); err != nil || !done || again.Read != 0 {
		t.Errorf("%+v, %v, %v", again, done, err)
	}
	if all, most := w.calls(); all != 1699 || most != 1 {
		t.Errorf("%d calls, %d for one file", all, most)
	}
	journal := filepath.Join(w.round.Folder, "ContentVersion.journal")
	if info, err := os.Stat(journal); err != nil || info.Size() != 0 {
		t.Errorf("%v, %v", info, err)
	}
}

// Bad files stop no other, as long as there are good ones between them.
func TestBadFilesStopNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 300, distinct)
	for i := 0; i < 300; i += 3 {
		w.org.answers[fmt.Sprintf("%05d", i)] = []answer{refuses(403, "INSUFFICIENT_ACCESS")}
	}
	got, done, err := w.run()
	if err != nil || !done || got.Read != 200 || got.Aside != 100 || len(got.First) != 3 {
		t.Errorf("%+v, %v, %v", got, done, err)
	}
	note := got.Note(bodies.Tally{}, "")
	if !strings.Contains(note, "100 files couldn't be read: 0") || !strings.Contains(note, "HTTP 403") {
		t.Error(note)
	}
	w.round.Query.Now = now.Add(2 * time.Hour)
	for id := range w.org.answers {
		w.org.answers[id] = []answer{says(distinct(number(t, id)), true)}
	}
	if got, done, err := w.run(); err != nil || !done || got.Read != 100 {
		t.Errorf("%+v, %v, %v", got, done, err)
	}
}

func number(t *testing.T, id string) (n int) {
	if _, err := fmt.Sscanf(id, "%d", &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Where one file after the other is refused, a round doesn't ask for all of them.
func TestHopeless(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 900, distinct)
	for id := range w.org.answers {
		w.org.answers[id] = []answer{refuses(403, "INSUFFICIENT_ACCESS")}
	}
	_, done, err := w.run()
	if all, _ := w.calls(); done || !errors.Is(err, fetch.ErrHopeless) || all > 30 {
		t.Errorf("%d calls, %v, %v", all, done, err)
	}
	for id := range w.org.answers {
		w.org.answers[id] = []answer{says(distinct(number(t, id)), true)}
	}
	if got, done, err := w.run(); err != nil || !done || got.Read < 870 {
		t.Errorf("%+v, %v, %v", got, done, err)
	}
}

// What no file can help ends a round, and nothing that was read is read again.
func TestRoundsThatEnd(t *testing.T) {
	t.Parallel()
	limit := []answer{refuses(403, "REQUEST_LIMIT_EXCEEDED"), says(distinct(150), true)}
	for name, test := range map[string]struct {
		spoil func(w *world)
		mend  func(w *world)
		class plan.Class // "" where it just ends
	}{
		"a limit of the org": {func(w *world) { w.org.answers["00150"] = limit }, func(*world) {}, plan.Wait},
		"the stage is full": {func(w *world) { w.round.Store = &crammed{Store: w.round.Store, room: 120} },
			func(w *world) { w.round.Store = w.round.Store.(*crammed).Store }, plan.Full},
		"the warehouse is away": {func(w *world) { w.fails = plan.Failf(plan.Retry, "", "connection reset") },
			func(w *world) { w.fails = nil }, plan.Retry},
		"a budget of calls": {func(w *world) {
			left := 100
			w.round.Take = func() bool { left--; return left >= 0 }
		}, func(w *world) { w.round.Take = always }, ""},
		"time": {func(w *world) {
			var begun atomic.Int64
			w.round.Ends = func() bool { return begun.Add(1) > 50 }
		}, func(w *world) { w.round.Ends = func() bool { return false } }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 400, distinct)
			test.spoil(w)
			first, done, err := w.run()
			if done || (err == nil) != (test.class == "") || err != nil && plan.ClassOf(err) != test.class {
				t.Fatalf("%+v, %v, %v", first, done, err)
			}
			if name == "a budget of calls" && first.Read != 100 {
				t.Errorf("%d bodies", first.Read)
			}
			test.mend(w)
			if _, done, err = w.run(); err != nil || !done {
				t.Fatal(done, err)
			}
			// What was under way when it ended may be asked for once more, and nothing else.
			if all, _ := w.calls(); len(w.lines) != 400 || all > 400+2*cap(w.round.Slots) {
				t.Errorf("%d calls for %d lines", all, len(w.lines))
			}
		})
	}
}

// crammed is a store with room for a few more bodies.
type crammed struct {
	blob.Store
	mu   sync.Mutex
	room int
}

func (c *crammed) Put(ctx context.Context, key string, in io.Reader) (blob.Info, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.room--; c.room < 0 {
		return fullStore{}.Put(ctx, key, in)
	}
	return c.Store.Put(ctx, key, in)
}

// A journal that was left behind is believed only where all of it is still true.
func TestJournalOfAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 6, distinct)
	w.fails = errors.New("killed")
	if _, _, err := w.run(); err == nil {
		t.Fatal("no error")
	}
	w.fails = nil
	journal := filepath.Join(w.round.Folder, "ContentVersion.journal")
	text, err := os.ReadFile(journal)
	if err != nil || strings.Count(string(text), "\n") != 6 {
		t.Fatalf("%s, %v", text, err)
	}
	cut := append(text[:len(text)-9], "\x00\xff{\"ID\":\"00004\"}\n[]\n{\"ID\":\"00005\",\"SHA256\":\"../x\"}"...)
	if err := os.WriteFile(journal, cut, 0o600); err != nil {
		t.Fatal(err)
	}
	changed := version("00001", "changed")
	w.files["00001"], w.org.answers["00001"] = changed, []answer{says("changed", true)}
	if err := w.round.Store.Delete(t.Context(), body.Key(sha256Of(distinct(2)))); err != nil {
		t.Fatal(err)
	}
	delete(w.files, "00003")
	got, done, err := w.run()
	if err != nil || !done || got.Read < 2 || got.Read+got.Resumed != 5 || got.Resumed < 2 {
		t.Errorf("%+v, %v, %v", got, done, err)
	}
	for id, f := range w.files {
		if l := w.lines[id]; l.State != bodies.Copied || l.MD5 != f.Version.Checksum {
			t.Errorf("%+v", l)
		}
	}
	if info, err := os.Stat(journal); err != nil || info.Size() != 0 {
		t.Errorf("%v, %v", info, err)
	}
}

// Whatever the register has taken before a process dies, the rest is in the journal.
func TestJournalAfterSomeWrites(t *testing.T) {
	t.Parallel()
	for _, writes := range []int{0, 1, 2} {
		w := newWorld(t, 1700, distinct)
		w.fails, w.failsAfter = errors.New("killed"), writes
		if _, _, err := w.run(); err == nil {
			t.Fatal("no error")
		}
		w.fails = nil
		got, done, err := w.run()
		if err != nil || !done || got.Resumed == 0 {
			t.Errorf("%+v, %v, %v", got, done, err)
		}
		if all, _ := w.calls(); all > 1700+cap(w.round.Slots) {
			t.Errorf("%d calls after %d writes, %d resumed", all, writes, got.Resumed)
		}
	}
}
