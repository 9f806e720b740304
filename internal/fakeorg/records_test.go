package fakeorg_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
)

func TestLifeOfARecord(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	c.org.Clock().Advance(1500 * time.Millisecond)
	created := c.do("POST", data+"/sobjects/account",
		`{"attributes":{"type":"Account"},"Name":"New","NumberOfEmployees":7}`)
	if created.StatusCode != 201 || !strings.HasPrefix(created.Header.Get("Location"), data+"/sobjects/Account/001") {
		t.Fatalf("create: %d %s %v", created.StatusCode, created.body, created.Header)
	}
	var answer struct {
		ID      string
		Success bool
		Errors  []any
	}
	if err := json.Unmarshal([]byte(created.body), &answer); err != nil || !answer.Success || answer.Errors == nil {
		t.Fatal(created.body)
	}
	at := data + "/sobjects/Account/" + answer.ID
	c.org.Clock().Advance(time.Hour)
	c.ok("PATCH", at, `{"Name":"Newer","NumberOfEmployees":null}`)
	r := c.get(at)
	for field, want := range map[string]any{
		"Id": answer.ID, "Name": "Newer", "NumberOfEmployees": nil, "IsDeleted": false, "OwnerId": "005Ho0000000001IAA",
		"CreatedDate": "2026-03-14T15:09:27.000+0000", "LastModifiedDate": "2026-03-14T16:09:27.000+0000",
		"SystemModstamp": "2026-03-14T16:09:27.000+0000", "BillingAddress": nil,
	} {
		if r[field] != want {
			t.Errorf("%s is %v, want %v", field, r[field], want)
		}
	}
	if r := c.get(at + "?fields=Name,Rating"); len(r) != 3 || r["Name"] != "Newer" {
		t.Errorf("two fields: %v", r)
	}
	c.do("GET", at+"?fields=Nope", "").refused(t, 400, "INVALID_FIELD")
	c.get(data + "/sobjects/Account/" + answer.ID[:15])

	c.org.Clock().Advance(time.Hour)
	c.ok("DELETE", at, "")
	for _, method := range []string{"GET", "PATCH", "DELETE"} {
		c.do(method, at, "{}").refused(t, 404, "ENTITY_IS_DELETED")
	}
	all := strings.Replace(queryPath("SELECT IsDeleted, LastModifiedDate, SystemModstamp FROM Account WHERE Id = '"+
		answer.ID+"'"), "/query", "/queryAll", 1)
	if r := c.query(all)[0]; r["IsDeleted"] != true || r["SystemModstamp"] != "2026-03-14T17:09:27.000+0000" {
		t.Errorf("deleted: %v", r)
	}
	c.org.Clock().Advance(time.Hour)
	c.ok("POST", "/_org/undelete", `{"ids":["`+answer.ID+`"]}`)
	if r := c.get(at); r["IsDeleted"] != false || r["SystemModstamp"] != "2026-03-14T18:09:27.000+0000" ||
		r["LastModifiedDate"] != "2026-03-14T17:09:27.000+0000" {
		t.Errorf("undeleted: %v", r)
	}
	c.do("POST", "/_org/undelete", `{"ids":["`+answer.ID+`"]}`).refused(t, 400, "UNDELETE_FAILED")
	c.ok("DELETE", at, "")
	c.ok("POST", "/_org/purge", "")
	if got := c.query(all); len(got) != 0 {
		t.Errorf("purged: %v", got)
	}
	c.do("GET", at, "").refused(t, 404, "ENTITY_IS_DELETED")
}

func TestNamesAndNumbersAreMadeByTheOrg(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	id := c.ok("POST", data+"/sobjects/Contact", `{"FirstName":"Ann","LastName":"Lee"}`)["id"].(string)
	c.ok("PATCH", data+"/sobjects/Contact/"+id, `{"LastName":"Li"}`)
	if r := c.get(data + "/sobjects/Contact/" + id); r["Name"] != "Ann Li" {
		t.Errorf("name %v", r["Name"])
	}
	id = c.ok("POST", data+"/sobjects/Case", `{"Status":"New"}`)["id"].(string)
	if r := c.get(data + "/sobjects/Case/" + id); r["CaseNumber"] == nil {
		t.Error("no case number")
	}
}

// Behind a polymorphic lookup there are the fields that all targets share.
func TestPolymorphicLookups(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(300))
	names := map[string]string{"Account": "Name", "Opportunity": "Name", "Case": "CaseNumber"}
	_, rows := c.results(c.job("SELECT What.Type, What.Name, Owner.Type, Owner.Name FROM Task"), 1000)
	bulk := parse(t, rows)
	for i, r := range c.query(queryPath("SELECT WhatId, What.Type, What.Name, Owner.Name FROM Task")) {
		what := r["What"].(map[string]any)
		object := what["Type"].(string)
		target := c.get(data + "/sobjects/" + object + "/" + r["WhatId"].(string))
		if what["Name"] != target[names[object]] || what["attributes"].(map[string]any)["type"] != "Name" {
			t.Errorf("%v is not %v", what, target)
		}
		if bulk[i][0] != object || bulk[i][1] != what["Name"] || bulk[i][2] != "User" ||
			bulk[i][3] != r["Owner"].(map[string]any)["Name"] {
			t.Errorf("Bulk says %q, REST %v", bulk[i], r)
		}
	}
}

