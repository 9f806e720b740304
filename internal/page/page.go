// Package page checks, reads and writes pages: the CSV result files of a job.
//
// A page is kept byte for byte as it came, so this package never changes one
// in place. Scanner passes over a page once and says what it holds; Reader
// yields its records without copying; Writer writes records in the form that
// Bulk API 2.0 uses (every field quoted, LF, a header row).
//
// encoding/csv is not used: it turns CRLF inside a quoted field into LF.
//
// Who asks Scanner to look at columns (look.go) is told the digits of their numbers, and
// how many records hold a value that its column doesn't take.
//
// What is no text is counted (text.go, nul.go) and replaced on the way to a
// warehouse that can't take it; the stored page keeps it. find.go finds a record
// by the line that somebody complains of.
//
// Scanner and Reader share one grammar (grammar.go) and so accept the same
// pages. Where bytes come from, and where they go, is left to others.
package page

// A Shape is what one pass over a page found out.
type Shape struct {
	Header  []string `json:"header"`           // the column order; never taken from the SELECT
	Records int64    `json:"records"`          // without the header
	Bytes   int64    `json:"bytes"`            // of the text, unpacked
	Digest  string   `json:"digest"`           // sha256 of the text, in hex
	NUL     *Flaw    `json:"nul,omitempty"`    // nil where the page holds no NUL byte
	NoText  *Flaw    `json:"noText,omitempty"` // nil where the page is UTF-8; text.go says what else it may be
	Digits  []Digits `json:"digits,omitempty"` // of each column of numbers, as far as it takes them

	// Records that hold a value which its column doesn't take: those that aren't deleted,
	// and those that are.
	Misfits int64 `json:"misfits,omitempty"`
	Blanks  int64 `json:"blanks,omitempty"`
}

// A Flaw says how many of some characters a page holds that not every warehouse
// can store, and where the first one is. It names the field and the record's Id,
// never the value (invariant 9).
type Flaw struct {
	Count  int64  `json:"count"`
	Record int64  `json:"record"` // 1 is the first after the header
	Field  string `json:"field"`
	ID     string `json:"id"` // the record's Id, "" where the page has no such column
}

// Digits is the widest decimal of one column, exponents worked in: 1.25E3
// has four whole digits and no fraction. Zeros that carry no value don't
// count: 1.50 has one digit of fraction, 0.5 no whole one.
type Digits struct {
	Column   string `json:"column"`
	Whole    int    `json:"whole"`
	Fraction int    `json:"fraction"`
	Point    bool   `json:"point,omitempty"`     // some value is written with a point or an exponent
	Beyond32 bool   `json:"beyond_32,omitempty"` // some whole number has more than 32 bits
}
