package fakeorg_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"strings"
	"testing"

	"catchment/internal/fakeorg"
)

// withFiles fills an org with a few records, and with the objects of files.
func withFiles(o *fakeorg.Org) error {
	if err := o.Generate(100, 7); err != nil {
		return err
	}
	for _, name := range []string{"ContentVersion", "Attachment", "Document", "EmailMessage"} {
		if err := o.AddStandard(name); err != nil {
			return err
		}
	}
	return nil
}

// account is the Id of an Account that every generated org has.
const account = "001Ho0000000001IAA"

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// upload writes a record with a file in the parts of a form.
func (c *client) upload(method, path, fields, field, file string) answer {
	c.t.Helper()
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	part, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="entity_content"`}, "Content-Type": {"application/json"},
	})
	fine(c.t, err)
	_, _ = part.Write([]byte(fields))
	part, err = parts.CreateFormFile(field, "file.bin")
	fine(c.t, err)
	_, _ = part.Write([]byte(file))
	fine(c.t, parts.Close())
	return c.do(method, data+path, form.String(), "Content-Type", parts.FormDataContentType())
}

// created is the Id of a record that an answer tells of.
func (a answer) created(t testing.TB) string {
	t.Helper()
	_, rest, _ := strings.Cut(a.body, `"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	if a.StatusCode != 201 || len(id) != 18 {
		t.Fatalf("not created: %d %s", a.StatusCode, a.body)
	}
	return id
}

// one asks for one record.
func (c *client) one(soql string, args ...any) map[string]any {
	c.t.Helper()
	got := c.query(queryPath(fmt.Sprintf(soql, args...)))
	if len(got) != 1 {
		c.t.Fatalf("%s: %d records", soql, len(got))
	}
	return got[0]
}

// agrees holds a record against what is known of it.
func agrees(t testing.TB, got map[string]any, want map[string]string) {
	t.Helper()
	for field, value := range want {
		text := fmt.Sprint(got[field])
		if got[field] == nil {
			text = ""
		}
		if text != value {
			t.Errorf("%s is %q, want %q", field, text, value)
		}
	}
}

func TestAFileIsADocumentWithVersionsAndLinks(t *testing.T) {
	c := serve(t, fakeorg.Options{}, withFiles)
	first := c.do("POST", data+"/sobjects/ContentVersion", `{"PathOnClient":"C:\\tmp\\Offer 1.docx","VersionData":"`+
		encoded("one")+`","FirstPublishLocationId":"`+account+`"}`).created(t)
	made := c.one("SELECT FIELDS(ALL) FROM ContentVersion WHERE Id = '%s' LIMIT 1", first)
	document := made["ContentDocumentId"].(string)
	agrees(t, made, map[string]string{
		"Title": "Offer 1", "FileExtension": "docx", "FileType": "WORD_X", "VersionNumber": "1", "IsLatest": "true",
		"Checksum": md5Of("one"), "ContentSize": "3", "ContentLocation": "S", "PublishStatus": "P",
		"FirstPublishLocationId": account,
	})
	links := c.query(queryPath("SELECT LinkedEntityId, ShareType, Visibility FROM ContentDocumentLink WHERE " +
		"ContentDocumentId = '" + document + "' ORDER BY ShareType"))
	if len(links) != 2 {
		t.Fatalf("%v", links)
	}
	agrees(t, links[0], map[string]string{"ShareType": "I", "LinkedEntityId": "005Ho0000000001IAA"})
	agrees(t, links[1], map[string]string{"ShareType": "V", "LinkedEntityId": account, "Visibility": "AllUsers"})

	second := c.upload("POST", "/sobjects/ContentVersion/", `{"PathOnClient":"b","ContentDocumentId":"`+document+`"}`,
		"VersionData", "the second one").created(t)
	agrees(t, c.one("SELECT IsLatest FROM ContentVersion WHERE Id = '%s'", first),
		map[string]string{"IsLatest": "false"})
	agrees(t, c.one("SELECT IsLatest, VersionNumber, Title, FileType FROM ContentVersion WHERE Id = '%s'", second),
		map[string]string{"IsLatest": "true", "VersionNumber": "2", "Title": "b", "FileType": "UNKNOWN"})
	agrees(t, c.one("SELECT LatestPublishedVersionId, Title, ContentSize FROM ContentDocument"),
		map[string]string{"LatestPublishedVersionId": second, "Title": "b", "ContentSize": "14"})
	for id, want := range map[string]string{first: "one", second: "the second one"} {
		if got := c.do("GET", data+"/sobjects/ContentVersion/"+id+"/VersionData", ""); got.body != want {
			t.Errorf("%d %q", got.StatusCode, got.body)
		}
	}

	link := `{"ContentDocumentId":"` + document + `","ShareType":"V","LinkedEntityId":"`
	c.do("POST", data+"/sobjects/ContentDocumentLink", link+account+`"}`).refused(t, 400, "DUPLICATE_VALUE")
	c.do("POST", data+"/sobjects/ContentDocumentLink", link+"001Ho0000000002IAA"+`"}`).created(t)
	c.do("DELETE", data+"/sobjects/ContentVersion/"+first, "").refused(t, 400, "INSUFFICIENT_ACCESS_OR_READONLY")
	c.do("POST", data+"/sobjects/ContentDocument", `{"Title":"x"}`).refused(t, 405, "METHOD_NOT_ALLOWED")

	c.ok("DELETE", data+"/sobjects/ContentDocument/"+document, "")
	for _, object := range []string{"ContentVersion", "ContentDocument"} {
		if got := c.query(queryPath("SELECT Id FROM " + object)); len(got) != 0 {
			t.Errorf("%s: %v", object, got)
		}
	}
	gone := c.query(data + "/queryAll?q=SELECT+Id+FROM+ContentVersion+WHERE+IsDeleted=true")
	if len(gone) != 2 {
		t.Errorf("%v", gone)
	}
	c.do("GET", data+"/sobjects/ContentVersion/"+first+"/VersionData", "").refused(t, 404, "ENTITY_IS_DELETED")
	fine(t, c.org.Undelete(document))
	if got := c.query(queryPath("SELECT Id FROM ContentDocumentLink")); len(got) != 3 {
		t.Errorf("%v", got)
	}
	agrees(t, c.one("SELECT LatestPublishedVersionId FROM ContentDocument"),
		map[string]string{"LatestPublishedVersionId": second})
}

