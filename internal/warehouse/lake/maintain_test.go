package lake_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/upkeep"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/maintained"
	"catchment/internal/warehouse/warehousetest"
)

// merges is how many small merges TestSmallMerges makes in a row.
var merges = flag.Int("lake-merges", 40, "make so many small merges in a row, and look after the tables meanwhile")

// upkeepMost is how many snapshots a table has at most: as many as stay, and as many more as are worth a commit.
const upkeepMost = 220

// A tended lake is one of accounts that is looked after.
type tended struct {
	*subject
	warehouse.Warehouse
	maintained.Keeper
	fence   warehouse.Fence
	attempt int
}

// tendedBy is a lake with the tables of account, whose files are kept by somebody.
func tendedBy(t *testing.T, m upkeep.Maintain) *tended {
	t.Helper()
	s := newSubject(t)
	o := options()
	o.Maintain = m
	w := lake.New(lake.Place{Catalog: s.Catalog, Scratch: s.folder}, o)
	keeper, is := maintained.Of(w)
	if !is {
		t.Fatal("a lake doesn't look after its tables")
	}
	l := &tended{subject: s, Warehouse: w, Keeper: keeper, fence: warehouse.Fence{Flow: "Account", Number: 1}}
	must(t, w.Migrate(t.Context()))
	_, err := w.Claim(t.Context(), l.fence, "account", org)
	must(t, err)
	_, err = w.Prepare(t.Context(), l.fence, account())
	must(t, err)
	return l
}

// usual is the upkeep that a configuration has which says nothing of it.
func usual() upkeep.Maintain {
	return upkeep.Maintain{By: upkeep.ByUs, Snapshots: 5 * 24 * time.Hour, Orphans: 3 * 24 * time.Hour}
}

// load stages versions of accounts, of which each has the number as its name, and says how they are merged.
func (l *tended) load(t *testing.T, keys []int, number int) warehouse.Merge {
	t.Helper()
	var text strings.Builder
	text.WriteString("Id,Name\n")
	for _, key := range keys {
		fmt.Fprintf(&text, "%09d,%d\n", key, number)
	}
	l.attempt++
	attempt := fmt.Sprintf("a%d", l.attempt)
	at := time.Now()
	_, err := l.Load(t.Context(), l.fence, warehouse.Batch{Table: account(), Attempt: attempt, Job: "j" + attempt,
		ReadAt: at, Pages: []warehouse.Page{{Key: attempt, Seq: 1, Header: []string{"Id", "Name"},
			Rows: int64(len(keys)), Digest: attempt, Open: func(context.Context) (io.ReadCloser, error) {
				return io.NopCloser(strings.NewReader(text.String())), nil
			}}}})
	must(t, err)
	return warehouse.Merge{Table: account(), Attempt: attempt, Policy: gone.Flag, Pages: 1, Rows: int64(len(keys)),
		Watermark: at}
}

// merge stages versions, and merges them.
func (l *tended) merge(t *testing.T, keys []int, number int) {
	t.Helper()
	_, err := l.Consolidate(t.Context(), l.fence, l.load(t, keys, number))
	must(t, err)
}

// maintain looks after the tables of the flow, as long as there is more to do.
func (l *tended) maintain(t *testing.T, how maintained.How) (w maintained.Work) {
	t.Helper()
	for w.More = true; w.More; {
		var err error
		w, err = l.Maintain(t.Context(), l.fence, "account", how)
		must(t, err)
	}
	return w
}

// names are the names of all accounts, by their Ids.
func (l *tended) names(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, row := range l.all(t, warehousetest.Final, "account") {
		if _, twice := all[*row["id"]]; twice {
			t.Fatalf("account %s has two rows", *row["id"])
		}
		all[*row["id"]] = *row["name"]
	}
	return all
}

// TestSmallMerges makes many small merges in a row. What a reader of the table has to read stays within twice of what
// it was after the first one, and so does what it has to be told of.
func TestSmallMerges(t *testing.T) {
	t.Parallel()
	const accounts, each = 20_000, 50
	seed := uint64(time.Now().UnixNano()) // #nosec G115 -- any number will do
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0)) // #nosec G404 -- it is no secret
	l := tendedBy(t, usual())
	want := map[string]string{}
	merge := func(keys []int, number int) {
		l.merge(t, keys, number)
		for _, key := range keys {
			want[fmt.Sprintf("%09d", key)] = fmt.Sprint(number)
		}
	}
	some := func() (keys []int) {
		for range each {
			keys = append(keys, random.IntN(accounts))
		}
		return keys
	}
	merge(random.Perm(accounts), 0)
	merge(some(), 1)
	first := l.maintain(t, maintained.Due).Tables[0].After
	most := first
	for n := 2; n <= *merges; n++ {
		merge(some(), n)
		is := l.maintain(t, maintained.Due).Tables[0].After
		most.Files, most.Deletes = max(most.Files, is.Files), max(most.Deletes, is.Deletes)
		most.Bytes, most.Snapshots = max(most.Bytes, is.Bytes), max(most.Snapshots, is.Snapshots)
	}
	t.Logf("first %+v, most %+v", first, most)
	if most.Bytes > 2*first.Bytes || most.Files > first.Files+8 || most.Deletes > first.Deletes+8 ||
		most.Snapshots > upkeepMost {
		t.Errorf("after %d merges %+v, and after the first one %+v", *merges, most, first)
	}
	if got := l.names(t); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%d accounts, not %d, or not as they were merged", len(got), len(want))
	}
	l.maintain(t, maintained.All)
	if got := l.names(t); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("after all upkeep %d accounts, not %d, or not as they were merged", len(got), len(want))
	}
}

