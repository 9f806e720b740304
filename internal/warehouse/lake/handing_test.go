package lake_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"catchment/internal/merger"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/warehousetest"
)

// A handed lake is one of accounts whose merges go to a program in Spark's place.
type handed struct {
	*subject
	t       testing.TB
	fence   warehouse.Fence
	clock   time.Time
	want    map[string]string // the names of accounts, by their Ids
	attempt int
}

// aProgram is a shell's, in Spark's place. It gets the paths of script, request and answer.
func aProgram(text string) []string { return []string{"/bin/sh", "-c", text} }

// says is one that answers, and ends.
func says(answer string) string { return "printf '" + answer + `' > "$2"` }

// waits is one that ends when its folder has a file called end.
const waits = `while [ ! -e end ]; do sleep 0.02; done`

func newHanded(t testing.TB) *handed {
	t.Helper()
	h := &handed{subject: newSubject(t), t: t, fence: warehouse.Fence{Flow: "Account", Number: 1}, clock: minute(1000),
		want: map[string]string{}}
	w := h.process(merger.Go, nil, nil)
	must(t, w.Migrate(t.Context()))
	_, err := w.Claim(t.Context(), h.fence, "account", org)
	must(t, err)
	_, err = w.Prepare(t.Context(), h.fence, account())
	must(t, err)
	var all []int
	for key := range 60 {
		all = append(all, key)
	}
	_, err = w.Consolidate(t.Context(), h.fence, h.load(w, all))
	must(t, err)
	return h
}

// process is a Warehouse as another process has it.
func (h *handed) process(by merger.Who, start []string, fares *weather) warehouse.Warehouse {
	o := options()
	o.Merge = merger.Merger{By: by, Start: start, Patience: time.Hour}
	o.Now = func() time.Time { return h.clock }
	if fares == nil {
		fares = &weather{}
	}
	return lake.New(lake.Place{Catalog: stormy{h.Catalog, fares}, Scratch: h.folder}, o)
}

// load stages versions of accounts.
func (h *handed) load(w warehouse.Warehouse, keys []int) warehouse.Merge {
	h.t.Helper()
	h.attempt++
	h.clock = h.clock.Add(time.Minute)
	attempt, text := fmt.Sprintf("a%d", h.attempt), "Id,Name\n"
	for _, key := range keys {
		id := fmt.Sprintf("%09d", key)
		h.want[id] = named(key, h.attempt)
		text += id + "," + h.want[id] + "\n"
	}
	_, err := w.Load(h.t.Context(), h.fence, warehouse.Batch{Table: account(), Attempt: attempt, Job: "j" + attempt,
		ReadAt: h.clock, Pages: []warehouse.Page{{Key: attempt, Seq: 1, Header: []string{"Id", "Name"},
			Rows: int64(len(keys)), Digest: attempt, Open: func(context.Context) (io.ReadCloser, error) {
				return io.NopCloser(strings.NewReader(text)), nil
			}}}})
	must(h.t, err)
	return warehouse.Merge{Table: account(), Attempt: attempt, Policy: gone.Flag, Pages: 1, Rows: int64(len(keys)),
		Watermark: h.clock}
}

// begin begins a merge.
func (h *handed) begin(w warehouse.Warehouse, m warehouse.Merge, token string) (string, error) {
	return warehouse.RolesOf(w).Detacher.Begin(h.t.Context(), h.fence,
		warehouse.Procedure{Table: m.Table, Policy: m.Policy, Merge: m}, token)
}

// over waits for its end.
func (h *handed) over(w warehouse.Warehouse, id string) error {
	ended, err := warehouse.RolesOf(w).Detacher.Ended(h.t.Context(), id, 30*time.Second)
	if err == nil && !ended {
		h.t.Fatal("it doesn't end")
	}
	return err
}

// handedOver is a lake of which a program has begun a merge of three accounts, one of them new.
func handedOver(t testing.TB, program string) (*handed, warehouse.Warehouse, warehouse.Merge, string) {
	t.Helper()
	h := newHanded(t)
	w := h.process(merger.Spark, aProgram(program), nil)
	m := h.load(w, []int{1, 2, 61})
	id, err := h.begin(w, m, "t")
	must(t, err)
	return h, w, m, id
}

// goesOn ends what waits.
func (h *handed) goesOn() {
	for _, request := range h.requests(h.t) {
		must(h.t, os.WriteFile(filepath.Join(filepath.Dir(request), "end"), nil, 0o600))
	}
}

