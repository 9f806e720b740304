package warehousetest

import (
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
)

const patchHeader = "Id,SystemModstamp,Employees"

// patchRec is one record below patchHeader.
func patchRec(id string, minute int, employees string) string {
	return id + "," + at(minute).Format("2006-01-02T15:04:05.000Z") + "," + employees
}

func (r *rig) patches(name string, readAt int, records ...string) reading {
	return reading{name: name, readAt: at(readAt), op: warehouse.Patch,
		pages: []warehouse.Page{r.page(patchHeader, records...)}}
}

func (r *rig) sees(name string, readAt int, ids ...string) reading {
	return reading{name: name, readAt: at(readAt), op: warehouse.Seen, pages: []warehouse.Page{r.page("Id", ids...)}}
}

func patched(r *rig) {
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two"), rec("3", 10, true, "deleted")))
	before := r.rows("systemmodstamp", "_catchment_at", "_catchment_read_at")
	c := r.read(r.patches("a2", 200, patchRec("1", 10, "7"), patchRec("2", 10, ""), patchRec("3", 10, "9"),
		patchRec("4", 10, "8")))
	same(r.t, "counts", c, warehouse.Counts{Staged: 4, Updated: 2, Patched: 2, Unchanged: 2, Rows: 3})
	sameRows(r.t, r.rows("id", "name", "employees", "live"), "1|one|7|true", "2|two|~|true",
		"3|deleted|9|false")
	sameRows(r.t, r.rows("systemmodstamp", "_catchment_at", "_catchment_read_at"), before...)
	sameRows(r.t, r.staged("id"))
	m, _, err := r.w.Mark(r.t.Context(), "Account")
	must(r.t, err)
	same(r.t, "who reads what is new sees the patch",
		len(beginning(moment(m.Newest), r.rows("_catchment_synced_at"))), 2)

	c = r.read(r.patches("a3", 300, patchRec("1", 10, "7"), patchRec("2", 10, "5")))
	same(r.t, "what is the same", c, warehouse.Counts{Staged: 2, Updated: 1, Patched: 1, Unchanged: 1, Rows: 3})
	c = r.read(r.patches("a4", 400, patchRec("2", 10, "")))
	same(r.t, "a value becomes null", c, warehouse.Counts{Staged: 1, Updated: 1, Patched: 1, Rows: 3})
	sameRows(r.t, r.rows("id", "employees"), "1|7", "2|~", "3|9")
	same(r.t, "a patch of nothing", r.read(r.patches("a5", 500)), warehouse.Counts{Rows: 3})
}

func patchedLate(r *rig) {
	r.read(r.puts("a1", 300, rec("1", 50, false, "one")))
	same(r.t, "an older stamp", r.read(r.patches("a2", 400, patchRec("1", 49, "1"))),
		warehouse.Counts{Staged: 1, Unchanged: 1, Rows: 1})
	same(r.t, "read before", r.read(r.patches("a3", 299, patchRec("1", 50, "2"))),
		warehouse.Counts{Staged: 1, Unchanged: 1, Rows: 1})
	same(r.t, "the same stamp", r.read(r.patches("a4", 300, patchRec("1", 50, "3"))),
		warehouse.Counts{Staged: 1, Updated: 1, Patched: 1, Rows: 1})
	same(r.t, "a newer stamp", r.read(r.patches("a5", 400, patchRec("1", 60, "4"))),
		warehouse.Counts{Staged: 1, Updated: 1, Patched: 1, Rows: 1})
	same(r.t, "which didn't move the row's", r.read(r.puts("a6", 500, rec("1", 55, false, "uno"))),
		warehouse.Counts{Staged: 1, Updated: 1, Rows: 1})
	sameRows(r.t, r.rows("id", "name", "employees"), "1|uno|4")
}

func patchedTogether(r *rig) {
	in := r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two"))
	in.more = []reading{
		r.patches("", 101, patchRec("1", 10, "7"), patchRec("2", 9, "8"), patchRec("3", 10, "9")),
		{readAt: at(102), op: warehouse.Patch,
			pages: []warehouse.Page{r.page("Id,SystemModstamp,Born__c", "2,2026-03-01T00:11:00.000Z,2026-01-01")}},
	}
	in.merge.Complete, in.merge.Watermark, in.merge.Generation, in.merge.Grade = true, at(90), 1, "proven"
	same(r.t, "counts", r.read(in), warehouse.Counts{Staged: 6, Inserted: 2, Updated: 2, Patched: 2,
		Unchanged: 2, Rows: 2})
	sameRows(r.t, r.rows("id", "name", "employees", "born__c"), "1|one|7|~", "2|two|~|2026-01-01")

	in = r.puts("a2", 200, rec("1", 110, false, "uno"))
	in.more = []reading{r.patches("", 201, patchRec("1", 110, "6"), patchRec("2", 10, "5"))}
	in.merge.Complete = true
	same(r.t, "a patch is no record of a complete reading", r.read(in),
		warehouse.Counts{Staged: 3, Updated: 3, Patched: 2, Deleted: 1, Rows: 2})
	sameRows(r.t, r.rows("id", "name", "employees", "live"), "1|uno|6|true", "2|two|5|false")
	m, _, err := r.w.Mark(r.t.Context(), "Account")
	must(r.t, err)
	same(r.t, "watermark", m.Watermark, at(90))
}

