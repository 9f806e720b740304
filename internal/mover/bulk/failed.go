package bulk

import (
	"fmt"
	"strings"

	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/salesforce/fault"
)

// failed makes an error of a job that Salesforce gave up. There are no codes:
// its text decides the class.
func failed(j mover.Job, text string) error {
	class, hint := classOf(text)
	if text == "" {
		text = "Salesforce gave no reason"
	}
	err := fmt.Errorf("%w: %s for %s: %s", mover.ErrFailed, j.ID, j.Request.Object, text)
	if class == plan.Fix {
		err = overloaded(err, text)
	}
	return &plan.Failure{Class: class, Hint: hint, Err: err}
}

// overloaded marks the failure of a query that was more than Salesforce can
// answer.
func overloaded(err error, text string) error {
	if over := mover.Overload(text); over != nil {
		return fmt.Errorf("%w: %w", over, err)
	}
	return err
}

// classOf knows the texts that Salesforce writes into errorMessage (Bulk API
// 2.0 guide, "Limits"; other extractors' reports).
func classOf(text string) (plan.Class, string) {
	if fault.NeedsFilter(text) {
		return plan.Fix, "leave the object out, or give its flow a where that Salesforce accepts"
	}
	text = strings.ToLower(text)
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(text, p) {
				return true
			}
		}
		return false
	}
	switch {
	case has("per 24 hrs", "limit exceeded", "limitexceeded", "request_limit_exceeded"):
		return plan.Wait, "the org's Bulk allowance of 24 hours is used up; see `catchment check`"
	case mover.Overload(text) != nil:
		return plan.Fix, "Salesforce couldn't finish this query: exclude formula fields, " +
			"or narrow the where to an indexed field"
	case has("invalid_field", "no such column", "invalid_type", "malformed_query", "sobject type"):
		return plan.Fix, "a field or the object was removed or hidden: check the flow's fields and where"
	case has("insufficient", "not authorized", "permission"):
		return plan.Fix, "give the user View All Data, or View All Records on this object"
	}
	return plan.Retry, "Salesforce failed the job; the next run makes a new one"
}
