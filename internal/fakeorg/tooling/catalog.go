// Package tooling is what describes an org, as SOQL asks for it: EntityDefinition,
// FieldDefinition and CustomField, made of the schema of the moment, and ApexClass
// and ApexTrigger, of which the org has none.
package tooling

import (
	"strconv"
	"strings"

	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/soql"
	"catchment/internal/fakeorg/store"
)

// A Catalog answers of one schema.
type Catalog struct{ schema *store.Catalog }

// Of makes the Catalog of a schema.
func Of(schema *store.Catalog) Catalog { return Catalog{schema} }

// A kind is an object that describes the org.
type kind struct {
	name     string
	prefix   string
	fields   func() []*describe.Field
	records  func(Catalog) []*record
	reified  bool     // it is made up when it is asked, and asked in few ways only
	demanded []string // fields of which a statement must name one
}

func kinds() []kind {
	none := func(Catalog) []*record { return nil }
	return []kind{
		{"EntityDefinition", "4ie", entityFields, Catalog.entities, true, nil},
		{"FieldDefinition", "", fieldFields, Catalog.fields, true, []string{"EntityDefinitionId", "DurableId"}},
		{"CustomField", "00N", customFields, Catalog.customs, false, nil},
		{"ApexClass", "01p", apexFields, none, false, nil},
		{"ApexTrigger", "01q", apexFields, none, false, nil},
	}
}

func kindOf(name string) (kind, bool) {
	for _, k := range kinds() {
		if strings.EqualFold(k.name, name) {
			return k, true
		}
	}
	return kind{}, false
}

// Objects describes all objects that describe the org.
func (c Catalog) Objects() []*describe.Object {
	var all []*describe.Object
	for _, k := range kinds() {
		all = append(all, k.describe())
	}
	return all
}

func (k kind) describe() *describe.Object {
	about := describe.NewReadOnly(k.name, k.prefix, k.fields())
	about.Custom = false
	return about
}

// Entity implements soql.Schema.
func (c Catalog) Entity(name string) (*soql.Entity, bool) {
	k, ok := kindOf(name)
	if !ok {
		return nil, false
	}
	about := k.describe()
	return store.NewObject(about, store.NewTable(about, nil, nil)).Entity, true
}

// Child implements soql.Schema: nested queries aren't served.
func (c Catalog) Child(*soql.Entity, string) (soql.Relation, bool) { return soql.Relation{}, false }

// A record is a record of one of the kinds, its values as a Bulk CSV cell
// would hold them.
type record struct {
	values map[string]string
	entity *record // that its EntityDefinitionId leads to
}

// Value implements soql.Record.
func (r *record) Value(p *soql.Path) string {
	for range p.Hops { // EntityDefinition is the only relationship
		if r = r.entity; r == nil {
			return ""
		}
	}
	return r.values[p.Field.Name]
}

// definition describes the lookup to the object that a record is about. It
// holds no Id, but what the object calls DurableId.
func definition() *describe.Field {
	f := describe.NewField("EntityDefinitionId", "string", 255)
	relation := "EntityDefinition"
	f.RelationshipName, f.ReferenceTo = &relation, []string{relation}
	return f
}

func texts(names ...string) (fields []*describe.Field) {
	for _, name := range names {
		fields = append(fields, describe.NewField(name, "string", 255))
	}
	return fields
}

func flags(names ...string) (fields []*describe.Field) {
	for _, name := range names {
		fields = append(fields, describe.NewField(name, "boolean", 0))
	}
	return fields
}

func numbers(names ...string) (fields []*describe.Field) {
	for _, name := range names {
		fields = append(fields, describe.NewField(name, "int", 9))
	}
	return fields
}

// noID is the Id of what is made up when it is asked.
const noID = "000000000000000AAA"

// durable is what an object is called by those that point to it: standard
// objects by their name, custom ones by an Id.
func durable(obj *store.Object, place int) string {
	if obj.About.Custom {
		return recordid.New("01I", place+1)[:recordid.Short]
	}
	return obj.Name()
}

// fieldID is the Id of a custom field.
func fieldID(object, field int) string { return recordid.New("00N", object*1000+field+1) }

// developerName is a name without what Salesforce puts behind it.
func developerName(name string) string {
	stem, _, _ := strings.Cut(name, "__")
	return stem
}

func yes(value bool) string { return strconv.FormatBool(value) }
