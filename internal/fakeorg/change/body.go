package change

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"

	"catchment/internal/fakeorg/bodies"
	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/reply"
)

// body keeps what a client gives a field that holds bytes, as base64 or beside the
// JSON, and returns the key that the record holds.
func (in intake) body(f *describe.Field, raw json.RawMessage) (string, error) {
	if key, ok := bodies.KeyOf(raw); ok {
		return key, nil
	}
	var text *string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", reply.Bad("JSON_PARSER_ERROR",
			"Cannot deserialize instance of %s from %s value or request may be missing a required field", f.Type,
			tokenKind(raw))
	}
	if text == nil || *text == "" {
		return "", nil
	}
	decoded := base64.NewDecoder(base64.StdEncoding, strings.NewReader(*text))
	key, err := in.bodies.Keep(decoded, math.MaxInt64-1)
	if err != nil {
		return "", reply.Bad("JSON_PARSER_ERROR", "%s: no base64", f.Label).On(f.Name)
	}
	return key, nil
}
