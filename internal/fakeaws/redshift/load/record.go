package load

import (
	"bufio"
	"io"
	"strconv"
)

// longestRow is the longest row that COPY takes.
const longestRow = 4 << 20

// A record is one row of a file.
type record struct {
	line   int // where it starts, from 1
	raw    []byte
	fields [][]byte
	ends   []int // where each field ends in text
	text   []byte
	broken *Error
}

// A reader cuts a file into records.
type reader struct {
	r    *bufio.Reader
	c    *Command
	line int
	rec  record
}

func newReader(r io.Reader, c *Command) *reader {
	return &reader{r: bufio.NewReaderSize(r, 64<<10), c: c}
}

// next reads one record; io.EOF where there is none. The record is valid until
// the next call.
func (r *reader) next() (*record, error) {
	rec := &r.rec
	*rec = record{line: r.line + 1, raw: rec.raw[:0], fields: rec.fields[:0], ends: rec.ends[:0], text: rec.text[:0]}
	state := atStart
	for {
		c, err := r.r.ReadByte()
		if err == io.EOF {
			return r.end(state)
		}
		if err != nil {
			return nil, err
		}
		if c != '\n' || state == inQuotes {
			rec.raw = append(rec.raw, c)
		}
		if len(rec.raw) > longestRow && rec.broken == nil {
			rec.broken = &Error{Code: 1216, Reason: "Line length exceeds 4194304 bytes"}
		}
		if c == '\n' {
			r.line++
		}
		if c == 0 && rec.broken == nil {
			rec.broken = &Error{Code: 1216, Reason: "Missing newline: Unexpected character 0x0 found at location " +
				strconv.Itoa(len(rec.raw)-1)}
		}
		var done bool
		if state, done = r.take(state, c); done {
			return r.cut(), nil
		}
	}
}

type csvState int

const (
	atStart csvState = iota // of a field
	inField
	inQuotes
	afterQuote
)

// take moves on by one byte, and says whether the record is done.
func (r *reader) take(state csvState, c byte) (csvState, bool) {
	rec := &r.rec
	field := func() { rec.ends = append(rec.ends, len(rec.text)) }
	switch {
	case state == inQuotes && c == r.c.quote:
		return afterQuote, false
	case state == inQuotes:
		rec.text = append(rec.text, c)
		return state, false
	case state == afterQuote && c == r.c.quote:
		rec.text = append(rec.text, c)
		return inQuotes, false
	case c == '\n':
		field()
		return atStart, true
	case c == r.c.delimiter:
		field()
		return atStart, false
	case state == atStart && r.c.csv && c == r.c.quote:
		return inQuotes, false
	case c == '\r':
		if next, err := r.r.Peek(1); err != nil || next[0] == '\n' { // the end of a line, or of the file
			return state, false
		}
	case state == afterQuote && rec.broken == nil:
		rec.broken = &Error{Code: 1216, Reason: "Invalid quote formatting for CSV"}
	}
	rec.text = append(rec.text, c)
	return inField, false
}

// end is what the end of the file makes of what was read so far.
func (r *reader) end(state csvState) (*record, error) {
	rec := &r.rec
	if len(rec.raw) == 0 {
		return nil, io.EOF
	}
	if state == inQuotes && rec.broken == nil {
		rec.broken = &Error{Code: 1216, Reason: "Invalid quote formatting for CSV"}
	}
	rec.ends = append(rec.ends, len(rec.text))
	return r.cut(), nil
}

func (r *reader) cut() *record {
	from := 0
	for _, end := range r.rec.ends {
		r.rec.fields = append(r.rec.fields, r.rec.text[from:end])
		from = end
	}
	return &r.rec
}
