package schema

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

// A form is how the values of a type are written.
type form string

// The forms.
const (
	free     form = "" // any text; it is kept as it came
	whole    form = "whole number"
	decimal  form = "decimal"
	boolean  form = "boolean"
	date     form = "date"
	dateTime form = "date and time"
	clock    form = "time of day"
)

// traits is what is known of a type.
type traits struct {
	of       Type
	form     form
	apart    bool // a Bulk query can't select it (Bulk API 2.0 guide, "SOQL Considerations")
	compound bool // it is put together from other fields
}

// traits finds the line of a type in the table of them. A type without a line
// is a text that Bulk carries, and so is one that Salesforce adds some day.
func (t Type) traits() traits {
	for _, line := range [...]traits{
		{of: Boolean, form: boolean},
		{of: Int, form: whole},
		{of: Long, form: whole},
		{of: Double, form: decimal},
		{of: Currency, form: decimal},
		{of: Percent, form: decimal},
		{of: Date, form: date},
		{of: DateTime, form: dateTime},
		{of: Time, form: clock},
		{of: Base64, apart: true},
		{of: Address, apart: true, compound: true},
		{of: Location, apart: true, compound: true},
		{of: JSON, apart: true},
		{of: ComplexValue, apart: true},
	} {
		if line.of == t {
			return line
		}
	}
	return traits{of: t}
}

// Text tells whether a value of t may be any text.
func (t Type) Text() bool { return t.traits().form == free }

// Number tells whether values of t are numbers.
func (t Type) Number() bool { return t.traits().form == whole || t.Decimal() }

// Decimal tells whether values of t are decimals, which may carry more
// fraction digits than describe declares (help 000387302).
func (t Type) Decimal() bool { return t.traits().form == decimal }

// Compound tells whether values of t are put together from other fields.
func (t Type) Compound() bool { return t.traits().compound }

// InBulk tells whether a Bulk query can select fields of t: compound, binary
// and structured ones it refuses.
func (t Type) InBulk() bool { return !t.traits().apart }
