package fakeorg_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
)

// fieldNames are the fields that describe tells of.
func (c *client) fieldNames(object string) []string {
	var names []string
	for _, f := range c.get(data + "/sobjects/" + object + "/describe")["fields"].([]any) {
		names = append(names, f.(map[string]any)["name"].(string))
	}
	return names
}

func fine(t testing.TB, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

const first = "001Ho0000000001IAA"

func TestFieldsComeAndGo(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	fine(t, c.org.AddField("Account", fakeorg.Field{Name: "Tier__c", Type: "string"}),
		c.org.AddField("Account", fakeorg.Field{Name: "Vip__c", Type: "boolean"}))
	c.ok("PATCH", data+"/sobjects/Account/"+first, `{"Tier__c":"gold"}`)
	tiers := func(field string) int {
		return len(c.query(queryPath("SELECT Id FROM Account WHERE " + field + " = 'gold'")))
	}
	if r := c.get(data + "/sobjects/Account/" + first); r["Tier__c"] != "gold" || r["Vip__c"] != false ||
		tiers("Tier__c") != 1 {
		t.Errorf("new fields: %v %v", r["Tier__c"], r["Vip__c"])
	}
	_, rows := c.results(c.job("SELECT Tier__c, Vip__c FROM Account WHERE Tier__c = null LIMIT 1"), 10)
	if rows != "\"\",\"false\"\n" {
		t.Errorf("an old record: %q", rows)
	}
	fine(t, c.org.RenameField("Account", "Tier__c", "Level__c"))
	if tiers("Level__c") != 1 {
		t.Error("the values went with the name")
	}
	c.do("GET", queryPath("SELECT Tier__c FROM Account"), "").refused(t, 400, "INVALID_FIELD")
	fine(t, c.org.RetypeField("Account", fakeorg.Field{Name: "Level__c", Type: "textarea", Length: 32_000}))
	if r := c.get(data + "/sobjects/Account/" + first); r["Level__c"] != "gold" {
		t.Errorf("retyped: %v", r["Level__c"])
	}
	c.do("GET", queryPath("SELECT Id FROM Account WHERE Level__c = 'x'"), "").refused(t, 400, "INVALID_FIELD")
	fine(t, c.org.DeleteField("Account", "Level__c"),
		c.org.AddField("Account", fakeorg.Field{Name: "Level__c", Type: "string"}))
	if r := c.get(data + "/sobjects/Account/" + first); r["Level__c"] != nil {
		t.Errorf("a new field of an old name has %v", r["Level__c"])
	}
	if c.org.AddField("Account", fakeorg.Field{Name: "level__C", Type: "string"}) == nil ||
		c.org.DeleteField("Account", "Nope") == nil || c.org.AddField("Nope", fakeorg.Field{}) == nil {
		t.Error("nonsense is accepted")
	}
}

// A job goes on under the schema that it was asked under, once it has begun.
func TestJobsAndTheSchema(t *testing.T) {
	c := serve(t, fakeorg.Options{JobLatency: 4 * time.Second}, generated(100))
	running, waiting := c.job("SELECT Id, Site FROM Account"), ""
	c.org.Clock().Advance(time.Second)
	waiting = c.job("SELECT Id, Site FROM Account")
	fine(t, c.org.RenameField("Account", "Site", "Place__c"))
	c.org.Clock().Advance(4 * time.Second)
	if header, rows := c.results(running, 1000); header != `"Id","Site"` || rows == "" {
		t.Errorf("running: %s %.100s", header, rows)
	}
	if info := c.state(waiting); info["state"] != "Failed" || info["errorMessage"] == "" {
		t.Errorf("waiting: %v", info)
	}
}

func TestHiddenFromTheUser(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	a := c.do("GET", data+"/sobjects/Account/describe", "")
	since := a.Header.Get("Last-Modified")
	fine(t, c.org.HideField("Account", "Phone"), c.org.HideObject("Task"), c.org.HideRecord(first))
	if slices.Contains(c.fieldNames("Account"), "Phone") {
		t.Error("describe has the field")
	}
	if a := c.do("GET", data+"/sobjects/Account/describe", "", "If-Modified-Since", since); a.StatusCode != 304 {
		t.Errorf("%d: permissions don't move Last-Modified", a.StatusCode)
	}
	c.do("GET", queryPath("SELECT Phone FROM Account"), "").refused(t, 400, "INVALID_FIELD")
	c.do("PATCH", data+"/sobjects/Account/001Ho0000000002IAA", `{"Phone":"1"}`).refused(t, 400, "INVALID_FIELD")
	c.do("GET", data+"/sobjects/Task/describe", "").refused(t, 404, "NOT_FOUND")
	c.do("GET", queryPath("SELECT Id FROM Task"), "").refused(t, 400, "INVALID_TYPE")
	c.do("GET", data+"/sobjects/Account/"+first, "").refused(t, 404, "NOT_FOUND")
	c.do("PATCH", data+"/sobjects/Account/"+first, `{"Name":"x"}`).refused(t, 404, "INVALID_CROSS_REFERENCE_KEY")
	if got := c.query(queryPath("SELECT Id FROM Account WHERE Id = '" + first + "'")); len(got) != 0 {
		t.Errorf("hidden record: %v", got)
	}
	if got := c.get(span("Account", "deleted", day(14, 0, 0), day(15, 0, 0))); len(got["deletedRecords"].([]any)) != 0 {
		t.Errorf("the delete log has %v", got)
	}
	fine(t, c.org.ShowField("Account", "Phone"), c.org.ShowObject("Task"), c.org.ShowRecord(first))
	c.get(data + "/sobjects/Account/" + first + "?fields=Phone")
	c.query(queryPath("SELECT Id FROM Task"))
}

func TestObjectsComeAndGo(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	a := c.do("GET", data+"/sobjects", "")
	fine(t, c.org.AddObject("Visit__c", "a0V",
		fakeorg.Field{Name: "Account__c", Type: "reference", References: []string{"Account"}, Cascade: true},
		fakeorg.Field{Name: "Where__c", Type: "location"},
		fakeorg.Field{Name: "Sector__c", Type: "picklist", Formula: "Account__r.Industry"}))
	if again := c.do("GET", data+"/sobjects", "", "If-Modified-Since",
		a.Header.Get("Last-Modified")); again.StatusCode != 200 {
		t.Errorf("%d: a new object isn't told", again.StatusCode)
	}
	id := c.ok("POST", data+"/sobjects/Visit__c", `{"Account__c":"`+first+
		`","Where__Latitude__s":47.5,"Where__Longitude__s":-8}`)["id"].(string)
	c.ok("PATCH", data+"/sobjects/Account/"+first, `{"Industry":"Banking"}`)
	r := c.get(data + "/sobjects/Visit__c/" + id)
	stamped := r["SystemModstamp"]
	where, _ := r["Where__c"].(map[string]any)
	if r["Sector__c"] != "Banking" || len(where) != 2 {
		t.Errorf("%v", r)
	}
	// A formula across objects changes without a stamp.
	c.org.Clock().Advance(time.Hour)
	c.ok("PATCH", data+"/sobjects/Account/"+first, `{"Industry":"Media"}`)
	if r := c.get(data + "/sobjects/Visit__c/" + id); r["Sector__c"] != "Media" || r["SystemModstamp"] != stamped {
		t.Errorf("%v", r)
	}
	fine(t, c.org.RenameObject("Visit__c", "Call__c"))
	c.get(data + "/sobjects/Call__c/" + id)
	c.do("GET", data+"/sobjects/Visit__c/"+id, "").refused(t, 404, "NOT_FOUND")
	fine(t, c.org.DeleteObject("Call__c"))
	c.do("GET", data+"/sobjects/Call__c/describe", "").refused(t, 404, "NOT_FOUND")
	if c.org.DeleteObject("Call__c") == nil || c.org.RenameObject("Call__c", "X__c") == nil ||
		c.org.Undelete(id) == nil {
		t.Error("a deleted object is still there")
	}
}

func TestSchemaOverHTTP(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	for _, body := range []string{
		`{"do":"add-object","object":"Visit__c","prefix":"a0V"}`,
		`{"do":"add-field","object":"Visit__c","field":{"name":"A__c","type":"currency","scale":2}}`,
		`{"do":"rename-field","object":"Visit__c","field":{"name":"A__c"},"to":"B__c"}`,
		`{"do":"retype-field","object":"Visit__c","field":{"name":"B__c","type":"string"}}`,
		`{"do":"hide-field","object":"Visit__c","field":{"name":"B__c"}}`,
		`{"do":"show-field","object":"Visit__c","field":{"name":"B__c"}}`,
		`{"do":"delete-field","object":"Visit__c","field":{"name":"B__c"}}`,
		`{"do":"track-history","object":"Visit__c","field":{"name":"Name"}}`,
	} {
		if body != "" && body[7:12] == "track" {
			c.do("POST", "/_org/schema", body).refused(t, 400, "INVALID_FIELD") // Visit__c has no Name
			continue
		}
		c.ok("POST", "/_org/schema", body)
	}
	c.ok("POST", "/_org/schema", `{"do":"hide-object","object":"Visit__c"}`)
	c.ok("POST", "/_org/schema", `{"do":"show-object","object":"Visit__c"}`)
	c.ok("POST", "/_org/schema", `{"do":"rename-object","object":"Visit__c","to":"Call__c"}`)
	c.ok("POST", "/_org/schema", `{"do":"delete-object","object":"Call__c"}`)
	c.do("POST", "/_org/schema", `{"do":"sing"}`).refused(t, 400, "INVALID_ARGUMENT_TYPE")
	c.do("POST", "/_org/schema", `{"do":"hide-object","object":"Nope"}`).refused(t, 404, "NOT_FOUND")
}

// What describe says of an object and of a field, and what follows from it.
func TestFlags(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	set := func(body string) { t.Helper(); c.ok("POST", "/_org/schema", body) }
	flag := func(name string) any {
		t.Helper()
		return c.get(data + "/sobjects/Account/describe")[name]
	}
	updated := data + "/sobjects/Account/updated/?start=2026-03-14T12:00:00Z&end=2026-03-14T13:00:00Z"
	set(`{"do":"set-object","object":"Account","flags":{"queryable":false,"replicateable":false,"deletable":false}}`)
	if flag("queryable") != false || flag("replicateable") != false || flag("createable") != true {
		t.Error("describe tells otherwise")
	}
	for _, of := range c.get(data + "/sobjects")["sobjects"].([]any) {
		if about := of.(map[string]any); about["name"] == "Account" && about["queryable"] != false {
			t.Error("describe global tells otherwise")
		}
	}
	c.do("GET", queryPath("SELECT Id FROM Account"), "").refused(t, 400, "INVALID_TYPE")
	c.do("POST", data+"/jobs/query", bulkOf("SELECT Id FROM Account")).refused(t, 400, "INVALID_TYPE")
	c.do("GET", updated, "").refused(t, 400, "INVALID_TYPE_FOR_OPERATION")
	c.do("DELETE", data+"/sobjects/Account/"+first, "").refused(t, 400, "INSUFFICIENT_ACCESS_OR_READONLY")
	set(`{"do":"set-object","object":"Account","flags":{"queryable":true,"replicateable":true,"createable":false},
		"label":"Compte \ud800"}`)
	c.query(queryPath("SELECT Id FROM Account"))
	c.get(updated)
	c.do("POST", data+"/sobjects/Account", `{"Name":"x"}`).refused(t, 405, "METHOD_NOT_ALLOWED")
	if a := c.do("GET", data+"/sobjects/Account/describe", ""); !strings.Contains(a.body, `"label":"Compte \ud800"`) {
		t.Error("the label isn't there")
	}

	set(`{"do":"set-field","object":"Account","field":{"name":"Site","label":"Ort"},"flags":{"updateable":false,
		"filterable":false,"sortable":false}}`)
	c.do("PATCH", data+"/sobjects/Account/"+first, `{"Site":"x"}`).refused(t, 400, "INVALID_FIELD_FOR_INSERT_UPDATE")
	c.do("GET", queryPath("SELECT Id FROM Account WHERE Site = 'x'"), "").refused(t, 400, "INVALID_FIELD")
	c.do("GET", queryPath("SELECT Id FROM Account ORDER BY Site"), "").refused(t, 400, "INVALID_FIELD")
	for _, wrong := range []string{
		`{"do":"set-object","object":"Account","flags":{"quaryable":false}}`,
		`{"do":"set-object","object":"Account","flags":{"label":true}}`,
		`{"do":"set-field","object":"Account","field":{"name":"Rating","labels":{"Tepid":"x"}}}`,
	} {
		c.do("POST", "/_org/schema", wrong).refused(t, 400, "INVALID_ARGUMENT_TYPE")
	}
	c.do("POST", "/_org/schema", `{"do":"set-object","object":"Nope"}`).refused(t, 404, "NOT_FOUND")
	c.do("POST", "/_org/schema", `{"do":"set-field","object":"Account","field":{"name":"Nope"}}`).refused(t, 400,
		"INVALID_FIELD")
}

// A picklist has a label for each value. Records hold the values; toLabel shows labels.
func TestPicklistLabels(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	c.ok("POST", "/_org/schema", `{"do":"add-field","object":"Account","field":{"name":"Tier__c","type":"picklist",
		"label":"Stufe","values":["g","t"],"labels":{"g":"Gold \ud800"}}}`)
	c.ok("POST", "/_org/schema",
		`{"do":"set-field","object":"Account","field":{"name":"Rating","labels":{"Hot":"Chaud"}}}`)
	labels := map[string]string{}
	for _, f := range c.get(data + "/sobjects/Account/describe")["fields"].([]any) {
		field := f.(map[string]any)
		for _, v := range field["picklistValues"].([]any) {
			choice := v.(map[string]any)
			labels[field["name"].(string)+" "+choice["value"].(string)] = choice["label"].(string)
		}
		if field["name"] == "Tier__c" && field["label"] != "Stufe" {
			t.Errorf("the field is called %v", field["label"])
		}
	}
	if labels["Rating Hot"] != "Chaud" || labels["Rating Cold"] != "Cold" || labels["Tier__c t"] != "t" {
		t.Errorf("%v", labels)
	}
	c.ok("PATCH", data+"/sobjects/Account/"+first, `{"Tier__c":"g","Rating":"Hot"}`)
	a := c.do("GET", queryPath("SELECT Tier__c, toLabel(Rating), toLabel(Tier__c) shown FROM Account WHERE Id = '"+
		first+"'"), "")
	if !strings.Contains(a.body, `"Tier__c":"g","Rating":"Chaud","shown":"Gold \ud800"`) {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if got := c.query(queryPath("SELECT Id FROM Account WHERE toLabel(Rating) = 'Chaud'")); len(got) == 0 {
		t.Error("no record by its label")
	}
	_, rows := c.results(c.job("SELECT Id, toLabel(Rating) FROM Account WHERE Id = '"+first+"'"), 10)
	if rows != `"`+first+`","Chaud"`+"\n" {
		t.Errorf("Bulk: %q", rows)
	}
}
