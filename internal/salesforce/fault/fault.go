// Package fault says what it means that Salesforce didn't answer what was asked for.
//
// Every error gets its class and a hint from one table: classify.go has it, and
// login.go its part about who may log in. Where the org itself has to be set up,
// setup.go says how.
//
// Start at Error. The codes are those of the REST API, Bulk API 2.0 and OAuth guides.
package fault

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"catchment/internal/printable"
)

// An Error is what Salesforce answered instead of what was asked for, or what
// became of the connection. It is wrapped in a plan.Failure with its class.
type Error struct {
	Status     int           // of HTTP; 0 where there was no answer
	Code       string        // Salesforce's errorCode, OAuth's error, or one of ours
	Message    string        // Salesforce's own words, cut to a bearable length
	Resource   string        // the path, without its query
	RetryAfter time.Duration // as the server asked
	SOAP       bool          // a fault of SOAP, whose status is always 500

	resend bool  // the very same request may work in a moment
	err    error // of the connection
}

func (e *Error) Error() string {
	text := printable.Line(e.Resource)
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

// MessageOf gives Salesforce's own words of err, or "".
func MessageOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Message
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

// Resendable tells whether the very same request may work in a moment.
func Resendable(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.resend
}

// hideFrom is the length from which a secret is one: a shorter text is part of
// ordinary words.
const hideFrom = 4

// Hide takes secrets out of what Salesforce said.
func (e *Error) Hide(secrets []string) {
	for _, secret := range secrets {
		if len(secret) >= hideFrom {
			e.Message = strings.ReplaceAll(e.Message, secret, "[hidden]")
			e.Code = strings.ReplaceAll(e.Code, secret, "[hidden]")
		}
	}
}

// errorAtMost bounds how much of an error's body is read.
const errorAtMost = 64 << 10

// errorText reads the text of an error. net/http leaves the unpacking to who
// asked for gzip, as Client.Results does.
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

// Decode reads the four forms of an error: REST and Bulk 2.0 answer an
// array, OAuth an object, SOAP a fault, and what stands before Salesforce a web page.
func Decode(resp *http.Response) *Error {
	e := &Error{Status: resp.StatusCode}
	text, err := errorText(resp)
	if err != nil {
		e.Message = "the error's text was cut"
		return e
	}
	if code, message, ok := soapFault(text); ok {
		e.Code, e.Message, e.SOAP = Bearable(code), Bearable(message), true
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
		e.Message = webPage
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
	e.Code, e.Message = Bearable(e.Code), Bearable(e.Message)
	return e
}

const webPage = "a web page instead of an API answer"

// WebPage gives an error where an answer is a web page instead, else nil.
func WebPage(resp *http.Response, resource string) error {
	if !isHTML(resp.Header) {
		return nil
	}
	return Classify(&Error{Status: resp.StatusCode, Code: codeHTML, Resource: resource, Message: webPage})
}

func isHTML(h http.Header) bool {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && kind == "text/html"
}

// Bearable makes foreign text fit for one line of a log, and for a terminal.
func Bearable(text string) string {
	return printable.Message(text)
}
