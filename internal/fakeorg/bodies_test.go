package fakeorg_test

import (
	"net/http"
	"strings"
	"testing"

	"catchment/internal/fakeorg"
)

// A stored file, and where its body is.
func (c *client) stored(content string) (id, path string) {
	c.t.Helper()
	id = c.upload("POST", "/sobjects/ContentVersion", `{"PathOnClient":"a.txt"}`, "VersionData", content).created(c.t)
	return id, data + "/sobjects/ContentVersion/" + id + "/VersionData"
}

func TestBodiesGoWrongByRule(t *testing.T) {
	c := serve(t, fakeorg.Options{}, withFiles)
	_, path := c.stored("0123456789")
	body := func(rule fakeorg.BodyRule) fakeorg.Rule { return fakeorg.Rule{BodyRule: rule} }
	for name, want := range map[string]struct {
		rule   fakeorg.Rule
		status int
		body   string
		broken bool
	}{
		"shorter than said":     {body(fakeorg.BodyRule{Resize: -3}), 200, "0123456", false},
		"longer than said":      {body(fakeorg.BodyRule{Resize: 2}), 200, "0123456789\x00\x00", false},
		"another checksum":      {body(fakeorg.BodyRule{Spoil: true}), 200, "1123456789", false},
		"cut in the middle":     {fakeorg.Rule{Truncate: 4, Reset: true}, 200, "0123", true},
		"ended in the middle":   {fakeorg.Rule{Truncate: 4}, 200, "0123", true},
		"not for this user":     {fakeorg.Rule{Answer: "insufficient-access"}, 403, "", false},
		"too many calls":        {fakeorg.Rule{Answer: "daily-limit"}, 403, "", false},
		"too busy":              {fakeorg.Rule{Answer: "unavailable"}, 503, "", false},
		"nothing in particular": {fakeorg.Rule{DelaySeconds: 0.001}, 200, "0123456789", false},
	} {
		want.rule.Kind = "body"
		c.org.Fault(want.rule)
		got := c.do("GET", path, "")
		wrong := want.status == 200 && got.body != want.body
		if got.StatusCode != want.status || wrong || want.broken != (got.err != nil) {
			t.Errorf("%s: %d %q %v", name, got.StatusCode, got.body, got.err)
		}
		c.org.ClearFaults()
	}
}

func TestABodyVanishesWhileItIsRead(t *testing.T) {
	c := serve(t, fakeorg.Options{}, withFiles)
	id, path := c.stored("0123456789")
	c.org.Fault(fakeorg.Rule{Path: id, BodyRule: fakeorg.BodyRule{Vanish: true}})
	if got := c.do("GET", path, ""); got.err == nil || got.body != "01234" {
		t.Errorf("%d %q %v", got.StatusCode, got.body, got.err)
	}
	c.org.ClearFaults()
	c.do("GET", path, "").refused(t, 404, "ENTITY_IS_DELETED")
}

func TestBodiesArentPacked(t *testing.T) {
	c := serve(t, fakeorg.Options{}, withFiles)
	_, path := c.stored(strings.Repeat("a", 10_000))
	got := c.do("GET", path, "", "Accept-Encoding", "gzip")
	if got.Header.Get("Content-Encoding") != "" || got.Header.Get("Content-Length") != "10000" {
		t.Errorf("%v", got.Header)
	}
}

// "The sObject Blob Get resource isn't compatible with Composite API requests" (REST API
// Developer Guide); nor is Bulk with fields that hold bytes.
func TestWhereBodiesArent(t *testing.T) {
	c := serve(t, fakeorg.Options{}, withFiles)
	_, path := c.stored("x")
	batch := c.do("POST", data+"/composite/batch", `{"batchRequests":[{"method":"GET","url":"`+path+`"}]}`)
	if !strings.Contains(batch.body, `"INVALID_REQUEST"`) {
		t.Errorf("%d %s", batch.StatusCode, batch.body)
	}
	job := c.ok("POST", data+"/jobs/ingest", `{"object":"Attachment","operation":"insert"}`)["id"].(string)
	c.do("PUT", data+"/jobs/ingest/"+job+"/batches", "Name,ParentId,Body\na,"+account+",eA==\n", "Content-Type",
		"text/csv")
	c.ok("PATCH", data+"/jobs/ingest/"+job, `{"state":"UploadComplete"}`)
	said, _ := c.get(data + "/jobs/ingest/" + job)["errorMessage"].(string)
	if said != "InvalidBatch : Binary field Body is only supported for content types ZIP_XML and ZIP_CSV" {
		t.Error(said)
	}
}