func seen(r *rig) {
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two"), rec("3", 10, true, "deleted")))
	in := r.puts("a2", 200, rec("4", 190, false, "new"))
	in.more = []reading{r.sees("", 201, "1", "3", "4", "5")}
	same(r.t, "counts", r.read(in), warehouse.Counts{Staged: 1, Inserted: 1, Deleted: 1, Rows: 4})
	sameRows(r.t, r.rows(columns...), "1|one|true|~", "2|two|false|purged", "3|deleted|false|soft", "4|new|true|~")
	sameRows(r.t, r.staged("id"))
	r.read(r.puts("a3", 150, rec("2", 10, false, "late")))
	same(r.t, "a late page", r.rows(columns...)[1], "2|two|false|purged")
	r.read(r.puts("a4", 300, rec("2", 10, false, "visible again")))
	same(r.t, "read again", r.rows(columns...)[1], "2|visible again|true|~")

	in = r.sees("a5", 400, "1", "2")
	in.merge.Policy = gone.Ignore
	same(r.t, "ignored", r.read(in), warehouse.Counts{Rows: 4})
	in = r.sees("a6", 500, "2", "4")
	in.merge.Policy = gone.Remove
	same(r.t, "removed", r.read(in), warehouse.Counts{Deleted: 1, Rows: 3})
	in = r.puts("a7", 450, rec("1", 10, false, "late"))
	in.merge.Policy = gone.Remove
	same(r.t, "a late page of what was removed", r.read(in), warehouse.Counts{Staged: 1, Unchanged: 1, Rows: 3})
	same(r.t, "nothing is there any more", r.read(r.sees("a8", 600)), warehouse.Counts{Deleted: 2, Rows: 3})
}

func seenEarlier(r *rig) {
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two")))
	r.read(r.puts("a2", 200, rec("2", 150, false, "read at the very moment")))
	in := r.puts("a3", 250, rec("3", 240, false, "read after the Ids"))
	in.more = []reading{r.sees("", 200)}
	in.merge.Override = true // a rebuild's records override, its sweep doesn't
	same(r.t, "counts", r.read(in), warehouse.Counts{Staged: 1, Inserted: 1, Deleted: 1, Rows: 3})
	sameRows(r.t, r.rows(columns...), "1|one|false|purged", "2|read at the very moment|true|~",
		"3|read after the Ids|true|~")
}

func reasons(r *rig) {
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two"), rec("3", 10, false, "three"),
		rec("4", 10, false, "four")))
	lost := func(id string, reason gone.Reason) reading {
		return reading{readAt: at(200), op: warehouse.Delete, reason: reason, pages: []warehouse.Page{r.page("Id", id)}}
	}
	in := lost("1", "purged")
	in.name = "a2"
	sight := r.sees("", 201, "1", "2", "4")
	sight.reason = "hidden"
	in.more = []reading{lost("2", "archived"), sight, lost("4", "")}
	in.merge.AbsentReason = "out_of_filter"
	same(r.t, "counts", r.read(in), warehouse.Counts{Staged: 3, Deleted: 4, Rows: 4})
	sameRows(r.t, r.rows(columns...), "1|one|false|purged", "2|two|false|archived", "3|three|false|hidden",
		"4|four|false|out_of_filter")
}

func repaired(r *rig) {
	r.read(r.puts("a1", 100, rec("1", 99_999, false, "stamp of a wrong clock"), rec("2", 99_999, false, "and another")))
	in := r.puts("a2", 200, rec("1", 40, false, "repaired"))
	in.override = true
	same(r.t, "counts", r.read(in), warehouse.Counts{Staged: 1, Updated: 1, Rows: 2})
	sameRows(r.t, r.rows(columns...), "1|repaired|true|~", "2|and another|true|~")
	p := r.patches("a3", 300, patchRec("2", 10, "7"))
	same(r.t, "a patch alone", r.read(p), warehouse.Counts{Staged: 1, Unchanged: 1, Rows: 2})
	p = r.patches("a4", 300, patchRec("2", 10, "7"))
	p.override = true
	same(r.t, "a patch that overrides", r.read(p), warehouse.Counts{Staged: 1, Updated: 1, Patched: 1, Rows: 2})
}
