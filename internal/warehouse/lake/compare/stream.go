package compare

import (
	"errors"
	"io"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"catchment/internal/warehouse/lake/rows"
)

// A Stream goes through rows in order of their keys, one by one.
type Stream struct {
	cursor *rows.Cursor
	batch  rows.Batch
	at     int
	ended  bool
}

// NewStream begins to read. Close must follow.
func NewStream(c *rows.Cursor) *Stream { return &Stream{cursor: c} }

// Row is the row that the stream is at; at its end there is none.
func (s *Stream) Row() (Row, bool, error) {
	for !s.ended && s.at >= len(s.batch.Keys) {
		batch, err := s.cursor.Next()
		if errors.Is(err, io.EOF) {
			s.ended = true
			break
		}
		if err != nil {
			return Row{}, false, err
		}
		s.batch, s.at = batch, 0
	}
	if s.ended {
		return Row{}, false, nil
	}
	return RowAt(s.batch, s.at), true, nil
}

// RowAt is one row of a batch.
func RowAt(b rows.Batch, at int) Row {
	row := Row{Key: b.Keys[at], record: b.Record, at: at}
	if b.Position != nil {
		row.Note = b.Position[at]
	}
	return row
}

// Next goes to the next row.
func (s *Stream) Next() { s.at++ }

// All takes the rows of one key, all that are left of it.
func (s *Stream) All(key string, each func(Row) error) error {
	for {
		row, has, err := s.Row()
		if err != nil || !has || row.Key > key {
			return err
		}
		s.Next()
		if row.Key < key {
			continue
		}
		if err := each(row); err != nil {
			return err
		}
	}
}

// Close ends the reading.
func (s *Stream) Close() error { return s.cursor.Close() }

// A Row is one row of a batch.
type Row struct {
	Key    string
	Note   int64
	record arrow.RecordBatch
	at     int
}

// Is tells whether there is a row.
func (r Row) Is() bool { return r.record != nil }

// column finds a column, nil where the row has none of that name.
func (r Row) column(name string) arrow.Array {
	if r.record == nil || name == "" {
		return nil
	}
	at := r.record.Schema().FieldIndices(name)
	if len(at) == 0 {
		return nil
	}
	return r.record.Column(at[0])
}

// Moment is a moment in a column, none where there is none.
func (r Row) Moment(name string) int64 {
	if of, is := r.column(name).(*array.Timestamp); is && of.IsValid(r.at) {
		return int64(of.Value(r.at))
	}
	return none
}

// True tells whether a column says yes.
func (r Row) True(name string) bool {
	of, is := r.column(name).(*array.Boolean)
	return is && of.IsValid(r.at) && of.Value(r.at)
}

// Text is the text in a column, "" for none.
func (r Row) Text(name string) string {
	if of, is := r.column(name).(*array.String); is && of.IsValid(r.at) {
		return of.Value(r.at)
	}
	return ""
}

// Number is the number in a column, 0 for none.
func (r Row) Number(name string) int64 {
	switch of := r.column(name).(type) {
	case *array.Int64:
		if of.IsValid(r.at) {
			return of.Value(r.at)
		}
	case *array.Int32:
		if of.IsValid(r.at) {
			return int64(of.Value(r.at))
		}
	}
	return 0
}

// Time is the moment in a column, the zero time for none.
func (r Row) Time(name string) time.Time {
	if at := r.Moment(name); at != none {
		return time.UnixMicro(at).UTC()
	}
	return time.Time{}
}

// Has tells whether there is a value in a column.
func (r Row) Has(name string) bool {
	of := r.column(name)
	return of != nil && of.IsValid(r.at)
}
