package fakeorg

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
		{newField("Name", "string", 255).required(), company},
		picklist(newField("Type", "picklist", 40), 1, 5, "Prospect", "Customer - Direct", "Customer - Channel", "Other"),
		{newLookup("ParentId", "Account"), sometimes(9, 10, earlier("001"))},
		{newField("BillingStreet", "textarea", 255).part("BillingAddress"), sometimes(1, 8, street)},
		{newField("BillingCity", "string", 40).part("BillingAddress"), city},
		{newField("BillingState", "string", 80).part("BillingAddress"), state},
		{newField("BillingPostalCode", "string", 20).part("BillingAddress"), postal},
		{newField("BillingCountry", "string", 80).part("BillingAddress"), country},
		{newField("BillingAddress", "address", 0), nil},
		{newField("Phone", "phone", 40), sometimes(1, 6, phone)},
		{newField("AccountNumber", "string", 40), numbered("", 8)},
		{newField("Website", "url", 255), sometimes(1, 3, website)},
		picklist(newField("Industry", "picklist", 40), 1, 4, "Agriculture", "Banking", "Education", "Energy", "Media"),
		{newField("AnnualRevenue", "currency", 18), sometimes(1, 5, rarely(64, decimal(18, 0), "1.2345678E7"))},
		{newField("NumberOfEmployees", "int", 8), sometimes(1, 3, whole(20_000))},
		{newField("Description", "textarea", 32_000), sometimes(3, 5, remark)},
		picklist(newField("Rating", "picklist", 40), 1, 2, "Hot", "Warm", "Cold"),
		{newMaster("Account"), nil},
		{newField("Site", "string", 80), rarely(50, sometimes(3, 4, oneOf("HQ", "Branch")), "N/A", "null", "007", "None")},
	})
}

func contactFields() []made {
	return ofSystem("Contact", "003", true, []made{
		{newLookup("AccountId", "Account"), sometimes(1, 20, lookup("Account", "001"))},
		picklist(newField("Salutation", "picklist", 40).part("Name"), 1, 2, "Ms.", "Mr.", "Dr.", "Mx."),
		{newField("FirstName", "string", 40).part("Name"), firstName},
		{newField("LastName", "string", 80).required().part("Name"), lastName},
		{computedName(121), fullName},
		{newField("MailingStreet", "textarea", 255).part("MailingAddress"), sometimes(1, 4, street)},
		{newField("MailingCity", "string", 40).part("MailingAddress"), city},
		{newField("MailingState", "string", 80).part("MailingAddress"), state},
		{newField("MailingPostalCode", "string", 20).part("MailingAddress"), postal},
		{newField("MailingCountry", "string", 80).part("MailingAddress"), country},
		{newField("MailingAddress", "address", 0), nil},
		{newField("Phone", "phone", 40), sometimes(1, 3, phone)},
		{newField("Email", "email", 80), sometimes(1, 10, email)},
		{newField("Title", "string", 128), sometimes(1, 3, oneOf("Buyer", "CEO", "Head of \"Ideas\"", "Engineer, Senior"))},
		{newField("Birthdate", "date", 0), rarely(500, sometimes(1, 2, birthday), "1700-01-01", "4000-12-31")},
		{newField("HasOptedOutOfEmail", "boolean", 0), flag},
		{newMaster("Contact"), nil},
		{newField("Description", "textarea", 32_000), sometimes(2, 3, remark)},
	})
}

func opportunityFields() []made {
	return ofSystem("Opportunity", "006", true, []made{
		{newLookup("AccountId", "Account"), sometimes(1, 50, lookup("Account", "001"))},
		{newField("Name", "string", 120).required(), company},
		picklist(newField("StageName", "picklist", 255).required(), 0, 1, "Prospecting", "Negotiation/Review", "Closed Won", "Closed Lost"),
		{newField("Amount", "currency", 18).digitsAfter(2), sometimes(1, 9, decimal(16, 2))},
		{newField("Probability", "percent", 3), whole(101)},
		{newField("CloseDate", "date", 0).required(), dayAround},
		picklist(newField("Type", "picklist", 40), 1, 3, "New Customer", "Existing Customer - Upgrade"),
		{newField("IsPrivate", "boolean", 0), no},
		{newField("NextStep", "string", 255), sometimes(1, 2, remark)},
	})
}

func caseFields() []made {
	number := newField("CaseNumber", "string", 30).numbered()
	number.NameField = true
	return ofSystem("Case", "500", true, []made{
		{number, numbered("", 8)},
		{newLookup("AccountId", "Account"), sometimes(1, 10, lookup("Account", "001"))},
		{newLookup("ContactId", "Contact"), sometimes(1, 5, lookup("Contact", "003"))},
		picklist(newField("Status", "picklist", 255).required(), 0, 1, "New", "Working", "Escalated", "Closed"),
		picklist(newField("Priority", "picklist", 255), 0, 1, "High", "Medium", "Low"),
		picklist(newField("Origin", "picklist", 255), 1, 4, "Phone", "Email", "Web"),
		{newField("Subject", "string", 255), remark},
		{newMaster("Case"), nil},
		{newField("Description", "textarea", 32_000), sometimes(1, 2, remark)},
	})
}

