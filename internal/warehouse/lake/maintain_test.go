package lake_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/upkeep"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/maintained"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/warehousetest"
)

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

// named is what the account of a key is called by a number: names that are all alike would take no room in a file.
func named(key, number int) string { return fmt.Sprintf("%d of %d", number, key*7919) }

// load stages versions of accounts, which are named by a number, and says how they are merged.
func (l *tended) load(t *testing.T, keys []int, number int) warehouse.Merge {
	t.Helper()
	var text strings.Builder
	text.WriteString("Id,Name\n")
	for _, key := range keys {
		fmt.Fprintf(&text, "%09d,%s\n", key, named(key, number))
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

// TestMaintainFaults has upkeep fail, die, lose a race or an answer at one of its steps after the other. The rows are
// the same then, and one that comes after does what is left.
func TestMaintainFaults(t *testing.T) {
	t.Parallel()
	for _, kind := range []warehousetest.FaultKind{warehousetest.Fails, warehousetest.Dies, warehousetest.Cancelled,
		warehousetest.LostAnswer} {
		l := tendedBy(t, usual())
		for at, ended := 0, false; !ended; at += 6 {
			l.merge(t, []int{1, 2, 3 + at}, at)
			l.merge(t, []int{1, 4 + at}, at)
			want := l.names(t)
			w := &weather{Fault: warehousetest.Fault{Kind: kind, At: at}}
			ended = l.maintainUnder(t, w) == nil && (kind != warehousetest.Cancelled || w.steps <= at)
			ended = ended || kind == warehousetest.LostAnswer
			if got := l.names(t); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("%s, %d: other rows than before", kind, at)
			}
			if c := condition(t, l.Warehouse); c != shape.Intact {
				t.Errorf("%s, %d: the table is %s", kind, at, c)
			}
			last := l.maintain(t, maintained.All)
			if got := l.names(t); fmt.Sprint(got) != fmt.Sprint(want) || last.Tables[0].After.Files > 1 {
				t.Fatalf("%s, %d, and once more: %+v, or other rows", kind, at, last.Tables[0])
			}
		}
	}
}

// maintainUnder does all upkeep in some weather.
func (l *tended) maintainUnder(t *testing.T, w *weather) error {
	t.Helper()
	o := options()
	o.Maintain = usual()
	keeper, _ := maintained.Of(l.under(o, w))
	_, err := keeper.Maintain(t.Context(), l.fence, "account", maintained.All)
	return err
}
