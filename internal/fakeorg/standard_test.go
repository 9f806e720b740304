package fakeorg_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"catchment/internal/fakeorg"
)

func bulkOf(soql string) string { return `{"operation":"queryAll","query":"` + soql + `"}` }

// What Salesforce has been seen to answer (Object Reference; reports of others).
func TestObjectsThatNeedAFilter(t *testing.T) {
	const links = "SELECT Id FROM ContentDocumentLink"
	for _, restricted := range []bool{true, false} {
		c := serve(t, fakeorg.Options{Restricted: restricted}, generated(30))
		for _, name := range []string{"ContentDocumentLink", "Vote"} {
			fine(t, c.org.AddStandard(name))
		}
		for soql, refused := range map[string]bool{
			links:                            restricted,
			links + " WHERE ShareType = 'V'": restricted,
			links + " WHERE ContentDocumentId = '069000000000001'":                      false,
			links + " WHERE LinkedEntityId IN (SELECT Id FROM Account)":                 false,
			links + " WHERE ContentDocumentId IN ('069000000000001','069000000000002')": false,
			links + " WHERE LinkedEntityId IN (SELECT Id FROM Account) AND SystemModstamp " +
				"> 2020-01-01T00:00:00Z": restricted,
			links + " WHERE LinkedEntityId = '001000000000001' AND SystemModstamp " +
				"> 2020-01-01T00:00:00Z": false,
			links + " WHERE ContentDocumentId = '069000000000001' AND (NOT ShareType = 'V')": restricted,
			links + " WHERE ContentDocumentId = '069000000000001' AND LinkedEntityId = " +
				"'001000000000001'": false,
			links + " WHERE Id = '06A000000000001' OR ShareType = 'V'": restricted,
			"SELECT Id FROM Vote":                                    true,
			"SELECT COUNT() FROM Vote WHERE Type = 'Up'":             true,
			"SELECT Id FROM Vote WHERE ParentId = '087000000000001'": false,
		} {
			rest := c.do(http.MethodGet, data+"/queryAll?q="+url.QueryEscape(soql), "")
			switch {
			case refused:
				rest.refused(t, 400, "MALFORMED_QUERY")
				if !strings.Contains(rest.body, "Implementation restriction: ") {
					t.Errorf("%s: %s", soql, rest.body)
				}
				c.do(http.MethodPost, data+"/jobs/query", bulkOf(soql)).refused(t, 400, "MALFORMED_QUERY")
			case rest.StatusCode != 200:
				t.Errorf("%s: %d %s", soql, rest.StatusCode, rest.body)
			}
		}
	}
}

// An org may let links be asked for by any of their fields, once they are named.
func TestLinksThatAnyFieldFilters(t *testing.T) {
	const soql = "SELECT Id FROM ContentDocumentLink " +
		"WHERE ContentDocumentId = '069000000000001' AND ShareType = 'V'"
	for _, may := range []bool{true, false} {
		c := serve(t, fakeorg.Options{Restricted: true, LinkFields: may}, generated(30))
		fine(t, c.org.AddStandard("ContentDocumentLink"))
		rest := c.do(http.MethodGet, data+"/queryAll?q="+url.QueryEscape(soql), "")
		if (rest.StatusCode == 200) != may {
			t.Errorf("%v: %d %s", may, rest.StatusCode, rest.body)
		}
	}
}

func TestStandardObjects(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(30))
	for _, name := range []string{"LoginHistory", "AccountShare", "AccountFeed", "DashboardComponent",
		"Attachment", "Audit__b"} {
		fine(t, c.org.AddStandard(name))
		about := c.get(data + "/sobjects/" + name + "/describe")
		if about["queryable"] != true || about["updateable"] != (name == "AccountShare" || name == "Attachment") {
			t.Errorf("%s: %v %v", name, about["queryable"], about["updateable"])
		}
	}
	if err := c.org.AddStandard("Nonsense"); err == nil || !strings.Contains(err.Error(), "AccountFeed") {
		t.Error(err)
	}
	id, err := c.org.Record("LoginHistory", map[string]string{"Browser": "Chrome 142"})
	fine(t, err)
	if got := c.query(queryPath("SELECT Id, LoginTime FROM LoginHistory WHERE LoginTime >= " +
		"2020-01-01T00:00:00Z")); len(got) != 1 || got[0]["Id"] != id || got[0]["LoginTime"] == nil {
		t.Errorf("%v", got)
	}
	c.do(http.MethodGet, queryPath("SELECT Id FROM LoginHistory WHERE Browser = 'x'"), "").refused(t, 400,
		"INVALID_FIELD")
	c.do(http.MethodGet, queryPath("SELECT SystemModstamp FROM LoginHistory"), "").refused(t, 400, "INVALID_FIELD")
	c.do(http.MethodPost, data+"/sobjects/LoginHistory", `{"Browser":"x"}`).refused(t, 405, "METHOD_NOT_ALLOWED")
	c.do(http.MethodGet, data+"/sobjects/LoginHistory/updated/?start=2026-01-01T00:00:00Z&end=2026-01-01T01:00:00Z",
		"").refused(t, 400, "INVALID_TYPE_FOR_OPERATION")

	c.do(http.MethodPost, data+"/jobs/query", bulkOf("SELECT Id FROM AccountFeed")).refused(t, 400, "INVALIDENTITY")
	c.do(http.MethodPost, data+"/jobs/query", bulkOf("SELECT Body FROM Attachment")).refused(t, 400,
		"FEATURENOTENABLED")
	c.ok(http.MethodPost, data+"/jobs/query", bulkOf("SELECT Id, Account__c FROM Audit__b"))
	c.do(http.MethodGet, queryPath("SELECT COUNT() FROM Audit__b"), "").refused(t, 400,
		"BIG_OBJECT_UNSUPPORTED_OPERATION")

	component, err := c.org.Record("DashboardComponent", map[string]string{"Name": "Sales"})
	fine(t, err)
	fine(t, c.org.Drift(component, "Name", "Revenue"))
	if got := c.query(queryPath("SELECT Name FROM DashboardComponent")); len(got) != 1 || got[0]["Name"] != "Revenue" {
		t.Errorf("%v", got)
	}
	fine(t, c.org.HideRecord(component))
	if got := c.query(queryPath("SELECT Name FROM DashboardComponent")); len(got) != 0 {
		t.Errorf("%v", got)
	}
	if _, err := c.org.Record("DashboardComponent", map[string]string{"Nope": "x"}); err == nil {
		t.Error("a field that isn't there")
	}
	if _, err := c.org.Record("Nope", nil); err == nil {
		t.Error("an object that isn't there")
	}
}
