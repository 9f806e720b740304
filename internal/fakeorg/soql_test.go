package fakeorg_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
)

// records answers a query; each record comes without its attributes.
func (c *client) records(soql string) []map[string]any {
	c.t.Helper()
	a := c.get(data + "/query?q=" + url.QueryEscape(soql))
	all := plain(a)
	if n, ok := a["totalSize"].(json.Number); !ok || n.String() != fmt.Sprint(len(all)) || a["done"] != true {
		c.t.Errorf("%s: totalSize %v, done %v, %d records", soql, a["totalSize"], a["done"], len(all))
	}
	return all
}

func plain(answer map[string]any) []map[string]any {
	var all []map[string]any
	for _, r := range answer["records"].([]any) {
		record := r.(map[string]any)
		delete(record, "attributes")
		all = append(all, record)
	}
	return all
}

func TestGroupsOverREST(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(600))
	want := map[string]int{}
	for _, r := range c.records("SELECT Industry FROM Account") {
		want[fmt.Sprint(r["Industry"])]++
	}
	got := map[string]int{}
	for _, r := range c.records("SELECT Industry, COUNT(Id) n FROM Account GROUP BY Industry ORDER BY COUNT(Id) " +
		"DESC, Industry") {
		n, _ := r["n"].(json.Number).Int64()
		got[fmt.Sprint(r["Industry"])] = int(n)
	}
	if len(want) < 3 || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	a := c.do("GET", queryPath("SELECT COUNT(Id), MAX(CreatedDate) newest, COUNT_DISTINCT(OwnerId) FROM Account"), "")
	if !strings.HasPrefix(a.body,
		`{"totalSize":1,"done":true,"records":[{"attributes":{"type":"AggregateResult"},"expr0":124,"newest":"20`) ||
		!strings.Contains(a.body, `.000+0000","expr1":`) {
		t.Errorf("%s", a.body)
	}
	if got := c.get(queryPath("SELECT COUNT() FROM Account WHERE " +
		"CALENDAR_YEAR(CreatedDate) > 1999"))["totalSize"]; got != json.Number("124") {
		t.Errorf("COUNT() is %v", got)
	}
}

// Groups too are of the records that a window leaves, whether they were born
// with the org or have changed since.
func TestGroupsOfAWindow(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(300))
	c.org.Clock().Advance(time.Hour)
	if _, err := c.org.History(40, 3); err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, from := range []string{"2026-03-14T16:00:00Z", "2026-03-01T00:00:00Z", "2000-01-01T00:00:00Z"} {
		where := " FROM Contact WHERE SystemModstamp >= " + from
		want := len(c.records("SELECT Id" + where))
		if got := c.records("SELECT COUNT(Id) n" + where)[0]["n"]; got != json.Number(fmt.Sprint(want)) {
			t.Errorf("%s: %v, want %d", from, got, want)
		}
		seen[want] = true
	}
	if len(seen) != 3 {
		t.Errorf("the windows don't differ: %v", seen)
	}
}

// An answer of groups has no locator, so it has an end.
func TestTooManyGroups(t *testing.T) {
	c := serve(t, fakeorg.Options{}, func(o *fakeorg.Org) error {
		return o.GenerateCounts(map[string]int{"Account": 2001, "User": 2}, 1)
	})
	c.do("GET", queryPath("SELECT Id, COUNT(Name) FROM Account GROUP BY Id"), "").refused(t, 400, "EXCEEDED_ID_LIMIT")
	if got := len(c.records("SELECT Id, COUNT(Name) FROM Account GROUP BY Id LIMIT 2000")); got != 2000 {
		t.Errorf("%d groups", got)
	}
}

