package writing

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// How many values of a column are looked at, how few tell nothing, and how many of a hundred are to be different, for
// it to be one whose values hardly repeat. A dictionary that would be worth its while for a row group has more repeats
// among so few, or it has thousands of values.
const (
	sample      = 1 << 10
	tooFew      = 64
	hardlyAtAll = 95
)

// repeats tells whether a dictionary of a column's values may be worth its while: some are likely to come again. A
// number that is the same in all rows is packed to nothing, and that takes less than to look each one up.
func repeats(column arrow.Array) bool {
	switch of := column.(type) {
	case *array.String:
		different, looked := sampled(column, of.Value)
		return looked < tooFew || 100*different < hardlyAtAll*looked
	case *array.Int32:
		return numbersRepeat(sampled(column, of.Value))
	case *array.Int64:
		return numbersRepeat(sampled(column, of.Value))
	case *array.Timestamp:
		return numbersRepeat(sampled(column, of.Value))
	case *array.Decimal128:
		return numbersRepeat(sampled(column, of.Value))
	}
	return true
}

func numbersRepeat(different, looked int) bool {
	return looked < tooFew || different > 1 && 100*different < hardlyAtAll*looked
}

// sampled looks at some values, which are spread over all.
func sampled[T comparable](column arrow.Array, value func(i int) T) (different, looked int) {
	step := max(1, column.Len()/sample)
	seen := make(map[T]bool, sample)
	for i := 0; i < column.Len(); i += step {
		if column.IsValid(i) {
			seen[value(i)] = true
			looked++
		}
	}
	return len(seen), looked
}
