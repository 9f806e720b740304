package tooling

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/store"
)

func entityFields() []*describe.Field {
	return slices.Concat(
		[]*describe.Field{describe.NewID("EntityDefinition")},
		texts("DurableId", "QualifiedApiName", "DeveloperName", "NamespacePrefix", "MasterLabel", "Label",
			"PluralLabel", "KeyPrefix"),
		flags("IsCustomizable", "IsCustomSetting", "IsDeprecatedAndHidden", "IsApexTriggerable", "IsTriggerable",
			"IsWorkflowEnabled", "IsLayoutable", "IsCompactLayoutable", "IsSearchLayoutable", "IsSearchable",
			"IsQueryable", "IsRetrieveable", "IsReplicateable", "IsIdEnabled", "IsFeedEnabled", "IsMruEnabled",
			"IsEverCreatable", "IsEverUpdatable", "IsEverDeletable"),
		[]*describe.Field{describe.NewField("LastModifiedDate", "datetime", 0)})
}

// entities are the objects that the user sees.
func (c Catalog) entities() []*record {
	var all []*record
	for i, obj := range c.schema.Objects {
		if !obj.Hidden {
			all = append(all, c.entity(obj, i))
		}
	}
	return all
}

func (c Catalog) entity(obj *store.Object, place int) *record {
	about, label := obj.About, string(obj.About.Label)
	values := map[string]string{
		"Id": noID, "DurableId": durable(obj, place), "QualifiedApiName": obj.Name(),
		"DeveloperName": developerName(obj.Name()), "MasterLabel": label, "Label": label,
		"PluralLabel": string(about.LabelPlural), "KeyPrefix": obj.Prefix(),
		"LastModifiedDate": orgtime.Stamp(c.schema.Changed),
	}
	for name, value := range map[string]bool{
		"IsCustomizable": about.Layoutable, "IsCustomSetting": about.CustomSetting,
		"IsDeprecatedAndHidden": about.DeprecatedAndHidden, "IsApexTriggerable": about.Triggerable,
		"IsTriggerable": about.Triggerable, "IsWorkflowEnabled": about.Layoutable, "IsLayoutable": about.Layoutable,
		"IsCompactLayoutable": about.CompactLayoutable, "IsSearchLayoutable": about.SearchLayoutable,
		"IsSearchable": about.Searchable, "IsQueryable": about.Queryable, "IsRetrieveable": about.Retrieveable,
		"IsReplicateable": about.Replicateable, "IsIdEnabled": obj.Sys.ID >= 0, "IsFeedEnabled": about.FeedEnabled,
		"IsMruEnabled": about.MruEnabled, "IsEverCreatable": about.Createable, "IsEverUpdatable": about.Updateable,
		"IsEverDeletable": about.Deletable,
	} {
		values[name] = yes(value)
	}
	return &record{values: values}
}

func fieldFields() []*describe.Field {
	return slices.Concat(
		[]*describe.Field{describe.NewID("FieldDefinition"), definition()},
		texts("DurableId", "QualifiedApiName", "DeveloperName", "NamespacePrefix", "MasterLabel", "Label", "DataType",
			"ValueTypeId", "RelationshipName", "Description"),
		numbers("Length", "Precision", "Scale"),
		flags("IsCalculated", "IsNameField", "IsNillable", "IsCompound", "IsFieldHistoryTracked", "IsIndexed",
			"IsApiFilterable", "IsApiSortable", "IsApiGroupable", "IsPolymorphicForeignKey"),
		[]*describe.Field{describe.NewField("LastModifiedDate", "datetime", 0)})
}

// fields are the fields that the user sees of the objects that he sees.
func (c Catalog) fields() []*record {
	var all []*record
	c.eachField(func(entity *record, obj *store.Object, f *describe.Field, id string) {
		all = append(all, c.field(entity, obj, f, id))
	})
	return all
}

// eachField calls do for every field that the user sees, with the record of
// its object and the Id that it has where it is a custom one.
func (c Catalog) eachField(do func(entity *record, obj *store.Object, f *describe.Field, id string)) {
	for i, obj := range c.schema.Objects {
		if obj.Hidden {
			continue
		}
		entity := c.entity(obj, i)
		for at, s := range obj.Slots {
			if !s.Hidden && !s.Deleted {
				do(entity, obj, s.Field, fieldID(i, at))
			}
		}
	}
}

