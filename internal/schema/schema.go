// Package schema says what a Salesforce object is made of, and gives each
// value one canonical text.
//
// It knows nothing of HTTP, of SQL or of CSV. Describe answers decode into
// Object as they are (REST API guide, "sObject Describe").
package schema

import (
	"strings"

	"catchment/internal/schema/kin"
)

// An Object is one Salesforce object as describe tells it to this user.
// A field that the user may not see is absent, not marked.
type Object struct {
	Name          string      `json:"name"`
	Label         string      `json:"label"`
	KeyPrefix     string      `json:"keyPrefix"`
	Custom        bool        `json:"custom"`
	CustomSetting bool        `json:"customSetting"`
	Queryable     bool        `json:"queryable"`
	Replicateable bool        `json:"replicateable"`
	Retrieveable  bool        `json:"retrieveable"`
	Createable    bool        `json:"createable"`
	Updateable    bool        `json:"updateable"`
	Undeletable   bool        `json:"undeletable"`
	Deprecated    bool        `json:"deprecatedAndHidden"`
	Deletable     bool        `json:"deletable"`
	Fields        []Field     `json:"fields"`
	Children      []kin.Child `json:"childRelationships"` // only where they were asked for
}

// A Field is one field of an object.
type Field struct {
	Name             string          `json:"name"`
	Label            string          `json:"label"`
	Type             Type            `json:"type"`
	Length           int             `json:"length"`
	Precision        int             `json:"precision"`
	Scale            int             `json:"scale"`
	Digits           int             `json:"digits"`
	Nillable         bool            `json:"nillable"`
	Calculated       bool            `json:"calculated"`
	Createable       bool            `json:"createable"` // it may be given to a new record
	Updateable       bool            `json:"updateable"`
	AutoNumber       bool            `json:"autoNumber"`
	Unique           bool            `json:"unique"`
	ExternalID       bool            `json:"externalId"`
	Defaulted        bool            `json:"defaultedOnCreate"` // a new record has a value where none is given
	Custom           bool            `json:"custom"`
	Filterable       bool            `json:"filterable"`
	Encrypted        bool            `json:"encrypted"`
	CompoundField    string          `json:"compoundFieldName"`
	ReferenceTo      []string        `json:"referenceTo"`
	RelationshipName string          `json:"relationshipName"`
	PicklistValues   []PicklistValue `json:"picklistValues"`
}

// A PicklistValue is one choice of a picklist.
type PicklistValue struct {
	Value   string `json:"value"`
	Label   string `json:"label"`
	Active  bool   `json:"active"`
	Default bool   `json:"defaultValue"`
}

// Field finds a field by name; Salesforce's names know no case. Who looks for many makes
// an Index.
func (o *Object) Field(name string) (Field, bool) {
	for i := range o.Fields {
		if strings.EqualFold(o.Fields[i].Name, name) {
			return o.Fields[i], true
		}
	}
	return Field{}, false
}

// An Index finds the fields of an object by name, each at once.
type Index struct {
	fields []Field
	places map[string]int // by the name in small letters
}

// Index makes one of the fields as they are now.
func (o *Object) Index() Index {
	x := Index{o.Fields, make(map[string]int, len(o.Fields))}
	for i := range o.Fields {
		name := strings.ToLower(o.Fields[i].Name)
		if _, twice := x.places[name]; !twice {
			x.places[name] = i
		}
	}
	return x
}

// Field finds a field by name, as Object.Field does.
func (x Index) Field(name string) (Field, bool) {
	i, ok := x.places[strings.ToLower(name)]
	if !ok {
		return Field{}, false
	}
	return x.fields[i], true
}