// What comes back leaves a link behind whose document has gone meanwhile.
func TestALinkWithoutItsDocumentStaysInTheBin(t *testing.T) {
	c := serve(t, fakeorg.Options{}, withFiles)
	c.upload("POST", "/sobjects/ContentVersion", `{"PathOnClient":"a","FirstPublishLocationId":"`+account+`"}`,
		"VersionData", "x").created(t)
	document := c.one("SELECT Id FROM ContentDocument")["Id"].(string)
	c.ok("DELETE", data+"/sobjects/Account/"+account, "")
	c.ok("DELETE", data+"/sobjects/ContentDocument/"+document, "")
	fine(t, c.org.Undelete(account))
	c.one("SELECT Id FROM Account WHERE Id = '%s'", account)
	if left := c.query(queryPath("SELECT Id FROM ContentDocumentLink")); len(left) != 0 {
		t.Errorf("%v", left)
	}
}

func TestAFileGoesWithItsLastLink(t *testing.T) {
	c := serve(t, fakeorg.Options{}, withFiles)
	version := c.upload("POST", "/sobjects/ContentVersion",
		`{"PathOnClient":"a","FirstPublishLocationId":"`+account+`"}`, "VersionData", "x").created(t)
	c.ok("DELETE", data+"/sobjects/Account/"+account, "")
	links := c.query(queryPath("SELECT Id FROM ContentDocumentLink"))
	if len(links) != 1 {
		t.Fatalf("the record's link stays: %v", links)
	}
	c.one("SELECT Id FROM ContentVersion WHERE Id = '%s'", version)
	c.ok("DELETE", data+"/sobjects/ContentDocumentLink/"+links[0]["Id"].(string), "")
	for _, object := range []string{"ContentDocument", "ContentVersion"} {
		if left := c.query(queryPath("SELECT Id FROM " + object)); len(left) != 0 {
			t.Errorf("%s: %v", object, left)
		}
	}
}

func TestAttachmentsDocumentsAndEmails(t *testing.T) {
	c := serve(t, fakeorg.Options{}, withFiles)
	email := c.do("POST", data+"/sobjects/EmailMessage", `{"Subject":"Hello"}`).created(t)
	attachment := c.upload("POST", "/sobjects/Attachment", `{"Name":"a.txt","ParentId":"`+email+`"}`, "Body",
		"attached").created(t)
	agrees(t, c.one("SELECT HasAttachment, Status FROM EmailMessage"), map[string]string{"HasAttachment": "true",
		"Status": "5"})
	c.ok("PATCH", data+"/sobjects/Attachment/"+attachment, `{"Body":"`+encoded("changed")+`"}`)
	agrees(t, c.one("SELECT BodyLength FROM Attachment"), map[string]string{"BodyLength": "7"})
	if got := c.do("GET", data+"/sobjects/Attachment/"+attachment+"/Body", ""); got.body != "changed" {
		t.Errorf("%d %q", got.StatusCode, got.body)
	}
	again := c.upload("PATCH", "/sobjects/Attachment/"+attachment, `{"Description":"longer"}`, "Body", "changed again")
	if again.StatusCode != 204 {
		t.Errorf("%d %s", again.StatusCode, again.body)
	}
	agrees(t, c.one("SELECT BodyLength, Description FROM Attachment"), map[string]string{"BodyLength": "13",
		"Description": "longer"})
	document := c.upload("POST", "/sobjects/Document/", `{"Name":"d","FolderId":"005Ho0000000001IAA"}`, "Body",
		"a document").created(t)
	if got := c.do("GET", data+"/sobjects/Document/"+document+"/body", ""); got.body != "a document" {
		t.Errorf("%d %q", got.StatusCode, got.body)
	}
	c.ok("DELETE", data+"/sobjects/EmailMessage/"+email, "")
	if left := c.query(queryPath("SELECT Id FROM Attachment")); len(left) != 0 {
		t.Errorf("the attachment of an email that went: %v", left)
	}
}

