package shaping

import (
	"slices"
	"strings"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"

	"github.com/apache/iceberg-go"
)

// A Widening is a column of numbers that has to have room for more.
type Widening struct {
	Column shape.Column // as it will be
	Whole  int          // the digits before the point that it has room for then: no value may have more; 0 for any
	Kept   room.Digits  // what it has room for as it is
}

// Room finds out which columns of a table have to be wider for pages, and which can't be made so.
func Room(t shape.Table, has *iceberg.Schema, pages []warehouse.Page) (wider []Widening, narrow []room.Digits) {
	d := words()
	_, found, narrow := d.MakeRoom("", t.Name, Stored(has), brought(t, has, pages))
	for _, w := range found {
		c := shape.Column{Name: w.Column, Field: w.Field, Kind: shape.Decimal, Scale: Digits - w.Whole}
		if w.Whole == 0 {
			c.Kind, c.Scale = shape.Long, 0
		}
		wider = append(wider, Widening{c, w.Whole, w.Kept})
	}
	return wider, narrow
}

// brought are the columns of pages that have digits, and how many.
func brought(t shape.Table, has *iceberg.Schema, pages []warehouse.Page) []dialect.CopyColumn {
	var all []dialect.CopyColumn
	stored := Stored(has)
	for _, page := range pages {
		for _, digits := range page.Digits {
			c, known := t.Column(digits.Field)
			old, made := dialect.Find(stored, c.Name)
			if !known || !made || !slices.ContainsFunc(page.Header, func(field string) bool {
				return strings.EqualFold(field, digits.Field)
			}) {
				continue
			}
			i := slices.IndexFunc(all, func(has dialect.CopyColumn) bool { return has.Name == c.Name })
			if i < 0 {
				i = len(all)
				all = append(all, dialect.CopyColumn{Name: c.Name, Field: c.Field, Kind: kindOf(old)})
			}
			all[i].Whole, all[i].Fract = max(all[i].Whole, digits.Whole), max(all[i].Fract, digits.Fraction)
			all[i].Beyond32 = all[i].Beyond32 || digits.Beyond32
		}
	}
	return all
}

// Wide is the shaping that makes columns wider.
func Wide(t shape.Table, has *iceberg.Schema, all []Widening) Shaping {
	var s Shaping
	stored := Stored(has)
	for _, w := range all {
		if old, made := dialect.Find(stored, w.Column.Name); made {
			s.tell(t, old.Name, shape.Widened, columns.TypeOf(w.Column).String())
			s.retype(old.Name, kindOf(old), w.Column, columns.TypeOf(w.Column))
		}
	}
	return s
}
