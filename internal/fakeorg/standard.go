package fakeorg

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"catchment/internal/fakeorg/soql"
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

// standards are the objects that AddStandard knows.
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

// AddStandard gives the org one of the objects that Salesforce itself has and
// that behave unlike others, without records: Attachment, ContentDocumentLink,
// Vote, LoginHistory, AccountShare, AccountFeed, DashboardComponent, or a big
// object, whose name ends in __b.
func (o *Org) AddStandard(name string) error {
	kind, ok := standards()[name]
	if strings.HasSuffix(name, "__b") {
		kind, ok = standard{"m00", bigFields, grown}, true
	}
	if !ok {
		return refuse(http.StatusBadRequest, "INVALID_ARGUMENT_TYPE", "object must be one of %s, or end in __b",
			strings.Join(slices.Sorted(maps.Keys(standards())), ", "))
	}
	return o.reform(func(c *catalog) error {
		fields := append([]*fieldDescribe{newID(name)}, kind.fields()...)
		about := newDescribe(name, kind.prefix, fields)
		if kind.about != nil {
			kind.about(about)
		}
		c.touch(o.clock.Now())
		return c.put(newObject(about, newTable(about, nil, nil)))
	})
}

// Record adds a record as Salesforce itself does: also to an object that no API
// writes. What it doesn't say is null, or what the org fills in.
func (o *Org) Record(object string, values map[string]string) (id string, err error) {
	obj, ok := o.object(object)
	if !ok {
		return "", noObject(object)
	}
	at := map[int]string{}
	for name, value := range values {
		slot := obj.slot(name)
		if slot < 0 {
			return "", noColumn(name, obj)
		}
		at[slot] = value
	}
	if slot := obj.slot("LoginTime"); slot >= 0 && at[slot] == "" {
		at[slot] = stamp(o.clock.Now())
	}
	err = o.write(func(t *Transaction) error {
		id, err = t.insert(obj, at)
		return err
	})
	return id, err
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

// restricted refuses a statement that an object answers only where it names
// records or their parents.
func (o *Org) restricted(q *question) error {
	name, where := q.obj.name(), q.bound.Query.Where
	switch {
	case name == "ContentDocumentLink" && !namesOneOf(where, "Id", "ContentDocumentId", "LinkedEntityId") && o.options.Restricted:
		// From version 59 on the permission Query All Files lifts that.
		return refuse(http.StatusBadRequest, "MALFORMED_QUERY", "Implementation restriction: ContentDocumentLink requires a filter by a single Id on "+
			"ContentDocumentId or LinkedEntityId using the equals operator or multiple Id's using the IN operator.")
	case name == "Vote" && !namesOneOf(where, "Id", "ParentId", "Parent.Type"):
		return refuse(http.StatusBadRequest, "MALFORMED_QUERY", "Implementation restriction: When querying the Vote object, you must filter using the "+
			"following syntax: ParentId = [single ID], Parent.Type = [single Type], Id = [single ID], or Id IN [list of ID's].")
	case strings.HasSuffix(name, "__b") && (q.bound.Count || q.bound.Grouped):
		return refuse(http.StatusBadRequest, "BIG_OBJECT_UNSUPPORTED_OPERATION", "Aggregate functions not supported")
	}
	return nil
}

// namesOneOf tells whether a condition holds only for records of which one of
// these fields is told.
func namesOneOf(c soql.Condition, fields ...string) bool {
	switch c := c.(type) {
	case soql.And:
		return slices.ContainsFunc(c.Terms, func(term soql.Condition) bool { return namesOneOf(term, fields...) })
	case soql.Comparison:
		return (c.Op == soql.Equal || c.Op == soql.In) &&
			slices.ContainsFunc(fields, func(f string) bool { return strings.EqualFold(c.Left.String(), f) })
	}
	return false
}