// The Ids of a load may be another instance's: then they needn't come before
// those of new records.
func TestForeignIDs(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/objects.json", `{"A__c":{"keyPrefix":"a00","rows":2,"fields":[{"name":"Id","type":"id"}]}}`)
	write(t, dir+"/A__c.csv", "Id\na00Zz0000000001AAA\na00Zz0000000002AAA\n")
	c := serve(t, fakeorg.Options{}, func(o *fakeorg.Org) error { return o.LoadDir(dir, "") })
	id := c.ok("POST", data+"/sobjects/A__c", `{}`)["id"].(string)
	for where, want := range map[string]int{"Id > '" + id + "'": 2, "Id = '" + id + "'": 1, "Id <= '" + id + "'": 1,
		"Id > 'a00Zz0000000001AAA'": 1} {
		if got := c.query(queryPath("SELECT Id FROM A__c WHERE " + where)); len(got) != want {
			t.Errorf("%s: %v", where, got)
		}
	}
}

func TestTheUserIsARecord(t *testing.T) {
	for _, fill := range []func(*fakeorg.Org) error{npsp, generated(100)} {
		c := serve(t, fakeorg.Options{}, fill)
		me := c.get("/services/oauth2/userinfo")
		if r := c.get(data + "/sobjects/User/" +
			me["user_id"].(string)); r["Username"] != c.org.Credentials().Username || me["username"] != r["Username"] {
			t.Errorf("%v is not %v", r, me)
		}
	}
}

func TestRefusedWrites(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	for _, refused := range []struct {
		object, body string
		status       int
		code         string
	}{
		{"Account", `{`, 400, "JSON_PARSER_ERROR"},
		{"Account", `{}`, 400, "REQUIRED_FIELD_MISSING"},
		{"Account", `{"Name":""}`, 400, "REQUIRED_FIELD_MISSING"},
		{"Account", `{"Name":"` + strings.Repeat("é", 256) + `"}`, 400, "STRING_TOO_LONG"},
		{"Account", `{"Name":"x","Nope":1}`, 400, "INVALID_FIELD"},
		{"Account", `{"Name":"x","CreatedDate":"2020-01-01T00:00:00Z"}`, 400, "INVALID_FIELD_FOR_INSERT_UPDATE"},
		{"Account", `{"Name":"x","BillingAddress":{}}`, 400, "INVALID_FIELD_FOR_INSERT_UPDATE"},
		{"Account", `{"Name":5}`, 400, "JSON_PARSER_ERROR"},
		{"Account", `{"Name":"x","AnnualRevenue":"much"}`, 400, "JSON_PARSER_ERROR"},
		{"Account", `{"Name":"x","AnnualRevenue":1234567890123456789}`, 400, "NUMBER_OUTSIDE_VALID_RANGE"},
		{"Account", `{"Name":"x","NumberOfEmployees":1.5}`, 400, "NUMBER_OUTSIDE_VALID_RANGE"},
		{"Account", `{"Name":"x","ParentId":"rubbish"}`, 400, "MALFORMED_ID"},
		{"Account", `{"Name":"x","ParentId":"001Ho0000000001AAA"}`, 400, "MALFORMED_ID"},
		{"Account", `{"Name":"x","ParentId":"005Ho0000000001IAA"}`, 400, "FIELD_INTEGRITY_EXCEPTION"},
		{"Account", `{"Name":"x","ParentId":"001Ho0000009999IAA"}`, 400, "INVALID_CROSS_REFERENCE_KEY"},
		{"Contact", `{"LastName":"x","Birthdate":"1699-12-31"}`, 400, "INVALID_DATE"},
		{"Contact", `{"LastName":"x","Birthdate":"31.12.1999"}`, 400, "JSON_PARSER_ERROR"},
		{"Contact", `{"LastName":"x","HasOptedOutOfEmail":"maybe"}`, 400, "JSON_PARSER_ERROR"},
		{"Invoice__c", `{"Sent_At__c":"yesterday"}`, 400, "JSON_PARSER_ERROR"},
		{"Organization", `{"Name":"x"}`, 405, "METHOD_NOT_ALLOWED"},
		{"Nothing", `{"Name":"x"}`, 404, "NOT_FOUND"},
	} {
		t.Run(refused.code, func(t *testing.T) {
			c.do("POST", data+"/sobjects/"+refused.object, refused.body).refused(t, refused.status, refused.code)
		})
	}
	c.do("PATCH", data+"/sobjects/Account/001Ho0000000001IAA", `{"Name":null}`).refused(t, 400,
		"REQUIRED_FIELD_MISSING")
	c.do("PATCH", data+"/sobjects/Organization/"+c.org.ID(), `{"Name":"x"}`).refused(t, 400,
		"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")
	c.do("DELETE", data+"/sobjects/User/005Ho0000000001IAA", "").refused(t, 400, "INSUFFICIENT_ACCESS_OR_READONLY")
	for id, code := range map[string]string{"short": "NOT_FOUND", "001Ho0000000001AAA": "MALFORMED_ID",
		"001Ho0000009999": "NOT_FOUND", "003Ho0000000001IAA": "NOT_FOUND"} {
		status := 404
		if code == "MALFORMED_ID" {
			status = 400
		}
		c.do("GET", data+"/sobjects/Account/"+id, "").refused(t, status, code)
	}
}

