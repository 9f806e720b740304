package write

import (
	"strings"

	"catchment/internal/salesforce/write/refusal"
	"catchment/internal/schema"
)

// A State is what became of a record.
type State string

// The states of an outcome.
const (
	Done    State = "done"
	Failed  State = "failed"  // nothing was written, for certain
	Unknown State = "unknown" // look again before anything else: Found is what was seen last
)

// Found is what looking up a record of Unknown outcome showed. A request whose answer was lost may still be
// at work, up to ten minutes; so what is Live after a delete may yet be deleted.
type Found string

// What may be found.
const (
	NotSeen Found = ""       // it couldn't be looked up
	Live    Found = "live"   // it is there
	InBin   Found = "in bin" // it is deleted, and can be brought back
	Absent  Found = "absent" // it isn't there: purged, never made, or out of this user's sight
)

// An Outcome is what became of one record of a write, however that was sent.
type Outcome struct {
	Row     int64  // its place in what was given, from 0
	ID      string // in 18 characters; of an insert the new one, "" where none is known
	State   State
	Refusal *refusal.Refusal // with Failed
	Found   Found            // with Unknown
}

// failed is the outcome of a record that was refused.
func failed(row int64, id string, r refusal.Refusal) Outcome {
	return Outcome{Row: row, ID: id, State: Failed, Refusal: &r}
}

// prefixLength is how many characters of an Id tell its object.
const prefixLength = 3

// fullID gives an Id of 15 or 18 characters in 18. Of 18 the last three have to fit the others.
func fullID(text string) (string, bool) {
	for _, c := range []byte(text) {
		if !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return "", false
		}
	}
	full, err := schema.ID18(text)
	if err != nil || len(text) == len(full) && !strings.EqualFold(text, full) {
		return "", false
	}
	return full, true
}

// ownID gives an Id of the object in 18 characters, or why it is none.
func ownID(text, prefix string) (string, *refusal.Refusal) {
	id, ok := fullID(text)
	switch {
	case !ok:
		return "", &refusal.Refusal{Code: "MALFORMED_ID", Reason: refusal.NoID}
	case !strings.HasPrefix(id, prefix):
		return "", &refusal.Refusal{Code: "MALFORMED_ID", Reason: refusal.NoID}
	}
	return id, nil
}
