package fakeorg_test

import (
	"bytes"
	"mime/multipart"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
)

// ingest brings records into the org by a Bulk job and returns the job's Id.
func (c *client) ingest(job, csv string) string {
	c.t.Helper()
	id := c.ok("POST", data+"/jobs/ingest", job)["id"].(string)
	at := data + "/jobs/ingest/" + id
	if a := c.do("PUT", at+"/batches", csv, "Content-Type", "text/csv"); a.StatusCode != 201 {
		c.t.Fatalf("upload: %d %s", a.StatusCode, a.body)
	}
	c.ok("PATCH", at, `{"state":"UploadComplete"}`)
	return id
}

func (c *client) ingested(id, kind string) string {
	c.t.Helper()
	return c.do("GET", data+"/jobs/ingest/"+id+"/"+kind, "").body
}

func TestIngestInsert(t *testing.T) {
	c := serve(t, fakeorg.Options{JobLatency: 40 * time.Second}, generated(100))
	id := c.ingest(`{"object":"Account","operation":"insert","columnDelimiter":"PIPE","lineEnding":"CRLF"}`,
		"Name|NumberOfEmployees|Site\r\n\"a \"\"b\"\"\r\nc\"|7|\r\n|1|x\r\n\"d\"|many|#N/A\r\n")
	at := data + "/jobs/ingest/" + id
	if got := c.get(at); got["state"] != "UploadComplete" || got["jobType"] != "V2Ingest" {
		t.Errorf("at once: %v", got)
	}
	c.do("GET", at+"/successfulResults", "").refused(t, 400, "INVALIDJOBSTATE")
	c.do("DELETE", at, "").refused(t, 400, "API_ERROR")
	c.org.Clock().Advance(10 * time.Second)
	if got := c.get(at); got["state"] != "InProgress" {
		t.Errorf("after 10 s: %v", got)
	}
	c.org.Clock().Advance(30 * time.Second)
	if got := c.get(at); got["state"] != "JobComplete" ||
		got["numberRecordsProcessed"].(interface{ String() string }).String() != "3" ||
		got["numberRecordsFailed"].(interface{ String() string }).String() != "2" {
		t.Errorf("at the end: %v", got)
	}
	made := c.query(queryPath("SELECT Id, NumberOfEmployees FROM Account WHERE NumberOfEmployees = 7 AND " +
		"Name LIKE 'a%'"))
	if len(made) != 1 {
		t.Fatalf("made %v", made)
	}
	want := `"sf__Id"|"sf__Created"|"Name"|"NumberOfEmployees"|"Site"` + "\r\n" + `"` + made[0]["Id"].(string) +
		`"|"true"|"a ""b""` + "\r\n" + `c"|"7"|""` + "\r\n"
	if got := c.ingested(id, "successfulResults"); got != want {
		t.Errorf("successful: %q, want %q", got, want)
	}
	want = `"sf__Id"|"sf__Error"|"Name"|"NumberOfEmployees"|"Site"` + "\r\n" +
		`""|"REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"|""|"1"|"x"`
	if got := c.ingested(id, "failedResults"); !strings.HasPrefix(got, want) || !strings.Contains(got, `|"many"|`) {
		t.Errorf("failed: %q", got)
	}
	if got := c.ingested(id, "unprocessedrecords"); got != `"Name"|"NumberOfEmployees"|"Site"`+"\r\n" {
		t.Errorf("unprocessed: %q", got)
	}
	if list := c.get(data + "/jobs/ingest")["records"].([]any); len(list) != 1 {
		t.Errorf("list: %v", list)
	}
	c.ok("DELETE", at, "")
	c.do("GET", at, "").refused(t, 404, "NOT_FOUND")
}

func TestIngestOtherOperations(t *testing.T) {
	c := serve(t, fakeorg.Options{HardDelete: true}, generated(100))
	ids := []string{"a0IHo0000000001MAA", "a0IHo0000000002MAA", "a0IHo0000000003MAA"}
	id := c.ingest(`{"object":"Invoice__c","operation":"update"}`, "Id,Notes__c,Paid__c,Account__r.Id\n"+ids[0]+
		",seen,TRUE,"+first+"\nrubbish,x,,\n")
	if r := c.get(data + "/sobjects/Invoice__c/" + ids[0]); r["Notes__c"] != "seen" || r["Paid__c"] != true ||
		r["Account__c"] != first {
		t.Errorf("updated: %v", r)
	}
	if got := c.ingested(id, "failedResults"); !strings.Contains(got, `"","MALFORMED_ID:bad id rubbish:--","rubbish"`) {
		t.Errorf("failed: %s", got)
	}
	id = c.ingest(`{"object":"Invoice__c","operation":"upsert","externalIdFieldName":"Number__c"}`,
		"Number__c,Notes__c\nN00000002,second\nnew,third\n")
	got := c.ingested(id, "successfulResults")
	if !strings.Contains(got, `"`+ids[1]+`","false","N00000002","second"`) ||
		!strings.Contains(got, `"true","new","third"`) {
		t.Errorf("upserted: %s", got)
	}
	c.ingest(`{"object":"Invoice__c","operation":"delete"}`, "Id\n"+ids[1]+"\n")
	if _, deleted := c.stampOf("Invoice__c", ids[1]); deleted != "true" {
		t.Error("not deleted")
	}
	c.ingest(`{"object":"Invoice__c","operation":"hardDelete"}`, "Id\n"+ids[2]+"\n")
	if stamp, _ := c.stampOf("Invoice__c", ids[2]); stamp != "" {
		t.Error("still there")
	}
}

