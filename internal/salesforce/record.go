package salesforce

import (
	"bytes"
	"encoding/json"
	"strings"

	"catchment/internal/plan"
)

// A Record is one record of a REST query. Its values keep their JSON text: a
// decimal is never a float64.
type Record struct{ fields map[string]json.RawMessage }

// UnmarshalJSON takes the record apart by field, one level deep.
func (r *Record) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &r.fields)
}

// Raw gives the JSON text of a field, or of one behind a relationship
// ("Owner.Name"). It is "null" behind a relationship that leads nowhere, and
// nil where the record has no such field. Case doesn't matter.
func (r Record) Raw(path string) json.RawMessage {
	name, rest, deeper := strings.Cut(path, ".")
	raw := r.field(name)
	if raw == nil || !deeper || string(raw) == "null" {
		return raw
	}
	var parent Record
	if json.Unmarshal(raw, &parent) != nil {
		return nil
	}
	return parent.Raw(rest)
}

func (r Record) field(name string) json.RawMessage {
	if raw, ok := r.fields[name]; ok {
		return raw
	}
	for other, raw := range r.fields {
		if strings.EqualFold(other, name) {
			return raw
		}
	}
	return nil
}

// Text gives a field's value as text: a string without its quotes, a number or
// a boolean as Salesforce wrote it, a compound value as JSON, null as "". A string
// of Salesforce may hold what is no character, and then the text isn't UTF-8: page
// says how it is written.
func (r Record) Text(path string) (string, error) {
	raw := r.Raw(path)
	switch {
	case raw == nil:
		return "", plan.Strangef("the answer lacks the field %s", path)
	case string(raw) == "null":
		return "", nil
	case raw[0] == '"':
		text, err := unquote(raw)
		if err != nil {
			return "", plan.Strangef("field %s isn't a JSON string", path)
		}
		return text, nil
	case raw[0] == '{' || raw[0] == '[':
		var compact bytes.Buffer
		err := json.Compact(&compact, raw)
		return compact.String(), err
	}
	return string(raw), nil
}
