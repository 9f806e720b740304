package reply

import (
	"errors"
	"fmt"
	"net/http"
)

// A Refusal is a no as REST and Bulk 2.0 write it: an array of one.
type Refusal struct {
	Status  int      `json:"-"`
	Message string   `json:"message"`
	Code    string   `json:"errorCode"`
	Fields  []string `json:"fields,omitempty"`
}

// Error implements error.
func (e *Refusal) Error() string { return e.Code + ": " + e.Message }

// Refuse makes a Refusal.
func Refuse(status int, code, format string, args ...any) *Refusal {
	return &Refusal{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Bad makes a Refusal of a bad request, which most are.
func Bad(code, format string, args ...any) *Refusal {
	return Refuse(http.StatusBadRequest, code, format, args...)
}

// On names the fields that the refusal is about.
func (e *Refusal) On(fields ...string) *Refusal {
	e.Fields = fields
	return e
}

// NotFound is the answer for a resource, an object or a record that isn't there.
func NotFound() *Refusal {
	return Refuse(http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist")
}

// EntityIsDeleted is the answer for a record that is in the recycle bin, or past it.
func EntityIsDeleted() *Refusal {
	return Refuse(http.StatusNotFound, "ENTITY_IS_DELETED", "entity is deleted")
}

// OfMany is what a call that writes many records says of one of them: an Id
// that leads nowhere isn't a resource that isn't there.
func OfMany(err error) error {
	if e, ok := errors.AsType[*Refusal](err); ok && e.Code == NotFound().Code {
		return Bad("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
	}
	return err
}

// Reason is the message of a refusal without its code.
func Reason(err error) string {
	if e, ok := errors.AsType[*Refusal](err); ok {
		return e.Message
	}
	return err.Error()
}

// LoginRefusal is a refusal as OAuth writes it: an object.
type LoginRefusal struct {
	Status      int    `json:"-"`
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

// Error implements error.
func (e *LoginRefusal) Error() string { return e.Code + ": " + e.Description }

// NoObject is what the ways in beside the API say of an object that isn't there.
func NoObject(name string) *Refusal {
	return Refuse(http.StatusNotFound, "NOT_FOUND", "no such object: %s", name)
}
