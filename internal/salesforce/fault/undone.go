package fault

import (
	"errors"
	"net/http"
)

// Undone tells whether it is certain that nothing of a request was done: it never left, or Salesforce
// refused it as a whole. After any other error a write may have happened, whatever the error says: the
// answer was lost, or what stands between made up one of its own.
func Undone(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	switch e.Code {
	case codeRefused, codeHost, codeTLS: // there was no connection
		return true
	case codeMoved: // it was sent elsewhere, and nobody followed
		return true
	case "", codeHTML, codeReset, codeHeader:
		return false
	case "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION": // it may have begun before
		return false
	}
	if e.SOAP {
		return true
	}
	return e.Status >= http.StatusBadRequest && e.Status < http.StatusInternalServerError &&
		e.Status != http.StatusRequestTimeout
}
