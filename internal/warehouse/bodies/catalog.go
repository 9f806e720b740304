package bodies

import (
	"context"

	"catchment/internal/warehouse"
)

// A Search says which files of an object are looked for. One that says nothing is all of them.
type Search struct {
	Object string   // one of body.Objects
	IDs    []string // of the files, or of the documents whose versions they are
	Record string   // the Id of a record that they hang on
}

// A Listed is a file as its row has it, and what the register says. Of a row that is gone only the
// latter is left. Fields that the flow doesn't copy are empty.
type Listed struct {
	ID      string
	Known   bool   // there is a row
	Deleted bool   // the record is, in Salesforce
	Title   string // what people call the file
	Path    string // what it was called where it came from
	Ending  string // of its name, without a dot; "" where the title may have one itself
	Parent  string // the Id of the document whose version it is, or of what it hangs on
	Size    int64  // bytes, as the row says; 0 where it doesn't
	Older   bool   // not the newest version of its document
	Moved   bool   // the row was changed since the register's line was written
	Line    *Line  // nil for none
}

// A Digest is a body that the register names.
type Digest struct {
	SHA256 string
	Size   int64
}

// A Holder is a file whose body has a digest.
type Holder struct{ Object, ID, SHA256 string }

// A Catalog lists the files of a copy by what is in its tables, and asks no org. A table that was
// never made has no files.
type Catalog interface {
	// Files lists so many files, in order of their Ids, of those that follow one.
	Files(ctx context.Context, s Search, after string, most int) ([]Listed, error)
	// Digests lists so many bodies of an object's files, of all of them where it is "", each
	// once and in order of the digests, of those that follow one.
	Digests(ctx context.Context, object, after string, most int) ([]Digest, error)
	// Holders lists so many of the files that have one of some bodies.
	Holders(ctx context.Context, digests []string, most int) ([]Holder, error)
	// Documents lists the Ids of so many documents that aren't deleted, each once and in order, of
	// those that follow one: of ContentDocument, and of those that have a ContentVersion. It tells
	// whether the copy has one of these objects.
	Documents(ctx context.Context, after string, most int) (ids []string, copied bool, err error)
}

// CatalogOf finds the catalog of a warehouse, and tells whether it has one.
func CatalogOf(w warehouse.Warehouse) (Catalog, bool) {
	has, ok := w.(interface{ Catalog() Catalog })
	if !ok {
		return nil, false
	}
	return has.Catalog(), true
}
