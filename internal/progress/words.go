package progress

import "catchment/internal/replicate"

// A phase is what goes on for a flow: the step of a run, or of a verify.
type phase string

// The phases of verify; those of a run are its steps.
const (
	comparing phase = "compare"
	reading   phase = "read"
	repairing phase = "repair"
)

// words are what a person calls it; "" is worth no line.
func (p phase) words() string {
	switch p {
	case replicate.Create:
		return "asking Salesforce"
	case replicate.Ready, replicate.Start, replicate.Done, reading:
		return "waiting for Salesforce"
	case replicate.Load:
		return "loading"
	case replicate.Consolidate:
		return "merging"
	case replicate.Drop:
		return "cleaning up"
	case comparing:
		return "comparing"
	case repairing:
		return "repairing"
	}
	return ""
}

// waits tells whether it is Salesforce's turn.
func (p phase) waits() bool {
	return p == replicate.Create || p.words() == "waiting for Salesforce"
}
