// Package refusal says why a statement is refused: in Salesforce's own words,
// under one of its codes, and with the place in the statement.
package refusal

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The codes that a refused statement carries, as the REST guide lists them.
const (
	MalformedQuery             = "MALFORMED_QUERY"
	InvalidField               = "INVALID_FIELD"
	InvalidType                = "INVALID_TYPE"
	InvalidQueryFilterOperator = "INVALID_QUERY_FILTER_OPERATOR"
	NumberOutsideValidRange    = "NUMBER_OUTSIDE_VALID_RANGE"
)

// An Error is a refusal in Salesforce's own words.
type Error struct {
	Code    string
	Message string // what the server answers; with a position it starts with a cut of the statement and a caret
	Row     int    // from 1; 0 where the refusal is about the whole statement
	Column  int    // from 1, counted in characters
}

// Error gives the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// New makes an Error about the whole statement.
func New(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// At makes an Error that points at the byte pos of text.
func At(text string, pos int, code, format string, args ...any) *Error {
	row, column := Locate(text, pos)
	start, end := startOfLine(text, pos), len(text)
	if i := strings.IndexByte(text[pos:], '\n'); i >= 0 {
		end = pos + i
	}
	before, after := cutBefore(text[start:pos]), cutAfter(strings.TrimRight(text[pos:end], "\r"))
	message := fmt.Sprintf("\n%s%s\n%s^\nERROR at Row:%d:Column:%d\n%s", before, after,
		strings.Repeat(" ", utf8.RuneCountInString(before)), row, column, fmt.Sprintf(format, args...))
	return &Error{Code: code, Message: message, Row: row, Column: column}
}

// Locate gives the row and the column of the byte pos of text, both from 1.
func Locate(text string, pos int) (row, column int) {
	return strings.Count(text[:pos], "\n") + 1, utf8.RuneCountInString(text[startOfLine(text, pos):pos]) + 1
}

func startOfLine(text string, pos int) int { return strings.LastIndexByte(text[:pos], '\n') + 1 }

// contextWidth is how many characters of the statement stand on each side of
// the caret at most: Salesforce shows about 40, cut between words.
const contextWidth = 40

func cutBefore(s string) string {
	s = strings.TrimLeft(s, " \t")
	if utf8.RuneCountInString(s) <= contextWidth {
		return s
	}
	runes := []rune(s)
	s = string(runes[len(runes)-contextWidth:])
	if i := strings.IndexByte(s, ' '); i >= 0 {
		return s[i+1:]
	}
	return s
}

func cutAfter(s string) string {
	if utf8.RuneCountInString(s) <= contextWidth {
		return s
	}
	s = string([]rune(s)[:contextWidth])
	if i := strings.LastIndexByte(s, ' '); i > 0 {
		return s[:i]
	}
	return s
}
