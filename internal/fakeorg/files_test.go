package fakeorg_test

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/http"
	"testing"

	"catchment/internal/fakeorg"
)

// filed fills an org with records and with made up files.
func filed(files fakeorg.Files) func(*fakeorg.Org) error {
	return func(o *fakeorg.Org) error {
		counts := map[string]int{"Account": 100, "Contact": 100, "Case": 50, "Opportunity": 50, "User": 4}
		if err := o.GenerateCounts(counts, 7); err != nil {
			return err
		}
		return o.GenerateFiles(files)
	}
}

func md5Of(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

func number(value any) string { return fmt.Sprint(value) }

// Files are attached to whatever records there are.
func TestFilesOfLoadedRecords(t *testing.T) {
	c := serve(t, fakeorg.Options{}, func(o *fakeorg.Org) error {
		if err := npsp(o); err != nil {
			return err
		}
		return o.GenerateFiles(fakeorg.Files{Versions: 20, Attachments: 5})
	})
	links := c.query(queryPath("SELECT ContentDocument.Title, LinkedEntity.Name, LinkedEntity.Type FROM " +
		"ContentDocumentLink WHERE ShareType = 'V'"))
	if len(links) != 19 {
		t.Errorf("%d links", len(links))
	}
	for _, link := range links {
		if link["LinkedEntity"] == nil || link["ContentDocument"] == nil {
			t.Errorf("%v leads nowhere", link)
		}
	}
	bare := serve(t, fakeorg.Options{}, func(o *fakeorg.Org) error {
		if err := o.GenerateFiles(fakeorg.Files{Attachments: 1}); err == nil {
			t.Error("an Attachment of nothing")
		}
		return o.GenerateFiles(fakeorg.Files{Versions: 20})
	})
	if got := bare.query(queryPath("SELECT Id FROM ContentDocumentLink")); len(got) != 19 {
		t.Errorf("%d links to owners", len(got))
	}
}

func TestMadeUpFilesAreWhatTheirRecordsSay(t *testing.T) {
	c := serve(t, fakeorg.Options{}, filed(fakeorg.Files{Versions: 120, External: 3, Attachments: 20, Documents: 5}))
	versions := c.query(queryPath("SELECT Id, ContentDocumentId, IsLatest, Checksum, ContentSize, VersionData, " +
		"ContentLocation, ContentDocument.LatestPublishedVersionId, ContentDocument.Title, Title FROM ContentVersion"))
	if len(versions) != 120 {
		t.Fatalf("%d versions", len(versions))
	}
	bodies, latest := map[string]int{}, map[any]int{}
	for i, v := range versions {
		document := v["ContentDocument"].(map[string]any)
		if v["IsLatest"] == true {
			latest[v["ContentDocumentId"]]++
			if document["LatestPublishedVersionId"] != v["Id"] || document["Title"] != v["Title"] {
				t.Errorf("version %v isn't the latest one of %v", v, document)
			}
		}
		if i >= 117 {
			if v["ContentLocation"] != "E" || v["VersionData"] != nil || v["Checksum"] != nil ||
				v["ContentSize"] != nil {
				t.Errorf("external: %v", v)
			}
			path := data + "/sobjects/ContentVersion/" + v["Id"].(string) + "/VersionData"
			c.do("GET", path, "").refused(t, 404, "NOT_FOUND")
			continue
		}
		body := c.do("GET", v["VersionData"].(string), "")
		if body.StatusCode != 200 || number(v["ContentSize"]) != body.Header.Get("Content-Length") ||
			number(v["ContentSize"]) != number(len(body.body)) || v["Checksum"] != md5Of(body.body) {
			t.Errorf("%v: %d bytes, %s, %v", v, len(body.body), md5Of(body.body), body.Header)
		}
		bodies[body.body]++
	}
	if len(bodies) != 116 {
		t.Errorf("%d bodies, of which two are to be the same", len(bodies))
	}
	documents := c.query(queryPath("SELECT Id FROM ContentDocument"))
	if len(documents) != 110 || len(latest) != 110 {
		t.Errorf("%d documents, %d latest versions", len(documents), len(latest))
	}
	for _, object := range []string{"Attachment", "Document"} {
		for _, r := range c.query(queryPath("SELECT Id, BodyLength, Body, Name FROM " + object)) {
			body := c.do("GET", r["Body"].(string), "")
			if body.StatusCode != 200 || number(r["BodyLength"]) != number(len(body.body)) {
				t.Errorf("%v: %d %d bytes", r, body.StatusCode, len(body.body))
			}
		}
	}
	if n := c.org.Requests()["body"]; n != 118+20+5+2 {
		t.Errorf("%d requests for bodies", n)
	}
	links := c.query(queryPath("SELECT LinkedEntityId, LinkedEntity.Type, ShareType FROM ContentDocumentLink " +
		"WHERE ContentDocumentId = '" + documents[0]["Id"].(string) + "'"))
	if len(links) != 2 {
		t.Errorf("%v", links)
	}
	c.do(http.MethodPost, data+"/jobs/query", bulkOf("SELECT VersionData FROM ContentVersion")).refused(t, 400,
		"FEATURENOTENABLED")
}
