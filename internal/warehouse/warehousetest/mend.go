package warehousetest

import (
	"errors"
	"fmt"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
)

// mending is a mending of records and of keys that are gone.
func (r *rig) mending(name string, readAt int, lost []string, records ...string) warehouse.Mending {
	m := warehouse.Mending{Policy: gone.Flag}
	if len(records) > 0 {
		m.Batches = append(m.Batches, r.batch(r.puts(name, readAt, records...)))
	}
	if len(lost) > 0 {
		in := reading{name: name, readAt: at(readAt), op: warehouse.Delete,
			pages: []warehouse.Page{r.page("Id", lost...)}}
		b := r.batch(in)
		b.Job += "-gone"
		m.Batches = append(m.Batches, b)
	}
	return m
}

func mends(r *rig) {
	ctx := r.t.Context()
	in := r.puts("a1", 100, rec("1", 10, false, "fine"), rec("2", 99_999, false, "stale, by a stamp that is ahead"),
		rec("3", 10, false, "purged"),
		rec("4", 10, false, "deleted since"), rec("5", 10, true, "flagged, but live"))
	in.merge = warehouse.Merge{Watermark: at(90), Grade: "proven", Generation: 1}
	r.read(in)
	m := r.mending("mend", 200, []string{"3", "9"}, rec("2", 20, false, "right"), rec("4", 20, true, "deleted"),
		rec("5", 10, false, "live"), rec("6", 10, false, "missing"))
	for range 2 { // the second time finds that it was done
		c, err := r.w.Mend(ctx, r.fence, m)
		must(r.t, err)
		same(r.t, "counts", c, warehouse.Counts{Staged: 6, Inserted: 1, Updated: 2, Deleted: 2, Unchanged: 1, Rows: 6})
	}
	sameRows(r.t, r.rows(columns...), "1|fine|true|~", "2|right|true|~", "3|purged|false|purged",
		"4|deleted|false|soft", "5|live|true|~", "6|missing|true|~")
	mark, _, err := r.w.Mark(ctx, r.fence.Flow)
	must(r.t, err)
	same(r.t, "watermark", mark.Watermark, at(90))
	same(r.t, "rows", mark.Rows, 6)
	same(r.t, "staged rows", len(r.staged("id")), 0)
	same(r.t, "pages in the ledger", len(r.subject.Look(r.t, Staging, "_catchment_page")), 0)
	nothing, err := r.w.Mend(ctx, r.fence, warehouse.Mending{})
	same(r.t, "nothing to mend", fmt.Sprint(nothing, err), fmt.Sprint(warehouse.Counts{}, error(nil)))
}

func mendStops(r *rig) {
	var records, lost []string
	for i := range 300 {
		id := fmt.Sprintf("%03d", i)
		records = append(records, rec(id, 10, false, "one"))
		if i < 150 {
			lost = append(lost, id)
		}
	}
	r.read(r.puts("a1", 100, records...))
	m := r.mending("mend", 200, lost)
	_, err := r.w.Mend(r.t.Context(), r.fence, m)
	same(r.t, "class", plan.ClassOf(err), plan.Fix)
	same(r.t, "live rows", len(beginning("true", r.rows(live))), 300)
	same(r.t, "staged rows", len(r.staged("id")), 0)
	m.AllowDeletes, m.Policy = true, gone.Remove
	c, err := r.w.Mend(r.t.Context(), r.fence, m)
	must(r.t, err)
	same(r.t, "allowed", c.Deleted, 150)
	same(r.t, "rows", len(r.rows("id")), 150)
}

func mendDuplicates(r *rig) {
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two")))
	r.subject.Copy(r.t, Final, "account", "copy")
	r.subject.Drop(r.t, Final, "account")
	r.subject.Rename(r.t, Final, "copy", "account")
	r.subject.Insert(r.t, Final, "account", r.find("1"))
	for range 2 {
		must(r.t, r.w.Distinct(r.t.Context(), r.fence, r.table))
	}
	_, err := r.w.Mend(r.t.Context(), r.fence, r.mending("mend", 200, nil, rec("1", 10, false, "one of them")))
	must(r.t, err)
	sameRows(r.t, r.rows("id", "name"), "1|one of them", "2|two")
}

