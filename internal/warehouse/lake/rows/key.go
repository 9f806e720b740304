package rows

import (
	"fmt"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Unit is between the parts of a key of several columns.
const Unit = "\x1f"

// KeysOf writes the key of each row as a text: the values of its columns with Unit between them. Rows have the order
// of these texts' bytes. Where a column is null the whole key is "": such a row is of no record.
func KeysOf(record arrow.RecordBatch, columns []int) ([]string, error) {
	keys := make([]string, record.NumRows())
	for part, column := range columns {
		text, err := texts(record.Column(column))
		if err != nil {
			return nil, fmt.Errorf("key column %s: %w", record.ColumnName(column), err)
		}
		for i := range keys {
			value := text(i)
			switch {
			case part == 0:
				keys[i] = value
			case value == "" || keys[i] == "":
				keys[i] = ""
			default:
				keys[i] += Unit + value
			}
		}
	}
	return keys, nil
}

// texts is how the values of a column are written, null as "".
func texts(column arrow.Array) (func(int) string, error) {
	write, err := text(column)
	if err != nil {
		return nil, err
	}
	if column.NullN() == 0 {
		return write, nil
	}
	return func(i int) string {
		if column.IsNull(i) {
			return ""
		}
		return write(i)
	}, nil
}

// text writes the values of a column that aren't null.
func text(column arrow.Array) (func(int) string, error) {
	switch of := column.(type) {
	case *array.String:
		return of.Value, nil
	case *array.LargeString:
		return of.Value, nil
	case *array.Boolean, *array.Int32, *array.Int64:
		return of.ValueStr, nil
	case *array.Decimal128:
		scale := of.DataType().(*arrow.Decimal128Type).Scale
		return func(i int) string {
			whole, fraction, _ := strings.Cut(of.Value(i).ToString(scale), ".")
			return strings.TrimSuffix(whole+"."+strings.TrimRight(fraction, "0"), ".")
		}, nil
	case *array.Date32:
		return func(i int) string { return of.Value(i).ToTime().Format(time.DateOnly) }, nil
	case *array.Time64:
		return func(i int) string { return of.Value(i).ToTime(arrow.Microsecond).Format("15:04:05.999999") }, nil
	case *array.Timestamp:
		return func(i int) string {
			return of.Value(i).ToTime(arrow.Microsecond).UTC().Format("2006-01-02 15:04:05.000000-07")
		}, nil
	}
	return nil, fmt.Errorf("%s can't be part of a key", column.DataType())
}
