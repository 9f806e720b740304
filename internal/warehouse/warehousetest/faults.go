package warehousetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
)

// faults are what holds when something goes wrong: of one operation of each role
// under every kind of fault, and in words.
func faults(roles []Role) []test {
	tests := []test{
		{"a lost answer to COMMIT", lostAnswer},
		{"a transaction that fails leaves nothing", atomic},
	}
	for _, o := range operations() {
		if o.role == "" || slices.Contains(roles, o.role) {
			tests = append(tests, test{o.name, o.underFaults})
		}
	}
	return tests
}

func lostAnswer(r *rig) {
	ctx := r.t.Context()
	lost := r.under(Fault{Kind: LostAnswer})
	in := r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, true, "two"))
	_, err := lost.Load(ctx, r.fence, r.batch(in))
	same(r.t, "load", err != nil, true)
	n, err := r.w.Load(ctx, r.fence, r.batch(in))
	must(r.t, err)
	same(r.t, "rows in the ledger", n, 2)
	_, err = lost.Consolidate(ctx, r.fence, r.mergeOf(in))
	same(r.t, "consolidate", err != nil, true)
	c, err := r.w.Consolidate(ctx, r.fence, r.mergeOf(in))
	must(r.t, err)
	same(r.t, "counts", c, warehouse.Counts{Staged: 2, Inserted: 2, Rows: 2})
	sameRows(r.t, r.rows(columns...), "1|one|true|~", "2|two|false|soft")
}

func atomic(r *rig) {
	ctx := r.t.Context()
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two")))
	in := r.puts("a2", 200, rec("1", 120, true, "one"), rec("3", 120, false, "three"))
	in.merge.Policy = gone.Remove
	before := r.rows(columns...)
	for n := 0; ; n++ {
		_, err := r.under(Fault{Fails, n}).Load(ctx, r.fence, r.batch(in))
		if err == nil {
			break
		}
		same(r.t, "nothing staged", len(r.staged("id")), 0)
	}
	for n := 0; ; n++ {
		c, err := r.under(Fault{Fails, n}).Consolidate(ctx, r.fence, r.mergeOf(in))
		if err == nil {
			same(r.t, "counts", c, warehouse.Counts{Staged: 2, Inserted: 1, Deleted: 1, Rows: 2})
			break
		}
		sameRows(r.t, r.rows(columns...), before...)
	}
	sameRows(r.t, r.rows(columns...), "2|two|true|~", "3|three|true|~")
}

// Promotes holds a warehouse that makes a final table of a staged one, wherever that can be, against
// one that never does: both end with the same rows, counts and marks. And it has each statement of such
// a merge fail: what was there before is there then, and a repeat ends like any other.
func Promotes(t *testing.T, never, wherever func(t testing.TB) Subject) {
	for _, one := range beginnings() {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			plain := newRig(t, never(t), byConsolidate)
			one.run(plain)
			promoting := newRig(t, wherever(t), byConsolidate)
			one.run(promoting)
			sameTables(promoting, plain)
		})
	}
	for _, policy := range []gone.Policy{gone.Flag, gone.Remove} {
		t.Run("statements that fail/"+string(policy), func(t *testing.T) {
			t.Parallel()
			plain := newRig(t, never(t), byConsolidate)
			plain.read(firstReading(plain, policy))
			promoting := newRig(t, wherever(t), byConsolidate)
			failingEverywhere(promoting, firstReading(promoting, policy))
			sameTables(promoting, plain)
		})
	}
}

// sameTables tells what else there is than in another warehouse.
func sameTables(r, other *rig) {
	r.t.Helper()
	got, want := strings.Split(afterwards(r), "\n"), strings.Split(afterwards(other), "\n")
	for _, line := range got {
		if !slices.Contains(want, line) {
			r.t.Errorf("there is %s", line)
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			r.t.Errorf("there isn't %s", line)
		}
	}
	same(r.t, "lines", len(got), len(want))
}

