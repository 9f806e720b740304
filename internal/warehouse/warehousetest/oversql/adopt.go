package oversql

import (
	"slices"
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/adoption"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/warehousetest"
)

// adoptNumbers: a moment may stand in a column of numbers, as milliseconds. The queries
// of a hint can be typed as they are, and find what the message counts.
func adoptNumbers(t *testing.T, d *desk) {
	adopter := warehouse.RolesOf(d.w).Adopter
	if adopter == nil {
		return // then nobody can ask it to
	}
	table := d.table
	table.Columns = append(slices.Clone(table.Columns),
		shape.Column{Name: "systemmodstamp", Field: shape.FieldStamp, Kind: shape.Timestamp},
		shape.Column{Name: "born", Field: "Born", Kind: shape.Date})
	d.exec(t, "CREATE TABLE "+d.name(warehousetest.Final, "account")+
		" (id VARCHAR(18), name VARCHAR(255), systemmodstamp BIGINT, born DOUBLE PRECISION)")
	d.exec(t, `INSERT INTO "salesforce"."account" VALUES ('001A0000006Vm9rIAC', 'new', 1772323200001, 1709164800000), `+
		`('001A0000006Vm9rIAC', 'old', 1772323200000, 0.5), ('001A0000006Vm9rIAC', 'odd', 7, NULL)`)
	how := adoption.Taking{IDs: []string{"id"}}
	_, err := adopter.Survey(t.Context(), table, how)
	hint := strings.TrimPrefix(plan.HintOf(err), "look at them: ")
	queries, _, _ := strings.Cut(hint, "\n")
	for query := range strings.SplitSeq(queries, "; ") {
		found := ""
		d.query(t, 1, func(row []*string) { found = *row[0] },
			"SELECT CAST(count(*) AS VARCHAR(18)) FROM ("+query+") x")
		if found != "1" {
			t.Errorf("%v: %s rows are found by %s", err, found, query)
		}
	}
	how.Unread = true
	got, err := adopter.Adopt(t.Context(), d.fence, warehouse.Merge{Table: table, Policy: gone.Flag}, how)
	must(t, err)
	row := d.Look(t, warehousetest.Final, "account")[0]
	if got.After != 1 || *row["name"] != "new" || *row["born"] != "2024-02-29" ||
		!strings.HasPrefix(*row["systemmodstamp"], "2026-03-01 00:00:00.001") {
		t.Errorf("%+v, %s, %s, %s", got, *row["name"], *row["systemmodstamp"], *row["born"])
	}
}