// is proves that the merge of m is done, and how: once, with its mark, and with nothing left of it.
func (h *handed) is(m warehouse.Merge, bySpark bool) {
	h.t.Helper()
	got := map[string]string{}
	for _, row := range h.Look(h.t, warehousetest.Final, "account") {
		if _, twice := got[*row["id"]]; twice {
			h.t.Fatalf("account %s has two rows", *row["id"])
		}
		got[*row["id"]] = *row["name"]
	}
	for id, name := range h.want {
		if got[id] != name {
			h.t.Fatalf("account %s is called %q, not %q", id, got[id], name)
		}
	}
	final := h.find(h.t, warehousetest.Final, "account")
	if len(got) != len(h.want) || len(tables.Branches(final)) != 0 || len(h.requests(h.t)) != 0 {
		h.t.Fatalf("%d accounts, not %d; branches %v, requests %v", len(got), len(h.want), tables.Branches(final),
			h.requests(h.t))
	}
	mark, _, err := h.plain().Mark(h.t.Context(), h.fence.Flow)
	must(h.t, err)
	if mark.Attempt != m.Attempt || mark.Rows != int64(len(h.want)) || !mark.Watermark.Equal(m.Watermark) {
		h.t.Fatalf("the mark is %+v", mark)
	}
	below := final.SnapshotByID(*final.CurrentSnapshot().ParentSnapshotID)
	if is := below.Summary.Properties["catchment.merge"] != ""; is != bySpark {
		h.t.Fatalf("merged by Spark: %v", is)
	}
	if f := tables.ForeignOf(final, 0); len(f) > 0 {
		h.t.Fatalf("it looks as if others had written to it: %v", f)
	}
}

// TestSparkThatFails has programs in Spark's place fail in each way that there is. What they say is believed by nobody,
// and the merge is done by us afterwards, once.
func TestSparkThatFails(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		program string
		says    string // of the error; "" where the merge is left to us
		class   plan.Class
	}{
		"ends without an answer": {"exit 3", "without an answer", plan.Retry},
		"answers in half":        {says(`{"version":1,"sta`), "without an answer", plan.Retry},
		"says that it failed": {says(`{"version":1,"state":"failed","why":"OutOfMemoryError"}`), "OutOfMemory",
			plan.Retry},
		"says that it has done it": {says(`{"version":1,"state":"done","counts":{"written":3}}`), "nothing of it",
			plan.Retry},
		"is older":             {says(`{"version":0,"state":"refused"}`), "another version", plan.Fix},
		"refuses":              {says(`{"version":1,"state":"refused","why":"a staged row has no key"}`), "", ""},
		"has nothing to write": {says(`{"version":1,"state":"done","counts":{"written":0}}`), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, w, m, id := handedOver(t, one.program)
			err := h.over(w, id)
			if (err == nil) != (one.says == "") || err != nil && (!strings.Contains(err.Error(), one.says) ||
				plan.ClassOf(err) != one.class) {
				t.Fatal(err)
			}
			_, err = w.Consolidate(t.Context(), h.fence, m)
			must(t, err)
			h.is(m, false)
		})
	}
}

// TestSparkThatDoesNotStart says so at once.
func TestSparkThatDoesNotStart(t *testing.T) {
	t.Parallel()
	h := newHanded(t)
	w := h.process(merger.Spark, []string{"/there/is/no/spark-submit"}, nil)
	m := h.load(w, []int{1})
	if _, err := h.begin(w, m, "t"); plan.ClassOf(err) != plan.Fix {
		t.Fatal(err)
	}
	_, err := h.process(merger.Go, nil, nil).Consolidate(t.Context(), h.fence, m)
	must(t, err)
}

// TestSparkThatHangs is ended when its time is over, and by nobody before.
func TestSparkThatHangs(t *testing.T) {
	t.Parallel()
	h := newHanded(t)
	w := h.process(merger.Spark, aProgram("sleep 1000 & wait"), nil)
	m := h.load(w, []int{1, 2})
	id, err := h.begin(w, m, "t")
	must(t, err)
	detacher := warehouse.RolesOf(h.process(merger.Spark, nil, nil)).Detacher // of another process
	if ended, err := detacher.Ended(t.Context(), id, time.Millisecond); ended || err != nil {
		t.Fatal(ended, err)
	}
	h.clock = h.clock.Add(2 * time.Hour)
	if ended, err := w.(warehouse.Detacher).Ended(t.Context(), id, time.Minute); !ended ||
		plan.ClassOf(err) != plan.Retry || !strings.Contains(err.Error(), "longer than") {
		t.Fatal(ended, err)
	}
	_, err = w.Consolidate(t.Context(), h.fence, m)
	must(t, err)
	h.is(m, false)
}

