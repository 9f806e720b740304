// Package status holds what commands say of the copy: how a run went, how far each
// flow is, what a run would read and cost, and what verify found. What else they
// say stands in package notice.
//
// Each thing that a command says is a struct, a Report; its lines of JSON and its
// text are both made of that one value, so that neither knows what the other
// doesn't. A Printer writes the one or the other, and makes it printable: what a
// server said commands no terminal, whichever way it came here. Whoever fills a
// report knows runs and warehouses; this package doesn't.
//
// Programs read the JSON, so its bytes are a promise. The fields of a struct
// stand in the alphabetical order of their keys, which is the order of the keys
// in a line. A key that is always there has a plain field. One that comes and
// goes has a pointer where an empty value says something, and omitempty where it
// doesn't. A Moment that isn't there is null. A field that only the text tells
// comes last and has the key "-".
//
// Start at Report.
package status

import (
	"bytes"
	"encoding/json"
	"io"
	"time"

	"catchment/internal/printable"
)

// A Report is something that a command says.
type Report interface {
	// Lines are its JSON, an object each. Lines fills in what names a line, its
	// type, and what can be counted; whoever makes the report leaves that empty.
	Lines() []any
	// Text is the same for a person.
	Text() Text
}

// A Printer writes reports in the form that was asked for.
type Printer struct {
	Results io.Writer // stdout
	Talk    io.Writer // stderr
	JSON    bool
	Width   int // that tables have room in; 0: as wide as they get

	Run   string           // that all this is about, "" for none
	Clock func() time.Time // when a line of JSON is written; nil: lines don't say
}

// Print writes a report as JSON or as text.
func (p Printer) Print(r Report) error {
	if p.JSON {
		return p.PrintLines(r)
	}
	return p.PrintText(r)
}

// PrintLines writes a report as JSON, an object on each line.
func (p Printer) PrintLines(r Report) error {
	for _, line := range r.Lines() {
		var text bytes.Buffer
		enc := json.NewEncoder(&text)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(line); err != nil {
			return err
		}
		line, err := p.stamped(text.Bytes())
		if err != nil {
			return err
		}
		if _, err := p.Results.Write(printable.JSON(line)); err != nil {
			return err
		}
	}
	return nil
}

// PrintText writes a report as text.
func (p Printer) PrintText(r Report) error {
	return r.Text().write(p)
}

// A Moment is a time that may not be there; in JSON it is null then.
type Moment time.Time

// MarshalJSON writes a time as RFC 3339 has it.
func (m Moment) MarshalJSON() ([]byte, error) {
	if time.Time(m).IsZero() {
		return []byte("null"), nil
	}
	return time.Time(m).MarshalJSON()
}

// A Seconds is a duration that JSON counts in seconds.
type Seconds time.Duration

// MarshalJSON writes the seconds as a number.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Duration(s).Seconds())
}
