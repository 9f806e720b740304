package fakeorg_test

import (
	"slices"
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

func fine(t *testing.T, errs ...error) {
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
