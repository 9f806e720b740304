package store

import (
	"slices"
	"strings"

	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/soql"
)

// A Source is the records that an object was born with. It never changes, and
// its records are in the order of their Ids.
type Source interface {
	// Count returns how many there are.
	Count() int
	// AppendValue writes the canonical text of a field of record n: nothing
	// for null.
	AppendValue(dst []byte, n, field int) []byte
	// Find returns which record has this Id of 18 characters, or -1.
	Find(id string) int
	// Newest is a time that no record's SystemModstamp is later than.
	Newest() string
	// LastNumber is the highest number in an Id; records created later go on
	// from there.
	LastNumber() int
}

// System holds where an object keeps the fields that the org itself fills; -1
// for one that it doesn't have.
type System struct {
	ID, Deleted, name, First, Last                       int
	Shown                                                int // the field that a record is known by: Name, CaseNumber
	Created, CreatedBy, Modified, ModifiedBy, Stamp, Own int
	archived, Master                                     int
}

// A Slot is where the values of a field are kept. It stays when the field is
// hidden or deleted, so that positions never move.
type Slot struct {
	*describe.Field
	Hidden, Deleted bool
	Formula         []string // the lookups and, last, the field whose value it shows
}

// An Object is one kind of record: its description, its base and what changed
// since. It is never altered: a change of the schema makes another that shares
// base and history. History is guarded by the store's mu.
type Object struct {
	About    *describe.Object // as the user sees it
	Slots    []Slot           // by position
	born     int              // slots that the base knows; younger ones begin empty
	Hidden   bool             // from the user
	Tracked  []string         // fields whose history is kept,
	TrackLog string           // and the object that keeps it
	Entity   *soql.Entity
	places   map[string]int // position by the field's name, and by it in lower case; of what the user sees
	Sys      System
	Base     Source
	Sorted   bool // the Ids of records created later come behind those of the base
	history  *history
}

// NewObject makes an Object that is born with the records of a base.
func NewObject(about *describe.Object, base Source) *Object {
	o := &Object{About: about, Base: base, born: len(about.Fields), history: &history{}}
	for _, f := range about.Fields {
		o.Slots = append(o.Slots, Slot{Field: f})
	}
	o.shape()
	o.Sorted = base.Count() == 0 ||
		string(base.AppendValue(nil, base.Count()-1, o.Sys.ID)) < recordid.New(o.Prefix(), base.LastNumber()+1)
	return o
}

// Altered copies the object, changed by do.
func (o *Object) Altered(do func(*Object)) *Object {
	next, about := *o, *o.About
	next.About, next.Slots = &about, slices.Clone(o.Slots)
	do(&next)
	next.shape()
	return &next
}

// shape works out what follows from the slots.
func (o *Object) shape() {
	o.places, o.Entity = map[string]int{}, &soql.Entity{Name: o.About.Name}
	o.About.Fields = nil
	for i, s := range o.Slots {
		if !s.Hidden && !s.Deleted {
			o.About.Fields = append(o.About.Fields, s.Field)
			o.Entity.Fields = append(o.Entity.Fields, soqlField(s.Field))
			o.places[s.Name], o.places[strings.ToLower(s.Name)] = i, i
		}
	}
	o.Sys = System{
		ID: o.Slot("Id"), Deleted: o.Slot("IsDeleted"), name: o.Slot("Name"),
		First: o.Slot("FirstName"), Last: o.Slot("LastName"),
		Created: o.Slot("CreatedDate"), CreatedBy: o.Slot("CreatedById"),
		Modified: o.Slot("LastModifiedDate"), ModifiedBy: o.Slot("LastModifiedById"),
		Stamp: o.Slot("SystemModstamp"), Own: o.Slot("OwnerId"),
		archived: o.Slot("IsArchived"), Master: o.Slot("MasterRecordId"),
	}
	o.Sys.Shown = slices.IndexFunc(o.Slots, func(s Slot) bool { return s.NameField && !s.Deleted })
}

// Slot returns the position of a field that isn't deleted, whether the user
// sees it or not, or -1.
func (o *Object) Slot(field string) int {
	return slices.IndexFunc(o.Slots, func(s Slot) bool { return !s.Deleted && strings.EqualFold(s.Name, field) })
}

// valueOf is what a changed record holds at a position: records older than a
// field don't know it.
func (o *Object) valueOf(r *Record, field int) string {
	if field < len(r.Values) {
		return r.Values[field]
	}
	return o.Blank(field)
}

// Blank is what a field holds that nobody has filled.
func (o *Object) Blank(field int) string {
	if o.Slots[field].Type == "boolean" {
		return "false"
	}
	return ""
}

func soqlField(f *describe.Field) soql.Field {
	field := soql.Field{
		Name: f.Name, Type: f.Type, Custom: f.Custom,
		Filterable: f.Filterable, Sortable: f.Sortable, Groupable: f.Groupable, Aggregatable: f.Aggregatable,
		ReferenceTo: f.ReferenceTo,
	}
	for _, v := range f.PicklistValues {
		if label := string(v.Label); label != v.Value && label != "" {
			if field.Labels == nil {
				field.Labels = map[string]string{}
			}
			field.Labels[v.Value] = label
		}
	}
	if f.RelationshipName != nil {
		field.Relationship = *f.RelationshipName
	}
	return field
}

// Place returns the position of a field that the user sees, or -1.
func (o *Object) Place(field string) int {
	if i, ok := o.places[field]; ok {
		return i
	}
	if i, ok := o.places[strings.ToLower(field)]; ok {
		return i
	}
	return -1
}

// LookupOf returns the position of the lookup that a relationship name
// belongs to, or -1.
func (o *Object) LookupOf(relationship string) int {
	return slices.IndexFunc(o.Slots, func(s Slot) bool {
		return !s.Deleted && s.Type == "reference" && s.RelationshipName != nil && *s.RelationshipName == relationship
	})
}

// Name is what the object is called now.
func (o *Object) Name() string { return o.About.Name }

// Prefix is the first three characters of the object's Ids; empty for objects
// that have none.
func (o *Object) Prefix() string {
	if o.About.KeyPrefix == nil {
		return ""
	}
	return *o.About.KeyPrefix
}

// number returns the place of a record in the object: first the base, then the
// records created since; -1 where there is none. the store's mu is held.
func (o *Object) number(id string) int {
	if n := o.Base.Find(id); n >= 0 {
		return n
	}
	number, ok := recordid.Number(id, o.Prefix())
	n := number - o.Base.LastNumber() - 1
	if !ok || n < 0 || n >= o.history.created {
		return -1
	}
	return o.Base.Count() + n
}

// nextID is the Id that the next created record gets. the store's mu is held.
func (o *Object) nextID() string {
	return recordid.New(o.Prefix(), o.Base.LastNumber()+1+o.history.created)
}

// KeyField returns the position of a field that records can be found by: the
// Id, an external Id, or one that describe calls an idLookup; or -1.
func (o *Object) KeyField(name string) int {
	at := o.Place(name)
	if at < 0 || !o.Slots[at].ExternalId && !o.Slots[at].IDLookup && at != o.Sys.ID {
		return -1
	}
	return at
}

// NoColumn is the answer for a field that the user doesn't see.
func (o *Object) NoColumn(field string) error {
	return reply.Bad("INVALID_FIELD", "No such column '%s' on sobject of type %s", field, o.Name())
}
