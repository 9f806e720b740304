package admin

import (
	"strings"

	"catchment/internal/fakeorg/change"
	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/halves"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/standard"
	"catchment/internal/fakeorg/store"
)

// Schema changes what objects and fields the org has, and what the user
// sees of them, as an administrator does in Setup.
type Schema struct{ ledger *change.Ledger }

// NewSchema makes the schema that a ledger changes changeable by methods.
func NewSchema(l *change.Ledger) *Schema { return &Schema{l} }

// AddStandard gives the org one of the objects that Salesforce itself has and
// that behave unlike others, without records: Attachment, ContentVersion,
// Document, EmailMessage, Vote, LoginHistory, AccountShare, AccountFeed,
// DashboardComponent, or a big object, whose name ends in __b. With ContentVersion
// come ContentDocument and ContentDocumentLink, where they aren't there.
func (s *Schema) AddStandard(name string) error {
	return s.ledger.Reform(func(c *store.Catalog) error {
		names := []string{name}
		if name == "ContentVersion" {
			for _, other := range []string{"ContentDocument", "ContentDocumentLink"} {
				if _, there := c.Find(other); !there {
					names = append(names, other)
				}
			}
		}
		c.Touch(s.ledger.Clock.Now())
		for _, name := range names {
			obj, err := standard.New(name)
			if err != nil {
				return err
			}
			if err := c.Put(obj); err != nil {
				return err
			}
		}
		return nil
	})
}

// AddObject gives the org an object without records.
func (s *Schema) AddObject(name, prefix string, fields ...Field) error {
	return s.ledger.Reform(func(c *store.Catalog) error {
		var own []*describe.Field
		for _, f := range fields {
			own = append(own, f.describes()...)
		}
		about := describe.New(name, prefix, describe.WithSystem(name, true, own))
		obj := store.NewObject(about, store.NewTable(about, nil, nil))
		for _, f := range fields {
			if f.Formula != "" {
				obj.Slots[obj.Slot(f.Name)].Formula = strings.Split(f.Formula, ".")
			}
		}
		c.Touch(s.ledger.Clock.Now())
		return c.Put(obj)
	})
}

// RenameObject gives an object another name; its records and their Ids stay.
func (s *Schema) RenameObject(name, to string) error {
	return s.reshape(name, func(next *store.Object) error {
		next.About.Name, next.About.Label = to, halves.Text(describe.Label(to))
		return nil
	})
}

// DeleteObject removes an object with all its records.
func (s *Schema) DeleteObject(name string) error {
	return s.ledger.Reform(func(c *store.Catalog) error {
		obj, ok := c.Find(name)
		if !ok {
			return reply.NoObject(name)
		}
		c.Touch(s.ledger.Clock.Now())
		c.Drop(obj)
		return nil
	})
}

// AddField adds a field, empty in every record.
func (s *Schema) AddField(name string, field Field) error {
	if err := s.addField(name, field); err != nil {
		return err
	}
	return s.onPerson(name, field.Name, false, func(twin string) error {
		field.Name, field.ExternalID = twin, false
		if field.Formula != "" {
			field.Formula = "PersonContact." + field.Formula
		}
		return s.addField("Account", field)
	})
}

// onPerson does to the field of an Account what was done to one of Contact: in an org
// that has person accounts an Account shows each custom field of Contact, and nobody
// makes those by hand. there tells whether the Account must have that field already, or
// must not; data that was loaded may be otherwise, and stays as it is.
func (s *Schema) onPerson(object, field string, there bool, do func(twin string) error) error {
	stem, custom := strings.CutSuffix(field, "__c")
	account, ok := s.ledger.Store.Catalog().Find("Account")
	if !custom || !strings.EqualFold(object, "Contact") || !ok || account.Slot("PersonContactId") < 0 ||
		account.Slot(stem+"__pc") >= 0 != there {
		return nil
	}
	return do(stem + "__pc")
}

