package tombs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/lake/versions"
)

// A written line is one of the table, and where it is.
type written struct {
	Line
	removed versions.Moment
	try     int64 // 0 where it counts for good
	file    string
}

// Lines are lines of the table, in the order of their keys.
type lines struct {
	cursor *rows.Cursor
	batch  rows.Batch
	at     int
	held   *written // the next one, where it was looked at
}

// open opens lines of which something holds: of some keys, of all where keys is nil; in some files, in all where
// files is nil.
func (y Yard) open(
	ctx context.Context, t *table.Table, where iceberg.BooleanExpression, keys []string, files map[string]bool,
) (*lines, error) {
	cursor, err := rows.Open(ctx, t, rows.Query{Key: []string{key}, Keys: keys, Where: where, Files: files,
		Columns:   []string{key, columns.At, columns.ReadAt, reason, removed, number},
		Positions: true, Scratch: y.Scratch})
	if err != nil {
		return nil, err
	}
	return &lines{cursor: cursor}, nil
}

// next is the next line, io.EOF where there is none.
func (l *lines) next() (*written, error) {
	if w := l.held; w != nil {
		l.held = nil
		return w, nil
	}
	for l.at == len(l.batch.Keys) {
		var err error
		l.at = 0
		if l.batch, err = l.cursor.Next(); err != nil {
			return nil, err
		}
	}
	i, record := l.at, l.batch.Record
	l.at++
	w := &written{file: l.batch.File[i]}
	w.Key = l.batch.Keys[i]
	moments := []*versions.Moment{&w.At, &w.ReadAt, nil, &w.removed}
	for n, to := range moments {
		if to == nil {
			continue
		}
		column, is := record.Column(n + 1).(*array.Timestamp)
		if !is {
			return nil, fmt.Errorf("column %s is of type %s", record.ColumnName(n+1), record.Column(n+1).DataType())
		}
		*to = versions.None
		if column.IsValid(i) {
			*to = versions.Moment(column.Value(i))
		}
	}
	if text, is := columns.Text(record.Column(3), i); is {
		w.Reason = reasonOf(text)
	}
	if column, is := record.Column(5).(*array.Int64); is && column.IsValid(i) {
		w.try = column.Value(i)
	}
	return w, nil
}

// group is all lines of the next key, io.EOF where there is none.
func (l *lines) group() ([]*written, error) {
	first, err := l.next()
	if err != nil {
		return nil, err
	}
	all := []*written{first}
	for {
		w, err := l.next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if w.Key != first.Key {
			l.held = w
			return all, nil
		}
		all = append(all, w)
	}
}

// counting is the line of a record that counts: of those that do, the one that was written last. nil is none.
func counting(group []*written, committed []int64) *written {
	var last *written
	rank := -1
	for _, w := range group {
		order := 0
		if w.try != 0 {
			i := slices.Index(committed, w.try)
			if i < 0 {
				continue
			}
			order = i + 1
		}
		if order >= rank {
			last, rank = w, order
		}
	}
	return last
}

// A Cursor goes through the tombstones that count, in the order of their keys. A nil one has none.
type Cursor struct {
	lines     *lines
	committed []int64
}

// Open opens the tombstones of some keys, of all where keys is nil. committed are the tries that count.
func (y Yard) Open(ctx context.Context, committed []int64, keys []string) (*Cursor, error) {
	t, err := y.Lake.Find(ctx, y.Name)
	if errors.Is(err, tables.ErrNone) || err == nil && t.CurrentSnapshot() == nil {
		return &Cursor{}, nil
	}
	if err != nil {
		return nil, err
	}
	l, err := y.open(ctx, t, y.here(), keys, nil)
	return &Cursor{lines: l, committed: committed}, err
}

// Next is the next tombstone, io.EOF where there are no more.
func (c *Cursor) Next() (key string, tomb versions.Tomb, err error) {
	for c.lines != nil {
		group, err := c.lines.group()
		if err != nil {
			return "", versions.Tomb{}, err
		}
		if w := counting(group, c.committed); w != nil && w.Reason != "" {
			return w.Key, w.Tomb, nil
		}
	}
	return "", versions.Tomb{}, io.EOF
}

// Close closes what is open.
func (c *Cursor) Close() error {
	if c == nil || c.lines == nil {
		return nil
	}
	return c.lines.cursor.Close()
}
