// Package body says what the body of a file is: which objects of Salesforce are files,
// in which of their fields that shows, and what a body is called in the blob store.
//
// A file is a record of ContentVersion, Attachment or Document, and its body is the
// bytes behind it. No query carries those: each costs a call of its own. Who reads them,
// and where it is written down, is left to others.
//
// Start at Of and Key. The fields are those of the Object Reference.
package body

import (
	"encoding/hex"
	"strings"
)

// Which says of which files a flow copies the bodies; "" is of none.
type Which string

// The bodies that a flow may copy.
const (
	Latest Which = "latest" // of the newest version of each file
	All    Which = "all"    // of the older versions, too
)

// Fields are the fields of an object by which the bodies of its records are read and
// checked. Those that an object hasn't are "".
type Fields struct {
	Object   string
	Body     string // the bytes themselves; never a column
	Size     string // how many those are
	Checksum string // their MD5 in hex; of an external file it is null
	Location string // S where the body is Salesforce's, else the file only points to it
	Latest   string // whether the record is the newest version
	Stamp    string // of an object whose bodies may change, what then moves
}

// fields lists the objects that are files. A version of ContentVersion never gets
// another body: that makes another version.
func fields() []Fields {
	return []Fields{
		{Object: "ContentVersion", Body: "VersionData", Size: "ContentSize", Checksum: "Checksum",
			Location: "ContentLocation", Latest: "IsLatest"},
		{Object: "Attachment", Body: "Body", Size: "BodyLength", Stamp: "SystemModstamp"},
		{Object: "Document", Body: "Body", Size: "BodyLength", Stamp: "SystemModstamp"},
	}
}

// Of tells the fields of an object, and whether its records are files.
func Of(object string) (Fields, bool) {
	for _, f := range fields() {
		if strings.EqualFold(f.Object, object) {
			return f, true
		}
	}
	return Fields{}, false
}

// Objects names the objects that are files.
func Objects() []string {
	var names []string
	for _, f := range fields() {
		names = append(names, f.Object)
	}
	return names
}

// Needed are the fields that a flow with bodies can't do without.
func (f Fields) Needed() []string {
	var names []string
	for _, name := range []string{f.Size, f.Checksum, f.Location, f.Latest, f.Stamp} {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// Table is what the register of files is called in a warehouse, beside the final tables.
const Table = "_catchment_files"

// Prefix is where bodies lie in the blob store. They stay for good: no retention of
// pages, no drop and no lifecycle rule may touch what is there.
const Prefix = "bodies/"

// Key names the body with a SHA-256 in the blob store. Equal bodies have one name, so
// they are stored once.
func Key(sha256 string) string { return Prefix + sha256[:2] + "/" + sha256 }

// DigestOf reads the SHA-256 out of a key, and tells whether that is one of a body.
func DigestOf(key string) (string, bool) {
	_, sha256, found := strings.Cut(strings.TrimPrefix(key, Prefix), "/")
	if !found || !IsDigest(sha256) || Key(sha256) != key {
		return "", false
	}
	return sha256, true
}

// IsDigest tells whether a text is a SHA-256 as keys have it.
func IsDigest(text string) bool {
	raw, err := hex.DecodeString(text)
	return err == nil && len(raw) == 32 && text == strings.ToLower(text)
}
