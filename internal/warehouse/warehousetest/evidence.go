package warehousetest

import (
	"fmt"
	"maps"
	"slices"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
)

// evidence: what a reading has in staging is held against the final table.
func asked(r *rig) {
	ctx := r.t.Context()
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two"), rec("3", 10, true, "three"),
		rec("4", 10, false, "four")))
	r.read(r.puts("a2", 300, rec("5", 250, false, "read after the Ids")))
	load := func(b warehouse.Batch) {
		_, err := r.w.Load(ctx, r.fence, b)
		must(r.t, err)
	}
	load(warehouse.Batch{Table: r.table, Attempt: "a3", Job: "main", ReadAt: at(200),
		Pages: []warehouse.Page{r.page("Id,IsDeleted,SystemModstamp,Name", rec("6", 150, false, "six"))}})
	load(warehouse.Batch{Table: r.table, Attempt: "a3", Job: "ids", Op: warehouse.Seen, ReadAt: at(201),
		Pages: []warehouse.Page{r.page("Id,IsDeleted", "1,false", "3,false", "4,true", "6,false",
			"7,false", "8,true")}})
	var staged []string
	must(r.t, r.w.StagedKeys(ctx, r.table, "a3", "main", func(key string) { staged = append(staged, key) }))
	sameRows(r.t, staged, "6")
	absent, err := r.w.Absent(ctx, r.table, "a3", []string{"ids"}, at(201))
	must(r.t, err)
	sameRows(r.t, absent, "2") // 3 is deleted already, and 5 was read later
	alive, binned, err := r.w.Otherwise(ctx, r.table, "a3", []string{"ids"})
	must(r.t, err)
	sameRows(r.t, alive, "3", "7")
	sameRows(r.t, binned, "4")
	many := append([]string{"1", "3", "9"}, slices.Repeat([]string{"x"}, 600)...)
	held, err := r.w.Held(ctx, r.table, many)
	must(r.t, err)
	same(r.t, "held", len(held) == 1 && held["1"], true)
	live, err := r.w.Live(ctx, r.table)
	must(r.t, err)
	same(r.t, "live", live, 4)
}

func torn(r *rig) {
	in := r.puts("a1", 100, rec("1", 10, false, "same"), rec("2", 10, false, "changed"), rec("3", 10, false, "gone"))
	for i, part := range []reading{in, r.patches("", 101, patchRec("1", 10, "7"), patchRec("2", 11, "8"),
		patchRec("4", 11, ""))} {
		b := r.batch(part)
		b.Attempt, b.Job = "a1", []string{"main", "further"}[i]
		_, err := r.w.Load(r.t.Context(), r.fence, b)
		must(r.t, err)
	}
	keys, err := r.w.Torn(r.t.Context(), r.table, "a1", []string{"main"}, []string{"further"})
	must(r.t, err)
	sameRows(r.t, keys, "2", "3")
}

// A stamping is a row as a hand has left it, in minutes, beside what the org says of
// its record: how the two compare. The watermark is 50, and the org's clock 60.
type stamping struct {
	row    []int // SystemModstamp, _catchment_at and _catchment_read_at; nil where there is no row
	org    []int // its stamp; nil where the org doesn't have the record
	binned bool
	want   string // how they differ, pending, or "" for not at all
}

const never = 9000 // nobody has read so far

// Each of the ways in which the two stamps of a record may lie to the watermark and
// to the clock.
func stampings() []stamping {
	return []stamping{
		{row: []int{10, 10, 40}, org: []int{10}},
		{row: []int{9, 9, 40}, org: []int{10}, want: "stale"},
		{row: []int{20, 20, 40}, org: []int{10}, want: "stale"},
		{row: []int{55, 55, 58}, org: []int{10}, want: "stale"},
		{row: []int{never, never, 40}, org: []int{10}, want: "stale"},
		{row: []int{never, never, never}, org: []int{10}, want: "stale"},
		{row: []int{never, 10, 40}, org: []int{10}, want: "stale"},
		{row: []int{10, never, 40}, org: []int{10}, want: "stale"},
		{row: []int{10, 10, never}, org: []int{10}, want: "stale"},
		// changed since the watermark
		{row: []int{10, 10, 40}, org: []int{55}, want: "pending"},
		{row: []int{55, 55, 58}, org: []int{55}},
		{row: []int{55, 55, 58}, org: []int{57}, want: "pending"},
		{row: []int{58, 58, 58}, org: []int{57}, want: "pending"},
		{row: []int{never, 10, 40}, org: []int{55}, want: "pending"},
		{row: []int{never, never, 40}, org: []int{55}, want: "stale"}, // no run would bring it
		{row: []int{10, never, 40}, org: []int{55}, want: "stale"},
		{row: []int{10, 10, never}, org: []int{55}, want: "stale"},
		{row: []int{never, never, 58}, org: []int{never}}, // what the org says is so
		// gone from the org, and out of its recycle bin
		{row: []int{10, 10, 40}, want: "extra"},
		{row: []int{55, 55, 58}, want: "pending"},
		{row: []int{61, 61, 61}, want: "pending"}, // by another clock
		{row: []int{62, 62, 60}, want: "extra"},
		{row: []int{never, never, 40}, want: "extra"},
		{row: []int{never, 10, 40}, want: "extra"},
		{row: []int{55, 55, never}, want: "extra"},
		// deleted
		{row: []int{10, 10, 40}, org: []int{20}, binned: true, want: "extra"},
		{row: []int{10, 10, 40}, org: []int{55}, binned: true, want: "pending"},
		{row: []int{55, 55, 58}, org: []int{20}, binned: true, want: "extra"},
		{row: []int{never, never, 40}, org: []int{20}, binned: true, want: "extra"},
		{row: []int{never, never, 40}, org: []int{55}, binned: true, want: "extra"},
		// no row
		{org: []int{10}, want: "missing"},
		{org: []int{55}, want: "pending"},
		{org: []int{10}, binned: true},
	}
}

