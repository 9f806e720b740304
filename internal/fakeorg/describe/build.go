package describe

import (
	"strings"

	"catchment/internal/fakeorg/halves"
	"catchment/internal/fakeorg/recordid"
)

// NewField describes a field of a type as a fresh custom or standard field
// would be: everybody may read, filter and write it, and it may be null. size
// is the length of a text, or the digits before the comma of a number.
func NewField(name, typ string, size int) *Field {
	f := &Field{
		Name: name, Label: halves.Text(Label(name)), Type: typ, SoapType: soapType(typ),
		Custom: isCustom(name), NameField: name == "Name", Aggregatable: true,
		Filterable: true, Groupable: true, Sortable: true, Nillable: true, Permissionable: true,
		Createable: true, Updateable: true,
		PicklistValues: []Choice{}, ReferenceTo: []string{},
	}
	switch typ {
	case "string", "textarea", "picklist", "multipicklist", "phone", "url", "email":
		f.Length, f.ByteLength = size, 3*size
	case "id", "reference":
		f.Length, f.ByteLength = recordid.Long, recordid.Long
	case "double", "currency", "percent":
		f.Precision, f.Groupable = size, false
	case "int":
		f.Digits = size
	case "boolean":
		f.Nillable, f.DefaultedOnCreate, f.Aggregatable = false, true, false
	case "datetime":
		f.Groupable = false
	case "address", "location":
		f.Aggregatable, f.Groupable, f.Sortable, f.QueryByDistance = false, false, false, true
		f.Createable, f.Updateable = false, false
	}
	if typ == "textarea" && size > 255 {
		f.Filterable, f.Sortable, f.Groupable, f.Aggregatable = false, false, false, false
	}
	return f
}

// isCustom tells whether somebody added a field: to the object itself, or to the Contact
// of a person account, which shows on the Account.
func isCustom(name string) bool {
	return strings.HasSuffix(name, "__c") || strings.HasSuffix(name, "__pc")
}

func soapType(typ string) string {
	switch typ {
	case "id", "reference":
		return "tns:ID"
	case "boolean", "int", "double", "date", "time":
		return "xsd:" + typ
	case "currency", "percent":
		return "xsd:double"
	case "datetime":
		return "xsd:dateTime"
	case "address", "location":
		return "urn:" + typ
	case "base64":
		return "xsd:base64Binary"
	}
	return "xsd:string"
}

// Label turns BillingCity and Due_Date__c into words.
func Label(name string) string {
	name = strings.TrimSuffix(strings.TrimSuffix(name, "__c"), "__pc")
	if at := strings.LastIndex(name, "__"); at >= 0 {
		name = name[at+2:]
	}
	var label strings.Builder
	for i, c := range name {
		capital := c >= 'A' && c <= 'Z'
		switch {
		case c == '_':
			label.WriteByte(' ')
			continue
		case capital && i > 0 && name[i-1] >= 'a' && name[i-1] <= 'z':
			label.WriteByte(' ')
		}
		label.WriteRune(c)
	}
	return label.String()
}

// Required makes a field one that can't be null and isn't filled by itself.
func (f *Field) Required() *Field {
	f.Nillable, f.Permissionable = false, false
	return f
}

// ByOrg makes a field one that the org fills and nobody writes.
func (f *Field) ByOrg() *Field {
	f.Createable, f.Updateable, f.DefaultedOnCreate = false, false, true
	f.Nillable, f.Permissionable = false, false
	return f
}

// Numbered makes a field one that counts up by itself.
func (f *Field) Numbered() *Field {
	f.AutoNumber = true
	return f.ByOrg()
}

// Part makes a field a component of a compound one.
func (f *Field) Part(compound string) *Field {
	f.CompoundFieldName = &compound
	return f
}

// DigitsAfter sets the decimal places of a number.
func (f *Field) DigitsAfter(scale int) *Field {
	f.Scale = scale
	return f
}

// NewLookup describes a lookup to one or more objects.
func NewLookup(name string, targets ...string) *Field {
	f := NewField(name, "reference", 0)
	f.ReferenceTo = targets
	relation := strings.TrimSuffix(name, "Id")
	if custom, ok := strings.CutSuffix(name, "__c"); ok {
		relation = custom + "__r"
	}
	f.RelationshipName = &relation
	f.PolymorphicForeignKey, f.NamePointing = len(targets) > 1, len(targets) > 1
	return f
}

// NewOwner describes who owns a record: activities and cases may be a queue's.
func NewOwner(object string) *Field {
	targets := []string{"User"}
	if object == "Case" || object == "Task" || object == "Event" {
		targets = []string{"Group", "User"}
	}
	f := NewLookup("OwnerId", targets...)
	f.Nillable, f.Permissionable, f.DefaultedOnCreate = false, false, true
	return f
}

// NewID describes the Id field of an object.
func NewID(object string) *Field {
	f := NewField("Id", "id", 0).ByOrg()
	f.Label, f.IDLookup = halves.Text(Label(object)+" ID"), true
	return f
}

// Stamps describes what the org itself writes on every record.
func Stamps() []*Field {
	return []*Field{
		NewField("CreatedDate", "datetime", 0).ByOrg(),
		NewLookup("CreatedById", "User").ByOrg(),
		NewField("LastModifiedDate", "datetime", 0).ByOrg(),
		NewLookup("LastModifiedById", "User").ByOrg(),
		NewField("SystemModstamp", "datetime", 0).ByOrg(),
	}
}

// WithSystem puts the Id before an object's own fields and what the org itself
// fills behind them. Users have no owner and are never deleted.
func WithSystem(object string, owned bool, own []*Field) []*Field {
	all := []*Field{NewID(object)}
	if owned {
		all = append(all, NewField("IsDeleted", "boolean", 0).ByOrg())
	}
	all = append(all, own...)
	if owned {
		all = append(all, NewOwner(object))
	}
	return append(all, Stamps()...)
}

// New describes an object that can be read and written.
func New(name, prefix string, fields []*Field) *Object {
	d := &Object{Fields: fields, CompactLayoutable: true, SearchLayoutable: true, SobjectDescribeOption: "FULL"}
	many := plural(Label(name))
	d.Name, d.Label, d.LabelPlural = name, halves.Text(Label(name)), halves.Text(many)
	if prefix != "" {
		d.KeyPrefix = &prefix
	}
	d.Custom = strings.HasSuffix(name, "__c")
	d.Createable, d.Updateable, d.Deletable, d.Undeletable = true, true, true, true
	d.Queryable, d.Retrieveable, d.Replicateable, d.Searchable = true, true, true, true
	d.Layoutable, d.Triggerable, d.MruEnabled = true, true, true
	d.SupportedScopes = []Scope{
		{Label: "All " + strings.ToLower(many), Name: "everything"},
		{Label: "My " + strings.ToLower(many), Name: "mine"},
	}
	return d
}

// NewReadOnly describes an object of the setup: it is asked, never changed, and
// getUpdated doesn't know it.
func NewReadOnly(name, prefix string, fields []*Field) *Object {
	d := New(name, prefix, fields)
	d.Createable, d.Updateable, d.Deletable, d.Undeletable = false, false, false, false
	d.Replicateable, d.Searchable, d.Layoutable, d.Triggerable, d.MruEnabled = false, false, false, false, false
	for _, f := range fields {
		f.Createable, f.Updateable = false, false
	}
	return d
}

func plural(label string) string {
	if stem, ok := strings.CutSuffix(label, "y"); ok {
		return stem + "ies"
	}
	return label + "s"
}
