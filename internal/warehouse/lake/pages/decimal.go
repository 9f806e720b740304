package pages

import (
	"math/bits"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// What a number may be made of. Salesforce's have 18 digits, and exponents of two.
const (
	digitsAtMost   = 38
	exponentAtMost = 1000
)

// A natural is a whole number of 128 bits without a sign.
type natural struct{ high, low uint64 }

// times10 is ten times n, and a digit.
func (n natural) times10(digit uint64) natural {
	carry, low := bits.Mul64(n.low, 10)
	low, over := bits.Add64(low, digit, 0)
	return natural{n.high*10 + carry + over, low}
}

// decimalOf reads a number as so many digits behind the point: exactly, or not at all.
func decimalOf(text []byte, scale int) (decimal128.Num, bool) {
	if n, ok := shortOf(text, scale); ok {
		return decimal128.FromI64(n), true
	}
	return longOf(text, scale)
}

// shortOf reads what most numbers are: few digits, no more of them behind the point than there is room for, and no
// exponent.
func shortOf(text []byte, scale int) (int64, bool) {
	negative := len(text) > 0 && text[0] == '-'
	if negative {
		text = text[1:]
	}
	if len(text) > manyDigits+1 {
		return 0, false
	}
	var n int64
	digits, behind := 0, 0
	pointed := false
	for _, c := range text {
		if c == '.' && !pointed && digits > 0 {
			pointed = true
			continue
		}
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
		digits++
		if pointed {
			behind++
		}
	}
	shift := scale - behind
	if digits == 0 || shift < 0 || digits+shift > manyDigits {
		return 0, false
	}
	for range shift {
		n *= 10
	}
	if negative {
		n = -n
	}
	return n, true
}

// longOf reads any number.
func longOf(text []byte, scale int) (decimal128.Num, bool) {
	negative := len(text) > 0 && text[0] == '-'
	if negative || len(text) > 0 && text[0] == '+' {
		text = text[1:]
	}
	var n natural
	digits, zeros, behind := 0, 0, 0 // those that count, those that may be the last, and all behind the point
	seen, pointed, i := false, false, 0
	for ; i < len(text); i++ {
		c := text[i]
		if c == '.' && !pointed && seen {
			pointed = true
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		seen = true
		if pointed {
			behind++
		}
		if c == '0' {
			if digits > 0 {
				zeros++
			}
			continue
		}
		if digits += zeros + 1; digits > digitsAtMost {
			return decimal128.Num{}, false
		}
		for ; zeros > 0; zeros-- {
			n = n.times10(0)
		}
		n = n.times10(uint64(c - '0'))
	}
	exponent, ok := exponentOf(text[i:])
	if !seen || !ok {
		return decimal128.Num{}, false
	}
	if digits == 0 {
		return decimal128.Num{}, true
	}
	// Zeros that are the last, before the point or behind it, weren't worked in.
	shift := scale + exponent + zeros - behind
	if shift < 0 || digits+shift > digitsAtMost {
		return decimal128.Num{}, false
	}
	for range shift {
		n = n.times10(0)
	}
	value := decimal128.New(int64(n.high), n.low) // #nosec G115 -- 38 digits have no more than 127 bits
	if negative {
		value = value.Negate()
	}
	return value, true
}

// exponentOf reads E+12, e-3 or nothing.
func exponentOf(text []byte) (int, bool) {
	if len(text) == 0 {
		return 0, true
	}
	if text[0] != 'e' && text[0] != 'E' {
		return 0, false
	}
	text = text[1:]
	if len(text) > 0 && text[0] == '+' {
		text = text[1:]
		if len(text) > 0 && text[0] == '-' {
			return 0, false
		}
	}
	n, ok := digitsOf(text)
	return int(n), ok && n <= exponentAtMost && n >= -exponentAtMost
}
