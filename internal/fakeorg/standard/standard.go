// Package standard is the objects that Salesforce itself has: those of the setup,
// and some that behave unlike others.
package standard

import (
	"maps"
	"slices"
	"strings"

	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
)

// Objects that behave unlike others: what of them the Object Reference, the Bulk
// API guide and the Big Objects guide say, and what Salesforce has been seen to
// answer, is played here.

// A standard is one of Salesforce's own objects.
type standard struct {
	prefix string
	fields func() []*describe.Field
	about  func(*describe.Object)
}

// New makes an object that Salesforce itself has, without records.
func New(name string) (*store.Object, error) {
	about, err := Describe(name)
	if err != nil {
		return nil, err
	}
	return store.NewObject(about, store.NewTable(about, nil, nil)), nil
}

// Describe describes an object that Salesforce itself has.
func Describe(name string) (*describe.Object, error) {
	kind, ok := standards()[name]
	if strings.HasSuffix(name, "__b") {
		kind, ok = standard{"m00", bigFields, grown}, true
	}
	if !ok {
		return nil, reply.Bad("INVALID_ARGUMENT_TYPE", "object must be one of %s, or end in __b",
			strings.Join(slices.Sorted(maps.Keys(standards())), ", "))
	}
	about := describe.New(name, kind.prefix, append([]*describe.Field{describe.NewID(name)}, kind.fields()...))
	for _, f := range about.Fields { // what can't be without its parent goes with it
		needed := f.Type == "reference" && !f.Nillable && f.Createable && f.Name != "OwnerId"
		if needed && !strings.HasSuffix(name, "__b") {
			f.CascadeDelete = true
		}
	}
	if kind.about != nil {
		kind.about(about)
	}
	return about, nil
}

// standards are the objects that New knows.
func standards() map[string]standard {
	all := files()
	maps.Copy(all, map[string]standard{
		"Vote":               {"083", voteFields, unlogged},
		"LoginHistory":       {"0Ya", loginFields, grown},
		"AccountShare":       {"00r", shareFields, unlogged},
		"AccountFeed":        {"0D5", feedFields, grown},
		"DashboardComponent": {"01a", componentFields, grown},
	})
	return all
}

// unlogged makes an object one that getUpdated doesn't know.
func unlogged(d *describe.Object) { d.Replicateable = false }

// grown makes an object one that only Salesforce itself writes.
func grown(d *describe.Object) {
	d.Createable, d.Updateable, d.Deletable, d.Undeletable, d.Replicateable = false, false, false, false, false
	for _, f := range d.Fields {
		f.Createable, f.Updateable = false, false
	}
}

func unfilterable(f *describe.Field) *describe.Field {
	f.Filterable = false
	return f
}

func voteFields() []*describe.Field {
	return []*describe.Field{
		describe.NewField("IsDeleted", "boolean", 0).ByOrg(), describe.NewLookup("ParentId", "Idea").Required(),
		describe.NewField("Type", "picklist", 40),
		describe.NewField("CreatedDate", "datetime", 0).ByOrg(), describe.NewLookup("CreatedById", "User").ByOrg(),
		describe.NewField("SystemModstamp", "datetime", 0).ByOrg(),
	}
}

// loginFields: the reference lists which of them can be filtered.
func loginFields() []*describe.Field {
	texts := func(names ...string) (fields []*describe.Field) {
		for _, name := range names {
			fields = append(fields, unfilterable(describe.NewField(name, "string", 255)))
		}
		return fields
	}
	return slices.Concat(
		[]*describe.Field{describe.NewLookup("UserId", "User"), describe.NewField("LoginTime", "datetime", 0).ByOrg(),
			describe.NewField("LoginType", "picklist", 40)},
		texts("SourceIp"),
		[]*describe.Field{describe.NewField("LoginUrl", "string", 255),
			describe.NewField("TlsProtocol", "picklist", 40), describe.NewField("CountryIso", "string", 2)},
		texts("Browser", "Platform", "Status", "Application", "ClientVersion", "ApiType", "ApiVersion"))
}

func shareFields() []*describe.Field {
	return []*describe.Field{
		describe.NewLookup("AccountId", "Account").Required(),
		describe.NewLookup("UserOrGroupId", "Group", "User").Required(),
		describe.NewField("AccountAccessLevel", "picklist", 40), describe.NewField("RowCause", "picklist", 40),
		describe.NewField("LastModifiedDate", "datetime", 0).ByOrg(),
		describe.NewLookup("LastModifiedById", "User").ByOrg(), describe.NewField("IsDeleted", "boolean", 0).ByOrg(),
	}
}

func feedFields() []*describe.Field {
	return []*describe.Field{
		describe.NewLookup("ParentId", "Account").Required(), describe.NewField("Type", "picklist", 40),
		describe.NewLookup("CreatedById", "User").ByOrg(),
		describe.NewField("CreatedDate", "datetime", 0).ByOrg(), describe.NewField("IsDeleted", "boolean", 0).ByOrg(),
		describe.NewField("LastModifiedDate", "datetime", 0).ByOrg(),
		describe.NewField("SystemModstamp", "datetime", 0).ByOrg(), describe.NewField("Title", "string", 255),
		describe.NewField("Body", "textarea", 10_000),
	}
}

// componentFields: nothing of a component tells when it changes.
func componentFields() []*describe.Field {
	return []*describe.Field{describe.NewField("Name", "string", 120), describe.NewLookup("DashboardId", "Dashboard"),
		describe.NewField("CustomReportId", "string", 18)}
}

// bigFields are those of a big object whose index is Account__c and At__c.
func bigFields() []*describe.Field {
	stamps := []*describe.Field{describe.NewField("CreatedDate", "datetime", 0).ByOrg(),
		describe.NewLookup("CreatedById", "User").ByOrg(), describe.NewField("SystemModstamp", "datetime", 0).ByOrg()}
	for _, f := range stamps {
		unfilterable(f)
	}
	return append([]*describe.Field{
		describe.NewLookup("Account__c", "Account").Required(), describe.NewField("At__c", "datetime", 0).Required(),
		unfilterable(describe.NewField("What__c", "string", 255)),
	}, stamps...)
}
