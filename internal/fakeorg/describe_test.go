package fakeorg_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"testing"

	"catchment/internal/fakeorg"
)

// recorded reads a describe answer of a real org.
func recorded(t *testing.T, name string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(recordings + "/describes/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var value map[string]any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// sameShape reports where got lacks a key of want or has another kind of value;
// lists are compared by their first elements, and null goes with everything.
func sameShape(t *testing.T, at string, got, want any) {
	t.Helper()
	if got == nil || want == nil {
		return
	}
	if reflect.TypeOf(got) != reflect.TypeOf(want) {
		t.Errorf("%s: got a %T, want a %T", at, got, want)
		return
	}
	switch want := want.(type) {
	case map[string]any:
		for key := range want {
			value, ok := got.(map[string]any)[key]
			if !ok {
				t.Errorf("%s: no key %s", at, key)
			}
			sameShape(t, at+"."+key, value, want[key])
		}
	case []any:
		if got := got.([]any); len(got) > 0 && len(want) > 0 {
			sameShape(t, at+"[0]", got[0], want[0])
		}
	}
}

func (c *client) decoded(path string) map[string]any {
	c.t.Helper()
	var value map[string]any
	if err := json.Unmarshal([]byte(c.do("GET", path, "").body), &value); err != nil {
		c.t.Fatal(err)
	}
	return value
}

func byName(fields any) map[string]any {
	all := map[string]any{}
	for _, f := range fields.([]any) {
		all[f.(map[string]any)["name"].(string)] = f
	}
	return all
}

func TestDescribeHasTheRecordedShape(t *testing.T) {
	for name, fill := range map[string]func(*fakeorg.Org) error{"loaded": npsp, "generated": generated(100)} {
		c := serve(t, fakeorg.Options{}, fill)
		sameShape(t, name+" Global", c.decoded(data+"/sobjects"), recorded(t, "Global"))
		for _, object := range c.org.Objects() {
			got := c.decoded(data + "/sobjects/" + object + "/describe")
			want := recorded(t, "Contact")
			if !got["layoutable"].(bool) {
				delete(want, "urls")
			}
			delete(want["fields"].([]any)[0].(map[string]any), "filteredLookupInfo")
			sameShape(t, name+" "+object, got, want)
			for _, f := range got["fields"].([]any) {
				sameShape(t, name+" "+object, f, want["fields"].([]any)[0])
			}
		}
	}
}

func TestRecordedFieldsAreTakenOver(t *testing.T) {
	c := serve(t, fakeorg.Options{}, npsp)
	for _, object := range []string{"Account", "Contact", "Opportunity", "OpportunityContactRole"} {
		got, want := c.decoded(data+"/sobjects/"+object+"/describe"), recorded(t, object)
		sameShape(t, object, got, want)
		ours := byName(got["fields"])
		for name, field := range byName(want["fields"]) {
			if !reflect.DeepEqual(ours[name], field) {
				t.Errorf("%s.%s: got %v, want %v", object, name, ours[name], field)
			}
		}
		if got["label"] != want["label"] || got["mergeable"] != want["mergeable"] {
			t.Errorf("%s: label %v, mergeable %v", object, got["label"], got["mergeable"])
		}
	}
	ours := byName(c.decoded(data + "/sobjects/Opportunity/describe")["fields"])
	if f := ours["Primary_Contact__c"].(map[string]any); f["relationshipName"] != "Primary_Contact__r" ||
		fmt.Sprint(f["referenceTo"]) != "[Contact]" || f["custom"] != true {
		t.Errorf("a field of the data: %v", f)
	}
	for _, child := range c.decoded(data + "/sobjects/Contact/describe")["childRelationships"].([]any) {
		if !slices.Contains(c.org.Objects(), child.(map[string]any)["childSObject"].(string)) {
			t.Errorf("a child that the org doesn't have: %v", child)
		}
	}
}

func TestDescribeIsNotSentTwice(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	for _, path := range []string{data + "/sobjects", data + "/sobjects/Account/describe"} {
		a := c.do("GET", path, "")
		modified := a.Header.Get("Last-Modified")
		if modified == "" || a.StatusCode != 200 {
			t.Fatalf("%s: %d, Last-Modified %q", path, a.StatusCode, modified)
		}
		if a := c.do("GET", path, "", "If-Modified-Since", modified); a.StatusCode != 304 || a.body != "" {
			t.Errorf("%s: %d after %s", path, a.StatusCode, modified)
		}
		if a := c.do("GET", path, "", "If-Modified-Since", "Sat, 14 Mar 2026 15:09:25 GMT"); a.StatusCode != 200 {
			t.Errorf("%s: %d a second before", path, a.StatusCode)
		}
	}
	c.do("GET", data+"/sobjects/Nothing/describe", "").refused(t, 404, "NOT_FOUND")
}

func TestLoadDirLoadsEverything(t *testing.T) {
	c := serve(t, fakeorg.Options{}, npsp)
	var listing map[string]struct{ Rows int }
	text, err := os.ReadFile(recordings + "/npsp-1k/objects.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &listing); err != nil {
		t.Fatal(err)
	}
	total := 0
	for object, entry := range listing {
		_, rows := c.results(c.job("SELECT Id, CreatedDate, SystemModstamp FROM "+object), 700)
		got := len(parse(t, rows))
		if got != entry.Rows {
			t.Errorf("%s: %d records, want %d", object, got, entry.Rows)
		}
		total += got
	}
	if total != 17_283 {
		t.Errorf("%d records in all", total)
	}
	row := c.query(queryPath("SELECT Id, FirstName, LastName, Name, Owner.Username, Account.Name, IsDeleted, " +
		"CreatedBy.Id, Fax FROM Contact WHERE Id = '003Ho0000000001IAA'"))[0]
	if row["Name"] != "Amy Diaz" || row["Owner"].(map[string]any)["Username"] == nil ||
		row["Account"].(map[string]any)["Name"] == nil || row["IsDeleted"] != false || row["Fax"] != nil {
		t.Errorf("contact: %v", row)
	}
	if got := c.query(queryPath("SELECT Id FROM Contact WHERE SystemModstamp > 2026-03-14T15:09:26Z OR CreatedDate > " +
		"LAST_YEAR OR LastModifiedDate > 2026-03-14T15:09:26Z LIMIT 2000")); len(got) == 1024 {
		t.Error("everything was created this year")
	}
}

func TestLoadDirRefuses(t *testing.T) {
	for name, files := range map[string][2]string{
		"no list":     {"", ""},
		"broken list": {"{", ""},
		"too few": {`{"A__c":{"keyPrefix":"a00","rows":2,"fields":[{"name":"Id","type":"id"}]}}`,
			"Id\na00Ho0000000001IAA\n"},
		"no Id":          {`{"A__c":{"keyPrefix":"a00","rows":1,"fields":[]}}`, "Name\nx\n"},
		"a ragged line":  {`{"A__c":{"keyPrefix":"a00","rows":1,"fields":[]}}`, "Id,Name\nx\n"},
		"an open quote":  {`{"A__c":{"keyPrefix":"a00","rows":1,"fields":[]}}`, "Id\n\"x\n"},
		"text behind it": {`{"A__c":{"keyPrefix":"a00","rows":1,"fields":[]}}`, "Id\n\"x\"y\n"},
	} {
		dir := t.TempDir()
		if files[0] != "" {
			write(t, dir+"/objects.json", files[0])
			write(t, dir+"/A__c.csv", files[1])
		}
		org, err := fakeorg.New(fakeorg.Options{Clock: fakeorg.StillClock(start())})
		if err != nil {
			t.Fatal(err)
		}
		if err := org.LoadDir(dir, ""); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
}

func TestLoadDirKeepsEveryByte(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/objects.json",
		`{"A__c":{"keyPrefix":"a00","rows":2,"fields":[{"name":"Id","type":"id"},{"name":"T__c","type":"textarea"},{"name":"N__c","type":"double"}]}}`)
	write(t, dir+"/A__c.csv",
		"Id,T__c,N__c\r\na00Ho0000000002IAA,\"a\r\nb\"\"c\"\"\n,d\",1.2345678E7\r\na00Ho0000000001IAA,,0.10\r\n")
	c := serve(t, fakeorg.Options{}, func(o *fakeorg.Org) error { return o.LoadDir(dir, "") })
	_, rows := c.results(c.job("SELECT Id, T__c, N__c FROM A__c"), 10)
	want := "\"a00Ho0000000001IAA\",\"\",\"0.10\"\n\"a00Ho0000000002IAA\",\"a\r\nb\"\"c\"\"\n,d\",\"1.2345678E7\"\n"
	if rows != want {
		t.Errorf("got %q, want %q", rows, want)
	}
	if id := c.ok("POST", data+"/sobjects/A__c", `{"T__c":"new"}`)["id"]; id != "a00Ho0000000003IAA" {
		t.Errorf("the next Id is %v", id)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