// Values are sacred: what goes in comes out, by every road.
func TestValuesSurvive(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	texts := []string{"CR\r\nLF\nCR\r", `"quoted", and 'so'`, "🎈 Größe 大阪", "N/A", "null", "None", "00012", " x",
		"=1+1", "a,b;c|d", "\\N", strings.Repeat("long ", 26_214)}
	numbers := []string{"9999999999999999.99", "-0.01", "1.2345678E7", "0.10", "123456789012.345678"}
	for i, text := range texts {
		number := numbers[i%len(numbers)]
		quoted, _ := json.Marshal(text)
		id := c.ok("POST", data+"/sobjects/Invoice__c",
			fmt.Sprintf(
				`{"Notes__c":%s,"Amount__c":%s,"Due_Date__c":"1700-01-01","Sent_At__c":"4000-12-31T23:59:59.999+0000"}`, quoted, number))["id"].(string)
		_, rows := c.results(c.job("SELECT Notes__c, Amount__c, Due_Date__c, Sent_At__c FROM Invoice__c WHERE Id = '"+
			id+"'"), 1)
		want := `"` + strings.ReplaceAll(text, `"`, `""`) + `","` + number +
			`","1700-01-01","4000-12-31T23:59:59.000Z"` + "\n"
		if rows != want {
			t.Errorf("Bulk: got %.200q, want %.200q", rows, want)
		}
		r := c.get(data + "/sobjects/Invoice__c/" + id)
		if r["Notes__c"] != text || r["Amount__c"] != json.Number(number) ||
			r["Sent_At__c"] != "4000-12-31T23:59:59.000+0000" {
			t.Errorf("REST: got %.200v", r)
		}
		q := c.query(queryPath("SELECT Notes__c, Amount__c FROM Invoice__c WHERE Id = '" + id + "'"))[0]
		if q["Notes__c"] != text || q["Amount__c"] != json.Number(number) {
			t.Errorf("query: got %.200v", q)
		}
	}
}

// A generated record is the same however it is reached.
func TestOneRecordThreeRoads(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(400))
	for _, object := range []string{"Account", "Contact", "Opportunity", "Case", "Task", "User", "Invoice__c"} {
		fields := plainFields(c, object)
		_, rows := c.results(c.job("SELECT "+strings.Join(fields, ",")+" FROM "+object), 17)
		queried := c.query(queryPath("SELECT " + strings.Join(fields, ",") + " FROM " + object))
		bulk := parse(t, strings.ReplaceAll(rows, "\r\n", "<CRLF>"))
		if len(queried) != len(bulk) {
			t.Fatalf("%s: %d by query, %d by Bulk", object, len(queried), len(bulk))
		}
		for i, record := range bulk {
			single := c.get(data + "/sobjects/" + object + "/" + record[0])
			for j, field := range fields {
				for road, got := range map[string]any{"query": queried[i][field], "record": single[field]} {
					text := ""
					if got != nil {
						text = strings.ReplaceAll(strings.Replace(fmt.Sprint(got), ".000+0000", ".000Z", 1),
							"\r\n", "<CRLF>")
					}
					if text != record[j] {
						t.Fatalf("%s %s.%s: %s says %q, Bulk says %q", object, record[0], field, road, text, record[j])
					}
				}
			}
		}
	}
}

func TestLookupsJoin(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(1000))
	for object, lookups := range map[string][]string{
		"Contact": {"Account.Name", "Owner.Name"}, "Opportunity": {"Account.Name"},
		"Case":       {"Contact.LastName", "Account.Owner.Name"},
		"Invoice__c": {"Account__r.Name", "Opportunity__r.Account.Name"}, "Account": {"CreatedBy.Name"},
	} {
		for _, path := range lookups {
			_, rows := c.results(c.job("SELECT "+path+" FROM "+object), 1000)
			filled := 0
			for _, record := range parse(t, rows) {
				if record[0] != "" {
					filled++
				}
			}
			if filled == 0 {
				t.Errorf("%s.%s leads nowhere", object, path)
			}
		}
	}
	_, rows := c.results(c.job("SELECT WhoId, WhatId FROM Task"), 1000)
	prefixes := map[string]bool{}
	for _, record := range parse(t, rows) {
		for _, id := range record {
			prefixes[(id + "   ")[:3]] = true
		}
	}
	for _, prefix := range []string{"001", "003", "006", "500"} {
		if !prefixes[prefix] {
			t.Errorf("no Task points to a %s", prefix)
		}
	}
}