func TestNestedQueries(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(300))
	want := map[any][]any{}
	for _, r := range c.records("SELECT Id, AccountId FROM Contact WHERE AccountId != null ORDER BY LastName, Id") {
		want[r["AccountId"]] = append(want[r["AccountId"]], r["Id"])
	}
	families := 0
	for _, r := range c.records("SELECT Id, (SELECT Id, Account.Name FROM Contacts ORDER BY LastName, " +
		"Id LIMIT 2 OFFSET 1) FROM Account") {
		all := want[r["Id"]]
		all = all[min(1, len(all)):]
		all = all[:min(2, len(all))]
		if len(all) == 0 {
			if r["Contacts"] != nil {
				t.Errorf("%v has children: %v", r["Id"], r["Contacts"])
			}
			continue
		}
		families++
		answer := r["Contacts"].(map[string]any)
		var got []any
		for _, child := range plain(answer) {
			got = append(got, child["Id"])
		}
		if !reflect.DeepEqual(got, all) || answer["totalSize"] != json.Number(fmt.Sprint(len(all))) ||
			answer["done"] != true {
			t.Errorf("%v: got %v, want %v", r["Id"], answer, all)
		}
	}
	if families == 0 {
		t.Error("nobody has children")
	}
}

func TestSemiJoins(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(300))
	with := map[any]bool{}
	for _, r := range c.records("SELECT AccountId FROM Contact WHERE Email != null") {
		with[r["AccountId"]] = true
	}
	ids := func(soql string) map[any]bool {
		found := map[any]bool{}
		for _, r := range c.records(soql) {
			found[r["Id"]] = true
		}
		return found
	}
	const inner = "(SELECT AccountId FROM Contact WHERE Email != null)"
	in, out := ids("SELECT Id FROM Account WHERE Id IN "+inner), ids("SELECT Id FROM Account WHERE Id NOT IN "+inner)
	for id := range ids("SELECT Id FROM Account") {
		if in[id] != with[id] || out[id] == with[id] {
			t.Errorf("%v: in %v, not in %v, want %v", id, in[id], out[id], with[id])
		}
	}
	if len(in) == 0 || len(out) == 0 {
		t.Errorf("%d in, %d not in", len(in), len(out))
	}
	_, rows := c.results(c.job("SELECT Id FROM Account WHERE Id IN "+inner), 1000)
	if got := len(parse(t, rows)); got != len(in) {
		t.Errorf("Bulk has %d, REST %d", got, len(in))
	}
}

func TestTypeof(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(300))
	kinds := map[any]int{}
	for _, r := range c.records("SELECT WhatId, TYPEOF What WHEN Account THEN Phone, " +
		"Owner.Name WHEN Opportunity THEN Amount ELSE Name END FROM Task") {
		what, _ := r["What"].(map[string]any)
		if what == nil {
			continue
		}
		kind := what["attributes"].(map[string]any)["type"]
		kinds[kind]++
		_, phone := what["Phone"]
		_, amount := what["Amount"]
		if phone != (kind == "Account") || amount != (kind == "Opportunity") {
			t.Errorf("%v", what)
		}
	}
	if kinds["Account"] == 0 || kinds["Opportunity"] == 0 || kinds["Name"] == 0 {
		t.Errorf("not every kind was seen: %v", kinds)
	}
}

// What SOQL knows and Bulk doesn't is refused when the job is posted.
func TestSOQLThatBulkRefuses(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(50))
	for _, refused := range []struct{ soql, message string }{
		{"SELECT COUNT() FROM Account", "Aggregate Relationships not supported in Bulk Query"},
		{"SELECT COUNT(Id) FROM Account", "Aggregate Relationships not supported in Bulk Query"},
		{"SELECT Industry FROM Account GROUP BY Industry", "Aggregate Relationships not supported in Bulk Query"},
		{"SELECT Id, (SELECT Id FROM Contacts) FROM Account",
			"Aggregate Relationships not supported in Bulk V2 Query with CSV content type"},
		{"SELECT TYPEOF What WHEN Account THEN Phone END FROM Task", "TYPEOF is not supported in Bulk Query"},
		{"SELECT Id FROM Account LIMIT 5 OFFSET 1", "OFFSET is not supported in Bulk Query"},
		{"SELECT BillingAddress FROM Account", "Selecting compound data not supported in Bulk Query"},
	} {
		body, _ := json.Marshal(map[string]string{"operation": "query", "query": refused.soql})
		a := c.do("POST", data+"/jobs/query", string(body))
		a.refused(t, 400, "API_ERROR")
		if !strings.Contains(a.body, `"message":"`+refused.message+`"`) {
			t.Errorf("%s: %s", refused.soql, a.body)
		}
	}
}

