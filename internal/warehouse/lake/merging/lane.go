package merging

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/versions"
)

// A lane is rows in the order of their keys, one after the other.
type lane struct {
	cursor *rows.Cursor // nil where there are no rows
	batch  rows.Batch
	at     int
	ended  bool
	loaded func(*rows.Batch) error // is told of each batch
}

// openLane opens a lane of the rows of a table.
func openLane(
	ctx context.Context, t *table.Table, q rows.Query, loaded func(*rows.Batch) error,
) (*lane, error) {
	l := &lane{loaded: loaded}
	if t == nil || t.CurrentSnapshot() == nil {
		l.ended = true
		return l, nil
	}
	var err error
	l.cursor, err = rows.Open(ctx, t, q)
	return l, err
}

func (l *lane) close() error {
	if l == nil || l.cursor == nil {
		return nil
	}
	return l.cursor.Close()
}

// next tells whether there is a row, which is at l.at then.
func (l *lane) next() (bool, error) {
	for !l.ended && l.at == len(l.batch.Keys) {
		batch, err := l.cursor.Next()
		if errors.Is(err, io.EOF) {
			l.ended = true
			break
		}
		if err != nil {
			return false, err
		}
		l.batch, l.at = batch, 0
		if err := l.loaded(&l.batch); err != nil {
			return false, err
		}
	}
	return !l.ended, nil
}

// has tells whether the next row is of a key.
func (l *lane) has(key string) (bool, error) {
	is, err := l.next()
	return is && l.batch.Keys[l.at] == key, err
}

// A moments column tells of each row a moment, or None.
type moments struct{ of *array.Timestamp }

func (m moments) at(i int) versions.Moment {
	if m.of == nil || m.of.IsNull(i) {
		return versions.None
	}
	return versions.Moment(m.of.Value(i))
}

// momentsOf finds a column of moments. One that isn't there tells nothing.
func momentsOf(record arrow.RecordBatch, name string) (moments, error) {
	column := named(record, name)
	if column == nil {
		return moments{}, nil
	}
	of, is := column.(*array.Timestamp)
	if !is {
		return moments{}, fmt.Errorf("column %s is of type %s", name, column.DataType())
	}
	return moments{of}, nil
}

// A texts column tells of each row a text, "" where there is none.
type texts struct{ of *array.String }

func (t texts) at(i int) string {
	if t.of == nil || t.of.IsNull(i) {
		return ""
	}
	return t.of.Value(i)
}

// textsOf finds a column of texts. One that isn't there tells nothing.
func textsOf(record arrow.RecordBatch, name string) (texts, error) {
	column := named(record, name)
	if column == nil {
		return texts{}, nil
	}
	of, is := column.(*array.String)
	if !is {
		return texts{}, fmt.Errorf("column %s is of type %s", name, column.DataType())
	}
	return texts{of}, nil
}

// named finds a column by its name, nil for none.
func named(record arrow.RecordBatch, name string) arrow.Array {
	if name == "" {
		return nil
	}
	at := record.Schema().FieldIndices(name)
	if len(at) == 0 {
		return nil
	}
	return record.Column(at[0])
}
