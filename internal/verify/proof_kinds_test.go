package verify_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/archive"
	"catchment/internal/body"
	"catchment/internal/fakeorg"
	"catchment/internal/rig"
	"catchment/internal/value"
	"catchment/internal/warehouse/bodies"
)

// A formula that moved without a stamp is refreshed by the reading that it is compared with, and
// nothing else is written.
func TestProveFormulas(t *testing.T) { onShelves(t, testProveFormulas) }

func testProveFormulas(t *testing.T, on rig.Shelf) {
	org := rig.NewOrg(t, map[string]int{"Account": 2, "Contact": 12}, nil)
	if err := org.AddField("Contact", fakeorg.Field{Name: "Industry__c", Type: "string", Length: 255,
		Formula: "Account.Industry"}); err != nil {
		t.Fatal(err)
	}
	r := rig.New(t, org, "Contact")
	r.Shelf = on
	account := r.IDs("Account")[0]
	ids := r.IDs("Contact")
	for _, id := range ids {
		r.Must(r.Org.Update(id, map[string]any{"AccountId": account}))
	}
	r.Must(r.Org.Update(account, map[string]any{"Industry": "Energy"}))
	r.Later(time.Hour)
	r.Done(nil)
	r.Later(time.Hour)
	r.Must(r.Org.Update(account, map[string]any{"Industry": "Banking"}))
	r.Exec("UPDATE salesforce.contact SET title = 'Wrong' WHERE id = '" + ids[1] + "'")
	got := proved(r, r.Flows[0], archive.Live, ids[:5]...)
	says(t, got, "equal", "differs differs: title, industry__c", "equal", "equal", "equal")
	texts := r.Texts("contact", "id", "industry__c", "title")
	for i, id := range ids {
		want := "Energy"
		if i < 5 && i != 1 {
			want = "Banking"
		}
		if texts[id][1] != want || i == 1 && texts[id][2] != "Wrong" {
			t.Errorf("%d is %q", i, texts[id])
		}
	}
	again := proved(r, r.Flows[0], archive.Live, ids[0])
	if again[0].Digest != got[0].Digest {
		t.Errorf("%+v, then %+v", got[0], again[0])
	}
	r.Delete(ids[:5]...)
	r.Must(r.Org.Update(account, map[string]any{"Industry": "Retail"}))
	says(t, proved(r, r.Flows[0], archive.Bin, ids[:3]...), "equal", "differs differs: title", "equal")
	r.NothingLeft()
}

// A record that is kept aside is not proven, whether it has an older row or none.
func TestProveKeptAside(t *testing.T) { onShelves(t, testProveKeptAside) }

func testProveKeptAside(t *testing.T, on rig.Shelf) {
	r := rig.Small(t, "Contact", 12)
	r.Shelf = on
	r.Flows[0].Checks = []value.Check{{Field: "Title", Rule: value.Pattern, Pattern: "^[A-Z]"}}
	ids := r.IDs("Contact")
	for _, id := range ids {
		r.Must(r.Org.Update(id, map[string]any{"Title": "Good"}))
	}
	r.Must(r.Org.Update(ids[1], map[string]any{"Title": "bad"}))
	r.Later(time.Hour)
	r.Done(nil)
	r.Must(r.Org.Update(ids[2], map[string]any{"Title": "bad since"}))
	r.Later(time.Hour)
	r.Done(nil)
	r.Later(time.Hour)
	r.Must(r.Org.Update(ids[3], map[string]any{"Title": "bad, and not read"}))
	aside := `differs kept aside: Title: pattern "^[A-Z]"`
	says(t, proved(r, r.Flows[0], archive.Live, ids[:5]...), "equal", aside, aside, aside, "equal")
}

// A lookup that a delete has cleared is no change, where it led to what was deleted with it.
func TestProveClearedLookups(t *testing.T) { onShelves(t, testProveClearedLookups) }

func testProveClearedLookups(t *testing.T, on rig.Shelf) {
	r := rig.Small(t, "Account", 12)
	r.Shelf = on
	ids := r.IDs("Account")
	for _, i := range []int{1, 2, 3, 4} {
		r.Must(r.Org.Update(ids[i], map[string]any{"ParentId": ids[0]}))
	}
	r.Must(r.Org.Update(ids[5], map[string]any{"ParentId": ids[11]}))
	r.Later(time.Hour)
	r.Done(nil)
	r.Later(time.Hour)
	for _, i := range []int{1, 2, 5} {
		r.Must(r.Org.Drift(ids[i], "ParentId", ""))
	}
	r.Must(r.Org.Drift(ids[2], "Name", "Other"))
	r.Must(r.Org.Drift(ids[3], "ParentId", ids[10]))
	r.Delete(ids[1], ids[2], ids[3], ids[5])
	r.Delete(ids[0])
	got := proved(r, r.Flows[0], archive.Bin, ids[0], ids[1], ids[2], ids[3], ids[5])
	says(t, got, "equal", "equal", "differs differs: name, parentid", "differs differs: parentid",
		"differs differs: parentid")
}

