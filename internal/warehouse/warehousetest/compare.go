package warehousetest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
)

// short is the header of a reading of Id, SystemModstamp and IsDeleted.
const short = "Id,SystemModstamp,IsDeleted"

func brief(id string, minute int, deleted bool) string {
	return fmt.Sprintf("%s,%s,%t", id, at(minute).Format("2006-01-02T15:04:05.000Z"), deleted)
}

// only is the rig's table with some of its columns.
func (r *rig) only(names ...string) shape.Table {
	t := r.table
	t.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c shape.Column) bool {
		return !slices.Contains(names, c.Name)
	})
	return t
}

// stamps compares what a short reading has.
func (r *rig) stamps(before int) evidence.Comparison {
	return evidence.Comparison{Table: r.only("id", "systemmodstamp", "isdeleted"), Policy: gone.Flag,
		Before: at(before)}
}

func rowsOf(pages []warehouse.Page) (n int64) {
	for _, p := range pages {
		n += p.Rows
	}
	return n
}

// judge holds pages against the final table.
func (r *rig) judge(c evidence.Comparison, pages ...warehouse.Page) warehouse.Reading {
	r.t.Helper()
	ctx := r.t.Context()
	reading, err := r.w.Reading(ctx, r.fence, c)
	must(r.t, err)
	for _, p := range pages {
		must(r.t, reading.Add(ctx, []warehouse.Page{p}))
	}
	must(r.t, reading.Judge(ctx, rowsOf(pages)))
	return reading
}

// finds judges, and closes the reading.
func (r *rig) finds(c evidence.Comparison, sample int, want evidence.Difference, pages ...warehouse.Page) {
	r.t.Helper()
	reading := r.judge(c, pages...)
	d, err := reading.Difference(r.t.Context(), sample)
	must(r.t, err)
	same(r.t, "difference", fmt.Sprintf("%+v", d), fmt.Sprintf("%+v", want))
	must(r.t, reading.Close(r.t.Context()))
	r.nothingLeft()
}

// nothingLeft proves that no table of a reading is left.
func (r *rig) nothingLeft() {
	r.t.Helper()
	for _, side := range []Side{Final, Staging} {
		for _, table := range r.subject.Tables(r.t, side) {
			if strings.HasPrefix(table, "_catchment_") && strings.HasSuffix(table, "_account") {
				r.t.Errorf("of a reading is left %s", table)
			}
		}
	}
}

func comparison(r *rig) {
	r.read(r.puts("a1", 100, rec("1", 10, false, "same"), rec("2", 10, false, "stale"), rec("3", 10, false, "extra"),
		rec("4", 10, true, "flagged, but live in Salesforce"), rec("5", 10, false, "deleted in Salesforce"),
		rec("6", 10, true, "gone on both sides")))
	pages := []warehouse.Page{
		r.page(short, brief("1", 10, false), brief("2", 11, false), brief("4", 10, false)),
		r.page(short, brief("5", 20, true), brief("6", 10, true), brief("7", 10, false))}
	c := r.stamps(1000)
	r.finds(c, 1, evidence.Difference{Source: 4, Warehouse: 4, Missing: 2, Extra: 2, Stale: 1,
		MissingIDs: []string{"4"}, ExtraIDs: []string{"3"}, StaleIDs: []string{"2"}}, pages...)
	c.Policy = gone.Ignore
	r.finds(c, 0, evidence.Difference{Source: 4, Warehouse: 4, Missing: 2, Stale: 1}, pages...)
	c.Policy = gone.Flag
	r.finds(c, 0, evidence.Difference{Warehouse: 4, Extra: 4, Alone: 2})

	r.subject.Copy(r.t, Final, "account", "copy")
	r.subject.Insert(r.t, Final, "copy", r.find("1"))
	c.Table.Name = "copy"
	r.finds(c, 9, evidence.Difference{Source: 4, Warehouse: 5, Duplicates: 1, Alone: 2, DuplicateIDs: []string{"1"}},
		r.page(short, brief("1", 10, false), brief("2", 10, false), brief("3", 10, false), brief("5", 10, false)))
}

