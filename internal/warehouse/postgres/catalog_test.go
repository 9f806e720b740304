package postgres_test

import (
	"context"
	"reflect"
	"testing"

	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
)

// TestCatalog has the short way say what information_schema does.
func TestCatalog(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := open(t)
	err := d.Tx(ctx, func(tx sql.Tx) error {
		for _, q := range []string{
			"CREATE SCHEMA s", "CREATE SCHEMA other",
			"CREATE DOMAIN s.money AS numeric(12, 2)", "CREATE DOMAIN s.code AS varchar(7)",
			`CREATE TABLE s.a (id TEXT PRIMARY KEY, b BOOLEAN, i INTEGER, l BIGINT, n NUMERIC, n2 NUMERIC(38, 7),
				n3 NUMERIC(5), v VARCHAR(12), v2 VARCHAR, c CHAR(3), bits BIT(4), bits2 BIT VARYING(9), d DATE,
				tm TIME(3), ts TIMESTAMPTZ(6), list INTEGER[], m s.money, k s.code, j JSONB, "q""uo te" TEXT)`,
			"ALTER TABLE s.a ADD gone TEXT", "ALTER TABLE s.a DROP gone",
			`CREATE TABLE s."odd. name" (x TEXT)`, "CREATE TABLE other.a (y INTEGER)",
			"CREATE VIEW s.v AS SELECT id, n2 FROM s.a",
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
				err := scan(&one.Name, &one.Type, &one.Scale, &one.Bytes)
				want = append(want, one)
				return err
			}, "SELECT CAST(column_name AS text), CAST(data_type AS text), "+
				"CAST(coalesce(numeric_scale, 0) AS integer), "+
				"CAST(coalesce(character_maximum_length, 0) AS integer) FROM information_schema.columns "+
				"WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position", of[0], of[1])
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
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
