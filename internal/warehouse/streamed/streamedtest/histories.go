package streamedtest

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/streamed"
	"catchment/internal/warehouse/warehousetest"
)

// seed makes one history; 0 are those of the default.
var seed = flag.Uint64("streamed.seed", 0, "replay the history of one seed")

// A past is one record's, as the org knows it.
type past struct {
	name    string
	at      int
	deleted bool
}

// histories: events are lost, come twice and come late, windows read between them, and processes die; once what is
// unproven was read, each row is as the org is. There never are two rows of one record.
func histories(t *testing.T, d *desk) {
	seeds := []uint64{1, 2, 3}
	if *seed > 0 {
		seeds = []uint64{*seed}
	}
	for i, s := range seeds {
		h := &history{desk: d, seed: s, offset: 1000 * (i + 1), org: map[string]past{},
			random: rand.New(rand.NewPCG(s, 1))} // #nosec G404 -- a test
		h.run(t)
		if t.Failed() {
			t.Fatalf("seed %d: replay it with -streamed.seed %d", s, s)
		}
		d.Delete(t, warehousetest.Final, "account")
	}
}

type history struct {
	*desk
	random *rand.Rand
	seed   uint64
	offset int // of the minutes of its readings
	org    map[string]past
	minute int // of the org
	seen   int // up to which a window has read
	events []streamed.Row
	runs   int
}

func (h *history) run(t *testing.T) {
	h.window(t)
	for range 60 {
		h.minute++
		h.change()
		switch h.random.IntN(6) {
		case 0:
			h.window(t)
		case 1, 2, 3:
			h.deliver(t)
		}
		h.single(t)
	}
	h.window(t)
	h.readUnproven(t)
	h.isTheOrg(t)
}

// change changes a few records, and tells of it: not of each, and of some twice.
func (h *history) change() {
	for range 1 + h.random.IntN(4) {
		id := fmt.Sprintf("%d-%02d", h.seed, h.random.IntN(12))
		before, known := h.org[id]
		now := past{name: fmt.Sprintf("n%d-%d", h.minute, h.random.IntN(1000)), at: h.minute}
		act := streamed.Set
		switch {
		case !known:
			act = streamed.Make
		case before.deleted:
			act = streamed.Read
		case h.random.IntN(8) == 0:
			act, now.deleted, now.name = streamed.Gone, true, before.name
		case h.random.IntN(8) == 0:
			act = streamed.Read
		}
		h.org[id] = now
		if h.random.IntN(5) == 0 { // lost
			continue
		}
		e := event(id, act, h.minute)
		if act == streamed.Make || act == streamed.Set {
			e = event(id, act, h.minute, "name", now.name)
		}
		h.events = append(h.events, e)
		if h.random.IntN(5) == 0 {
			h.events = append(h.events, e)
		}
	}
}

// deliver writes what events say, each record once; the process may die over it, and then does it again.
func (h *history) deliver(t *testing.T) {
	t.Helper()
	last := map[string]streamed.Row{}
	for _, e := range h.events {
		before, twice := last[e.ID]
		switch {
		case !twice:
		case before.Act == streamed.Read, before.Act == streamed.Gone && e.Act != streamed.Gone:
			e = event(e.ID, streamed.Read, h.minute)
		case before.Act == streamed.Make && e.Act == streamed.Set:
			e.Act = streamed.Make
		}
		last[e.ID] = e
	}
	h.events = nil
	delta := h.delta(fmt.Sprintf("%06x", h.minute), slices.Collect(maps.Values(last))...)
	if h.random.IntN(3) == 0 {
		fault := warehousetest.Fault{Kind: warehousetest.Dies, At: h.random.IntN(15)}
		_, _ = streamOf(t, h.under(fault)).Apply(t.Context(), h.fence, delta)
	}
	_, err := h.stream.Apply(t.Context(), h.fence, delta)
	must(t, err)
}

// window reads what changed since the last one.
func (h *history) window(t *testing.T) {
	t.Helper()
	var records []string
	for id, p := range h.org {
		if p.at >= h.seen {
			records = append(records, rec(id, p.at, p.deleted, p.name))
		}
	}
	h.seen = h.minute
	if len(records) == 0 {
		return
	}
	h.runs++
	h.desk.window(t, fmt.Sprintf("w%d-%d", h.seed, h.runs), h.offset+h.minute, records...)
}

// readUnproven reads by their Ids what no window has.
func (h *history) readUnproven(t *testing.T) {
	t.Helper()
	ids, err := h.stream.Unproven(t.Context(), h.table, true, "", 100)
	must(t, err)
	var records []string
	for _, id := range ids {
		p := h.org[id]
		records = append(records, rec(id, p.at, p.deleted, p.name))
	}
	if len(records) > 0 {
		h.runs++
		name := fmt.Sprintf("r%d-%d", h.seed, h.runs)
		_, err = h.w.Mend(t.Context(), h.fence, warehouse.Mending{Policy: h.policy, AllowDeletes: true,
			Batches: []warehouse.Batch{{Table: h.table, Attempt: name, Job: name + "-read", Op: warehouse.Put,
				ReadAt: at(h.offset + h.minute + 1), Pages: []warehouse.Page{h.page(records...)}}}})
		must(t, err)
	}
	must(t, h.stream.Proven(t.Context(), h.fence, h.table, ids))
}

// single: no record has two rows.
func (h *history) single(t *testing.T) {
	t.Helper()
	seen := map[string]bool{}
	for _, r := range h.Look(t, warehousetest.Final, "account") {
		if id := *r["id"]; seen[id] {
			t.Fatalf("two rows of %s", id)
		} else {
			seen[id] = true
		}
	}
}

// isTheOrg: each row is as the org is, and none is unproven.
func (h *history) isTheOrg(t *testing.T) {
	t.Helper()
	var want []string
	for id, p := range h.org {
		want = append(want, fmt.Sprintf("%s|%s|%t", id, p.name, p.deleted))
	}
	slices.Sort(want)
	same(t, fmt.Sprintf("seed %d", h.seed), h.says(t, "id", "name", "isdeleted"), strings.Join(want, " "))
}
