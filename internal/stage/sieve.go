package stage

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"catchment/internal/control"
	"catchment/internal/page"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
)

// A sieve finds the records of a stored page that hold a value which no column takes.
// It finds the same ones each time: what it goes by stands in the page's row.
type sieve struct {
	way     Way
	row     control.PageRow
	header  []string
	columns []sieved // those whose values aren't all taken
	key     []int    // places of the key's fields
	deleted int      // place of IsDeleted, or -1

	kept, rejected, blanks int64
}

// A sieved is a column of the page that doesn't take every text.
type sieved struct {
	at     int
	column shape.Column
	look   page.Look
}

// A misfit is a value that its column doesn't take.
type misfit struct {
	field string
	why   string // in words, without the value
}

// newSieve makes the sieve of a page with this header.
func (w Way) newSieve(row control.PageRow, header []string) *sieve {
	s := &sieve{way: w, row: row, header: header, deleted: -1}
	lookOf := w.lookOf(row)
	for i, name := range header {
		if strings.EqualFold(name, shape.FieldDeleted) {
			s.deleted = i
		}
		if look := lookOf(name); look.Selective() {
			c, _ := w.Source.Column(name)
			s.columns = append(s.columns, sieved{i, c, look})
		}
	}
	for _, name := range w.Source.Table.Key {
		c, _ := w.Source.Table.Named(name)
		s.key = append(s.key, slices.IndexFunc(header, func(f string) bool { return strings.EqualFold(f, c.Field) }))
	}
	return s
}

// keyOf is the key of a record, as the warehouse writes that of a row.
func (s *sieve) keyOf(r *page.Record) string {
	texts := make([]string, len(s.key))
	for i, at := range s.key {
		if at >= 0 {
			texts[i] = string(r.Value(at))
		}
	}
	return strings.Join(texts, "\x1f")
}

// first finds the first value of a record that isn't taken.
func (s *sieve) first(r *page.Record) (misfit, bool) {
	for _, c := range s.columns {
		text := r.Value(c.at)
		if digits, takes := c.look.Takes(text); !takes {
			return misfit{s.header[c.at], c.why(digits, s.way.Room)}, true
		}
	}
	if len(s.row.Refused) == 0 {
		return misfit{}, false
	}
	key := s.keyOf(r)
	i := slices.IndexFunc(s.row.Refused, func(refused control.Refused) bool { return refused.Key == key })
	if i < 0 {
		return misfit{}, false
	}
	return misfit{s.row.Refused[i].Column, refusedWhy + s.row.Refused[i].Why}, true
}

// keeps tells whether a record stays in the page. One that is deleted always does, since
// who holds it back holds back the news of its deletion: it loses the values that aren't
// taken, and so does every record of a page that is only compared.
func (s *sieve) keeps(r *page.Record) bool {
	found, misfits := s.first(r)
	if !misfits {
		s.kept++
		return true
	}
	if s.way.AsIs || s.isDeleted(r) {
		s.blank(r, found)
		s.blanks++
		s.kept++
		return true
	}
	s.rejected++
	return false
}

// blank empties what isn't taken of a record, the first of which was found.
func (s *sieve) blank(r *page.Record, first misfit) {
	for _, c := range s.columns {
		if _, takes := c.look.Takes(r.Value(c.at)); !takes {
			r.Set(c.at, nil)
		}
	}
	if at := slices.Index(s.header, first.field); at >= 0 { // refused by the warehouse alone
		r.Set(at, nil)
	}
}

// isDeleted tells whether a record says that it is deleted.
func (s *sieve) isDeleted(r *page.Record) bool {
	return s.deleted >= 0 && string(r.Value(s.deleted)) == "true"
}

// sifted is the text of a stored page without the records that don't stay.
func (w Way) sifted(stored io.ReadCloser, packed bool, row control.PageRow) (io.ReadCloser, *sieve) {
	s := &sieve{}
	text := page.Rewrite(unpacked(stored, packed), func(header []string) (page.Edit, error) {
		*s = *w.newSieve(row, header)
		return func(r *page.Record) (bool, error) { return s.keeps(r), nil }, nil
	})
	return readCloser{text, stored}, s
}

// sifts tells whether a page holds records that don't stay, or values that don't.
func (w Way) sifts(row control.PageRow) bool {
	return row.Misfits+row.Blanks > 0 || len(row.Room)+len(row.Refused) > 0
}

// refusedWhy begins the reason of a record that only the warehouse itself refused.
const refusedWhy = "unfit: "

// why says in words why a column doesn't take a value: what is known of its digits,
// never the value (invariant 9).
func (c sieved) why(d page.Digits, room room.Limits) string {
	n := c.look.Number
	switch {
	case c.column.Kind == shape.Text:
		return fmt.Sprintf("unfit: a text of more than %d bytes", c.look.Longest)
	case c.column.Kind == shape.Bool:
		return "unfit: neither true nor false"
	case c.column.Kind == shape.Date:
		return fmt.Sprintf("unfit: no date of the years %d to %d", room.Dates.First, room.Dates.Last)
	case c.column.Kind == shape.Time:
		return "unfit: no time of day"
	case c.column.Kind == shape.Timestamp:
		return fmt.Sprintf("unfit: no moment of the years %d to %d", room.Stamps.First, room.Stamps.Last)
	case d.Whole+d.Fraction == 0:
		return "unfit: no number"
	case n.Bits > 0 && d.Fraction > 0:
		return "unfit: no whole number"
	case n.Bits > 0:
		return fmt.Sprintf("unfit: a whole number of %d digits, more than %d bits", d.Whole, n.Bits)
	case n.Digits > 0 && n.Whole+n.Fraction > n.Digits:
		return fmt.Sprintf("unfit: a number of %d digits before the point and %d after it, for a column of %d in all",
			d.Whole, d.Fraction, n.Digits)
	}
	return fmt.Sprintf("unfit: a number of %d digits before the point and %d after it, for a column of %d and %d",
		d.Whole, d.Fraction, n.Whole, n.Fraction)
}

// lookOf says what to look for in the columns of a page, as narrow as its row says that
// they are.
func (w Way) lookOf(row control.PageRow) func(field string) page.Look {
	return func(field string) page.Look {
		look := w.look(field)
		for _, d := range row.Room {
			if look.Number == nil || !strings.EqualFold(d.Column, field) {
				continue
			}
			narrow := *look.Number
			if narrow.Bits > 0 {
				narrow.Bits = 32
			} else {
				narrow.Whole, narrow.Fraction = min(narrow.Whole, d.Whole), min(narrow.Fraction, d.Fraction)
			}
			look.Number = &narrow
		}
		return look
	}
}

// look says what to look for in a column, whatever table it is of.
func (w Way) look(field string) page.Look {
	c, ok := w.Source.Column(field)
	switch {
	case !ok:
		return page.Look{}
	case c.Kind.Whole():
		return page.Look{Number: &page.Number{Bits: 64}}
	case c.Kind.Measured():
		return page.Look{Number: &page.Number{
			Digits: w.Room.Digits, Whole: w.Room.Whole, Fraction: w.Room.Fraction,
		}}
	}
	look := page.Look{Text: w.Room.Takes(c.Kind)}
	if c.Kind == shape.Text && (c.Length == 0 || 4*c.Length > w.Room.Text) { // the others always have room
		look.Longest = w.Room.Text
	}
	return look
}

// whole tells the columns of whole numbers.
func (w Way) whole(field string) bool {
	c, ok := w.Source.Column(field)
	return ok && c.Kind.Whole()
}