func TestIngestRefuses(t *testing.T) {
	c := serve(t, fakeorg.Options{NotInBulk: []string{"Case"}}, generated(100))
	for job, code := range map[string]string{
		`{`:                                       "JSON_PARSER_ERROR",
		`{"object":"Nope","operation":"insert"}`:  "INVALIDENTITY",
		`{"object":"Case","operation":"insert"}`:  "INVALIDENTITY",
		`{"object":"Account","operation":"sing"}`: "INVALIDJOB",
		`{"object":"Account","operation":"insert","contentType":"XML"}`:                    "INVALIDJOB",
		`{"object":"Account","operation":"upsert"}`:                                        "INVALIDJOB",
		`{"object":"Account","operation":"upsert","externalIdFieldName":"Name"}`:           "INVALIDJOB",
		`{"object":"Account","operation":"hardDelete"}`:                                    "FEATURENOTENABLED",
		`{"object":"Account","operation":"insert","columnDelimiter":"X","lineEnding":"Y"}`: "INVALIDJOB",
	} {
		c.do("POST", data+"/jobs/ingest", job).refused(t, 400, code)
	}
	for csv, want := range map[string]string{
		"Nope\nx\n":        "InvalidBatch : Field name not found : Nope",
		"Name\r\nx\r\n":    "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
		"Name,Site\nx\n":   "InvalidBatch : record 1: 1 fields, the header has 2",
		"Nope__r.Id\nx,\n": "",
	} {
		id := c.ingest(`{"object":"Account","operation":"insert"}`, csv)
		if got := c.get(data + "/jobs/ingest/" + id); got["state"] != "Failed" ||
			want != "" && got["errorMessage"] != want {
			t.Errorf("%q: %v", csv, got)
		}
	}
	id := c.ingest(`{"object":"Account","operation":"delete"}`, "Id,Name\nx,y\n")
	if got := c.ingested(id, "unprocessedrecords"); got != "\"Id\",\"Name\"\n\"x\",\"y\"\n" {
		t.Errorf("unprocessed: %q", got)
	}
	at := data + "/jobs/ingest/" + c.ok("POST", data+"/jobs/ingest",
		`{"object":"Account","operation":"insert"}`)["id"].(string)
	c.do("PUT", at+"/batches", "Name\nx\n")
	c.do("PUT", at+"/batches", "Name\nx\n").refused(t, 400, "CLIENTINPUTERROR")
	c.do("PATCH", at, `{"state":"Open"}`).refused(t, 400, "INVALIDJOBSTATE")
	c.ok("PATCH", at, `{"state":"Aborted"}`)
	c.do("PATCH", at, `{"state":"UploadComplete"}`).refused(t, 400, "INVALIDJOBSTATE")
	if got := c.ingested(at[len(data+"/jobs/ingest/"):], "unprocessedrecords"); got != "\"Name\"\n\"x\"\n" {
		t.Errorf("aborted: %q", got)
	}
}

// A job and its records may come in one request.
func TestIngestMultipart(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, text := range map[string]string{"job": `{"object":"Account","operation":"insert"}`,
		"content": "Name\nmulti\n"} {
		p, _ := w.CreateFormField(name)
		_, _ = p.Write([]byte(text))
	}
	fine(t, w.Close())
	a := c.do("POST", data+"/jobs/ingest", body.String(), "Content-Type", w.FormDataContentType())
	if a.StatusCode != 200 || !strings.Contains(a.body, `"state":"UploadComplete"`) {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if got := c.query(queryPath("SELECT Id FROM Account WHERE Name = 'multi'")); len(got) != 1 {
		t.Errorf("made %v", got)
	}
	c.do("POST", data+"/jobs/ingest", "x", "Content-Type", "multipart/form-data").refused(t, 400, "JSON_PARSER_ERROR")
}
