package warehousetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// Adopt checks that tables of AppFlow can be taken over. It is for the
// warehouses that AppFlow writes into, and those that stand in for them.
func Adopt(t *testing.T, open func(t testing.TB) warehouse.Driver) {
	for _, test := range []test{
		{"duplicates become one row each", adoptDuplicates},
		{"a crash leaves everything as it was", adoptCrash},
		{"rows without an Id are refused", adoptRefused},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(newAdoptRig(t, open(t))) })
	}
}

// id15 and id18 are one Id, of 15 and of 18 characters (Salesforce's own
// example is of this form).
const id15, id18 = "001A0000006Vm9r", "001A0000006Vm9rIAC"

// newAdoptRig opens a warehouse with AppFlow's tables in it and none of ours.
func newAdoptRig(t testing.TB, driver warehouse.Driver) *rig {
	t.Helper()
	r := &rig{t: t, driver: driver, by: byConsolidate, table: account(),
		fence: warehouse.Fence{Flow: "Account", Number: 1}, clock: at(10_000)}
	r.table.Columns = append(r.table.Columns,
		warehouse.Column{Name: "parentid", Field: "ParentId", Kind: warehouse.Text})
	r.w = r.over(driver)
	must(t, r.w.Migrate(t.Context()))
	_, err := r.w.Claim(t.Context(), r.fence, "account", org)
	must(t, err)
	for _, schema := range []string{"salesforce", "salesforce_incremental"} {
		r.exec(`CREATE TABLE "` + schema +
			`"."account" (id VARCHAR(18), isdeleted VARCHAR(5), systemmodstamp VARCHAR(40), name VARCHAR(255),
			amount__c VARCHAR(40), employees INTEGER, parentid VARCHAR(18), score__c INTEGER)`)
	}
	var values []string
	for i := range 200 {
		values = append(values,
			fmt.Sprintf("('001000000000%03dAAA', 'false', '2026-03-01T00:%02d:00.000Z', 'row %d', '', %d, '', 7)",
				i%50, i/50, i, i))
	}
	r.exec(`INSERT INTO "salesforce"."account" VALUES ` + strings.Join(values, ", "))
	r.exec(`INSERT INTO "salesforce"."account" VALUES ('` + id15 +
		`', 'false', '2026-03-01T00:10:00.000Z', 'old', '1.5', 1, '` + id15 + `', 1),
		('` + id18 + `', 'true', '2026-03-01T00:20:00.000Z', 'newer', '1.25', 2, '` + id15 + `', 2)`)
	r.exec(`INSERT INTO "salesforce_incremental"."account" VALUES ('` + id15 +
		`', 'false', '2026-03-01T00:30:00.000Z', 'newest', '-3', 3, '', 3)`)
	return r
}

func (r *rig) adopt(w warehouse.Warehouse, policy warehouse.Policy) (warehouse.Adoption, error) {
	return warehouse.RolesOf(w).Adopter.Adopt(r.t.Context(), r.fence, warehouse.Merge{Table: r.table, Policy: policy}, []string{"id", "parentid"})
}

func adoptDuplicates(r *rig) {
	before, err := warehouse.RolesOf(r.w).Adopter.Survey(r.t.Context(), r.table, []string{"id", "parentid"})
	must(r.t, err)
	same(r.t, "dry run", fmt.Sprint(before.Rows, before.Keys, before.Short, len(before.Sources),
		before.Sources[0].Unknown, before.After), "203 51 2 2 [score__c] 0")
	sameRows(r.t, r.query(`SELECT count(*) FROM "salesforce"."account"`), "202")
	got, err := r.adopt(r.w, warehouse.Flag)
	must(r.t, err)
	same(r.t, "adopted", fmt.Sprint(got.Rows, got.Keys, got.After, got.Counts.Staged, got.Counts.Inserted),
		"203 51 51 203 51")
	sameRows(r.t, r.query(
		`SELECT id, name, amount__c = -3, employees, parentid, score__c, isdeleted, systemmodstamp = TIMESTAMPTZ '2026-03-01 00:30:00+00' FROM "salesforce"."account" WHERE id = '`+id18+`'`),
		id18+"|newest|true|3|~|3|false|true")
	sameRows(r.t, r.query(`SELECT count(*) FROM "salesforce"."account" WHERE name >= 'row 150'`), "50")
	for _, table := range []string{`"salesforce"."account_before_catchment"`,
		`"salesforce_incremental"."account_before_catchment"`} {
		if n := r.query("SELECT count(*) FROM " + table)[0]; n != "202" && n != "1" {
			r.t.Errorf("%s has %s rows", table, n)
		}
	}
	again, err := r.adopt(r.w, warehouse.Flag)
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
	sameRows(r.t, r.query(`SELECT name FROM "salesforce"."account" WHERE id = '`+id18+`'`), "read")
}

func adoptCrash(r *rig) {
	for n := range 60 {
		got, err := r.adopt(r.over(failing{passing{r.driver}, n}), warehouse.Remove)
		if err == nil {
			if n < 5 {
				r.t.Fatalf("it never failed, %d", n)
			}
			same(r.t, "adopted", got.After, 51)
			return
		}
		if !errors.Is(err, errLost) {
			r.t.Fatal(err)
		}
		sameRows(r.t, r.query(`SELECT count(*) FROM "salesforce"."account"`), "202")
		sameRows(r.t, r.query(`SELECT count(*) FROM "salesforce_incremental"."account"`), "1")
	}
	r.t.Error("it never ends")
}

func adoptRefused(r *rig) {
	r.exec(`INSERT INTO "salesforce"."account" (id, name) VALUES ('short', 'x'), (NULL, 'y')`)
	for range 2 {
		_, err := r.adopt(r.w, warehouse.Flag)
		if plan.ClassOf(err) != plan.Fix ||
			!strings.Contains(fmt.Sprint(err), "2 of 204 rows of salesforce.account have no Id") {
			r.t.Error(err)
		}
	}
	sameRows(r.t, r.query(`SELECT count(*) FROM "salesforce"."account"`), "204")
}
