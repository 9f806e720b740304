package fakeorg

import (
	"errors"
	"fmt"
	"net/http"
)

// An apiError is a refusal as REST and Bulk 2.0 write it: an array of one.
type apiError struct {
	Status  int      `json:"-"`
	Message string   `json:"message"`
	Code    string   `json:"errorCode"`
	Fields  []string `json:"fields,omitempty"`
}

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

// refuse makes an apiError.
func refuse(status int, code, format string, args ...any) *apiError {
	return &apiError{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// on names the fields that the refusal is about.
func (e *apiError) on(fields ...string) *apiError {
	e.Fields = fields
	return e
}

// notFound is the answer for a resource, an object or a record that isn't there.
func notFound() *apiError {
	return refuse(http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist")
}

// entityIsDeleted is the answer for a record that is in the recycle bin, or past it.
func entityIsDeleted() *apiError {
	return refuse(http.StatusNotFound, "ENTITY_IS_DELETED", "entity is deleted")
}

// reason is the message of a refusal without its code.
func reason(err error) string {
	if e, ok := errors.AsType[*apiError](err); ok {
		return e.Message
	}
	return err.Error()
}

// loginError is a refusal as OAuth writes it: an object.
type loginError struct {
	Status      int    `json:"-"`
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

func (e *loginError) Error() string { return e.Code + ": " + e.Description }

// noObject is what the ways in beside the API say of an object that isn't there.
func noObject(name string) *apiError {
	return refuse(http.StatusNotFound, "NOT_FOUND", "no such object: %s", name)
}
