package warehousetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
)

const header = "Id,IsDeleted,SystemModstamp,Name"

// columns are those that most tests look at.
var columns = []string{"id", "name", live, "_catchment_delete_reason"}

// rec is one record below header, stamped at a minute.
func rec(id string, minute int, deleted bool, name string) string {
	return fmt.Sprintf("%s,%t,%s,%s", id, deleted, at(minute).Format("2006-01-02T15:04:05.000Z"), quoted(name))
}

// pages makes one page of records.
func (r *rig) pages(records ...string) []warehouse.Page {
	return []warehouse.Page{r.page(header, records...)}
}

// puts is a reading of one page of records.
func (r *rig) puts(name string, readAt int, records ...string) reading {
	return reading{name: name, readAt: at(readAt), pages: r.pages(records...)}
}

func firstAndNext(r *rig) {
	in := r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 11, false, "two"))
	in.pages = append(in.pages, r.page(header, rec("3", 12, false, "three")))
	in.merge = warehouse.Merge{Watermark: at(90), Grade: "proven", Generation: 1}
	same(r.t, "counts", r.read(in), warehouse.Counts{Staged: 3, Inserted: 3, Rows: 3})
	sameRows(r.t, r.rows(columns...), "1|one|true|~", "2|two|true|~", "3|three|true|~")

	in = r.puts("a2", 200, rec("2", 131, false, "zwei"), rec("4", 131, false, "four"), rec("1", 131, true, "one"),
		rec("3", 1, false, "stale"))
	in.merge = warehouse.Merge{Watermark: at(190), Grade: "lagged", Generation: 1}
	same(r.t, "counts", r.read(in), warehouse.Counts{Staged: 4, Inserted: 1, Updated: 1, Deleted: 1,
		Unchanged: 1, Rows: 4})
	sameRows(r.t, r.rows(columns...), "1|one|false|soft", "2|zwei|true|~", "3|three|true|~", "4|four|true|~")
	sameRows(r.t, r.staged("id"))

	m, ok, err := r.w.Mark(r.t.Context(), "Account")
	must(r.t, err)
	same(r.t, "known", ok, true)
	newest := m.Newest
	same(r.t, "mark", m, warehouse.Mark{Flow: "Account", Table: "account", Fence: 1, Org: org, Generation: 1,
		Watermark: at(190),
		Grade:     "lagged", Rows: 4, SyncedAt: newest, Newest: newest, Attempt: "a2"})
	all, err := r.w.Marks(r.t.Context())
	must(r.t, err)
	same(r.t, "marks", all[0], m)
	n, err := r.w.Rows(r.t.Context(), r.table)
	must(r.t, err)
	same(r.t, "Rows", n, 4)
}

func twoInFirst(r *rig) {
	in := r.puts("a1", 100, rec("1", 10, false, "old"), rec("2", 10, false, "two"))
	in.pages = append(in.pages, r.page(header, rec("1", 20, false, "new")))
	same(r.t, "counts", r.read(in), warehouse.Counts{Staged: 3, Inserted: 2, Unchanged: 1, Rows: 2})
	sameRows(r.t, r.rows(columns...), "1|new|true|~", "2|two|true|~")
	if !r.subject.Traits().Enforces {
		return // nothing but the lock keeps duplicates out, and verify names those that somebody else makes
	}
	same(r.t, "a duplicate by hand is refused", refused(r.t, func(t testing.TB) {
		r.subject.Insert(t, Final, "account", row("id", "1"))
	}), true)
}

func repeated(r *rig) {
	in := r.puts("a1", 100, rec("1", 10, false, "one"))
	first := r.read(in)
	again, err := r.w.Consolidate(r.t.Context(), r.fence, r.mergeOf(in))
	must(r.t, err)
	same(r.t, "counts of the repeat", again, first)
	same(r.t, "counts of a repeat that loads again", r.read(in), first)
	sameRows(r.t, r.staged("id"))
	in.name = "a2"
	same(r.t, "the same page in another attempt", r.read(in), warehouse.Counts{Staged: 1, Unchanged: 1, Rows: 1})
}

func olderVersion(r *rig) {
	r.read(r.puts("a1", 100, rec("1", 50, false, "new")))
	r.read(r.puts("a2", 200, rec("1", 40, false, "older stamp")))
	r.read(r.puts("a3", 90, rec("1", 50, false, "same stamp, read before")))
	sameRows(r.t, r.rows(columns...), "1|new|true|~")
	r.read(r.puts("a4", 300, rec("1", 50, false, "same stamp, read later")))
	sameRows(r.t, r.rows(columns...), "1|same stamp, read later|true|~")
}

