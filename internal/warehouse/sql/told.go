package sql

import (
	"context"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// tellDeletes has the rows that are gone say so in IsDeleted, where a version before
// left them as they were. It is done once for each flow, and by who takes it over:
// from then on the fence keeps out whoever would still leave one so.
func (w *store) tellDeletes(ctx context.Context, tx Tx, m warehouse.Mark) error {
	flows := w.own(own.FlowTable)
	told, err := count(ctx, tx, "SELECT count(*) FROM "+flows+" WHERE flow = $1 AND "+own.DeletesTold, m.Flow)
	if err != nil || told > 0 {
		return err
	}
	name, ok, err := w.isDeleted(ctx, tx, m.Table)
	if err != nil {
		return err
	}
	if ok {
		sql := dialect.Fill("UPDATE {final} SET {is_deleted} = true WHERE {deleted} IS NOT NULL AND "+
			"NOT coalesce({is_deleted}, false)", dialect.Holes{
			"final": w.d.Table(w.o.Schema, m.Table), "is_deleted": w.d.Quote(name), "deleted": w.d.Quote(own.DeletedAt),
		})
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, "UPDATE "+flows+" SET "+own.DeletesTold+" = true WHERE flow = $1", m.Flow)
	return err
}

// isDeleted finds the column of IsDeleted in a final table, whatever its name is.
func (w *store) isDeleted(ctx context.Context, tx Tx, table string) (string, bool, error) {
	var name string
	_, err := queryRow(ctx, tx, []any{&name}, "SELECT f.column_name FROM "+w.d.Table(w.o.Schema, own.FieldsTable)+
		" f JOIN "+w.d.Table(w.o.Schema, own.ObjectsTable)+" o ON o.object = f.object "+
		"WHERE o.table_name = $1 AND f.field = $2", table, shape.FieldDeleted)
	if err != nil || name == "" {
		return "", false, err
	}
	has, err := storedColumns(ctx, tx, w.o.Schema, table)
	if err != nil {
		return "", false, err
	}
	_, ours := dialect.Find(has, own.DeletedAt)
	c, ok := dialect.Find(has, name)
	return c.Name, ok && ours && w.d.Fits(c, shape.Bool), nil
}
