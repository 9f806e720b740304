package salesforce

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// An Error is what Salesforce answered instead of what was asked for, or what
// became of the connection. It is wrapped in a plan.Failure with its class.
type Error struct {
	Status     int           // of HTTP; 0 where there was no answer
	Code       string        // Salesforce's errorCode, OAuth's error, or one of ours
	Message    string        // Salesforce's own words, cut to a bearable length
	Resource   string        // the path, without its query
	RetryAfter time.Duration // as the server asked

	resend bool  // the very same request may work in a moment
	err    error // of the connection
}

func (e *Error) Error() string {
	text := e.Resource
	if e.Status > 0 {
		text += fmt.Sprintf(": HTTP %d", e.Status)
	}
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// Unwrap gives the error of the connection, if that is what it was.
func (e *Error) Unwrap() error { return e.err }

// CodeOf gives Salesforce's code of err, or "".
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// StatusOf gives the HTTP status of err, or 0.
func StatusOf(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Status
	}
	return 0
}

// errorAtMost bounds how much of an error's body is read; messageAtMost how
// much of its message is shown.
const (
	errorAtMost   = 64 << 10
	messageAtMost = 500
)

// errorText reads the text of an error. net/http leaves the unpacking to who
// asked for gzip, as Results does.
func errorText(resp *http.Response) ([]byte, error) {
	var text io.Reader = resp.Body
	if resp.Header.Get("Content-Encoding") == "gzip" {
		var err error
		if text, err = gzip.NewReader(resp.Body); err != nil {
			return nil, err
		}
	}
	return io.ReadAll(io.LimitReader(text, errorAtMost))
}

// decodeError reads the three forms of an error: REST and Bulk 2.0 answer an
// array, OAuth an object, and what stands before Salesforce a web page.
func decodeError(resp *http.Response) *Error {
	e := &Error{Status: resp.StatusCode}
	text, err := errorText(resp)
	if err != nil {
		e.Message = "the error's text was cut"
		return e
	}
	type form struct {
		Message          string `json:"message"`
		ErrorCode        string `json:"errorCode"`
		Error            string `json:"error"`
		ErrorDescription string `json:"error_description"`
	}
	var list []form
	var one form
	if json.Unmarshal(text, &list) == nil && len(list) > 0 {
		one = list[0]
	} else if json.Unmarshal(text, &one) != nil && isHTML(resp.Header) {
		e.Message = "a web page instead of an API answer"
		if resp.StatusCode < http.StatusInternalServerError { // else Salesforce's own, in trouble
			e.Code = codeHTML
		}
		return e
	}
	e.Code = one.ErrorCode
	e.Message = one.Message
	if e.Code == "" && one.Error != "" {
		e.Code, e.Message = one.Error, one.ErrorDescription
	}
	e.Code, e.Message = bearable(e.Code), bearable(e.Message)
	return e
}

// bearable makes foreign text fit for one line of a log.
func bearable(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	if len(text) <= messageAtMost {
		return text
	}
	end := messageAtMost
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "..."
}
