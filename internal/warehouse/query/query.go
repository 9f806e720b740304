// Package query is the words in which a warehouse is asked by a statement of a user's own: the
// session that answers it, and the answer.
//
// A statement may change nothing, and reach nothing else. The engine sees to that, by the way in
// which a driver opens its session; nobody here reads the text. A session is opened beside no
// warehouse.Warehouse, since those who only look may have the right to write nothing at all.
//
// Each kind of warehouse has its driver (query.go in its folder), querytest holds them to this,
// and the command's query is who asks. Start at Session; refused.go says what is refused and why.
package query

import (
	"bytes"
	"context"
	"encoding/json"
)

// A Session answers questions. One goroutine may use it.
type Session interface {
	// Ask does one statement that gives rows. Several, and those that give none, are refused before
	// anything is done. Errors carry their class, and no value of a record.
	Ask(ctx context.Context, q Question, to Answer) error
	// Close ends the session.
	Close() error
}

// A Question is a statement, and how much of its answer is wanted.
type Question struct {
	Statement string
	Most      int // rows; 0 is all of them
}

// An Answer takes what a statement gives, and ends it by an error.
type Answer interface {
	// Columns is called once, before the first row. Two columns may have the same name.
	Columns(names []string) error
	// Row has a cell for each column. They are the answer's from then on.
	Row(cells []Cell) error
}

// A Cell is one value of an answer.
type Cell struct {
	Text string // as the warehouse writes it; of a Truth, true or false
	Kind Kind
}

// A Kind tells apart what JSON tells apart.
type Kind int

// The kinds of cells.
const (
	Null Kind = iota
	Word
	Number // its text is a number of JSON, too
	Truth
)

// MarshalJSON writes the value as JSON has it.
func (c Cell) MarshalJSON() ([]byte, error) {
	switch c.Kind {
	case Null:
		return []byte("null"), nil
	case Number, Truth:
		return []byte(c.Text), nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // whoever writes the line decides
	err := enc.Encode(c.Text)
	return bytes.TrimSpace(b.Bytes()), err
}

// Numeric is the cell of a number. Infinities, and what is none, are words.
func Numeric(text string) Cell {
	if !json.Valid([]byte(text)) {
		return Cell{Text: text, Kind: Word}
	}
	return Cell{Text: text, Kind: Number}
}
