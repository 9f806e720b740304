// Package usage counts what clients cost, and refuses what is too much for a day.
package usage

import (
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"

	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/web"
)

// Meter counts what clients cost: requests by kind for ever, calls and jobs
// within the last 24 hours for the limits.
type Meter struct {
	clock   *orgtime.Clock
	daily   Daily
	storage Storage

	mu     sync.Mutex
	kinds  map[string]int
	writes map[string]int
	paths  map[string]int // by which something was asked for that the org doesn't have
	calls  rolling
	jobs   rolling
	bytes  rolling // of Bulk results sent
}

// New makes a Meter that refuses what is too much for a day.
func New(clock *orgtime.Clock, daily Daily, storage Storage) *Meter {
	return &Meter{clock: clock, daily: daily, storage: storage}
}

// Storage is how many megabytes of data and files the org may hold, and who knows
// how many are taken.
type Storage struct {
	DataMB, FileMB int
	Taken          func() (data, files int)
}

// A Daily says how much clients may have in 24 hours.
type Daily struct {
	Requests int // calls of the API
	Jobs     int // Bulk query jobs
	ResultMB int // megabytes of Bulk query results
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

// Count counts a request of a kind.
func (u *Meter) Count(kind string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.kinds == nil {
		u.kinds = map[string]int{}
	}
	u.kinds[kind]++
}

// The paths that are remembered, and how much of one.
const (
	mostPaths   = 100
	longestPath = 200
)

// CountUnknown counts a request for something that the org doesn't have, by its method
// and path. A client that tries one path after another doesn't fill the memory.
func (u *Meter) CountUnknown(method, path string) {
	name := method + " " + path
	name = name[:min(len(name), longestPath)]
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.paths == nil {
		u.paths = map[string]int{}
	}
	if u.paths[name] == 0 && len(u.paths) >= mostPaths {
		name = "others"
	}
	u.paths[name]++
}

// Unknown tells how often the org was asked for what it doesn't have, by method and path.
func (u *Meter) Unknown() map[string]int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return maps.Clone(u.paths)
}

// Requests tells how many requests of each kind there have been.
func (u *Meter) Requests() map[string]int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return maps.Clone(u.kinds)
}

// Forget sets the counters of requests back.
func (u *Meter) Forget() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.kinds, u.paths, u.writes = nil, nil, nil
}

// Charge counts a call against the daily limit, and says on the answer how
// much is used. A full limit refuses hard, as it does for a trial org.
func (u *Meter) Charge(w http.ResponseWriter) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.clock.Now()
	used := u.calls.sum(now)
	if used < u.daily.Requests {
		u.calls.add(now, 1)
		used++
		w.Header().Set("Sforce-Limit-Info", fmt.Sprintf("api-usage=%d/%d", used, u.daily.Requests))
		return nil
	}
	w.Header().Set("Sforce-Limit-Info", fmt.Sprintf("api-usage=%d/%d", used, u.daily.Requests))
	return reply.Refuse(http.StatusForbidden, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
}

// Calls returns how many calls there were in the last 24 hours, and how many
// there may be.
func (u *Meter) Calls() (used, most int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.calls.sum(u.clock.Now()), u.daily.Requests
}

// ChargeJob counts a Bulk query job against its own daily limits: of jobs, and
// of the results that they have made.
func (u *Meter) ChargeJob() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.clock.Now()
	if u.jobs.sum(now) >= u.daily.Jobs {
		return reply.Bad("LIMIT_EXCEEDED",
			"Max bulk v2 query jobs (%d) per 24 hrs has been reached", u.daily.Jobs)
	}
	if u.bytes.sum(now)>>20 >= u.daily.ResultMB {
		return reply.Bad("LIMIT_EXCEEDED",
			"Max bulk v2 query result size stored (%d) kb per 24 hrs has been exceeded", u.daily.ResultMB<<10)
	}
	u.jobs.add(now, 1)
	return nil
}

// Sent counts the bytes of a Bulk result.
func (u *Meter) Sent(bytes int) {
	now := u.clock.Now()
	u.mu.Lock()
	defer u.mu.Unlock()
	u.bytes.add(now, bytes)
}

// Limits answers with what is left of each limit.
func (u *Meter) Limits(w http.ResponseWriter, _ *web.Call) error {
	type limit struct {
		Max       int
		Remaining int
	}
	data, files := u.storage.Taken()
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.clock.Now()
	left := func(all, used int) limit { return limit{all, max(0, all-used)} }
	reply.JSON(w, http.StatusOK, map[string]limit{
		"DailyApiRequests":              left(u.daily.Requests, u.calls.sum(now)),
		"DailyBulkApiBatches":           {15_000, 15_000},
		"DailyBulkV2QueryJobs":          left(u.daily.Jobs, u.jobs.sum(now)),
		"DailyBulkV2QueryFileStorageMB": left(u.daily.ResultMB, u.bytes.sum(now)>>20),
		"DailyAsyncApexExecutions":      {250_000, 250_000},
		"DataStorageMB":                 left(u.storage.DataMB, data),
		"FileStorageMB":                 left(u.storage.FileMB, files),
		"HourlyTimeBasedWorkflow":       {1_000, 1_000},
		"SingleEmail":                   {5_000, 5_000},
	})
	return nil
}
