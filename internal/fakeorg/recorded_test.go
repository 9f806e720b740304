package fakeorg_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"catchment/internal/fakeorg"
)

// What a delete of a record does to one child of each relation, worked out by hand from
// the recorded answers of describe. Left out is what has no records of its own: events,
// and views of others (noRecords).
const (
	accountGoes = `AccountBrand.AccountId AccountCleanInfo.AccountId AccountContactRole.AccountId AccountFeed.ParentId
		AccountHistory.AccountId AccountPartner.AccountFromId AccountPartner.AccountToId AccountShare.AccountId
		Asset.AccountId AssociatedLocation.ParentRecordId Attachment.ParentId CollaborationGroupRecord.RecordId
		Contact.AccountId ContactPointEmail.ParentId ContactPointPhone.ParentId ContentDistribution.RelatedRecordId
		ContentDocumentLink.LinkedEntityId Contract.AccountId DuplicateRecordItem.RecordId EntitySubscription.ParentId
		Event.WhatId FeedItem.ParentId Note.ParentId Opportunity.AccountId OpportunityPartner.AccountToId
		Order.AccountId Partner.AccountFromId Partner.AccountToId ProcessInstance.TargetObjectId RecordAction.RecordId
		ResourcePreference.RelatedRecordId ServiceAppointment.ParentRecordId Task.WhatId TopicAssignment.EntityId`
	accountStands = `AuthorizationFormConsent.ConsentGiverId Case.AccountId ChannelProgramMember.PartnerId
		CommSubscriptionConsent.ConsentGiverId ServiceResource.AccountId`
	accountEmptied = `Account.ParentId Asset.AssetProvidedById Asset.AssetServicedById ContactRequest.WhatId
		ContentVersion.FirstPublishLocationId EmailMessage.RelatedToId Event.AccountId FeedComment.ParentId
		FlowRecordRelation.RelatedRecordId Lead.ConvertedAccountId MaintenancePlan.AccountId
		NetworkActivityAudit.ParentEntityId NetworkSelfRegistration.AccountId OutgoingEmail.RelatedToId
		PartnerFundAllocation.ChannelPartnerId PartnerFundClaim.ChannelPartnerId PartnerFundRequest.ChannelPartnerId
		PartnerMarketingBudget.ChannelPartnerId ProductRequest.AccountId ProductRequestLineItem.AccountId
		RecordActionHistory.ParentRecordId ReturnOrder.AccountId ServiceAppointment.AccountId Task.AccountId
		User.AccountId UserRole.PortalAccountId WorkOrder.AccountId`

	contactGoes = `AIInsightValue.SobjectLookupValueId AIRecordInsight.TargetId AccountContactRole.ContactId
		Asset.ContactId Attachment.ParentId CampaignMember.ContactId CaseContactRole.ContactId CaseTeamMember.MemberId
		CaseTeamTemplateMember.MemberId CollaborationGroupRecord.RecordId ContactCleanInfo.ContactId
		ContactFeed.ParentId ContactHistory.ContactId ContactShare.ContactId ContentDistribution.RelatedRecordId
		ContentDocumentLink.LinkedEntityId ContractContactRole.ContactId DuplicateRecordItem.RecordId
		EmailMessageRelation.RelationId EmailStatus.WhoId EntitlementContact.ContactId EntitySubscription.ParentId
		Event.WhoId EventRelation.RelationId FeedItem.ParentId ListEmailIndividualRecipient.RecipientId
		MatchingInformation.SFDCIdId Note.ParentId OpportunityContactRole.ContactId ProcessInstance.TargetObjectId
		RecordAction.RecordId Task.WhoId TopicAssignment.EntityId UserEmailPreferredPerson.PersonRecordId`
	contactStands = `AuthorizationFormConsent.ConsentGiverId Case.ContactId CommSubscriptionConsent.ConsentGiverId
		Contract.CustomerSignedId Order.BillToContactId Order.CustomerAuthorizedById Order.ShipToContactId
		ServiceContract.ContactId User.ContactId`
	contactEmptied = `CampaignMember.LeadOrContactId Contact.ReportsToId ContactRequest.WhoId
		ContentVersion.FirstPublishLocationId CreditMemo.BillToContactId FeedComment.ParentId
		FlowRecordRelation.RelatedRecordId Invoice.BillToContactId Lead.ConvertedContactId MaintenancePlan.ContactId
		NetworkActivityAudit.ParentEntityId NetworkFeedResponseMetric.ParentRecordId Opportunity.ContactId
		OutgoingEmail.WhoId OutgoingEmailRelation.RelationId RecordActionHistory.ParentRecordId ReturnOrder.ContactId
		ServiceAppointment.ContactId WorkOrder.ContactId`

	opportunityGoes = `AIInsightValue.SobjectLookupValueId AIRecordInsight.TargetId AccountPartner.OpportunityId
		Attachment.ParentId CollaborationGroupRecord.RecordId ContentDistribution.RelatedRecordId
		ContentDocumentLink.LinkedEntityId EntitySubscription.ParentId Event.WhatId FeedItem.ParentId Note.ParentId
		OpportunityCompetitor.OpportunityId OpportunityContactRole.OpportunityId OpportunityFeed.ParentId
		OpportunityFieldHistory.OpportunityId OpportunityHistory.OpportunityId OpportunityLineItem.OpportunityId
		OpportunityPartner.OpportunityId OpportunityShare.OpportunityId Partner.OpportunityId
		ProcessInstance.TargetObjectId RecordAction.RecordId ServiceAppointment.ParentRecordId Task.WhatId
		TopicAssignment.EntityId`
	opportunityEmptied = `ContactRequest.WhatId ContentVersion.FirstPublishLocationId EmailMessage.RelatedToId
		FeedComment.ParentId FlowRecordRelation.RelatedRecordId Lead.ConvertedOpportunityId
		NetworkActivityAudit.ParentEntityId NetworkFeedResponseMetric.ParentRecordId OutgoingEmail.RelatedToId
		RecordActionHistory.ParentRecordId`

	caseGoes = `Attachment.ParentId CaseComment.ParentId CaseContactRole.CasesId CaseFeed.ParentId CaseHistory.CaseId
		CaseShare.CaseId CaseSolution.CaseId CaseTeamMember.ParentId CaseTeamTemplateRecord.ParentId
		CollaborationGroupRecord.RecordId ContentDistribution.RelatedRecordId ContentDocumentLink.LinkedEntityId
		EmailMessage.ParentId EntitySubscription.ParentId Event.WhatId FeedItem.ParentId
		NetworkUserHistoryRecent.RecordId ProcessInstance.TargetObjectId RecordAction.RecordId Task.WhatId
		TopicAssignment.EntityId`
	caseEmptied = `Case.ParentId ContactRequest.WhatId ContentVersion.FirstPublishLocationId EmailMessage.RelatedToId
		FeedComment.ParentId FlowRecordRelation.RelatedRecordId NetworkActivityAudit.ParentEntityId
		ProductRequest.CaseId ProductRequestLineItem.CaseId RecordActionHistory.ParentRecordId ReturnOrder.CaseId
		WorkOrder.CaseId`
)

