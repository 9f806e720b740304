package postgres_test

import (
	"context"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"catchment/internal/schema"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
)

// A column that a view uses can't get another type here (dbt makes views over all
// columns): the field gets another column, and who asks is told by which views.
func TestTypesUnderViews(t *testing.T) {
	t.Parallel()
	for _, views := range [][]string{nil, {
		"CREATE VIEW salesforce.seen AS SELECT id, employees FROM salesforce.account",
		"CREATE MATERIALIZED VIEW salesforce.kept AS SELECT max(employees) AS most FROM salesforce.account",
		"CREATE VIEW salesforce.other AS SELECT id FROM salesforce.account"}} {
		ctx, f := t.Context(), warehouse.Fence{Flow: "Account", Number: 1}
		d, w, table := withEmployees(t, f)
		must(t, w.Describe(ctx, f, schema.Object{Name: "Account",
			Fields: []schema.Field{{Name: "Employees", Type: schema.Int}}}, table))
		exec(t, d, "INSERT INTO salesforce.account (id, employees) VALUES ('1', 1200)")
		for _, view := range views {
			exec(t, d, view)
		}
		table.Columns[0].Kind, table.Columns[0].Length = shape.Text, 80
		table, past, err := w.Adapt(ctx, table)
		must(t, err)
		name, held, retyped := "employees", map[string][]string(nil), []string{"employees"}
		if len(views) > 0 {
			name, retyped = "employees_text", nil
			held = map[string][]string{"employees": {"salesforce.kept", "salesforce.seen"}}
		}
		if table.Columns[0].Name != name || !reflect.DeepEqual(past.Held, held) ||
			!reflect.DeepEqual(past.Retyped, retyped) {
			t.Errorf("%s, held %+v, retyped %q", table.Columns[0].Name, past.Held, past.Retyped)
		}
		_, err = w.Prepare(ctx, f, table)
		must(t, err)
	}
}

// withEmployees is a warehouse whose table has a column of whole numbers.
func withEmployees(t *testing.T, f warehouse.Fence) (sql.Driver, warehouse.Warehouse, shape.Table) {
	t.Helper()
	d := open(t)
	w := sql.New(d, warehouse.Options{Schema: "salesforce", Staging: "salesforce_incremental", Now: time.Now})
	must(t, w.Migrate(t.Context()))
	_, err := w.Claim(t.Context(), f, "account", "00D000000000001AAA")
	must(t, err)
	table := account
	table.Columns = append([]shape.Column{{Name: "employees", Field: "Employees", Kind: shape.Int}},
		account.Columns...)
	_, err = w.Prepare(t.Context(), f, table)
	must(t, err)
	return d, w, table
}

// A column of 32 bits that a view uses can't grow: the load says what there is room for,
// and goes on without the rest. Without a view it grows.
func TestWholeNumbersUnderViews(t *testing.T) {
	t.Parallel()
	for _, view := range []string{"", "CREATE VIEW salesforce.seen AS SELECT id, employees FROM salesforce.account"} {
		ctx, f := t.Context(), warehouse.Fence{Flow: "Account", Number: 1}
		d, w, table := withEmployees(t, f)
		if view != "" {
			exec(t, d, view)
		}
		p := warehouse.Page{Key: "p1", Seq: 1, Rows: 1, Header: []string{"Id", "Employees"},
			Digits: []room.Digits{{Field: "Employees", Whole: 10, Beyond32: true}}}
		p.Open = func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("Id,Employees\n1,2147483648\n")), nil
		}
		_, err := w.Load(ctx, f, warehouse.Batch{Table: table, Attempt: "a1", Job: "j1", Pages: []warehouse.Page{p}})
		tight, held := errors.AsType[*room.Tight](err)
		if held != (view != "") || held && !reflect.DeepEqual(tight.Room, []room.Digits{{Field: "Employees"}}) ||
			!held && err != nil {
			t.Errorf("with the view %q: %v", view, err)
		}
	}
}