func override(r *rig) {
	r.read(r.puts("a1", 100, rec("1", 99_999, false, "stamp of a wrong clock")))
	in := r.puts("a2", 200, rec("1", 40, false, "rebuilt"))
	in.merge.Override = true
	same(r.t, "counts", r.read(in), warehouse.Counts{Staged: 1, Updated: 1, Rows: 1})
	sameRows(r.t, r.rows(columns...), "1|rebuilt|true|~")
}

func undelete(r *rig) {
	r.read(r.puts("a1", 100, rec("1", 10, false, "one")))
	r.read(r.puts("a2", 200, rec("1", 120, true, "one")))
	c := r.read(r.puts("a3", 300, rec("1", 130, true, "still deleted")))
	same(r.t, "counts", c, warehouse.Counts{Staged: 1, Updated: 1, Rows: 1})
	sameRows(r.t, r.rows("name", "_catchment_deleted_at"), "still deleted|"+at(120).Format("2006-01-02 15:04:05+00"))
	c = r.read(r.puts("a4", 400, rec("1", 330, false, "back")))
	same(r.t, "counts", c, warehouse.Counts{Staged: 1, Updated: 1, Rows: 1})
	sameRows(r.t, r.rows(columns...), "1|back|true|~")
}

func mergedRecord(r *rig) {
	r.read(reading{name: "a1", readAt: at(100),
		pages: []warehouse.Page{r.page("Id,IsDeleted,MasterRecordId,SystemModstamp",
			"1,true,2,2026-03-01T00:10:00.000Z", "2,false,,2026-03-01T00:10:00.000Z",
			"3,true,,2026-03-01T00:10:00.000Z")}})
	sameRows(r.t, r.rows("id", "_catchment_delete_reason"), "1|merged", "2|~", "3|soft")
}

func tombstones(r *rig) {
	remove := func(in reading) warehouse.Counts {
		in.merge.Policy = gone.Remove
		return r.read(in)
	}
	c := remove(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, true, "deleted before we came")))
	same(r.t, "first", c, warehouse.Counts{Staged: 2, Inserted: 1, Unchanged: 1, Rows: 1})
	c = remove(r.puts("a2", 200, rec("1", 120, true, "one")))
	same(r.t, "removed", c, warehouse.Counts{Staged: 1, Deleted: 1})
	c = remove(r.puts("a3", 150, rec("1", 110, false, "late"), rec("2", 9, false, "late")))
	same(r.t, "late pages", c, warehouse.Counts{Staged: 2, Unchanged: 2})
	c = remove(r.puts("a4", 300, rec("1", 220, false, "back")))
	same(r.t, "undeleted", c, warehouse.Counts{Staged: 1, Inserted: 1, Rows: 1})
	sameRows(r.t, r.rows(columns...), "1|back|true|~")
	sameRows(r.t, r.lines(Staging, "_catchment_tombstone", "record_key", "reason"), "2|soft")
}

