package tuple

import (
	"encoding/binary"
	"math"
)

// null is the length of a value that is none: -1.
const null = math.MaxUint32

func appendInt16(dst []byte, n int16) []byte {
	return binary.BigEndian.AppendUint16(dst, uint16(n)) // #nosec G115 -- its bits
}

// appendFixed32 appends a value of four bytes.
func appendFixed32(dst []byte, n int32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, 0, 0, 0, 4), uint32(n)) // #nosec G115 -- its bits
}

// appendFixed64 appends a value of eight bytes.
func appendFixed64(dst []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, 0, 0, 0, 8), uint64(n)) // #nosec G115 -- its bits
}

// appendText appends a text as it is. The server looks whether it is one.
func appendText(dst, value []byte) ([]byte, bool) {
	if len(value) > math.MaxInt32 {
		return dst, false
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(value))) // #nosec G115 -- just looked
	return append(dst, value...), true
}

func appendBool(dst, value []byte) ([]byte, bool) {
	switch string(value) {
	case "true":
		return append(dst, 0, 0, 0, 1, 1), true
	case "false":
		return append(dst, 0, 0, 0, 1, 0), true
	}
	return dst, false
}

func appendInt32(dst, value []byte) ([]byte, bool) {
	n, ok := whole(value)
	if !ok || n < math.MinInt32 || n > math.MaxInt32 {
		return dst, false
	}
	return appendFixed32(dst, int32(n)), true
}

func appendInt64(dst, value []byte) ([]byte, bool) {
	n, ok := whole(value)
	if !ok {
		return dst, false
	}
	return appendFixed64(dst, n), true
}

// digitsOfWhole is how many digits any number of 64 bits may have at least.
const digitsOfWhole = 18

// whole reads a whole number: digits, and a minus before them.
func whole(value []byte) (int64, bool) {
	negative := value[0] == '-'
	if negative {
		value = value[1:]
	}
	if len(value) > digitsOfWhole {
		return 0, false
	}
	n, ok := number(value)
	if negative {
		n = -n
	}
	return n, ok
}

// number reads digits, of which there is at least one.
func number(digits []byte) (n int64, ok bool) {
	for _, b := range digits {
		if b < '0' || b > '9' {
			return 0, false
		}
		n = n*10 + int64(b-'0')
	}
	return n, len(digits) > 0
}

// appendDate appends the days since 2000-01-01.
func appendDate(dst, value []byte) ([]byte, bool) {
	days, rest, ok := date(value)
	if !ok || len(rest) > 0 {
		return dst, false
	}
	return appendFixed32(dst, int32(days)), true // #nosec G115 -- a year has four digits
}

// appendTime appends the microseconds since midnight, of a time that ends with Z.
func appendTime(dst, value []byte) ([]byte, bool) {
	micros, rest, ok := clock(value)
	if !ok || string(rest) != "Z" {
		return dst, false
	}
	return appendFixed64(dst, micros), true
}

// appendTimestamp appends the microseconds since 2000-01-01, of a moment in UTC.
func appendTimestamp(dst, value []byte) ([]byte, bool) {
	days, rest, ok := date(value)
	if !ok || len(rest) == 0 || rest[0] != 'T' {
		return dst, false
	}
	micros, zone, ok := clock(rest[1:])
	if !ok || string(zone) != "Z" && string(zone) != "+0000" {
		return dst, false
	}
	return appendFixed64(dst, days*microsOfDay+micros), true
}

const (
	microsOfSecond = 1_000_000
	microsOfDay    = 24 * 60 * 60 * microsOfSecond
)

// date reads YYYY-MM-DD as days since 2000-01-01, and gives what follows.
func date(value []byte) (days int64, rest []byte, ok bool) {
	if len(value) < len("YYYY-MM-DD") || value[4] != '-' || value[7] != '-' {
		return 0, nil, false
	}
	year, ofYear := number(value[:4])
	month, ofMonth := number(value[5:7])
	day, ofDay := number(value[8:10])
	if !ofYear || !ofMonth || !ofDay || year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, nil, false
	}
	return daysTo(year, month) + day - 1, value[10:], true
}

// daysIn is how many days a month has.
func daysIn(year, month int64) int64 {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// daysTo counts the days from 2000-01-01 to the first of a month. Years begin in March here, so that
// the day of a leap year comes last.
func daysTo(year, month int64) int64 {
	const before2000 = 730_425 // days from the first of March of the year 0
	month -= 3
	if month < 0 {
		month += 12
		year--
	}
	return 365*year + year/4 - year/100 + year/400 + (153*month+2)/5 - before2000
}

// clock reads HH:MM:SS, or with one to six digits of a fraction, as microseconds, and gives what follows.
func clock(value []byte) (micros int64, rest []byte, ok bool) {
	if len(value) < len("HH:MM:SS") || value[2] != ':' || value[5] != ':' {
		return 0, nil, false
	}
	hours, ofHours := number(value[:2])
	minutes, ofMinutes := number(value[3:5])
	seconds, ofSeconds := number(value[6:8])
	if !ofHours || !ofMinutes || !ofSeconds || hours > 23 || minutes > 59 || seconds > 59 {
		return 0, nil, false
	}
	micros = ((hours*60+minutes)*60 + seconds) * microsOfSecond
	rest = value[8:]
	if len(rest) == 0 || rest[0] != '.' {
		return micros, rest, true
	}
	rest = rest[1:]
	unit := int64(microsOfSecond)
	for len(rest) > 0 && rest[0] >= '0' && rest[0] <= '9' {
		unit /= 10
		micros += unit * int64(rest[0]-'0')
		if unit == 0 { // PostgreSQL rounds what is finer
			return 0, nil, false
		}
		rest = rest[1:]
	}
	return micros, rest, unit < microsOfSecond
}
