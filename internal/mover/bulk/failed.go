package bulk

import (
	"fmt"
	"slices"
	"strings"

	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/salesforce/fault"
)

// failed makes an error of a job that Salesforce gave up. There are no codes:
// its text decides the class, and whether another mover may do better.
func failed(j mover.Job, text string) error {
	v := verdictOn(text)
	if strings.TrimSpace(text) == "" {
		text = "Salesforce gave no reason"
	}
	err := fmt.Errorf("%w: %s for %s: %s", mover.ErrFailed, j.ID, j.Request.Object, text)
	switch v.why {
	case nil:
	case mover.ErrUnexplained:
		err = mover.Unexplained(err)
	default:
		err = fmt.Errorf("%w: %w", v.why, err)
	}
	return &plan.Failure{Class: v.class, Hint: v.hint, Err: mover.WithoutColumn(err, text)}
}

// overloaded marks the failure of a query that was more than Salesforce can
// answer.
func overloaded(err error, text string) error {
	if over := mover.Overload(text); over != nil {
		return fmt.Errorf("%w: %w", over, err)
	}
	return err
}

// A verdict is what the text of a failed job means.
type verdict struct {
	class plan.Class
	hint  string
	why   error // tells what may help; nil where nothing but the user does
}

// verdictOn knows the texts that Salesforce writes into errorMessage (Bulk API
// 2.0 guide, "Limits"; other extractors' reports). What it doesn't know is no reason.
func verdictOn(text string) verdict {
	if fault.NeedsFilter(text) {
		return verdict{plan.Fix, "leave the object out, or give its flow a where that Salesforce accepts", nil}
	}
	has := func(parts ...string) bool { return contains(text, parts...) }
	over := mover.Overload(text)
	switch {
	case has("per 24 hrs", "limit exceeded", "limitexceeded", "request_limit_exceeded"):
		return verdict{plan.Wait, "the org's Bulk allowance of 24 hours is used up; see `catchment check`", nil}
	case notByBulk(text):
		return verdict{plan.Fix, "Bulk can't read this object: set mover: rest or auto", mover.ErrUnsupported}
	case over != nil:
		return verdict{plan.Fix, "Salesforce couldn't finish this query: exclude formula fields, " +
			"or narrow the where to an indexed field", over}
	case has("invalid_field", "no such column", "invalid_type", "malformed_query", "sobject type"):
		return verdict{plan.Fix, "a field or the object was removed or hidden: check the flow's fields and where", nil}
	case has("insufficient", "not authorized", "permission"):
		return verdict{plan.Fix, "give the user View All Data, or View All Records on this object", nil}
	}
	return verdict{plan.Retry, "Salesforce failed the job; the next run makes a new one", mover.ErrUnexplained}
}

// notByBulk knows the words for what Bulk doesn't read, and REST does: an object or a
// field of it, or an org without Bulk.
func notByBulk(text string) bool {
	return contains(text, "invalidentity", "not supported by the bulk api", "not supported in bulk query",
		"binary field not supported", "functionality_not_enabled")
}

// contains tells whether a text has one of some parts, which are in lower case.
func contains(text string, parts ...string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}
