package tuple

import (
	"bytes"
	"encoding/binary"
)

// A numeric is digits to the base of 10,000, the weight of the first of them, and how many decimals are shown
// (PostgreSQL, src/backend/utils/adt/numeric.c, numeric_recv).

// What a number may be made of here. Salesforce's have 18 digits, and exponents of two.
const (
	digitsAtMost   = 100
	exponentAtMost = 100
)

const (
	positive = 0x0000
	negative = 0x4000
)

// appendNumeric appends a number: digits, maybe some behind a point, maybe an exponent.
func appendNumeric(dst, value []byte) ([]byte, bool) {
	sign := uint16(positive)
	if value[0] == '-' {
		sign, value = negative, value[1:]
	}
	exponent := 0
	if at := bytes.IndexAny(value, "eE"); at >= 0 {
		var ok bool
		if exponent, ok = power(value[at+1:]); !ok {
			return dst, false
		}
		value = value[:at]
	}
	before, after, pointed := bytes.Cut(value, []byte{'.'})
	if len(before) == 0 || pointed && len(after) == 0 || len(before)+len(after) > digitsAtMost ||
		!allDigits(before) || !allDigits(after) {
		return dst, false
	}
	var digits [digitsAtMost]byte
	n := copy(digits[:], before)
	n += copy(digits[n:], after)
	shown := max(len(after)-exponent, 0)
	return appendDigits(dst, sign, digits[:n], len(before)+exponent, shown), true
}

// power reads an exponent.
func power(text []byte) (int, bool) {
	sign := 1
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		if text[0] == '-' {
			sign = -1
		}
		text = text[1:]
	}
	n, ok := number(text)
	return sign * int(n), ok && len(text) <= digitsOfWhole && n <= exponentAtMost
}

func allDigits(text []byte) bool {
	for _, b := range text {
		if b < '0' || b > '9' {
			return false
		}
	}
	return true
}

// appendDigits appends a number of decimal digits, of which so many stand before the point: none or
// less where zeros come first, more than there are where zeros follow.
func appendDigits(dst []byte, sign uint16, digits []byte, before, shown int) []byte {
	for len(digits) > 0 && digits[0] == '0' {
		digits = digits[1:]
		before--
	}
	for len(digits) > 0 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	if len(digits) == 0 { // zero has no sign
		return appendNumericHeader(dst, 0, 0, positive, shown)
	}
	groups := floorDiv(before+3, 4) // before the point
	lead := groups*4 - before       // zeros before the first digit, in its group
	count := (lead + len(digits) + 3) / 4
	dst = appendNumericHeader(dst, count, groups-1, sign, shown)
	for group := range count {
		var n uint16
		for place := group*4 - lead; place < group*4-lead+4; place++ {
			n *= 10
			if place >= 0 && place < len(digits) {
				n += uint16(digits[place] - '0')
			}
		}
		dst = binary.BigEndian.AppendUint16(dst, n)
	}
	return dst
}

// appendNumericHeader appends what comes before the groups of digits, with the length of it all.
func appendNumericHeader(dst []byte, count, weight int, sign uint16, shown int) []byte {
	// #nosec G115 -- digitsAtMost and exponentAtMost bound them all
	dst = binary.BigEndian.AppendUint32(dst, uint32(8+2*count))
	dst = appendInt16(dst, int16(count))  // #nosec G115 -- as above
	dst = appendInt16(dst, int16(weight)) // #nosec G115 -- as above
	dst = binary.BigEndian.AppendUint16(dst, sign)
	return appendInt16(dst, int16(shown)) // #nosec G115 -- as above
}

// floorDiv divides, towards what is less.
func floorDiv(n, by int) int {
	q := n / by
	if n%by < 0 {
		q--
	}
	return q
}