// TestSparkIsTaken takes what is on the branch: once, whoever has begun it, and whatever came between.
func TestSparkIsTaken(t *testing.T) {
	t.Parallel()
	for name, between := range map[string]func(h *handed, m warehouse.Merge, id string){
		"as it is": func(*handed, warehouse.Merge, string) {},
		"begun twice": func(h *handed, m warehouse.Merge, id string) {
			again, err := h.begin(h.process(merger.Spark, aProgram(waits), nil), m, "t")
			must(h.t, err)
			if again != id {
				h.t.Fatalf("another one was begun: %s, not %s", again, id)
			}
		},
		"taken over by another run": func(h *handed, m warehouse.Merge, _ string) {
			h.fence.Number++
			_, err := h.process(merger.Spark, nil, nil).Claim(h.t.Context(), h.fence, "account", org)
			must(h.t, err)
		},
		"its answer is lost": func(h *handed, _ warehouse.Merge, _ string) {
			for _, request := range h.requests(h.t) {
				must(h.t, os.RemoveAll(filepath.Dir(request)))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, w, m, id := handedOver(t, waits)
			h.mergeInstead(t, h.requests(t)[0], account(), nil)
			between(h, m, id)
			h.goesOn()
			must(t, h.over(w, id))
			for range 2 {
				c, err := w.Consolidate(t.Context(), h.fence, m)
				must(t, err)
				if want := (warehouse.Counts{Staged: 3, Inserted: 1, Updated: 2, Rows: 61}); c != want {
					t.Fatalf("counts %+v, not %+v", c, want)
				}
			}
			_ = os.RemoveAll(filepath.Join(h.folder, "spark"))
			h.is(m, true)
		})
	}
}

// TestSparkIsNotTaken has something on the branch that isn't what was asked, or isn't so: we merge then.
func TestSparkIsNotTaken(t *testing.T) {
	t.Parallel()
	lying := func(what string, by int64) func(map[string]any) {
		return func(says map[string]any) { says[what] = says[what].(int64) + by }
	}
	asked := func(m *warehouse.Merge) {}
	for name, one := range map[string]struct {
		lie   func(map[string]any)
		other func(*warehouse.Merge)
	}{
		"counts fewer versions": {lying("staged", -1), asked},
		"counts more rows":      {lying("written", 1), asked},
		"counts inserts":        {lying("grown", 1), asked},
		"counts live rows":      {lying("living", 1), asked},
		"hides what it deleted": {lying("sudden", 7), asked},
		"asked otherwise":       {nil, func(m *warehouse.Merge) { m.Override = true }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, w, m, id := handedOver(t, waits)
			h.mergeInstead(t, h.requests(t)[0], account(), one.lie)
			h.goesOn()
			must(t, h.over(w, id))
			one.other(&m)
			_, err := w.Consolidate(t.Context(), h.fence, m)
			must(t, err)
			h.is(m, false)
		})
	}
}

// TestMergeOfOursBetween has somebody merge another attempt while Spark is at it: what Spark has is done anew.
func TestMergeOfOursBetween(t *testing.T) {
	t.Parallel()
	h := newHanded(t)
	w := h.process(merger.Spark, aProgram(waits), nil)
	other := h.load(w, []int{2, 3, 62})
	m := h.load(w, []int{1, 2, 61})
	id, err := h.begin(w, m, "t")
	must(t, err)
	h.mergeInstead(t, h.requests(t)[0], account(), nil)
	final := h.find(t, warehousetest.Final, "account")
	kept := tables.Branches(final)
	_, err = h.process(merger.Go, nil, nil).Consolidate(t.Context(), h.fence, other)
	must(t, err)
	if left := tables.Branches(h.find(t, warehousetest.Final, "account")); len(left) != 0 || len(kept) != 1 {
		t.Fatalf("branches %v, and before %v", left, kept)
	}
	h.goesOn()
	if err := h.over(w, id); plan.ClassOf(err) != plan.Retry { // its branch went with the merge
		t.Fatal(err)
	}
	_, err = w.Consolidate(t.Context(), h.fence, m)
	must(t, err)
	_ = os.RemoveAll(filepath.Join(h.folder, "spark"))
	h.is(m, false)
}