func ignored(r *rig) {
	ignore := func(in reading) warehouse.Counts {
		in.merge.Policy = gone.Ignore
		return r.read(in)
	}
	ignore(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two")))
	c := ignore(r.puts("a2", 200, rec("1", 120, true, "one"), rec("3", 120, true, "three")))
	same(r.t, "counts", c, warehouse.Counts{Staged: 2, Unchanged: 2, Rows: 2})
	in := r.puts("a3", 300, rec("1", 10, false, "one"))
	in.merge.Complete = true
	c = ignore(in)
	same(r.t, "counts of the complete reading", c, warehouse.Counts{Staged: 1, Updated: 1, Rows: 2})
	sameRows(r.t, r.rows(columns...), "1|one|true|~", "2|two|true|~")
}

func deletesByID(r *rig) {
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two"), rec("3", 10, true, "three")))
	lost := func(name string, readAt int) reading {
		return reading{name: name, readAt: at(readAt), op: warehouse.Delete,
			pages: []warehouse.Page{r.page("Id", "1", "3", "9")}}
	}
	same(r.t, "read before", r.read(lost("a2", 50)), warehouse.Counts{Staged: 3, Unchanged: 3, Rows: 3})
	same(r.t, "read after", r.read(lost("a3", 200)), warehouse.Counts{Staged: 3, Deleted: 1, Unchanged: 2, Rows: 3})
	sameRows(r.t, r.rows(columns...), "1|one|false|purged", "2|two|true|~", "3|three|false|soft")
	r.read(r.puts("a4", 300, rec("1", 10, false, "visible again")))
	sameRows(r.t, r.rows(columns...), "1|visible again|true|~", "2|two|true|~", "3|three|false|soft")
}

func absent(r *rig) {
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two")))
	r.read(r.puts("a2", 300, rec("3", 290, false, "read later")))
	in := r.puts("a3", 200, rec("1", 10, false, "one"))
	in.merge.Complete, in.merge.AbsentReason = true, "hidden"
	same(r.t, "counts", r.read(in), warehouse.Counts{Staged: 1, Updated: 1, Deleted: 1, Rows: 3})
	sameRows(r.t, r.rows(columns...), "1|one|true|~", "2|two|false|hidden", "3|read later|true|~")
	r.read(r.puts("a4", 150, rec("2", 10, false, "late")))
	sameRows(r.t, r.rows(columns...), "1|one|true|~", "2|two|false|hidden", "3|read later|true|~")
	r.read(r.puts("a5", 400, rec("2", 10, false, "visible again")))
	sameRows(r.t, r.rows(columns...), "1|one|true|~", "2|visible again|true|~", "3|read later|true|~")
}

func absentRemoved(r *rig) {
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two")))
	in := r.puts("a2", 200, rec("1", 10, false, "one"))
	in.merge.Complete, in.merge.AbsentReason, in.merge.Policy = true, "out_of_filter", gone.Remove
	same(r.t, "counts", r.read(in), warehouse.Counts{Staged: 1, Updated: 1, Deleted: 1, Rows: 1})
	r.read(r.puts("a3", 150, rec("2", 10, false, "late")))
	sameRows(r.t, r.rows(columns...), "1|one|true|~")
}

func massDelete(r *rig) {
	var live, lost []string
	for i := range 300 {
		live = append(live, rec(fmt.Sprintf("%03d", i), 10, false, "x"))
		if i < 101 {
			lost = append(lost, rec(fmt.Sprintf("%03d", i), 120, true, "x"))
		}
	}
	r.read(r.puts("a1", 100, live...))
	in := r.puts("a2", 200, lost...)
	_, err := r.try(in)
	var stop *gone.MassDelete
	same(r.t, "stopped", errors.As(err, &stop), true)
	same(r.t, "how many", *stop, gone.MassDelete{Table: "account", Deletes: 101, Rows: 300})
	same(r.t, "class", plan.ClassOf(err), plan.Fix)
	same(r.t, "hint", strings.Contains(plan.HintOf(err), "--allow-deletes"), true)
	same(r.t, "live rows", len(beginning("true", r.rows("live"))), 300)
	in.merge.AllowDeletes = true
	same(r.t, "allowed", r.read(in), warehouse.Counts{Staged: 101, Deleted: 101, Rows: 300})

	empty := reading{name: "a3", readAt: at(300), merge: warehouse.Merge{Complete: true, AbsentReason: "purged"}}
	_, err = r.try(empty)
	same(r.t, "absences stop too", errors.As(err, &stop), true)
}

func columnSets(r *rig) {
	r.read(r.puts("a1", 100, rec("1", 10, false, "one")))
	_, err := r.w.Load(r.t.Context(), r.fence,
		warehouse.Batch{Table: r.table, Attempt: "a2", Job: "j1", ReadAt: at(200),
			Pages: []warehouse.Page{r.page("Id,SystemModstamp,Employees", "1,2026-03-01T03:00:00.000Z,7",
				"2,2026-03-01T03:00:00.000Z,8")}})
	must(r.t, err)
	_, err = r.w.Load(r.t.Context(), r.fence, warehouse.Batch{Table: r.table, Attempt: "a2", Job: "j2", ReadAt: at(201),
		Pages: []warehouse.Page{r.page("Id,SystemModstamp,Name,Employees", "2,2026-03-01T03:01:00.000Z,two,9")}})
	must(r.t, err)
	c, err := r.w.Consolidate(r.t.Context(), r.fence,
		warehouse.Merge{Table: r.table, Attempt: "a2", Policy: gone.Flag, Pages: 2, Rows: 3})
	must(r.t, err)
	same(r.t, "counts", c, warehouse.Counts{Staged: 3, Inserted: 1, Updated: 2, Rows: 2})
	sameRows(r.t, r.rows("id", "name", "employees"), "1|one|7", "2|two|9")
}

func columnSetsFirst(r *rig) {
	load := func(job string, p warehouse.Page) {
		_, err := r.w.Load(r.t.Context(), r.fence,
			warehouse.Batch{Table: r.table, Attempt: "a1", Job: job, ReadAt: at(200), Pages: []warehouse.Page{p}})
		must(r.t, err)
	}
	load("j1", r.page("Id,SystemModstamp,Employees", "1,2026-03-01T03:00:00.000Z,7", "2,2026-03-01T03:00:00.000Z,8"))
	load("j2", r.page("Id,SystemModstamp,Name", "2,2026-03-01T03:01:00.000Z,two", "3,2026-03-01T03:01:00.000Z,three"))
	c, err := r.w.Consolidate(r.t.Context(), r.fence,
		warehouse.Merge{Table: r.table, Attempt: "a1", Policy: gone.Flag, Pages: 2, Rows: 4})
	must(r.t, err)
	same(r.t, "counts", c, warehouse.Counts{Staged: 4, Inserted: 3, Updated: 1, Rows: 3})
	sameRows(r.t, r.rows("id", "name", "employees"), "1|~|7", "2|two|8", "3|three|~")
}

// readLater: of two versions of one attempt with the same stamp, the one that was read
// later is the newer, in whichever order their pages came.
func readLater(r *rig) {
	for i, readAt := range [][2]int{{100, 101}, {101, 100}} {
		id := fmt.Sprint(i)
		in := r.puts(fmt.Sprint("a", i), readAt[0], rec(id, 10, false, fmt.Sprint("read at ", readAt[0])))
		in.more = []reading{r.puts("", readAt[1], rec(id, 10, false, fmt.Sprint("read at ", readAt[1])))}
		r.read(in)
	}
	sameRows(r.t, r.rows("id", "name"), "0|read at 101", "1|read at 101")
}

func stagedByUser(r *rig) {
	r.read(r.puts("a0", 0, rec("0", 0, false, "there before")))
	r.subject.Insert(r.t, Staging, "account",
		row("id", "1", "systemmodstamp", "2026-03-01 00:10:00+00", "name", "first", "isdeleted", "false"),
		row("id", "1", "systemmodstamp", "2026-03-01 00:20:00+00", "name", "second", "isdeleted", "false"),
		row("id", "2", "systemmodstamp", "2026-03-01 00:20:00+00", "name", "two", "isdeleted", "true"))
	c, err := r.by(r.t.Context(), r.w, r.fence,
		warehouse.Merge{Table: r.table, Policy: gone.Flag, Watermark: at(1000), Complete: true})
	if r.subject.Traits().Closed {
		same(r.t, "refused", err != nil, true)
		sameRows(r.t, r.rows(columns...), "0|there before|true|~")
		return
	}
	must(r.t, err)
	same(r.t, "counts", c, warehouse.Counts{Staged: 3, Inserted: 2, Unchanged: 1, Rows: 3})
	r.read(r.puts("a1", 100, rec("1", 20, false, "read by us")))
	sameRows(r.t, r.rows(columns...), "0|there before|true|~", "1|read by us|true|~", "2|two|false|soft")
	m, _, err := r.w.Mark(r.t.Context(), "Account")
	must(r.t, err)
	same(r.t, "no watermark", m.Watermark.IsZero(), true)
	sameRows(r.t, r.staged("id"))
}

func withoutStamp(r *rig) {
	in := reading{name: "a1", readAt: at(100), pages: []warehouse.Page{r.page("Id,Name", "1,one", "2,two")}}
	r.read(in)
	r.read(reading{name: "a2", readAt: at(90), pages: []warehouse.Page{r.page("Id,Name", "1,late")}})
	r.read(reading{name: "a3", readAt: at(110), pages: []warehouse.Page{r.page("Id,Name", "2,zwei")},
		merge: warehouse.Merge{Complete: true}})
	sameRows(r.t, r.rows(columns...), "1|one|false|purged", "2|zwei|true|~")
}

// keyedByTwo gives the rig a flow whose table has a key of two columns.
func (r *rig) keyedByTwo() {
	r.t.Helper()
	ctx := r.t.Context()
	r.table = shape.Table{Object: "Log__b", Name: "log__b", Key: []string{"day__c", "n__c"},
		Columns: []shape.Column{
			{Name: "day__c", Field: "Day__c", Kind: shape.Date}, {Name: "n__c", Field: "N__c", Kind: shape.Int},
			{Name: "text__c", Field: "Text__c", Kind: shape.Text}}}
	r.fence.Flow = "Log__b"
	_, err := r.w.Claim(ctx, r.fence, "log__b", org)
	must(r.t, err)
	_, err = r.w.Prepare(ctx, r.fence, r.table)
	must(r.t, err)
}

func twoKeys(r *rig) {
	r.keyedByTwo()
	page := func(recs ...string) []warehouse.Page { return []warehouse.Page{r.page("Day__c,N__c,Text__c", recs...)} }
	r.read(reading{name: "b1", readAt: at(1), pages: page("2026-01-01,1,a", "2026-01-01,2,b", "2026-01-02,1,c")})
	r.read(reading{name: "b2", readAt: at(2), pages: page("2026-01-01,2,B"),
		merge: warehouse.Merge{Complete: true, Policy: gone.Remove}})
	r.read(reading{name: "b3", readAt: at(1), pages: page("2026-01-02,1,late")})
	sameRows(r.t, r.lines(Final, "log__b", "day__c", "n__c", "text__c"), "2026-01-01|2|B")
}

func emptyReading(r *rig) {
	same(r.t, "no page", r.read(reading{name: "a1", readAt: at(1)}), warehouse.Counts{})
	same(r.t, "a page without records", r.read(r.puts("a2", 2)), warehouse.Counts{})
	r.read(r.puts("a3", 100, rec("1", 10, false, "one")))
	same(r.t, "nothing new", r.read(reading{name: "a4", readAt: at(200), merge: warehouse.Merge{Watermark: at(190)}}),
		warehouse.Counts{Rows: 1})
}

func watermark(r *rig) {
	mark := func() warehouse.Mark {
		m, _, err := r.w.Mark(r.t.Context(), "Account")
		must(r.t, err)
		return m
	}
	merge := func(name string, generation int64, to int) {
		r.read(reading{name: name, merge: warehouse.Merge{Watermark: at(to), Generation: generation, Grade: "proven"}})
	}
	merge("a1", 1, 100)
	merge("a2", 1, 50)
	same(r.t, "a repair doesn't move it back", mark().Watermark, at(100))
	r.read(reading{name: "a3"})
	same(r.t, "a merge without one leaves it", mark().Watermark, at(100))
	merge("a4", 2, 60)
	same(r.t, "a new generation begins anew", mark().Watermark, at(60))
	same(r.t, "generation", mark().Generation, 2)
}

// quietMark: an attempt that has read nothing moves the mark, and only that; it is fenced, counted
// and repeated as any other.
func quietMark(r *rig) {
	ctx := r.t.Context()
	r.read(r.puts("a1", 100, rec("1", 10, false, "one")))
	quiet := func(name string, to int) warehouse.Merge {
		return warehouse.Merge{Table: r.table, Attempt: name, Policy: gone.Flag, Watermark: at(to), Generation: 1,
			Grade: "proven", Memory: name}
	}
	mark := func() warehouse.Mark {
		m, _, err := r.w.Mark(ctx, "Account")
		must(r.t, err)
		return m
	}
	for range 2 { // the second time is a repeat
		c, err := r.w.Consolidate(ctx, r.fence, quiet("a2", 200))
		must(r.t, err)
		same(r.t, "counts", c, warehouse.Counts{Rows: 1})
		same(r.t, "watermark", mark().Watermark, at(200))
		same(r.t, "memory", mark().Memory, "a2")
	}
	done, err := r.w.Consolidated(ctx, "a2")
	must(r.t, err)
	same(r.t, "it is in the log", done, true)

	_, err = r.w.Load(ctx, r.fence, r.batch(r.puts("a3", 210, rec("2", 11, false, "two"))))
	must(r.t, err)
	_, err = r.w.Consolidate(ctx, r.fence, quiet("a3", 300))
	same(r.t, "one that has something in staging is refused", err != nil, true)
	same(r.t, "and the watermark stays", mark().Watermark, at(200))
	must(r.t, r.w.Discard(ctx, r.fence, "a3"))

	_, err = r.w.Claim(ctx, warehouse.Fence{Flow: "Account", Number: r.fence.Number + 1}, "account", org)
	must(r.t, err)
	_, err = r.w.Consolidate(ctx, r.fence, quiet("a4", 400))
	same(r.t, "an old fence is refused", errors.Is(err, warehouse.ErrFenced), true)
	same(r.t, "and the watermark stays where it was", mark().Watermark, at(200))
	sameRows(r.t, r.rows(columns...), "1|one|true|~")
}