func TestPartsOfABody(t *testing.T) {
	for _, ranges := range []bool{true, false} {
		c := serve(t, fakeorg.Options{Ranges: ranges}, withFiles)
		_, path := c.stored("0123456789")
		for asked, want := range map[string]struct {
			status      int
			body, where string
		}{
			"bytes=4-":     {206, "456789", "bytes 4-9/10"},
			"bytes=4-5":    {206, "45", "bytes 4-5/10"},
			"bytes=4-99":   {206, "456789", "bytes 4-9/10"},
			"bytes=-3":     {206, "789", "bytes 7-9/10"},
			"bytes=0-9":    {200, "0123456789", ""},
			"bytes=-99":    {200, "0123456789", ""},
			"bytes=10-":    {416, "", "bytes */10"},
			"bytes=5-4":    {416, "", "bytes */10"},
			"bytes=-0":     {416, "", "bytes */10"},
			"bytes=1-2,4-": {200, "0123456789", ""},
			"lines=1-2":    {200, "0123456789", ""},
		} {
			if !ranges {
				want.status, want.body, want.where = 200, "0123456789", ""
			}
			got := c.do("GET", path, "", "Range", asked)
			if got.StatusCode != want.status || want.status != 416 && got.body != want.body ||
				got.Header.Get("Content-Range") != want.where {
				t.Errorf("%s: %d %q %q", asked, got.StatusCode, got.body, got.Header.Get("Content-Range"))
			}
		}
		c.org.Fault(fakeorg.Rule{Kind: "body", BodyRule: fakeorg.BodyRule{IgnoreRange: true}})
		if got := c.do("GET", path, "", "Range", "bytes=4-"); got.StatusCode != 200 || got.body != "0123456789" {
			t.Errorf("%d %q", got.StatusCode, got.body)
		}
	}
}

func TestOnlyWhoMayQueryAllFilesSeesThoseOfOthers(t *testing.T) {
	files := filed(fakeorg.Files{Versions: 60})
	const links = "SELECT Id FROM ContentDocumentLink"
	all := serve(t, fakeorg.Options{}, files)
	if got := all.query(queryPath(links)); len(got) != 110 {
		t.Errorf("%d links", len(got))
	}
	old := strings.Replace(queryPath(links), "v66.0", "v58.0", 1)
	all.do("GET", old, "").refused(t, 400, "MALFORMED_QUERY")

	some := serve(t, fakeorg.Options{NoQueryAllFiles: true}, files)
	may := some.one("SELECT PermissionsQueryAllFiles, PermissionsViewAllData FROM UserPermissionAccess")
	agrees(t, may, map[string]string{"PermissionsQueryAllFiles": "false", "PermissionsViewAllData": "true"})
	some.do("GET", queryPath(links), "").refused(t, 400, "MALFORMED_QUERY")
	some.do("POST", data+"/jobs/query", bulkOf(links)).refused(t, 400, "MALFORMED_QUERY")
	const versions = "SELECT Id, OwnerId, ContentDocumentId FROM ContentVersion"
	own := 0
	for _, v := range all.query(queryPath(versions)) {
		if v["OwnerId"] == "005Ho0000000001IAA" {
			own++
			continue
		}
		some.one(versions+" WHERE Id = '%s'", v["Id"])
	}
	if got := some.query(queryPath(versions)); len(got) != own || own == 0 || own == 60 {
		t.Errorf("%d of %d versions", len(got), own)
	}
}

func TestNobodyLearnsOfFilesByGetUpdated(t *testing.T) {
	c := serve(t, fakeorg.Options{}, withFiles)
	for _, object := range []string{"ContentDocument", "ContentVersion", "ContentDocumentLink"} {
		path := data + "/sobjects/" + object + "/updated/?start=2026-03-14T14:00:00Z&end=2026-03-14T15:00:00Z"
		c.do(http.MethodGet, path, "").refused(t, 400, "INVALID_TYPE_FOR_OPERATION")
	}
}

// A document is deletable, though nobody creates one.
func TestBulkDeletesDocuments(t *testing.T) {
	c := serve(t, fakeorg.Options{}, withFiles)
	id, _ := c.stored("x")
	document := c.one("SELECT ContentDocumentId FROM ContentVersion WHERE Id = '%s'", id)["ContentDocumentId"].(string)
	job := c.ok("POST", data+"/jobs/ingest", `{"object":"ContentDocument","operation":"delete"}`)["id"].(string)
	c.do("PUT", data+"/jobs/ingest/"+job+"/batches", "Id\n"+document+"\n", "Content-Type", "text/csv")
	c.ok("PATCH", data+"/jobs/ingest/"+job, `{"state":"UploadComplete"}`)
	if left := c.query(queryPath("SELECT Id FROM ContentVersion")); len(left) != 0 {
		t.Errorf("%v", left)
	}
	c.do("POST", data+"/jobs/ingest", `{"object":"ContentDocument","operation":"insert"}`).refused(t, 400,
		"INVALIDENTITY")
}
