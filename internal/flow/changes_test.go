package flow

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/schema"
	"catchment/internal/value"
)

const treated = `version: 1
org:
  url: https://acme.my.salesforce.com
  login: {flow: sf_cli, alias: acme}
flows:
  - object: Contact
    mask: {Email: sha256, Phone: fixed, Fax: {last: 4}, SSN__c: {first: 3}, Title: {fixed: hidden}}
    truncate: {Description: 200, Email: 16}
    rename: {Email: email_hash}
    drop: [HomePhone]
    validate:
      Email: not_null
      Level__c: [not_null, not_negative]
      Phone: {pattern: "^[+0-9 ]+$"}
  - object: "*"
    mask: {Email: fixed}
    salt: file:other
defaults: {salt: env:SALT, invalid: fail, rejects: fail}
`

func TestChanges(t *testing.T) {
	f, err := Parse("catchment.yaml", []byte(treated), known())
	if err != nil {
		t.Fatal(err)
	}
	got := f.Flows[0]
	if want := []value.Change{
		{Field: "Email", Mask: value.SHA256, Truncate: 16}, {Field: "Phone", Mask: value.Fixed, Text: "***"},
		{Field: "Fax", Mask: value.Last, N: 4}, {Field: "SSN__c", Mask: value.First, N: 3},
		{Field: "Title", Mask: value.Fixed, Text: "hidden"}, {Field: "Description", Truncate: 200},
	}; !reflect.DeepEqual(got.Changes, want) {
		t.Errorf("changes %+v", got.Changes)
	}
	if want := []value.Check{
		{Field: "Email", Rule: value.NotNull}, {Field: "Level__c", Rule: value.NotNull},
		{Field: "Level__c", Rule: value.NotNegative},
		{Field: "Phone", Rule: value.Pattern, Pattern: "^[+0-9 ]+$"},
	}; !reflect.DeepEqual(got.Checks, want) {
		t.Errorf("checks %+v", got.Checks)
	}
	if got.Invalid != Refuse || got.Rejects != Refuse {
		t.Errorf("%q, %q", got.Invalid, got.Rejects)
	}
	if got.Salt != "env:SALT" || !got.Salted() || got.Rename["Email"] != "email_hash" ||
		got.Drop[0] != "HomePhone" {
		t.Errorf("%+v", got)
	}
	if !got.Changed("email") || !got.Changed("Description") || got.Changed("Level__c") || got.Changed("HomePhone") ||
		!got.Treated() {
		t.Error("Changed tells other fields")
	}
	if star := f.Flows[1]; star.Salt != "file:other" || star.Salted() {
		t.Errorf("%+v", star)
	}
	f.RelativeTo("/etc")
	if star := f.Flows[1]; star.Salt != "file:/etc/other" {
		t.Errorf("salt %s", star.Salt)
	}
}

// What AppFlow lands never comes by our hands.
func TestChangesDontGoWithAppFlow(t *testing.T) {
	text := strings.Replace(treated, "    drop:", "    mover: appflow\n    drop:", 1)
	_, err := Parse("catchment.yaml", []byte(text), known())
	if err == nil || !strings.Contains(err.Error(), "mover appflow lands records as they are") {
		t.Error(err)
	}
}

