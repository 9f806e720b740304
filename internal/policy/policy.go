// Package policy is what may leave Salesforce once its copy is proven, as the section
// archive of catchment.yaml says it. Package flow reads it; the archive goes by it.
package policy

import "time"

// Archive is the section archive of a file: what may leave Salesforce once its copy is proven.
type Archive struct {
	Price    *Price // nil where none is given: then only sizes are told
	Policies []Policy
}

// A Price is what storage in Salesforce costs whoever pays for it.
type Price struct {
	DataGBMonth float64
	FileGBMonth float64
	Currency    string
}

// A Policy says which records of one object are to be archived, and with what care.
type Policy struct {
	Name      string
	Root      string   // the object whose records are chosen
	Where     string   // SOQL without the word WHERE
	Cascades  bool     // with: cascades: what Salesforce would delete along goes, too; else its parents stay
	Plus      []string // further objects whose records go with their parents
	Files     Files    // of the files that hang on what goes
	Untouched time.Duration
	Hold      []Hold
	Cap       Cap
	Cool      time.Duration // between the proof of a copy and the delete
	Approve   int           // by so many people
	Signers   []Signer      // whose signatures count; needed where Approve is more than 1
	Lose      []string      // Object.Field or Object: what may be lost although no copy has it
	Expires   time.Duration // how long a plan may be carried out, after Cool
	Line      int           // in the file
}

// Files says which files of a policy's records go.
type Files string

// The files that go: all that hang on nothing else, or none.
const (
	AllFiles Files = "all"
	NoFiles  Files = "none"
)

// A Hold keeps records: those of the root that meet a condition, or whose Ids a file lists.
type Hold struct {
	Where string // SOQL; "" where File says it
	File  string // a path: one Id a line, of roots or of anything below them
}

// A Cap bounds a plan.
type Cap struct {
	Records int64 // in one plan
	PerDay  int64 // deleted on one day
	Share   int   // hundredths of an object's live records that one plan may take
}
