// Package files is what the control table remembers of the bodies of files: how far an attempt
// is with them, how many a flow has, and what they cost on a day. What is copied of which file
// stands in the warehouse's register; these are counts of it. It is words: who reads bodies
// writes them down.
package files

import (
	"encoding/json"
	"time"
)

// Reading is how far an attempt is with the bodies of its flow's files.
type Reading struct {
	Which    string          `json:"which"`             // of them the flow copies
	Begun    bool            `json:"begun,omitzero"`    // a step of its run has looked for what waits
	Done     bool            `json:"done,omitzero"`     // as far as its run could
	Found    json.RawMessage `json:"found,omitempty"`   // what became of files, as who reads them writes it
	Troubles int             `json:"troubles,omitzero"` // calls of the step in a row that came to nothing
}

// Known is what is known of the bodies of a flow's files, as of a moment: of its live rows, and
// of those versions that the flow copies.
type Known struct {
	Copied  int64     `json:"copied"`
	Bytes   int64     `json:"bytes"` // of those
	Nothing int64     `json:"nothing,omitzero"`
	Aside   int64     `json:"aside,omitzero"`   // couldn't be read, and are tried again
	Waiting int64     `json:"waiting,omitzero"` // to be read
	Why     string    `json:"why,omitzero"`     // some wait
	At      time.Time `json:"at"`
}

// Calls counts the API calls for bodies on a day.
type Calls struct {
	Day string `json:"day"` // as 2026-03-01, in UTC
	N   int64  `json:"n"`
}

// On is how many calls there were on the day of a moment.
func (c Calls) On(at time.Time) int64 {
	if c.Day != dayOf(at) {
		return 0
	}
	return c.N
}

// Plus is c and so many calls more at a moment.
func (c Calls) Plus(calls int64, at time.Time) Calls { return Calls{dayOf(at), c.On(at) + calls} }

func dayOf(at time.Time) string { return at.UTC().Format(time.DateOnly) }