// Computed columns have the name of their field, or their alias, in REST and
// in Bulk alike.
func TestComputedColumns(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(50))
	const soql = "SELECT Id, FORMAT(CreatedDate), toLabel(Owner.Name), FORMAT(AnnualRevenue) shown, " +
		"AnnualRevenue FROM Account WHERE AnnualRevenue != null LIMIT 1"
	header, _ := c.results(c.job(soql), 10)
	if want := `"Id","CreatedDate","Owner.Name","shown","AnnualRevenue"`; header != want {
		t.Errorf("header %s, want %s", header, want)
	}
	r := c.records(soql)[0]
	owner := r["Owner"].(map[string]any)
	day, shown := r["CreatedDate"].(string), r["shown"].(string)
	if owner["Name"] == nil || strings.Count(day, "/") != 2 || !strings.HasPrefix(shown, "USD ") ||
		strings.HasPrefix(r["AnnualRevenue"].(json.Number).String(), "USD") {
		t.Errorf("%v", r)
	}
}

// What field-level security hides is unknown, wherever a statement names it.
func TestHiddenFromSOQL(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(50))
	for _, hidden := range []error{c.org.HideField("Contact", "Email"), c.org.HideObject("Opportunity"),
		c.org.HideField("Account", "Industry")} {
		if hidden != nil {
			t.Fatal(hidden)
		}
	}
	for soql, code := range map[string]string{
		"SELECT Id, (SELECT Email FROM Contacts) FROM Account":                                   "INVALID_FIELD",
		"SELECT Id, (SELECT Id FROM Contacts WHERE Email = null) FROM Account":                   "INVALID_FIELD",
		"SELECT Id, (SELECT Id FROM Opportunities) FROM Account":                                 "INVALID_TYPE",
		"SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Opportunity)":                 "INVALID_TYPE",
		"SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE Email != null)": "INVALID_FIELD",
		"SELECT Industry, COUNT(Id) FROM Account GROUP BY Industry":                              "INVALID_FIELD",
		"SELECT Id FROM Account ORDER BY Industry":                                               "INVALID_FIELD",
		"SELECT TYPEOF What WHEN Opportunity THEN Amount END FROM Task":                          "INVALID_TYPE",
		"SELECT TYPEOF Who WHEN Contact THEN Email END FROM Task":                                "INVALID_FIELD",
		"SELECT Account.Industry FROM Contact":                                                   "INVALID_FIELD",
		"SELECT MAX(Email) FROM Contact":                                                         "INVALID_FIELD",
		"SELECT Id FROM Account WHERE toLabel(Industry) = 'x'":                                   "INVALID_FIELD",
		"SELECT LastName FROM Contact GROUP BY LastName HAVING COUNT(Email) > 1":                 "INVALID_FIELD",
		"SELECT Id FROM Account USING SCOPE team":                                                "INVALID_QUERY_SCOPE",
		"SELECT Id FROM Profile USING SCOPE mine":                                                "INVALID_TYPE",
		"SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact) OR Name = 'x'":       "MALFORMED_QUERY",
		"SELECT Id FROM Account WITH DATA CATEGORY Geography__c AT usa__c":                       "INVALID_FIELD",
		"SELECT Id, (SELECT Id, (SELECT Id, (SELECT Id FROM Nobody) FROM Cases) FROM " +
			"Contacts) FROM Account": "INVALID_TYPE",
	} {
		a := c.do("GET", queryPath(soql), "")
		if !strings.Contains(a.body, `"errorCode":"`+code+`"`) {
			t.Errorf("%s: %s", soql, a.body)
		}
	}
}

// USING SCOPE mine leaves the records of the user who asks.
func TestScope(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(300))
	user := c.get("/services/oauth2/userinfo")["user_id"]
	mine := 0
	for _, r := range c.records("SELECT OwnerId FROM Contact") {
		if r["OwnerId"] == user {
			mine++
		}
	}
	if got := len(c.records("SELECT Id FROM Contact USING SCOPE mine")); got != mine || mine == 0 {
		t.Errorf("%d records, want %d", got, mine)
	}
}

