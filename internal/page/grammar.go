package page

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// A state is where in a record the next byte stands.
type state uint8

const (
	recordStart state = iota // before the first byte of a record
	fieldStart               // after a comma
	bare                     // in a field without quotes
	quoted                   // in a field with quotes
	afterQuote               // after a quote in it: the end, or the first of two
	afterCR                  // after CR outside quotes: LF has to follow
)

// An event is why grammar.next stopped.
type event uint8

const (
	more      event = iota // the bytes ran out within a field
	endField               // a comma was consumed
	endRecord              // a line break was consumed, or the page ended
)

// A grammar recognises the records of a page. It holds no text, so bytes may
// come in any portions: the same page gives the same events.
type grammar struct {
	state  state
	record int64 // 0 is the header
	column int   // 0 is the first
	offset int64 // of the next byte
	header []string

	escaped bool // a doubled quote was seen since the caller last cleared this
}

// next consumes bytes of p up to the end of a field, and says how many. With
// more it has consumed all of p.
func (g *grammar) next(p []byte) (int, event, error) {
	i := 0
	for i < len(p) {
		switch g.state {
		case recordStart, fieldStart:
			if p[i] == '"' {
				g.state = quoted
				i++
				continue
			}
			if g.state == recordStart && (p[i] == '\n' || p[i] == '\r') {
				return g.fail(i, "an empty line")
			}
			g.state = bare
		case quoted:
			end := bytes.IndexByte(p[i:], '"')
			if end < 0 {
				g.offset += int64(len(p))
				return len(p), more, nil
			}
			i += end + 1
			g.state = afterQuote
		case afterQuote:
			switch p[i] {
			case '"':
				g.state = quoted
				g.escaped = true
			case '\r':
				g.state = afterCR
			default:
				return g.delimiter(p, i, "text after the closing quote")
			}
			i++
		case bare:
			i += bareEnd(p[i:])
			if i == len(p) {
				break
			}
			if p[i] != '\r' {
				return g.delimiter(p, i, "a quote in a field without quotes")
			}
			g.state = afterCR
			i++
		case afterCR:
			if p[i] != '\n' {
				return g.fail(i, "CR without LF")
			}
			return g.delimiter(p, i, "")
		}
	}
	g.offset += int64(len(p))
	return len(p), more, nil
}

// delimiter consumes p[i], which has to end a field; else says what is wrong.
func (g *grammar) delimiter(p []byte, i int, otherwise string) (int, event, error) {
	switch p[i] {
	case '\n':
		g.offset += int64(i + 1)
		return i + 1, endRecord, g.endRecord()
	case ',':
		if g.record > 0 && g.column+1 >= len(g.header) {
			return g.fail(i, fmt.Sprintf("more than the %d fields of the header", len(g.header)))
		}
		g.offset += int64(i + 1)
		g.column++
		g.state = fieldStart
		return i + 1, endField, nil
	}
	return g.fail(i, otherwise)
}

// endRecord checks the number of fields and stands before the next record.
func (g *grammar) endRecord() error {
	if g.record > 0 && g.column+1 != len(g.header) {
		return malformed(g.errorAt(g.offset, g.tooFew()))
	}
	g.record++
	g.column = 0
	g.state = recordStart
	return nil
}

// end says what the end of the page means: endRecord where it closes a record
// that had no line break, more where nothing was open.
//
// A record without a line break is accepted only behind a closing quote. A
// bare value could go on: nobody can tell such a page from a cut one.
func (g *grammar) end() (event, error) {
	switch {
	case g.offset == 0:
		return more, cut(&Error{Problem: "no bytes at all, not even a header"})
	case g.state == recordStart:
		return more, nil
	case g.state != afterQuote:
		return more, cut(g.errorAt(g.offset, "the page ends within a record"))
	case g.record > 0 && g.column+1 != len(g.header):
		return more, cut(g.errorAt(g.offset, g.tooFew()))
	}
	return endRecord, g.endRecord()
}

// setHeader takes the names of the columns, which the caller has collected.
func (g *grammar) setHeader(names []string) error {
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		folded := strings.ToLower(name)
		if name == "" || seen[folded] || strings.ContainsAny(name, "\x00\"") || !utf8.ValidString(name) {
			return malformed(&Error{Offset: g.offset, Problem: "a column without a proper name of its own"})
		}
		seen[folded] = true
	}
	g.header = names
	return nil
}

// checkID refuses an Id that is no text: other values may be, but what names the
// record was damaged on its way.
func (g *grammar) checkID(record int64, column int, id []byte) error {
	if utf8.Valid(id) {
		return nil
	}
	return g.wrongID(record, column, "an Id that is no text")
}

// checkSalesforceID refuses an Id that isn't of letters and digits: it is a server's that
// isn't Salesforce. Once in the copy, no query could ask for such a record any more.
func (g *grammar) checkSalesforceID(record int64, column int, id []byte) error {
	for _, c := range id {
		if c < '0' || '9' < c && c < 'A' || 'Z' < c && c < 'a' || 'z' < c {
			return g.wrongID(record, column, "an Id that isn't of letters and digits")
		}
	}
	return nil
}

func (g *grammar) wrongID(record int64, column int, problem string) error {
	return malformed(&Error{Record: record, Field: g.header[column], Offset: g.offset, Problem: problem})
}

func (g *grammar) tooFew() string {
	return fmt.Sprintf("%d fields, the header has %d", g.column+1, len(g.header))
}

func (g *grammar) fail(i int, problem string) (int, event, error) {
	return i, more, malformed(g.errorAt(g.offset+int64(i), problem))
}

func (g *grammar) errorAt(offset int64, problem string) *Error {
	e := &Error{Record: g.record, Offset: offset, Problem: problem}
	if g.column < len(g.header) {
		e.Field = g.header[g.column]
	}
	return e
}

// bareEnd finds the first byte that can't be in a field without quotes.
func bareEnd(p []byte) int {
	for i, c := range p {
		if c == ',' || c == '\n' || c == '\r' || c == '"' {
			return i
		}
	}
	return len(p)
}
