package value

import (
	"bytes"
	"encoding/json"
)

// JSON writes a record as an object, its fields in the order of the header; what
// is empty is null.
func JSON(header []string, r Record) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	add := func(v any) error {
		err := e.Encode(v)
		b.Truncate(b.Len() - 1) // the line break
		return err
	}
	b.WriteByte('{')
	for i, name := range header {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := add(name); err != nil {
			return "", err
		}
		b.WriteByte(':')
		var v any
		if text := r.Value(i); len(text) > 0 {
			v = string(text)
		}
		if err := add(v); err != nil {
			return "", err
		}
	}
	b.WriteByte('}')
	return b.String(), nil
}