// noRecords tells whether an object has no records of its own: an event is said once,
// and a view shows those of others.
func noRecords(object string) bool {
	views := []string{
		"AcceptedEventRelation", "ActivityHistory", "AttachedContentDocument", "CombinedAttachment",
		"DeclinedEventRelation", "NoteAndAttachment", "OpenActivity", "ProcessInstanceHistory",
		"UndecidedEventRelation",
	}
	return strings.HasSuffix(object, "Event") && object != "Event" || slices.Contains(views, object)
}

// The recorded objects, by their key prefixes.
func recordedRoots() map[string]string {
	return map[string]string{"Account": "001", "Contact": "003", "Opportunity": "006", "Case": "500"}
}

// A relation is a lookup of the recorded answers.
type relation struct{ ChildSObject, Field string }

// serveRecorded serves an org that has the recorded objects and all that point to them,
// without records.
func serveRecorded(t *testing.T) (*client, map[string][]relation) {
	t.Helper()
	const describes = "../../testdata/describes"
	dir, objects := t.TempDir(), map[string]any{}
	for name, prefix := range recordedRoots() {
		objects[name] = map[string]any{"keyPrefix": prefix, "rows": 0}
		fine(t, os.WriteFile(filepath.Join(dir, name+".csv"), []byte("Id\n"), 0o600))
	}
	text, err := json.Marshal(objects)
	fine(t, err, os.WriteFile(filepath.Join(dir, "objects.json"), text, 0o600))
	c := serve(t, fakeorg.Options{}, func(o *fakeorg.Org) error { return o.LoadDir(dir, describes) })

	children, fields := map[string][]relation{}, map[relation][]string{}
	for name := range recordedRoots() {
		var about struct{ ChildRelationships []relation }
		text, err := os.ReadFile(filepath.Join(describes, name+".json"))
		fine(t, err, json.Unmarshal(text, &about))
		for _, r := range about.ChildRelationships {
			if !noRecords(r.ChildSObject) {
				children[name] = append(children[name], r)
				fields[r] = append(fields[r], name)
			}
		}
	}
	addChildren(c, fields)
	return c, children
}

// addChildren gives the org the objects that have these lookups.
func addChildren(c *client, lookups map[relation][]string) {
	t := c.t.(*testing.T)
	t.Helper()
	objects := map[string][]fakeorg.Field{
		"ContentDocumentLink": {{Name: "ContentDocumentId", Type: "string"}},
	}
	for r, parents := range lookups {
		f := fakeorg.Field{Name: r.Field, Type: "reference", References: parents}
		switch {
		case recordedRoots()[r.ChildSObject] == "" && r.ChildSObject != "User":
			objects[r.ChildSObject] = append(objects[r.ChildSObject], f)
		case c.org.AddField(r.ChildSObject, f) != nil: // it has it already
		}
	}
	for i, name := range slices.Sorted(maps.Keys(objects)) {
		number := strconv.FormatInt(int64(36+i), 36)
		fine(t, c.org.AddObject(name, "y"+number, objects[name]...))
	}
}

