// Package compare holds a reading of an object against the final table: both come in the order of their keys, side by
// side, and each record is judged by what the two say of it.
//
// What differs is written to a file of scratch, in that order, so that memory doesn't grow with it. No table is
// changed, and none is known here: lake gives the streams.
//
// Start at Judge.Run. record.go judges one record, values.go compares values, stream.go and layers.go go through rows,
// suspects.go keeps what differs, sets.go makes digests.
package compare

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/shape"
)

// digits is how many digits a decimal of a reading has behind its point, at least: those of records may be more than
// the table has.
const digits = 18

// Schema is the columns of a reading: room for any number that records may have. What a column of texts holds that is
// no text for its field, since that was one before, is compared as it stands there.
func Schema(t shape.Table, final *iceberg.Schema) (*arrow.Schema, error) {
	of := slices.Clone(t.Columns)
	for i, c := range of {
		if stored, has := final.FindFieldByName(c.Name); has && stored.Type.Equals(iceberg.PrimitiveTypes.String) {
			of[i].Kind = shape.Text
		}
		switch of[i].Kind {
		case shape.Int:
			of[i].Kind = shape.Long
		case shape.Decimal:
			of[i].Scale = max(c.Scale, digits)
		}
	}
	return table.SchemaToArrowSchema(columns.Schema(of, nil), nil, false, false)
}

// Columns are those of the final table that a comparison looks at.
func Columns(c evidence.Comparison) []string {
	names := shape.ColumnNames(c.Table)
	for _, r := range c.Retired {
		names = append(names, r.Column)
	}
	return append(names, columns.At, columns.ReadAt, columns.Deleted, columns.Reason)
}

// KeptColumns are those of the table of rejected records that a comparison looks at. Its key is the record's.
func KeptColumns() []string {
	return []string{"record_key", "stamp", "field", columns.Op, columns.Attempt, columns.Job, columns.Seq}
}

// A Tally counts both sides.
type Tally struct {
	Source, Warehouse, Archived, Alone int64
}

// A Judge judges records.
type Judge struct {
	c       evidence.Comparison
	stamp   string // the column that tells when a record changed, "" for none
	deleted string // the column that tells whether it is deleted, "" for none
	before  int64  // from here on differences are pending
	end     int64  // what is later is ahead
	pairs   []pair // the columns whose values are compared
}

// New makes a judge.
func New(c evidence.Comparison) *Judge {
	j := &Judge{c: c, stamp: c.Stamp, before: math.MaxInt64, end: math.MaxInt64}
	if !c.Before.IsZero() {
		j.before = c.Before.UnixMicro()
	}
	if !c.Clock.IsZero() {
		j.end = c.Clock.Add(evidence.Leeway).UnixMicro()
	}
	if column, has := c.Table.Column(shape.FieldStamp); has && j.stamp == "" && c.Snapshot == nil {
		j.stamp = column.Name
	}
	if column, has := c.Table.Column(shape.FieldDeleted); has {
		j.deleted = column.Name
	}
	for _, column := range c.Table.Columns {
		if slices.Contains(c.Table.Key, column.Name) || column.Name == j.stamp ||
			strings.EqualFold(column.Field, shape.FieldStamp) {
			continue
		}
		j.pairs = append(j.pairs, pair{name: column.Name, formula: slices.Contains(c.Formulas, column.Name)})
	}
	return j
}

// micros is a moment as columns have it.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return none
	}
	return t.UnixMicro()
}

// none is the moment of a row that has none: it comes before any other.
const none = math.MinInt64
