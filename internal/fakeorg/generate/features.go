package generate

import (
	"slices"
	"strconv"

	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/standard"
	"catchment/internal/fakeorg/store"
)

// What an org has only where it is switched on: several currencies, record
// types, person accounts.

// currencies are the codes of an org with several, and what one unit of the
// first is worth in each.
func currencies() [][2]string {
	return [][2]string{{"USD", "1"}, {"EUR", "0.92"}, {"JPY", "151.37"}}
}

// standardRelation is what a delete of its parent does to a record by one of its
// lookups, as recorded answers of describe tell it of Account, Contact, Opportunity and
// Case. What isn't here is emptied.
func standardRelation(object, lookup string) (cascades, restricts bool) {
	switch object + "." + lookup {
	case "Contact.AccountId", "Opportunity.AccountId", "Task.WhatId", "Task.WhoId":
		return true, false
	case "Case.AccountId", "Case.ContactId":
		return false, true
	}
	return false, false
}

// added adds to a kind the fields that the org's features bring.
func (on Features) added(k kind) kind {
	for _, f := range k.fields {
		if on.StandardDelete {
			f.CascadeDelete, f.RestrictedDelete = standardRelation(k.name, f.Name)
		}
	}
	var more []made
	if on.MultiCurrency && k.name != "User" {
		code := describe.NewField("CurrencyIsoCode", "picklist", 3)
		code.DefaultedOnCreate, code.DefaultValue = true, currencies()[0][0]
		more = append(more, picklist(code, 0, 1, currencies()[0][0], currencies()[1][0], currencies()[2][0]))
	}
	if on.RecordTypes && recordTypesOf(k.name) != nil {
		var ids []string
		for _, t := range recordTypesOf(k.name) {
			ids = append(ids, t.RecordTypeID)
		}
		lookup := describe.NewLookup("RecordTypeId", "RecordType")
		lookup.DefaultedOnCreate, lookup.DefaultValue = true, ids[0]
		more = append(more, made{lookup, oneOf(ids...)})
	}
	if on.PersonAccounts && k.name == "Contact" {
		more = append(more, made{describe.NewField("IsPersonAccount", "boolean", 0).ByOrg(), no})
	}
	if on.PersonAccounts && k.name == "Account" {
		contact := describe.NewLookup("PersonContactId", "Contact").ByOrg()
		contact.Nillable, contact.DefaultedOnCreate = true, false
		more = append(more,
			picklist(describe.NewField("Salutation", "picklist", 40).Part("Name"), 1, 1, "Ms.", "Mr.", "Dr.", "Mx."),
			made{describe.NewField("LastName", "string", 80).Part("Name"), nil},
			made{describe.NewField("FirstName", "string", 40).Part("Name"), nil},
			made{describe.NewField("PersonEmail", "email", 80), nil},
			made{describe.NewField("PersonTitle", "string", 80), nil},
			made{describe.NewField("PersonBirthdate", "date", 0), nil},
			made{describe.NewField("PersonHasOptedOutOfEmail", "boolean", 0), no},
			made{describe.NewField("PersonMailingStreet", "textarea", 255).Part("PersonMailingAddress"), nil},
			made{describe.NewField("PersonMailingCity", "string", 40).Part("PersonMailingAddress"), nil},
			made{describe.NewField("PersonMailingState", "string", 80).Part("PersonMailingAddress"), nil},
			made{describe.NewField("PersonMailingPostalCode", "string", 20).Part("PersonMailingAddress"), nil},
			made{describe.NewField("PersonMailingCountry", "string", 80).Part("PersonMailingAddress"), nil},
			made{describe.NewField("PersonMailingAddress", "address", 0), nil},
			made{describe.NewField("IsPersonAccount", "boolean", 0).ByOrg(), no},
			made{contact, nil})
	}
	// Before what the org itself fills, so that the stamps stay last.
	at := slices.IndexFunc(k.fields, func(m made) bool { return m.Name == "CreatedDate" })
	k.fields = slices.Insert(k.fields, at, more...)
	return k
}

// recordTypesOf are the record types of a generated object, or none.
func recordTypesOf(object string) []describe.RecordType {
	names := map[string][2]string{"Account": {"Business", "Partner"}, "Opportunity": {"New_Deal", "Renewal"}}[object]
	if names[0] == "" {
		return nil
	}
	first := 1
	if object == "Opportunity" {
		first = 3
	}
	var infos []describe.RecordType
	for i, name := range names {
		infos = append(infos, describe.RecordType{
			Active: true, Available: true, DefaultRecordTypeMapping: i == 0,
			DeveloperName: name, Name: describe.Label(name), RecordTypeID: recordid.New("012", first+i),
		})
	}
	return infos
}

// objects are the objects that features bring.
func (on Features) objects() []*store.Object {
	born, admin := orgtime.Stamp(on.Since), recordid.RunningUser()
	stamps := []string{born, admin, born, admin, born}
	var all []*store.Object
	if on.MultiCurrency {
		fields := append([]*describe.Field{
			describe.NewID("CurrencyType"), describe.NewField("IsoCode", "picklist", 3),
			describe.NewField("ConversionRate", "double", 18).DigitsAfter(6),
			describe.NewField("DecimalPlaces", "int", 1), describe.NewField("IsActive", "boolean", 0),
			describe.NewField("IsCorporate", "boolean", 0),
		}, describe.Stamps()...)
		var rows [][]string
		for i, c := range currencies() {
			row := []string{recordid.New("01L", i+1), c[0], c[1], "2", "true", strconv.FormatBool(i == 0)}
			rows = append(rows, append(row, stamps...))
		}
		all = append(all, standard.Fixed("CurrencyType", "01L", fields, rows))
	}
	if on.RecordTypes {
		fields := append([]*describe.Field{
			describe.NewID("RecordType"), describe.NewField("Name", "string", 80),
			describe.NewField("DeveloperName", "string", 80),
			describe.NewField("SobjectType", "picklist", 40), describe.NewField("IsActive", "boolean", 0),
		}, describe.Stamps()...)
		var rows [][]string
		for _, object := range []string{"Account", "Opportunity"} {
			for _, t := range recordTypesOf(object) {
				row := []string{t.RecordTypeID, t.Name, t.DeveloperName, object, "true"}
				rows = append(rows, append(row, stamps...))
			}
		}
		all = append(all, standard.Fixed("RecordType", "012", fields, rows))
	}
	return all
}