// filled is a rig whose flows have copied files with their bodies.
func filled(t *testing.T, files fakeorg.Files, objects ...string) *rig.Rig {
	t.Helper()
	org := rig.NewOrg(t, map[string]int{"Account": 5}, nil)
	if err := org.GenerateFiles(files); err != nil {
		t.Fatal(err)
	}
	r := rig.New(t, org, objects...)
	for i := range r.Flows {
		if _, isFile := body.Of(r.Flows[i].Object); isFile {
			r.Flows[i].Bodies = body.All
		}
	}
	r.Begun = func(p *rig.Process) { p.Options.Folder = r.Path("spool") }
	r.Later(time.Hour)
	r.Done(nil)
	return r
}

// A file is proven by its row and by its bytes: those of the blob store, and where the org tells
// no checksum its own, too.
func TestProveFiles(t *testing.T) {
	t.Parallel()
	r := filled(t, fakeorg.Files{Versions: 6, External: 1, Attachments: 6, Size: 200}, "ContentVersion", "Attachment")
	versions, attachments := r.IDs("ContentVersion"), r.IDs("Attachment")
	lines := func(object string, ids []string) {
		for i, v := range proved(r, r.Flows[slices.Index([]string{"ContentVersion", "Attachment"}, object)],
			archive.Live, ids...) {
			external := object == "ContentVersion" && i == 5
			if v.Finding != archive.Equal || (len(v.Bodies) == 1) == external {
				t.Errorf("%s %d: %+v", object, i, v)
			}
		}
	}
	calls := r.Calls(func() {
		lines("ContentVersion", versions)
		lines("Attachment", attachments)
	})
	if calls["body"] != len(attachments) {
		t.Errorf("%v", calls)
	}
	flip(r, versions[0], "ContentVersion")
	forget(r, versions[1], "ContentVersion")
	r.Exec("UPDATE salesforce._catchment_files SET md5 = 'd41d8cd98f00b204e9800998ecf8427e' WHERE record_id = '" +
		versions[2] + "'")
	r.Exec("DELETE FROM salesforce._catchment_files WHERE record_id = '" + versions[3] + "'")
	other := "body: it is lost, or its bytes are others than were copied"
	says(t, proved(r, r.Flows[0], archive.Live, versions...), "differs "+other, "differs "+other,
		"differs body: another checksum", "differs body: it isn't copied", "equal", "equal")

	r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if !strings.Contains(req.URL.Path, attachments[0]+"/Body") {
			next.ServeHTTP(w, req)
			return
		}
		rig.Rewritten(w, req, next, func(text []byte) []byte {
			text[0] ^= 1
			return text
		})
	})
	r.Must(r.Org.Update(attachments[1], map[string]any{
		"Body": base64.StdEncoding.EncodeToString([]byte("another body")),
	}))
	got := proved(r, r.Flows[1], archive.Live, attachments[:3]...)
	says(t, got[:1], "differs body: the org has another one")
	if got[1].Finding != archive.Differs || got[2].Finding != archive.Equal {
		t.Errorf("%+v", got)
	}
	r.Delete(attachments[2:4]...)
	forget(r, attachments[3], "Attachment")
	says(t, proved(r, r.Flows[1], archive.Bin, attachments[2:4]...), "equal", "differs "+other)
}

