// Package value changes and checks single values on their way, where a flow
// asks for it: masks, salted digests, cut texts, and rules that a record has to
// keep.
//
// It knows neither pages nor configuration: flow writes down what is asked,
// page hands over records, replicate brings the two together. What nobody
// asked to change never comes here. Start at Treatment.
package value

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Mask is a way to hide a value. NULL stays NULL under all of them.
type Mask string

// The masks. First and Last hide so many characters and show the rest, as
// AppFlow's "mask first n" does; a value that is no longer is hidden whole.
const (
	SHA256 Mask = "sha256" // the digest of salt and value, in hex: equal values stay equal
	Fixed  Mask = "fixed"  // one text for every value: not even its length shows
	First  Mask = "first"
	Last   Mask = "last"
)

// star stands in the place of a hidden character.
const star = '*'

// A Change is what becomes of the values of one field: first the mask, then
// the cut.
type Change struct {
	Field    string
	Mask     Mask   // "" for none
	N        int    // of First and Last: characters
	Text     string // of Fixed
	Truncate int    // characters that stay at most; 0: all
}

// A Treatment is all that a flow asks of its records' values. The checks see
// them as they came, before they are changed.
type Treatment struct {
	Changes []Change
	Checks  []Check
	Salt    string // of SHA256
}

// Of is what of a treatment concerns some fields only.
func (t Treatment) Of(fields []string) Treatment {
	t.Checks = slices.DeleteFunc(slices.Clone(t.Checks), func(c Check) bool { return place(fields, c.Field) < 0 })
	t.Changes = slices.DeleteFunc(slices.Clone(t.Changes), func(c Change) bool { return place(fields, c.Field) < 0 })
	return t
}

// A Record is one record whose values can be read, and set. What Value gives
// is valid until the next call.
type Record interface {
	Value(column int) []byte
	Set(column int, value []byte)
}

// A Treating applies a Treatment to the records of one page. It is for one
// goroutine.
type Treating struct {
	changes []placedChange
	checks  []placedCheck
	deleted int // the column of IsDeleted, or -1
	digest  hash.Hash
	salt    string
	scratch []byte
}

type placedChange struct {
	Change
	column int
}

// For finds the columns of a page that the treatment concerns. A page need not
// carry every field that is changed, but a record can't be judged by a part.
func (t Treatment) For(header []string) (*Treating, error) {
	g := &Treating{deleted: place(header, "IsDeleted"), digest: sha256.New(), salt: t.Salt}
	for _, c := range t.Changes {
		at := place(header, c.Field)
		if at >= 0 {
			g.changes = append(g.changes, placedChange{c, at})
		}
	}
	for _, c := range t.Checks {
		at := place(header, c.Field)
		if at < 0 {
			return nil, fmt.Errorf("the page lacks the field %s, which is to be checked", c.Field)
		}
		placed, err := c.placed(at)
		if err != nil {
			return nil, err
		}
		g.checks = append(g.checks, placed)
	}
	return g, nil
}

func place(header []string, field string) int {
	for i, name := range header {
		if strings.EqualFold(name, field) {
			return i
		}
	}
	return -1
}

// Change sets the values of r that are to be changed.
func (g *Treating) Change(r Record) {
	for _, c := range g.changes {
		v := r.Value(c.column)
		if len(v) == 0 {
			continue
		}
		g.scratch = g.append(g.scratch[:0], v, c.Change)
		r.Set(c.column, g.scratch)
	}
}

// append adds what becomes of v to dst.
func (g *Treating) append(dst, v []byte, c Change) []byte {
	switch c.Mask {
	case SHA256:
		g.digest.Reset()
		g.digest.Write([]byte(g.salt))
		g.digest.Write(v)
		var sum [sha256.Size]byte
		dst = hex.AppendEncode(dst, g.digest.Sum(sum[:0]))
	case Fixed:
		dst = append(dst, c.Text...)
	case First:
		hidden := prefix(v, c.N)
		dst = append(stars(dst, v[:hidden]), v[hidden:]...)
	case Last:
		shown := prefix(v, utf8.RuneCount(v)-c.N)
		dst = stars(append(dst, v[:shown]...), v[shown:])
	default:
		dst = append(dst, v...)
	}
	if c.Truncate > 0 {
		dst = dst[:prefix(dst, c.Truncate)]
	}
	return dst
}

// prefix is the length in bytes of the first n characters of v.
func prefix(v []byte, n int) int {
	at := 0
	for ; n > 0 && at < len(v); n-- {
		_, size := utf8.DecodeRune(v[at:])
		at += size
	}
	return at
}

// stars adds one star for each character of v.
func stars(dst, v []byte) []byte {
	for range utf8.RuneCount(v) {
		dst = append(dst, star)
	}
	return dst
}
