package warehousetest

import (
	"fmt"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/gone"
)

// isDeletedIsTrue takes rows away in every way in which no version of the record says
// so, and brings them back: reports go by IsDeleted, as Salesforce's own do. The
// column may have any name.
func isDeletedIsTrue(r *rig) {
	r.table.Name, r.fence.Flow = "named", "named"
	r.table.Columns[1].Name = "in_the_bin"
	r.renew("named")
	says := func(what string, want ...string) {
		r.t.Helper()
		r.t.Log(what)
		sameRows(r.t, r.lines(Final, "named", "id", "in_the_bin", state), want...)
	}
	rest := func() string {
		return fmt.Sprint(r.lines(Final, "named", "id", "name", "systemmodstamp", "employees", "masterrecordid",
			"_catchment_at"))
	}
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two"), rec("3", 10, false, "three"),
		rec("4", 10, false, "four"), rec("5", 10, true, "in the bin")))
	before := rest()

	in := reading{name: "a2", readAt: at(200), op: warehouse.Delete, reason: gone.Purged,
		pages: []warehouse.Page{r.page("Id", "1", "5")}}
	sight := r.sees("", 201, "1", "3", "4", "5")
	sight.reason = gone.Hidden
	in.more = []reading{sight}
	for range 2 { // a repeat changes nothing
		same(r.t, "counts", r.read(in), warehouse.Counts{Staged: 2, Deleted: 2, Unchanged: 1, Rows: 5})
		says("gone", "1|true|purged", "2|true|hidden", "3|false|live", "4|false|live", "5|true|soft")
	}
	whole := r.puts("a3", 300, rec("4", 10, false, "four"))
	whole.merge.Complete, whole.merge.AbsentReason = true, gone.OutOfFilter
	r.read(whole)
	says("absent", "1|true|purged", "2|true|hidden", "3|true|out_of_filter", "4|false|live", "5|true|soft")
	same(r.t, "all else", rest(), before)

	r.read(r.patches("a4", 400, patchRec("1", 10, "7")))
	says("patched", "1|true|purged", "2|true|hidden", "3|true|out_of_filter", "4|false|live", "5|true|soft")
	r.read(r.puts("a5", 500, rec("1", 10, false, "one"), rec("3", 420, true, "three")))
	says("one is back", "1|false|live", "2|true|hidden", "3|true|soft", "4|false|live", "5|true|soft")
	_, err := r.w.Mend(r.t.Context(), r.fence, r.mending("mend", 600, []string{"4"}, rec("3", 10, false, "three")))
	must(r.t, err)
	says("mended", "1|false|live", "2|true|hidden", "3|false|live", "4|true|purged", "5|true|soft")
}

// isDeletedComesBack brings rows back by versions that say nothing of IsDeleted.
func isDeletedComesBack(r *rig) {
	const header = "Id,SystemModstamp,Name"
	without := func(id string, minute int) string {
		return id + "," + at(minute).Format("2006-01-02T15:04:05.000Z") + ",back"
	}
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, true, "two"), rec("3", 10, false, "three")))
	r.read(reading{name: "a2", readAt: at(200), op: warehouse.Delete, pages: []warehouse.Page{r.page("Id", "1")}})
	sameRows(r.t, r.rows("id", "isdeleted", state), "1|true|purged", "2|true|soft", "3|false|live")
	r.read(reading{name: "a3", readAt: at(300),
		pages: []warehouse.Page{r.page(header, without("1", 210), without("2", 210), without("3", 210))}})
	sameRows(r.t, r.rows("id", "isdeleted", state), "1|false|live", "2|false|live", "3|false|live")
}

// compareIsDeleted finds a wrong IsDeleted wherever the org returns the record: of live
// ones, and of those in the recycle bin. Of what is purged, or out of the filter, the
// org says nothing, and so does the comparison.
func compareIsDeleted(r *rig) {
	r.read(r.puts("a1", 100, rec("1", 10, false, "live"), rec("2", 10, true, "in the bin"),
		rec("3", 10, false, "purged"), rec("4", 60, false, "pending"), rec("5", 10, false, "said nothing"),
		rec("6", 60, true, "pending, in the bin")))
	r.read(reading{name: "a2", readAt: at(200), op: warehouse.Delete, pages: []warehouse.Page{r.page("Id", "3")}})
	now := r.page(short, brief("1", 10, false), brief("2", 10, true), brief("4", 60, false), brief("5", 10, false),
		brief("6", 60, true))
	c := r.stamps(50)
	r.finds(c, 9, evidence.Difference{Source: 3, Warehouse: 3, Alone: 1}, now)

	table := r.subject.Look(r.t, Final, "account")
	r.subject.Delete(r.t, Final, "account")
	for _, row := range table {
		is := "true"
		if *row["isdeleted"] == "true" {
			is = "false"
		}
		row["isdeleted"] = &is
		if *row["id"] == "5" {
			row["isdeleted"] = nil
		}
		r.subject.Insert(r.t, Final, "account", row)
	}
	wrong := [][]string{{"isdeleted"}, {"isdeleted"}, {"isdeleted"}}
	r.finds(c, 9, evidence.Difference{Source: 3, Warehouse: 3, Wrong: 3, WrongIDs: []string{"1", "2", "5"},
		WrongColumns: wrong, Pending: 1, Alone: 1}, now)
	c.Policy = gone.Ignore
	r.finds(c, 9, evidence.Difference{Source: 3, Warehouse: 3, Wrong: 2, WrongIDs: []string{"1", "5"},
		WrongColumns: wrong[:2], Pending: 1, Alone: 1}, now)

	c.Policy = gone.Flag
	reading := r.judge(c, now)
	got, err := reading.Ask(r.t.Context(), 9)
	must(r.t, err)
	same(r.t, "suspects", fmt.Sprint(got), "[{1 wrong} {2 wrong} {5 wrong}]")
	_, err = r.w.Mend(r.t.Context(), r.fence,
		r.mending("mend", 300, nil, rec("1", 10, false, "live"), rec("2", 10, true, "in the bin")))
	must(r.t, err)
	must(r.t, reading.Answer(r.t.Context(), at(1000), []warehouse.Page{
		r.page(short, brief("1", 10, false), brief("2", 10, true), brief("5", 10, false))}))
	got, err = reading.Ask(r.t.Context(), 9)
	must(r.t, err)
	same(r.t, "what is left", fmt.Sprint(got), "[{5 wrong}]")
	must(r.t, reading.Close(r.t.Context()))
}
