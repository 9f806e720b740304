package archivedtest

import (
	"flag"
	"fmt"
	"slices"
	"testing"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/warehousetest"
)

// Each death is several commits, and the next one finds more files.
var every = flag.Int("archived.every", 5, "where rows and lines are two commits: at which touches somebody dies "+
	"between them: every so many'th")

// apart: where lines and rows are two commits, whatever goes wrong at whatever touch leaves no line that says deleted
// of a row that isn't marked, and no marked row without a line; no merge takes the row away meanwhile, and a repeat
// ends what was begun.
func apart(t *testing.T, d *desk) {
	var records []string
	for n := range 200 {
		records = append(records, rec(fmt.Sprintf("%03d", n), 1, false))
	}
	d.read(t, "a1", 50, records...)
	n := 0
	for _, kind := range []warehousetest.FaultKind{warehousetest.Fails, warehousetest.Dies} {
		touches, announced := n%*every, kind == warehousetest.Dies
		for ; d.settledUnder(t, n, warehousetest.Fault{Kind: kind, At: touches}, announced) != nil; n++ {
			touches += *every
		}
		n++
		same(t, "it got through", touches > 5, true)
	}
	err := d.settledUnder(t, n, warehousetest.Fault{Kind: warehousetest.LostAnswer}, true)
	same(t, "a lost answer is told", err != nil, true)
}

// mergedEvery is after how many deaths a merge comes that would take the row away.
const mergedEvery = 3

// settledUnder settles a record while something goes wrong, then does it again, and gives what went wrong first.
func (d *desk) settledUnder(t *testing.T, n int, f warehousetest.Fault, announced bool) error {
	t.Helper()
	ctx, id := t.Context(), fmt.Sprintf("%03d", n)
	if announced {
		must(t, d.ledger.Write(ctx, d.fence, []archived.Line{line(id, archived.Posted)}))
	}
	lines := []archived.Line{line(id, archived.Deleted)}
	failed := ledgerOf(t, d.under(f)).Settle(ctx, d.fence, d.table, lines)
	what := fmt.Sprintf("%s at %d", f.Kind, f.At)
	d.accounted(t, what)
	if announced && n%mergedEvery == 0 {
		d.merge(t, reading{name: "log-" + id, minute: 300 + n, op: warehouse.Delete, header: "Id",
			records: []string{id}, reason: gone.Purged, merge: warehouse.Merge{Policy: gone.Remove}})
		d.accounted(t, what+", after a merge")
	}
	must(t, d.ledger.Settle(ctx, d.fence, d.table, lines))
	found, err := d.ledger.Lookup(ctx, "p", "Account", []string{id})
	must(t, err)
	sameLines(t, found, lines...)
	return failed
}

// accounted proves that rows and lines agree as far as they have to.
func (d *desk) accounted(t *testing.T, what string) {
	t.Helper()
	state := map[string]archived.State{}
	for _, l := range d.all(t, archived.Query{}, 500) {
		state[l.ID] = l.State
	}
	marked := map[string]bool{}
	for _, r := range d.Look(t, warehousetest.Final, "account") {
		id := *r["id"]
		marked[id] = r[reason] != nil && *r[reason] == string(gone.Archived)
		if !marked[id] && r[reason] != nil {
			t.Errorf("%s: the row of %s is gone for %s", what, id, *r[reason])
		}
		if marked[id] && !slices.Contains([]archived.State{archived.Posted, archived.Deleted}, state[id]) {
			t.Errorf("%s: the row of %s is marked, and its line is %q", what, id, state[id])
		}
	}
	for id, is := range state {
		if is == archived.Deleted && !marked[id] {
			t.Errorf("%s: the line of %s says deleted, and its row isn't marked", what, id)
		}
	}
}
