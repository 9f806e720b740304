package page

import (
	"bytes"
	"math"
	"math/big"
	"strconv"
)

// A Look is what to look for in the values of one column. The zero Look takes any
// text. An empty text is NULL, which every column takes.
type Look struct {
	Number  *Number           // its values are numbers, whose digits are measured
	Text    func([]byte) bool // tells which texts are values; nil where any is
	Longest int               // the bytes that a text may have, 0 for any number
}

// Selective tells whether there is a text that the column doesn't take.
func (l Look) Selective() bool { return l.Number != nil || l.Text != nil || l.Longest > 0 }

// A Number is what a column has room for.
type Number struct {
	Digits   int // before and after the point together, 0 where only the next two count
	Whole    int // digits before the point
	Fraction int // digits after it
	Bits     int // of a whole number; 0 where it may have a fraction
}

// Takes tells whether a column takes a value; of a number also which digits it needs,
// but not of which column.
func (l Look) Takes(text []byte) (Digits, bool) {
	switch {
	case len(text) == 0:
		return Digits{}, true
	case l.Number != nil:
		return l.Number.takes(text)
	case l.Text != nil:
		return Digits{}, l.Text(text)
	}
	return Digits{}, l.Longest == 0 || len(text) <= l.Longest
}

func (n *Number) takes(text []byte) (Digits, bool) {
	d := Digits{Point: bytes.ContainsAny(text, ".eE")}
	var ok bool
	if d.Whole, d.Fraction, ok = digitsOf(text); !ok {
		return d, false
	}
	if n.Bits > 0 {
		return n.takesWhole(d, text)
	}
	return d, d.Whole <= n.Whole && d.Fraction <= n.Fraction && (n.Digits == 0 || d.Whole+d.Fraction <= n.Digits)
}

// digits32 and digits64 are how many digits each whole number may have that 32 and 64
// bits hold. With one more, it depends.
const digits32, digits64 = 9, 18

func (n *Number) takesWhole(d Digits, text []byte) (Digits, bool) {
	if d.Fraction > 0 || d.Whole > digits64+1 {
		return d, false
	}
	if d.Whole <= digits32 {
		return d, true
	}
	plain, err := PlainWhole(text)
	if err != nil {
		return d, false
	}
	i, err := strconv.ParseInt(string(plain), 10, 64)
	if err != nil {
		return d, false
	}
	d.Beyond32 = i < math.MinInt32 || i > math.MaxInt32
	return d, !d.Beyond32 || n.Bits > 32
}

// PlainWhole is the text of a whole number without point and exponent, for columns that
// take no other: 5 for 5.0, and 5000 for 5E3.
func PlainWhole(text []byte) ([]byte, error) {
	if !bytes.ContainsAny(text, ".eE") {
		return text, nil
	}
	whole, fraction, ok := digitsOf(text)
	switch {
	case !ok || fraction > 0 || whole > digits64+1:
		return nil, strconv.ErrRange
	case whole == 0:
		return []byte("0"), nil
	}
	n, ok := new(big.Rat).SetString(string(text))
	if !ok || !n.IsInt() {
		return nil, strconv.ErrSyntax
	}
	return []byte(n.Num().String()), nil
}

// misfits counts the records that hold a value which its column doesn't take.
type misfits struct {
	records int64 // that aren't deleted
	blanks  int64 // that are

	hit, deleted bool // in the current record
}

func (m *misfits) end() {
	switch {
	case m.hit && m.deleted:
		m.blanks++
	case m.hit:
		m.records++
	}
	m.hit, m.deleted = false, false
}
