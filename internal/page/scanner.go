package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"strings"
	"unicode/utf8"

	"catchment/internal/platform"
)

// maxKept bounds the text that a Scanner keeps of one field, and that of the header, so
// that something that isn't a page can't fill the memory.
const maxKept = 1 << 20

// A size is how many bytes there are of something.
type size struct{ value, record int64 }

// anySize bounds nothing.
var anySize = size{math.MaxInt64, math.MaxInt64}

// asSalesforce bounds what comes off the wire: whoever loads the page later on holds one
// record as a whole.
var asSalesforce = size{platform.ValueAtMost, platform.RecordAtMost}

// A Scanner passes over the text of one page, written to it in any portions,
// and says on Close what the page holds. It allocates nothing per record.
type Scanner struct {
	g    grammar
	look func(field string) Look

	digest hash.Hash
	bytes  int64
	rune   []byte // the start of a character whose end is in the next portion
	err    error
	wire   bool // the page comes from a server that ought to be Salesforce
	most   size // of a value and a record
	so     size // that the current ones have so far

	field   []byte   // the raw text of the current field, where it is kept
	cut     bool     // field lacks what has no room
	columns []column // once the header is known
	hasID   bool
	id      []byte // the raw Id of the current record, as far as it was seen
	digits  []Digits
	misfits misfits

	nul, noText *Flaw
	nameless    []*Flaw // whose record hasn't shown its Id yet
}

// A column is what the scanner looks for in the values of one.
type column struct {
	kept    bool // its text is looked at
	id      bool
	deleted bool
	look    Look
	digits  int // an index into Scanner.digits, where look measures
}

// NewScanner makes a Scanner. look says what to look for in a column; nil looks
// for nothing.
func NewScanner(look func(field string) Look) *Scanner {
	return &Scanner{look: look, digest: sha256.New(), most: anySize}
}

// Write takes the next portion of the page's text. The first error stays.
func (s *Scanner) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	s.digest.Write(p)
	s.bytes += int64(len(p))
	if s.err = s.write(p); s.err != nil {
		return 0, s.err
	}
	return len(p), nil
}

// write hands p on in portions of whole characters, so that where a page was
// divided can't change what is found in it.
func (s *Scanner) write(p []byte) error {
	for len(s.rune) > 0 && len(p) > 0 {
		s.rune = append(s.rune, p[0])
		p = p[1:]
		whole := len(s.rune) - incomplete(s.rune)
		if err := s.consume(s.rune[:whole]); err != nil {
			return err
		}
		s.rune = append(s.rune[:0], s.rune[whole:]...)
	}
	whole := len(p) - incomplete(p)
	s.rune = append(s.rune, p[whole:]...)
	return s.consume(p[:whole])
}

func (s *Scanner) consume(p []byte) error {
	hasNUL, isText := bytes.IndexByte(p, 0) >= 0, utf8.Valid(p)
	for len(p) > 0 {
		column, record := s.g.column, s.g.record
		n, e, err := s.g.next(p)
		if err != nil {
			return err
		}
		if err := s.measure(int64(n), e, record, column); err != nil {
			return err
		}
		if hasNUL {
			s.note(&s.nul, int64(bytes.Count(p[:n], []byte{0})), record, column)
		}
		if !isText {
			s.note(&s.noText, noTexts(p[:n]), record, column)
		}
		if record == 0 || s.columns[column].kept {
			if err := s.keep(p[:n], record > 0 && s.columns[column].look.Longest > 0); err != nil {
				return err
			}
		}
		if e != more {
			if err := s.end(e, record, column); err != nil {
				return err
			}
		}
		p = p[n:]
	}
	return nil
}

// measure counts n more bytes of a value, which end it with an event, and refuses what
// nobody could hold later on.
func (s *Scanner) measure(n int64, e event, record int64, column int) error {
	s.so.value, s.so.record = s.so.value+n, s.so.record+n
	problem := ""
	switch {
	case record == 0 && s.so.record > maxKept:
		problem = fmt.Sprintf("a header of more than %d MiB", maxKept>>20)
	case s.so.value > s.most.value:
		problem = fmt.Sprintf("a value of more than %d MiB", s.most.value>>20)
	case s.so.record > s.most.record:
		problem = fmt.Sprintf("a record of more than %d MiB", s.most.record>>20)
	}
	if problem != "" {
		at := &Error{Record: record, Offset: s.g.offset - s.so.value, Problem: problem}
		if column < len(s.g.header) {
			at.Field = s.g.header[column]
		}
		return oversize(at)
	}
	switch e {
	case endRecord:
		s.so = size{}
	case endField:
		s.so.value = 0
	}
	return nil
}

