package oversql

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"catchment/internal/schema"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/warehousetest"
)

// flaggedBefore: a version before flagged rows and left IsDeleted as it was. Whoever
// takes the flow over has them say so, once, whatever the column's name is, and
// changes nothing else.
func flaggedBefore(t *testing.T, d *desk) {
	d.table.Columns = append(d.table.Columns,
		shape.Column{Name: "binned", Field: "IsDeleted", Kind: shape.Bool})
	d.prepared(t)
	o := schema.Object{Name: "Account", Fields: []schema.Field{{Name: "Id", Type: schema.ID},
		{Name: "IsDeleted", Type: schema.Boolean}}}
	must(t, d.w.Describe(t.Context(), d.fence, o, d.table))
	at, yes, no := "2026-03-01 00:00:00+00", "true", "false"
	row := func(id string, is, deletedAt *string) warehousetest.Row {
		return warehousetest.Row{"id": &id, "binned": is, "_catchment_deleted_at": deletedAt,
			"_catchment_synced_at": &at}
	}
	d.Insert(t, warehousetest.Final, "account", row("live", &no, nil), row("purged", &no, &at),
		row("landed", nil, &at), row("in the bin", &yes, &at), row("changed by hand", &yes, nil))
	looks := func() string {
		var lines []string
		for _, row := range d.Look(t, warehousetest.Final, "account") {
			var values []string
			for _, c := range []string{"id", "binned", "_catchment_deleted_at", "_catchment_synced_at"} {
				value := "null"
				if row[c] != nil {
					value = *row[c]
				}
				values = append(values, c+"="+value)
			}
			lines = append(lines, strings.Join(values, " "))
		}
		slices.Sort(lines)
		return strings.Join(lines, "\n")
	}
	d.Update(t, warehousetest.Staging, "_catchment_flow", warehousetest.Row{"deletes_told": nil})
	before := looks()
	claim := func() {
		d.fence.Number++
		_, err := d.w.Claim(t.Context(), d.fence, "account", "00D000000000001AAA")
		must(t, err)
	}
	claim()
	want := before
	for _, was := range []string{"id=purged binned=false", "id=landed binned=null"} {
		id, _, _ := strings.Cut(was, " binned")
		want = strings.Replace(want, was, id+" binned=true", 1)
	}
	if got := looks(); got != want || want == before {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	d.Update(t, warehousetest.Final, "account", warehousetest.Row{"binned": &no})
	before = looks()
	claim()
	if got := looks(); got != before {
		t.Errorf("done once more:\n%s", fmt.Sprint(got))
	}
}
