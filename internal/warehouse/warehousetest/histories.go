package warehousetest

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
)

// A version is one staged version of a record, with times in minutes.
type version struct {
	id         string
	at, readAt int
	seq        int64
	deleted    bool
	name       string
}

// A modelRow is what the final table should hold for a key.
type modelRow struct {
	at, readAt int
	name       string
	deleted    bool
}

// A model is the final table as a map: the contract in plain Go.
type model struct {
	rows  map[string]modelRow
	tombs map[string][2]int
}

func after(at, readAt, thatAt, thatReadAt int) bool {
	return at > thatAt || at == thatAt && readAt > thatReadAt
}

// merge is what Consolidate promises.
func (m *model) merge(versions []version, p gone.Policy, complete, override bool, readAt int) {
	newest := map[string]version{}
	staged := map[string]bool{}
	for _, v := range versions {
		staged[v.id] = true
		if p == gone.Ignore && v.deleted {
			continue
		}
		old, ok := newest[v.id]
		if !ok || v.at > old.at || v.at == old.at && v.seq > old.seq {
			newest[v.id] = v
		}
	}
	for id, v := range newest {
		old, known := m.rows[id]
		tomb, buried := m.tombs[id]
		wins := after
		if override { // by the time of reading alone
			wins = func(_, readAt, _, thatReadAt int) bool { return readAt >= thatReadAt }
		}
		if known && !wins(v.at, v.readAt, old.at, old.readAt) || buried && !wins(v.at, v.readAt, tomb[0], tomb[1]) {
			continue
		}
		delete(m.tombs, id)
		if p == gone.Remove && v.deleted {
			delete(m.rows, id)
			m.tombs[id] = [2]int{v.at, v.readAt}
			continue
		}
		m.rows[id] = modelRow{v.at, v.readAt, v.name, v.deleted}
	}
	if !complete || p == gone.Ignore {
		return
	}
	for id, row := range m.rows {
		if row.deleted || staged[id] || row.readAt > readAt || !override && row.readAt == readAt {
			continue
		}
		if p == gone.Remove {
			delete(m.rows, id)
			m.tombs[id] = [2]int{row.at, readAt}
			continue
		}
		row.deleted, row.readAt = true, readAt
		m.rows[id] = row
	}
}

func (m *model) lines() []string {
	var out []string
	for _, id := range slices.Sorted(maps.Keys(m.rows)) {
		row := m.rows[id]
		out = append(out, fmt.Sprintf("%s|%s|%t|%t", id, row.name, !row.deleted, row.deleted))
	}
	return out
}

// Histories checks random histories: attempts that read versions in any order,
// on any pages, under any policy, some of them consolidated more than once or
// loaded twice, against the model. After each step there is one row per key.
// It tries 25 of them, unless -rapid.checks asks for another number than its
// default.
func Histories(t *testing.T, open func(t testing.TB) Subject) {
	HistoriesBy(t, consolidating(open))
}

// HistoriesBy is Histories with another way to consolidate.
func HistoriesBy(t *testing.T, open func(t testing.TB) (Subject, Consolidator)) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		must(t, f.Value.Set("25"))
	}
	subject, by := open(t)
	r := newRig(t, subject, by)
	tries := 0
	rapid.Check(t, func(rt *rapid.T) {
		tries++
		r.renew(fmt.Sprintf("t%d", tries))
		m := &model{rows: map[string]modelRow{}, tombs: map[string][2]int{}}
		for n := range rapid.IntRange(1, 5).Draw(rt, "attempts") {
			r.attempt(rt, m, fmt.Sprintf("%d.%d", tries, n))
		}
	})
}

// renew gives the rig an empty table of another name.
func (r *rig) renew(name string) {
	r.table.Name, r.fence.Flow = name, name
	_, err := r.w.Claim(r.t.Context(), r.fence, name, org)
	must(r.t, err)
	_, err = r.w.Prepare(r.t.Context(), r.fence, r.table)
	must(r.t, err)
}

// attempt draws an attempt, does it, and compares.
func (r *rig) attempt(rt *rapid.T, m *model, name string) {
	readAt := rapid.IntRange(1, 3).Draw(rt, "read at")
	in := reading{name: name, readAt: at(readAt)}
	in.merge = warehouse.Merge{
		Policy: rapid.SampledFrom([]gone.Policy{gone.Flag, gone.Remove, gone.Ignore}).Draw(rt,
			"policy"),
		Complete: rapid.Bool().Draw(rt, "complete"),
		Override: rapid.IntRange(0, 5).Draw(rt, "override") == 0,
	}
	var all []version
	for range rapid.IntRange(0, 3).Draw(rt, "pages") {
		var lines []string
		seen := map[string]bool{}
		for range rapid.IntRange(0, 4).Draw(rt, "records") {
			v := version{id: fmt.Sprint(rapid.IntRange(1, 4).Draw(rt, "id")), at: rapid.IntRange(1, 4).Draw(rt, "at"),
				readAt: readAt, seq: r.seq + 1, deleted: rapid.Bool().Draw(rt, "deleted"),
				name: fmt.Sprintf("%s/%d/%d", name, r.seq, len(lines))}
			if seen[v.id] {
				continue // two versions of one key in a page have no order
			}
			seen[v.id] = true
			all = append(all, v)
			lines = append(lines, rec(v.id, v.at, v.deleted, v.name))
		}
		in.pages = append(in.pages, r.page(header, lines...))
	}
	if rapid.Bool().Draw(rt, "loaded twice") && len(in.pages) > 0 {
		b := r.batch(in)
		b.Pages = rapid.Permutation(slices.Clone(b.Pages)).Draw(rt, "order")[:1]
		_, err := r.w.Load(r.t.Context(), r.fence, b)
		must(r.t, err)
	}
	counts := r.read(in)
	absentAt := readAt
	if len(in.pages) == 0 {
		absentAt = 10_000 // the rig's clock
	}
	m.merge(all, in.merge.Policy, in.merge.Complete, in.merge.Override, absentAt)
	for range rapid.IntRange(0, 1).Draw(rt, "repeats") {
		again, err := r.w.Consolidate(r.t.Context(), r.fence, r.mergeOf(in))
		must(r.t, err)
		if again != counts {
			rt.Fatalf("a repeat says %v, the first time said %v", again, counts)
		}
	}
	got := r.lines(Final, r.table.Name, "id", "name", live, "isdeleted")
	if want := strings.Join(m.lines(), "\n"); strings.Join(got, "\n") != want {
		rt.Fatalf("table:\n%s\nmodel:\n%s", strings.Join(got, "\n"), want)
	}
	if counts.Rows != int64(len(m.rows)) || counts.Staged != int64(len(all)) {
		rt.Fatalf("counts %+v of %d versions, %d rows", counts, len(all), len(m.rows))
	}
}
