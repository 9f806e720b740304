package fakeorg_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"catchment/internal/fakeorg"
)

// told are the values of a column of what the Tooling API answers.
func (c *client) told(at, soql, column string) []string {
	c.t.Helper()
	values := []string{}
	for _, r := range c.get(data + at + "?q=" + url.QueryEscape(soql))["records"].([]any) {
		values = append(values, fmt.Sprint(r.(map[string]any)[column]))
	}
	return values
}

func TestDefinitionsTellTheSchema(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	const name = "QualifiedApiName"
	for _, at := range []string{"/tooling/query", "/tooling/queryAll", "/query", "/queryAll"} {
		names := c.told(at, "SELECT QualifiedApiName FROM EntityDefinition ORDER BY QualifiedApiName", name)
		want := slices.Sorted(slices.Values(c.org.Objects()))
		if !slices.Equal(names, want) {
			t.Errorf("%s: got %q, want %q", at, names, want)
		}
	}
	about := c.get(data + "/sobjects/Account/describe")["fields"].([]any)
	fields := c.told("/query", "SELECT QualifiedApiName FROM FieldDefinition "+
		"WHERE EntityDefinition.QualifiedApiName = 'Account'", name)
	if len(fields) != len(about) || !slices.Contains(fields, "AnnualRevenue") {
		t.Errorf("%d fields of %d", len(fields), len(about))
	}
	for soql, want := range map[string]string{
		"DurableId FROM EntityDefinition WHERE QualifiedApiName = 'Account'":                 "[Account]",
		"DurableId FROM EntityDefinition WHERE QualifiedApiName LIKE '%__c'":                 "[01I",
		"KeyPrefix FROM EntityDefinition WHERE Label IN ('Contact') AND IsSearchable = true": "[003]",
		// The guide says that a limit is ignored.
		"KeyPrefix FROM EntityDefinition WHERE QualifiedApiName LIKE 'Cont%' LIMIT 0": "[003]",
		"DataType FROM FieldDefinition WHERE EntityDefinitionId = 'Contact' AND Label = 'Account ID'": "" +
			"[Lookup(Account)]",
		"DataType FROM FieldDefinition WHERE DurableId = 'Account.Name'":    "[Text(255)]",
		"IsNameField FROM FieldDefinition WHERE DurableId = 'Account.Name'": "[true]",
		"Length FROM FieldDefinition WHERE DurableId = 'Account.Name'":      "[255]",
	} {
		column, _, _ := strings.Cut(soql, " ")
		if got := fmt.Sprint(c.told("/tooling/query", "SELECT "+soql, column)); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", soql, got, want)
		}
	}
	joined := c.get(data + "/tooling/query?q=" + url.QueryEscape("SELECT Id, EntityDefinition.QualifiedApiName "+
		"FROM CustomField WHERE EntityDefinition.QualifiedApiName = 'Invoice__c' AND DeveloperName = 'Number'"))
	record := joined["records"].([]any)[0].(map[string]any)
	parent := record["EntityDefinition"].(map[string]any)
	id := record["Id"].(string)
	if joined["entityTypeName"] != "CustomField" || joined["size"] != joined["totalSize"] || joined["done"] != true ||
		parent["QualifiedApiName"] != "Invoice__c" || !strings.HasPrefix(id, "00N") ||
		!strings.HasSuffix(fmt.Sprint(record["attributes"]), data+"/tooling/sobjects/CustomField/"+id+"]") {
		t.Errorf("%v", joined)
	}
	c.do("POST", "/_org/schema", `{"do":"hide-field","object":"Account","field":{"name":"Phone"}}`)
	left := c.told("/query", "SELECT Id FROM FieldDefinition WHERE EntityDefinitionId = 'Account'", "Id")
	if len(left) != len(fields)-1 {
		t.Errorf("%d fields are left of %d", len(left), len(fields))
	}
}

func TestDefinitionsRefuse(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	const unsupported = "EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION"
	for soql, code := range map[string]string{
		"SELECT QualifiedApiName FROM FieldDefinition":                                  "MALFORMED_QUERY",
		"SELECT Id FROM FieldDefinition WHERE QualifiedApiName = 'Name'":                "MALFORMED_QUERY",
		"SELECT COUNT() FROM EntityDefinition":                                          unsupported,
		"SELECT COUNT(Id) n, IsQueryable FROM EntityDefinition GROUP BY IsQueryable":    unsupported,
		"SELECT Id FROM EntityDefinition WHERE QualifiedApiName != 'Account'":           unsupported,
		"SELECT Id FROM EntityDefinition WHERE NOT QualifiedApiName = 'Account'":        unsupported,
		"SELECT Id FROM EntityDefinition WHERE Label = 'Account' OR IsQueryable = true": unsupported,
		"SELECT Nope FROM EntityDefinition":                                             "INVALID_FIELD",
		"SELECT FROM EntityDefinition":                                                  "MALFORMED_QUERY",
	} {
		for _, at := range []string{"/tooling/query", "/query"} {
			c.do("GET", data+at+"?q="+url.QueryEscape(soql), "").refused(t, 400, code)
		}
	}
	c.do("GET", data+"/tooling/query?q="+url.QueryEscape("SELECT Id FROM Account"), "").refused(t, 400, "INVALID_TYPE")
	c.do("GET", data+"/query?q="+url.QueryEscape("SELECT Id FROM ApexClass"), "").refused(t, 400, "INVALID_TYPE")
	c.do("GET", data+"/tooling/query", "").refused(t, 400, "MALFORMED_QUERY")
	c.do("POST", data+"/jobs/query", `{"operation":"query","query":"SELECT Id FROM EntityDefinition"}`).
		refused(t, 400, "INVALIDENTITY")
}

// What has no records, and what clients ask before they ask for any.
func TestToolingDescribes(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	for _, soql := range []string{"SELECT Id FROM ApexClass ORDER BY Name LIMIT 5", "SELECT COUNT() FROM ApexTrigger"} {
		got := c.get(data + "/tooling/query?q=" + url.QueryEscape(soql))
		if fmt.Sprint(got["totalSize"], got["records"]) != "0[]" {
			t.Errorf("%s: %v", soql, got)
		}
	}
	columns := c.get(data + "/tooling/query?columns=true&q=" + url.QueryEscape("SELECT EntityDefinition.Label, Length "+
		"FROM FieldDefinition WHERE EntityDefinitionId = 'Account'"))
	if list := columns["columnMetadata"].([]any); len(list) != 2 || columns["entityName"] != "FieldDefinition" ||
		list[1].(map[string]any)["apexType"] != "Integer" {
		t.Errorf("%v", columns)
	}
	var names []string
	for _, o := range c.get(data + "/tooling/sobjects")["sobjects"].([]any) {
		names = append(names, o.(map[string]any)["name"].(string))
	}
	if !slices.Contains(names, "EntityDefinition") || !slices.Contains(names, "ApexClass") {
		t.Errorf("%q", names)
	}
	if about := c.get(data + "/tooling/sobjects/FieldDefinition/describe"); len(about["fields"].([]any)) < 10 {
		t.Errorf("%v", about)
	}
	c.do("GET", data+"/tooling/sobjects/Nope/describe", "").refused(t, 404, "NOT_FOUND")
}
