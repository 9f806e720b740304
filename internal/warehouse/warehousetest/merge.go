package warehousetest

import "catchment/internal/warehouse"

const (
	header  = "Id,IsDeleted,SystemModstamp,Name"
	columns = "id, name, _catchment_deleted_at IS NULL, _catchment_delete_reason"
)

func firstAndNext(r *rig) {
	c := r.read(reading{name: "a1", readAt: at(100), pages: []warehouse.Page{
		r.page(header, "1,false,2026-03-01T00:10:00.000Z,one", "2,false,2026-03-01T00:11:00.000Z,two"),
		r.page(header, "3,false,2026-03-01T00:12:00.000Z,three"),
	}, merge: warehouse.Merge{Watermark: at(90), Grade: "proven"}})
	same(r.t, "counts", c, warehouse.Counts{Staged: 3, Inserted: 3, Rows: 3})
	sameRows(r.t, r.rows(columns), "1|one|true|~", "2|two|true|~", "3|three|true|~")

	c = r.read(reading{name: "a2", readAt: at(200), pages: []warehouse.Page{
		r.page(header, "2,false,2026-03-01T02:11:00.000Z,zwei", "4,false,2026-03-01T02:11:00.000Z,four",
			"1,true,2026-03-01T02:11:00.000Z,one", "3,false,2026-03-01T00:01:00.000Z,stale"),
	}, merge: warehouse.Merge{Watermark: at(190), Grade: "proven"}})
	same(r.t, "counts", c, warehouse.Counts{Staged: 4, Inserted: 1, Updated: 1, Deleted: 1, Unchanged: 1, Rows: 4})
	sameRows(r.t, r.rows(columns), "1|one|false|soft", "2|zwei|true|~", "3|three|true|~", "4|four|true|~")

	m, ok, err := r.w.Mark(r.t.Context(), "Account")
	must(r.t, err)
	same(r.t, "known", ok, true)
	same(r.t, "watermark", m.Watermark, at(190))
	same(r.t, "rows of the mark", m.Rows, 4)
}
