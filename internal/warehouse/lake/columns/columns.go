// Package columns is how a lake keeps values: the Iceberg types of columns, and our own columns beside those of
// Salesforce.
package columns

import (
	"github.com/apache/iceberg-go"

	"catchment/internal/warehouse/shape"
)

// Our own columns. Those of staging say how a version came, those of final tables what became of its record.
const (
	Attempt  = "_catchment_attempt"
	Op       = "_catchment_op"
	Job      = "_catchment_job"
	Seq      = "_catchment_seq"
	At       = "_catchment_at"
	ReadAt   = "_catchment_read_at"
	SyncedAt = "_catchment_synced_at"
	Deleted  = "_catchment_deleted_at"
	Reason   = "_catchment_delete_reason"
	Rejected = "_catchment_rejected_at"
)

// Staging are our own columns of a stage table.
func Staging() []shape.Column {
	return []shape.Column{
		{Name: Attempt, Kind: shape.Text}, {Name: Op, Kind: shape.Text}, {Name: Job, Kind: shape.Text},
		{Name: Seq, Kind: shape.Long}, {Name: At, Kind: shape.Timestamp}, {Name: ReadAt, Kind: shape.Timestamp},
	}
}

// Final are our own columns of a final table.
func Final() []shape.Column {
	return []shape.Column{
		{Name: ReadAt, Kind: shape.Timestamp}, {Name: At, Kind: shape.Timestamp},
		{Name: SyncedAt, Kind: shape.Timestamp}, {Name: Deleted, Kind: shape.Timestamp},
		{Name: Reason, Kind: shape.Text}, {Name: Rejected, Kind: shape.Timestamp},
	}
}

// digits is how many a decimal has at most.
const digits = 38

// TypeOf is the Iceberg type of a column.
func TypeOf(c shape.Column) iceberg.Type {
	switch c.Kind {
	case shape.Bool:
		return iceberg.PrimitiveTypes.Bool
	case shape.Int:
		return iceberg.PrimitiveTypes.Int32
	case shape.Long:
		return iceberg.PrimitiveTypes.Int64
	case shape.Decimal:
		return iceberg.DecimalTypeOf(digits, c.Scale)
	case shape.Date:
		return iceberg.PrimitiveTypes.Date
	case shape.Time:
		return iceberg.PrimitiveTypes.Time
	case shape.Timestamp:
		return iceberg.PrimitiveTypes.TimestampTz
	default:
		return iceberg.PrimitiveTypes.String
	}
}

// Schema is a table's columns, then ours.
func Schema(of, ours []shape.Column) *iceberg.Schema {
	var fields []iceberg.NestedField
	for _, c := range append(append([]shape.Column{}, of...), ours...) {
		fields = append(fields, iceberg.NestedField{ID: len(fields) + 1, Name: c.Name, Type: TypeOf(c)})
	}
	return iceberg.NewSchema(0, fields...)
}
