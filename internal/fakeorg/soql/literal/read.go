package literal

import (
	"strings"
	"time"
)

// The canonical texts of instants, days and times of day, as a Bulk CSV cell
// holds them. They order like what they stand for.
const (
	InstantLayout = "2006-01-02T15:04:05.000Z"
	DayLayout     = "2006-01-02"
	TimeLayout    = "15:04:05.000Z"
)

// ReadNumber reads what starts with a digit or a sign. SOQL knows no
// exponents.
func ReadNumber(text string) (Literal, bool) {
	whole, fraction, dot := strings.Cut(strings.TrimLeft(text, "+-"), ".")
	if (AllDigits(whole) && (!dot || AllDigits(fraction))) || (whole == "" && AllDigits(fraction)) {
		return Literal{Kind: Number, Text: text, N: -1}, true
	}
	if t, err := time.Parse(DayLayout, text); err == nil && inRange(t) {
		return Literal{Kind: Date, Text: text, N: -1}, true
	}
	if t, err := time.Parse("15:04:05Z", text); err == nil {
		return Literal{Kind: Time, Text: t.Format(TimeLayout), N: -1}, true
	}
	if t, ok := ReadInstant(text); ok && inRange(t) {
		return Literal{Kind: DateTime, Text: t.Format(InstantLayout), N: -1}, true
	}
	return Literal{}, false
}

// ReadInstant reads a datetime with its zone: Z, +01:00 or +0100. Either a Z
// or an offset, never both.
func ReadInstant(text string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// inRange tells whether Salesforce can hold the day: from 1700 to 4000.
func inRange(t time.Time) bool { return 1700 <= t.Year() && t.Year() <= 4000 }

// ReadWord reads null, true, false, USD500 and relative dates. One that is
// counted has a number to follow: it is the caller's to read.
func ReadWord(text string) (l Literal, counted, ok bool) {
	upper := strings.ToUpper(text)
	switch {
	case upper == "NULL":
		return Literal{Kind: Null, Text: "null", N: -1}, false, true
	case upper == "TRUE", upper == "FALSE":
		return Literal{Kind: Boolean, Text: strings.ToLower(text), N: -1}, false, true
	case IsCurrency(text):
		return Literal{Kind: Currency, Text: upper, N: -1}, false, true
	}
	_, counted, ok = relativeSpan(upper, 0)
	return Literal{Kind: Relative, Text: upper, N: -1}, counted, ok
}

// IsCurrency tells whether s looks like USD500 or USD500.25.
func IsCurrency(s string) bool {
	if len(s) < 4 || !isLetter(s[0]) || !isLetter(s[1]) || !isLetter(s[2]) {
		return false
	}
	whole, fraction, dot := strings.Cut(s[3:], ".")
	return AllDigits(whole) && (!dot || AllDigits(fraction))
}

// AllDigits tells whether s is digits and nothing else.
func AllDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
