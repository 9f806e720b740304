// Package tuple writes the records of a page as PostgreSQL's COPY takes them in binary, which costs the server
// about half of what it costs to parse the text (PostgreSQL documentation, COPY, "Binary Format"; ADR 40).
//
// It knows the forms in which Salesforce writes values, and no others: of what is in another form, it
// says so, and whoever loads the page leaves it to the server's own reading of texts. So what is stored never
// depends on which of the two has read it. Start at New; value.go and numeric.go have a function per type.
package tuple

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"catchment/internal/page"
)

// ErrOtherForm says that a value is in a form that only the server may judge.
var ErrOtherForm = errors.New("a value is in another form than Salesforce's")

// atOnce is how much is written before it is handed on.
const atOnce = 64 << 10

// An appender appends a value, that isn't empty, as a column of its type has it: the number of its bytes,
// and these. It tells whether it could.
type appender func(dst, value []byte) ([]byte, bool)

// appenders are those of the types that the dialect has.
var appenders = map[string]appender{
	"TEXT":        appendText,
	"BOOLEAN":     appendBool,
	"INTEGER":     appendInt32,
	"BIGINT":      appendInt64,
	"NUMERIC":     appendNumeric,
	"DATE":        appendDate,
	"TIME":        appendTime,
	"TIMESTAMPTZ": appendTimestamp,
}

// Takes tells whether columns of these types can be written, as the dialect calls them.
func Takes(types []string) bool {
	for _, t := range types {
		if appenders[t] == nil {
			return false
		}
	}
	return len(types) > 0
}

// A Reader yields a page in binary. It holds a record at a time.
type Reader struct {
	in      *page.Reader
	columns []appender
	out     []byte
	left    []byte // of out, not yet handed on
	begun   bool
	err     error
}

// New makes a Reader of a page's text, whose columns have these types. Takes has said that it can.
func New(text io.Reader, types []string) *Reader {
	r := &Reader{in: page.NewReader(text), out: make([]byte, 0, atOnce+atOnce/4)}
	for _, t := range types {
		r.columns = append(r.columns, appenders[t])
	}
	return r
}

// Err is why the page couldn't be read or written to its end, nil where it could, or nobody has come there.
func (r *Reader) Err() error {
	if errors.Is(r.err, io.EOF) {
		return nil
	}
	return r.err
}

// Read hands on what is written.
func (r *Reader) Read(p []byte) (int, error) {
	for len(r.left) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.out = r.out[:0]
		for r.err == nil && len(r.out) < atOnce {
			r.err = r.next()
		}
		r.left = r.out
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}

// signature begins what is copied; no flags and no extension follow.
const signature = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"

// ends is the number of columns that no record has.
const ends = -1

// next writes the beginning, a record, or the end.
func (r *Reader) next() error {
	if !r.begun {
		r.begun = true
		r.out = append(r.out, signature...)
		header, err := r.in.Header()
		if err == nil && len(header) != len(r.columns) {
			err = fmt.Errorf("the page has %d columns, the table takes %d", len(header), len(r.columns))
		}
		return err
	}
	fields, err := r.in.Next()
	if errors.Is(err, io.EOF) {
		r.out = appendInt16(r.out, ends)
	}
	if err != nil {
		return err
	}
	r.out = appendInt16(r.out, int16(len(fields))) // #nosec G115 -- a table has 1,600 columns at most
	for i, field := range fields {
		if len(field) == 0 { // to Salesforce it is null, in quotes or not
			r.out = binary.BigEndian.AppendUint32(r.out, null)
			continue
		}
		var ok bool
		if r.out, ok = r.columns[i](r.out, field); !ok {
			return ErrOtherForm
		}
	}
	return nil
}
