package fakeorg

import (
	"slices"
	"strings"

	"catchment/internal/fakeorg/soql"
)

// A source is the records that an object was born with. It never changes, and
// its records are in the order of their Ids.
type source interface {
	count() int
	// appendValue writes the canonical text of a field of record n: nothing
	// for null.
	appendValue(dst []byte, n, field int) []byte
	// find returns which record has this Id of 18 characters, or -1.
	find(id string) int
	// newest is a time that no record's SystemModstamp is later than.
	newest() string
	// lastNumber is the highest number in an Id; records created later go on
	// from there.
	lastNumber() int
}

// system holds where an object keeps the fields that the org itself fills; -1
// for one that it doesn't have.
type system struct {
	id, deleted, name, first, last                       int
	shown                                                int // the field that a record is known by: Name, CaseNumber
	created, createdBy, modified, modifiedBy, stamp, own int
}

// An object is one kind of record: its description, its base and what changed
// since. The description is fixed; history is guarded by Org.mu.
type object struct {
	about   *objectDescribe
	entity  *soql.Entity
	places  map[string]int // position by the field's name, and by it in lower case
	sys     system
	base    source
	sorted  bool // the Ids of records created later come behind those of the base
	history history
}

func newObject(about *objectDescribe, base source) *object {
	o := &object{about: about, base: base, places: map[string]int{}}
	o.entity = &soql.Entity{Name: about.Name}
	for i, f := range about.Fields {
		o.places[f.Name] = i
		o.places[strings.ToLower(f.Name)] = i
		o.entity.Fields = append(o.entity.Fields, soqlField(f))
	}
	o.sys = system{
		id: o.place("Id"), deleted: o.place("IsDeleted"), name: o.place("Name"),
		first: o.place("FirstName"), last: o.place("LastName"),
		created: o.place("CreatedDate"), createdBy: o.place("CreatedById"),
		modified: o.place("LastModifiedDate"), modifiedBy: o.place("LastModifiedById"),
		stamp: o.place("SystemModstamp"), own: o.place("OwnerId"),
	}
	o.sys.shown = slices.IndexFunc(about.Fields, func(f *fieldDescribe) bool { return f.NameField })
	o.sorted = base.count() == 0 ||
		string(base.appendValue(nil, base.count()-1, o.sys.id)) < makeID(o.prefix(), base.lastNumber()+1)
	return o
}

func soqlField(f *fieldDescribe) soql.Field {
	field := soql.Field{
		Name: f.Name, Type: f.Type, Custom: f.Custom,
		Filterable: f.Filterable, Sortable: f.Sortable, ReferenceTo: f.ReferenceTo,
	}
	if f.RelationshipName != nil {
		field.Relationship = *f.RelationshipName
	}
	return field
}

// place returns the position of a field, or -1.
func (o *object) place(field string) int {
	if i, ok := o.places[field]; ok {
		return i
	}
	if i, ok := o.places[strings.ToLower(field)]; ok {
		return i
	}
	return -1
}

// lookupOf returns the position of the lookup that a relationship name
// belongs to, or -1.
func (o *object) lookupOf(relationship string) int {
	for i := range o.entity.Fields {
		if f := &o.entity.Fields[i]; f.Relationship == relationship && f.Type == "reference" {
			return i
		}
	}
	return -1
}

func (o *object) name() string { return o.about.Name }

// prefix is the first three characters of the object's Ids; empty for objects
// that have none.
func (o *object) prefix() string {
	if o.about.KeyPrefix == nil {
		return ""
	}
	return *o.about.KeyPrefix
}

// number returns the place of a record in the object: first the base, then the
// records created since; -1 where there is none. Org.mu is held.
func (o *object) number(id string) int {
	if n := o.base.find(id); n >= 0 {
		return n
	}
	number, ok := idNumber(id, o.prefix())
	n := number - o.base.lastNumber() - 1
	if !ok || n < 0 || n >= o.history.created {
		return -1
	}
	return o.base.count() + n
}

// nextID is the Id that the next created record gets. Org.mu is held.
func (o *object) nextID() string {
	return makeID(o.prefix(), o.base.lastNumber()+1+o.history.created)
}
