package progress

import (
	"catchment/internal/replicate"
	"catchment/internal/verify"
)

// A phase is what goes on for a flow: a step of a run, or what a verify does.
type phase string

// words are what a person calls it; "" is worth no line.
func (p phase) words() string {
	switch p {
	case replicate.Create:
		return "asking Salesforce"
	case replicate.Ready, replicate.Start, replicate.Done, phase(verify.Asking):
		return "waiting for Salesforce"
	case replicate.Load:
		return "loading"
	case replicate.Consolidate:
		return "merging"
	case replicate.Bodies:
		return "reading files"
	case replicate.Maintain:
		return "tidying up"
	case replicate.Drop:
		return "cleaning up"
	case phase(verify.Counting):
		return "counting"
	case phase(verify.Reading):
		return "reading"
	case phase(verify.Comparing):
		return "comparing"
	case phase(verify.Repairing):
		return "repairing"
	}
	return ""
}

// waits tells whether it is Salesforce's turn.
func (p phase) waits() bool {
	return p == replicate.Create || p.words() == "waiting for Salesforce"
}
