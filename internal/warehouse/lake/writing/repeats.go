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

// repeats tells whether values of a column are likely to come again: a dictionary of them may be worth its while.
func repeats(column arrow.Array) bool {
	switch of := column.(type) {
	case *array.String:
		return repeat(column, of.Value)
	case *array.Int32:
		return repeat(column, of.Value)
	case *array.Int64:
		return repeat(column, of.Value)
	case *array.Timestamp:
		return repeat(column, of.Value)
	case *array.Decimal128:
		return repeat(column, of.Value)
	}
	return true
}

// repeat looks at some values, which are spread over all.
func repeat[T comparable](column arrow.Array, value func(i int) T) bool {
	step := max(1, column.Len()/sample)
	seen, looked := make(map[T]bool, sample), 0
	for i := 0; i < column.Len(); i += step {
		if column.IsValid(i) {
			seen[value(i)] = true
			looked++
		}
	}
	return 100*len(seen) < hardlyAtAll*looked || looked < tooFew
}