// afterwards is what the tables hold, the order of their columns, and the mark, but for moments of
// the clock.
func afterwards(r *rig) string {
	r.t.Helper()
	lines := append(r.everything(), r.kept()...)
	for _, side := range []Side{Final, Staging} {
		lines = append(lines, strings.Join(r.subject.Columns(r.t, side, "account"), " "))
	}
	m, _, err := r.w.Mark(r.t.Context(), r.fence.Flow)
	must(r.t, err)
	return strings.Join(append(lines, fmt.Sprintf("%d, %s %s, %d rows after %s", m.Generation, m.Watermark, m.Grade,
		m.Rows, m.Attempt)), "\n")
}

// firstReading is a first reading of two pages with a deleted record, and one that was kept out.
func firstReading(r *rig, policy gone.Policy) reading {
	records := []string{rec("gone", 10, true, "gone")}
	for i := range 12 {
		records = append(records, rec(fmt.Sprint(i), 10+i, false, "some"))
	}
	in := r.puts("a1", 100, records...)
	in.pages = append(in.pages, r.page(header, rec("last", 12, false, "last"), "bare,,,"))
	r.rejecting(&in.pages[0], "out", "3")
	in.merge = warehouse.Merge{Watermark: at(90), Grade: "proven", Generation: 1, Complete: true, Policy: policy}
	return in
}

// failingEverywhere does a reading, after it has failed at each statement of its load and its merge.
func failingEverywhere(r *rig, in reading) {
	r.t.Helper()
	m := r.mergeOf(in)
	b := r.batch(in)
	b.Job = "a1-job0"
	for _, do := range []func(w warehouse.Warehouse) error{
		func(w warehouse.Warehouse) error { _, err := w.Load(r.t.Context(), r.fence, b); return err },
		func(w warehouse.Warehouse) error { _, err := w.Consolidate(r.t.Context(), r.fence, m); return err },
	} {
		before, n := afterwards(r), 0
		for ; do(r.under(Fault{Fails, n})) != nil; n++ {
			if now := afterwards(r); now != before {
				r.t.Fatalf("what it left when statement %d failed:\n%s\nwas before:\n%s", n, now, before)
			}
		}
		same(r.t, "statements were many", n > 5, true)
	}
	_, err := r.under(Fault{Kind: LostAnswer}).Consolidate(r.t.Context(), r.fence, m)
	same(r.t, "the answer to a repeat is lost", err != nil, true)
	_, err = r.w.Consolidate(r.t.Context(), r.fence, m)
	must(r.t, err)
}

// with is a first reading that is changed, and merged twice.
func with(change func(*rig, *reading)) func(*rig) {
	return func(r *rig) {
		in := firstReading(r, gone.Flag)
		change(r, &in)
		c, err := r.try(in)
		if err != nil {
			must(r.t, r.w.Discard(r.t.Context(), r.fence, in.name))
			return
		}
		again, err := r.by(r.t.Context(), r.w, r.fence, r.mergeOf(in))
		must(r.t, err)
		same(r.t, "counts of a repeat", again, c)
		same(r.t, "rows", c.Rows, int64(len(r.rows("id"))))
	}
}

// beginnings are first readings, with all that may stand against a promotion.
func beginnings() []test {
	policy := func(p gone.Policy) func(*rig) {
		return with(func(_ *rig, in *reading) { in.merge.Policy = p })
	}
	return append(disturbed(), []test{
		{"deletes are flagged", policy(gone.Flag)},
		{"deleted rows are removed", policy(gone.Remove)},
		{"deletes are ignored", policy(gone.Ignore)},
		{"most are deleted", with(func(r *rig, in *reading) {
			in.pages = r.pages(rec("1", 1, true, "one"), rec("2", 1, true, "two"), rec("3", 1, false, "three"))
		})},
		{"a key is there twice", with(func(r *rig, in *reading) {
			in.pages = append(in.pages, r.page(header, rec("3", 300, false, "new"), rec("4", 1, false, "old")))
		})},
		{"a key is there twice, once as deleted", with(func(r *rig, in *reading) {
			in.pages = append(in.pages, r.page(header, rec("3", 300, true, "gone")))
			in.merge.Policy = gone.Remove
		})},
		{"the stamp isn't read", with(func(r *rig, in *reading) {
			in.pages = []warehouse.Page{r.page("Id,Name", "1,one", "2,two")}
		})},
		{"it wins over rows of any stamp", with(func(_ *rig, in *reading) { in.merge.Override = true })},
		{"a column is forgotten", with(func(_ *rig, in *reading) { in.merge.Forget = []string{"name"} })},
		{"there are patches", with(func(r *rig, in *reading) {
			in.more = []reading{{readAt: at(120), op: warehouse.Patch, pages: []warehouse.Page{
				r.page("Id,Amount__c", "1,1.25", "nowhere,2.5")}}}
		})},
		{"there are further columns", with(func(r *rig, in *reading) {
			in.more = []reading{{readAt: at(120), pages: []warehouse.Page{r.page("Id,Amount__c", "more,1.25")}}}
		})},
		{"every record is seen", with(func(r *rig, in *reading) {
			in.more = []reading{{readAt: at(120), op: warehouse.Seen, pages: []warehouse.Page{r.page("Id", "1", "2")}}}
		})},
		{"some are deleted", with(func(r *rig, in *reading) {
			in.more = []reading{{readAt: at(120), op: warehouse.Delete,
				pages: []warehouse.Page{r.page("Id", "1", "2")}}}
		})},
	}...)
}

