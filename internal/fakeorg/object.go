package fakeorg

import (
	"net/http"
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
	archived, master                                     int
}

// A slot is where the values of a field are kept. It stays when the field is
// hidden or deleted, so that positions never move.
type slot struct {
	*fieldDescribe
	hidden, deleted bool
	formula         []string // the lookups and, last, the field whose value it shows
}

// An object is one kind of record: its description, its base and what changed
// since. It is never altered: a change of the schema makes another that shares
// base and history. History is guarded by Org.mu.
type object struct {
	about    *objectDescribe // as the user sees it
	slots    []slot          // by position
	born     int             // slots that the base knows; younger ones begin empty
	hidden   bool            // from the user
	tracked  []string        // fields whose history is kept,
	trackLog string          // and the object that keeps it
	entity   *soql.Entity
	places   map[string]int // position by the field's name, and by it in lower case; of what the user sees
	sys      system
	base     source
	sorted   bool // the Ids of records created later come behind those of the base
	history  *history
}

func newObject(about *objectDescribe, base source) *object {
	o := &object{about: about, base: base, born: len(about.Fields), history: &history{}}
	for _, f := range about.Fields {
		o.slots = append(o.slots, slot{fieldDescribe: f})
	}
	o.shape()
	o.sorted = base.count() == 0 ||
		string(base.appendValue(nil, base.count()-1, o.sys.id)) < makeID(o.prefix(), base.lastNumber()+1)
	return o
}

// altered copies the object, changed by do.
func (o *object) altered(do func(*object)) *object {
	next, about := *o, *o.about
	next.about, next.slots = &about, slices.Clone(o.slots)
	do(&next)
	next.shape()
	return &next
}

// shape works out what follows from the slots.
func (o *object) shape() {
	o.places, o.entity = map[string]int{}, &soql.Entity{Name: o.about.Name}
	o.about.Fields = nil
	for i, s := range o.slots {
		if !s.hidden && !s.deleted {
			o.about.Fields = append(o.about.Fields, s.fieldDescribe)
			o.entity.Fields = append(o.entity.Fields, soqlField(s.fieldDescribe))
			o.places[s.Name], o.places[strings.ToLower(s.Name)] = i, i
		}
	}
	o.sys = system{
		id: o.slot("Id"), deleted: o.slot("IsDeleted"), name: o.slot("Name"),
		first: o.slot("FirstName"), last: o.slot("LastName"),
		created: o.slot("CreatedDate"), createdBy: o.slot("CreatedById"),
		modified: o.slot("LastModifiedDate"), modifiedBy: o.slot("LastModifiedById"),
		stamp: o.slot("SystemModstamp"), own: o.slot("OwnerId"),
		archived: o.slot("IsArchived"), master: o.slot("MasterRecordId"),
	}
	o.sys.shown = slices.IndexFunc(o.slots, func(s slot) bool { return s.NameField && !s.deleted })
}

// slot returns the position of a field that isn't deleted, whether the user
// sees it or not, or -1.
func (o *object) slot(field string) int {
	return slices.IndexFunc(o.slots, func(s slot) bool { return !s.deleted && strings.EqualFold(s.Name, field) })
}

// valueOf is what a changed record holds at a position: records older than a
// field don't know it.
func (o *object) valueOf(r *record, field int) string {
	if field < len(r.values) {
		return r.values[field]
	}
	return o.blank(field)
}

// blank is what a field holds that nobody has filled.
func (o *object) blank(field int) string {
	if o.slots[field].Type == "boolean" {
		return "false"
	}
	return ""
}

func soqlField(f *fieldDescribe) soql.Field {
	field := soql.Field{
		Name: f.Name, Type: f.Type, Custom: f.Custom,
		Filterable: f.Filterable, Sortable: f.Sortable, Groupable: f.Groupable, Aggregatable: f.Aggregatable,
		ReferenceTo: f.ReferenceTo,
	}
	for _, v := range f.PicklistValues {
		if v.Label != v.Value && v.Label != "" {
			if field.Labels == nil {
				field.Labels = map[string]string{}
			}
			field.Labels[v.Value] = v.Label
		}
	}
	if f.RelationshipName != nil {
		field.Relationship = *f.RelationshipName
	}
	return field
}

// place returns the position of a field that the user sees, or -1.
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
	return slices.IndexFunc(o.slots, func(s slot) bool {
		return !s.deleted && s.Type == "reference" && s.RelationshipName != nil && *s.RelationshipName == relationship
	})
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

// keyField returns the position of a field that records can be found by: the
// Id, an external Id, or one that describe calls an idLookup; or -1.
func (o *object) keyField(name string) int {
	at := o.place(name)
	if at < 0 || !o.slots[at].ExternalId && !o.slots[at].IDLookup && at != o.sys.id {
		return -1
	}
	return at
}

// noColumn is the answer for a field that the user doesn't see.
func (o *object) noColumn(field string) error {
	return refuse(http.StatusBadRequest, "INVALID_FIELD", "No such column '%s' on sobject of type %s", field, o.name())
}
