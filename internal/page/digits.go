package page

// maxExponent is where an exponent stops being a number that any column holds.
const maxExponent = 1 << 20

// widen takes another value into account.
func (d *Digits) widen(by Digits) {
	d.Whole = max(d.Whole, by.Whole)
	d.Fraction = max(d.Fraction, by.Fraction)
	d.Point = d.Point || by.Point
	d.Beyond32 = d.Beyond32 || by.Beyond32
}

// digitsOf counts the digits that a decimal needs before and after its point,
// exponent worked in, leading and trailing zeros left out. An empty text is
// NULL and needs none. ok is false for what isn't a decimal.
func digitsOf(text []byte) (whole, fraction int, ok bool) {
	if len(text) == 0 {
		return 0, 0, true
	}
	if text[0] == '-' || text[0] == '+' {
		text = text[1:]
	}
	var digits, point int       // digits seen; how many of them stand before the point
	first, last, i := -1, -1, 0 // the outermost digits that aren't zero
	pointSeen := false
	for ; i < len(text); i++ {
		c := text[i]
		if c == '.' && !pointSeen {
			pointSeen, point = true, digits
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		if c != '0' {
			if first < 0 {
				first = digits
			}
			last = digits
		}
		digits++
	}
	if digits == 0 {
		return 0, 0, false
	}
	if !pointSeen {
		point = digits
	}
	exponent, ok := exponentOf(text[i:])
	if !ok || first < 0 {
		return 0, 0, ok
	}
	point += exponent
	return max(0, point-first), max(0, last+1-point), true
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
	sign := 1
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		if text[0] == '-' {
			sign = -1
		}
		text = text[1:]
	}
	n := 0
	for _, c := range text {
		if c < '0' || c > '9' || n > maxExponent {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return sign * n, len(text) > 0
}