// disturbed are those that others are in the way of, and those after which it goes on.
func disturbed() []test {
	return []test{
		{"another attempt has staged before", with(func(r *rig, in *reading) {
			must(r.t, r.load(r.puts("a0", 50, rec("1", 400, false, "other"), rec("other", 1, false, "other"))))
		})},
		{"somebody has staged", with(func(r *rig, _ *reading) {
			r.subject.Insert(r.t, Staging, "account", row("id", "hand", "name", "by hand"))
		})},
		{"somebody stages after the load", with(func(r *rig, in *reading) {
			must(r.t, r.load(*in))
			r.subject.Insert(r.t, Staging, "account", row("id", "hand", "_catchment_at", moment(at(500))))
		})},
		{"somebody has taken a staged row away", with(func(r *rig, in *reading) {
			must(r.t, r.load(*in))
			r.subject.Delete(r.t, Staging, "account", "7")
		})},
		{"somebody fills the final table meanwhile", with(func(r *rig, in *reading) {
			must(r.t, r.load(*in))
			r.subject.Insert(r.t, Final, "account", row("id", "3", "name", "by hand"))
		})},
		{"a tombstone stands against one", with(func(r *rig, _ *reading) {
			r.read(reading{name: "a0", readAt: at(50), pages: r.pages(rec("3", 5000, true, "gone")),
				merge: warehouse.Merge{Policy: gone.Remove}})
		})},
		{"one was kept out earlier", with(func(r *rig, _ *reading) {
			earlier := r.puts("a0", 50)
			r.rejecting(&earlier.pages[0], "3", "5", "nowhere")
			r.read(earlier)
		})},
		{"the table gets a column meanwhile", with(func(r *rig, in *reading) {
			must(r.t, r.load(*in))
			grow(r)
		})},
		{"two readings later", func(r *rig) {
			r.read(firstReading(r, gone.Remove))
			grow(r)
			in := reading{name: "a2", readAt: at(300), pages: []warehouse.Page{
				r.page("Id,Name,Fax,SystemModstamp", "1,eins,1,2026-03-01T04:00:00.000Z", "new,neu,2,")}}
			r.read(in)
			r.read(reading{name: "a3", readAt: at(400), op: warehouse.Seen, pages: []warehouse.Page{
				r.page("Id", "1", "2", "new")}, merge: warehouse.Merge{AllowDeletes: true}})
		}},
		{"the table is emptied and filled again", func(r *rig) {
			r.read(firstReading(r, gone.Flag))
			r.subject.Delete(r.t, Final, "account")
			again := firstReading(r, gone.Flag)
			again.name = "a2"
			r.read(again)
		}},
	}
}

// grow gives the table one more column.
func grow(r *rig) {
	r.t.Helper()
	r.table.Columns = append(r.table.Columns[:len(r.table.Columns):len(r.table.Columns)],
		shape.Column{Name: "fax", Field: "Fax", Kind: shape.Text})
	_, err := r.w.Prepare(r.t.Context(), r.fence, r.table)
	must(r.t, err)
}