func TestRefusedFiles(t *testing.T) {
	c := serve(t, fakeorg.Options{LongestUpload: 10}, withFiles)
	version := func(field, file string) answer {
		return c.upload("POST", "/sobjects/ContentVersion", `{"PathOnClient":"a"}`, field, file)
	}
	version("VersionData", "12345678901").refused(t, 400, "FILE_SIZE_LIMIT_EXCEEDED")
	version("VersionData", "1234567890").created(t)
	version("Body", "x").refused(t, 400, "INVALID_FIELD")
	c.upload("POST", "/sobjects/ContentVersion", `{"PathOnClient":`, "VersionData", "x").refused(t, 400,
		"JSON_PARSER_ERROR")
	const form = "multipart/form-data; boundary=b"
	json := "--b\r\nContent-Disposition: form-data; name=\"e\"\r\nContent-Type: application/json\r\n\r\n{}\r\n"
	file := "--b\r\nContent-Disposition: form-data; name=\"VersionData\"; filename=\"f\"\r\n\r\nx\r\n"
	for body, words := range map[string]string{
		file + "--b--\r\n":               "Multipart message must include a non-binary part",
		json + file + file + "--b--\r\n": "Cannot include more than one binary part",
		json + json + file + "--b--\r\n": "Cannot include more than one non-binary part",
		json + file:                      "unexpected EOF",
	} {
		said := c.do("POST", data+"/sobjects/ContentVersion", body, "Content-Type", form).refused(t, 400,
			"INVALID_MULTIPART_REQUEST")
		if !strings.Contains(said, words) {
			t.Errorf("%q, want %q", said, words)
		}
	}
	for fields, code := range map[string]string{
		`{"PathOnClient":"a"}`:                                            "REQUIRED_FIELD_MISSING",
		`{"VersionData":"eA=="}`:                                          "REQUIRED_FIELD_MISSING",
		`{"PathOnClient":"a","VersionData":"!"}`:                          "JSON_PARSER_ERROR",
		`{"PathOnClient":"a","VersionData":7}`:                            "JSON_PARSER_ERROR",
		`{"PathOnClient":"a","VersionData":"kept:0:10"}`:                  "JSON_PARSER_ERROR",
		`{"PathOnClient":"a","VersionData":"eA==","Checksum":"x"}`:        "INVALID_FIELD_FOR_INSERT_UPDATE",
		`{"PathOnClient":"a","VersionData":"eA==","ContentLocation":"Q"}`: "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
	} {
		c.do("POST", data+"/sobjects/ContentVersion", fields).refused(t, 400, code)
	}
	long := `{"PathOnClient":"a","VersionData":"` + strings.Repeat("A", 50<<20) + `"}`
	said := c.do("POST", data+"/sobjects/ContentVersion", long).refused(t, 400, "JSON_PARSER_ERROR")
	if said != "Maximum size of request reached. Maximum size of request is 52428800 bytes." {
		t.Error(said)
	}
	if left := c.query(queryPath("SELECT Id FROM ContentVersion")); len(left) != 1 {
		t.Errorf("%v", left)
	}
}

func TestFilesThatLieElsewhere(t *testing.T) {
	c := serve(t, fakeorg.Options{}, withFiles)
	for fields, kind := range map[string]string{
		`{"Title":"there","ContentLocation":"E","PathOnClient":"there.pdf"}`: "PDF",
		`{"Title":"site","ContentUrl":"https://example.com"}`:                "LINK",
	} {
		id := c.do("POST", data+"/sobjects/ContentVersion", fields).created(t)
		agrees(t, c.one("SELECT VersionData, Checksum, ContentSize, FileType FROM ContentVersion WHERE Id = '%s'", id),
			map[string]string{"VersionData": "", "Checksum": "", "ContentSize": "", "FileType": kind})
		c.do("GET", data+"/sobjects/ContentVersion/"+id+"/VersionData", "").refused(t, 404, "NOT_FOUND")
	}
}
