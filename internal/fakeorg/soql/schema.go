package soql

import "strings"

// A Schema says what objects there are.
type Schema interface {
	// Entity finds an object by its name, whatever the case.
	Entity(name string) (*Entity, bool)
	// Child finds what a relationship leads down to, whatever the case:
	// Contacts from Account.
	Child(parent *Entity, relationship string) (Relation, bool)
}

// A Relation is the way from an object to its children.
type Relation struct {
	Name   string  // the relationship in canonical case: Contacts
	Entity *Entity // of the children
	Lookup Field   // the field of a child that points to its parent
}

// An Entity is an object as describe gives it.
type Entity struct {
	Name   string
	Fields []Field
}

// A Field is a field as describe gives it.
type Field struct {
	Name         string
	Type         string // describe's: id, string, textarea, boolean, int, double, date, datetime, reference ...
	Custom       bool
	Filterable   bool
	Sortable     bool
	Groupable    bool
	Aggregatable bool
	Relationship string            // of a reference: Account for AccountId, Parent__r for Parent__c; "" for none
	ReferenceTo  []string          // of a reference: the objects it may point to
	Labels       map[string]string // of a picklist: the label of a value, where it is another text
}

// A Path is a field reached from the entity over zero or more relationships.
type Path struct {
	Names []string // in canonical case: Owner, Profile, Name
	Hops  []Hop
	Field Field

	slot int // of a group's value: its place
}

// String gives the path with its dots, as a column header shows it.
func (p *Path) String() string { return strings.Join(p.Names, ".") }

// A Hop is one relationship of a Path. After one that may lead to several, the field Type
// is the name of the object that it leads to.
type Hop struct {
	Field Field // the reference field, OwnerId for Owner
	// Targets are the names of the objects it may lead to; with more than one,
	// only the fields of Name can follow. TYPEOF leaves one of them.
	Targets []string
}

// nameEntity is the object Name, through which Salesforce shows the fields
// that the targets of a polymorphic relationship have in common.
func nameEntity() *Entity {
	e := &Entity{Name: "Name"}
	add := func(typ string, names ...string) {
		for _, n := range names {
			e.Fields = append(e.Fields,
				Field{Name: n, Type: typ, Filterable: true, Sortable: true, Groupable: true, Aggregatable: true})
		}
	}
	add("id", "Id")
	add("string", "Name", "FirstName", "LastName", "Title", "Username", "Alias")
	add("picklist", "Type")
	add("email", "Email")
	add("phone", "Phone")
	add("boolean", "IsActive")
	for _, target := range []string{"Profile", "UserRole", "RecordType"} {
		e.Fields = append(e.Fields, Field{Name: target + "Id", Type: "reference", Filterable: true, Sortable: true,
			Groupable: true, Aggregatable: true, Relationship: target, ReferenceTo: []string{target}})
	}
	return e
}
