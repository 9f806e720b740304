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