// What an object doesn't let be changed is told with the line.
func TestChangesThatDontFit(t *testing.T) {
	text := strings.NewReplacer("rename: {Email: email_hash}", "rename: {Id: key, Nmae: x}", "drop: [HomePhone]",
		"drop: [IsDeleted, Nobody]",
		"Level__c: [not_null, not_negative]", "Title: not_negative", "Fax: {last: 4}",
		"Id: {last: 4}, Birthdate: sha256", "SSN__c: {first: 3}, ", "").Replace(treated)
	f, err := Parse("catchment.yaml", []byte(text), known())
	if err != nil {
		t.Fatal(err)
	}
	o := schema.Object{Name: "Contact"}
	for name, typ := range map[string]schema.Type{"Id": schema.ID, "IsDeleted": schema.Boolean, "Name": schema.String,
		"Email": schema.Email, "Phone": schema.Phone,
		"Title": schema.String, "Description": schema.TextArea, "Birthdate": schema.Date} {
		o.Fields = append(o.Fields, schema.Field{Name: name, Type: typ})
	}
	_, _, err = f.Flows[0].Choose(o)
	problems, ok := errors.AsType[*fileError](err)
	if !ok || plan.ClassOf(err) != plan.Fix {
		t.Fatal(err)
	}
	want := []string{
		"catchment.yaml:7:45: flows[0].mask.Id: Id can't be changed: rows are told apart by it",
		"catchment.yaml:7:67: flows[0].mask.Birthdate: Birthdate is of type date, " +
			"and only texts can be masked or cut; to keep it out of the warehouse: drop: [Birthdate]",
		"catchment.yaml:9:18: flows[0].rename.Id: Id keeps its name: other tools and Catchment itself look for it",
		`catchment.yaml:9:29: flows[0].rename.Nmae: Contact has no field "Nmae" that this user can see; did you mean Name?`,
		"catchment.yaml:10:12: flows[0].drop[0]: IsDeleted can't be dropped: it tells that a record was deleted",
		`catchment.yaml:10:23: flows[0].drop[1]: Contact has no field "Nobody" that this user can see`,
		"catchment.yaml:13:14: flows[0].validate.Title: Title is of type string; not_negative goes with int, long, " +
			"double, currency and percent",
	}
	if got := problems.Error(); got != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
	star := f.Flows[1]
	star.star = true // as Resolve makes it
	if _, _, err := star.Choose(schema.Object{Name: "Task",
		Fields: []schema.Field{{Name: "Id", Type: schema.ID}}}); err != nil {
		t.Errorf(`"*" may name fields that an object lacks: %v`, err)
	}
}

// Every change of what values a table has raises the generation, and a flow
// that asks for none has the fingerprint that it always had.
func TestFingerprintOfChanges(t *testing.T) {
	plain := Flow{Object: "Contact", Naming: Lower}
	if got := Fingerprint(plain); got != Fingerprint(Flow{Object: "Contact", Naming: Lower, Invalid: Refuse,
		Salt: "env:SALT"}) {
		t.Error("a salt that nobody uses, and a way with what nobody checks, count")
	}
	seen := map[string]string{Fingerprint(plain): "nothing"}
	for name, fl := range map[string]Flow{
		"mask":       {Changes: []value.Change{{Field: "Email", Mask: value.SHA256}}},
		"salt":       {Changes: []value.Change{{Field: "Email", Mask: value.SHA256}}, Salt: "env:A"},
		"other salt": {Changes: []value.Change{{Field: "Email", Mask: value.SHA256}}, Salt: "env:B"},
		"fixed":      {Changes: []value.Change{{Field: "Email", Mask: value.Fixed, Text: "***"}}},
		"first":      {Changes: []value.Change{{Field: "Email", Mask: value.First, N: 3}}},
		"cut":        {Changes: []value.Change{{Field: "Email", Truncate: 3}}},
		"check":      {Checks: []value.Check{{Field: "Email", Rule: value.NotNull}}, Invalid: Reject},
		"refusal":    {Checks: []value.Check{{Field: "Email", Rule: value.NotNull}}, Invalid: Refuse},
		"rename":     {Rename: map[string]string{"Email": "mail"}},
		"drop":       {Drop: []string{"Email"}},
	} {
		fl.Object, fl.Naming = "Contact", Lower
		print := Fingerprint(fl)
		if other, ok := seen[print]; ok {
			t.Errorf("%s has the fingerprint of %s", name, other)
		}
		seen[print] = name
	}
	a := Flow{Drop: []string{"Email", "fax"},
		Changes: []value.Change{{Field: "B", Truncate: 1}, {Field: "a", Truncate: 2}}}
	b := Flow{Drop: []string{"Fax", "email"},
		Changes: []value.Change{{Field: "A", Truncate: 2}, {Field: "b", Truncate: 1}}}
	if Fingerprint(a) != Fingerprint(b) {
		t.Error("order and case count")
	}
}
