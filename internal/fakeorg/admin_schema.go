package fakeorg

import (
	"net/http"
	"strings"
)

// schemaAdmin changes what objects and fields the org has, and what the user
// sees of them, as an administrator does in Setup.
type schemaAdmin struct{ ledger *ledger }

func newSchemaAdmin(l *ledger) *schemaAdmin { return &schemaAdmin{l} }

// AddStandard gives the org one of the objects that Salesforce itself has and
// that behave unlike others, without records: Attachment, ContentDocumentLink,
// Vote, LoginHistory, AccountShare, AccountFeed, DashboardComponent, or a big
// object, whose name ends in __b.
func (s *schemaAdmin) AddStandard(name string) error {
	return s.ledger.reform(func(c *catalog) error {
		obj, err := newStandard(name)
		if err != nil {
			return err
		}
		c.touch(s.ledger.clock.Now())
		return c.put(obj)
	})
}

// AddObject gives the org an object without records.
func (s *schemaAdmin) AddObject(name, prefix string, fields ...Field) error {
	return s.ledger.reform(func(c *catalog) error {
		var own []*fieldDescribe
		for _, f := range fields {
			own = append(own, f.describes()...)
		}
		about := newDescribe(name, prefix, withSystem(name, true, own))
		obj := newObject(about, newTable(about, nil, nil))
		for _, f := range fields {
			if f.Formula != "" {
				obj.slots[obj.slot(f.Name)].formula = strings.Split(f.Formula, ".")
			}
		}
		c.touch(s.ledger.clock.Now())
		return c.put(obj)
	})
}

// RenameObject gives an object another name; its records and their Ids stay.
func (s *schemaAdmin) RenameObject(name, to string) error {
	return s.reshape(name, func(next *object) error {
		next.about.Name, next.about.Label = to, labelOf(to)
		return nil
	})
}

// DeleteObject removes an object with all its records.
func (s *schemaAdmin) DeleteObject(name string) error {
	return s.ledger.reform(func(c *catalog) error {
		obj, ok := c.find(name)
		if !ok {
			return noObject(name)
		}
		c.touch(s.ledger.clock.Now())
		c.drop(obj)
		return nil
	})
}

// AddField adds a field, empty in every record.
func (s *schemaAdmin) AddField(name string, field Field) error {
	return s.reshape(name, func(next *object) error {
		for _, f := range field.slots() {
			if next.slot(f.Name) >= 0 {
				return refuse(http.StatusBadRequest, "DUPLICATE_DEVELOPER_NAME", "%s has a field %s already", next.name(), f.Name)
			}
			next.slots = append(next.slots, f)
		}
		return nil
	})
}

// RenameField gives a field another name; its values stay.
func (s *schemaAdmin) RenameField(object, field, to string) error {
	return s.refield(object, field, func(f *slot) {
		f.Name, f.Label = to, labelOf(to)
		if f.Type == "reference" {
			f.RelationshipName = newLookup(to).RelationshipName
		}
	})
}

// RetypeField makes the field of that name what is told; its values stay as
// they are written.
func (s *schemaAdmin) RetypeField(object string, field Field) error {
	return s.refield(object, field.Name, func(f *slot) { f.fieldDescribe = field.describes()[0] })
}

// DeleteField removes a field with its values.
func (s *schemaAdmin) DeleteField(object, field string) error {
	return s.refield(object, field, func(f *slot) { f.deleted = true })
}

// HideField takes a field out of the user's sight, as field-level security
// does: it is absent from describe, and unknown in a query. Describe's
// Last-Modified doesn't tell of it.
func (s *schemaAdmin) HideField(object, field string) error { return s.curtain(object, field, true) }

// ShowField lets the user see a hidden field again.
func (s *schemaAdmin) ShowField(object, field string) error { return s.curtain(object, field, false) }

// HideObject takes an object out of the user's sight.
func (s *schemaAdmin) HideObject(name string) error { return s.curtain(name, "", true) }

// ShowObject lets the user see a hidden object again.
func (s *schemaAdmin) ShowObject(name string) error { return s.curtain(name, "", false) }

// curtain hides or shows a field, or the object where none is named.
func (s *schemaAdmin) curtain(name, field string, hidden bool) error {
	return s.alter(name, func(_ *catalog, next *object) error {
		if field == "" {
			next.hidden = hidden
			return nil
		}
		at := next.slot(field)
		if at < 0 {
			return next.noColumn(field)
		}
		next.slots[at].hidden = hidden
		return nil
	})
}

// refield alters a copy of one field.
func (s *schemaAdmin) refield(name, field string, do func(*slot)) error {
	return s.reshape(name, func(next *object) error {
		at := next.slot(field)
		if at < 0 {
			return next.noColumn(field)
		}
		about := *next.slots[at].fieldDescribe
		next.slots[at].fieldDescribe = &about
		do(&next.slots[at])
		return nil
	})
}

// reshape alters an object, and says so in describe's Last-Modified.
func (s *schemaAdmin) reshape(name string, do func(next *object) error) error {
	return s.alter(name, func(c *catalog, next *object) error {
		c.touch(s.ledger.clock.Now())
		return do(next)
	})
}

// alter puts an altered copy of an object in its place.
func (s *schemaAdmin) alter(name string, do func(c *catalog, next *object) error) error {
	return s.ledger.reform(func(c *catalog) error {
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

// TrackHistory keeps the history of an object's fields, as field history
// tracking does: every update of one of them adds a record to AccountHistory,
// Invoice__History, and so on.
func (s *schemaAdmin) TrackHistory(name string, fields ...string) error {
	return s.ledger.reform(func(c *catalog) error { return trackHistory(c, name, fields) })
}
