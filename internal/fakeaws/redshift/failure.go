package redshift

import "fmt"

// SQLSTATEs. Redshift gives XX000 for whatever its compute nodes say.
const (
	codeSyntax       = "42601"
	codeUnsupported  = "0A000"
	codeInternal     = "XX000"
	codeNoFunction   = "42883"
	codeNoTable      = "42P01"
	codeNoObject     = "42704"
	codeActive       = "25001"
	codeAborted      = "25P02"
	codeBadPassword  = "28000"
	codeCannotNow    = "57P03"
	codeStandIn      = "0A000" // what Redshift can and the stand-in can't: the text says so
	codeRaised       = "P0001"
	codeCancelled    = "57014"
	codeBadParameter = "22023"
)

// A failure is an error as the wire carries it.
type failure struct {
	Code, Message, Detail, Hint, Where string
}

func (f *failure) Error() string {
	s := f.Message + " (SQLSTATE " + f.Code + ")"
	if f.Detail != "" {
		s += ": " + f.Detail
	}
	return s
}

func failed(code, format string, args ...any) *failure {
	return &failure{Code: code, Message: fmt.Sprintf(format, args...)}
}

// cannot is for what Redshift does and the stand-in doesn't.
func cannot(format string, args ...any) *failure {
	return failed(codeStandIn, "the stand-in for Redshift can't do that: "+format, args...)
}

// syntax is the error of a parser that meets a word it doesn't know there.
func syntax(near string) *failure { return failed(codeSyntax, `syntax error at or near "%s"`, near) }
