package archivedtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/warehousetest"
)

// all lists the lines of a query, so many at a time.
func (d *desk) all(t *testing.T, q archived.Query, most int) []archived.Line {
	t.Helper()
	var all []archived.Line
	for after := (archived.Line{}); ; {
		some, err := d.ledger.Lines(t.Context(), q, after, most)
		must(t, err)
		all = append(all, some...)
		if len(some) < most {
			return all
		}
		after = some[len(some)-1]
	}
}

func written(t *testing.T, d *desk) {
	ctx := t.Context()
	proven, held := line("1", archived.Proven), line("2", archived.Held)
	held.Reason, held.Level, held.Digest = "a hold", 3, ""
	for range 2 { // a repeat changes nothing
		must(t, d.ledger.Write(ctx, d.fence, []archived.Line{proven, held}))
		sameLines(t, d.all(t, archived.Query{}, 9), proven, held)
	}
	posted, other := line("1", archived.Posted), line("1", archived.Changed)
	posted.Batch, other.Plan = 7, "q"
	must(t, d.ledger.Write(ctx, d.fence, []archived.Line{posted, other}))
	sameLines(t, d.all(t, archived.Query{}, 9), posted, other, held)
	must(t, d.ledger.Write(ctx, d.fence, nil))

	found, err := d.ledger.Lookup(ctx, "p", "Account", []string{"2", "9", "1"})
	must(t, err)
	sameLines(t, found, posted, held)
	found, err = d.ledger.Lookup(ctx, "p", "Contact", []string{"1"})
	must(t, err)
	sameLines(t, found)
	plans, err := d.ledger.Plans(ctx)
	must(t, err)
	same(t, "plans", strings.Join(plans, " "), "p q")
}

// listed: Ids are in the order of their bytes.
func listed(t *testing.T, d *desk) {
	var all []archived.Line
	for i, id := range []string{"B", "C", "a", "b"} {
		l := line(id, archived.Proven)
		if l.Batch = int64(i % 2); i > 1 {
			l.State = archived.Posted
		}
		all = append(all, l)
	}
	second := line("C", archived.Held)
	second.Plan = "q"
	must(t, d.ledger.Write(t.Context(), d.fence, append([]archived.Line{second}, all...)))
	for _, most := range []int{1, 2, 9} {
		sameLines(t, d.all(t, archived.Query{}, most), all[0], all[1], second, all[2], all[3])
		sameLines(t, d.all(t, archived.Query{Plan: "p", Object: "Account", State: archived.Posted}, most), all[2:]...)
		sameLines(t, d.all(t, archived.Query{Batch: 1}, most), all[1], all[3])
		sameLines(t, d.all(t, archived.Query{Object: "Contact"}, most))
	}
}

// settled: a row says that it is archived from the moment on that its line does, under any policy.
func settled(t *testing.T, d *desk) {
	ctx := t.Context()
	d.read(t, "a1", 50, rec("1", 1, false), rec("2", 1, false), rec("3", 1, false))
	before, _, err := d.w.Mark(ctx, "Account")
	must(t, err)
	lines := []archived.Line{line("1", archived.Deleted), line("2", archived.Changed), line("3", archived.Deleted)}
	lines[2].EndedAt = at(201)
	must(t, d.ledger.Write(ctx, d.fence, []archived.Line{line("1", archived.Posted)}))
	var stamped string
	for n := range 2 { // a repeat changes nothing
		must(t, d.ledger.Settle(ctx, d.fence, d.table, lines))
		sameLines(t, d.all(t, archived.Query{}, 9), lines...)
		same(t, "rows", d.says(t, warehousetest.Final, "account", "id", "isdeleted", reason, deletedAt, readAt),
			"1|true|archived|2026-03-01 03:20:00+00|2026-03-01 03:20:00+00 2|false|~|~|2026-03-01 00:50:00+00 "+
				"3|true|archived|2026-03-01 03:21:00+00|2026-03-01 03:21:00+00")
		now := d.says(t, warehousetest.Final, "account", "id", "_catchment_synced_at")
		if n > 0 {
			same(t, "written at", now, stamped)
		}
		stamped = now
	}
	m, _, err := d.w.Mark(ctx, "Account")
	must(t, err)
	same(t, "rows of the mark", m.Rows, before.Rows)
	if m.Watermark != before.Watermark || !m.Newest.After(before.Newest) {
		t.Errorf("%+v, before %+v", m, before)
	}
	condition, err := d.w.Inspect(ctx, d.table, m, m.Latest(at(60), at(60)))
	must(t, err)
	same(t, "condition", condition, "intact")
	live, err := d.w.Live(ctx, d.table)
	must(t, err)
	same(t, "live rows", live, 1)
}

