package fakeorg

import (
	"io"
	"time"

	"catchment/internal/fakeorg/admin"
	"catchment/internal/fakeorg/change"
	"catchment/internal/fakeorg/faults"
	"catchment/internal/fakeorg/generate"
	"catchment/internal/fakeorg/login"
	"catchment/internal/fakeorg/orgtime"
)

// What callers need of the packages below, by the names that it has here.
type (
	// App says how the org's External Client App is set up.
	App = login.App
	// Clock is the org's own time.
	Clock = orgtime.Clock
	// Credentials is what a client needs to log in.
	Credentials = login.Credentials
	// Changes counts what History did.
	Changes = admin.Changes
	// Field says what a field is to be.
	Field = admin.Field
	// Files says how many files to make up, and how long they are.
	Files = generate.Files
	// BodyRule makes the body of a file go wrong.
	BodyRule = faults.BodyRule
	// Rule makes one request, or several of a kind, go wrong.
	Rule = faults.Rule
	// Trigger does what the org's own code does with records.
	Trigger = change.Trigger
	// Transaction is changes that become visible together.
	Transaction = change.Transaction
)

// How an App binds its tokens to a key of the client's.
const (
	DPoPRequired = login.DPoPRequired
	DPoPBound    = login.DPoPBound
)

// StillClock returns a clock that shows start until it is advanced.
func StillClock(start time.Time) *Clock { return orgtime.Still(start) }

// FollowClock returns a clock that shows start now, and from then on runs as
// fast as now does.
func FollowClock(start time.Time, now func() time.Time) *Clock { return orgtime.Follow(start, now) }

// ParseFaults reads a list of rules, as JSON. What it doesn't know it refuses.
func ParseFaults(r io.Reader) ([]Rule, error) { return faults.Parse(r) }