// stamp inserts a row like another, with stamps that a hand has set.
func stamp(r *rig, like Row, id string, minutes ...int) {
	r.t.Helper()
	hand := maps.Clone(like)
	hand["id"] = &id
	for i, column := range []string{"systemmodstamp", "_catchment_at", "_catchment_read_at"} {
		maps.Copy(hand, row(column, moment(at(minutes[i]))))
	}
	r.subject.Insert(r.t, Final, "account", hand)
}

func compareHands(r *rig) {
	ctx := r.t.Context()
	r.read(r.puts("a1", 40, rec("like", 10, false, "row")))
	like := r.find("like")
	r.subject.Delete(r.t, Final, "account", "like")
	var want evidence.Difference
	var org []string
	for i, s := range stampings() {
		id := fmt.Sprintf("%02d", i)
		if s.row != nil {
			stamp(r, like, id, s.row...)
			want.Warehouse++
		}
		if s.org != nil {
			org = append(org, brief(id, s.org[0], s.binned))
		}
		if s.org != nil && !s.binned {
			want.Source++
		}
		switch s.want {
		case "missing":
			want.MissingIDs = append(want.MissingIDs, id)
		case "extra":
			want.ExtraIDs = append(want.ExtraIDs, id)
		case "stale":
			want.StaleIDs = append(want.StaleIDs, id)
		case "pending":
			want.Pending++
		}
	}
	want.Missing, want.Extra = int64(len(want.MissingIDs)), int64(len(want.ExtraIDs))
	want.Stale = int64(len(want.StaleIDs))
	c := r.stamps(50)
	c.Clock = at(60)
	r.finds(c, 99, want, r.page(short, org...))

	// What was read again is held against the clock as it stood then.
	r.subject.Delete(r.t, Final, "account")
	stamp(r, like, "1", 70, 70, 75)
	stamp(r, like, "2", 90, 90, 75)
	reading := r.judge(c, r.page(short, brief("1", 65, false), brief("2", 65, false)))
	asked, err := reading.Ask(ctx, 9)
	must(r.t, err)
	same(r.t, "suspects", fmt.Sprint(asked), "[{1 stale} {2 stale}]")
	must(r.t, reading.Answer(ctx, at(80),
		[]warehouse.Page{r.page(short, brief("1", 79, false), brief("2", 79, false))}))
	d, err := reading.Difference(ctx, 9)
	must(r.t, err)
	same(r.t, "pending and stale", fmt.Sprint(d.Pending, d.StaleIDs), "1 [2]")
	must(r.t, reading.Close(ctx))
}

func compareSnapshotHands(r *rig) {
	r.read(r.puts("a1", 40, rec("like", 10, false, "row")))
	like := r.find("like")
	r.subject.Delete(r.t, Final, "account", "like")
	for i, readAt := range []int{30, 50, never, 50, never, never} {
		stamp(r, like, fmt.Sprint(i), 10, readAt, readAt)
	}
	c := evidence.Comparison{Table: r.only("id", "name"), Policy: gone.Flag, Before: at(45), Clock: at(60),
		Snapshot: &evidence.Snapshot{ReadAt: at(40)}}
	r.finds(c, 9, evidence.Difference{Source: 3, Warehouse: 6, Extra: 2, Stale: 2, Pending: 1, Unjudged: 1,
		ExtraIDs: []string{"0", "2"}, StaleIDs: []string{"4", "5"}},
		r.page("Id,Name", "3,another", "4,another", "5,row"))
}

