package soql

import "strings"

// testSchema is a small org: each kind of field, a custom object, parents
// over several levels, a polymorphic owner.
type testSchema map[string]*Entity

func (s testSchema) Entity(name string) (*Entity, bool) {
	e, ok := s[strings.ToLower(name)]
	return e, ok
}

func newTestSchema() testSchema {
	return testSchema{
		"account": entity("Account", "Id id", "IsDeleted boolean", "Name string", "Type picklist", "ParentId reference Parent>Account",
			"OwnerId reference Owner>User", "BillingAddress address", "Phone phone", "Website url", "AnnualRevenue currency",
			"NumberOfEmployees int", "Description textarea-", "CreatedDate datetime", "SystemModstamp datetime",
			"Score__c double", "Tags__c multipicklist", "Since__c date", "Opens__c time", "Share__c percent"),
		"contact": entity("Contact", "Id id", "LastName string", "Email email", "AccountId reference Account>Account",
			"OwnerId reference Owner>User", "Birthdate date", "Mentor__c reference Mentor__r>Contact"),
		"case": entity("Case", "Id id", "CaseNumber string", "OwnerId reference Owner>Group,User",
			"ContactId reference Contact>Contact", "Weird__c reference"),
		"user":    entity("User", "Id id", "Name string", "ProfileId reference Profile>Profile"),
		"profile": entity("Profile", "Id id", "Name string"),
		"group":   entity("Group", "Id id", "Name string", "Type picklist"),
	}
}

// entity reads fields written as "Name type [Relationship>Target,Target]"; a
// type with a minus can't be filtered or sorted.
func entity(name string, fields ...string) *Entity {
	e := &Entity{Name: name}
	for _, text := range fields {
		words := strings.Fields(text)
		typ, plain := strings.CutSuffix(words[1], "-")
		f := Field{Name: words[0], Type: typ, Custom: strings.HasSuffix(words[0], "__c"), Filterable: !plain, Sortable: !plain}
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
