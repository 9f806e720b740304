package dialect

import (
	"slices"
	"strings"

	"catchment/internal/warehouse/shape"
)

// A Stored is a column as the warehouse has it.
type Stored struct {
	Name  string
	Type  string
	Scale int
	Bytes int // that a text has room for, 0 for any number
	// that use the column, where its type can't change under them
	Views []string
	Apart bool // it is in the overflow of its rows
}

// Find finds a column by its name, in whatever case.
func Find(cs []Stored, name string) (Stored, bool) {
	i := Place(cs, name)
	if i < 0 {
		return Stored{}, false
	}
	return cs[i], true
}

// Place is where a column is among cs, -1 where it isn't.
func Place(cs []Stored, name string) int {
	return slices.IndexFunc(cs, func(c Stored) bool { return strings.EqualFold(c.Name, name) })
}

// Payload is the names of the columns that aren't ours.
func Payload(cs []Stored) []string {
	var names []string
	for _, c := range cs {
		if !strings.HasPrefix(strings.ToLower(c.Name), shape.OwnPrefix) {
			names = append(names, c.Name)
		}
	}
	return names
}

// A CopyColumn is one column of the pages' header, in that order.
type CopyColumn struct {
	Name     string
	Field    string // as the header has it
	Kind     shape.Kind
	Type     string // as the table has it
	Whole    int    // the digits that a Decimal's values have at most
	Fract    int
	Beyond32 bool // some whole number has more than 32 bits
	Apart    bool // it goes into the overflow
}

// asKind is the kind that a stored column has for the numbers of kind k: one that was made
// wider than its field needs stays so.
func asKind(d *Dialect, has Stored, k shape.Kind) shape.Kind {
	numbers := shape.Numbers()
	wants := slices.Index(numbers, k)
	if wants < 0 {
		return k
	}
	return numbers[max(wants, d.number(has))]
}

// StoredType is the type of a column that the warehouse has.
func (d *Dialect) StoredType(has Stored, k shape.Kind) string {
	if d.IsText(has.Type) {
		return d.StoredText(has)
	}
	return d.Type(asKind(d, has, k), has.Scale)
}

// Fits tells whether a column that the warehouse has can take values of kind k.
func (d *Dialect) Fits(has Stored, k shape.Kind) bool {
	_, ok := d.takes(has, k)
	return ok
}

// takes tells as what kind a column that the warehouse has can take values of
// kind k, if it can or can be made to.
func (d *Dialect) takes(has Stored, k shape.Kind) (shape.Kind, bool) {
	if d.stores(has.Type, k) {
		return k, true
	}
	numbers := shape.Numbers()
	as, wants := d.number(has), slices.Index(numbers, k)
	switch {
	case as < 0 || len(has.Views) > 0:
		return k, false
	case k == shape.Text: // every number has a text
		return k, true
	case wants < 0:
		return k, false
	}
	return numbers[max(as, wants)], true
}

// number is which of the kinds of numbers a stored column is of, -1 where it is none.
func (d *Dialect) number(has Stored) int {
	return slices.IndexFunc(shape.Numbers(), func(n shape.Kind) bool {
		bare, _, _ := strings.Cut(has.Type, "(")
		return strings.EqualFold(bare, d.Of(n).Stored)
	})
}

// scaled tells whether pages bring decimals for a stored column that has a scale.
func scaled(d *Dialect, old Stored, c CopyColumn) bool {
	return c.Kind == shape.Decimal && d.Digits > 0 && strings.HasPrefix(old.Type, d.Of(shape.Decimal).Stored)
}

// widen decides the scale of a decimal column that must take values of so many
// digits, if any scale does. A column that is widened gets four digits more than
// needed, if they leave room, so that not every page widens it again.
func widen(digits, scale, whole, fract int) (int, bool) {
	switch {
	case whole+max(scale, fract) > digits:
		return scale, false
	case fract <= scale:
		return scale, true
	}
	return max(fract, min(fract+4, digits-max(whole, 20))), true
}
