package duckdb

import (
	"context"
	"path/filepath"
	"reflect"
	"testing"

	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
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
	err = d.Tx(ctx, func(tx sql.Tx) error {
		for _, q := range []string{
			"CREATE SCHEMA s", "CREATE SCHEMA other",
			`CREATE TABLE s.a (id VARCHAR PRIMARY KEY, b BOOLEAN, i INTEGER, l BIGINT, n DECIMAL(38,7), d DATE, tm TIME,
				ts TIMESTAMPTZ, list INTEGER[], st STRUCT(x DECIMAL(4,2)), "q""uo te" VARCHAR, e DECIMAL(5,0))`,
			`CREATE TABLE s."odd. name" (x VARCHAR)`,
			"CREATE TABLE other.a (y INTEGER)", "CREATE TABLE other.gone (y INTEGER)",
			"CREATE VIEW s.v AS SELECT id, n FROM s.a", "CREATE VIEW s.broken AS SELECT * FROM other.gone",
			"DROP TABLE other.gone",
		} {
			if _, err := tx.Exec(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = d.View(ctx, func(tx sql.Tx) error {
		c := tx.(sql.Catalog)
		for _, of := range [][2]string{{"s", "a"}, {"s", "odd. name"}, {"other", "a"}, {"s", "v"}, {"s", "none"},
			{"none", "a"}, {"other", "v"}} {
			got, err := c.Columns(ctx, of[0], of[1])
			if err != nil {
				t.Errorf("%v: %v", of, err)
			}
			var want []dialect.Stored
			err = tx.Query(ctx, func(scan sql.Scan) error {
				var one dialect.Stored
				err := scan(&one.Name, &one.Type, &one.Scale)
				want = append(want, one)
				return err
			}, "SELECT column_name, data_type, CASE WHEN data_type LIKE 'DECIMAL(%' THEN numeric_scale ELSE 0 END "+
				"FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position",
				of[0], of[1])
			if err != nil {
				return err
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%v: %v, information_schema says %v", of, got, want)
			}
			keyed, err := c.Keyed(ctx, of[0], of[1])
			if want := of == [2]string{"s", "a"}; err != nil || keyed != want {
				t.Errorf("%v is keyed: %v, %v", of, keyed, err)
			}
		}
		if cols, err := c.Columns(ctx, "s", "broken"); err == nil {
			t.Errorf("a view over a table that is gone has %v, as if nothing were there", cols)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
