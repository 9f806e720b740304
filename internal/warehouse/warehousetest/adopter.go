package warehousetest

import (
	"fmt"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/adoption"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
)

// id15 and id18 are one Id, of 15 and of 18 characters (Salesforce's own
// example is of this form).
const id15, id18 = "001A0000006Vm9r", "001A0000006Vm9rIAC"

// adopting is a test of a warehouse with AppFlow's tables in it and none of ours.
func adopting(run func(*rig)) func(*rig) {
	return func(r *rig) {
		r.subject.Drop(r.t, Final, "account")
		r.subject.Drop(r.t, Staging, "account")
		r.table.Columns = append(r.table.Columns,
			shape.Column{Name: "parentid", Field: "ParentId", Kind: shape.Text})
		columns := []string{"id", "isdeleted", "systemmodstamp", "name", "amount__c", "employees", "parentid",
			"score__c"}
		for _, side := range []Side{Final, Staging} {
			r.subject.Make(r.t, side, "account", columns...)
		}
		values := func(texts ...any) Row {
			out := Row{}
			for i, text := range texts {
				value := fmt.Sprint(text)
				out[columns[i]] = &value
			}
			return out
		}
		var rows []Row
		for i := range 200 {
			rows = append(rows, values(fmt.Sprintf("001000000000%03dAAA", i%50), false,
				fmt.Sprintf("2026-03-01T00:%02d:00.000Z", i/50), fmt.Sprintf("row %d", i), "", i, "", 7))
		}
		r.subject.Insert(r.t, Final, "account", append(rows,
			values(id15, false, "2026-03-01T00:10:00.000Z", "old", "1.5", 1, id15, 1),
			values(id18, true, "2026-03-01T00:20:00.000Z", "newer", "1.25", 2, id15, 2))...)
		r.subject.Insert(r.t, Staging, "account",
			values(id15, false, "2026-03-01T00:30:00.000Z", "newest", -3, 3, "", 3))
		run(r)
	}
}

// taking takes nothing that isn't as it should be.
func taking() adoption.Taking { return adoption.Taking{IDs: []string{"id", "parentid"}} }

func (r *rig) adopt(w warehouse.Warehouse, policy gone.Policy) (warehouse.Adoption, error) {
	return r.take(w, policy, taking())
}

func (r *rig) take(w warehouse.Warehouse, policy gone.Policy, how adoption.Taking) (warehouse.Adoption, error) {
	return warehouse.RolesOf(w).Adopter.Adopt(r.t.Context(), r.fence,
		warehouse.Merge{Table: r.table, Policy: policy}, how)
}

func adoptDuplicates(r *rig) {
	before, err := warehouse.RolesOf(r.w).Adopter.Survey(r.t.Context(), r.table, taking())
	must(r.t, err)
	same(r.t, "dry run", fmt.Sprint(before.Rows, before.Keys, before.Short, len(before.Sources),
		before.Sources[0].Unknown, before.After), "203 51 2 2 [score__c] 0")
	same(r.t, "rows", len(r.rows("id")), 202)
	got, err := r.adopt(r.w, gone.Flag)
	must(r.t, err)
	same(r.t, "adopted", fmt.Sprint(got.Rows, got.Keys, got.After, got.Counts.Staged, got.Counts.Inserted),
		"203 51 51 203 51")
	got18 := beginning(id18, r.rows("id", "name", "employees", "parentid", "score__c", "isdeleted", "systemmodstamp"))
	sameRows(r.t, got18, id18+"|newest|3|~|3|false|2026-03-01 00:30:00+00")
	same(r.t, "amount", plain(r.text(r.find(id18), "amount__c")), "-3")
	newest := slices.DeleteFunc(r.rows("name"), func(name string) bool { return name < "row 150" })
	same(r.t, "the newest version of each", len(newest), 50)
	same(r.t, "rows put aside", len(r.subject.Look(r.t, Final, "account_before_catchment")), 202)
	same(r.t, "staged rows put aside", len(r.subject.Look(r.t, Staging, "account_before_catchment")), 1)
	again, err := r.adopt(r.w, gone.Flag)
	must(r.t, err)
	same(r.t, "a second time", len(again.Sources), 0)
	mark, _, err := r.w.Mark(r.t.Context(), "Account")
	must(r.t, err)
	same(r.t, "rows", mark.Rows, 51)
	same(r.t, "no watermark", mark.Watermark.IsZero(), true)
	// and from there runs go on as on a table of ours
	_, err = r.w.Prepare(r.t.Context(), r.fence, r.table)
	must(r.t, err)
	r.read(reading{name: "a1", readAt: at(100),
		pages: []warehouse.Page{r.page("Id,Name,IsDeleted,SystemModstamp",
			id18+",read,false,2026-03-01T01:00:00.000Z")}})
	same(r.t, "name", r.text(r.find(id18), "name"), "read")
}

