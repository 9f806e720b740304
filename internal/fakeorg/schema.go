package fakeorg

import (
	"net/http"
	"strings"
	"time"
)

// A Field says what a field is to be. Only Name and Type are needed.
type Field struct {
	Name       string   `json:"name"`
	Type       string   `json:"type"`      // as describe has it: string, currency, reference, location, ...
	Length     int      `json:"length"`    // of a text; 255
	Precision  int      `json:"precision"` // digits of a number in all; 18
	Scale      int      `json:"scale"`     // those of them that stand behind the point
	References []string `json:"references"`
	Values     []string `json:"values"` // of a picklist, which then takes no others
	Required   bool     `json:"required"`
	ExternalID bool     `json:"externalId"`
	Cascade    bool     `json:"cascade"` // a lookup: records go with their parent

	// Formula is a path to a parent's field, such as Account__r.Industry. The
	// field shows what that holds, whenever it is read, and leaves no stamp.
	Formula string `json:"formula"`
}

// describes turns a Field into fields as describe has them: a geolocation is
// three.
func (f Field) describes() []*fieldDescribe {
	if f.Type == "location" {
		stem := strings.TrimSuffix(f.Name, "__c")
		var all []*fieldDescribe
		for _, part := range [...]string{stem + "__Latitude__s", stem + "__Longitude__s"} {
			d := newField(part, "double", 18).digitsAfter(15).part(f.Name)
			d.Precision = 18
			all = append(all, d)
		}
		return append(all, newField(f.Name, "location", 0))
	}
	size := orDefault(f.Length, 255)
	if isDecimal(f.Type) {
		size = orDefault(f.Precision, 18)
	}
	d := newField(f.Name, f.Type, size).digitsAfter(f.Scale)
	if f.Type == "reference" {
		d = newLookup(f.Name, f.References...)
		d.CascadeDelete = f.Cascade
	}
	d.Nillable = d.Nillable && !f.Required
	if f.ExternalID {
		d.ExternalId, d.IDLookup, d.Unique = true, true, true
	}
	for _, value := range f.Values {
		d.PicklistValues = append(d.PicklistValues, picklistValue{Active: true, Label: value, Value: value})
		d.RestrictedPicklist = true
	}
	if f.Formula != "" {
		d.Calculated, d.CalculatedFormula = true, &f.Formula
		d.Createable, d.Updateable = false, false
	}
	return []*fieldDescribe{d}
}

func isDecimal(typ string) bool { return typ == "currency" || typ == "double" || typ == "percent" }

func (f Field) slots() []slot {
	var all []slot
	for _, d := range f.describes() {
		s := slot{fieldDescribe: d}
		if f.Formula != "" {
			s.formula = strings.Split(f.Formula, ".")
		}
		all = append(all, s)
	}
	return all
}

// AddObject gives the org an object without records.
func (o *Org) AddObject(name, prefix string, fields ...Field) error {
	return o.reform(func(c *catalog) error {
		var own []made
		for _, f := range fields {
			for _, d := range f.describes() {
				own = append(own, made{fieldDescribe: d})
			}
		}
		var all []*fieldDescribe
		for _, m := range withSystem(name, prefix, true, own) {
			all = append(all, m.fieldDescribe)
		}
		about := newDescribe(name, prefix, all)
		obj := newObject(about, newTable(about, nil, nil))
		for _, f := range fields {
			if f.Formula != "" {
				obj.slots[obj.slot(f.Name)].formula = strings.Split(f.Formula, ".")
			}
		}
		c.touch(o.clock.Now())
		return c.put(obj)
	})
}

// RenameObject gives an object another name; its records and their Ids stay.
func (o *Org) RenameObject(name, to string) error {
	return o.reshape(name, func(next *object) error {
		next.about.Name, next.about.Label = to, labelOf(to)
		return nil
	})
}

// DeleteObject removes an object with all its records.
func (o *Org) DeleteObject(name string) error {
	return o.reform(func(c *catalog) error {
		obj, ok := c.find(name)
		if !ok {
			return noObject(name)
		}
		c.touch(o.clock.Now())
		c.drop(obj)
		return nil
	})
}

// AddField adds a field, empty in every record.
func (o *Org) AddField(name string, field Field) error {
	return o.reshape(name, func(next *object) error {
		for _, s := range field.slots() {
			if next.slot(s.Name) >= 0 {
				return refuse(http.StatusBadRequest, "DUPLICATE_DEVELOPER_NAME", "%s has a field %s already", next.name(), s.Name)
			}
			next.slots = append(next.slots, s)
		}
		return nil
	})
}

// RenameField gives a field another name; its values stay.
func (o *Org) RenameField(object, field, to string) error {
	return o.refield(object, field, func(s *slot) {
		s.Name, s.Label = to, labelOf(to)
		if s.Type == "reference" {
			s.RelationshipName = newLookup(to).RelationshipName
		}
	})
}

// RetypeField makes the field of that name what is told; its values stay as
// they are written.
func (o *Org) RetypeField(object string, field Field) error {
	return o.refield(object, field.Name, func(s *slot) { s.fieldDescribe = field.describes()[0] })
}

// DeleteField removes a field with its values.
func (o *Org) DeleteField(object, field string) error {
	return o.refield(object, field, func(s *slot) { s.deleted = true })
}

// HideField takes a field out of the user's sight, as field-level security
// does: it is absent from describe, and unknown in a query. Describe's
// Last-Modified doesn't tell of it.
func (o *Org) HideField(object, field string) error { return o.curtain(object, field, true) }

// ShowField lets the user see a hidden field again.
func (o *Org) ShowField(object, field string) error { return o.curtain(object, field, false) }

// HideObject takes an object out of the user's sight.
func (o *Org) HideObject(name string) error { return o.curtain(name, "", true) }

// ShowObject lets the user see a hidden object again.
func (o *Org) ShowObject(name string) error { return o.curtain(name, "", false) }

// curtain hides or shows a field, or the object where none is named.
func (o *Org) curtain(name, field string, hidden bool) error {
	return o.alter(name, func(_ *catalog, next *object) error {
		if field == "" {
			next.hidden = hidden
			return nil
		}
		at := next.slot(field)
		if at < 0 {
			return noColumn(field, next)
		}
		next.slots[at].hidden = hidden
		return nil
	})
}

// refield alters a copy of one field.
func (o *Org) refield(name, field string, do func(*slot)) error {
	return o.reshape(name, func(next *object) error {
		at := next.slot(field)
		if at < 0 {
			return noColumn(field, next)
		}
		about := *next.slots[at].fieldDescribe
		next.slots[at].fieldDescribe = &about
		do(&next.slots[at])
		return nil
	})
}

// reshape alters an object, and says so in describe's Last-Modified.
func (o *Org) reshape(name string, do func(next *object) error) error {
	return o.alter(name, func(c *catalog, next *object) error {
		c.touch(o.clock.Now())
		return do(next)
	})
}

// alter puts an altered copy of an object in its place.
func (o *Org) alter(name string, do func(c *catalog, next *object) error) error {
	return o.reform(func(c *catalog) error {
		obj, ok := c.find(name)
		if !ok {
			return noObject(name)
		}
		var err error
		next := obj.altered(func(next *object) { err = do(c, next) })
		if err != nil {
			return err
		}
		return c.put(next)
	})
}

// touch moves the time of the schema on: by a second at least, since HTTP
// can't tell two changes within one apart.
func (c *catalog) touch(now time.Time) {
	c.changed = c.changed.Add(time.Second)
	if now = now.Truncate(time.Second); now.After(c.changed) {
		c.changed = now
	}
}
