// Package failure has the errors that a statement may end with, in the form in
// which the wire carries them.
package failure

import "fmt"

// SQLSTATEs. Redshift gives XX000 for whatever its compute nodes say.
const (
	Syntax       = "42601"
	Unsupported  = "0A000"
	Internal     = "XX000"
	NoFunction   = "42883"
	NoObject     = "42704"
	Active       = "25001"
	Aborted      = "25P02"
	BadPassword  = "28000"
	Raised       = "P0001"
	Cancelled    = "57014"
	BadParameter = "22023"
)

// An Error is an error as the wire carries it.
type Error struct {
	Code, Message, Detail, Hint, Where string
}

// Error is the text with its SQLSTATE.
func (f *Error) Error() string {
	s := f.Message + " (SQLSTATE " + f.Code + ")"
	if f.Detail != "" {
		s += ": " + f.Detail
	}
	return s
}

// New is the error of a SQLSTATE and a text.
func New(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Cannot is for what Redshift does and the stand-in doesn't: the text says so.
func Cannot(format string, args ...any) *Error {
	return New(Unsupported, "the stand-in for Redshift can't do that: "+format, args...)
}

// Near is the error of a parser that meets a word it doesn't know there.
func Near(word string) *Error { return New(Syntax, `syntax error at or near "%s"`, word) }
