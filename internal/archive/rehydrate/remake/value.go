package remake

import (
	"encoding/json"
	"math/big"
	"strings"
	"time"

	"catchment/internal/salesforce"
	"catchment/internal/salesforce/write"
	"catchment/internal/schema"
)

// quoted is a text in JSON.
func quoted(text string) json.RawMessage {
	raw, err := json.Marshal(text)
	if err != nil { // no text has one
		return json.RawMessage(`""`)
	}
	return raw
}

// valueOf writes the text of a value in JSON, as REST takes it for a type. What isn't of the type is no value.
func valueOf(t schema.Type, text string) (json.RawMessage, bool) {
	switch {
	case t == schema.Boolean:
		return json.RawMessage(text), text == "true" || text == "false"
	case t.Number():
		raw := json.RawMessage(text)
		var n json.Number
		return raw, json.Unmarshal(raw, &n) == nil && text != "null" && text[0] != '"'
	case t == schema.DateTime:
		at, ok := moment(text)
		return quoted(at), ok
	case t == schema.Date:
		_, err := time.Parse(time.DateOnly, text)
		return quoted(text), err == nil
	}
	return quoted(text), true
}

// moment is a date and time as REST takes it.
func moment(text string) (string, bool) {
	canonical, err := schema.DateTime.Canonical(text)
	return canonical, err == nil && canonical != ""
}

// Same tells whether a record of the org holds what was given to a new one, field by field.
func Same(o *schema.Object, given write.Fields, r salesforce.Record) bool {
	for name, raw := range given {
		f, ok := o.Field(name)
		if !ok || r.Raw(name) == nil {
			return false
		}
		has, err := r.Text(name)
		if err != nil || !sameText(f.Type, textOf(raw), has) {
			return false
		}
	}
	return true
}

// SameValue tells whether two texts of a field, as a row and as REST have them, are the same value.
func SameValue(f schema.Field, a, b string) bool { return sameText(f.Type, a, b) }

// textOf is the text of a JSON value that is none of its own.
func textOf(raw json.RawMessage) string {
	var text string
	switch {
	case string(raw) == "null":
		return ""
	case json.Unmarshal(raw, &text) == nil:
		return text
	}
	return string(raw)
}

// sameText tells whether two texts of a type are the same value.
func sameText(t schema.Type, a, b string) bool {
	switch {
	case t.Number():
		x, xok := new(big.Rat).SetString(a)
		y, yok := new(big.Rat).SetString(b)
		return xok && yok && x.Cmp(y) == 0 || a == b
	case t == schema.DateTime:
		x, xok := moment(a)
		y, yok := moment(b)
		return xok && yok && x == y || a == b
	case t == schema.Reference:
		x, xerr := schema.ID18(a)
		y, yerr := schema.ID18(b)
		return xerr == nil && yerr == nil && x == y || a == b
	case t.Text(): // Salesforce takes the spaces around a text away, and may write its lines' ends otherwise
		tidy := func(text string) string { return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")) }
		return tidy(a) == tidy(b)
	}
	return a == b
}
