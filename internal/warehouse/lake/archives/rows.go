package archives

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
)

// Rows reads the rows of some records, in the order of the Ids.
func (l *Ledger) Rows(ctx context.Context, t shape.Table, ids []string) ([]archived.Row, error) {
	all, err := l.rows(ctx, t, ids)
	return all, named("read rows of "+t.Name, err)
}

func (l *Ledger) rows(ctx context.Context, t shape.Table, ids []string) ([]archived.Row, error) {
	final, err := l.final(ctx, t.Name)
	if errors.Is(err, tables.ErrNone) || len(t.Key) != 1 {
		return nil, notOfRecords(t)
	}
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	q := rows.Query{Key: t.Key, Keys: slices.Compact(slices.Sorted(slices.Values(ids))), AnyOrder: true,
		Columns: []string{columns.Reason}}
	for _, c := range t.Columns {
		q.Columns = append(q.Columns, c.Name)
	}
	found := map[string]archived.Row{}
	err = l.each(ctx, final, q, func(b rows.Batch) error {
		for i, id := range b.Keys {
			row, err := readRow(t, b.Record, i)
			if err != nil {
				return err
			}
			row.ID = id
			found[id] = row
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var all []archived.Row
	for _, id := range ids {
		if row, is := found[id]; is {
			all = append(all, row)
			delete(found, id)
		}
	}
	return all, nil
}

// readRow reads one, of a record that has the reason first, and then the columns of a table.
func readRow(t shape.Table, record arrow.RecordBatch, i int) (archived.Row, error) {
	row := archived.Row{Values: make([]*string, len(t.Columns))}
	row.Reason, _ = columns.Text(record.Column(0), i)
	for n, c := range t.Columns {
		text, is := columns.Text(record.Column(n+1), i)
		if !is {
			continue
		}
		plain, err := archived.Text(c.Kind, text)
		if err != nil {
			return row, fmt.Errorf("column %s: %w", c.Name, err)
		}
		row.Values[n] = &plain
	}
	return row, nil
}