func comparePending(r *rig) {
	r.read(r.puts("a1", 100, rec("1", 10, false, "changed since"), rec("2", 60, false, "not yet read"),
		rec("3", 10, false, "deleted since")))
	r.finds(r.stamps(50), 9, evidence.Difference{Source: 2, Warehouse: 3, Pending: 4},
		r.page(short, brief("1", 51, false), brief("3", 50, true), brief("4", 70, false)))
}

// Where records have no stamp, only that is judged of which there is proof.
func compareSnapshot(r *rig) {
	const header = "Id,SystemModstamp,Name" // the second tells when a record was made
	born := func(minute int) string { return at(minute).Format("2006-01-02T15:04:05.000Z") }
	r.read(reading{name: "a1", readAt: at(100),
		pages: []warehouse.Page{r.page(header, "1,"+born(1)+",same", "2,"+born(2)+",went since",
			"3,"+born(3)+",changes")}})
	r.read(reading{name: "a2", readAt: at(50),
		pages: []warehouse.Page{r.page(header, "4,"+born(4)+",not in the last reading")}})
	now := r.page(header, "1,"+born(1)+",same", "3,"+born(3)+",changed", "5,"+born(10)+",missed",
		"6,"+born(95)+",made since", "7,,who knows")
	c := evidence.Comparison{Table: r.only("id", "name"), Policy: gone.Flag, Before: at(90),
		Snapshot: &evidence.Snapshot{ReadAt: at(100)}}
	r.finds(c, 9, evidence.Difference{Source: 5, Warehouse: 4, Extra: 1, Pending: 1, Unjudged: 4,
		ExtraIDs: []string{"4"}},
		r.page("Id,Name", "1,same", "3,changed", "5,missed", "6,made since", "7,who knows"))
	c.Table, c.Snapshot.Born = r.only("id", "name", "systemmodstamp"), "systemmodstamp"
	r.finds(c, 9, evidence.Difference{Source: 5, Warehouse: 4, Missing: 1, Extra: 1, Pending: 2, Unjudged: 2,
		MissingIDs: []string{"5"}, ExtraIDs: []string{"4"}}, now)
	c.Snapshot.ReadAt = time.Time{}
	r.finds(c, 0, evidence.Difference{Source: 5, Warehouse: 4, Missing: 1, Pending: 1, Unjudged: 4}, now)
	c.Policy = gone.Ignore
	r.finds(c, 0, evidence.Difference{Source: 5, Warehouse: 4, Missing: 1, Pending: 1, Unjudged: 2}, now)

	// Another field than SystemModstamp may be the stamp.
	r.finds(evidence.Comparison{Table: r.only("id", "name", "systemmodstamp"), Policy: gone.Flag, Before: at(90),
		Stamp: "systemmodstamp"}, 0,
		evidence.Difference{Source: 5, Warehouse: 4, Missing: 2, Extra: 2, Wrong: 1, Pending: 1}, now)
}

// wide is a header with a column of each kind.
const wide = "Id,IsDeleted,SystemModstamp,Name,Amount__c,Employees,Big__c,Born__c,Opens__c"

func valued(id, rest string) string { return id + ",false,2026-03-01T00:10:00.000Z," + rest }

// Values that mean the same are the same, however they are written; those
// that don't are named by their columns.
// compareLeft: a column that a field left behind must be empty in a row that was read
// since; what older rows have there is what their records had.
func compareLeft(r *rig) {
	now, before := at(1000), at(10)
	header := "Id,Name,Born__c,SystemModstamp,IsDeleted"
	one := func(id, born string) string {
		return id + ",n," + born + "," + before.Format("2006-01-02T15:04:05.000Z") + ",false"
	}
	r.read(reading{name: "a1", readAt: at(100), pages: []warehouse.Page{r.page(header, one("1", "2026-03-01"))}})
	r.read(reading{name: "a2", readAt: at(200), pages: []warehouse.Page{r.page(header, one("2", "2026-03-01"),
		one("3", ""))}})
	c := evidence.Comparison{Table: r.only("id", "name", "systemmodstamp", "isdeleted"), Policy: gone.Flag,
		Before: now, Retired: []evidence.Retired{{Column: "born__c", Since: at(200)}}}
	r.finds(c, 9, evidence.Difference{Source: 3, Warehouse: 3, Wrong: 1, WrongIDs: []string{"2"},
		WrongColumns: [][]string{{"born__c"}}},
		r.page("Id,Name,SystemModstamp,IsDeleted", "1,n,2026-03-01T00:10:00.000Z,false",
			"2,n,2026-03-01T00:10:00.000Z,false", "3,n,2026-03-01T00:10:00.000Z,false"))
}

