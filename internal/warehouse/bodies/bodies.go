// Package bodies is the part that a warehouse may have in copying the bodies of files: a
// Register of which are copied, beside the rows of the files.
//
// The register is the table _catchment_files beside the final tables, for whoever reads
// those: a line for each file whose body was read, has none, or can't be read, by object and
// Id. Rows and register together say which bodies wait; nothing else has to be remembered.
// The bytes are in the blob store, under the names that package body gives them.
//
// Who reads bodies, and from where, is left to others. Start at Register.
package bodies

import (
	"context"
	"time"

	"catchment/internal/body"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
)

// A State says what is known of a file's body.
type State string

// The states of a line. A file without a line waits to be read for the first time.
const (
	Copied  State = "copied"  // it is in the blob store
	Nothing State = "nothing" // the file has none, for Reason
	Aside   State = "aside"   // it couldn't be read, for Reason; it is tried again from Again on
)

// A Version tells one body of a file from another one, as the file's row said it: of files
// whose bodies may change the stamp, of the others the checksum.
type Version struct {
	Checksum string // MD5 in hex, "" where the org has none
	Stamp    time.Time
}

// A Line is what the register says of one file.
type Line struct {
	ID      string // of the record
	State   State
	Version Version // of the file, when this was found out
	SHA256  string  // in hex; of a file that is aside, that of an older body, which stays; "" for none
	MD5     string  // in hex
	Size    int64   // bytes
	Type    string  // the content type that Salesforce gave
	ReadAt  time.Time
	Reason  string // why nothing, or why aside: a word of ours and numbers, never a value
	Tries   int    // since it is aside
	Again   time.Time
}

// A File is a live row of a file, and what the register says of it.
type File struct {
	ID       string
	Version  Version
	Size     int64  // as the row says it; -1 where it says none
	Location string // S, E or L; "" where the object has no such field
	Line     *Line  // nil for none
}

// A Query asks for files of one table.
type Query struct {
	Table  shape.Table
	Fields body.Fields
	Which  body.Which
	Now    time.Time // what is aside waits again from its Again on
}

// A Tally counts the live rows that a query is about by what is known of their bodies.
type Tally struct {
	Copied  int64 `json:"copied"`
	Bytes   int64 `json:"bytes"` // of those that are copied
	Nothing int64 `json:"nothing"`
	Aside   int64 `json:"aside"`
	Waiting int64 `json:"waiting"` // never read, or not in this version
}

// A Register is a warehouse that knows which bodies are copied.
type Register interface {
	// Waiting lists so many files whose bodies are to be read, in order of their Ids, of
	// those that follow one: live rows that the register doesn't answer in their version,
	// and what is aside and is to be tried again.
	Waiting(ctx context.Context, q Query, after string, most int) ([]File, error)
	// Write puts lines into the register, each in the place of that of its file, all of
	// them or none. A repeat changes nothing.
	Write(ctx context.Context, f warehouse.Fence, object string, lines []Line) error
	// Tally counts what is known of the bodies of a table's live rows.
	Tally(ctx context.Context, q Query) (Tally, error)
	// Lines lists so many lines of an object, in order of their Ids, of those that follow
	// one: also of files whose rows are deleted or gone.
	Lines(ctx context.Context, object, after string, most int) ([]Line, error)
	// Lookup finds the lines of files by their Ids.
	Lookup(ctx context.Context, object string, ids []string) ([]Line, error)
	// Named tells which of some bodies, by their SHA-256, any line of any object names.
	Named(ctx context.Context, digests []string) (map[string]bool, error)
	// Forget takes the lines of files out of the register, and gives what they said. Their
	// bodies stay: whether another line names one, Named tells.
	Forget(ctx context.Context, f warehouse.Fence, object string, ids []string) ([]Line, error)
}

// Of finds the register of a warehouse, and tells whether it has one.
func Of(w warehouse.Warehouse) (Register, bool) {
	has, ok := w.(interface{ Bodies() Register })
	if !ok {
		return nil, false
	}
	return has.Bodies(), true
}
