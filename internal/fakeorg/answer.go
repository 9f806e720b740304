package fakeorg

import (
	"encoding/json"
	"fmt"
	"net/http"
)

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

// asJSON writes what can always be written: texts, and structs of texts.
func asJSON(value any) json.RawMessage {
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("marshal %T: %v", value, err)) // texts can always be written
	}
	return text
}