// The closure of a delete is that of the table, whatever the relation is called, or
// whether it has a name at all.
func TestRecordedRelations(t *testing.T) {
	c, children := serveRecorded(t)
	for root, table := range map[string][3]string{
		"Account":     {accountGoes, accountStands, accountEmptied},
		"Contact":     {contactGoes, contactStands, contactEmptied},
		"Opportunity": {opportunityGoes, "", opportunityEmptied},
		"Case":        {caseGoes, "", caseEmptied},
	} {
		recordedRelations(c, root, children[root], table)
	}
}

func recordedRelations(c *client, root string, children []relation, table [3]string) {
	t := c.t.(*testing.T)
	t.Helper()
	want := map[string]string{}
	for i, fate := range []string{"goes", "stands", "emptied"} {
		for _, name := range strings.Fields(table[i]) {
			want[name] = fate
		}
	}
	parent := c.record(root, "")
	got, made := map[string]string{}, map[string]string{}
	for _, r := range children {
		name := r.ChildSObject + "." + r.Field
		made[name] = c.record(r.ChildSObject, r.Field, parent)
		if c.org.Delete(parent) == nil { // it stands against nothing: the parent comes back for the next
			fine(t, c.org.Undelete(parent))
			continue
		}
		got[name] = "stands"
		fine(t, c.org.Drift(made[name], r.Field, ""))
	}
	fine(t, c.org.Delete(parent))
	for name, id := range made {
		object, field, _ := strings.Cut(name, ".")
		switch {
		case got[name] != "":
		case c.isDeleted(object, id):
			got[name] = "goes"
		case c.get(data + "/sobjects/" + object + "/" + id)[field] == nil:
			got[name] = "emptied"
		}
	}
	for name := range maps.Keys(want) {
		if got[name] != want[name] {
			t.Errorf("%s of %s: %q, not %q", name, root, got[name], want[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d relations of %s, not %d", len(got), root, len(want))
	}
}

// record makes a record, as Salesforce itself does, that points to a parent.
func (c *client) record(object, field string, parent ...string) string {
	c.t.Helper()
	values := map[string]string{}
	for _, id := range parent {
		values[field] = id
	}
	id, err := c.org.Record(object, values)
	if err != nil {
		c.t.Fatal(err)
	}
	return id
}

func (c *client) isDeleted(object, id string) bool {
	c.t.Helper()
	if object == "User" { // nobody deletes one, and it has no field for that
		return false
	}
	rows := c.query(data + "/queryAll?q=" + url.QueryEscape("SELECT IsDeleted FROM "+object+" WHERE Id = '"+id+"'"))
	return len(rows) == 1 && rows[0]["IsDeleted"] == true
}

// The closure goes on through the children, and so does what stands against it.
func TestRecordedClosure(t *testing.T) {
	c, _ := serveRecorded(t)
	account, other := c.record("Account", ""), c.record("Account", "")
	contact, stays := c.record("Contact", "AccountId", account), c.record("Contact", "AccountId", other)
	deal := c.record("Opportunity", "AccountId", account)
	under := c.record("Account", "ParentId", account)
	claim := c.record("Case", "ContactId", contact)
	foreign := c.record("Case", "AccountId", other)
	roles, err := c.org.Record("CaseContactRole", map[string]string{"CasesId": foreign, "ContactId": contact})
	fine(t, err)
	records := []struct{ object, id, fate string }{
		{"Contact", contact, "goes"},
		{"CampaignMember", c.record("CampaignMember", "ContactId", contact), "goes"},
		{"CaseContactRole", roles, "goes"},
		{"Contact", c.record("Contact", "ReportsToId", contact), "stays"},
		{"Opportunity", deal, "goes"},
		{"OpportunityLineItem", c.record("OpportunityLineItem", "OpportunityId", deal), "goes"},
		{"OpportunityContactRole", c.record("OpportunityContactRole", "OpportunityId", deal), "goes"},
		{"Task", c.record("Task", "WhatId", deal), "goes"},
		{"Attachment", c.record("Attachment", "ParentId", deal), "goes"},
		{"Account", under, "stays"},
		{"Contact", c.record("Contact", "AccountId", under), "stays"},
		{"Contact", stays, "stays"},
		{"Case", foreign, "stays"},
		{"CaseComment", c.record("CaseComment", "ParentId", foreign), "stays"},
		{"EmailMessage", c.record("EmailMessage", "RelatedToId", account), "stays"},
	}
	path := data + "/sobjects/Account/" + account
	if r := c.do("DELETE", path, ""); !strings.Contains(r.body, "associated with the following cases.: ") {
		t.Errorf("a Case of a Contact of the Account doesn't stand against it: %s", r.body)
	}
	fine(t, c.org.Delete(claim))
	c.ok("DELETE", path, "")
	for _, r := range records {
		if gone := c.isDeleted(r.object, r.id); gone != (r.fate == "goes") {
			t.Errorf("%s: deleted %t, but it %s", r.object, gone, r.fate)
		}
	}
	fine(t, c.org.Undelete(account))
	for _, r := range records {
		if c.isDeleted(r.object, r.id) {
			t.Errorf("%s didn't come back", r.object)
		}
	}
}
