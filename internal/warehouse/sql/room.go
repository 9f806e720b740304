package sql

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/sql/dialect"
)

// A fitted is a table that is to have room for pages, with its columns.
type fitted struct {
	schema, name string
	has          []dialect.Stored
}

// makeFit finds the steps that make tables wide enough for the numbers of pages, and the
// pages' columns then. Where a column can't be made so, warehouse.Tight says what it has
// room for.
func (w *store) makeFit(
	ctx context.Context, tx Tx, cols []dialect.CopyColumn, tables []fitted,
) ([]dialect.CopyColumn, []dialect.Step, error) {
	var steps []dialect.Step
	for _, t := range tables {
		var widenings []dialect.Widening
		var narrow []dialect.Narrow
		cols, widenings, narrow = w.d.MakeRoom(w.d.Table(t.schema, t.name), t.has, cols)
		for _, one := range widenings {
			held, err := w.held(ctx, tx, t, one)
			if err != nil {
				return nil, nil, err
			}
			if held {
				narrow = append(narrow, one.Kept)
			}
			steps = append(steps, one.Steps...)
		}
		if len(narrow) > 0 {
			return nil, nil, tight(t.name, narrow)
		}
	}
	return cols, steps, nil
}

// held tells whether a column can't be widened: a view uses it, or it holds a number
// that would have no room then.
func (w *store) held(ctx context.Context, tx Tx, t fitted, one dialect.Widening) (bool, error) {
	has := slices.Clone(t.has)
	if err := w.views(ctx, tx, has, t.schema, t.name); err != nil {
		return false, err
	}
	if c, ok := dialect.Find(has, one.Column); ok && len(c.Views) > 0 {
		return true, nil
	}
	if one.Whole == 0 {
		return false, nil
	}
	n, err := count(ctx, tx, dialect.Fill("SELECT count(*) FROM {table} WHERE abs({column}) >= {least}", dialect.Holes{
		"table": w.d.Table(t.schema, t.name), "column": w.d.Quote(one.Column),
		"least": "1" + strings.Repeat("0", one.Whole),
	}))
	return n > 0, err
}

// tight says what there is room for, and what to do where nobody can go by that.
func tight(table string, narrow []dialect.Narrow) error {
	t := &warehouse.Tight{Table: table}
	for _, n := range narrow {
		t.Room = append(t.Room, warehouse.Digits{Field: n.Field, Whole: n.Whole, Fraction: n.Fraction})
	}
	return plan.Fixf("exclude the field in the flow: no number of this warehouse holds its values exactly",
		"%w", fmt.Errorf("load %s: %w", table, t))
}
