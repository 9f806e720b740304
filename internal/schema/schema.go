// Package schema says what a Salesforce object is made of, and gives each
// value one canonical text.
//
// It knows nothing of HTTP, of SQL or of CSV. Describe answers decode into
// Object as they are (REST API guide, "sObject Describe").
package schema

import "strings"

// An Object is one Salesforce object as describe tells it to this user.
// A field that the user may not see is absent, not marked.
type Object struct {
	Name          string  `json:"name"`
	Label         string  `json:"label"`
	KeyPrefix     string  `json:"keyPrefix"`
	Custom        bool    `json:"custom"`
	CustomSetting bool    `json:"customSetting"`
	Queryable     bool    `json:"queryable"`
	Replicateable bool    `json:"replicateable"`
	Retrieveable  bool    `json:"retrieveable"`
	Updateable    bool    `json:"updateable"`
	Deprecated    bool    `json:"deprecatedAndHidden"`
	Fields        []Field `json:"fields"`
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

// Field finds a field by name; Salesforce's names know no case.
func (o *Object) Field(name string) (Field, bool) {
	for _, f := range o.Fields {
		if strings.EqualFold(f.Name, name) {
			return f, true
		}
	}
	return Field{}, false
}

// A Type is a field type by the name that describe gives it.
type Type string

// The field types of describe (Object Reference, "Field Types").
const (
	ID              Type = "id"
	Reference       Type = "reference"
	String          Type = "string"
	TextArea        Type = "textarea"
	Email           Type = "email"
	Phone           Type = "phone"
	URL             Type = "url"
	Picklist        Type = "picklist"
	MultiPicklist   Type = "multipicklist"
	Combobox        Type = "combobox"
	EncryptedString Type = "encryptedstring"
	AnyType         Type = "anyType"
	ComplexValue    Type = "complexvalue"
	DataCategory    Type = "datacategorygroupreference"
	MasterRecord    Type = "masterrecord"
	Boolean         Type = "boolean"
	Int             Type = "int"
	Long            Type = "long"
	Double          Type = "double"
	Currency        Type = "currency"
	Percent         Type = "percent"
	Date            Type = "date"
	DateTime        Type = "datetime"
	Time            Type = "time"
	Base64          Type = "base64"
	Address         Type = "address"
	Location        Type = "location"
	JSON            Type = "json"
)

// Decimal tells whether values of t are decimals, which may carry more
// fraction digits than describe declares (help 000387302).
func (t Type) Decimal() bool { return t == Double || t == Currency || t == Percent }

// Compound tells whether values of t are put together from other fields.
func (t Type) Compound() bool { return t == Address || t == Location }

// InBulk tells whether a Bulk query can select fields of t: compound, binary
// and structured ones it refuses (Bulk API 2.0 guide, "SOQL Considerations").
func (t Type) InBulk() bool {
	switch t {
	case Base64, Address, Location, JSON, ComplexValue:
		return false
	}
	return true
}
