// Package manifest is the file of a plan: what is to leave Salesforce, Id by Id, and what
// isn't, and why. It is JSON, a line for each record, in the order in which it is
// carried out: deepest level first. Once written it never changes; its digest is its
// name to who approves it, and to the ledger. The digest is made of those of its lines, so
// that it still holds once erase has put the digest of a line in the place of the line.
//
// It decides nothing. Start at NewWriter and Read.
package manifest

import (
	"strconv"
	"strings"
	"time"

	"catchment/internal/plan"
)

// Format counts up when a line changes its meaning.
const Format = 1

// A Type says what a line is about.
type Type string

// The types of lines, in their order in the file.
const (
	TypeHead   Type = "plan"
	TypeObject Type = "object"
	TypeLoss   Type = "loss"
	TypeRecord Type = "record"
	TypeClear  Type = "clear"
	TypeEnd    Type = "end"

	TypeErased Type = "erased" // in the place of a record or a clear
)

// A Head is the first line: what was asked, where, and until when it holds.
type Head struct {
	Type      Type      `json:"type"`
	Format    int       `json:"format"`
	Catchment string    `json:"catchment"`
	Policy    Policy    `json:"policy"`
	Org       string    `json:"org"`
	Author    string    `json:"author"` // who planned it, as this machine knows them
	MadeAt    time.Time `json:"made_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// A Policy is the policy as it was when the plan was made, as far as carrying it out goes by it.
type Policy struct {
	Name    string   `json:"name"`
	Root    string   `json:"root"`
	Where   string   `json:"where"`
	Hold    []string `json:"hold,omitempty"` // as they were written
	PerDay  int64    `json:"per_day"`
	Cool    string   `json:"cool"` // as 14d
	Approve int      `json:"approve"`
	Signers []string `json:"signers,omitempty"` // the keys that count, as policy.Signer.Identity names them
	Lose    []string `json:"lose,omitempty"`
}

// Cooling is how long a record has to wait between the proof of its copy and its delete. It is
// written as 14d, or as Go writes lengths of time.
func (p Policy) Cooling() (time.Duration, error) {
	if days, ok := strings.CutSuffix(p.Cool, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	cool, err := time.ParseDuration(p.Cool)
	if err != nil || cool < 0 {
		return 0, plan.Failf(plan.Bug, "", "a plan says how long it cools in a form that this version doesn't know")
	}
	return cool, nil
}

// An Object says what a plan does to one object at one level.
type Object struct {
	Type    Type   `json:"type"`
	Object  string `json:"object"`
	Level   int    `json:"level"`
	Prefix  string `json:"prefix"` // of its Ids
	In      int64  `json:"in"`
	Held    int64  `json:"held"`
	Blocked int64  `json:"blocked"`
	Live    int64  `json:"live"`  // records that the org has of it
	Bytes   int64  `json:"bytes"` // of data storage that In takes
	Files   int64  `json:"files"` // bytes of file storage
	// Fields are those that the copies of its records hold. Where one isn't copied or seen any more once the plan
	// is carried out, a proof would no longer speak of it.
	Fields []string `json:"fields,omitempty"`
}

// A Loss is what goes with the plan and isn't in the copy.
type Loss struct {
	Type    Type   `json:"type"`
	What    string `json:"what"` // Object, or Object.Field
	Why     string `json:"why"`
	Records int64  `json:"records"` // records, or values that aren't empty; -1 where nobody can count them
	Allowed bool   `json:"allowed"` // the policy's lose names it
}

// A Fate is what a plan has for one record.
type Fate string

// The fates.
const (
	In      Fate = "in"
	Held    Fate = "held"
	Blocked Fate = "blocked"
)

// A Record is one record of a plan. One that goes at two levels stands at the deeper one.
// What is Along Salesforce deletes with its parent, and lets nobody delete by itself, or a
// delete of it would take more: a version of a document, a link to one, a line of a history.
type Record struct {
	Type   Type      `json:"type"`
	Object string    `json:"object"`
	ID     string    `json:"id"`
	Level  int       `json:"level"`
	Root   string    `json:"root"`             // the first of the roots that it goes with
	Parent string    `json:"parent,omitempty"` // the record that takes it along
	By     string    `json:"by,omitempty"`     // the field that leads there
	Stamp  time.Time `json:"stamp"`
	Size   int64     `json:"size,omitempty"`  // of a file
	Along  bool      `json:"along,omitempty"` // it is never deleted by itself: it goes with its parent
	Fate   Fate      `json:"fate"`
	Reason string    `json:"reason,omitempty"`
}

// A Clear is a lookup of a record that stays, which Salesforce would empty.
type Clear struct {
	Type   Type   `json:"type"`
	Object string `json:"object"`
	ID     string `json:"id"`
	Field  string `json:"field"`
	Value  string `json:"value"` // the Id that stands there now
}

// An Erased is a line that named somebody whom erase was told to forget: a record, or a
// clear. What it still says is as much a part of the digest as what it doesn't.
type Erased struct {
	Type   Type   `json:"type"`
	Was    Type   `json:"was"`
	SHA256 string `json:"sha256"` // of the line that stood here
	Object string `json:"object"`
	Level  int    `json:"level"`
	Fate   Fate   `json:"fate,omitempty"` // "" of a clear
}

// An End is the last line: a file without one is cut off.
type End struct {
	Type    Type  `json:"type"`
	Roots   int64 `json:"roots"` // that go
	In      int64 `json:"in"`
	Held    int64 `json:"held"`
	Blocked int64 `json:"blocked"`
	Clears  int64 `json:"clears"`
	Bytes   int64 `json:"bytes"` // of data storage
	Files   int64 `json:"files"` // bytes of file storage
	Calls   int64 `json:"calls"` // of Salesforce's API, about
	Days    int   `json:"days"`  // that the deletes take, about
	Bin     int64 `json:"bin"`   // records that the recycle bin holds afterwards, about
}