// rowless: a line never says that a record is archived whose row is gone.
func rowless(t *testing.T, d *desk) {
	d.read(t, "a1", 50, rec("1", 1, false))
	posted := line("9", archived.Posted)
	must(t, d.ledger.Write(t.Context(), d.fence, []archived.Line{posted}))
	err := d.ledger.Settle(t.Context(), d.fence, d.table,
		[]archived.Line{line("1", archived.Deleted), line("9", archived.Deleted)})
	gone, ok := errors.AsType[*archived.MissingRow](err)
	if !ok || !slices.Equal(gone.IDs, []string{"9"}) {
		t.Errorf("%v", err)
	}
	sameLines(t, d.all(t, archived.Query{}, 9), posted)
	same(t, "rows", d.says(t, warehousetest.Final, "account", "id", reason), "1|~")
}

func fenced(t *testing.T, d *desk) {
	d.read(t, "a1", 50, rec("1", 1, false))
	old := warehouse.Fence{Flow: "Account", Number: 0}
	err := d.ledger.Write(t.Context(), old, []archived.Line{line("1", archived.Proven)})
	if !errors.Is(err, warehouse.ErrFenced) {
		t.Error(err)
	}
	err = d.ledger.Settle(t.Context(), old, d.table, []archived.Line{line("1", archived.Deleted)})
	if !errors.Is(err, warehouse.ErrFenced) {
		t.Error(err)
	}
	sameLines(t, d.all(t, archived.Query{}, 9))
	same(t, "rows", d.says(t, warehousetest.Final, "account", "id", reason), "1|~")
}

// faulty: wherever a statement fails, lines and marks are as before; where only the answer is lost, both are
// written.
func faulty(t *testing.T, d *desk) {
	if d.Traits().Apart {
		apart(t, d)
		return
	}
	d.read(t, "a1", 50, rec("1", 1, false))
	lines := []archived.Line{line("1", archived.Deleted)}
	for n := range 100 {
		w := d.under(warehousetest.Fault{Kind: warehousetest.Fails, At: n})
		if err := ledgerOf(t, w).Settle(t.Context(), d.fence, d.table, lines); err == nil {
			same(t, "it got through", n > 2, true)
			break
		}
		sameLines(t, d.all(t, archived.Query{}, 9))
		same(t, "rows", d.says(t, warehousetest.Final, "account", "id", reason), "1|~")
	}
	lines[0].EndedAt = at(300)
	w := d.under(warehousetest.Fault{Kind: warehousetest.LostAnswer})
	if err := ledgerOf(t, w).Settle(t.Context(), d.fence, d.table, lines); err == nil {
		t.Error("a lost answer isn't told")
	}
	sameLines(t, d.all(t, archived.Query{}, 9), lines...)
	same(t, "rows", d.says(t, warehousetest.Final, "account", "id", reason, deletedAt),
		"1|archived|2026-03-01 05:00:00+00")
}

