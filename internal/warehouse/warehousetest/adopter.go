package warehousetest

import (
	"fmt"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
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

func (r *rig) adopt(w warehouse.Warehouse, policy gone.Policy) (warehouse.Adoption, error) {
	return warehouse.RolesOf(w).Adopter.Adopt(r.t.Context(), r.fence,
		warehouse.Merge{Table: r.table, Policy: policy}, []string{"id", "parentid"})
}

func adoptDuplicates(r *rig) {
	before, err := warehouse.RolesOf(r.w).Adopter.Survey(r.t.Context(), r.table, []string{"id", "parentid"})
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
