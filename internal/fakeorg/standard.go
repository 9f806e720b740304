package fakeorg

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Objects that behave unlike others: what of them the Object Reference, the Bulk
// API guide and the Big Objects guide say, and what Salesforce has been seen to
// answer, is played here.

// A standard is one of Salesforce's own objects.
type standard struct {
	prefix string
	fields func() []*fieldDescribe
	about  func(*objectDescribe)
}

// newStandard makes an object that Salesforce itself has, without records.
func newStandard(name string) (*object, error) {
	kind, ok := standards()[name]
	if strings.HasSuffix(name, "__b") {
		kind, ok = standard{"m00", bigFields, grown}, true
	}
	if !ok {
		return nil, refuse(http.StatusBadRequest, "INVALID_ARGUMENT_TYPE", "object must be one of %s, or end in __b",
			strings.Join(slices.Sorted(maps.Keys(standards())), ", "))
	}
	about := newDescribe(name, kind.prefix, append([]*fieldDescribe{newID(name)}, kind.fields()...))
	if kind.about != nil {
		kind.about(about)
	}
	return newObject(about, newTable(about, nil, nil)), nil
}

// standards are the objects that newStandard knows.
func standards() map[string]standard {
	return map[string]standard{
		"Attachment":          {"00P", attachmentFields, nil},
		"ContentDocumentLink": {"06A", documentLinkFields, unlogged},
		"Vote":                {"083", voteFields, unlogged},
		"LoginHistory":        {"0Ya", loginFields, grown},
		"AccountShare":        {"00r", shareFields, unlogged},
		"AccountFeed":         {"0D5", feedFields, grown},
		"DashboardComponent":  {"01a", componentFields, grown},
	}
}

// unlogged makes an object one that getUpdated doesn't know.
func unlogged(d *objectDescribe) { d.Replicateable = false }

// grown makes an object one that only Salesforce itself writes.
func grown(d *objectDescribe) {
	d.Createable, d.Updateable, d.Deletable, d.Undeletable, d.Replicateable = false, false, false, false, false
	for _, f := range d.Fields {
		f.Createable, f.Updateable = false, false
	}
}

func unfilterable(f *fieldDescribe) *fieldDescribe {
	f.Filterable = false
	return f
}

func attachmentFields() []*fieldDescribe {
	body := unfilterable(newField("Body", "base64", 0))
	body.Sortable, body.Groupable, body.Aggregatable, body.Nillable = false, false, false, false
	return slices.Concat([]*fieldDescribe{
		newField("IsDeleted", "boolean", 0).byOrg(), newLookup("ParentId", "Account", "Contact", "Opportunity", "Case").required(),
		newField("Name", "string", 255).required(), newField("IsPrivate", "boolean", 0), newField("ContentType", "string", 120),
		newField("BodyLength", "int", 9).byOrg(), body, newOwner("Attachment"),
	}, stampFields(), []*fieldDescribe{newField("Description", "string", 500)})
}

func documentLinkFields() []*fieldDescribe {
	return []*fieldDescribe{
		newLookup("LinkedEntityId", "Account", "Contact", "Opportunity", "Case", "User").required(),
		newLookup("ContentDocumentId", "ContentDocument").required(),
		newField("IsDeleted", "boolean", 0).byOrg(), newField("SystemModstamp", "datetime", 0).byOrg(),
		newField("ShareType", "picklist", 40), newField("Visibility", "picklist", 40),
	}
}

func voteFields() []*fieldDescribe {
	return []*fieldDescribe{
		newField("IsDeleted", "boolean", 0).byOrg(), newLookup("ParentId", "Idea").required(), newField("Type", "picklist", 40),
		newField("CreatedDate", "datetime", 0).byOrg(), newLookup("CreatedById", "User").byOrg(), newField("SystemModstamp", "datetime", 0).byOrg(),
	}
}

// loginFields: the reference lists which of them can be filtered.
func loginFields() []*fieldDescribe {
	texts := func(names ...string) (fields []*fieldDescribe) {
		for _, name := range names {
			fields = append(fields, unfilterable(newField(name, "string", 255)))
		}
		return fields
	}
	return slices.Concat(
		[]*fieldDescribe{newLookup("UserId", "User"), newField("LoginTime", "datetime", 0).byOrg(), newField("LoginType", "picklist", 40)},
		texts("SourceIp"), []*fieldDescribe{newField("LoginUrl", "string", 255), newField("TlsProtocol", "picklist", 40), newField("CountryIso", "string", 2)},
		texts("Browser", "Platform", "Status", "Application", "ClientVersion", "ApiType", "ApiVersion"))
}

func shareFields() []*fieldDescribe {
	return []*fieldDescribe{
		newLookup("AccountId", "Account").required(), newLookup("UserOrGroupId", "Group", "User").required(),
		newField("AccountAccessLevel", "picklist", 40), newField("RowCause", "picklist", 40),
		newField("LastModifiedDate", "datetime", 0).byOrg(), newLookup("LastModifiedById", "User").byOrg(), newField("IsDeleted", "boolean", 0).byOrg(),
	}
}

func feedFields() []*fieldDescribe {
	return []*fieldDescribe{
		newLookup("ParentId", "Account"), newField("Type", "picklist", 40), newLookup("CreatedById", "User").byOrg(),
		newField("CreatedDate", "datetime", 0).byOrg(), newField("IsDeleted", "boolean", 0).byOrg(), newField("LastModifiedDate", "datetime", 0).byOrg(),
		newField("SystemModstamp", "datetime", 0).byOrg(), newField("Title", "string", 255), newField("Body", "textarea", 10_000),
	}
}

// componentFields: nothing of a component tells when it changes.
func componentFields() []*fieldDescribe {
	return []*fieldDescribe{newField("Name", "string", 120), newLookup("DashboardId", "Dashboard"), newField("CustomReportId", "string", 18)}
}

// bigFields are those of a big object whose index is Account__c and At__c.
func bigFields() []*fieldDescribe {
	stamps := []*fieldDescribe{newField("CreatedDate", "datetime", 0).byOrg(), newLookup("CreatedById", "User").byOrg(), newField("SystemModstamp", "datetime", 0).byOrg()}
	for _, f := range stamps {
		unfilterable(f)
	}
	return append([]*fieldDescribe{
		newLookup("Account__c", "Account").required(), newField("At__c", "datetime", 0).required(), unfilterable(newField("What__c", "string", 255)),
	}, stamps...)
}
