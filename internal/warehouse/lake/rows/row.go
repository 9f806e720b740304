package rows

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
)

// A row is one row of a record, as expressions look at it.
type row struct {
	record arrow.RecordBatch
	at     int
}

func newRow(record arrow.RecordBatch) *row { return &row{record: record} }

// Size is the number of columns.
func (r *row) Size() int { return int(r.record.NumCols()) }

// Set isn't asked for.
func (r *row) Set(int, any) { panic("rows are only read") }

// Get is the value of a column, nil for none.
func (r *row) Get(column int) any {
	of := r.record.Column(column)
	if of.IsNull(r.at) {
		return nil
	}
	switch of := of.(type) {
	case *array.String:
		return of.Value(r.at)
	case *array.Boolean:
		return of.Value(r.at)
	case *array.Int32:
		return of.Value(r.at)
	case *array.Int64:
		return of.Value(r.at)
	case *array.Date32:
		return iceberg.Date(of.Value(r.at))
	case *array.Time64:
		return iceberg.Time(of.Value(r.at))
	case *array.Timestamp:
		return iceberg.Timestamp(of.Value(r.at))
	case *array.Decimal128:
		scale := int(of.DataType().(*arrow.Decimal128Type).Scale)
		return iceberg.Decimal{Val: of.Value(r.at), Scale: scale}
	}
	return nil
}
