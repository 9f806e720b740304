package sql

import (
	"context"
	"fmt"
	"strings"

	"catchment/internal/schema"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// rowsAtOnce bounds the parameters of one INSERT.
const rowsAtOnce = 100

// Describe writes down what Salesforce says about an object and its copied
// fields: labels, types, relationships and picklists. It replaces what stood
// there, and keeps what it knows of fields that are gone: their columns stay.
func (w *shaper) Describe(ctx context.Context, f warehouse.Fence, o schema.Object, t shape.Table) error {
	fields, picklists := metadata(o, t)
	objects := [][]any{{o.Name, t.Name, o.Label, o.KeyPrefix, o.Custom, w.now()}}
	return w.fenced(ctx, f, "write the metadata of "+o.Name, func(tx Tx) error {
		for _, m := range []struct {
			table string
			rows  [][]any
		}{{own.ObjectsTable, objects}, {own.FieldsTable, fields}, {own.PicklistsTable, picklists}} {
			table := w.d.Table(w.o.Schema, m.table)
			b := &dialect.Binds{Dialect: w.d, Args: []any{o.Name}}
			gone := "DELETE FROM " + table + " WHERE object = $1"
			if m.table != own.ObjectsTable && len(fields) > 0 {
				gone += " AND field IN (" + b.Texts(fieldNames(fields)) + ")"
			}
			if _, err := tx.Exec(ctx, gone, b.Args...); err != nil {
				return err
			}
			if err := insert(ctx, tx, table, w.storable(m.rows)); err != nil {
				return err
			}
		}
		return nil
	})
}

// metadata is the rows of _catchment_fields and _catchment_picklists.
func metadata(o schema.Object, t shape.Table) (fields, picklists [][]any) {
	index := o.Index()
	for _, c := range t.Columns {
		f, ok := index.Field(c.Field)
		if !ok {
			continue
		}
		fields = append(fields, []any{o.Name, f.Name, c.Name, f.Label, string(f.Type), f.Length, f.Precision, f.Scale,
			f.Nillable, f.Calculated, f.Custom, strings.Join(f.ReferenceTo, ","), f.RelationshipName})
		for i, p := range f.PicklistValues {
			picklists = append(picklists, []any{o.Name, f.Name, i + 1, p.Value, p.Label, p.Active, p.Default})
		}
	}
	return fields, picklists
}

// storable has the symbol for NUL in the place of each one, where texts can't hold any: what
// Salesforce calls a field may have one, as a value may.
func (w *shaper) storable(rows [][]any) [][]any {
	if w.d.Room.NUL {
		return rows
	}
	for _, row := range rows {
		for i, v := range row {
			if text, ok := v.(string); ok {
				row[i] = strings.ReplaceAll(text, "\x00", "\u2400")
			}
		}
	}
	return rows
}

// fieldNames is the second value of each row of _catchment_fields.
func fieldNames(fields [][]any) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i], _ = f[1].(string)
	}
	return names
}

// insert writes rows, many in a statement.
func insert(ctx context.Context, tx Tx, table string, rows [][]any) error {
	for len(rows) > 0 {
		n := min(len(rows), rowsAtOnce)
		var args []any
		tuples := make([]string, n)
		for i, row := range rows[:n] {
			places := make([]string, len(row))
			for j, v := range row {
				args = append(args, v)
				places[j] = fmt.Sprintf("$%d", len(args))
			}
			tuples[i] = "(" + strings.Join(places, ", ") + ")"
		}
		if _, err := tx.Exec(ctx, "INSERT INTO "+table+" VALUES "+strings.Join(tuples, ", "), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}
