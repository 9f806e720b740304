// Package events makes change events of what the org commits, as Change Data Capture does, and keeps them for as long
// as Salesforce does: a [Bus] has the events, a [Schema] says how those of an entity are written. Who subscribes to
// them and how is the affair of fakeorg/pubsub.
//
// It is a reading of the Change Data Capture Developer Guide (v66) of its own, and shares no code with the client that
// it is for.
package events

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"catchment/internal/fakeorg/store"
)

// A Schema is how the events of an entity are written, as of one description of its object.
type Schema struct {
	ID   string // a hash of JSON
	JSON string // in Avro's terms

	fields  []field  // in the order of Avro's; the header stands before them, at position 0
	holders []holder // in the same order
}

// A field is one of an event's own, behind the header. A compound one has parts; one that shows two kinds of records,
// as Account.Name does, is a text or has parts.
type field struct {
	name  string
	kind  kind
	slot  int // where the object keeps its value; -1 for what has parts alone
	parts []part
	named string // the Avro name of its parts as a whole
	note  string // what Salesforce calls its type, in doc
}

// A part is a component of a compound field.
type part struct {
	name string
	kind kind
	slot int // -1 where the object has none such
}

// place is where a value stands in an event: a field, and a part of it or -1.
type place struct{ field, part int }

// A holder is a slot of the object and where an event has its value.
type holder struct {
	place
	slot    int
	contact bool // the field is that of a person's Contact, which the Account shows
}

// isOwn tells whether the events of an entity have a field at all: neither what tells of the record's state, nor what
// is derived from other records ("Change Event Message Structure"). The Id stands in the header.
func isOwn(s store.Slot) bool {
	derived := []string{
		"Id", "IsDeleted", "SystemModstamp", "LastActivityDate", "LastViewedDate", "LastReferencedDate", "PhotoUrl",
	}
	return !s.Deleted && s.Formula == nil && !s.Calculated && s.Type != "base64" && !slices.Contains(derived, s.Name)
}

// newSchema makes the schema of an object as it is described now. It has the fields that the user doesn't see too.
func newSchema(obj *store.Object) *Schema {
	s := &Schema{}
	for at, slot := range obj.Slots {
		if !isOwn(slot) || isPart(obj, slot) {
			continue
		}
		s.fields = append(s.fields, newField(obj, at, slot))
	}
	s.holders = holdersOf(obj, s.fields)
	s.JSON = s.avro(Channel(obj.Name()))
	sum := sha256.Sum256([]byte(s.JSON))
	s.ID = base64.RawURLEncoding.EncodeToString(sum[:16])
	return s
}

// isPart tells whether a field shows inside of another.
func isPart(obj *store.Object, slot store.Slot) bool {
	if slot.CompoundFieldName == nil || *slot.CompoundFieldName == slot.Name {
		return isPersonName(obj, slot.Name)
	}
	return obj.Slot(*slot.CompoundFieldName) >= 0
}

// personName are the parts of a name that people have.
func personName() []string {
	return []string{"Salutation", "FirstName", "LastName", "MiddleName", "Suffix"}
}

// isPersonName tells whether a field of Account is a part of a person's name.
func isPersonName(obj *store.Object, name string) bool {
	return obj.Name() == "Account" && slices.Contains(personName(), name)
}

func newField(obj *store.Object, at int, slot store.Slot) field {
	f := field{name: slot.Name, kind: kindOf(slot.Type), slot: at, note: noteOf(slot)}
	switch {
	case slot.Type == "address":
		f.slot, f.named, f.note = -1, "Address", "Data:Address"
		for _, name := range addressParts(obj) {
			f.parts = append(f.parts, newPart(obj, slot.Name, name))
		}
	case slot.Type == "location":
		f.slot, f.named, f.note = -1, "Location", "Data:Location"
		f.parts = []part{newPart(obj, slot.Name, "Latitude"), newPart(obj, slot.Name, "Longitude")}
	case slot.Name == "Name" && obj.Name() == "Account":
		f.named, f.note = "Switchable_PersonName", "Data:Switchable_PersonName"
		f.parts = namesOf(obj, true)
	case slot.Name == "Name" && len(namesOf(obj, false)) > 0:
		f.slot, f.named, f.note = -1, "PersonName", "Data:PersonName"
		f.parts = namesOf(obj, false)
	}
	return f
}

// namesOf are the parts of a name that the object has as such: three of them in any case where all is set.
func namesOf(obj *store.Object, all bool) []part {
	var parts []part
	for i, name := range personName() {
		at := obj.Slot(name)
		if at >= 0 && (all || isPart(obj, obj.Slots[at])) || all && i < 3 {
			parts = append(parts, part{name, text, at})
		}
	}
	return parts
}

