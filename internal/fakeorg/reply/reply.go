// Package reply is what the org answers: JSON, and refusals as the APIs of
// Salesforce write them.
package reply

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Error is the one place where a refusal becomes an HTTP answer.
func Error(w http.ResponseWriter, err error) {
	switch e := err.(type) {
	case *Refusal:
		JSON(w, e.Status, []*Refusal{e})
	case *LoginRefusal:
		JSON(w, e.Status, e)
	default:
		JSON(w, http.StatusInternalServerError, []*Refusal{Refuse(0, "UNKNOWN_EXCEPTION", "%v", err)})
	}
}

// JSON answers with value. A broken connection is the client's to notice.
func JSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// Raw writes what can always be written: texts, and structs of texts.
func Raw(value any) json.RawMessage {
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("marshal %T: %v", value, err)) // texts can always be written
	}
	return text
}
