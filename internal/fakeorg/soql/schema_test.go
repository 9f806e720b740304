package soql

import (
	"slices"
	"strings"
)

// testSchema is a small org: each kind of field, a custom object, parents
// over several levels, a polymorphic owner.
type testSchema map[string]*Entity

func (s testSchema) Entity(name string) (*Entity, bool) {
	e, ok := s[strings.ToLower(name)]
	return e, ok
}

// Child names the children of a lookup by their object, Contacts, and those
// of an object's own lookup ChildAccounts; custom ones get __r.
func (s testSchema) Child(parent *Entity, relationship string) (Relation, bool) {
	for _, e := range s {
		for _, f := range e.Fields {
			if len(f.ReferenceTo) == 0 || !slices.Contains(f.ReferenceTo, parent.Name) {
				continue
			}
			name := e.Name + "s"
			if e == parent {
				name = "Child" + name
			}
			if f.Custom {
				name += "__r"
			}
			if strings.EqualFold(name, relationship) {
				return Relation{Name: name, Entity: e, Lookup: f}, true
			}
		}
	}
	return Relation{}, false
}

func newTestSchema() testSchema {
	s := testSchema{
		"account": entity("Account", "Id id", "IsDeleted boolean", "Name string", "Type picklist",
			"ParentId reference Parent>Account",
			"OwnerId reference Owner>User", "BillingAddress address", "Phone phone", "Website url",
			"AnnualRevenue currency",
			"NumberOfEmployees int", "Description textarea-", "CreatedDate datetime", "SystemModstamp datetime",
			"Score__c double", "Tags__c multipicklist", "Since__c date", "Opens__c time", "Share__c percent",
			"BillingCity string", "BillingLatitude double", "BillingLongitude double",
			"Place__c location", "Place__Latitude__s double", "Place__Longitude__s double"),
		"contact": entity("Contact", "Id id", "LastName string", "Email email", "AccountId reference Account>Account",
			"OwnerId reference Owner>User", "Birthdate date", "Mentor__c reference Mentor__r>Contact",
			"FirstName string", "CreatedDate datetime"),
		"case": entity("Case", "Id id", "CaseNumber string", "OwnerId reference Owner>Group,User",
			"ContactId reference Contact>Contact", "Weird__c reference", "AccountId reference Account>Account",
			"Status picklist"),
		"lead": entity("Lead", "Id id", "LastName string", "Company string", "LeadSource picklist", "Rating picklist",
			"Status picklist",
			"City string", "State string", "IsConverted boolean", "CreatedDate datetime",
			"OwnerId reference Owner>Group,User"),
		"opportunity": entity("Opportunity", "Id id", "Name string", "Amount currency", "CloseDate date",
			"StageName picklist", "LeadSource picklist",
			"IsClosed boolean", "IsWon boolean", "Probability percent", "TotalOpportunityQuantity double",
			"FiscalQuarter int", "CampaignId reference",
			"AccountId reference Account>Account", "OwnerId reference Owner>User", "CreatedDate datetime",
			"LastModifiedDate datetime"),
		"opportunitylineitem": entity("OpportunityLineItem", "Id id", "OpportunityId reference Opportunity>Opportunity",
			"Quantity double", "TotalPrice currency"),
		"task": entity("Task", "Id id", "Subject string", "ActivityDate date",
			"WhatId reference What>Account,Case,Opportunity",
			"WhoId reference Who>Contact,Lead", "OwnerId reference Owner>User"),
		"user": entity("User", "Id id", "Name string", "ProfileId reference Profile>Profile", "Email email",
			"IsActive boolean"),
		"profile": entity("Profile", "Id id", "Name string"),
		"group":   entity("Group", "Id id", "Name string", "Type picklist"),
	}
	for i := range s["lead"].Fields {
		if f := &s["lead"].Fields[i]; f.Name == "Status" {
			f.Labels = map[string]string{"Open": "Offen", "Closed": "Zu"}
		}
	}
	return s
}

// entity reads fields written as "Name type [Relationship>Target,Target]"; a
// type with a minus can't be filtered, sorted, grouped or aggregated.
func entity(name string, fields ...string) *Entity {
	e := &Entity{Name: name}
	for _, text := range fields {
		words := strings.Fields(text)
		typ, plain := strings.CutSuffix(words[1], "-")
		f := Field{Name: words[0], Type: typ, Custom: strings.HasSuffix(words[0], "__c"), Filterable: !plain,
			Sortable:     !plain,
			Groupable:    !plain && typ != "datetime" && kindOf(typ) != kindDecimal && kindOf(typ) != kindNone,
			Aggregatable: !plain}
		if len(words) > 2 {
			relationship, targets, _ := strings.Cut(words[2], ">")
			f.Relationship, f.ReferenceTo = relationship, strings.Split(targets, ",")
		}
		e.Fields = append(e.Fields, f)
	}
	return e
}

// mapRecord is a Record whose values lie in a map by the path's text.
type mapRecord map[string]string

func (r mapRecord) Value(p *Path) string {
	if len(p.Hops) == 0 {
		return r[p.Field.Name]
	}
	return r[p.String()]
}

// sameRecord is a Record with one value in every field.
type sameRecord string

func (r sameRecord) Value(*Path) string { return string(r) }
