package oversql

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/adoption"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/warehousetest"
)

// Check checks what is promised of drivers of SQL, and of a warehouse over one.
func Check(t *testing.T, open func(t testing.TB) sql.Driver) {
	for name, check := range map[string]func(*testing.T, *desk){
		"reading can't write":                  readOnly,
		"what failed is told":                  failures,
		"a new column is told with its type":   newColumn,
		"columns of other types are adopted":   adoptTyped,
		"moments in numbers are adopted":       adoptNumbers,
		"somebody narrows a column meanwhile":  narrowed,
		"pages that a crash left on their way": forgottenPages,
		"what the version before flagged":      flaggedBefore,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, newDesk(t, open(t)))
		})
	}
}

// A desk is a warehouse with one flow that was claimed.
type desk struct {
	subject
	w     warehouse.Warehouse
	fence warehouse.Fence
	table shape.Table
}

func newDesk(t *testing.T, driver sql.Driver) *desk {
	d := &desk{subject: subject{driver}, fence: warehouse.Fence{Flow: "Account", Number: 1},
		table: shape.Table{Object: "Account", Name: "account", Key: []string{"id"}, Columns: []shape.Column{
			{Name: "id", Field: "Id", Kind: shape.Text},
			{Name: "name", Field: "Name", Kind: shape.Text},
			{Name: "employees", Field: "Employees", Kind: shape.Int},
		}}}
	d.w = d.under(warehousetest.Fault{})
	must(t, d.w.Migrate(t.Context()))
	_, err := d.w.Claim(t.Context(), d.fence, "account", "00D000000000001AAA")
	must(t, err)
	return d
}

// under is the desk's warehouse where something goes wrong.
func (d *desk) under(f warehousetest.Fault) warehouse.Warehouse { return d.over(faulty(d.driver, f)) }

// over is the desk's warehouse over another driver.
func (d *desk) over(driver sql.Driver) warehouse.Warehouse {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	return sql.New(driver, warehouse.Options{
		Schema: string(warehousetest.Final), Staging: string(warehousetest.Staging),
		Now:   func() time.Time { return now },
		Pause: func(context.Context, time.Duration) error { return nil },
	})
}

// prepared makes the desk's table.
func (d *desk) prepared(t *testing.T) {
	t.Helper()
	_, err := d.w.Prepare(t.Context(), d.fence, d.table)
	must(t, err)
}

func readOnly(t *testing.T, d *desk) {
	d.prepared(t)
	err := d.driver.View(t.Context(), func(tx sql.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO "salesforce"."account" (id) VALUES ('1')`)
		return err
	})
	if err == nil {
		t.Error("a reading wrote")
	}
	if rows := d.Look(t, warehousetest.Final, "account"); len(rows) > 0 {
		t.Errorf("%d rows were written", len(rows))
	}
}

// failures: the error of a statement, or of a transaction, is that of the
// operation.
func failures(t *testing.T, d *desk) {
	d.prepared(t)
	path := filepath.Join(t.TempDir(), "page.csv")
	must(t, os.WriteFile(path, []byte("Id,Name\n1,one\n"), 0o600))
	b := warehouse.Batch{Table: d.table, Attempt: "a1", Job: "j1", ReadAt: time.Unix(0, 0),
		Pages: []warehouse.Page{{Key: "page.csv", Seq: 1, Header: []string{"Id", "Name"}, Rows: 1, Digest: "page",
			Path: path}}}
	m := warehouse.Merge{Table: d.table, Attempt: "a1", Policy: gone.Flag, Pages: 1, Rows: 1}
	for _, fault := range []warehousetest.Fault{{Kind: warehousetest.Fails}, {Kind: warehousetest.LostAnswer}} {
		w := d.under(fault)
		if _, err := w.Load(t.Context(), d.fence, b); !errors.Is(err, errLost) {
			t.Errorf("load: %s: %v", fault.Kind, err)
		}
		if _, err := w.Consolidate(t.Context(), d.fence, m); !errors.Is(err, errLost) {
			t.Errorf("consolidate: %s: %v", fault.Kind, err)
		}
	}
	if adopter := warehouse.RolesOf(d.under(warehousetest.Fault{Kind: warehousetest.Fails})).Adopter; adopter != nil {
		how := adoption.Taking{IDs: []string{"id"}}
		if _, err := adopter.Adopt(t.Context(), d.fence, m, how); !errors.Is(err, errLost) {
			t.Errorf("adopt: %v", err)
		}
	}
}

func newColumn(t *testing.T, d *desk) {
	d.prepared(t)
	d.table.Columns = append(d.table.Columns, shape.Column{Name: "fax", Field: "Fax", Kind: shape.Text})
	got, err := d.w.Prepare(t.Context(), d.fence, d.table)
	must(t, err)
	want := []shape.Change{{Table: "account", Column: "fax", What: shape.Added,
		Detail: d.driver.Dialect().Type(shape.Text, 0)}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// adoptTyped: AppFlow may have made narrow columns, and columns of numbers.
func adoptTyped(t *testing.T, d *desk) {
	adopter := warehouse.RolesOf(d.w).Adopter
	if adopter == nil {
		return // then nobody can ask it to
	}
	for _, side := range []warehousetest.Side{warehousetest.Final, warehousetest.Staging} {
		d.exec(t, "CREATE TABLE "+d.name(side, "account")+
			" (id VARCHAR(18), name VARCHAR(255), employees INTEGER, score__c INTEGER)")
	}
	const long = "001A0000006Vm9rIAC"
	d.exec(t, `INSERT INTO "salesforce"."account" VALUES ('001A0000006Vm9r', 'one', 3, 7)`)
	m := warehouse.Merge{Table: d.table, Policy: gone.Flag}
	got, err := adopter.Adopt(t.Context(), d.fence, m, adoption.Taking{IDs: []string{"id"}, Unstamped: true})
	must(t, err)
	if got.After != 1 {
		t.Errorf("%d rows after", got.After)
	}
	rows := d.Look(t, warehousetest.Final, "account")
	if len(rows) != 1 {
		t.Fatalf("%d rows", len(rows))
	}
	for column, want := range map[string]string{"id": long, "name": "one", "employees": "3", "score__c": "7"} {
		if value := rows[0][column]; value == nil || *value != want {
			t.Errorf("%s is not %s", column, want)
		}
	}
}