func counted(t *testing.T, d *desk) {
	d.read(t, "a1", 50, rec("1", 1, false), rec("2", 1, false), rec("3", 1, false))
	var lines []archived.Line
	for _, id := range []string{"1", "2", "3"} {
		lines = append(lines, line(id, archived.Deleted))
	}
	lines[2].Level = 1
	held := line("4", archived.Held)
	must(t, d.ledger.Settle(t.Context(), d.fence, d.table, append(lines, held)))
	tally := func(want ...archived.Count) {
		t.Helper()
		got, err := d.ledger.Tally(t.Context(), "p")
		must(t, err)
		if !slices.Equal(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	root := archived.Count{Object: "Account", State: archived.Deleted, Records: 2}
	leaf := archived.Count{Object: "Account", Level: 1, State: archived.Deleted, Records: 1}
	kept := archived.Count{Object: "Account", State: archived.Held, Records: 1}
	tally(root, kept, leaf)

	d.read(t, "a2", 300, rec("1", 250, false)) // somebody has undeleted it
	lines[2].NewID = "7"
	must(t, d.ledger.Write(t.Context(), d.fence, lines[2:]))
	root.Back, leaf.Back = 1, 1
	tally(root, kept, leaf)
	if none, err := d.ledger.Tally(t.Context(), "q"); err != nil || len(none) > 0 {
		t.Errorf("%v, %v", none, err)
	}
}

func texts(t *testing.T, d *desk) {
	d.Insert(t, warehousetest.Final, "account",
		row("id", "1", "isdeleted", "true", "systemmodstamp", "2026-01-02 03:04:05+00", "name", "O'Hara\r\n\"x\"",
			"amount__c", "-12.50", "employees", "7", "big__c", "9000000000", "born__c", "1970-01-02",
			"opens__c", "23:59:59.5", reason, "soft", deletedAt, "2026-01-02 03:04:05+00"),
		row("id", "2", "systemmodstamp", "2026-01-02 03:04:05.123+00", "amount__c", "0", "born__c", "4000-12-31",
			"opens__c", "01:02:03", "isdeleted", "false"),
		row("id", "3", "amount__c", "100"))
	rows, err := d.ledger.Rows(t.Context(), d.table, []string{"2", "9", "1", "2", "3"})
	must(t, err)
	var all []string
	for _, r := range rows {
		text := r.ID + "/" + r.Reason
		for _, v := range r.Values {
			if v == nil {
				text += "|~"
				continue
			}
			text += "|" + *v
		}
		all = append(all, text)
	}
	same(t, "rows", strings.Join(all, "\n"), strings.Join([]string{
		"2/|2|false|2026-01-02T03:04:05.123Z|~|0|~|~|4000-12-31|01:02:03.000Z",
		"1/soft|1|true|2026-01-02T03:04:05.000Z|O'Hara\r\n\"x\"|-12.5|7|9000000000|1970-01-02|23:59:59.500Z",
		"3/|3|~|~|~|100|~|~|~|~",
	}, "\n"))
}

// many is as much as an archive does at once.
func many(t *testing.T, d *desk) {
	const n = 2000
	var rows []warehousetest.Row
	var lines []archived.Line
	var ids []string
	for i := range n {
		id := fmt.Sprintf("001%015d", i)
		ids = append(ids, id)
		rows = append(rows, row("id", id, "isdeleted", "false"))
		lines = append(lines, line(id, archived.Deleted))
	}
	for some := range slices.Chunk(rows, 100) {
		d.Insert(t, warehousetest.Final, "account", some...)
	}
	must(t, d.ledger.Settle(t.Context(), d.fence, d.table, lines))
	sameLines(t, d.all(t, archived.Query{Plan: "p"}, 500), lines...)
	found, err := d.ledger.Rows(t.Context(), d.table, ids)
	must(t, err)
	same(t, "rows", len(found), n)
	for _, r := range found {
		if r.Reason != "archived" {
			t.Fatalf("%s is %q", r.ID, r.Reason)
		}
	}
}

func erased(t *testing.T, d *desk) {
	eraser := warehouse.RolesOf(d.w).Eraser
	if eraser == nil {
		t.Skip("the warehouse can't erase")
	}
	d.read(t, "a1", 50, rec("1", 1, false), rec("2", 1, false))
	other := line("2", archived.Deleted)
	other.NewID = "3"
	must(t, d.ledger.Settle(t.Context(), d.fence, d.table, []archived.Line{line("1", archived.Deleted), other}))
	for range 2 { // a repeat finds nothing left
		_, err := eraser.Erase(t.Context(), d.fence,
			warehouse.Erasure{Table: d.table, Column: "id", Values: []string{"1", "3"}})
		must(t, err)
	}
	same(t, "rows", d.says(t, warehousetest.Final, "account", "id", reason), "2|archived")
	const one, three = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",
		"4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce"
	first := line("1", archived.Deleted)
	first.ID, other.NewID = one, three
	sameLines(t, d.all(t, archived.Query{}, 9), other, first)
}
