package generate

import (
	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/halves"
)

// The objects of a generated org, field by field.

func generatedKinds() []kind {
	return []kind{
		{"Account", "001", accountFields()},
		{"Contact", "003", contactFields()},
		{"Opportunity", "006", opportunityFields()},
		{"Case", "500", caseFields()},
		{"Task", "00T", taskFields()},
		{"User", "005", userFields()},
		{"Invoice__c", "a0I", invoiceFields()},
	}
}

func accountFields() []made {
	return ofSystem("Account", "001", true, []made{
		{describe.NewField("Name", "string", 255).Required(), company},
		picklist(describe.NewField("Type", "picklist", 40), 1, 5, "Prospect", "Customer - Direct",
			"Customer - Channel", "Other"),
		{describe.NewLookup("ParentId", "Account"), sometimes(9, 10, earlier("001"))},
		{describe.NewField("BillingStreet", "textarea", 255).Part("BillingAddress"), sometimes(1, 8, street)},
		{describe.NewField("BillingCity", "string", 40).Part("BillingAddress"), city},
		{describe.NewField("BillingState", "string", 80).Part("BillingAddress"), state},
		{describe.NewField("BillingPostalCode", "string", 20).Part("BillingAddress"), postal},
		{describe.NewField("BillingCountry", "string", 80).Part("BillingAddress"), country},
		{describe.NewField("BillingAddress", "address", 0), nil},
		{describe.NewField("Phone", "phone", 40), sometimes(1, 6, phone)},
		{describe.NewField("AccountNumber", "string", 40), numbered("", 8)},
		{describe.NewField("Website", "url", 255), sometimes(1, 3, website)},
		picklist(describe.NewField("Industry", "picklist", 40), 1, 4, "Agriculture", "Banking", "Education", "Energy",
			"Media"),
		{describe.NewField("AnnualRevenue", "currency", 18),
			sometimes(1, 5, rarely(64, decimal(18, 0), "1.2345678E7"))},
		{describe.NewField("NumberOfEmployees", "int", 8), sometimes(1, 3, whole(20_000))},
		{describe.NewField("Description", "textarea", 32_000), sometimes(3, 5, remark)},
		picklist(describe.NewField("Rating", "picklist", 40), 1, 2, "Hot", "Warm", "Cold"),
		{newMaster("Account"), nil},
		{describe.NewField("Site", "string", 80),
			rarely(50, sometimes(3, 4, oneOf("HQ", "Branch")), "N/A", "null", "007", "None")},
	})
}

func contactFields() []made {
	return ofSystem("Contact", "003", true, []made{
		{describe.NewLookup("AccountId", "Account"), sometimes(1, 20, lookup("Account", "001"))},
		picklist(describe.NewField("Salutation", "picklist", 40).Part("Name"), 1, 2, "Ms.", "Mr.", "Dr.", "Mx."),
		{describe.NewField("FirstName", "string", 40).Part("Name"), firstName},
		{describe.NewField("LastName", "string", 80).Required().Part("Name"), lastName},
		{computedName(121), fullName},
		{describe.NewField("MailingStreet", "textarea", 255).Part("MailingAddress"), sometimes(1, 4, street)},
		{describe.NewField("MailingCity", "string", 40).Part("MailingAddress"), city},
		{describe.NewField("MailingState", "string", 80).Part("MailingAddress"), state},
		{describe.NewField("MailingPostalCode", "string", 20).Part("MailingAddress"), postal},
		{describe.NewField("MailingCountry", "string", 80).Part("MailingAddress"), country},
		{describe.NewField("MailingAddress", "address", 0), nil},
		{describe.NewField("Phone", "phone", 40), sometimes(1, 3, phone)},
		{describe.NewField("Email", "email", 80), sometimes(1, 10, email)},
		{describe.NewField("Title", "string", 128),
			sometimes(1, 3, oneOf("Buyer", "CEO", "Head of \"Ideas\"", "Engineer, Senior"))},
		{describe.NewField("Birthdate", "date", 0), rarely(500, sometimes(1, 2, birthday), "1700-01-01", "4000-12-31")},
		{describe.NewField("HasOptedOutOfEmail", "boolean", 0), flag},
		{newMaster("Contact"), nil},
		{describe.NewField("Description", "textarea", 32_000), sometimes(2, 3, remark)},
	})
}

func opportunityFields() []made {
	return ofSystem("Opportunity", "006", true, []made{
		{describe.NewLookup("AccountId", "Account"), sometimes(1, 50, lookup("Account", "001"))},
		{describe.NewField("Name", "string", 120).Required(), company},
		picklist(describe.NewField("StageName", "picklist", 255).Required(), 0, 1, "Prospecting",
			"Negotiation/Review", "Closed Won", "Closed Lost"),
		{describe.NewField("Amount", "currency", 18).DigitsAfter(2), sometimes(1, 9, decimal(16, 2))},
		{describe.NewField("Probability", "percent", 3), whole(101)},
		{describe.NewField("CloseDate", "date", 0).Required(), dayAround},
		picklist(describe.NewField("Type", "picklist", 40), 1, 3, "New Customer", "Existing Customer - Upgrade"),
		{describe.NewField("IsPrivate", "boolean", 0), no},
		{describe.NewField("NextStep", "string", 255), sometimes(1, 2, remark)},
	})
}

