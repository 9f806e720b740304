package standard

import (
	"slices"

	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/halves"
)

// The objects that files consist of, by the Object Reference: a ContentDocument has
// versions, and links to the records that it is attached to; an Attachment belongs to
// one record, a Document to a folder.

// files are the objects of this file.
func files() map[string]standard {
	return map[string]standard{
		"Attachment":          {"00P", attachmentFields, nil},
		"ContentDocument":     {"069", contentDocumentFields, bornWithVersion},
		"ContentVersion":      {"068", contentVersionFields, goneWithDocument},
		"ContentDocumentLink": {"06A", documentLinkFields, unsearched},
		"Document":            {"015", documentFields, nil},
		"EmailMessage":        {"02s", emailFields, nil},
	}
}

// linkable are the objects whose records can have files.
func linkable() []string {
	return []string{"Account", "Case", "Contact", "EmailMessage", "Invoice__c", "Opportunity", "Task", "User"}
}

// What an object can't do, the guide leaves out of its supported calls: getUpdated and
// getDeleted know neither documents nor versions nor links.

// bornWithVersion makes an object one that nobody creates.
func bornWithVersion(d *describe.Object) { d.Createable, d.Replicateable = false, false }

// goneWithDocument makes an object one that nobody deletes.
func goneWithDocument(d *describe.Object) {
	d.Deletable, d.Undeletable, d.Replicateable = false, false, false
}

// unsearched makes an object one that a search doesn't look through either.
func unsearched(d *describe.Object) {
	d.Searchable, d.Undeletable, d.Replicateable = false, false, false
}

// blob describes a field that holds bytes.
func blob(name string) *describe.Field {
	f := unfilterable(describe.NewField(name, "base64", 0))
	f.Sortable, f.Groupable, f.Aggregatable = false, false, false
	return f
}

// named makes a field the one that a record is known by.
func named(f *describe.Field) *describe.Field {
	f.NameField = true
	return f
}

// cascading makes a lookup one whose record goes with its parent.
func cascading(f *describe.Field) *describe.Field {
	f.CascadeDelete = true
	return f
}

// fixed makes a field one that is written when the record is created, and never again.
func fixed(f *describe.Field) *describe.Field {
	f.Updateable = false
	return f
}

// choice describes a picklist that offers values and takes no others.
func choice(name string, values ...string) *describe.Field {
	f := describe.NewField(name, "picklist", 40)
	f.RestrictedPicklist = true
	for _, value := range values {
		f.PicklistValues = append(f.PicklistValues,
			describe.Choice{Active: true, Label: halves.Text(value), Value: value})
	}
	return f
}

// preset makes a picklist one that has a value where nobody gives it one.
func preset(f *describe.Field, value string) *describe.Field {
	f.DefaultedOnCreate, f.DefaultValue = true, value
	return f
}

func attachmentFields() []*describe.Field {
	body := blob("Body")
	body.Nillable = false
	parents := slices.DeleteFunc(linkable(), func(name string) bool { return name == "User" })
	return slices.Concat([]*describe.Field{
		describe.NewField("IsDeleted", "boolean", 0).ByOrg(),
		cascading(fixed(describe.NewLookup("ParentId", parents...).Required())),
		describe.NewField("Name", "string", 255).Required(), describe.NewField("IsPrivate", "boolean", 0),
		describe.NewField("ContentType", "string", 120),
		describe.NewField("BodyLength", "int", 9).ByOrg(), body, describe.NewOwner("Attachment"),
	}, describe.Stamps(), []*describe.Field{describe.NewField("Description", "string", 500)})
}

func contentDocumentFields() []*describe.Field {
	return slices.Concat(describe.Stamps(), []*describe.Field{
		describe.NewField("IsArchived", "boolean", 0).ByOrg(),
		describe.NewField("IsDeleted", "boolean", 0).ByOrg(), describe.NewOwner("ContentDocument"),
		named(describe.NewField("Title", "string", 255).Required()),
		describe.NewField("PublishStatus", "picklist", 40).ByOrg(),
		describe.NewLookup("LatestPublishedVersionId", "ContentVersion").ByOrg(),
		describe.NewField("Description", "textarea", 1000),
		nullable(describe.NewField("ContentSize", "int", 9).ByOrg()),
		nullable(describe.NewField("FileType", "string", 20).ByOrg()),
		nullable(describe.NewField("FileExtension", "string", 40).ByOrg()),
		nullable(describe.NewField("ContentModifiedDate", "datetime", 0).ByOrg()),
	})
}