// doubles loads keys more than once, in one page and in two, alike and not.
func doubles(r *rig) {
	ctx := r.t.Context()
	load := func(job string, pages ...warehouse.Page) {
		_, err := r.w.Load(ctx, r.fence, warehouse.Batch{Table: r.table, Attempt: "a1", Job: job, ReadAt: at(100),
			Pages: pages})
		must(r.t, err)
	}
	ask := func(job string) string {
		found, err := r.w.Repeated(ctx, r.table, "a1", job)
		must(r.t, err)
		return fmt.Sprintf("%+v", found)
	}
	one := rec("1", 10, false, "one")
	load("once", r.page(header, one, rec("2", 10, false, "two")), r.page(header, rec("3", 10, false, "three")))
	same(r.t, "keys that came once", ask("once"), fmt.Sprintf("%+v", evidence.Repeats{}))
	same(r.t, "keys of no job", ask("none"), fmt.Sprintf("%+v", evidence.Repeats{}))

	load("alike", r.page(header, one, one, one, rec("2", 10, false, "two")), r.page(header, rec("4", 10, true, ""),
		rec("4", 10, true, "")))
	same(r.t, "records that came more than once", ask("alike"),
		fmt.Sprintf("%+v", evidence.Repeats{Rows: 3, Keys: []string{"1", "4"}}))

	load("apart", r.page(header, one, rec("2", 10, false, "two")), r.page(header, one))
	same(r.t, "a record in two pages", ask("apart"),
		fmt.Sprintf("%+v", evidence.Repeats{Rows: 1, Apart: 1, Keys: []string{"1"}}))

	load("differing", r.page(header, one, one, rec("2", 10, false, "two"), rec("2", 10, false, ""),
		rec("3", 10, false, "x"), rec("3", 11, false, "x"), rec("4", 10, true, "x"), rec("4", 10, false, "x"),
		rec("5", 10, false, "x"), rec("5", 10, false, "y"), rec("5", 10, false, "x")))
	same(r.t, "keys with records that differ", ask("differing"),
		fmt.Sprintf("%+v", evidence.Repeats{Rows: 6, Differing: 4, Keys: []string{"2", "3", "4"}}))
}

// compareDoubles compares a reading that has a record more than once in a page.
func compareDoubles(r *rig) {
	ctx := r.t.Context()
	one, two := brief("1", 10, false), brief("2", 10, false)
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two")))
	judge := func(expected int64, pages ...warehouse.Page) (warehouse.Reading, error) {
		reading, err := r.w.Reading(ctx, r.fence, r.stamps(50))
		must(r.t, err)
		must(r.t, reading.Add(ctx, pages))
		return reading, reading.Judge(ctx, expected)
	}
	reading, err := judge(5, r.page(short, one, one, one, two), r.page(short, brief("3", 10, false)))
	must(r.t, err)
	d, err := reading.Difference(ctx, 9)
	must(r.t, err)
	same(r.t, "records, rows, and what differs", fmt.Sprint(d.Source, d.Warehouse, d.Missing, d.Extra, d.Stale,
		d.Duplicates), "3 2 1 0 0 0")
	suspects, err := reading.Ask(ctx, 9)
	must(r.t, err)
	same(r.t, "what is asked about", fmt.Sprint(suspects), "[{3 missing}]")
	must(r.t, reading.Answer(ctx, at(1000), []warehouse.Page{r.page(short, brief("3", 10, false))}))
	must(r.t, reading.Close(ctx))

	reading, err = judge(3, r.page(short, one, brief("1", 11, false), two))
	same(r.t, "two versions of a record", plan.ClassOf(err), plan.Retry)
	must(r.t, reading.Close(ctx))
	reading, err = judge(3, r.page(short, one, two), r.page(short, one))
	same(r.t, "a record in two pages", plan.ClassOf(err), plan.Retry)
	must(r.t, reading.Close(ctx))
}

// compareTexts compares a date whose field was a text before, so that its column is one of texts still.
func compareTexts(r *rig) {
	ctx := r.t.Context()
	for i, c := range r.table.Columns {
		if c.Field == "Name" {
			r.table.Columns[i].Kind = shape.Date
		}
	}
	var err error
	r.table, _, err = r.w.Adapt(ctx, r.table)
	must(r.t, err)
	_, err = r.w.Prepare(ctx, r.fence, r.table)
	must(r.t, err)
	r.read(r.puts("a1", 100, rec("1", 10, false, "2026-02-28"), rec("2", 10, false, "2026-03-01")))

	c := r.stamps(50)
	c.Table = r.only("id", "name", "systemmodstamp", "isdeleted")
	r.finds(c, 9, evidence.Difference{Source: 2, Warehouse: 2, Wrong: 1, WrongIDs: []string{"2"},
		WrongColumns: [][]string{{"name"}}},
		r.page("Id,Name,SystemModstamp,IsDeleted", "1,2026-02-28,2026-03-01T00:10:00.000Z,false",
			"2,2026-03-02,2026-03-01T00:10:00.000Z,false"))
}
