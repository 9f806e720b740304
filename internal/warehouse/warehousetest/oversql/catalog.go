package oversql

import (
	"context"
	"reflect"
	"testing"

	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
)

// Catalog holds the short way in which a driver asks for columns against information_schema, which ask queries for
// the schema $1 and the table $2: name, type, scale and length. Made are the statements that make tables, among them
// s.a, the one that has a key, s."odd. name", other.a and the view s.v.
func Catalog(t *testing.T, d sql.Driver, made []string, ask string) {
	t.Helper()
	ctx := context.Background()
	err := d.Tx(ctx, func(tx sql.Tx) error {
		for _, q := range made {
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
			}, ask, of[0], of[1])
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