// nullable lets a field that the org fills be empty.
func nullable(f *describe.Field) *describe.Field {
	f.Nillable = true
	return f
}

func contentVersionFields() []*describe.Field {
	return slices.Concat([]*describe.Field{
		cascading(fixed(describe.NewLookup("ContentDocumentId", "ContentDocument"))),
		describe.NewField("IsLatest", "boolean", 0).ByOrg(),
		fixed(describe.NewField("ContentUrl", "url", 1333)),
		nullable(describe.NewField("VersionNumber", "string", 20).ByOrg()),
		named(describe.NewField("Title", "string", 255)), describe.NewField("Description", "textarea", 1000),
		describe.NewField("ReasonForChange", "string", 1000),
		fixed(describe.NewField("PathOnClient", "string", 500)),
		describe.NewField("IsDeleted", "boolean", 0).ByOrg(),
		nullable(describe.NewField("ContentModifiedDate", "datetime", 0).ByOrg()), describe.NewOwner("ContentVersion"),
	}, describe.Stamps(), []*describe.Field{
		describe.NewField("TagCsv", "textarea", 2000),
		nullable(describe.NewField("FileType", "string", 20).ByOrg()),
		describe.NewField("PublishStatus", "picklist", 40).ByOrg(), fixed(blob("VersionData")),
		nullable(describe.NewField("ContentSize", "int", 9).ByOrg()),
		nullable(describe.NewField("FileExtension", "string", 40).ByOrg()),
		fixed(describe.NewLookup("FirstPublishLocationId", linkable()...)),
		preset(fixed(choice("Origin", "C", "H")), "C"),
		preset(fixed(choice("ContentLocation", "S", "E", "L")), "S"),
		describe.NewField("ExternalDocumentInfo1", "string", 1000),
		nullable(describe.NewField("Checksum", "string", 50).ByOrg()),
		describe.NewField("IsMajorVersion", "boolean", 0),
	})
}

func documentLinkFields() []*describe.Field {
	return []*describe.Field{
		cascading(fixed(describe.NewLookup("LinkedEntityId", linkable()...).Required())),
		cascading(fixed(describe.NewLookup("ContentDocumentId", "ContentDocument").Required())),
		describe.NewField("IsDeleted", "boolean", 0).ByOrg(),
		describe.NewField("SystemModstamp", "datetime", 0).ByOrg(),
		choice("ShareType", "V", "C", "I"), preset(choice("Visibility", "AllUsers", "InternalUsers", "SharedUsers"),
			"AllUsers"),
	}
}

func documentFields() []*describe.Field {
	return slices.Concat([]*describe.Field{
		describe.NewLookup("FolderId", "Folder", "User").Required(),
		describe.NewField("IsDeleted", "boolean", 0).ByOrg(), describe.NewField("Name", "string", 255).Required(),
		describe.NewField("DeveloperName", "string", 80), describe.NewField("ContentType", "string", 120),
		describe.NewField("Type", "string", 40), describe.NewField("IsPublic", "boolean", 0),
		describe.NewField("BodyLength", "int", 9).ByOrg(), blob("Body"), describe.NewField("Url", "url", 1000),
		describe.NewField("Description", "string", 255), describe.NewField("Keywords", "string", 255),
		describe.NewField("IsInternalUseOnly", "boolean", 0),
	}, describe.Stamps())
}

func emailFields() []*describe.Field {
	return slices.Concat([]*describe.Field{
		cascading(fixed(describe.NewLookup("ParentId", "Case"))), describe.NewLookup("ActivityId", "Task"),
	}, describe.Stamps(), []*describe.Field{
		named(describe.NewField("Subject", "string", 3000)), describe.NewField("TextBody", "textarea", 32_000),
		describe.NewField("HtmlBody", "textarea", 131_072), describe.NewField("FromName", "string", 1000),
		describe.NewField("FromAddress", "email", 1000), describe.NewField("ToAddress", "string", 4000),
		describe.NewField("CcAddress", "string", 4000), describe.NewField("Incoming", "boolean", 0),
		describe.NewField("HasAttachment", "boolean", 0).ByOrg(),
		preset(choice("Status", "0", "1", "2", "3", "4", "5"), "5"),
		describe.NewField("MessageDate", "datetime", 0), describe.NewField("IsDeleted", "boolean", 0).ByOrg(),
		describe.NewLookup("RelatedToId", "Account", "Opportunity"),
	})
}