// What a row says of its version can't be later than anybody has read it. Taken
// back, it keeps nothing off any more: neither from a live row nor from a deleted one,
// nor from a tombstone; and what is true stays.
func unstamped(r *rig) {
	ctx := r.t.Context()
	in := r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, true, "two"), rec("3", 10, false, "three"))
	r.read(in)
	gone := r.puts("a2", 100, rec("4", 10, true, "four"))
	gone.merge.Policy = "remove"
	r.read(gone)
	three := r.find("3")
	never := moment(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC))
	erased := row("table_name", "account", "record_key", "5", "reason", "erased", "_catchment_at", never,
		"_catchment_read_at", never)
	ahead := row("_catchment_at", moment(at(9000)), "_catchment_read_at", moment(at(9000)))
	r.subject.Update(r.t, Final, "account", ahead)
	r.subject.Update(r.t, Staging, "_catchment_tombstone", ahead)
	r.subject.Delete(r.t, Final, "account", "3")
	r.subject.Insert(r.t, Final, "account", three)
	r.subject.Insert(r.t, Staging, "_catchment_tombstone", erased)
	for range 2 {
		must(r.t, r.w.Unstamp(ctx, r.fence, r.table, at(200)))
	}
	const stamped = "_catchment_at"
	sameRows(r.t, r.rows("id", stamped, "_catchment_read_at"), "1|~|~", "2|~|~",
		"3|"+moment(at(10))+"|"+moment(at(100)))
	r.read(r.puts("a3", 300, rec("1", 20, false, "changed"), rec("2", 20, false, "undeleted"),
		rec("3", 9, false, "old"), rec("4", 20, false, "undeleted"), rec("5", 20, false, "erased")))
	sameRows(r.t, r.rows(columns...), "1|changed|true|~", "2|undeleted|true|~", "3|three|true|~", "4|undeleted|true|~")
	old := r.fence
	old.Number--
	same(r.t, "an old fence is refused", errors.Is(r.w.Unstamp(ctx, old, r.table, at(200)), warehouse.ErrFenced), true)
}

// A page of an attempt that was read before a repair comes after it.
func mendThenLatePage(r *rig) {
	ctx := r.t.Context()
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two"), rec("3", 10, false, "three")))
	late := r.puts("late", 200, rec("1", 110, false, "as it was before"), rec("2", 10, false, "two"),
		rec("3", 10, false, "purged since"), rec("4", 10, false, "new"))
	_, err := r.w.Load(ctx, r.fence, r.batch(late))
	must(r.t, err)
	_, err = r.w.Mend(ctx, r.fence, r.mending("mend", 300, []string{"3"}, rec("1", 110, false, "mended"),
		rec("2", 10, false, "mended")))
	must(r.t, err)
	c, err := r.by(ctx, r.w, r.fence, r.mergeOf(late))
	must(r.t, err)
	same(r.t, "counts", c, warehouse.Counts{Staged: 4, Inserted: 1, Unchanged: 3, Rows: 4})
	sameRows(r.t, r.rows(columns...), "1|mended|true|~", "2|mended|true|~", "3|three|false|purged", "4|new|true|~")
}

// A rebuild may override stamps, not what was read after it.
func mendThenLateRebuild(r *rig) {
	ctx := r.t.Context()
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 99_999, false, "a stamp that is ahead"),
		rec("3", 10, false, "three")))
	late := r.puts("late", 200, rec("1", 10, false, "as it was before"), rec("2", 10, false, "rebuilt"))
	late.merge.Override, late.merge.Complete = true, true
	_, err := r.w.Load(ctx, r.fence, r.batch(late))
	must(r.t, err)
	_, err = r.w.Mend(ctx, r.fence, r.mending("mend", 300, nil, rec("1", 10, false, "mended"),
		rec("3", 10, false, "mended")))
	must(r.t, err)
	_, err = r.by(ctx, r.w, r.fence, r.mergeOf(late))
	must(r.t, err)
	sameRows(r.t, r.rows(columns...), "1|mended|true|~", "2|rebuilt|true|~", "3|mended|true|~")
}
