package lake

import (
	"context"
	"fmt"
	"math/big"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/shaping"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
)

// makeRoom makes the columns of numbers of both tables wide enough for pages, and tells whether it had to. Where one
// can't be, room.Tight says what it has room for.
func (s loader) makeRoom(
	ctx context.Context, f warehouse.Fence, t shape.Table, of []warehouse.Page,
) (changed bool, err error) {
	for _, one := range s.sides(t) {
		has, err := s.found(ctx, one.name)
		if err != nil {
			return changed, err
		}
		if has == nil {
			continue
		}
		widenings, err := widening(ctx, t, has, of)
		if err != nil {
			return changed, err
		}
		if len(widenings) == 0 {
			continue
		}
		_, err = s.Commit(ctx, one.name, s.reshaping(f, t, func(has *table.Table) (*tables.Change, error) {
			widenings, err := widening(ctx, t, has, of)
			if err != nil || len(widenings) == 0 {
				return nil, err
			}
			todo := shaping.Wide(t, has.Schema(), widenings)
			return todo.Change(has), nil
		}))
		if err != nil {
			return changed, err
		}
		changed = true
	}
	return changed, nil
}

// widening tells which columns of a table have to be wider for pages.
func widening(
	ctx context.Context, t shape.Table, has *table.Table, of []warehouse.Page,
) ([]shaping.Widening, error) {
	wider, narrow := shaping.Room(t, has.Schema(), of)
	for _, w := range wider {
		full, err := fills(ctx, has, w, t.Key[0])
		if err != nil {
			return nil, err
		}
		if full {
			narrow = append(narrow, w.Kept)
		}
	}
	if len(narrow) > 0 {
		return nil, plan.Fixf("exclude the field in the flow: no number of this warehouse holds its values exactly",
			"%w", fmt.Errorf("load %s: %w", t.Name, &room.Tight{Table: t.Name, Room: narrow}))
	}
	return wider, nil
}

// fills tells whether a column holds a number that would have no room once there are more digits behind the point.
// The statistics of the files tell, of rows that are dead, too; where a file has none, its values do. key is a column
// that every file has.
func fills(ctx context.Context, t *table.Table, w shaping.Widening, key string) (bool, error) {
	f, ok := t.Schema().FindFieldByName(w.Column.Name)
	typ, decimal := f.Type.(iceberg.DecimalType)
	if !ok || !decimal || w.Whole == 0 {
		return false, nil
	}
	least := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(w.Whole+typ.Scale())), nil)
	files, _, err := tables.Files(ctx, t)
	if err != nil {
		return false, err
	}
	for _, file := range files {
		if file.NullValueCounts()[f.ID] == file.Count() {
			continue
		}
		for _, bound := range [][]byte{file.LowerBoundValues()[f.ID], file.UpperBoundValues()[f.ID]} {
			if bound == nil {
				return holds(ctx, t.Scan(table.WithSelectedFields(key, w.Column.Name), table.WithMaxConcurrency(1)),
					w.Column.Name, least)
			}
			literal, err := iceberg.LiteralFromBytes(typ, bound)
			if err != nil {
				return false, err
			}
			value, ok := literal.(iceberg.DecimalLiteral)
			if !ok || value.Val.BigInt().CmpAbs(least) >= 0 {
				return true, nil
			}
		}
	}
	return false, nil
}

// holds tells whether a column of decimals has one of so many units or more, above or below zero. The scan has another
// column, too: iceberg-go fails over a file that has none of those that are asked for.
func holds(ctx context.Context, scan *table.Scan, column string, least *big.Int) (bool, error) {
	schema, batches, err := scan.ToArrowRecords(ctx)
	if err != nil {
		return false, err
	}
	at := schema.FieldIndices(column)
	for batch, err := range batches {
		if err != nil {
			return false, err
		}
		values, ok := batch.Column(at[0]).(*array.Decimal128)
		for i := range int(batch.NumRows()) {
			if !ok || values.IsValid(i) && values.Value(i).BigInt().CmpAbs(least) >= 0 {
				batch.Release()
				return true, nil
			}
		}
		batch.Release()
	}
	return false, nil
}
