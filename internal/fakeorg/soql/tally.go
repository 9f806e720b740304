package soql

import (
	"math/big"
	"strconv"
)

// A tally is an aggregate function at work. It is shown the values of a
// field; nulls are left out before.
type tally interface {
	add(v string)
	result() string
}

// newTally makes the tally of a slot; nil for what isn't an aggregate.
func newTally(s slot) tally {
	switch s.function {
	case "COUNT":
		return new(counted)
	case "COUNT_DISTINCT":
		return &distinct{kind: kindOf(s.scalar.path.Field.Type), seen: map[string]struct{}{}}
	case "SUM":
		return new(sum)
	case "AVG":
		return new(average)
	case "MIN":
		return &extreme{kind: kindOf(s.path.Field.Type), sign: 1}
	case "MAX":
		return &extreme{kind: kindOf(s.path.Field.Type), sign: -1}
	}
	return nil
}

// counted is COUNT(field).
type counted int

func (c *counted) add(string)     { *c++ }
func (c *counted) result() string { return strconv.Itoa(int(*c)) }

// distinct is COUNT_DISTINCT.
type distinct struct {
	kind kind
	seen map[string]struct{}
}

func (d *distinct) add(v string)   { d.seen[d.kind.same(v)] = struct{}{} }
func (d *distinct) result() string { return strconv.Itoa(len(d.seen)) }

// sum is SUM, exact to the last digit; of no values it is null.
type sum struct {
	n     int64
	total big.Rat
}

func (s *sum) add(v string) {
	if x, ok := exact(v); ok {
		s.n++
		s.total.Add(&s.total, x)
	}
}

func (s *sum) result() string {
	if s.n == 0 {
		return ""
	}
	return decimalText(&s.total)
}

// average is AVG, rounded to what a client's double can hold.
type average struct{ sum }

func (a *average) result() string {
	if a.n == 0 {
		return ""
	}
	return decimalText(new(big.Rat).Quo(&a.total, new(big.Rat).SetInt64(a.n)))
}

// extreme is MIN, or MAX where sign is -1.
type extreme struct {
	kind kind
	sign int
	best string
}

func (e *extreme) add(v string) {
	if e.best == "" || e.kind.compare(v, e.best)*e.sign < 0 {
		e.best = v
	}
}

func (e *extreme) result() string { return e.best }
