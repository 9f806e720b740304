package archives

import (
	"context"
	"fmt"
	"strings"

	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/own"
)

// Rows reads the rows of some records, in the order of the Ids.
func (l *Ledger) Rows(ctx context.Context, t shape.Table, ids []string) ([]archived.Row, error) {
	found := map[string]archived.Row{}
	err := l.at.View(ctx, func(tx Tx) error {
		clear(found)
		for rest := ids; len(rest) > 0; {
			some := rest[:min(len(rest), atOnce)]
			if err := l.rows(ctx, tx, t, some, found); err != nil {
				return err
			}
			rest = rest[len(some):]
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read rows of %s: %w", t.Name, err)
	}
	var all []archived.Row
	for _, id := range ids {
		if row, ok := found[id]; ok {
			all = append(all, row)
			delete(found, id)
		}
	}
	return all, nil
}

// rows reads as many as one statement is asked about.
func (l *Ledger) rows(ctx context.Context, tx Tx, t shape.Table, ids []string, into map[string]archived.Row) error {
	s, b := l.of(t), l.binds()
	asked := []string{s.RecordKey("f"), s.Col("f", own.DeleteReason)}
	for _, c := range t.Columns {
		asked = append(asked, l.textOf(c, s.Col("f", c.Name)))
	}
	sql := fmt.Sprintf("SELECT %s\nFROM %s f\nWHERE %s IN (%s)", strings.Join(asked, ", "), s.Final(),
		s.Col("f", t.Key[0]), b.Texts(ids))
	return tx.Query(ctx, func(scan func(...any) error) error {
		row, err := readRow(t, scan)
		into[row.ID] = row
		return err
	}, sql, b.Args...)
}

// textOf is a value as a text. Not every warehouse casts a truth value to one.
func (l *Ledger) textOf(c shape.Column, value string) string {
	if c.Kind == shape.Bool {
		return fmt.Sprintf("CASE WHEN %s THEN 'true' WHEN NOT %s THEN 'false' END", value, value)
	}
	return fmt.Sprintf("CAST(%s AS %s)", value, l.at.Dialect.Type(shape.Text, 0))
}

// readRow reads one of them.
func readRow(t shape.Table, scan func(...any) error) (archived.Row, error) {
	var row archived.Row
	var reason *string
	row.Values = make([]*string, len(t.Columns))
	places := []any{&row.ID, &reason}
	for i := range row.Values {
		places = append(places, &row.Values[i])
	}
	if err := scan(places...); err != nil {
		return row, err
	}
	if reason != nil {
		row.Reason = *reason
	}
	for i, c := range t.Columns {
		if row.Values[i] == nil {
			continue
		}
		text, err := archived.Text(c.Kind, *row.Values[i])
		if err != nil {
			return row, fmt.Errorf("column %s: %w", c.Name, err)
		}
		row.Values[i] = &text
	}
	return row, nil
}