func (c Catalog) field(entity *record, obj *store.Object, f *describe.Field, id string) *record {
	name, label := f.Name, string(f.Label)
	if f.Custom {
		name = id[:recordid.Short]
	}
	values := map[string]string{
		"Id": noID, "EntityDefinitionId": entity.values["DurableId"],
		"DurableId": entity.values["DurableId"] + "." + name, "QualifiedApiName": f.Name,
		"DeveloperName": developerName(f.Name), "MasterLabel": label, "Label": label, "DataType": dataType(f),
		"ValueTypeId": strings.TrimPrefix(strings.TrimPrefix(f.SoapType, "tns:"), "xsd:"),
		"Length":      strconv.Itoa(f.Length), "Precision": strconv.Itoa(f.Precision), "Scale": strconv.Itoa(f.Scale),
		"LastModifiedDate": orgtime.Stamp(c.schema.Changed),
	}
	if f.RelationshipName != nil {
		values["RelationshipName"] = *f.RelationshipName
	}
	for name, value := range map[string]bool{
		"IsCalculated": f.Calculated, "IsNameField": f.NameField, "IsNillable": f.Nillable,
		"IsCompound":            f.Type == "address" || f.Type == "location",
		"IsFieldHistoryTracked": slices.Contains(obj.Tracked, f.Name),
		"IsIndexed":             f.IDLookup || f.ExternalId || f.Unique || f.Type == "id" || f.Type == "reference",
		"IsApiFilterable":       f.Filterable, "IsApiSortable": f.Sortable, "IsApiGroupable": f.Groupable,
		"IsPolymorphicForeignKey": f.PolymorphicForeignKey,
	} {
		values[name] = yes(value)
	}
	return &record{values: values, entity: entity}
}

// dataType is how Setup writes the type of a field.
func dataType(f *describe.Field) string {
	switch f.Type {
	case "id", "reference":
		if len(f.ReferenceTo) > 0 {
			return "Lookup(" + strings.Join(f.ReferenceTo, ",") + ")"
		}
		return "Lookup()"
	case "string":
		return fmt.Sprintf("Text(%d)", f.Length)
	case "textarea":
		return fmt.Sprintf("Long Text Area(%d)", f.Length)
	case "boolean":
		return "Checkbox"
	case "datetime":
		return "Date/Time"
	case "double", "int":
		return fmt.Sprintf("Number(%d, %d)", f.Precision+f.Digits-f.Scale, f.Scale)
	case "currency", "percent":
		return fmt.Sprintf("%s(%d, %d)", titled(f.Type), f.Precision-f.Scale, f.Scale)
	case "multipicklist":
		return "Picklist (Multi-Select)"
	case "url":
		return fmt.Sprintf("URL(%d)", f.Length)
	}
	return titled(f.Type)
}

func titled(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

func customFields() []*describe.Field {
	return slices.Concat(
		[]*describe.Field{describe.NewID("CustomField"), definition()},
		texts("TableEnumOrId", "DeveloperName", "NamespacePrefix", "ManageableState"),
		numbers("Length", "Precision", "Scale"),
		[]*describe.Field{describe.NewField("LastModifiedDate", "datetime", 0)})
}

// customs are the custom fields.
func (c Catalog) customs() []*record {
	var all []*record
	c.eachField(func(entity *record, _ *store.Object, f *describe.Field, id string) {
		if !f.Custom {
			return
		}
		all = append(all, &record{entity: entity, values: map[string]string{
			"Id": id, "EntityDefinitionId": entity.values["DurableId"], "TableEnumOrId": entity.values["DurableId"],
			"DeveloperName": developerName(f.Name), "ManageableState": "unmanaged", "Length": strconv.Itoa(f.Length),
			"Precision": strconv.Itoa(f.Precision), "Scale": strconv.Itoa(f.Scale),
			"LastModifiedDate": orgtime.Stamp(c.schema.Changed),
		}})
	})
	return all
}

func apexFields() []*describe.Field {
	body := describe.NewField("Body", "textarea", 1_000_000)
	return slices.Concat(
		[]*describe.Field{describe.NewID("ApexClass")},
		texts("Name", "NamespacePrefix", "Status", "ManageableState"),
		[]*describe.Field{describe.NewField("ApiVersion", "double", 18).DigitsAfter(1),
			describe.NewField("LengthWithoutComments", "int", 9), describe.NewField("IsValid", "boolean", 0), body},
		describe.Stamps())
}
