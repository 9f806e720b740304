package pages

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"catchment/internal/warehouse/shape"
)

// nowhere is where a column stands that a page has no field for.
const nowhere = -1

// A misfit is a value that its column doesn't take.
type misfit struct {
	row    int // of the run
	column string
	kind   string
}

func (m *misfit) Error() string { return "a value is no " + m.kind }

// A vector makes a column of records.
type vector interface {
	// take makes it of the records from one place in the order of a run to another.
	take(r *run, from, to int) (arrow.Array, error)
}

// vectorOf makes the vector of a schema's field, which stands at some place in each record, or nowhere. Then it has
// a value that is the same in each, or nil.
func vectorOf(f arrow.Field, at int, constant any) (vector, error) {
	if at == nowhere {
		return constantOf(f, constant)
	}
	field := cells{name: f.Name, typ: f.Type, at: at}
	switch typ := f.Type.(type) {
	case *arrow.StringType:
		return texts{field}, nil
	case *arrow.BooleanType:
		return bools{field}, nil
	case *arrow.Int32Type:
		return numbers{field, shape.Int, putInt32}, nil
	case *arrow.Int64Type:
		return numbers{field, shape.Long, putInt64}, nil
	case *arrow.Date32Type:
		return numbers{field, shape.Date, putInt32}, nil
	case *arrow.Time64Type:
		return numbers{field, shape.Time, putInt64}, nil
	case *arrow.TimestampType:
		return numbers{field, shape.Timestamp, putInt64}, nil
	case *arrow.Decimal128Type:
		return decimals{field, typ.Scale}, nil
	}
	return nil, fmt.Errorf("column %s has the type %s, which no page fills", f.Name, f.Type)
}

// cells are the values of a field.
type cells struct {
	name string
	typ  arrow.DataType
	at   int
}

func (c cells) misfit(row int, kind shape.Kind) error {
	return &misfit{row: row, column: c.name, kind: string(kind)}
}

// array makes one of what was taken.
func (c cells) array(n int, valid validity, buffers ...[]byte) arrow.Array {
	all := []*memory.Buffer{valid.buffer()}
	for _, b := range buffers {
		all = append(all, memory.NewBufferBytes(b))
	}
	data := array.NewData(c.typ, n, all, nil, valid.nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

// A validity says which values of a column aren't null.
type validity struct {
	bits  []byte
	nulls int
}

func newValidity(n int) validity { return validity{bits: make([]byte, bitutil.BytesForBits(int64(n)))} }

// set says of the next value whether it is one.
func (v *validity) set(i int, is bool) {
	if is {
		v.bits[i>>3] |= 1 << (i & 7)
		return
	}
	v.nulls++
}

func (v *validity) buffer() *memory.Buffer {
	if v.nulls == 0 {
		return nil
	}
	return memory.NewBufferBytes(v.bits)
}

// texts are taken as they are.
type texts struct{ cells }

func (c texts) take(r *run, from, to int) (arrow.Array, error) {
	n, size := to-from, 0
	for i := from; i < to; i++ {
		size += len(r.cell(r.row(i), c.at))
	}
	text, ends, valid := make([]byte, 0, size), make([]byte, 4*(n+1)), newValidity(n)
	for i := range n {
		cell := r.cell(r.row(from+i), c.at)
		text = append(text, cell...)
		valid.set(i, len(cell) > 0)
		binary.LittleEndian.PutUint32(ends[4*(i+1):], uint32(len(text))) // #nosec G115 -- batchBytes and one record
	}
	return c.array(n, valid, ends, text), nil
}

// bools are true or false.
type bools struct{ cells }

func (c bools) take(r *run, from, to int) (arrow.Array, error) {
	n := to - from
	bits, valid := make([]byte, bitutil.BytesForBits(int64(n))), newValidity(n)
	for i := range n {
		row := r.row(from + i)
		cell := r.cell(row, c.at)
		valid.set(i, len(cell) > 0)
		if len(cell) == 0 {
			continue
		}
		is, ok := boolOf(cell)
		if !ok {
			return nil, c.misfit(row, shape.Bool)
		}
		if is {
			bits[i>>3] |= 1 << (i & 7)
		}
	}
	return c.array(n, valid, bits), nil
}

// numbers are what is kept as a whole number: whole numbers, days and moments.
type numbers struct {
	cells
	kind shape.Kind
	put  func(dst []byte, i int, value int64)
}

func putInt32(dst []byte, i int, value int64) {
	binary.LittleEndian.PutUint32(dst[4*i:], uint32(value)) // #nosec G115 -- its bits, and numberOf has looked
}

func putInt64(dst []byte, i int, value int64) {
	binary.LittleEndian.PutUint64(dst[8*i:], uint64(value)) // #nosec G115 -- its bits
}

func (c numbers) take(r *run, from, to int) (arrow.Array, error) {
	n := to - from
	values, valid := make([]byte, n*c.typ.(arrow.FixedWidthDataType).Bytes()), newValidity(n)
	for i := range n {
		row := r.row(from + i)
		cell := r.cell(row, c.at)
		valid.set(i, len(cell) > 0)
		if len(cell) == 0 {
			continue
		}
		value, ok := numberOf(c.kind, cell)
		if !ok {
			return nil, c.misfit(row, c.kind)
		}
		c.put(values, i, value)
	}
	return c.array(n, valid, values), nil
}

// decimals have a scale.
type decimals struct {
	cells
	scale int32
}

func (c decimals) take(r *run, from, to int) (arrow.Array, error) {
	n := to - from
	values, valid := make([]byte, n*arrow.Decimal128SizeBytes), newValidity(n)
	for i := range n {
		row := r.row(from + i)
		cell := r.cell(row, c.at)
		valid.set(i, len(cell) > 0)
		if len(cell) == 0 {
			continue
		}
		value, ok := decimalOf(cell, int(c.scale))
		if !ok {
			return nil, c.misfit(row, shape.Decimal)
		}
		at := values[i*arrow.Decimal128SizeBytes:]
		binary.LittleEndian.PutUint64(at, value.LowBits())
		binary.LittleEndian.PutUint64(at[8:], uint64(value.HighBits())) // #nosec G115 -- its bits
	}
	return c.array(n, valid, values), nil
}
