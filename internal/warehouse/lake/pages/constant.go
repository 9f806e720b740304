package pages

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// constantOf is the vector of a column that is the same in every record; nil is null.
func constantOf(f arrow.Field, value any) (vector, error) {
	field := cells{name: f.Name, typ: f.Type, at: nowhere}
	switch v := value.(type) {
	case nil:
		return nothing{field}, nil
	case string:
		return sameText{field, v}, nil
	case int64:
		return sameNumber{field, v}, nil
	}
	return nil, fmt.Errorf("column %s can't be a %T", f.Name, value)
}

// nothing is null everywhere.
type nothing struct{ cells }

func (c nothing) take(_ *run, from, to int) (arrow.Array, error) {
	return array.MakeArrayOfNull(memory.DefaultAllocator, c.typ, to-from), nil
}

// sameText is one text everywhere, where "" is null.
type sameText struct {
	cells
	text string
}

func (c sameText) take(_ *run, from, to int) (arrow.Array, error) {
	n := to - from
	if c.text == "" {
		return nothing{c.cells}.take(nil, from, to)
	}
	text, ends := make([]byte, 0, n*len(c.text)), make([]byte, 4*(n+1))
	for i := range n {
		text = append(text, c.text...)
		binary.LittleEndian.PutUint32(ends[4*(i+1):], uint32(len(text))) // #nosec G115 -- batchRows short texts
	}
	return c.array(n, validity{}, ends, text), nil
}

// sameNumber is one number of 64 bits everywhere.
type sameNumber struct {
	cells
	number int64
}

func (c sameNumber) take(_ *run, from, to int) (arrow.Array, error) {
	n := to - from
	values := make([]byte, 8*n)
	for i := range n {
		putInt64(values, i, c.number)
	}
	return c.array(n, validity{}, values), nil
}
