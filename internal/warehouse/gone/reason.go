package gone

import (
	"slices"
)

// A Reason says why the record of a row is gone. It stands in
// _catchment_delete_reason, and in the tombstone of a row that was removed.
type Reason string

// The reasons. What is done about each is a line of Reasons.
const (
	Merged      Reason = "merged"        // it lost a merge: MasterRecordId names the winner
	Soft        Reason = "soft"          // it is in the recycle bin
	Purged      Reason = "purged"        // it is gone for good
	Hidden      Reason = "hidden"        // it is out of the user's sight, and Salesforce's delete log lacks it
	OutOfFilter Reason = "out_of_filter" // it doesn't meet the flow's where any more
	Archived    Reason = "archived"      // an archive took it out of Salesforce, once its copy was proven
	Erased      Reason = "erased"        // Erase removed it, under any policy: only tombstones say so
)

// Traits is what is done about the rows that are gone for one reason.
type Traits struct {
	Reason   Reason
	Sight    bool // the user may have changed instead of the records: a run tells of them, and stops before too many
	Kept     bool // the row stays where the policy removes others, and no version of a deleted record takes its place
	Approved bool // somebody wanted it: it doesn't count for the stop before a mass delete
}

// Reasons is the table of them, in the order in which a run stages what it
// found. A new reason is a line here: policies, sweep and the stop before a
// mass delete go by this table and know no reason by its name.
func Reasons() []Traits {
	return []Traits{
		{Reason: Merged},
		{Reason: Soft},
		{Reason: Purged},
		{Reason: Hidden, Sight: true},
		{Reason: OutOfFilter},
		{Reason: Archived, Kept: true, Approved: true},
		{Reason: Erased},
	}
}

// AbsentReason says why a row is gone that a complete reading lacks, or that nobody
// answers for. Behind a filter nobody can tell a record that left it from one
// that was purged.
func AbsentReason(where string) Reason {
	if where != "" {
		return OutOfFilter
	}
	return Purged
}

// Traits finds the line of a reason. One that isn't in the table has none: its
// rows go as the policy says.
func (r Reason) Traits() Traits {
	all := Reasons()
	i := slices.IndexFunc(all, func(t Traits) bool { return t.Reason == r })
	if i < 0 {
		return Traits{Reason: r}
	}
	return all[i]
}

// Under is what a policy does with the rows of a reason.
func (t Traits) Under(p Policy) Policy {
	if t.Kept && p == Remove {
		return Flag
	}
	return p
}
