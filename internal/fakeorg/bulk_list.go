package fakeorg

import (
	"net/http"
	"slices"
	"strconv"
)

// jobsPerPage is how many jobs a page of the list holds.
const jobsPerPage = 1000

// listJobs lists the query jobs, newest first; jobs of other kinds have a list
// of their own. The queryLocator is the Id of
// the first job of the next page.
func (b *jobs) listJobs(w http.ResponseWriter, c *call) error {
	b.mu.Lock()
	all := slices.Clone(b.list)
	b.mu.Unlock()
	slices.Reverse(all)
	if kind := c.FormValue("jobType"); kind != "" && kind != "V2Query" {
		all = nil
	}
	if chunks := c.FormValue("isPkChunkingEnabled"); chunks != "" {
		all = slices.DeleteFunc(all, func(j *job) bool { return strconv.FormatBool(j.chunked) != chunks })
	}
	if from := c.FormValue("queryLocator"); from != "" {
		at := slices.IndexFunc(all, func(j *job) bool { return j.id == from })
		if at < 0 {
			return refuse(http.StatusBadRequest, "INVALID_QUERY_LOCATOR", "invalid query locator")
		}
		all = all[at:]
	}
	next := any(nil)
	if len(all) > jobsPerPage {
		next = "/services/data/" + c.version + "/jobs/query?queryLocator=" + all[jobsPerPage].id
		all = all[:jobsPerPage]
	}
	records := []map[string]any{}
	for _, j := range all {
		info := b.info(j, b.state(c.Context(), j))
		for _, key := range []string{"numberRecordsProcessed", "retries", "totalProcessingTime", "errorMessage"} {
			delete(info, key)
		}
		records = append(records, info)
	}
	writeJSON(w, http.StatusOK, map[string]any{"done": next == nil, "records": records, "nextRecordsUrl": next})
	return nil
}

// routes are the ways to query jobs.
func (b *jobs) routes() map[string]resource {
	all := map[string]resource{
		"/jobs/query":               {"job", false, map[string]handler{"GET": b.listJobs, "POST": b.createJob}},
		"/jobs/query/{job}":         {"job", false, map[string]handler{"GET": b.jobStatus, "PATCH": b.abortJob, "DELETE": b.deleteJob}},
		"/jobs/query/{job}/results": {"results", false, get(b.results)},
	}
	for _, spelling := range []string{"resultPages", "resultpages"} {
		all["/jobs/query/{job}/"+spelling] = resource{"result-pages", false, get(b.resultPages)}
	}
	return all
}
