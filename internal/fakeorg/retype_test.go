package fakeorg_test

import (
	"encoding/json"
	"testing"

	"catchment/internal/fakeorg"
)

// What becomes of the values of a field that gets another type: they are kept, cut,
// or lost. No record is stamped by that.
func TestRetyped(t *testing.T) {
	whole := fakeorg.Field{Type: "double", Precision: 18, Scale: 2}
	text := fakeorg.Field{Type: "string", Length: 80}
	for _, test := range []struct {
		name     string
		from, to fakeorg.Field
		value    string // as JSON
		want     any
	}{
		{"a number becomes a text", whole, text, `5.25`, "5.25"},
		{"a number becomes money", whole, fakeorg.Field{Type: "currency", Scale: 2}, `5.25`, json.Number("5.25")},
		{"a text that is a number becomes one", text, whole, `"5.25"`, json.Number("5.25")},
		{"a text that is none", text, whole, `"abc"`, nil},
		{"a text becomes a shorter one", text, fakeorg.Field{Type: "string", Length: 2}, `"abc"`, "ab"},
		{"a text becomes a longer one", text, fakeorg.Field{Type: "textarea", Length: 32_000}, `"abc"`, "abc"},
		{"a text becomes a choice", text, fakeorg.Field{Type: "picklist", Values: []string{"abc"}}, `"abc"`, "abc"},
		{"a text is none of the choices", text, fakeorg.Field{Type: "picklist", Values: []string{"x"}}, `"abc"`, nil},
		{"a choice becomes a text", fakeorg.Field{Type: "picklist", Values: []string{"abc"}}, text, `"abc"`, "abc"},
		{"a text becomes a checkbox", text, fakeorg.Field{Type: "boolean"}, `"true"`, false},
		{"a checkbox becomes a text", fakeorg.Field{Type: "boolean"}, text, `true`, nil},
		{"a date becomes a time", fakeorg.Field{Type: "date"}, fakeorg.Field{Type: "datetime"}, `"2026-03-01"`, nil},
		{"a date becomes a text", fakeorg.Field{Type: "date"}, text, `"2026-03-01"`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, fakeorg.Options{}, generated(3))
			test.from.Name, test.to.Name = "X__c", "X__c"
			fine(t, c.org.AddField("Account", test.from))
			c.ok("PATCH", data+"/sobjects/Account/"+first, `{"X__c":`+test.value+`}`)
			stamp := c.get(data + "/sobjects/Account/" + first)["SystemModstamp"]
			fine(t, c.org.RetypeField("Account", test.to))
			if r := c.get(data + "/sobjects/Account/" + first); r["X__c"] != test.want || r["SystemModstamp"] != stamp {
				t.Errorf("got %v, want %v; stamped %v, was %v", r["X__c"], test.want, r["SystemModstamp"], stamp)
			}
		})
	}
}
