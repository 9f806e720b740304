package fakeorg

import (
	"slices"
	"strconv"
	"time"
)

// What an org has only where it is switched on: several currencies, record
// types, person accounts.

// currencies are the codes of an org with several, and what one unit of the
// first is worth in each.
func currencies() [][2]string {
	return [][2]string{{"USD", "1"}, {"EUR", "0.92"}, {"JPY", "151.37"}}
}

// added adds to a kind the fields that the org's features bring.
func (on Features) added(k kind) kind {
	var more []made
	if on.MultiCurrency && k.name != "User" {
		code := newField("CurrencyIsoCode", "picklist", 3)
		code.DefaultedOnCreate, code.DefaultValue = true, currencies()[0][0]
		more = append(more, picklist(code, 0, 1, currencies()[0][0], currencies()[1][0], currencies()[2][0]))
	}
	if on.RecordTypes && recordTypesOf(k.name) != nil {
		var ids []string
		for _, t := range recordTypesOf(k.name) {
			ids = append(ids, t.RecordTypeID)
		}
		lookup := newLookup("RecordTypeId", "RecordType")
		lookup.DefaultedOnCreate, lookup.DefaultValue = true, ids[0]
		more = append(more, made{lookup, oneOf(ids...)})
	}
	if on.PersonAccounts && k.name == "Account" {
		contact := newLookup("PersonContactId", "Contact").byOrg()
		contact.Nillable, contact.DefaultedOnCreate = true, false
		more = append(more,
			made{newField("LastName", "string", 80), nil}, made{newField("FirstName", "string", 40), nil},
			made{newField("PersonEmail", "email", 80), nil}, made{newField("IsPersonAccount", "boolean", 0).byOrg(), no},
			made{contact, nil})
	}
	// Before what the org itself fills, so that the stamps stay last.
	at := slices.IndexFunc(k.fields, func(m made) bool { return m.Name == "CreatedDate" })
	k.fields = slices.Insert(k.fields, at, more...)
	return k
}

// recordTypesOf are the record types of a generated object, or none.
func recordTypesOf(object string) []recordTypeInfo {
	names := map[string][2]string{"Account": {"Business", "Partner"}, "Opportunity": {"New_Deal", "Renewal"}}[object]
	if names[0] == "" {
		return nil
	}
	first := 1
	if object == "Opportunity" {
		first = 3
	}
	var infos []recordTypeInfo
	for i, name := range names {
		infos = append(infos, recordTypeInfo{
			Active: true, Available: true, DefaultRecordTypeMapping: i == 0, DeveloperName: name, Name: labelOf(name),
			RecordTypeID: makeID("012", first+i),
		})
	}
	return infos
}

// objects are the objects that features bring.
func (on Features) objects(birth time.Time) []*object {
	born, admin := stamp(birth), runningUser()
	stamps := []string{born, admin, born, admin, born}
	var all []*object
	if on.MultiCurrency {
		fields := append([]*fieldDescribe{
			newID("CurrencyType"), newField("IsoCode", "picklist", 3), newField("ConversionRate", "double", 18).digitsAfter(6),
			newField("DecimalPlaces", "int", 1), newField("IsActive", "boolean", 0), newField("IsCorporate", "boolean", 0),
		}, stampFields()...)
		var rows [][]string
		for i, c := range currencies() {
			rows = append(rows, append([]string{makeID("01L", i+1), c[0], c[1], "2", "true", strconv.FormatBool(i == 0)}, stamps...))
		}
		all = append(all, fixed("CurrencyType", "01L", fields, rows))
	}
	if on.RecordTypes {
		fields := append([]*fieldDescribe{
			newID("RecordType"), newField("Name", "string", 80), newField("DeveloperName", "string", 80),
			newField("SobjectType", "picklist", 40), newField("IsActive", "boolean", 0),
		}, stampFields()...)
		var rows [][]string
		for _, object := range []string{"Account", "Opportunity"} {
			for _, t := range recordTypesOf(object) {
				rows = append(rows, append([]string{t.RecordTypeID, t.Name, t.DeveloperName, object, "true"}, stamps...))
			}
		}
		all = append(all, fixed("RecordType", "012", fields, rows))
	}
	return all
}
