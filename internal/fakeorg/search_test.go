package fakeorg_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"catchment/internal/fakeorg"
)

// found are the names, or else the Ids, of what a search gives.
func found(t *testing.T, a answer) []string {
	t.Helper()
	var got struct {
		SearchRecords []struct {
			Attributes       struct{ Type, URL string }
			ID, Name, Custom string
		}
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.StatusCode != 200 || got.SearchRecords == nil {
		t.Fatalf("%d %v: %s", a.StatusCode, err, a.body)
	}
	names := []string{}
	for _, r := range got.SearchRecords {
		if !strings.Contains(r.Attributes.URL, "/sobjects/"+r.Attributes.Type+"/") {
			t.Errorf("%+v", r)
		}
		name := r.Name
		if name == "" {
			name = r.ID[:3]
		}
		names = append(names, r.Attributes.Type+" "+name)
	}
	return names
}

func searchable(t *testing.T) *client {
	t.Helper()
	c := serve(t, fakeorg.Options{}, generated(100))
	for _, name := range []string{"Zyxware Inc", "Zyxware Ltd", "Zyxwara"} {
		c.ok("POST", data+"/sobjects/Account", `{"Name":"`+name+`","Phone":"555 0101"}`)
	}
	c.ok("POST", data+"/sobjects/Contact", `{"FirstName":"Zyxware","LastName":"Jones","Email":"j@zyxmail.example"}`)
	gone := c.ok("POST", data+"/sobjects/Account", `{"Name":"Zyxware gone"}`)["id"].(string)
	c.ok("DELETE", data+"/sobjects/Account/"+gone, "")
	return c
}

func TestSearch(t *testing.T) {
	c := searchable(t)
	const inc, ltd, jones = "Account Zyxware Inc", "Account Zyxware Ltd", "Contact Zyxware Jones"
	for sosl, want := range map[string][]string{
		"FIND {zyxware} IN NAME FIELDS RETURNING Account(Id, Name)": {inc, ltd},
		"FIND {zyxware}": {"Account 001", "Account 001", "Contact 003"},
		"FIND {zyxwar*} RETURNING Account(Name ORDER BY Name DESC), Contact(Name)": {
			ltd, inc, "Account Zyxwara", jones},
		"FIND {zyxwar?} RETURNING Account(Name WHERE Name LIKE '%Ltd' LIMIT 5)":         {ltd},
		"FIND {zyxware} RETURNING Account(Name ORDER BY Name LIMIT 1), Contact(Name)":   {inc, jones},
		"FIND {zyxware} RETURNING Account(Name ORDER BY Name OFFSET 1), Contact(Name)":  {ltd, jones},
		"FIND {zyxware} RETURNING Account, Contact LIMIT 1":                             {"Account 001"},
		"FIND {zyxmail} IN NAME FIELDS RETURNING Contact":                               {},
		"FIND {zyxmail} IN EMAIL FIELDS RETURNING Contact":                              {"Contact 003"},
		"FIND {555} IN PHONE FIELDS RETURNING Account(Name WHERE Name LIKE 'Zyxware%')": {inc, ltd},
		"FIND {\"zyxware inc\" OR jones} RETURNING Account, Contact":                    {"Account 001", "Contact 003"},
		"FIND {zyxware AND NOT ltd} RETURNING Account(Name)":                            {inc},
		"FIND {nobodyatall}": {},
	} {
		if got := found(t, c.do("GET", data+"/search/?q="+url.QueryEscape(sosl), "")); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", sosl, got, want)
		}
	}
	for sosl, code := range map[string]string{
		"FIND 'Jones' IN ALL FIELDS":                  "MALFORMED_SEARCH",
		"FIND {j}":                                    "INVALID_SEARCH",
		"FIND {jones} RETURNING Nope":                 "INVALID_TYPE",
		"FIND {jones} RETURNING Contact(Nope)":        "INVALID_FIELD",
		"FIND {jones} RETURNING Organization":         "INVALID_TYPE_FOR_OPERATION",
		"FIND {jones} RETURNING Contact(COUNT(Id) n)": "MALFORMED_SEARCH",
	} {
		c.do("GET", data+"/search?q="+url.QueryEscape(sosl), "").refused(t, 400, code)
	}
	old := c.do("GET", "/services/data/v36.0/search?q="+url.QueryEscape("FIND {zyxware} RETURNING Contact(Name)"), "")
	if !strings.HasPrefix(old.body, `[{"attributes":{"type":"Contact"`) {
		t.Errorf("before version 37: %s", old.body)
	}
}

func TestParameterizedSearch(t *testing.T) {
	c := searchable(t)
	at := data + "/parameterizedSearch"
	const inc, ltd, jones = "Account Zyxware Inc", "Account Zyxware Ltd", "Contact Zyxware Jones"
	for query, want := range map[string][]string{
		"?q=zyxware": {"Account 001", "Account 001", "Contact 003"},
		"?q=zyxware&sobject=Account&Account.fields=id,name&in=NAME":               {inc, ltd},
		"?q=zyxware&sobject=Account&sobject=Contact&fields=name&Account.limit=1":  {inc, jones},
		"?q=zyxware&sobject=Account&sobject=Contact&overallLimit=1":               {"Account 001"},
		"?q=zyxware&sobject=Account&Account.where=Name+LIKE+'%25Ltd'&fields=Name": {ltd},
	} {
		if got := found(t, c.do("GET", at+query, "")); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	body := `{"q":"zyxware","in":"NAME","fields":["Id","Name"],"defaultLimit":1,` +
		`"sobjects":[{"name":"Account","orderBy":"Name DESC"},{"name":"Contact"}]}`
	if got := found(t, c.do("POST", at, body)); !slices.Equal(got, []string{ltd, jones}) {
		t.Errorf("got %q", got)
	}
	c.do("POST", at, `{"q":"z"}`).refused(t, 400, "INVALID_SEARCH")
	c.do("GET", at+"?q=zyxware&in=ODD", "").refused(t, 400, "INVALID_ARGUMENT_TYPE")
	c.do("GET", "/services/data/v35.0/parameterizedSearch?q=zyxware", "").refused(t, 404, "NOT_FOUND")
	if n := c.org.Requests()["search"]; n != 9 {
		t.Errorf("%d searches are counted", n)
	}
}
