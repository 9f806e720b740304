package reading

import "catchment/internal/plan"

// SamePages tells why a job has other pages than when some of them were stored: the one that stands
// at a place now isn't the one that was there, or was elsewhere. Another job has to read all of it.
func SamePages(job, page, before string, moved bool) error {
	if moved || before != "" && before != page {
		return plan.Failf(plan.Retry, "", "%w: job %s has other pages than before", ErrUnsound, job)
	}
	return nil
}
