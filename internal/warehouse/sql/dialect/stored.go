package dialect

import (
	"fmt"
	"slices"
	"strings"

	"catchment/internal/plan"
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
	Name  string
	Kind  shape.Kind
	Type  string // as the table has it
	Whole int    // the digits that a Decimal's values have at most
	Fract int
	Apart bool // it goes into the overflow
}

// StoredType is the type of a column that the warehouse has.
func (d *Dialect) StoredType(has Stored, k shape.Kind) string {
	if d.IsText(has.Type) {
		return d.StoredText(has)
	}
	return d.Type(k, has.Scale)
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

// wider tells the scale that a stored decimal column needs to hold a page's
// values, and whether that is another one than it has.
func (d *Dialect) wider(old Stored, c CopyColumn) (int, bool, error) {
	if c.Kind != shape.Decimal || d.Digits == 0 || !strings.HasPrefix(old.Type, d.Of(shape.Decimal).Stored) {
		return old.Scale, false, nil
	}
	scale, err := widen(d.Digits, old.Scale, c.Whole, c.Fract)
	if err != nil {
		return 0, false, fmt.Errorf("column %s: %w", c.Name, err)
	}
	return scale, scale != old.Scale, nil
}

// widen decides the scale of a decimal column that must take values of so many
// digits. A column that is widened gets four digits more than needed, if they
// leave room, so that not every page widens it again.
func widen(digits, scale, whole, fract int) (int, error) {
	if whole+max(scale, fract) > digits {
		return 0, plan.Fixf("exclude the field in the flow: no decimal of this warehouse holds its values exactly",
			"values of %d digits before the point and %d after it don't fit", whole, max(scale, fract))
	}
	if fract <= scale {
		return scale, nil
	}
	return max(fract, min(fract+4, digits-max(whole, 20))), nil
}
