// Package literal knows the values that a statement writes out: their kinds,
// how they are read and printed, and the days that a relative date means.
package literal

import (
	"fmt"
	"strconv"
	"strings"
)

// A Kind says what a literal is.
type Kind string

// The kinds of literals.
const (
	String   Kind = "string"
	Pattern  Kind = "pattern" // the right side of LIKE: % _ are wildcards, \ takes the meaning of the next character
	Number   Kind = "number"
	Currency Kind = "currency" // USD500
	Boolean  Kind = "boolean"
	Null     Kind = "null"
	Date     Kind = "date"
	DateTime Kind = "datetime"
	Time     Kind = "time"
	Relative Kind = "relative" // TODAY, LAST_N_DAYS:7
)

// A Literal is a value as the statement gives it.
type Literal struct {
	Kind Kind
	// Text is decoded: a string without quotes and escapes, a datetime in UTC
	// with milliseconds, a keyword in upper case.
	Text string
	N    int // the number after the colon of a Relative, -1 where it takes none
	Pos  int // byte offset in the statement
}

// Position gives where the literal stands: its byte offset in the statement.
func (l Literal) Position() int { return l.Pos }

// String prints the literal as SOQL.
func (l Literal) String() string {
	switch l.Kind {
	case String, Pattern:
		return quote(l)
	case Relative:
		if l.N >= 0 {
			return l.Text + ":" + strconv.Itoa(l.N)
		}
	}
	return l.Text
}

// quote escapes what SOQL demands, and what would break a line. A pattern
// keeps its backslashes: they are part of its meaning.
func quote(l Literal) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range l.Text {
		switch {
		case r == '\\' && l.Kind == Pattern:
			b.WriteByte('\\')
		case r == '\\' || r == '\'':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}
