package fakeorg

import (
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"
)

// usage counts what clients cost: requests by kind for ever, calls and jobs
// within the last 24 hours for the limits.
type usage struct {
	mu    sync.Mutex
	kinds map[string]int
	calls rolling
	jobs  rolling
	bytes rolling // of Bulk results sent
}

// A rolling counts what happened within the last day, hour by hour.
type rolling struct {
	hours map[int64]int
}

func (r *rolling) add(now time.Time, n int) {
	if r.hours == nil {
		r.hours = map[int64]int{}
	}
	r.hours[now.Unix()/3600] += n
}

func (r *rolling) sum(now time.Time) int {
	sum, oldest := 0, now.Unix()/3600-24
	maps.DeleteFunc(r.hours, func(hour int64, _ int) bool { return hour <= oldest })
	for _, n := range r.hours {
		sum += n
	}
	return sum
}

func (u *usage) count(kind string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.kinds == nil {
		u.kinds = map[string]int{}
	}
	u.kinds[kind]++
}

// Requests tells how many requests of each kind the org has had: login, query,
// query-more, describe, describe-global, updated, deleted, record, job,
// results, result-pages, limits, and so on.
func (o *Org) Requests() map[string]int {
	o.usage.mu.Lock()
	defer o.usage.mu.Unlock()
	return maps.Clone(o.usage.kinds)
}

// ForgetRequests sets the counters of Requests back.
func (o *Org) ForgetRequests() {
	o.usage.mu.Lock()
	defer o.usage.mu.Unlock()
	o.usage.kinds = nil
}

// charge counts a call against the daily limit, and says on the answer how
// much is used. A full limit refuses hard, as it does for a trial org.
func (o *Org) charge(w http.ResponseWriter) error {
	o.usage.mu.Lock()
	defer o.usage.mu.Unlock()
	now := o.clock.Now()
	used := o.usage.calls.sum(now)
	if used < o.options.DailyAPIRequests {
		o.usage.calls.add(now, 1)
		used++
		w.Header().Set("Sforce-Limit-Info", fmt.Sprintf("api-usage=%d/%d", used, o.options.DailyAPIRequests))
		return nil
	}
	w.Header().Set("Sforce-Limit-Info", fmt.Sprintf("api-usage=%d/%d", used, o.options.DailyAPIRequests))
	return refuse(http.StatusForbidden, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
}

// chargeJob counts a Bulk query job against its own daily limits: of jobs, and
// of the results that they have made.
func (o *Org) chargeJob() error {
	o.usage.mu.Lock()
	defer o.usage.mu.Unlock()
	now := o.clock.Now()
	if o.usage.jobs.sum(now) >= o.options.DailyQueryJobs {
		return refuse(http.StatusBadRequest, "LIMIT_EXCEEDED",
			"Max bulk v2 query jobs (%d) per 24 hrs has been reached", o.options.DailyQueryJobs)
	}
	if o.usage.bytes.sum(now)>>20 >= o.options.DailyResultMB {
		return refuse(http.StatusBadRequest, "LIMIT_EXCEEDED",
			"Max bulk v2 query result size stored (%d) kb per 24 hrs has been exceeded", o.options.DailyResultMB<<10)
	}
	o.usage.jobs.add(now, 1)
	return nil
}

// sent counts the bytes of a Bulk result.
func (o *Org) sent(bytes int) {
	now := o.clock.Now()
	o.usage.mu.Lock()
	defer o.usage.mu.Unlock()
	o.usage.bytes.add(now, bytes)
}

func (o *Org) limits(w http.ResponseWriter, _ *call) error {
	type limit struct {
		Max       int
		Remaining int
	}
	o.usage.mu.Lock()
	defer o.usage.mu.Unlock()
	now := o.clock.Now()
	left := func(all, used int) limit { return limit{all, max(0, all-used)} }
	writeJSON(w, http.StatusOK, map[string]limit{
		"DailyApiRequests":              left(o.options.DailyAPIRequests, o.usage.calls.sum(now)),
		"DailyBulkApiBatches":           {15_000, 15_000},
		"DailyBulkV2QueryJobs":          left(o.options.DailyQueryJobs, o.usage.jobs.sum(now)),
		"DailyBulkV2QueryFileStorageMB": left(o.options.DailyResultMB, o.usage.bytes.sum(now)>>20),
		"DailyAsyncApexExecutions":      {250_000, 250_000},
		"DataStorageMB":                 {10_240, 5_120},
		"FileStorageMB":                 {10_240, 10_240},
		"HourlyTimeBasedWorkflow":       {1_000, 1_000},
		"SingleEmail":                   {5_000, 5_000},
	})
	return nil
}
