package page

import (
	"io"
	"slices"
	"strings"
)

// readSize is how much a Reader asks for at once.
const readSize = 64 << 10

// A Reader yields the records of a page. It holds one record at a time, in
// the buffer that it was read into.
type Reader struct {
	g   grammar
	r   io.Reader
	eof error // what r ended with
	err error // of r, or of the page

	buf   []byte
	start int // of the current record in buf
	end   int // of what was read into buf

	id     int // the column of the Id, or -1
	cuts   []span
	fields [][]byte
	raw    bool // records stay as they are in buf, behind the header: for a Rewriter
}

// A span is one raw field, relative to the start of its record.
type span struct {
	from, to int // with quotes, and with what ended it
	escaped  bool
}

// NewReader makes a Reader of the page's text.
func NewReader(r io.Reader) *Reader {
	return &Reader{r: r, buf: make([]byte, readSize)}
}

// Header gives the names of the columns, in the order of the fields.
func (r *Reader) Header() ([]string, error) {
	if r.g.header != nil {
		return r.g.header, nil
	}
	if err := r.record(); err != nil {
		if err == io.EOF { // there is a record 0 in every page
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	names := make([]string, len(r.fields))
	for i, f := range r.fields {
		names[i] = string(f)
	}
	r.id = slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, "Id") })
	r.err = r.g.setHeader(names)
	return r.g.header, r.err
}

// Next gives the fields of the next record, or io.EOF. They are valid until
// the next call. A CRLF inside quotes is kept.
func (r *Reader) Next() ([][]byte, error) {
	if _, err := r.Header(); err != nil {
		return nil, err
	}
	if err := r.record(); err != nil {
		return nil, err
	}
	return r.fields, nil
}

// Quoted tells whether field i of the current record stood in quotes. To
// Salesforce "" is NULL either way; other writers may tell them apart.
func (r *Reader) Quoted(i int) bool {
	return r.buf[r.start+r.cuts[i].from] == '"'
}

// record finds the fields of one record.
func (r *Reader) record() error {
	if r.err != nil {
		return r.err
	}
	r.start += r.length()
	r.cuts, r.fields = r.cuts[:0], r.fields[:0]
	from, at := 0, 0 // the current field, and the next byte for the grammar
	for {
		n, e, err := r.g.next(r.buf[r.start+at : r.end])
		if err != nil {
			r.err = err
			return err
		}
		at += n
		if e == more {
			if e, err = r.fill(); err != nil {
				r.err = err
				return err
			}
			if e == more {
				continue
			}
		}
		r.cuts = append(r.cuts, span{from: from, to: at, escaped: r.g.escaped})
		r.g.escaped = false
		from = at
		if e == endRecord && r.raw {
			return nil
		}
		if e == endRecord {
			return r.finish()
		}
	}
}

// whole is the text of the current record, with what ended it.
func (r *Reader) whole() []byte { return r.buf[r.start : r.start+r.length()] }

// length is that of the current record in the buffer.
func (r *Reader) length() int {
	if len(r.cuts) == 0 {
		return 0
	}
	return r.cuts[len(r.cuts)-1].to
}

// fill reads on, moving or growing the buffer so that the whole record stays
// in it. At the end of the page it says whether that ended a record.
func (r *Reader) fill() (event, error) {
	if r.start > 0 {
		copy(r.buf, r.buf[r.start:r.end])
		r.end -= r.start
		r.start = 0
	}
	if r.end == len(r.buf) {
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
	if r.eof == nil {
		var n int
		n, r.eof = r.r.Read(r.buf[r.end:])
		r.end += n
		return more, nil
	}
	if r.eof != io.EOF {
		return more, r.eof
	}
	e, err := r.g.end()
	if err == nil && e == more {
		err = io.EOF
	}
	return e, err
}

// finish turns the raw fields into values, in place.
func (r *Reader) finish() error {
	for i, c := range r.cuts {
		field := value(r.buf[r.start+c.from : r.start+c.to])
		if c.escaped {
			field = unescape(field)
		}
		r.fields = append(r.fields, field)
		if r.g.header == nil || i != r.id {
			continue
		}
		if r.err = r.g.checkID(r.g.record-1, i, field); r.err != nil {
			return r.err
		}
	}
	return nil
}

// unescape halves the doubled quotes of a field, in place.
func unescape(field []byte) []byte {
	out := field[:0]
	for i := 0; i < len(field); i++ {
		out = append(out, field[i])
		if field[i] == '"' {
			i++
		}
	}
	return out
}
