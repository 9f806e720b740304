package warehousetest

import (
	"errors"
	"fmt"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
)

// left is what a policy leaves of a row that was taken away for a reason: why it
// is deleted, "live", or "" for no row; and why its tombstone stands there.
func left(p gone.Policy, t gone.Traits) (row, tombstone string) {
	switch {
	case p == gone.Ignore:
		return "live", ""
	case p == gone.Remove && !t.Kept:
		return "", string(t.Reason)
	}
	return string(t.Reason), ""
}

// everyReason takes a row away for each reason there is. Then a version comes of
// each record that says that it is in the recycle bin.
func everyReason(r *rig) {
	for i, policy := range []gone.Policy{gone.Flag, gone.Remove, gone.Ignore} {
		var live, binned, rows, tombs, rowsLater, tombsLater []string
		var parts []reading
		for n, traits := range gone.Reasons() {
			id := fmt.Sprintf("%d%d", i, n)
			live = append(live, rec(id, 10, false, "there"))
			binned = append(binned, rec(id, 220, true, "there"))
			parts = append(parts, reading{readAt: at(200), op: warehouse.Delete, reason: traits.Reason,
				pages: []warehouse.Page{r.page("Id", id)}})
			later := traits
			if !traits.Kept {
				later.Reason = gone.Soft
			}
			row, tomb := left(policy, traits)
			rows, tombs = appendNamed(rows, id, row), appendNamed(tombs, id, tomb)
			row, tomb = left(policy, later)
			rowsLater, tombsLater = appendNamed(rowsLater, id, row), appendNamed(tombsLater, id, tomb)
		}
		read := func(in reading) {
			in.merge.Policy = policy
			r.read(in)
		}
		is := func(rows, tombs []string) {
			of := fmt.Sprint(i)
			sameRows(r.t, beginning(of, r.rows("id", state)), rows...)
			sameRows(r.t, beginning(of, r.lines(Staging, "_catchment_tombstone", "record_key", "reason")), tombs...)
		}
		read(r.puts(fmt.Sprintf("put%d", i), 100, live...))
		parts[0].name, parts[0].more = fmt.Sprintf("gone%d", i), parts[1:]
		read(parts[0])
		is(rows, tombs)
		read(r.puts(fmt.Sprintf("binned%d", i), 300, binned...))
		is(rowsLater, tombsLater)
	}
}

// appendNamed adds what was said of an Id, if something was.
func appendNamed(lines []string, id, text string) []string {
	if text == "" {
		return lines
	}
	return append(lines, id+"|"+text)
}

// everyMassDelete takes all rows away, for each reason there is: only what
// somebody approved isn't stopped.
func everyMassDelete(r *rig) {
	for n, traits := range gone.Reasons() {
		var live, ids []string
		for i := range 101 {
			id := fmt.Sprintf("%d-%03d", n, i)
			live, ids = append(live, rec(id, 10, false, "there")), append(ids, id)
		}
		r.subject.Delete(r.t, Final, "account")
		r.read(r.puts(fmt.Sprintf("put%d", n), 100, live...))
		lost := reading{name: fmt.Sprintf("gone%d", n), readAt: at(200), op: warehouse.Delete, reason: traits.Reason,
			pages: []warehouse.Page{r.page("Id", ids...)}}
		_, err := r.try(lost)
		_, stopped := errors.AsType[*gone.MassDelete](err)
		same(r.t, string(traits.Reason)+" stops", stopped, !traits.Approved)
		if stopped {
			err = r.w.Discard(r.t.Context(), r.fence, lost.name)
		}
		must(r.t, err)
	}
}

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