// keep keeps the next part of a field's text, or of one that may be long, what has room.
func (s *Scanner) keep(part []byte, long bool) error {
	if len(s.field)+len(part) <= maxKept {
		s.field = append(s.field, part...)
		return nil
	}
	if !long {
		return malformed(s.g.errorAt(s.g.offset, "too long for a name, an Id or a number"))
	}
	s.cut = true
	return nil
}

// end takes note of a field that has ended, and maybe its record with it.
func (s *Scanner) end(e event, record int64, column int) error {
	if record == 0 {
		s.g.header = append(s.g.header, string(value(s.field)))
		s.field = s.field[:0]
		if e == endRecord {
			return s.begin()
		}
		return nil
	}
	if c := &s.columns[column]; c.id {
		s.id, s.field = s.field, s.id[:0]
		if err := s.checkID(record, column, value(s.id)); err != nil {
			return err
		}
	} else if c.kept {
		s.lookAt(c)
	}
	if e == endRecord {
		s.endRecord()
	}
	return nil
}

func (s *Scanner) checkID(record int64, column int, id []byte) error {
	if err := s.g.checkID(record, column, id); err != nil || !s.wire {
		return err
	}
	return s.g.checkSalesforceID(record, column, id)
}

// lookAt looks at the value of a column, which has ended.
func (s *Scanner) lookAt(c *column) {
	text := value(s.field)
	if c.deleted {
		s.misfits.deleted = string(text) == "true"
	}
	if s.g.escaped {
		text = unescape(text)
		s.g.escaped = false
	}
	digits, takes := c.look.Takes(text)
	takes, s.cut = takes && !s.cut, false
	switch {
	case !takes:
		s.misfits.hit = true
	case c.look.Number != nil:
		s.digits[c.digits].widen(digits)
	}
	s.field = s.field[:0]
}

// endRecord takes note of what was found in a record that has ended.
func (s *Scanner) endRecord() {
	for _, flaw := range s.nameless {
		flaw.ID = string(value(s.id))
	}
	s.nameless = s.nameless[:0]
	s.misfits.end()
}

// begin decides, once the header is whole, which columns to look at.
func (s *Scanner) begin() error {
	header := s.g.header
	if err := s.g.setHeader(header); err != nil {
		return err
	}
	s.columns = make([]column, len(header))
	for i, name := range header {
		c := &s.columns[i]
		if s.look != nil {
			c.look = s.look(name)
		}
		c.id, c.deleted = strings.EqualFold(name, "Id"), strings.EqualFold(name, "IsDeleted")
		s.hasID = s.hasID || c.id
		c.kept = c.id || c.deleted || c.look.Selective()
		if c.look.Number != nil {
			c.digits = len(s.digits)
			s.digits = append(s.digits, Digits{Column: name})
		}
	}
	return nil
}

// note counts more of a flaw, and remembers where the first is.
func (s *Scanner) note(flaw **Flaw, more, record int64, column int) {
	if more == 0 {
		return
	}
	if *flaw == nil {
		*flaw = &Flaw{Record: record}
		if record > 0 {
			(*flaw).Field = s.g.header[column]
			if s.hasID {
				s.nameless = append(s.nameless, *flaw)
			}
		}
	}
	(*flaw).Count += more
}

// Close ends the page and says what it holds.
func (s *Scanner) Close() (Shape, error) {
	if s.err == nil {
		s.err = s.close()
	}
	if s.err != nil {
		return Shape{}, s.err
	}
	return Shape{
		Header:  s.g.header,
		Records: s.g.record - 1,
		Bytes:   s.bytes,
		Digest:  hex.EncodeToString(s.digest.Sum(nil)),
		NUL:     s.nul,
		NoText:  s.noText,
		Digits:  s.digits,
		Misfits: s.misfits.records,
		Blanks:  s.misfits.blanks,
	}, nil
}

func (s *Scanner) close() error {
	if len(s.rune) > 0 {
		return cut(s.g.errorAt(s.g.offset, "the page ends within a character"))
	}
	column, record := s.g.column, s.g.record
	e, err := s.g.end()
	if err != nil || e == more {
		return err
	}
	return s.end(e, record, column)
}

// value takes what ends a field, and the quotes around it, off its raw text.
// Doubled quotes stay.
func value(raw []byte) []byte {
	n := len(raw)
	switch {
	case n > 0 && raw[n-1] == ',':
		n--
	case n > 0 && raw[n-1] == '\n':
		n--
		if n > 0 && raw[n-1] == '\r' {
			n--
		}
	}
	if n >= 2 && raw[0] == '"' {
		return raw[1 : n-1]
	}
	return raw[:n]
}
