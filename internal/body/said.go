package body

// Said are the fields of an object that tell what its files are called, and where they belong. Those that an object
// hasn't are "".
type Said struct {
	Title  string // what people call the file
	Path   string // what it was called where it came from
	Ending string // of its name
	Parent string // the document whose version it is, or what it hangs on
	Size   string
	Latest string // whether it is the newest version
	Stamp  string // of an object whose bodies may change, what then moves

	Also []string // the records that a file hangs on, beside its parent

	// The object that links files to records, and its fields: the parent, and the record.
	Links, Linked, To string
}

// SaidOf are those of an object that is a file (Object Reference).
func SaidOf(object string) Said {
	switch object {
	case "ContentVersion":
		return Said{
			Title: "Title", Path: "PathOnClient", Ending: "FileExtension", Parent: "ContentDocumentId",
			Size: "ContentSize", Latest: "IsLatest", Also: []string{"FirstPublishLocationId"},
			Links: "ContentDocumentLink", Linked: "ContentDocumentId", To: "LinkedEntityId",
		}
	case "Document":
		return Said{Title: "Name", Ending: "Type", Parent: "FolderId", Size: "BodyLength", Stamp: "SystemModstamp"}
	}
	return Said{Title: "Name", Parent: "ParentId", Size: "BodyLength", Stamp: "SystemModstamp"}
}

// A Naming is a field of an object that names documents.
type Naming struct{ Object, Field string }

// Namings are the fields that name documents (Object Reference).
func Namings() []Naming {
	return []Naming{
		{"ContentDocument", "Id"},
		{"ContentVersion", "ContentDocumentId"},
	}
}
