package compare

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// A pair is a column whose values are compared.
type pair struct {
	name    string
	formula bool
}

// A matcher compares the values of two batches' rows, made for these batches.
type matcher struct {
	source, final arrow.RecordBatch
	same          []func(source, final int) bool // of each pair
}

// match compares the rows of two batches.
func (m *matcher) match(pairs []pair, s, f Row) *matcher {
	if m.source == s.record && m.final == f.record {
		return m
	}
	m.source, m.final, m.same = s.record, f.record, m.same[:0]
	for _, p := range pairs {
		m.same = append(m.same, sameIn(s.column(p.name), f.column(p.name)))
	}
	return m
}

// sameIn compares values of two columns: they are the same where they mean the same, and where neither is there.
func sameIn(a, b arrow.Array) func(i, j int) bool {
	values := sameValues(a, b)
	return func(i, j int) bool {
		if a == nil || b == nil || a.IsNull(i) || b.IsNull(j) {
			return (a == nil || a.IsNull(i)) == (b == nil || b.IsNull(j))
		}
		return values(i, j)
	}
}

// sameValues compares values that are there.
func sameValues(a, b arrow.Array) func(i, j int) bool {
	switch a := a.(type) {
	case *array.String:
		if b, is := b.(*array.String); is {
			return func(i, j int) bool { return a.Value(i) == b.Value(j) }
		}
	case *array.Boolean:
		if b, is := b.(*array.Boolean); is {
			return func(i, j int) bool { return a.Value(i) == b.Value(j) }
		}
	case *array.Date32:
		if b, is := b.(*array.Date32); is {
			return func(i, j int) bool { return a.Value(i) == b.Value(j) }
		}
	case *array.Time64:
		if b, is := b.(*array.Time64); is {
			return func(i, j int) bool { return a.Value(i) == b.Value(j) }
		}
	case *array.Timestamp:
		if b, is := b.(*array.Timestamp); is {
			return func(i, j int) bool { return a.Value(i) == b.Value(j) }
		}
	}
	x, y := numbers(a), numbers(b)
	if x == nil || y == nil {
		return func(int, int) bool { return false }
	}
	return func(i, j int) bool { return x(i).is(y(j)) }
}

// A number is a whole number of some unit: so many digits of it are behind the point.
type number struct {
	units  decimal128.Num
	digits int32
}

// is tells whether two numbers are the same.
func (n number) is(other number) bool {
	if n.digits > other.digits {
		return other.is(n)
	}
	if n.digits == other.digits || n.units.Sign() == 0 && other.units.Sign() == 0 {
		return n.units == other.units
	}
	// The one with more digits is the same only where those behind the other's are zeros.
	whole, rest := other.units.Div(decimal128.GetScaleMultiplier(int(other.digits - n.digits)))
	return rest.Sign() == 0 && whole == n.units
}

// numbers are the values of a column of numbers, nil for another.
func numbers(of arrow.Array) func(i int) number {
	switch of := of.(type) {
	case *array.Int32:
		return func(i int) number { return number{units: decimal128.FromI64(int64(of.Value(i)))} }
	case *array.Int64:
		return func(i int) number { return number{units: decimal128.FromI64(of.Value(i))} }
	case *array.Decimal128:
		scale := of.DataType().(*arrow.Decimal128Type).Scale
		return func(i int) number { return number{units: of.Value(i), digits: scale} }
	}
	return nil
}
