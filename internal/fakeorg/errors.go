package fakeorg

import (
	"encoding/json"
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

// loginError is a refusal as OAuth writes it: an object.
type loginError struct {
	Status      int    `json:"-"`
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

func (e *loginError) Error() string { return e.Code + ": " + e.Description }

// writeError is the one place where a refusal becomes an HTTP answer.
func writeError(w http.ResponseWriter, err error) {
	switch e := err.(type) {
	case *apiError:
		writeJSON(w, e.Status, []*apiError{e})
	case *loginError:
		writeJSON(w, e.Status, e)
	default:
		writeJSON(w, http.StatusInternalServerError, []*apiError{refuse(0, "UNKNOWN_EXCEPTION", "%v", err)})
	}
}

// writeJSON answers with value. A broken connection is the client's to notice.
func writeJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// noObject is what the ways in beside the API say of an object that isn't there.
func noObject(name string) *apiError {
	return refuse(http.StatusNotFound, "NOT_FOUND", "no such object: %s", name)
}

// noColumn is the answer for a field that the user doesn't see.
func noColumn(field string, obj *object) *apiError {
	return refuse(http.StatusBadRequest, "INVALID_FIELD", "No such column '%s' on sobject of type %s", field, obj.name())
}
