package merging

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// alike tells whether two values are the same, or both null.
func alike(a arrow.Array, i int, b arrow.Array, j int) bool {
	if a.IsNull(i) || b.IsNull(j) {
		return a.IsNull(i) && b.IsNull(j)
	}
	switch x := a.(type) {
	case *array.String:
		if y, is := b.(*array.String); is {
			return x.Value(i) == y.Value(j)
		}
	case *array.Int64:
		if y, is := b.(*array.Int64); is {
			return x.Value(i) == y.Value(j)
		}
	case *array.Decimal128:
		if y, is := b.(*array.Decimal128); is && arrow.TypeEqual(x.DataType(), y.DataType()) {
			return x.Value(i) == y.Value(j)
		}
	case *array.Timestamp:
		if y, is := b.(*array.Timestamp); is {
			return x.Value(i) == y.Value(j)
		}
	}
	return a.ValueStr(i) == b.ValueStr(j)
}
