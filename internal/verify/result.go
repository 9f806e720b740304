package verify

import (
	"fmt"
	"time"

	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/evidence"
)

// A Method is what is compared.
type Method string

// The methods.
const (
	Stamps Method = "stamps" // Id, SystemModstamp and IsDeleted of each record
	Values Method = "values" // all values of each record
	Counts Method = "counts" // how many records were stamped on each day: a sample
)

// sampleGrade is the grade of a result that no watermark's would be true of.
const sampleGrade = "sample"

// A Result is what one flow's comparison found.
type Result struct {
	Object string
	Table  string
	evidence.Difference

	Method     Method
	Columns    []string  // compared
	LeftOut    []LeftOut // not compared
	Where      string
	Deletes    string
	Generation int64     // of the table
	AsOf       time.Time // the watermark: what is stamped later was not judged
	Grade      string    // of the watermark; "sample" with Counts
	ReadAt     time.Time // the org's time when the reading began
	EndedAt    time.Time // the org's time when all was compared
	Calls      int64     // API calls

	UnjudgedWhy string // why Unjudged can't be judged

	Cleared     int64 // seemed to differ, and didn't when they were read again
	Unconfirmed int64 // of the differences: too many to read again
	Repaired    int64

	KeptOut []evidence.Reject // the first of those that are Outdated, and why

	Bodies *Bodies // of a flow whose records are files, nil where there are none

	SourceSet, WarehouseSet evidence.Set // with Options.Sets
	Sampled                 *Sampled     // with Counts

	Note string // what the user should hear of the table

	mended bool
	left   int64 // differences after the repair
}

// A Bodies is what a comparison found of the bodies of a flow's files.
type Bodies struct {
	bodies.Tally       // the live rows, by what is known of their bodies
	Lost         int64 // bodies that files have, and the stage hasn't
	Resized      int64 // those that the stage has with another size
	Changed      int64 // those whose bytes are others, with Values
	ReadBack     int64 // how many were read, with Values
	Dropped      int64 // of the differing, with a repair: the next run reads them again
	IDs          []string
}

// differing is how many bodies are not what they were, and stay so.
func (b *Bodies) differing() int64 {
	if b == nil {
		return 0
	}
	return b.Lost + b.Resized + b.Changed - b.Dropped
}

// A LeftOut is a field that was not compared, and why.
type LeftOut struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

// Differs tells whether the warehouse says something else than the org. A
// formula moves without a stamp, so one that differs is told, and no failure.
func (r Result) Differs() bool {
	return failing(r.Difference)+r.Bodies.differing()+int64(len(r.Lost)) > 0
}

// Remaining is how many differences there are still, after a repair.
func (r Result) Remaining() int64 {
	if r.mended {
		return r.left + r.Bodies.differing()
	}
	return failing(r.Difference) + r.Bodies.differing() + int64(len(r.Lost))
}

// failing is how many differences there are that mustn't be.
func failing(d evidence.Difference) int64 {
	return d.Missing + d.Extra + d.Stale + d.Wrong + d.Duplicates
}

// differing is how many differences there are, formulas among them, that another look at
// their records may settle: not rows whose newer version was kept out.
func differing(d evidence.Difference) int64 { return failing(d) + d.Formulas - d.Outdated }

// A Sampled says what a sample looked at.
type Sampled struct {
	From, To time.Time // stamps in between were counted
	Days     int64     // on which there were records, on either side
	Differ   []Day     // of those, the first that differ
	Skipped  []Span    // Salesforce took too long to count them
}

// A Day is the records that are stamped on one day, UTC.
type Day struct {
	Day               time.Time
	Source, Warehouse int64
}

func (d Day) String() string {
	return fmt.Sprintf("%s: %d in the org, %d here", d.Day.Format(time.DateOnly), d.Source, d.Warehouse)
}

// A Span is from one moment to another, the later one left out.
type Span struct{ From, To time.Time }