func (s *Schema) addField(name string, field Field) error {
	return s.reshape(name, func(next *store.Object) error {
		for _, f := range field.slots() {
			if next.Slot(f.Name) >= 0 {
				return reply.Bad("DUPLICATE_DEVELOPER_NAME", "%s has a field %s already", next.Name(), f.Name)
			}
			next.Slots = append(next.Slots, f)
		}
		return nil
	})
}

// RenameField gives a field another name; its values stay.
func (s *Schema) RenameField(object, field, to string) error {
	if err := s.renameField(object, field, to); err != nil {
		return err
	}
	return s.onPerson(object, field, true, func(twin string) error {
		return s.renameField("Account", twin, strings.TrimSuffix(to, "__c")+"__pc")
	})
}

func (s *Schema) renameField(object, field, to string) error {
	return s.refield(object, field, func(f *store.Slot) {
		f.Name, f.Label = to, halves.Text(describe.Label(to))
		if f.Type == "reference" {
			f.RelationshipName = describe.NewLookup(to).RelationshipName
		}
	})
}

// redescribe has a field of that name described otherwise; its values stay as they
// are written.
func (s *Schema) redescribe(object string, to *describe.Field) error {
	return s.refield(object, to.Name, func(f *store.Slot) { f.Field = to })
}

// DeleteField removes a field with its values.
func (s *Schema) DeleteField(object, field string) error {
	remove := func(f *store.Slot) { f.Deleted = true }
	if err := s.refield(object, field, remove); err != nil {
		return err
	}
	return s.onPerson(object, field, true, func(twin string) error { return s.refield("Account", twin, remove) })
}

// HideField takes a field out of the user's sight, as field-level security
// does: it is absent from describe, and unknown in a query. Describe's
// Last-Modified doesn't tell of it.
func (s *Schema) HideField(object, field string) error { return s.curtain(object, field, true) }

// ShowField lets the user see a hidden field again.
func (s *Schema) ShowField(object, field string) error { return s.curtain(object, field, false) }

// HideObject takes an object out of the user's sight.
func (s *Schema) HideObject(name string) error { return s.curtain(name, "", true) }

// ShowObject lets the user see a hidden object again.
func (s *Schema) ShowObject(name string) error { return s.curtain(name, "", false) }

// curtain hides or shows a field, or the object where none is named.
func (s *Schema) curtain(name, field string, hidden bool) error {
	return s.alter(name, func(_ *store.Catalog, next *store.Object) error {
		if field == "" {
			next.Hidden = hidden
			return nil
		}
		at := next.Slot(field)
		if at < 0 {
			return next.NoColumn(field)
		}
		next.Slots[at].Hidden = hidden
		return nil
	})
}

// refield alters a copy of one field.
func (s *Schema) refield(name, field string, do func(*store.Slot)) error {
	return s.reshape(name, func(next *store.Object) error {
		at := next.Slot(field)
		if at < 0 {
			return next.NoColumn(field)
		}
		about := *next.Slots[at].Field
		next.Slots[at].Field = &about
		do(&next.Slots[at])
		return nil
	})
}

// reshape alters an object, and says so in describe's Last-Modified.
func (s *Schema) reshape(name string, do func(next *store.Object) error) error {
	return s.alter(name, func(c *store.Catalog, next *store.Object) error {
		c.Touch(s.ledger.Clock.Now())
		return do(next)
	})
}

// alter puts an altered copy of an object in its place.
func (s *Schema) alter(name string, do func(c *store.Catalog, next *store.Object) error) error {
	return s.ledger.Reform(func(c *store.Catalog) error {
		obj, ok := c.Find(name)
		if !ok {
			return reply.NoObject(name)
		}
		var err error
		next := obj.Altered(func(next *store.Object) { err = do(c, next) })
		if err != nil {
			return err
		}
		return c.Put(next)
	})
}

// TrackHistory keeps the history of an object's fields, as field history
// tracking does: every update of one of them adds a record to AccountHistory,
// Invoice__History, and so on.
func (s *Schema) TrackHistory(name string, fields ...string) error {
	return s.ledger.Reform(func(c *store.Catalog) error { return change.TrackHistory(c, name, fields) })
}
