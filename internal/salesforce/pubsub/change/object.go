package change

import (
	"strings"

	"catchment/internal/schema"
)

// An Object is what describe says of an object, made ready for decoding.
type Object struct {
	name   string
	fields schema.Index
	parts  map[string][]schema.Field // of compound fields, by their names in small letters
}

// Of makes an Object of a description.
func Of(described schema.Object) *Object {
	o := &Object{name: described.Name, fields: described.Index(), parts: map[string][]schema.Field{}}
	for _, f := range described.Fields {
		if f.CompoundField != "" && !strings.EqualFold(f.CompoundField, f.Name) {
			compound := strings.ToLower(f.CompoundField)
			o.parts[compound] = append(o.parts[compound], f)
		}
	}
	return o
}

// Topic is the channel of an object's change events, and of no other's.
func Topic(object string) string {
	if name, ok := strings.CutSuffix(object, "__c"); ok {
		return "/data/" + name + "__ChangeEvent"
	}
	return "/data/" + object + "ChangeEvent"
}

// part finds the field that is a part of a compound one. Events call it as it is called in there: the Street of
// BillingAddress is the field BillingStreet, the Latitude of Site__c is Site__Latitude__s, the FirstName of Name is
// FirstName. Describe says what belongs to what, and of those whose name ends so, the shortest is meant.
func (o *Object) part(compound, name string) (found schema.Field, ok bool) {
	for _, f := range o.parts[strings.ToLower(compound)] {
		known := strings.ToLower(strings.TrimSuffix(f.Name, "__s"))
		if strings.HasSuffix(known, strings.ToLower(name)) && (!ok || len(f.Name) < len(found.Name)) {
			found, ok = f, true
		}
	}
	return found, ok
}
