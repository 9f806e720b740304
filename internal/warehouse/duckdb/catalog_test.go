package duckdb

import (
	"context"
	"path/filepath"
	"testing"

	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/warehousetest/oversql"
)

// TestCatalog has the short way say what information_schema does.
func TestCatalog(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d, err := open(filepath.Join(t.TempDir(), "a.duckdb"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	oversql.Catalog(t, d, []string{
		"CREATE SCHEMA s", "CREATE SCHEMA other",
		`CREATE TABLE s.a (id VARCHAR PRIMARY KEY, b BOOLEAN, i INTEGER, l BIGINT, n DECIMAL(38,7), d DATE, tm TIME,
			ts TIMESTAMPTZ, list INTEGER[], st STRUCT(x DECIMAL(4,2)), "q""uo te" VARCHAR, e DECIMAL(5,0))`,
		`CREATE TABLE s."odd. name" (x VARCHAR)`,
		"CREATE TABLE other.a (y INTEGER)", "CREATE TABLE other.gone (y INTEGER)",
		"CREATE VIEW s.v AS SELECT id, n FROM s.a", "CREATE VIEW s.broken AS SELECT * FROM other.gone",
		"DROP TABLE other.gone",
	}, "SELECT column_name, data_type, CASE WHEN data_type LIKE 'DECIMAL(%' THEN numeric_scale ELSE 0 END, 0 "+
		"FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position")
	err = d.View(ctx, func(tx sql.Tx) error {
		if cols, err := tx.(sql.Catalog).Columns(ctx, "s", "broken"); err == nil {
			t.Errorf("a view over a table that is gone has %v, as if nothing were there", cols)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestSeen has a transaction see the tables that it changes as they are.
func TestSeen(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d, err := open(filepath.Join(t.TempDir(), "a.duckdb"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	err = d.Tx(ctx, func(tx sql.Tx) error {
		for _, step := range []struct {
			statement string
			columns   int
			keyed     bool
		}{
			{"CREATE SCHEMA s", 0, false},
			{"CREATE TABLE s.a (id VARCHAR, n DECIMAL(38,7))", 2, false},
			{"INSERT INTO s.a VALUES ('1', 2)", 2, false},
			{"ALTER TABLE s.a ADD PRIMARY KEY (id)", 2, true},
			{"\nALTER TABLE s.a ADD COLUMN b BOOLEAN", 3, true},
			{"DELETE FROM s.a", 3, true},
			{"DROP TABLE s.a", 0, false},
		} {
			if _, err := tx.Exec(ctx, step.statement); err != nil {
				return err
			}
			for range 2 { // the second time it is remembered
				columns, err := tx.(sql.Catalog).Columns(ctx, "s", "a")
				if err != nil {
					return err
				}
				keyed, err := tx.(sql.Catalog).Keyed(ctx, "s", "a")
				if err != nil {
					return err
				}
				if len(columns) != step.columns || keyed != step.keyed {
					t.Errorf("after %s: %v, with a key: %v", step.statement, columns, keyed)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