// addressParts are the components of the object's addresses: all have the same, since all are of one Avro type.
func addressParts(obj *store.Object) []string {
	parts := []string{"Street", "City", "State", "PostalCode", "Country"}
	for _, code := range []string{"StateCode", "CountryCode"} {
		if slices.ContainsFunc(obj.Slots, func(s store.Slot) bool {
			return !s.Deleted && s.CompoundFieldName != nil && strings.HasSuffix(s.Name, code)
		}) {
			parts = append(parts, code)
		}
	}
	return append(parts, "Latitude", "Longitude", "GeocodeAccuracy")
}

// newPart finds the field of an object that is a component of a compound one: BillingStreet of BillingAddress,
// Site__Latitude__s of Site__c.
func newPart(obj *store.Object, compound, name string) part {
	p := part{name: name, kind: text, slot: -1}
	if name == "Latitude" || name == "Longitude" {
		p.kind = double
	}
	for at, s := range obj.Slots {
		if s.Deleted || s.CompoundFieldName == nil || *s.CompoundFieldName != compound {
			continue
		}
		if s.Name == strings.TrimSuffix(compound, "Address")+name ||
			s.Name == strings.TrimSuffix(compound, "__c")+"__"+name+"__s" {
			p.slot = at
		}
	}
	return p
}

// holdersOf finds where the values of an object's fields stand.
func holdersOf(obj *store.Object, fields []field) []holder {
	var all []holder
	add := func(at place, slot int) {
		if slot >= 0 {
			all = append(all, holder{at, slot, isContacts(obj, obj.Slots[slot].Name)})
		}
	}
	for i, f := range fields {
		add(place{i, -1}, f.slot)
		for j, p := range f.parts {
			add(place{i, j}, p.slot)
		}
	}
	return all
}

// isContacts tells whether a field of Account is that of a person's Contact.
func isContacts(obj *store.Object, name string) bool {
	return obj.Name() == "Account" && (strings.HasPrefix(name, "Person") || strings.HasSuffix(name, "__pc"))
}

// Avro's own JSON, as far as it is needed here.
type (
	avroField struct {
		Name string `json:"name"`
		Type any    `json:"type"`
		Doc  string `json:"doc,omitempty"`
		// Default is null where the field may be.
		Default *json.RawMessage `json:"default,omitempty"`
	}
	avroRecord struct {
		Name      string      `json:"name"`
		Namespace string      `json:"namespace,omitempty"`
		Type      string      `json:"type"`
		Fields    []avroField `json:"fields"`
	}
	avroArray struct {
		Type  string `json:"type"`
		Items string `json:"items"`
	}
	avroEnum struct {
		Type    string   `json:"type"`
		Name    string   `json:"name"`
		Symbols []string `json:"symbols"`
	}
)

// avro writes the schema in Avro's terms. A record is spelled out where it stands first, and named from then on.
func (s *Schema) avro(name string) string {
	null := json.RawMessage("null")
	seen := map[string]bool{}
	fields := []avroField{{Name: "ChangeEventHeader", Type: avroHeader()}}
	for _, f := range s.fields {
		kinds := []any{"null"}
		if f.slot >= 0 {
			kinds = append(kinds, f.kind.avro())
		}
		switch {
		case f.parts == nil:
		case seen[f.named]:
			kinds = append(kinds, f.named)
		default:
			seen[f.named] = true
			record := avroRecord{Name: f.named, Type: "record"}
			for _, p := range f.parts {
				record.Fields = append(record.Fields,
					avroField{Name: p.name, Type: []any{"null", p.kind.avro()}, Default: &null})
			}
			kinds = append(kinds, record)
		}
		fields = append(fields, avroField{Name: f.name, Type: kinds, Doc: f.note, Default: &null})
	}
	written, err := json.Marshal(avroRecord{
		Name: name, Namespace: "com.sforce.eventbus", Type: "record", Fields: fields,
	})
	if err != nil {
		panic(err) // texts, and lists of them
	}
	return string(written)
}

func avroHeader() avroRecord {
	list := avroArray{"array", "string"}
	return avroRecord{Name: "ChangeEventHeader", Type: "record", Fields: []avroField{
		{Name: "entityName", Type: "string"},
		{Name: "recordIds", Type: list},
		{Name: "changeType", Type: avroEnum{"enum", "ChangeType", changeTypes()}},
		{Name: "changeOrigin", Type: "string"},
		{Name: "transactionKey", Type: "string"},
		{Name: "sequenceNumber", Type: "int"},
		{Name: "commitTimestamp", Type: "long"},
		{Name: "commitNumber", Type: "long"},
		{Name: "commitUser", Type: "string"},
		{Name: "nulledFields", Type: list},
		{Name: "diffFields", Type: list},
		{Name: "changedFields", Type: list},
	}}
}
