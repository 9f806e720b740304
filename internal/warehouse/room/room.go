// Package room is what columns of a warehouse have room for: the values that each kind
// takes, and the digits of numbers. What a warehouse says of a value that it refuses is
// told by package refusals.
//
// A value without room is kept aside with its record; who finds it and who keeps it is
// left to stage.
package room

import (
	"bytes"

	"catchment/internal/warehouse/shape"
)

// Limits are what the columns of a warehouse have room for, whatever their table.
type Limits struct {
	NUL      bool  // a text may hold a NUL character
	Text     int   // bytes of a text, 0 for any number
	Cut      int   // bytes behind which a text is cut off when it is loaded; 0 where none is
	Digits   int   // of a decimal, before and after its point together; 0 where only the next two count
	Whole    int   // digits of a decimal before its point
	Fraction int   // digits of a decimal after its point
	Dates    Years // of a Date
	Stamps   Years // of a Timestamp
	// Overflows tells whether a record of a table, with a value in each of its fields, may be too
	// wide for a row; nil where none is. It is no failure: the table then gets another
	// form, in which each column still can be selected.
	Overflows func(shape.Table) bool
}

// Digits is the widest number that a page holds in one column.
type Digits struct {
	Field           string
	Whole, Fraction int
	Beyond32        bool // it holds a whole number of more than 32 bits
}

// Years are the first and the last year that a column takes. There is no year 0 for a
// warehouse whose first year is 1.
type Years struct{ First, Last int }

// Takes tells of a kind of column which texts of a page are values that it has room
// for; nil where any is. Numbers are told by their digits.
func (l Limits) Takes(k shape.Kind) func(text []byte) bool {
	switch k {
	case shape.Bool:
		return isBool
	case shape.Date:
		return func(text []byte) bool { return isDate(text, l.Dates) }
	case shape.Time:
		return isTime
	case shape.Timestamp:
		return func(text []byte) bool { return isStamp(text, l.Stamps) }
	}
	return nil
}

func isBool(text []byte) bool {
	return bytes.EqualFold(text, []byte("true")) || bytes.EqualFold(text, []byte("false"))
}

// isDate reads 2026-01-02. A year may have more digits than four, and stand behind a
// minus where the warehouse counts years before the first.
func isDate(text []byte, years Years) bool {
	negative := len(text) > 0 && text[0] == '-'
	if negative {
		text = text[1:]
	}
	at := len(text) - len("-01-02")
	if at < 4 || at > 9 || text[at] != '-' || text[at+3] != '-' {
		return false
	}
	year, ok := number(text[:at])
	month, ok2 := number(text[at+1 : at+3])
	day, ok3 := number(text[at+4:])
	if negative {
		year = -year
	}
	return ok && ok2 && ok3 && year >= years.First && year <= years.Last &&
		month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month)
}

// daysOf is how many days a month has, in the Gregorian calendar for all times.
func daysOf(year, month int) int {
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

// isTime reads 10:11:12 and 10:11:12.000Z, up to a day's last millisecond.
func isTime(text []byte) bool {
	text = bytes.TrimSuffix(text, []byte("Z"))
	if len(text) < len("10:11:12") || text[2] != ':' || text[5] != ':' {
		return false
	}
	hour, ok := number(text[:2])
	minute, ok2 := number(text[3:5])
	second, ok3 := number(text[6:8])
	return ok && ok2 && ok3 && hour < 24 && minute < 60 && second < 60 && isFraction(text[8:])
}

// isFraction reads .000, and nothing at all. Of a second, no warehouse keeps more than
// six digits.
func isFraction(text []byte) bool {
	if len(text) == 0 {
		return true
	}
	_, ok := number(text[1:])
	return text[0] == '.' && ok && len(text) <= len(".123456")
}

// isStamp reads 2026-01-02T03:04:05.000Z, and an offset in the place of the Z.
func isStamp(text []byte, years Years) bool {
	at := bytes.IndexByte(text, 'T')
	if at < 0 || !isDate(text[:at], years) {
		return false
	}
	clock := text[at+1:]
	if sign := bytes.LastIndexAny(clock, "+-"); sign >= 0 {
		return isOffset(clock[sign+1:]) && isTime(clock[:sign]) && clock[sign-1] != 'Z'
	}
	return bytes.HasSuffix(clock, []byte("Z")) && isTime(clock)
}

// isOffset reads 0000 and 00:00, behind the sign.
func isOffset(text []byte) bool {
	if len(text) == len("00:00") && text[2] == ':' {
		text = append(append([]byte{}, text[:2]...), text[3:]...)
	}
	n, ok := number(text)
	return ok && len(text) == 4 && n < 1500 && n%100 < 60
}

// number reads decimal digits and nothing else.
func number(text []byte) (int, bool) {
	if len(text) == 0 {
		return 0, false
	}
	n := 0
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}
