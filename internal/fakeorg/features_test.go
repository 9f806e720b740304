package fakeorg_test

import (
	"testing"

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

func TestPicklists(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	fine(t, c.org.AddField("Account",
		fakeorg.Field{Name: "Tier__c", Type: "picklist", Values: []string{"gold", "tin"}}))
	c.ok("PATCH", data+"/sobjects/Account/"+first, `{"Tier__c":"gold"}`)
	c.do("PATCH", data+"/sobjects/Account/"+first, `{"Tier__c":"lead"}`).refused(t, 400,
		"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
	c.ok("PATCH", data+"/sobjects/Account/"+first, `{"Tier__c":null,"Rating":"none of those"}`)
}
