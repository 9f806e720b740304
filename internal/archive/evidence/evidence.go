// Package evidence is the proof of an archive: what became of each record that was to leave
// Salesforce, in a chain that shows whether anything in it was changed later.
//
// It lies in sheets, which are blobs below archive/NAME/evidence/ and never change: a head,
// then for each batch one before its delete is posted and one once it is settled, then those
// that ended without a delete, and an account at the end. Each line names what the lines
// before it come to, so no byte of them can change, and no sheet can go, without the next
// one telling. A line has two parts: what is said, and what it is about. The second has all
// that leads to a person: erase replaces it by its digest, and the chain still holds.
//
// It decides nothing, and asks neither the org nor the warehouse. Start at Open and Check.
package evidence

import (
	"time"

	"catchment/internal/archive"
	"catchment/internal/warehouse/archived"
)

// Format counts up when a line changes its meaning.
const Format = 1

// A Head is how evidence begins: which plan was carried out, and who wanted it.
type Head struct {
	Format    int                `json:"format"`
	Catchment string             `json:"catchment"`
	Plan      string             `json:"plan"`   // its name
	SHA256    string             `json:"sha256"` // its digest
	Org       string             `json:"org"`
	Author    string             `json:"author"`
	Approvals []archive.Approval `json:"approvals,omitempty"`
	At        time.Time          `json:"at"`
	Before    *Usage             `json:"before,omitempty"`
}

// A Usage is what the org's storage held, as its limits said.
type Usage struct {
	At     time.Time `json:"at"`
	DataMB int64     `json:"data_mb"`
	FileMB int64     `json:"file_mb"`
}

// A Line is what is told of one record.
type Line struct {
	Object  string
	Level   int
	ID      string
	Outcome archived.State // "" in an intent
	Reason  string         // why it wasn't deleted: words of ours and names of columns, never a value
	Outside bool           // it isn't of the plan: a delete took it along, and it was brought back
	Stamp   time.Time      // of the record when it was proven
	Row     string         // SHA-256 of its row then
	Bodies  []string       // SHA-256 of each body then
	Job     string         // of Salesforce, or "" where the delete wasn't a job

	ProvenAt time.Time
	EndedAt  time.Time
}

// Of makes the line of a record out of the ledger's.
func Of(l archived.Line, bodies []archive.Body, job string) Line {
	line := Line{Object: l.Object, Level: l.Level, ID: l.ID, Reason: l.Reason, Stamp: l.Stamp, Row: l.Digest, Job: job,
		ProvenAt: l.ProvenAt, EndedAt: l.EndedAt}
	if l.State.Ended() {
		line.Outcome = l.State
	}
	for _, b := range bodies {
		line.Bodies = append(line.Bodies, b.SHA256)
	}
	return line
}

// An End is how evidence ends: what the whole plan came to.
type End struct {
	At          time.Time `json:"at"`
	After       *Usage    `json:"after,omitempty"`
	Certificate string    `json:"certificate,omitempty"` // SHA-256 of verify's, which lies beside it
	Counts      []Count   `json:"counts"`
}

// A Count is how many records ended in the same way.
type Count struct {
	Object  string         `json:"object"`
	Level   int            `json:"level"`
	Outcome archived.State `json:"outcome"`
	Records int64          `json:"records"`
}