func adoptCrash(r *rig) {
	for n := range 60 {
		got, err := r.adopt(r.under(Fault{Fails, n}), gone.Remove)
		if err == nil {
			if n < 5 {
				r.t.Fatalf("it never failed, %d", n)
			}
			same(r.t, "adopted", got.After, 51)
			return
		}
		same(r.t, "rows", len(r.rows("id")), 202)
		same(r.t, "staged rows", len(r.staged("id")), 1)
	}
	r.t.Error("it never ends")
}

func adoptRefused(r *rig) {
	r.subject.Insert(r.t, Final, "account", row("id", "short", "name", "x"), row("name", "y"))
	for range 2 {
		_, err := r.adopt(r.w, gone.Flag)
		if plan.ClassOf(err) != plan.Fix ||
			!strings.Contains(fmt.Sprint(err), "2 of 204 rows of salesforce.account have no Id") {
			r.t.Error(err)
		}
	}
	same(r.t, "rows", len(r.rows("id")), 204)
}

// foreign puts one table of somebody else's into a warehouse, of texts.
func foreign(r *rig, columns []string, rows ...[]string) {
	for _, side := range []Side{Final, Staging} {
		r.subject.Drop(r.t, side, "account")
	}
	r.subject.Make(r.t, Final, "account", columns...)
	for _, values := range rows {
		out := Row{}
		for i := range values {
			out[columns[i]] = &values[i]
		}
		r.subject.Insert(r.t, Final, "account", out)
	}
	r.table.Columns = append(r.table.Columns,
		shape.Column{Name: "birthdate", Field: "Birthdate", Kind: shape.Date},
		shape.Column{Name: "lastmodifieddate", Field: "LastModifiedDate", Kind: shape.Timestamp})
}

// Each way in which somebody writes a moment is read, and tells the newest row.
func adoptMoments(r *rig) {
	columns := []string{"id", "name", "systemmodstamp", "birthdate", "lastmodifieddate"}
	one, two, three, four := "001000000000001AAA", "001000000000002AAA", "001000000000003AAA", "001000000000004AAA"
	foreign(r, columns,
		[]string{one, "as a text", "2026-03-01T00:00:00.000Z", "1950-02-28", "2026-03-01T00:00:00.000+0000"},
		[]string{one, "in milliseconds", "1772323200001", "-626659200000", "1772323200000"}, // a millisecond later
		[]string{two, "older", "1772323200000.0", "", ""},
		[]string{two, "newer", "2026-03-01 00:00:01", "2024-02-29T00:00:00.000Z", "2026-03-01T01:00:01+01:00"},
		[]string{three, "only", "2026-03-01 00:00:00.5+00", "2000-02-29", " "},
		[]string{four, "the year 1700", "1700-01-01T00:00:00Z", "3999-12-31", "-8520336000000"})
	got, err := r.adopt(r.w, gone.Flag)
	must(r.t, err)
	same(r.t, "adopted", fmt.Sprintf("%d %d %d %v %s", got.Rows, got.Keys, got.After, got.Sources[0].Unread,
		got.Sources[0].Stamp), "6 4 4 map[] systemmodstamp")
	sameRows(r.t, r.rows("id", "name", "systemmodstamp", "birthdate", "lastmodifieddate"),
		one+"|in milliseconds|2026-03-01 00:00:00.001+00|1950-02-22|2026-03-01 00:00:00+00",
		two+"|newer|2026-03-01 00:00:01+00|2024-02-29|2026-03-01 00:00:01+00",
		three+"|only|2026-03-01 00:00:00.5+00|2000-02-29|~",
		four+"|the year 1700|1700-01-01 00:00:00+00|3999-12-31|1700-01-01 00:00:00+00")
}