func taskFields() []made {
	who := either(lookup("Contact", "003"), null)
	what := either(lookup("Account", "001"), lookup("Opportunity", "006"), lookup("Case", "500"))
	return ofSystem("Task", "00T", true, []made{
		{newLookup("WhoId", "Contact", "Lead"), who},
		{newLookup("WhatId", "Account", "Opportunity", "Case"), what},
		{newField("Subject", "string", 255), oneOf("Call", "Send Letter", "Email", "Meet, then write")},
		{newField("ActivityDate", "date", 0), sometimes(1, 6, dayAround)},
		picklist(newField("Status", "picklist", 255).required(), 0, 1, "Not Started", "In Progress", "Completed"),
		picklist(newField("Priority", "picklist", 255).required(), 0, 1, "High", "Normal", "Low"),
		{newField("IsArchived", "boolean", 0).byOrg(), no},
		{newField("Description", "textarea", 32_000), sometimes(3, 4, remark)},
	})
}

func userFields() []made {
	return ofSystem("User", "005", false, []made{
		{newField("Username", "string", 80).required(), username},
		{newField("LastName", "string", 80).required().part("Name"), lastName},
		{newField("FirstName", "string", 40).part("Name"), firstName},
		{computedName(121), fullName},
		{newField("Email", "email", 128).required(), email},
		{newField("IsActive", "boolean", 0), oneOf("true")},
	})
}

func invoiceFields() []made {
	number := newField("Number__c", "string", 40)
	number.ExternalId, number.IDLookup, number.Unique = true, true, true
	return ofSystem("Invoice__c", "a0I", true, []made{
		{newField("Name", "string", 80).numbered(), numbered("INV-", 8)},
		{number, numbered("N", 8)},
		{newLookup("Account__c", "Account"), lookup("Account", "001")},
		{newLookup("Opportunity__c", "Opportunity"), sometimes(1, 2, lookup("Opportunity", "006"))},
		{newField("Amount__c", "currency", 18).digitsAfter(2), decimal(16, 2)},
		{newField("Tax__c", "percent", 5).digitsAfter(2), sometimes(1, 4, decimal(3, 2))},
		{newField("Rate__c", "double", 18).digitsAfter(8), rarely(16, decimal(10, 8), "1.2345678E7", "-9.87654321E8", "0.00000001")},
		{newField("Volume__c", "double", 18), sometimes(1, 3, scientific)},
		{newField("Due_Date__c", "date", 0), rarely(200, dayAround, "1700-01-01", "4000-12-31")},
		{newField("Sent_At__c", "datetime", 0), sometimes(1, 3, modifiedAt)},
		{newField("Paid__c", "boolean", 0), flag},
		{newField("Tags__c", "multipicklist", 4099), sometimes(1, 3, oneOf("red;green", "blue", "red;blue;green"))},
		{newField("Notes__c", "textarea", longest), sometimes(1, 3, novel)},
	})
}

// picklist makes a field of some choices, of which out of per are null.
func picklist(f *fieldDescribe, out, per uint64, values ...string) made {
	for _, value := range values {
		f.PicklistValues = append(f.PicklistValues, picklistValue{Active: true, Label: value, Value: value})
	}
	return made{f, sometimes(out, per, oneOf(values...))}
}

// newMaster describes where a record that lost a merge points to.
func newMaster(object string) *fieldDescribe {
	f := newLookup("MasterRecordId", object)
	f.Createable, f.Updateable, f.Permissionable = false, false, false
	return f
}

// computedName is a name that is put together from its parts.
func computedName(length int) *fieldDescribe {
	f := newField("Name", "string", length)
	f.Nillable, f.Createable, f.Updateable = false, false, false
	return f
}

// ofSystem adds to an object's own fields what the org itself fills, and how.
func ofSystem(object, prefix string, owned bool, own []made) []made {
	makers := []maker{ownID(prefix)}
	if owned {
		makers = append(makers, no)
	}
	var fields []*fieldDescribe
	for _, m := range own {
		fields, makers = append(fields, m.fieldDescribe), append(makers, m.make)
	}
	if owned {
		makers = append(makers, user(3))
	}
	makers = append(makers, createdAt, user(11), modifiedAt, user(19), touchedAt)
	var all []made
	for i, f := range withSystem(object, owned, fields) {
		all = append(all, made{f, makers[i]})
	}
	return all
}
