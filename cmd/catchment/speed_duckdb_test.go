package main

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
)

// A duckYard is one file. It stays open as long as it is measured: our own
// driver would close it between two transactions.
type duckYard struct {
	path   string
	driver sql.Driver
}

func (*duckYard) name() string { return "DuckDB" }
func (*duckYard) marks() marks { return marks{load: 1.25, run: 1.5, packed: 1.8} }

func (y *duckYard) renew(t *testing.T) string {
	y.path, y.driver = filepath.Join(t.TempDir(), "copy.duckdb"), nil
	return "duckdb:" + y.path
}

func (y *duckYard) open(t *testing.T) sql.Driver {
	var err error
	if y.driver, err = duckdb.Open(y.path, duckdb.Options{Idle: time.Hour}); err != nil {
		t.Fatal(err)
	}
	return y.driver
}

// exec does statements in a transaction of our driver.
func (y *duckYard) exec(t *testing.T, statements ...string) time.Duration {
	ctx := context.Background()
	start := time.Now()
	if err := y.driver.Tx(ctx, func(tx sql.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(ctx, s); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return time.Since(start)
}

func (y *duckYard) checkpoint(t *testing.T) {
	if y.driver != nil {
		y.exec(t, "CHECKPOINT")
	}
}

// floor is CREATE TABLE AS over all files at once, checkpoint included.
func (y *duckYard) floor(t *testing.T, m *material) time.Duration {
	db, err := stdsql.Open("duckdb", filepath.Join(t.TempDir(), "hand.duckdb"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var types, files []string
	for _, field := range m.pages[0].Header {
		for _, c := range m.table.Columns {
			if strings.EqualFold(c.Field, field) {
				kind := duckdb.Dialect().Type(c.Kind, c.Scale)
				if c.Kind == shape.Decimal {
					// DuckDB needs ten times as long to read one of 38 digits
					kind = fmt.Sprintf("DECIMAL(18,%d)", c.Scale)
				}
				types = append(types, fmt.Sprintf("'%s': '%s'", c.Name, kind))
			}
		}
	}
	for _, path := range m.paths() {
		files = append(files, "'"+path+"'")
	}
	start := time.Now()
	for _, q := range []string{
		fmt.Sprintf("CREATE TABLE account AS SELECT * FROM read_csv([%s], auto_detect = false, header = true, "+
			"delim = ',', quote = '\"', escape = '\"', columns = {%s})",
			strings.Join(files, ", "), strings.Join(types, ", ")),
		"CHECKPOINT",
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	return time.Since(start)
}

func (y *duckYard) variants(t *testing.T, table shape.Table) []way {
	var names, set, inserted, excluded []string
	for _, c := range table.Columns {
		names = append(names, c.Name)
		if c.Name != "id" {
			set = append(set, c.Name+" = s."+c.Name)
			excluded = append(excluded, c.Name+" = excluded."+c.Name)
		}
		inserted = append(inserted, "s."+c.Name)
	}
	list := strings.Join(names, ", ")
	const staged = "salesforce_incremental.account"
	texts := map[string][]string{
		"MERGE": {"MERGE INTO hand_merge h USING " + staged +
			" s ON s.id = h.id WHEN MATCHED AND s.systemmodstamp > h.systemmodstamp THEN UPDATE SET " +
			strings.Join(set, ", ") + " WHEN NOT MATCHED THEN INSERT (" + list + ") VALUES (" +
			strings.Join(inserted, ", ") + ")"},
		"ON CONFLICT": {"INSERT INTO hand_conflict AS h (" + list + ") SELECT " + list + " FROM " + staged +
			" ON CONFLICT (id) DO UPDATE SET " + strings.Join(excluded, ", ") +
			" WHERE excluded.systemmodstamp > h.systemmodstamp"},
		"delete+insert": {"DELETE FROM hand_delete h USING " + staged + " s WHERE s.id = h.id",
			"INSERT INTO hand_delete (" + list + ") SELECT " + list + " FROM " + staged},
	}
	var ways []way
	for name, copied := range map[string]string{"MERGE": "hand_merge", "ON CONFLICT": "hand_conflict",
		"delete+insert": "hand_delete"} {
		y.exec(t, "CREATE TABLE "+copied+" AS SELECT * FROM salesforce.account")
		y.exec(t, "ALTER TABLE "+copied+" ADD PRIMARY KEY (id)")
		ways = append(ways, way{name, func() time.Duration { return y.exec(t, texts[name]...) }})
	}
	return ways
}