func caseFields() []made {
	number := describe.NewField("CaseNumber", "string", 30).Numbered()
	number.NameField = true
	return ofSystem("Case", "500", true, []made{
		{number, numbered("", 8)},
		{describe.NewLookup("AccountId", "Account"), sometimes(1, 10, lookup("Account", "001"))},
		{describe.NewLookup("ContactId", "Contact"), sometimes(1, 5, lookup("Contact", "003"))},
		picklist(describe.NewField("Status", "picklist", 255).Required(), 0, 1, "New", "Working", "Escalated",
			"Closed"),
		picklist(describe.NewField("Priority", "picklist", 255), 0, 1, "High", "Medium", "Low"),
		picklist(describe.NewField("Origin", "picklist", 255), 1, 4, "Phone", "Email", "Web"),
		{describe.NewField("Subject", "string", 255), remark},
		{newMaster("Case"), nil},
		{describe.NewField("Description", "textarea", 32_000), sometimes(1, 2, remark)},
	})
}

func taskFields() []made {
	who := either(lookup("Contact", "003"), null)
	what := either(lookup("Account", "001"), lookup("Opportunity", "006"), lookup("Case", "500"))
	return ofSystem("Task", "00T", true, []made{
		{describe.NewLookup("WhoId", "Contact", "Lead"), who},
		{describe.NewLookup("WhatId", "Account", "Opportunity", "Case"), what},
		{describe.NewField("Subject", "string", 255), oneOf("Call", "Send Letter", "Email", "Meet, then write")},
		{describe.NewField("ActivityDate", "date", 0), sometimes(1, 6, dayAround)},
		picklist(describe.NewField("Status", "picklist", 255).Required(), 0, 1, "Not Started", "In Progress",
			"Completed"),
		picklist(describe.NewField("Priority", "picklist", 255).Required(), 0, 1, "High", "Normal", "Low"),
		{describe.NewField("IsArchived", "boolean", 0).ByOrg(), no},
		{describe.NewField("Description", "textarea", 32_000), sometimes(3, 4, remark)},
	})
}

func userFields() []made {
	return ofSystem("User", "005", false, []made{
		{describe.NewField("Username", "string", 80).Required(), username},
		{describe.NewField("LastName", "string", 80).Required().Part("Name"), lastName},
		{describe.NewField("FirstName", "string", 40).Part("Name"), firstName},
		{computedName(121), fullName},
		{describe.NewField("Email", "email", 128).Required(), email},
		{describe.NewField("IsActive", "boolean", 0), oneOf("true")},
	})
}

func invoiceFields() []made {
	number := describe.NewField("Number__c", "string", 40)
	number.ExternalId, number.IDLookup, number.Unique = true, true, true
	return ofSystem("Invoice__c", "a0I", true, []made{
		{describe.NewField("Name", "string", 80).Numbered(), numbered("INV-", 8)},
		{number, numbered("N", 8)},
		{describe.NewLookup("Account__c", "Account"), lookup("Account", "001")},
		{describe.NewLookup("Opportunity__c", "Opportunity"), sometimes(1, 2, lookup("Opportunity", "006"))},
		{describe.NewField("Amount__c", "currency", 18).DigitsAfter(2), decimal(16, 2)},
		{describe.NewField("Tax__c", "percent", 5).DigitsAfter(2), sometimes(1, 4, decimal(3, 2))},
		{describe.NewField("Rate__c", "double", 18).DigitsAfter(8),
			rarely(16, decimal(10, 8), "1.2345678E7", "-9.87654321E8", "0.00000001")},
		{describe.NewField("Volume__c", "double", 18), sometimes(1, 3, scientific)},
		{describe.NewField("Due_Date__c", "date", 0), rarely(200, dayAround, "1700-01-01", "4000-12-31")},
		{describe.NewField("Sent_At__c", "datetime", 0), sometimes(1, 3, modifiedAt)},
		{describe.NewField("Paid__c", "boolean", 0), flag},
		{describe.NewField("Tags__c", "multipicklist", 4099),
			sometimes(1, 3, oneOf("red;green", "blue", "red;blue;green"))},
		{describe.NewField("Notes__c", "textarea", longest), sometimes(1, 3, novel)},
	})
}

// picklist makes a field of some choices, of which out of per are null.
func picklist(f *describe.Field, out, per uint64, values ...string) made {
	for _, value := range values {
		choice := describe.Choice{Active: true, Label: halves.Text(value), Value: value}
		f.PicklistValues = append(f.PicklistValues, choice)
	}
	return made{f, sometimes(out, per, oneOf(values...))}
}

// newMaster describes where a record that lost a merge points to.
func newMaster(object string) *describe.Field {
	f := describe.NewLookup("MasterRecordId", object)
	f.Createable, f.Updateable, f.Permissionable = false, false, false
	return f
}

// computedName is a name that is put together from its parts.
func computedName(length int) *describe.Field {
	f := describe.NewField("Name", "string", length)
	f.Nillable, f.Createable, f.Updateable = false, false, false
	return f
}

// ofSystem adds to an object's own fields what the org itself fills, and how.
func ofSystem(object, prefix string, owned bool, own []made) []made {
	makers := []maker{ownID(prefix)}
	if owned {
		makers = append(makers, no)
	}
	var fields []*describe.Field
	for _, m := range own {
		fields, makers = append(fields, m.Field), append(makers, m.make)
	}
	if owned {
		makers = append(makers, user(3))
	}
	makers = append(makers, createdAt, user(11), modifiedAt, user(19), touchedAt)
	var all []made
	for i, f := range describe.WithSystem(object, owned, fields) {
		all = append(all, made{f, makers[i]})
	}
	return all
}
