package source

import (
	"fmt"
	"slices"
	"strings"

	"catchment/internal/flow"
	"catchment/internal/schema"
	"catchment/internal/warehouse/shape"
)

// A Left is a column that a field left behind when it became one of another type, and
// the column that it has now.
type Left struct {
	Column, Field, By string
}

// leftBehind finds such columns. Which they are follows from their names alone, as
// dialects give them: what is remembered of a field is the column that it has.
func (s *Source) leftBehind() []Left {
	var all []Left
	for _, c := range s.Table.Columns {
		for _, name := range s.Past.Columns {
			if !HasColumn(s.Table, name) && !s.another(name, c.Field) && s.succeeds(c, name) {
				all = append(all, Left{Column: name, Field: c.Field, By: c.Name})
			}
		}
	}
	return all
}

// Remember has a column count as left behind by a field where names don't tell it any
// more, since the flow has given that field's column another one.
func (s *Source) Remember(column, field string) {
	by, ok := s.Column(field)
	known := slices.Contains(s.Table.Retired, column) || HasColumn(s.Table, column) || s.another(column, field)
	if !ok || known || !slices.Contains(s.Past.Columns, column) {
		return
	}
	s.Left = append(s.Left, Left{Column: column, Field: field, By: by.Name})
	s.Table.Retired = append(s.Table.Retired, column)
}

// succeeds tells whether a column has its name since one of its field was there that
// couldn't take its values.
func (s *Source) succeeds(c shape.Column, old string) bool {
	return s.succeedsIn(0, c, old) || len(c.Name) > shortest && s.succeedsIn(len(c.Name), c, old)
}

// shortest is a length that no warehouse shortens names to.
const shortest = 32

// succeedsIn is succeeds where names are shortened to a length, 0 for none.
func (s *Source) succeedsIn(longest int, c shape.Column, old string) bool {
	typed := func(stem, name string) bool {
		for _, k := range shape.Kinds() {
			if strings.EqualFold(name, shape.Shorten(longest, stem+"_"+string(k.Kind), c.Field+" "+string(k.Kind))) {
				return true
			}
		}
		return false
	}
	for _, stem := range s.stems(c.Field) {
		stem = shape.Shorten(longest, stem, c.Field)
		if typed(stem, c.Name) && (strings.EqualFold(stem, old) || typed(stem, old)) {
			return true
		}
	}
	return false
}

// stems is how the names of a field's columns may begin.
func (s *Source) stems(field string) []string {
	var all []string
	for _, plain := range []string{shape.ColumnName(field, s.Flow.Naming == flow.Snake), shape.ColumnName(field, false),
		shape.ColumnName(field, true)} {
		all = append(all, plain, plain+"_"+shape.Digest(field))
	}
	for of, name := range s.Flow.Rename {
		if strings.EqualFold(of, field) {
			all = append(all, name)
		}
	}
	return all
}

// Redescribed tells of columns whose field is described otherwise than when it was last
// copied, and how. It may be another field of the same name, and if it is the same one,
// Salesforce has changed values without a stamp.
func (s *Source) Redescribed() map[string]string {
	var all map[string]string
	there, known := map[string]bool{}, map[string][]shape.Known{}
	for _, name := range s.Past.Columns {
		there[name] = true
	}
	for _, k := range s.Past.Fields {
		known[k.Field] = append(known[k.Field], k)
	}
	for _, c := range s.Table.Columns {
		f, ok := s.index.Field(c.Field)
		if !ok || !there[c.Name] {
			continue
		}
		for _, k := range known[c.Field] {
			if k.Type == "" {
				continue
			}
			was := words(schema.Type(k.Type), k.Length, k.Precision, k.Scale, k.Calculated)
			if is := words(f.Type, f.Length, f.Precision, f.Scale, f.Calculated); was != is {
				if all == nil {
					all = map[string]string{}
				}
				all[c.Name] = fmt.Sprintf("field %s was %s and is %s now", c.Field, was, is)
			}
		}
	}
	return all
}

// words describes a field.
func words(t schema.Type, length, precision, scale int, calculated bool) string {
	text := string(t)
	switch {
	case t.Decimal():
		text = fmt.Sprintf("%s(%d,%d)", t, precision, scale)
	case length > 0:
		text = fmt.Sprintf("%s(%d)", t, length)
	}
	if calculated {
		text += " by a formula"
	}
	return text
}
