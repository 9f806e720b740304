package replicate_test

import (
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/rig"
)

// withLinks is a copy of files and their links by a user who lacks Query All Files.
func withLinks(t *testing.T, files fakeorg.Files, objects ...string) *rig.Rig {
	t.Helper()
	org := rig.NewOrg(t, map[string]int{"Account": 5}, func(o *fakeorg.Options) { o.NoQueryAllFiles = true })
	if err := org.GenerateFiles(files); err != nil {
		t.Fatal(err)
	}
	r := rig.New(t, org, objects...)
	r.Begun = func(p *rig.Process) { p.Options.Folder = r.Path("spool") }
	return r
}

// Who lacks Query All Files gets the links by the documents of the copy, all of them each time:
// what came and what went is seen, and verify finds nothing that differs.
func TestLinksByDocuments(t *testing.T) {
	t.Parallel()
	r := withLinks(t, fakeorg.Files{Versions: 700, Size: 10}, "ContentDocumentLink", "ContentDocument")
	row := r.Done(nil)
	documents, links := r.Table("ContentDocument"), r.Table("ContentDocumentLink")
	t.Logf("%d documents, %d links", len(documents), len(links))
	if len(documents) < 300 || len(links) < len(documents) {
		t.Fatalf("%d documents, %d links", len(documents), len(links))
	}
	o := row.Objects[0]
	if o.State != control.FlowDone || o.Mover != "by-parents" || len(o.Notes) > 0 {
		t.Errorf("%+v", o)
	}
	if res := r.Verified(r.Flows[0], nil); res.Source != int64(len(links)) || res.Remaining() != 0 {
		t.Errorf("%+v", res)
	}

	gone := ""
	for id := range links {
		gone = id
		break
	}
	r.Delete(gone)
	r.Later(time.Hour)
	if o := r.Done(nil).Objects[0]; o.Deleted != 1 || o.Inserted != 0 {
		t.Errorf("%+v", o)
	}
}

// Where no flow copies documents, the links can't be read, and it says what helps.
func TestLinksWithoutDocuments(t *testing.T) {
	t.Parallel()
	r := withLinks(t, fakeorg.Files{Versions: 20, Size: 10}, "ContentDocumentLink", "Account")
	row := r.Run(nil)
	o := row.Objects[0]
	if o.State != control.FlowFailed || !strings.Contains(o.Error, "the copy has no documents") ||
		!strings.Contains(o.Hint, "add a flow on ContentDocument or ContentVersion") {
		t.Errorf("%+v", o)
	}
	if row.State != control.Partial || row.Objects[1].State != control.FlowDone {
		t.Errorf("%s: %+v", row.State, row.Objects[1])
	}
}
