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
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
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
	start := time.Now()
	for _, q := range []string{
		"CREATE TABLE account AS SELECT * FROM " + m.csv(),
		"CHECKPOINT",
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	return time.Since(start)
}

// csv is how DuckDB reads the pages, each column by its type.
func (m *material) csv() string {
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
	return fmt.Sprintf("read_csv([%s], auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', "+
		"columns = {%s})", strings.Join(files, ", "), strings.Join(types, ", "))
}

func (y *duckYard) variants(t *testing.T, table shape.Table) []way {
	d := duckdb.Dialect()
	var ways []way
	for _, w := range byHand(table) {
		copied := table
		copied.Name = w.table
		// as ours is: a plain CREATE TABLE AS compresses the key, and deleting takes twice as long (ADR 0035)
		y.exec(t, dialect.CreateTable(d, "main", copied, dialect.Layout(table, own.Final())),
			"INSERT INTO "+w.table+" BY NAME SELECT * FROM salesforce.account",
			"ALTER TABLE "+w.table+" ADD PRIMARY KEY (id)")
		ways = append(ways, way{w.name, func() time.Duration { return y.exec(t, w.statements...) }})
	}
	return ways
}