func compareValues(r *rig) {
	in := reading{name: "a1", readAt: at(100), pages: []warehouse.Page{r.page(wide,
		valued("1", `same,1.50,5,9007199254740993,2026-01-02,10:11:12.000Z`),
		valued("2", `"A",1.50,5,1,2026-01-02,10:11:12.000Z`), valued("3", `,,,,,`),
		valued("4", `text,1,1,1,2026-01-02,10:11:12.000Z`),
		valued("5", `a,1,1,1,,`), valued("6", `formula,1,1,1,,`), valued("7", `both,1,1,1,,`))}}
	r.read(in)
	fine := r.page(wide, valued("1", `same,1.5E0,5,9007199254740993,2026-01-02,10:11:12.000Z`),
		valued("2", `"a",1.5001,6,2,2026-01-03,10:11:13.000Z`), valued("3", `,,,,,`), valued("4", `,,,,,`),
		valued("5", `"a ",1,1,1,,`), valued("6", `formula,1,1,2,,`), valued("7", `one,1,1,2,,`))
	fine.Digits[0].Fraction = 4
	c := evidence.Comparison{Policy: gone.Flag, Before: at(50), Formulas: []string{"big__c"},
		Table: r.only("id", "isdeleted", "systemmodstamp", "name", "amount__c", "employees", "big__c",
			"born__c", "opens__c")}
	all := []string{"name", "amount__c", "employees", "big__c", "born__c", "opens__c"}
	r.finds(c, 9, evidence.Difference{Source: 7, Warehouse: 7, Wrong: 4, Formulas: 1,
		WrongIDs: []string{"2", "4", "5", "7"}, FormulaIDs: []string{"6"},
		WrongColumns: [][]string{all, all, {"name"}, {"name", "big__c"}}, FormulaColumns: [][]string{{"big__c"}}}, fine)
	sameRows(r.t, r.rows("id", "amount__c")[:1], "1|1.50") // the final table's own type is left alone
	c.Before = at(10)
	r.finds(c, 0, evidence.Difference{Source: 7, Warehouse: 7, Pending: 5}, fine)
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

// What was asked for again is judged by the answers alone.
func compareAgain(r *rig) {
	ctx := r.t.Context()
	r.read(r.puts("a1", 100, rec("1", 10, false, "same"), rec("2", 10, false, "seems stale"),
		rec("3", 10, false, "seems extra"), rec("4", 10, false, "extra"),
		rec("5", 10, false, "changes meanwhile")))
	reading := r.judge(r.stamps(50), r.page(short, brief("1", 10, false), brief("2", 11, false), brief("5", 12, false),
		brief("6", 10, false), brief("7", 10, false)))
	got, err := reading.Ask(ctx, 9)
	must(r.t, err)
	same(r.t, "suspects", fmt.Sprint(got), "[{2 stale} {3 extra} {4 extra} {5 stale} {6 missing} {7 missing}]")
	some, err := reading.Ask(ctx, 2)
	must(r.t, err)
	same(r.t, "the first two", fmt.Sprint(some), "[{2 stale} {3 extra}]")
	err = reading.Answer(ctx, at(1000), []warehouse.Page{r.page(short, brief("1", 10, false))})
	same(r.t, "an answer to no question", plan.ClassOf(err), plan.Bug)
	_, err = reading.Ask(ctx, 9)
	must(r.t, err)
	must(r.t, reading.Answer(ctx, at(1000), []warehouse.Page{
		r.page(short, brief("2", 10, false), brief("3", 10, false)),
		r.page(short, brief("5", 60, true), brief("7", 10, false))}))
	d, err := reading.Difference(ctx, 9)
	must(r.t, err)
	same(r.t, "difference", fmt.Sprintf("%+v", d),
		fmt.Sprintf("%+v", evidence.Difference{Source: 4, Warehouse: 5, Missing: 1, Extra: 1, Pending: 1,
			MissingIDs: []string{"7"}, ExtraIDs: []string{"4"}}))
	got, err = reading.Ask(ctx, 9)
	must(r.t, err)
	same(r.t, "what is left", fmt.Sprint(got), "[{4 extra} {7 missing}]")
	must(r.t, reading.Answer(ctx, at(1000), nil)) // both are gone
	d, err = reading.Difference(ctx, 9)
	must(r.t, err)
	same(r.t, "missing and extra", fmt.Sprint(d.Missing, d.Extra), "0 1")
	must(r.t, reading.Close(ctx))
}

func compareUnsound(r *rig) {
	ctx := r.t.Context()
	r.read(r.puts("a1", 100, rec("1", 10, false, "one")))
	reading, err := r.w.Reading(ctx, r.fence, r.stamps(50))
	must(r.t, err)
	must(r.t, reading.Add(ctx, []warehouse.Page{r.page(short, brief("1", 10, false))}))
	same(r.t, "fewer than Salesforce counts", plan.ClassOf(reading.Judge(ctx, 2)), plan.Retry)
	must(r.t, reading.Add(ctx, []warehouse.Page{r.page(short, brief("1", 10, false))}))
	same(r.t, "a record that came twice", plan.ClassOf(reading.Judge(ctx, 2)), plan.Retry)
	other := r.page(short, brief("2", 10, false))
	other.Rows++
	same(r.t, "a page that holds other than it should", reading.Add(ctx, []warehouse.Page{other}) != nil, true)
	must(r.t, reading.Close(ctx))
	old := r.fence
	r.fence.Number++
	_, err = r.w.Claim(ctx, r.fence, "account", org)
	must(r.t, err)
	_, err = r.w.Reading(ctx, old, r.stamps(50))
	same(r.t, "an old fence is refused", strings.Contains(fmt.Sprint(err), warehouse.ErrFenced.Error()), true)
}

func compareTwoKeys(r *rig) {
	ctx := r.t.Context()
	r.keyedByTwo()
	const header = "Day__c,N__c,Text__c"
	r.read(reading{name: "a1", readAt: at(100),
		pages: []warehouse.Page{r.page(header, "2026-01-01,1,one", "2026-01-01,2,two", "2026-01-02,1,three")}})
	c := evidence.Comparison{Table: r.table, Policy: gone.Flag, Before: at(1000)}
	reading := r.judge(c, r.page(header, "2026-01-01,1,one", "2026-01-01,2,zwei", "2026-01-03,1,four"))
	d, err := reading.Difference(ctx, 9)
	must(r.t, err)
	same(r.t, "difference", fmt.Sprintf("%+v", d),
		fmt.Sprintf("%+v", evidence.Difference{Source: 3, Warehouse: 3, Missing: 1, Extra: 1, Wrong: 1,
			MissingIDs: []string{"2026-01-03,1"}, ExtraIDs: []string{"2026-01-02,1"},
			WrongIDs:     []string{"2026-01-01,2"},
			WrongColumns: [][]string{{"text__c"}}}))
	must(r.t, reading.Close(ctx))
}

func readingLeft(r *rig) {
	r.read(r.puts("a1", 100, rec("1", 10, false, "one")))
	r.judge(r.stamps(50), r.page(short, brief("2", 10, false))) // and the process dies
	r.finds(r.stamps(50), 0, evidence.Difference{Source: 1, Warehouse: 1}, r.page(short, brief("1", 10, false)))
}

// setOf is the digest that a Set documents, by other code.
func setOf(records ...string) evidence.Set {
	slices.Sort(records)
	sum := sha256.Sum256([]byte(strings.Join(records, "")))
	return evidence.Set{Records: int64(len(records)), Digest: hex.EncodeToString(sum[:])}
}

func sets(r *rig) {
	ctx := r.t.Context()
	r.read(r.puts("a1", 100, rec("b", 10, false, "one"), rec("B", 11, false, "two"), rec("a", 10, true, "deleted"),
		rec("c", 10, false, "extra"), rec("d", 10, false, "pending")))
	reading := r.judge(r.stamps(50), r.page(short, brief("b", 10, false), brief("B", 12, false), brief("a", 10, true),
		brief("e", 10, false), brief("d", 60, false), brief("f", 60, false)))
	source, rows, err := reading.Sets(ctx)
	must(r.t, err)
	same(r.t, "the org's", source, setOf("b,2026-03-01T00:10:00.000Z\n", "B,2026-03-01T00:12:00.000Z\n",
		"e,2026-03-01T00:10:00.000Z\n"))
	same(r.t, "the warehouse's", rows, setOf("b,2026-03-01T00:10:00.000Z\n", "B,2026-03-01T00:11:00.000Z\n",
		"c,2026-03-01T00:10:00.000Z\n"))
	must(r.t, reading.Close(ctx))

	c := r.stamps(50)
	c.Policy = gone.Ignore
	reading = r.judge(c, r.page(short, brief("b", 10, false), brief("B", 11, false), brief("c", 20, true)))
	source, rows, err = reading.Sets(ctx)
	must(r.t, err)
	same(r.t, "under ignore both", source, rows)
	same(r.t, "without what was deleted", source.Records, 2)
	must(r.t, reading.Close(ctx))
}

// comparePart: a reading of some records judges these alone, as often as it is asked to, and
// what was deleted is held against rows of deleted records too, where that is wanted.
func comparePart(r *rig) {
	ctx := r.t.Context()
	r.read(r.puts("a1", 100, rec("1", 10, false, "same"), rec("2", 10, false, "stale"),
		rec("3", 10, false, "not read"), rec("4", 10, true, "in the bin"), rec("5", 10, false, "wrong"),
		rec("6", 10, true, "in the bin, and wrong")))
	header := "Id,IsDeleted,SystemModstamp,Name"
	c := evidence.Comparison{Table: r.only("id", "isdeleted", "systemmodstamp", "name"), Policy: gone.Flag, Part: true}
	pages := []warehouse.Page{r.page(header, rec("1", 10, false, "same"), rec("2", 11, false, "stale"),
		rec("5", 10, false, "other"), rec("7", 10, false, "missing"))}
	want := evidence.Difference{Source: 4, Warehouse: 3, Missing: 1, Stale: 1, Wrong: 1, MissingIDs: []string{"7"},
		StaleIDs: []string{"2"}, WrongIDs: []string{"5"}, WrongColumns: [][]string{{"name"}}}
	r.finds(c, 9, want, pages...)

	reading := r.judge(c, pages...)
	_, err := r.w.Mend(ctx, r.fence, r.mending("mend", 300, nil, rec("5", 10, false, "other")))
	must(r.t, err)
	must(r.t, reading.Judge(ctx, 4))
	d, err := reading.Difference(ctx, 9)
	must(r.t, err)
	same(r.t, "judged again", fmt.Sprint(d.Missing, d.Stale, d.Wrong, d.Extra), "1 1 0 0")
	must(r.t, reading.Close(ctx))

	c.Table, c.Deleted = r.only("id", "name"), true
	r.finds(c, 9, evidence.Difference{Source: 4, Warehouse: 3, Missing: 1, Wrong: 1, MissingIDs: []string{"7"},
		WrongIDs: []string{"6"}, WrongColumns: [][]string{{"name"}}},
		r.page("Id,Name", "1,same", "4,in the bin", "6,other", "7,never copied"))

	r.subject.Copy(r.t, Final, "account", "copy")
	r.subject.Insert(r.t, Final, "copy", r.find("1"))
	r.subject.Insert(r.t, Final, "copy", r.find("3"))
	c.Table.Name = "copy"
	r.finds(c, 9, evidence.Difference{Source: 1, Warehouse: 2, Duplicates: 1, DuplicateIDs: []string{"1"}},
		r.page("Id,Name", "1,same"))
}