// TestLeftAlone looks after tables that must be left alone: of which an attempt is under way, that others have written
// to or have taken back, and of a flow that somebody else holds.
func TestLeftAlone(t *testing.T) {
	t.Parallel()
	left := func(l *tended, want string) {
		t.Helper()
		before := l.find(t, warehousetest.Final, "account").MetadataLocation()
		for _, how := range []maintained.How{maintained.Due, maintained.All} {
			if got := l.maintain(t, how).Tables[0].Left; !strings.Contains(got, want) || got == "" {
				t.Errorf("%s: it is left because %q, not %q", how, got, want)
			}
		}
		if l.find(t, warehousetest.Final, "account").MetadataLocation() != before {
			t.Errorf("a table that is left alone because %q has changed", want)
		}
	}
	filled := func() *tended {
		l := tendedBy(t, usual())
		for n := range 12 {
			l.merge(t, []int{1, 2, 3 + n}, n)
		}
		return l
	}
	l := filled()
	m := l.load(t, []int{1, 2}, 77)
	must(t, l.Seal(t.Context(), l.fence, m))
	left(l, "isn't merged yet")
	_, err := l.Consolidate(t.Context(), l.fence, m)
	must(t, err)
	if w := l.maintain(t, maintained.Due); w.Tables[0].Left != "" || w.Tables[0].After.Files > 2 {
		t.Errorf("once it is merged: %+v", w.Tables[0])
	}

	l = filled()
	l.byHand(t, warehousetest.Final, "account", func(tx *table.Transaction) error {
		return tx.AddDataFiles(t.Context(), l.files(t, l.find(t, warehousetest.Final, "account"),
			[]warehousetest.Row{row("id", "999999999", "name", "theirs")}), nil)
	})
	left(l, "somebody else has written to it: append at 20")

	l = filled()
	before := l.find(t, warehousetest.Final, "account").CurrentSnapshot().SnapshotID
	l.merge(t, []int{1}, 50)
	l.byHand(t, warehousetest.Final, "account", func(tx *table.Transaction) error {
		return tx.RollbackToSnapshot(before)
	})
	left(l, "older snapshot")

	l = filled()
	newer := warehouse.Fence{Flow: "Account", Number: 2}
	_, err = l.Claim(t.Context(), newer, "account", org)
	must(t, err)
	if _, err := l.Maintain(t.Context(), l.fence, "account", maintained.Due); err == nil {
		t.Error("who has lost the flow looks after its tables")
	}
}

// TestKeepers has upkeep done by whom the configuration names.
func TestKeepers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		by    upkeep.Keeper
		how   maintained.How
		fewer bool
	}{
		{by: upkeep.ByUs, how: maintained.Due, fewer: true},
		{by: upkeep.ByUs, how: maintained.Look}, {by: upkeep.ByUs, how: maintained.Count},
		{by: upkeep.ByNobody, how: maintained.Due}, {by: upkeep.ByNobody, how: maintained.All, fewer: true},
		{by: upkeep.ByService, how: maintained.Due}, {by: upkeep.ByService, how: maintained.All},
	} {
		m := usual()
		m.By = c.by
		l := tendedBy(t, m)
		for n := range 12 {
			l.merge(t, []int{1, 2, 3 + n}, n)
		}
		before := l.names(t)
		w := l.maintain(t, c.how)
		own, err := l.MaintainOwn(t.Context(), c.how)
		must(t, err)
		for _, r := range append(w.Tables, own.Tables...) {
			many := r.Before.Files >= 8
			if fewer := r.After.Files < r.Before.Files; many && fewer != c.fewer || !c.fewer && r.Before != r.After {
				t.Errorf("by %s, %s: %s was %+v, and is %+v", c.by, c.how, r.Table, r.Before, r.After)
			}
			if many && c.how == maintained.Look && r.Small < 8 {
				t.Errorf("a look at %s finds %d small files", r.Table, r.Small)
			}
		}
		if got := l.names(t); fmt.Sprint(got) != fmt.Sprint(before) {
			t.Errorf("by %s, %s: other rows than before", c.by, c.how)
		}
	}
}