// A file that the org tells no checksum of is read from it again; one whose body was kept aside isn't
// proven.
func TestProveChecksumNull(t *testing.T) {
	t.Parallel()
	org := rig.NewOrg(t, map[string]int{"Account": 5}, nil)
	if err := org.GenerateFiles(fakeorg.Files{Versions: 5, Size: 200}); err != nil {
		t.Fatal(err)
	}
	r := rig.New(t, org, "ContentVersion")
	r.Flows[0].Bodies = body.All
	r.Begun = func(p *rig.Process) { p.Options.Folder = r.Path("spool") }
	ids := r.IDs("ContentVersion")
	for _, id := range ids[:2] {
		r.Must(r.Org.Drift(id, "Checksum", ""))
	}
	r.Org.Fault(fakeorg.Rule{Kind: "body", Path: ids[3], BodyRule: fakeorg.BodyRule{Spoil: true}, Times: 1})
	r.Later(time.Hour)
	r.Done(nil)
	var got []archive.Verdict
	calls := r.Calls(func() { got = proved(r, r.Flows[0], archive.Live, ids...) })
	says(t, got, "equal", "equal", "equal", "differs body: kept aside: another checksum", "equal")
	if calls["body"] != 2 {
		t.Errorf("%v", calls)
	}
	r.Org.Fault(fakeorg.Rule{Kind: "body", Path: ids[0], BodyRule: fakeorg.BodyRule{Spoil: true}})
	r.Org.Fault(fakeorg.Rule{Kind: "body", Path: ids[1], Nth: 1, Truncate: 100, Reset: true})
	says(t, proved(r, r.Flows[0], archive.Live, ids[:2]...), "differs body: the org has another one", "equal")
	r.Org.ClearFaults()
	r.Org.Fault(fakeorg.Rule{Kind: "body", Path: ids[0], Answer: "insufficient-access"})
	got = proved(r, r.Flows[0], archive.Live, ids[:1]...)
	if why := "body: the org doesn't give it: HTTP 40"; !strings.HasPrefix(got[0].Reason, why) {
		t.Errorf("%+v", got)
	}
}

// A document goes with all versions that the org has, so all of them must be in the copy.
func TestProveDocuments(t *testing.T) {
	t.Parallel()
	r := filled(t, fakeorg.Files{Versions: 12, External: 1, Size: 100}, "ContentDocument", "ContentVersion")
	documents := r.IDs("ContentDocument")
	byDocument := map[string][]string{}
	for id, v := range r.Truth("ContentVersion", "") {
		byDocument[v["contentdocumentid"]] = append(byDocument[v["contentdocumentid"]], id)
	}
	bodies := 0
	for _, v := range proved(r, r.Flows[0], archive.Live, documents...) {
		if bodies += len(v.Bodies); v.Finding != archive.Equal {
			t.Errorf("%+v", v)
		}
	}
	if bodies != 11 {
		t.Errorf("%d bodies", bodies)
	}
	lost, rowless, grown := documents[0], documents[1], documents[2]
	forget(r, byDocument[lost][0], "ContentVersion")
	r.Exec("DELETE FROM salesforce.contentversion WHERE id = '" + byDocument[rowless][0] + "'")
	r.Later(time.Hour)
	upload(r, grown)
	got := proved(r, r.Flows[0], archive.Live, documents[:4]...)
	says(t, got[:2], "differs body: it is lost, or its bytes are others than were copied (version "+
		byDocument[lost][0]+")", "differs body: the copy has no row of version "+byDocument[rowless][0])
	if got[2].Finding != archive.Differs || got[3].Finding != archive.Equal {
		t.Errorf("%+v", got[2:])
	}
	r.Delete(documents[3])
	says(t, proved(r, r.Flows[0], archive.Bin, documents[3:5]...), "equal", "living")
}

// blobOf is where the body of a file lies in the stage.
func blobOf(r *rig.Rig, id, object string) string {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	register, _ := bodies.Of(p.Warehouse)
	lines, err := register.Lookup(p.Ctx, object, []string{id})
	r.Must(err)
	if len(lines) != 1 {
		r.T.Fatalf("%d lines of %s", len(lines), id)
	}
	return r.Path("stage/" + body.Key(lines[0].SHA256))
}

// flip changes one bit of a body in the stage.
func flip(r *rig.Rig, id, object string) {
	r.T.Helper()
	path := blobOf(r, id, object)
	text, err := os.ReadFile(path)
	r.Must(err)
	text[len(text)/2] ^= 1
	r.Must(os.Chmod(path, 0o600))
	r.Must(os.WriteFile(path, text, 0o600))
}

// forget takes a body out of the stage.
func forget(r *rig.Rig, id, object string) {
	r.T.Helper()
	r.Must(os.Remove(blobOf(r, id, object)))
}

// upload makes another version of a document.
func upload(r *rig.Rig, document string) {
	r.T.Helper()
	req := httptest.NewRequest(http.MethodPost, "/services/data/v66.0/sobjects/ContentVersion",
		strings.NewReader(`{"ContentDocumentId":"`+document+`","PathOnClient":"b.txt","VersionData":"bmV3"}`))
	req.Header.Set("Authorization", "Bearer "+r.Session())
	req.Header.Set("Content-Type", "application/json")
	got := httptest.NewRecorder()
	r.Org.ServeHTTP(got, req)
	if got.Code != http.StatusCreated {
		r.T.Fatalf("upload: %d %s", got.Code, got.Body)
	}
}
