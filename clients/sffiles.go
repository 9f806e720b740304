package main

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func sfFileChecks() []check {
	return []check{
		{"sf", "data create file, api request rest of its body", sfFile},
		{"sf", "data query of files, their links and their bodies", sfFiles},
	}
}

// sfFile uploads a file and attaches it to a record, reads its body, and deletes it.
func sfFile(o *org) error {
	text := bytes.Repeat([]byte("a file\x00\xff\n"), 10_000)
	file := filepath.Join(o.dir, "notes.bin")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return err
	}
	var account, made struct{ ID, ContentDocumentID, Title, FileExtension string }
	err := o.sfJSON(&account, "data", "create", "record", "--sobject", "Account", "--values", "Name=Filed")
	if err != nil {
		return err
	}
	if err := o.sfJSON(&made, "data", "create", "file", "--file", file, "--title", "Notes", "--parent-id",
		account.ID); err != nil {
		return err
	}
	if err := want("title and extension", made.Title+"."+made.FileExtension, "Notes.bin"); err != nil {
		return err
	}
	var version struct{ Checksum string }
	if err := o.sfJSON(&version, "data", "get", "record", "--sobject", "ContentVersion", "--record-id",
		made.ID); err != nil {
		return err
	}
	sum := md5.Sum(text)
	if err := want("checksum", version.Checksum, hex.EncodeToString(sum[:])); err != nil {
		return err
	}
	var links struct{ TotalSize int }
	soql := "SELECT Id FROM ContentDocumentLink WHERE LinkedEntityId = '" + account.ID + "' AND ContentDocumentId = '" +
		made.ContentDocumentID + "'"
	if err := o.sfJSON(&links, "data", "query", "--query", soql); err != nil {
		return err
	}
	if err := want("links to the record", links.TotalSize, 1); err != nil {
		return err
	}
	if err := o.sfBody("ContentVersion/"+made.ID+"/VersionData", text); err != nil {
		return err
	}
	_, err = o.sf("data", "delete", "record", "--target-org", "t", "--sobject", "ContentDocument", "--record-id",
		made.ContentDocumentID)
	if err != nil {
		return err
	}
	out, err := o.sf("data", "get", "record", "--target-org", "t", "--sobject", "ContentVersion", "--record-id",
		made.ID)
	return refused(out, err, "entity is deleted")
}

// sfBody reads a body into a file, and holds it against what it is to be.
func (o *org) sfBody(field string, text []byte) error {
	file := filepath.Join(o.dir, "body")
	if _, err := o.sf("api", "request", "rest", "/services/data/v67.0/sobjects/"+field, "--target-org", "t",
		"--stream-to-file", file); err != nil {
		return err
	}
	got, err := os.ReadFile(file)
	if err == nil && !bytes.Equal(got, text) {
		err = fmt.Errorf("%s: %d bytes that aren't the %d of the file", field, len(got), len(text))
	}
	return err
}

// sfFiles asks for the files that the org was made with.
func sfFiles(o *org) error {
	var versions struct {
		Records []struct{ ID, VersionData string }
	}
	const soql = "SELECT Id, VersionData FROM ContentVersion WHERE IsLatest = true AND ContentLocation = 'S' LIMIT 20"
	if err := o.sfJSON(&versions, "data", "query", "--query", soql); err != nil {
		return err
	}
	if err := want("files", len(versions.Records), 20); err != nil {
		return err
	}
	for _, v := range versions.Records {
		if !strings.HasSuffix(v.VersionData, "/sobjects/ContentVersion/"+v.ID+"/VersionData") {
			return fmt.Errorf("the body of %s is at %q", v.ID, v.VersionData)
		}
	}
	var documents struct {
		Records []struct{ ContentDocumentLinks struct{ TotalSize int } }
	}
	if err := o.sfJSON(&documents, "data", "query", "--query",
		"SELECT Id, (SELECT LinkedEntityId FROM ContentDocumentLinks) FROM ContentDocument LIMIT 5"); err != nil {
		return err
	}
	for _, d := range documents.Records {
		if err := want("links of a document", d.ContentDocumentLinks.TotalSize, 2); err != nil {
			return err
		}
	}
	return nil
}
