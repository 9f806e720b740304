package soql

import (
	"cmp"
	"math/big"
	"strings"
)

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
	if s != "" && (s[0] == '-' || s[0] == '+') {
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
		case '0' <= s[i] && s[i] <= '9' && n < maxExponent:
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

// exact reads a number. One that is longer than any that an org could hold is
// left out: written out it would fill the memory.
func exact(v string) (*big.Rat, bool) {
	const most = 1000
	if d := readDecimal(v); d.point > most || d.point < -most {
		return nil, false
	}
	return new(big.Rat).SetString(v)
}

// averageDigits is how many decimals an average has that would have more.
const averageDigits = 16

// decimalText writes a number without an exponent, and without zeros that say
// nothing.
func decimalText(x *big.Rat) string {
	digits, exact := x.FloatPrec()
	if !exact {
		digits = averageDigits
	}
	text := x.FloatString(digits)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}
