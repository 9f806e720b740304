package pages

import (
	"bytes"
	"math"

	"catchment/internal/warehouse/shape"
)

// boolOf reads true and false, however they are written.
func boolOf(text []byte) (is, ok bool) {
	switch {
	case string(text) == "true":
		return true, true
	case string(text) == "false":
		return false, true
	case bytes.EqualFold(text, []byte("true")):
		return true, true
	}
	return false, bytes.EqualFold(text, []byte("false"))
}

// numberOf reads what is kept as a whole number: that itself, days since 1970, or microseconds since midnight or
// 1970.
func numberOf(kind shape.Kind, text []byte) (int64, bool) {
	switch kind {
	case shape.Bool:
		is, ok := boolOf(text)
		if is {
			return 1, ok
		}
		return 0, ok
	case shape.Int:
		n, ok := wholeOf(text)
		return n, ok && n >= math.MinInt32 && n <= math.MaxInt32
	case shape.Long:
		return wholeOf(text)
	case shape.Date:
		return dayOf(text)
	case shape.Time:
		return timeOf(text)
	case shape.Timestamp:
		return momentOf(text)
	}
	return 0, false
}

// wholeOf reads a number without a fraction, which may be written as 5, 5.0 or 5E0.
func wholeOf(text []byte) (int64, bool) {
	if n, ok := digitsOf(text); ok {
		return n, true
	}
	value, ok := decimalOf(text, 0)
	n := int64(value.LowBits()) // #nosec G115 -- its bits: the next line looks whether these are all
	return n, ok && value.HighBits() == n>>63
}

// manyDigits is how many digits any number of 64 bits may have.
const manyDigits = 18

// digitsOf reads digits, and a minus before them, as far as they are few.
func digitsOf(text []byte) (int64, bool) {
	negative := len(text) > 0 && text[0] == '-'
	if negative {
		text = text[1:]
	}
	if len(text) == 0 || len(text) > manyDigits {
		return 0, false
	}
	var n int64
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	if negative {
		n = -n
	}
	return n, true
}

// two reads two digits.
func two(text []byte) (int64, bool) {
	a, b := text[0]-'0', text[1]-'0'
	return 10*int64(a) + int64(b), a <= 9 && b <= 9
}

// What days have.
const (
	micros        = 1_000_000
	secondsPerDay = 24 * 60 * 60
	microsPerDay  = secondsPerDay * micros
)

// dayOf reads 2026-01-02, of the years that have four digits, in the Gregorian calendar for all times. Zeros may
// stand before a year.
func dayOf(text []byte) (int64, bool) {
	for len(text) > len("2026-01-02") && len(text) <= len("000002026-01-02") && text[0] == '0' {
		text = text[1:]
	}
	if len(text) != len("2026-01-02") || text[4] != '-' || text[7] != '-' {
		return 0, false
	}
	century, ok := two(text)
	year, ok2 := two(text[2:])
	month, ok3 := two(text[5:])
	day, ok4 := two(text[8:])
	year += 100 * century
	if !ok || !ok2 || !ok3 || !ok4 || year < 1 || month < 1 || month > 12 || day < 1 || day > daysOf(year, month) {
		return 0, false
	}
	// Years begin in March here, so that the day of a leap year is its last.
	if month <= 2 {
		year, month = year-1, month+12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 719_469, true
}

func daysOf(year, month int64) int64 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// timeOf reads 10:11:12 and 10:11:12.000Z.
func timeOf(text []byte) (int64, bool) { return clockOf(bytes.TrimSuffix(text, []byte("Z"))) }

// clockOf reads 10:11:12, and a fraction of as many as six digits behind it.
func clockOf(text []byte) (int64, bool) {
	const whole = len("10:11:12")
	if len(text) < whole || text[2] != ':' || text[5] != ':' {
		return 0, false
	}
	hour, ok := two(text)
	minute, ok2 := two(text[3:])
	second, ok3 := two(text[6:])
	if !ok || !ok2 || !ok3 || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	at := ((hour*60+minute)*60 + second) * micros
	fraction := text[whole:]
	if len(fraction) == 0 {
		return at, true
	}
	if fraction[0] != '.' || len(fraction) < 2 || len(fraction) > len(".123456") {
		return 0, false
	}
	n, ok := digitsOf(fraction[1:])
	if !ok || fraction[1] == '-' {
		return 0, false
	}
	for i := len(fraction); i < len(".123456"); i++ {
		n *= 10
	}
	return at + n, true
}

// momentOf reads 2026-01-02T03:04:05.000Z, and an offset in the place of the Z.
func momentOf(text []byte) (int64, bool) {
	date := bytes.IndexByte(text, 'T')
	if date < 0 || date+1 == len(text) {
		return 0, false
	}
	day, ok := dayOf(text[:date])
	if !ok {
		return 0, false
	}
	clock, offset := text[date+1:], int64(0)
	if clock[len(clock)-1] == 'Z' {
		clock = clock[:len(clock)-1]
	} else if clock, offset, ok = offsetOf(clock); !ok {
		return 0, false
	}
	at, ok := clockOf(clock)
	return day*microsPerDay + at - offset, ok
}

// offsetOf takes +0000 or +00:00 off the end of a text.
func offsetOf(text []byte) (rest []byte, offset int64, ok bool) {
	at := bytes.LastIndexAny(text, "+-")
	if at < 0 {
		return nil, 0, false
	}
	zone := text[at+1:]
	switch {
	case len(zone) == len("00:00") && zone[2] == ':':
		zone = []byte{zone[0], zone[1], zone[3], zone[4]}
	case len(zone) != len("0000"):
		return nil, 0, false
	}
	hours, ok := two(zone)
	minutes, ok2 := two(zone[2:])
	offset = (hours*60 + minutes) * 60 * micros
	if text[at] == '-' {
		offset = -offset
	}
	return text[:at], offset, ok && ok2 && hours < 15 && minutes < 60
}
