package fakeorg_test

import (
	"cmp"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"catchment/internal/fakeorg"
)

func TestManyCurrencies(t *testing.T) {
	c := serve(t, fakeorg.Options{MultiCurrency: true}, generated(300))
	seen := map[any]bool{}
	for _, r := range c.query(queryPath("SELECT CurrencyIsoCode FROM Opportunity")) {
		seen[r["CurrencyIsoCode"]] = true
	}
	if len(seen) != 3 || seen[nil] {
		t.Errorf("currencies %v", seen)
	}
	id := c.ok("POST", data+"/sobjects/Account", `{"Name":"x"}`)["id"].(string)
	if r := c.get(data + "/sobjects/Account/" + id); r["CurrencyIsoCode"] != "USD" {
		t.Errorf("by default %v", r["CurrencyIsoCode"])
	}
	if got := c.query(queryPath("SELECT ConversionRate FROM CurrencyType WHERE IsCorporate = true")); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

func TestRecordTypes(t *testing.T) {
	c := serve(t, fakeorg.Options{RecordTypes: true}, generated(300))
	types := c.query(queryPath("SELECT Id FROM RecordType WHERE SobjectType = 'Account'"))
	told := c.get(data + "/sobjects/Account/describe")["recordTypeInfos"].([]any)
	if len(types) != 2 || len(told) != 2 || told[0].(map[string]any)["recordTypeId"] != types[0]["Id"] {
		t.Errorf("%v, describe tells %v", types, told)
	}
	id := c.ok("POST", data+"/sobjects/Account", `{"Name":"x"}`)["id"].(string)
	if r := c.get(data + "/sobjects/Account/" + id); r["RecordTypeId"] != types[0]["Id"] {
		t.Errorf("by default %v", r["RecordTypeId"])
	}
	if got := c.query(queryPath("SELECT Id FROM Opportunity WHERE " +
		"RecordType.DeveloperName = 'Renewal'")); len(got) == 0 {
		t.Error("no renewals")
	}
}

func TestPersonAccounts(t *testing.T) {
	c := serve(t, fakeorg.Options{PersonAccounts: true}, generated(100))
	id := c.ok("POST", data+"/sobjects/Account",
		`{"FirstName":"Ann","LastName":"Lee","PersonEmail":"a@example.com"}`)["id"].(string)
	account := c.get(data + "/sobjects/Account/" + id)
	contact, _ := account["PersonContactId"].(string)
	if account["Name"] != "Ann Lee" || account["IsPersonAccount"] != true || contact == "" {
		t.Fatalf("%v", account)
	}
	c.ok("PATCH", data+"/sobjects/Account/"+id, `{"LastName":"Li"}`)
	if r := c.get(data + "/sobjects/Contact/" + contact); r["Name"] != "Ann Li" || r["AccountId"] != id ||
		r["Email"] != "a@example.com" {
		t.Errorf("%v", r)
	}
	fine(t, c.org.Delete(id))
	c.do("GET", data+"/sobjects/Contact/"+contact, "").refused(t, 404, "ENTITY_IS_DELETED")
	fine(t, c.org.Undelete(id))
	c.get(data + "/sobjects/Contact/" + contact)
	company := c.get(data + "/sobjects/Account/" + c.ok("POST", data+"/sobjects/Account",
		`{"Name":"Acme"}`)["id"].(string))
	if company["Name"] != "Acme" || company["IsPersonAccount"] != false || company["PersonContactId"] != nil {
		t.Errorf("%v", company)
	}
}

// A person account is two records that are one: each shows what is written to the
// other, with the same stamps, whoever writes it and by whatever way.
func TestPersonAccountsAreMirrored(t *testing.T) {
	c := serve(t, fakeorg.Options{PersonAccounts: true}, generated(100))
	fine(t, c.org.AddField("Contact", fakeorg.Field{Name: "Colour__c", Type: "string"}))
	id := c.ok("POST", data+"/sobjects/Account", `{"LastName":"Lee","Colour__pc":"red","PersonTitle":"Buyer",`+
		`"PersonMailingCity":"Bern","PersonHasOptedOutOfEmail":true}`)["id"].(string)
	contact := c.get(data + "/sobjects/Account/" + id)["PersonContactId"].(string)
	both := func(step string, want map[string]any) {
		t.Helper()
		account, person := c.get(data+"/sobjects/Account/"+id), c.get(data+"/sobjects/Contact/"+contact)
		for _, stamp := range []string{"SystemModstamp", "LastModifiedDate"} {
			now := c.org.Clock().Now().Format("2006-01-02T15:04:05.000-0700")
			if account[stamp] != person[stamp] || account[stamp] != now {
				t.Errorf("%s: %s is %v and %v", step, stamp, account[stamp], person[stamp])
			}
		}
		for field, value := range want {
			of := map[string]string{"Title": "PersonTitle", "MailingCity": "PersonMailingCity",
				"Colour__c": "Colour__pc", "HasOptedOutOfEmail": "PersonHasOptedOutOfEmail"}[field]
			of = cmp.Or(of, field)
			if person[field] != value || account[of] != value {
				t.Errorf("%s: %s is %v, and %s %v, want %v", step, field, person[field], of, account[of], value)
			}
		}
	}
	both("created", map[string]any{"Name": "Lee", "Title": "Buyer", "MailingCity": "Bern", "Colour__c": "red",
		"HasOptedOutOfEmail": true, "IsPersonAccount": true})
	c.org.Clock().Advance(time.Minute)
	c.ok("PATCH", data+"/sobjects/Account/"+id, `{"FirstName":"Ann","Colour__pc":"blue","PersonTitle":null}`)
	both("the account written",
		map[string]any{"Name": "Ann Lee", "Colour__c": "blue", "Title": nil, "MailingCity": "Bern"})
	c.org.Clock().Advance(time.Minute)
	c.ok("PATCH", data+"/sobjects/Contact/"+contact, `{"FirstName":"Bo","Colour__c":"green","MailingCity":"Rome"}`)
	both("the contact written", map[string]any{"Name": "Bo Lee", "Colour__c": "green", "MailingCity": "Rome"})
	c.org.Clock().Advance(time.Minute)
	c.ok("PATCH", data+"/sobjects/Account/"+id, `{"Industry":"Media"}`)
	both("a field of the account alone", map[string]any{"Colour__c": "green"})
	c.org.Clock().Advance(time.Minute)
	fine(t, c.org.Touch(contact))
	for _, path := range []string{"/sobjects/Account/" + id, "/sobjects/Contact/" + contact} {
		got := c.get(data + path)
		if got["SystemModstamp"] != "2026-03-14T15:13:26.000+0000" || got["LastModifiedDate"] == got["SystemModstamp"] {
			t.Errorf("touched: %s has %v and %v", path, got["SystemModstamp"], got["LastModifiedDate"])
		}
	}
	fine(t, c.org.Delete(id))
	all := c.query(data + "/queryAll?q=" + url.QueryEscape("SELECT IsDeleted, SystemModstamp FROM Contact WHERE Id = '"+
		contact+"'"))
	if len(all) != 1 || all[0]["IsDeleted"] != true || all[0]["SystemModstamp"] != "2026-03-14T15:13:26.000+0000" {
		t.Errorf("deleted with its account: %v", all)
	}
	c.org.Clock().Advance(time.Minute)
	fine(t, c.org.Undelete(id))
	if got := c.get(data + "/sobjects/Contact/" + contact); got["SystemModstamp"] != "2026-03-14T15:14:26.000+0000" {
		t.Errorf("undeleted with its account: %v", got["SystemModstamp"])
	}

	other := c.ok("POST", data+"/sobjects/Account", `{"LastName":"Li"}`)["id"].(string)
	fine(t, c.org.Merge(id, other))
	lost := c.query(data + "/queryAll?q=" +
		url.QueryEscape("SELECT IsDeleted, MasterRecordId FROM Contact WHERE Name = 'Li'"))
	if len(lost) != 1 || lost[0]["IsDeleted"] != true || lost[0]["MasterRecordId"] != contact {
		t.Errorf("merged with its account: %v", lost)
	}

	fine(t, c.org.RenameField("Contact", "Colour__c", "Hue__c"))
	both("a field renamed", nil)
	if got := c.get(data + "/sobjects/Account/" + id); got["Hue__pc"] != "green" {
		t.Errorf("renamed: %v", got)
	}
	fine(t, c.org.DeleteField("Contact", "Hue__c"))
	c.do("GET", queryPath("SELECT Hue__pc FROM Account"), "").refused(t, 400, "INVALID_FIELD")
}

// Data that was loaded need not have all that makes a person.
func TestLoadedPersonAccounts(t *testing.T) {
	const account, contact = "001Ho0000000001IAA", "003Ho0000000001IAA"
	dir := t.TempDir()
	for name, text := range map[string]string{
		"objects.json": `{"Account": {"keyPrefix": "001", "rows": 1, "fields": [{"name": "Id", "type": "id"},
			{"name": "Name", "type": "string"}, {"name": "FirstName", "type": "string"},
			{"name": "LastName", "type": "string"},
			{"name": "IsPersonAccount", "type": "boolean"},
			{"name": "PersonContactId", "type": "reference", "referenceTo": ["Contact"]}]},
			"Contact": {"keyPrefix": "003", "rows": 1, "fields": [{"name": "Id", "type": "id"},
			{"name": "LastName", "type": "string"}, {"name": "AccountId", "type": "reference", "referenceTo": ["Account"]}]}}`,
		"Account.csv": "Id,Name,FirstName,LastName,IsPersonAccount,PersonContactId\n" +
			account + ",Ada L,Ada,L,true," + contact + "\n",
		"Contact.csv": "Id,LastName,AccountId\n" + contact + ",L," + account + "\n",
	} {
		fine(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	c := serve(t, fakeorg.Options{}, func(o *fakeorg.Org) error { return o.LoadDir(dir, "") })
	c.ok("PATCH", data+"/sobjects/Account/"+account, `{"FirstName":"Eva","LastName":"M"}`)
	if got := c.get(data + "/sobjects/Contact/" + contact)["LastName"]; got != "M" {
		t.Errorf("the contact is called %v", got)
	}
	c.ok("PATCH", data+"/sobjects/Contact/"+contact, `{"LastName":"N"}`)
	if got := c.get(data + "/sobjects/Account/" + account)["Name"]; got != "Eva N" {
		t.Errorf("the account is called %v", got)
	}
}

func TestPicklists(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	fine(t, c.org.AddField("Account",
		fakeorg.Field{Name: "Tier__c", Type: "picklist", Values: []string{"gold", "tin"}}))
	c.ok("PATCH", data+"/sobjects/Account/"+first, `{"Tier__c":"gold"}`)
	c.do("PATCH", data+"/sobjects/Account/"+first, `{"Tier__c":"lead"}`).refused(t, 400,
		"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
	c.ok("PATCH", data+"/sobjects/Account/"+first, `{"Tier__c":null,"Rating":"none of those"}`)
}
