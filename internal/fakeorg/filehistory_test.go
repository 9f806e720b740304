package fakeorg_test

import (
	"testing"
	"time"

	"catchment/internal/fakeorg"
)

// After a history of files each document has one latest version, each body is what its
// record says, and nothing is left of a document that has gone.
func TestHistoryOfFiles(t *testing.T) {
	for seed := range uint64(4) {
		clock := fakeorg.StillClock(start())
		options := fakeorg.Options{Clock: clock, SessionLife: 365 * 24 * time.Hour}
		c := serve(t, options, filed(fakeorg.Files{Versions: 60, Attachments: 20, Documents: 10,
			Size: 100}))
		for day := range uint64(40) {
			if _, err := c.org.History(40, seed*1000+day); err != nil {
				t.Fatalf("seed %d, day %d: %v", seed, day, err)
			}
			clock.Advance(24 * time.Hour)
		}
		latest := map[any]any{}
		for _, v := range c.query(queryPath("SELECT Id, ContentDocumentId, IsLatest, ContentSize, Checksum, " +
			"ContentDocument.LatestPublishedVersionId, VersionData FROM ContentVersion")) {
			if v["IsLatest"] == true {
				if latest[v["ContentDocumentId"]] != nil {
					t.Errorf("seed %d: two latest versions of %v", seed, v["ContentDocumentId"])
				}
				latest[v["ContentDocumentId"]] = v["Id"]
			}
			body := c.do("GET", v["VersionData"].(string), "")
			if number(v["ContentSize"]) != number(len(body.body)) || v["Checksum"] != md5Of(body.body) {
				t.Errorf("seed %d: %v has %d bytes", seed, v, len(body.body))
			}
		}
		documents := c.query(queryPath("SELECT Id, LatestPublishedVersionId FROM ContentDocument"))
		if len(documents) != len(latest) || len(documents) < 30 {
			t.Errorf("seed %d: %d documents, %d latest versions", seed, len(documents), len(latest))
		}
		for _, d := range documents {
			if d["LatestPublishedVersionId"] != latest[d["Id"]] {
				t.Errorf("seed %d: %v, the latest version is %v", seed, d, latest[d["Id"]])
			}
		}
		for _, a := range c.query(queryPath("SELECT Id, BodyLength, Body FROM Attachment")) {
			if body := c.do("GET", a["Body"].(string), ""); number(a["BodyLength"]) != number(len(body.body)) {
				t.Errorf("seed %d: %v has %d bytes", seed, a, len(body.body))
			}
		}
	}
}