// What can't be read is told as a bad Id is: column, number, and a query to look; it is
// left out where that is asked for, and its row with it only where another is newer.
func adoptUnread(r *rig) {
	columns := []string{"id", "name", "systemmodstamp", "birthdate", "isdeleted"}
	one, two := "001000000000001AAA", "001000000000002AAA"
	foreign(r, columns,
		[]string{one, "good", "2026-03-01T00:00:00.000Z", "1950-02-28", "false"},
		[]string{one, "no stamp", "", "1950-02-28", "true"},
		[]string{one, "seconds", "1772323200", "30 February", "false"},
		[]string{two, "no day", "2026-02-30T00:00:00Z", "2023-02-29", "no"},
		[]string{two, "bad clock", "2026-02-28T24:00:00Z", "19500228", "false"})
	for range 2 {
		_, err := r.adopt(r.w, gone.Flag)
		for _, want := range []string{"of 5 rows of salesforce.account", "4 have a systemmodstamp that is no time",
			"3 have a birthdate that is no date", "1 have a isdeleted that is no boolean"} {
			if plan.ClassOf(err) != plan.Fix || !strings.Contains(fmt.Sprint(err), want) {
				r.t.Errorf("%v doesn't say %q", err, want)
			}
		}
		if hint := plan.HintOf(err); strings.Count(hint, "SELECT * FROM") != 3 ||
			!strings.Contains(hint, "catchment adopt Account --unread") {
			r.t.Errorf("hint: %s", hint)
		}
	}
	same(r.t, "rows", len(r.subject.Look(r.t, Final, "account")), 5)
	how := taking()
	how.Unread = true
	got, err := r.take(r.w, gone.Flag, how)
	must(r.t, err)
	same(r.t, "left out", fmt.Sprint(got.Rows, got.After, got.Sources[0].Unread),
		"5 2 map[birthdate:3 isdeleted:1 systemmodstamp:4]")
	sameRows(r.t, beginning(one, r.rows("id", "name", "systemmodstamp", "birthdate")),
		one+"|good|2026-03-01 00:00:00+00|1950-02-28")
	sameRows(r.t, beginning(two, r.rows("id", "systemmodstamp", "birthdate")), two+"|~|~")
	same(r.t, "kept", len(r.subject.Look(r.t, Final, "account_before_catchment")), 5)
}

// The newest row is told by LastModifiedDate where SystemModstamp wasn't brought; with
// neither, nobody knows it, and that has to be asked for.
func adoptUnstamped(r *rig) {
	one := "001000000000001AAA"
	foreign(r, []string{"id", "name"}, []string{one, "old"}, []string{one, "new"})
	_, err := r.adopt(r.w, gone.Flag)
	if plan.ClassOf(err) != plan.Fix ||
		!strings.Contains(fmt.Sprint(err), "salesforce.account has no column systemmodstamp") ||
		!strings.Contains(plan.HintOf(err), "catchment adopt Account --unstamped") {
		r.t.Errorf("%v: %s", err, plan.HintOf(err))
	}
	how := taking()
	how.Unstamped = true
	got, err := r.take(r.w, gone.Flag, how)
	must(r.t, err)
	same(r.t, "adopted", fmt.Sprint(got.Rows, got.After, got.Sources[0].Stamp == ""), "2 1 true")
}

func adoptModified(r *rig) {
	one := "001000000000001AAA"
	foreign(r, []string{"id", "name", "lastmodifieddate"}, []string{one, "new", "1772323200001"},
		[]string{one, "old", "2026-03-01T00:00:00.000Z"}, []string{one, "older", "2026-02-01T00:00:00.000Z"})
	got, err := r.adopt(r.w, gone.Flag)
	must(r.t, err)
	same(r.t, "adopted", fmt.Sprintf("%d %d %s", got.Rows, got.After, got.Sources[0].Stamp), "3 1 lastmodifieddate")
	sameRows(r.t, r.rows("id", "name", "lastmodifieddate"), one+"|new|2026-03-01 00:00:00.001+00")
}
