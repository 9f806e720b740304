package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strings"
	"unicode/utf8"
)

// maxKept bounds the text that a Scanner keeps of one field, so that something
// that isn't a page can't fill the memory.
const maxKept = 1 << 20

// A Scanner passes over the text of one page, written to it in any portions,
// and says on Close what the page holds. It allocates nothing per record.
type Scanner struct {
	g        grammar
	decimals func(field string) bool

	digest hash.Hash
	bytes  int64
	rune   []byte // the start of a character whose end is in the next portion
	err    error

	field  []byte // the raw text of the current field, where it is kept
	keep   []keep // by column, once the header is known
	hasID  bool
	id     []byte // the raw Id of the current record, as far as it was seen
	digits []Digits

	nul, noText *Flaw
	nameless    []*Flaw // whose record hasn't shown its Id yet
}

// keep says why the text of a column is looked at: to measure it, where it is
// an index into Scanner.digits, or one of these.
type keep int

const (
	pass   keep = -1
	keepID keep = -2
)

// NewScanner makes a Scanner. decimals says which columns to measure; nil
// measures none.
func NewScanner(decimals func(field string) bool) *Scanner {
	return &Scanner{decimals: decimals, digest: sha256.New()}
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
		if hasNUL {
			s.note(&s.nul, int64(bytes.Count(p[:n], []byte{0})), record, column)
		}
		if !isText {
			s.note(&s.noText, noTexts(p[:n]), record, column)
		}
		if record == 0 || s.keep[column] != pass {
			s.field = append(s.field, p[:n]...)
			if len(s.field) > maxKept {
				return malformed(s.g.errorAt(s.g.offset, "too long for a name, an Id or a number"))
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
	switch k := s.keep[column]; {
	case k == keepID:
		s.id, s.field = s.field, s.id[:0]
		if err := s.g.checkID(record, column, value(s.id)); err != nil {
			return err
		}
	case k >= 0:
		ok := s.digits[k].widen(value(s.field))
		s.field = s.field[:0]
		if !ok {
			return malformed(&Error{
				Record: record, Field: s.g.header[column], Offset: s.g.offset,
				Problem: "the value before is no decimal",
			})
		}
	}
	if e == endRecord {
		for _, flaw := range s.nameless {
			flaw.ID = string(value(s.id))
		}
		s.nameless = s.nameless[:0]
	}
	return nil
}

// begin decides, once the header is whole, which columns to look at.
func (s *Scanner) begin() error {
	header := s.g.header
	if err := s.g.setHeader(header); err != nil {
		return err
	}
	s.keep = make([]keep, len(header))
	for i, name := range header {
		switch {
		case strings.EqualFold(name, "Id"):
			s.keep[i] = keepID
			s.hasID = true
		case s.decimals != nil && s.decimals(name):
			s.keep[i] = keep(len(s.digits))
			s.digits = append(s.digits, Digits{Column: name})
		default:
			s.keep[i] = pass
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
