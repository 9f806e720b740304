package bodies

import (
	"encoding/json"
	"strings"
)

// A body that came beside a record's JSON is given to its field as no JSON can be
// written, so that no client can name the body of another record.
const uploaded = "body="

// Uploaded is the value of a field whose body was kept under a key.
func Uploaded(key string) json.RawMessage { return json.RawMessage(uploaded + key) }

// KeyOf is the key of a body that came beside the JSON; false for all that is JSON.
func KeyOf(value json.RawMessage) (key string, ok bool) {
	return strings.CutPrefix(string(value), uploaded)
}
