package readers_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/readers"
	"catchment/internal/warehouse/shape"
)

// A view has the live rows, each once, and of each what the engine reads. DuckDB executes the views that quote names as
// it does, over tables that stand where each engine has the lake's.
func TestViewsHaveLiveRows(t *testing.T) {
	order := warehouse.Procedure{Policy: gone.Flag, Table: shape.Table{Object: "Order", Name: "order",
		Columns: []shape.Column{{Name: "id", Kind: shape.Text, Length: 18},
			{Name: "group", Kind: shape.Text, Length: 80},
			{Name: "amount", Kind: shape.Decimal, Scale: 2}, {Name: "opens", Kind: shape.Time},
			{Name: "systemmodstamp", Kind: shape.Timestamp}}}}
	for engine, at := range map[string]struct{ lake, views string }{
		"athena":    {"memory.salesforce", "memory.salesforce_live"},
		"duckdb":    {"salesforce_lake.salesforce", "memory.salesforce_live"},
		"redshift":  {"memory.salesforce_lake", "memory.salesforce_live"},
		"snowflake": {"salesforce_lake.salesforce", "memory.salesforce_live"},
		"trino":     {"salesforce_lake.salesforce", "salesforce_lake.salesforce_live"},
	} {
		t.Run(engine, func(t *testing.T) {
			db, err := sql.Open("duckdb", "")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			db.SetMaxOpenConns(1)
			do := func(statement string) {
				t.Helper()
				if _, err := db.ExecContext(t.Context(), statement); err != nil {
					t.Fatalf("%v\n%s", err, statement)
				}
			}
			if strings.HasPrefix(at.lake, "salesforce_lake.") {
				do("ATTACH ':memory:' AS salesforce_lake")
			}
			do("CREATE SCHEMA " + at.lake)
			do("CREATE SCHEMA " + at.views)
			do(`CREATE TABLE ` + at.lake + `."order" (id VARCHAR, "group" VARCHAR, amount DECIMAL(38, 2), opens TIME,
				systemmodstamp TIMESTAMPTZ, _catchment_read_at TIMESTAMPTZ, _catchment_at TIMESTAMPTZ,
				_catchment_synced_at TIMESTAMPTZ, _catchment_deleted_at TIMESTAMPTZ, _catchment_delete_reason VARCHAR,
				_catchment_rejected_at TIMESTAMPTZ)`)
			do(`INSERT INTO ` + at.lake + `."order" (id, "group", amount, opens, systemmodstamp, _catchment_deleted_at)
				VALUES ('801A', 'x', 0.10, '09:00', '2026-11-30 12:00:00.123456+00', NULL),
				('801B', NULL, NULL, NULL, NULL, NULL), ('801C', 'gone', 1, NULL, NULL, now())`)
			r, err := readers.New(lakes()["glue"], engine)
			if err != nil {
				t.Fatal(err)
			}
			view, err := r.View(options, order)
			if err != nil {
				t.Fatal(err)
			}
			do(strings.TrimSuffix(strings.TrimSpace(view), "\nWITH NO SCHEMA BINDING;"))

			rows, err := db.QueryContext(t.Context(), `SELECT * FROM `+at.views+`."order" ORDER BY id`)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			names, err := rows.Columns()
			if err != nil {
				t.Fatal(err)
			}
			want := []string{"id", "group", "amount", "opens", "systemmodstamp", "_catchment_read_at", "_catchment_at",
				"_catchment_synced_at", "_catchment_rejected_at"}
			if engine == "athena" || engine == "redshift" {
				want = slices.DeleteFunc(want, func(name string) bool { return name == "opens" })
			}
			for i, name := range names {
				names[i] = strings.ToLower(name)
			}
			if !slices.Equal(names, want) {
				t.Errorf("columns %q, want %q", names, want)
			}
			var ids []string
			for rows.Next() {
				values := make([]any, len(names))
				for i := range values {
					values[i] = new(any)
				}
				if err := rows.Scan(values...); err != nil {
					t.Fatal(err)
				}
				ids = append(ids, (*values[0].(*any)).(string))
			}
			if err := rows.Err(); err != nil || !slices.Equal(ids, []string{"801A", "801B"}) {
				t.Errorf("live rows %q, %v", ids, err)
			}
		})
	}
}
