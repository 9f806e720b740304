package soql

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

	"catchment/internal/fakeorg/soql/literal"
)

// A kind says how the values of a field compare. Null is the empty text in
// every kind, and is dealt with before.
type kind int

const (
	kindNone     kind = iota // can't be compared: base64, address, location
	kindText                 // without case
	kindID                   // with case, on the first 15 characters
	kindInteger              // exact
	kindDecimal              // exact
	kindBoolean              // null reads as false
	kindDate                 // 2026-01-02
	kindDateTime             // 2026-01-02T03:04:05.000Z
	kindTime                 // 03:04:05.000Z
)

// kindOf gives the kind of a describe type.
func kindOf(describe string) kind {
	switch describe {
	case "id", "reference":
		return kindID
	case "int", "long":
		return kindInteger
	case "double", "currency", "percent":
		return kindDecimal
	case "boolean":
		return kindBoolean
	case "date":
		return kindDate
	case "datetime":
		return kindDateTime
	case "time":
		return kindTime
	case "base64", "address", "location", "json":
		return kindNone
	}
	return kindText
}

// value gives the text of a record's field in the form that compare wants.
func (k kind) value(r Record, p *Path) string {
	v := r.Value(p)
	switch {
	case k == kindBoolean && v == "":
		return "false"
	case k == kindDateTime && v != "" && (len(v) != len(literal.InstantLayout) || v[len(v)-1] != 'Z'):
		if t, ok := literal.ReadInstant(v); ok {
			return t.Format(literal.InstantLayout)
		}
	}
	return v
}

// compare orders two values that aren't null.
func (k kind) compare(a, b string) int {
	switch k {
	case kindText:
		return compareText(a, b)
	case kindID:
		return cmp.Compare(a[:min(len(a), 15)], b[:min(len(b), 15)])
	case kindInteger, kindDecimal:
		return compareNumbers(a, b)
	}
	return cmp.Compare(a, b)
}

// compareText orders without case, by the upper-case characters: what the
// guide's ORDER BY page says of English locales.
func compareText(a, b string) int {
	for i := range min(len(a), len(b)) {
		ca, cb := a[i], b[i]
		if ca >= utf8.RuneSelf || cb >= utf8.RuneSelf {
			return compareRunes(a[i:], b[i:])
		}
		if ca, cb = upperByte(ca), upperByte(cb); ca != cb {
			return cmp.Compare(ca, cb)
		}
	}
	return cmp.Compare(len(a), len(b))
}

func upperByte(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

func compareRunes(a, b string) int {
	for a != "" && b != "" {
		ra, na := utf8.DecodeRuneInString(a)
		rb, nb := utf8.DecodeRuneInString(b)
		if ra, rb = unicode.ToUpper(ra), unicode.ToUpper(rb); ra != rb {
			return cmp.Compare(ra, rb)
		}
		a, b = a[na:], b[nb:]
	}
	return cmp.Compare(len(a), len(b))
}

// A decimal is a number as it is written: the value is 0.digits times ten to
// the power of point. No float ever sees it.
type decimal struct {
	negative bool
	digits   string // from the first digit that isn't zero; may hold the dot; "" is zero
	point    int
}

// readDecimal reads 12, -0.5, 1.2345678E7. What isn't a number reads as zero:
// the store never holds such a thing in a number field.
func readDecimal(s string) decimal {
	var d decimal
	if s != "" && isSign(s[0]) {
		d.negative = s[0] == '-'
		s = s[1:]
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		d.point = readExponent(s[i+1:])
		s = s[:i]
	}
	whole := strings.IndexByte(s, '.')
	if whole < 0 {
		whole = len(s)
	}
	first := strings.IndexAny(s, "123456789")
	if first < 0 {
		return decimal{}
	}
	d.digits = s[first:]
	d.point += whole - first
	if first > whole {
		d.point++
	}
	return d
}

// maxExponent bounds what an exponent may do; values have 38 digits at most.
const maxExponent = 1_000_000

func readExponent(s string) int {
	n, sign := 0, 1
	for i := range len(s) {
		switch {
		case s[i] == '-':
			sign = -1
		case isDigit(s[i]) && n < maxExponent:
			n = n*10 + int(s[i]-'0')
		}
	}
	return n * sign
}

// compareNumbers orders two numbers exactly, whatever their length, and
// allocates nothing.
func compareNumbers(a, b string) int {
	x, y := readDecimal(a), readDecimal(b)
	switch {
	case x.negative != y.negative:
		if x.negative {
			return -1
		}
		return 1
	case x.negative:
		return y.compareSize(x)
	}
	return x.compareSize(y)
}

// compareSize orders without the sign.
func (d decimal) compareSize(e decimal) int {
	if d.digits == "" || e.digits == "" {
		return cmp.Compare(len(d.digits), len(e.digits))
	}
	if d.point != e.point {
		return cmp.Compare(d.point, e.point)
	}
	for i, j := 0, 0; ; i, j = i+1, j+1 {
		if i < len(d.digits) && d.digits[i] == '.' {
			i++
		}
		if j < len(e.digits) && e.digits[j] == '.' {
			j++
		}
		x, y := byte('0'), byte('0')
		if i < len(d.digits) {
			x = d.digits[i]
		}
		if j < len(e.digits) {
			y = e.digits[j]
		}
		if x != y {
			return cmp.Compare(x, y)
		}
		if i >= len(d.digits) && j >= len(e.digits) {
			return 0
		}
	}
}