// TestErasedFromBranches has a record erased of which a branch that nobody needs any more has a version.
func TestErasedFromBranches(t *testing.T) {
	t.Parallel()
	h, w, m, _ := handedOver(t, waits)
	h.mergeInstead(t, h.requests(t)[0], account(), nil)
	h.goesOn()
	must(t, w.Discard(t.Context(), h.fence, m.Attempt))
	_, err := warehouse.RolesOf(w).Eraser.Erase(t.Context(), h.fence,
		warehouse.Erasure{Table: account(), Column: "id", Values: []string{"000000001"}})
	must(t, err)
	final := h.find(t, warehousetest.Final, "account")
	if left := tables.Branches(final); len(left) > 0 || len(final.Metadata().Snapshots()) != 1 {
		t.Errorf("branches %v, %d snapshots", left, len(final.Metadata().Snapshots()))
	}
}

// TestHandsOverWhereverItDies has processes die anywhere between the begin of a merge and its end, each with another
// who merges, and Spark's part done or not. The next process ends it, whoever is to merge then.
func TestHandsOverWhereverItDies(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano()) // #nosec G115 -- any number will do
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0)) // #nosec G404 -- it is no secret
	h, bySpark := newHanded(t), 0
	for n := range 40 {
		keys := []int{random.IntN(60), 60 + n}
		m := h.load(h.process(merger.Go, nil, nil), keys)
		for tries := 0; ; tries++ {
			by := []merger.Who{merger.Spark, merger.Spark, merger.Go}[random.IntN(3)]
			fares := &weather{}
			if tries < 4 {
				fares.Fault = warehousetest.Fault{Kind: warehousetest.Dies, At: random.IntN(60)}
			}
			err := h.live(random, h.process(by, aProgram(waits), fares), m, fmt.Sprint(n, "/", tries/3))
			if err == nil {
				break
			}
			if !errors.Is(err, warehousetest.ErrDied) && plan.ClassOf(err) != plan.Retry {
				t.Fatal(err)
			}
			if tries > 8 {
				t.Fatal(err)
			}
		}
		final := h.find(t, warehousetest.Final, "account")
		below := final.SnapshotByID(*final.CurrentSnapshot().ParentSnapshotID)
		if below != nil && below.Summary.Properties["catchment.merge"] != "" {
			bySpark++
		}
		_, err := h.process(merger.Go, nil, nil).Consolidate(t.Context(), h.fence, m) // what a death has left is done
		must(t, err)
		h.goesOn()
		must(t, os.RemoveAll(filepath.Join(h.folder, "spark")))
	}
	t.Logf("Spark has merged %d of 40", bySpark)
	if bySpark == 0 {
		t.Error("Spark has merged nothing")
	}
	got := len(h.Look(t, warehousetest.Final, "account"))
	if got != len(h.want) {
		t.Errorf("%d accounts, not %d", got, len(h.want))
	}
	for _, row := range h.Look(t, warehousetest.Final, "account") {
		if h.want[*row["id"]] != *row["name"] {
			t.Errorf("account %s is called %q, not %q", *row["id"], *row["name"], h.want[*row["id"]])
		}
	}
}

// live is a process that merges, as far as it comes. Spark does its part where somebody throws so.
func (h *handed) live(random *rand.Rand, w warehouse.Warehouse, m warehouse.Merge, token string) error {
	if warehouse.RolesOf(w).Detacher == nil {
		_, err := w.Consolidate(h.t.Context(), h.fence, m)
		return err
	}
	id, err := h.begin(w, m, token)
	if err != nil {
		return err
	}
	if id != "" && random.IntN(4) > 0 {
		for _, request := range h.requests(h.t) {
			branch := filepath.Base(filepath.Dir(request))
			final := h.find(h.t, warehousetest.Final, "account")
			at, has := tables.Branches(final)[branch]
			if s := final.SnapshotByID(at); has && s.Summary.Properties["catchment.merge"] == "" {
				h.mergeInstead(h.t, request, account(), nil)
			}
		}
	}
	h.goesOn()
	if id != "" {
		if err := h.over(w, id); err != nil {
			return err
		}
	}
	_, err = w.Consolidate(h.t.Context(), h.fence, m)
	return err
}