// queryAll counts what is in the recycle bin, in every part of a statement.
func TestAllRowsEverywhere(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(300))
	contact := c.records("SELECT Id, AccountId FROM Contact WHERE AccountId != null LIMIT 1")[0]
	if err := c.org.Delete(contact["Id"].(string)); err != nil {
		t.Fatal(err)
	}
	children := func(soql string) int {
		kids, _ := c.records(soql)[0]["Contacts"].(map[string]any)
		if kids == nil {
			return 0
		}
		return len(kids["records"].([]any))
	}
	nested := fmt.Sprintf("SELECT Id, (SELECT Id FROM Contacts) FROM Account WHERE Id = '%s'", contact["AccountId"])
	if live, all := children(nested), children(nested+" ALL ROWS"); all != live+1 {
		t.Errorf("%d children, %d with the deleted one", live, all)
	}
	count := func(soql string) any { return c.records(soql)[0]["expr0"] }
	if live, all := count("SELECT COUNT(Id) FROM Contact"),
		count("SELECT COUNT(Id) FROM Contact ALL ROWS"); live == all {
		t.Errorf("%v contacts, %v with the deleted one", live, all)
	}
	joined := fmt.Sprintf("SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE Id = '%s')",
		contact["Id"])
	if live, all := len(c.records(joined)), len(c.records(joined+" ALL ROWS")); live != 0 || all != 1 {
		t.Errorf("%d joined, %d with the deleted one", live, all)
	}
}

// The sf CLI asks which columns an answer has: a field, a parent, a nested
// query and an aggregate each have their own form.
func TestColumnsOfAQuery(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(50))
	columns := func(soql string) (map[string]any, map[string]map[string]any) {
		answer, byName := c.get(queryPath(soql)+"&columns=true"), map[string]map[string]any{}
		for _, column := range answer["columnMetadata"].([]any) {
			column := column.(map[string]any)
			byName[column["columnName"].(string)] = column
		}
		return answer, byName
	}
	joined := func(column map[string]any) (names []string) {
		for _, c := range column["joinColumns"].([]any) {
			names = append(names, c.(map[string]any)["columnName"].(string))
		}
		return names
	}
	answer, of := columns("SELECT Id, Name, Owner.Name, AnnualRevenue, Owner.Id, IsDeleted, toLabel(Industry) i, " +
		"(SELECT Id, LastName FROM Contacts) FROM Account")
	if answer["entityName"] != "Account" || answer["idSelected"] != true || answer["groupBy"] != false ||
		answer["keyPrefix"] != "001" || len(of) != 7 {
		t.Errorf("%v", answer)
	}
	if of["Id"]["apexType"] != "Id" || of["Name"]["textType"] != true || of["Name"]["updatable"] != true ||
		of["Id"]["insertable"] != false ||
		of["AnnualRevenue"]["numberType"] != true || of["IsDeleted"]["booleanType"] != true ||
		of["i"]["aggregate"] != false {
		t.Errorf("%v", of)
	}
	if got := joined(of["Owner"]); !reflect.DeepEqual(got, []string{"Name", "Id"}) ||
		of["Owner"]["foreignKeyName"] != "OwnerId" || of["Owner"]["aggregate"] != false {
		t.Errorf("%v", of["Owner"])
	}
	if got := joined(of["Contacts"]); !reflect.DeepEqual(got, []string{"Id", "LastName"}) ||
		of["Contacts"]["aggregate"] != true {
		t.Errorf("%v", of["Contacts"])
	}
	answer, of = columns("SELECT Industry, COUNT(Id), MAX(CreatedDate) newest FROM Account GROUP BY Industry")
	if answer["groupBy"] != true || answer["idSelected"] != false || of["expr0"]["displayName"] != "COUNT(Id)" ||
		of["expr0"]["apexType"] != "Integer" ||
		of["newest"]["aggregate"] != true || of["newest"]["apexType"] != "Datetime" ||
		of["Industry"]["aggregate"] != false {
		t.Errorf("%v", answer)
	}
	if _, of = columns("SELECT FIELDS(STANDARD), toLabel(Owner.Name) o FROM Account"); of["o"]["aggregate"] != false ||
		of["Name"] == nil {
		t.Errorf("%v", of)
	}
	if got := c.get(queryPath("SELECT COUNT() FROM Account") +
		"&columns=true")["columnMetadata"].([]any); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
