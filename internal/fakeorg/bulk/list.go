package bulk

import (
	"net/http"
	"slices"
	"strconv"

	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/web"
)

// jobsPerPage is how many jobs a page of the list holds.
const jobsPerPage = 1000

// listJobs lists the query jobs, newest first; jobs of other kinds have a list
// of their own. The queryLocator is the Id of
// the first job of the next page.
func (b *Queries) listJobs(w http.ResponseWriter, c *web.Call) error {
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
			return reply.Bad("INVALID_QUERY_LOCATOR", "invalid query locator")
		}
		all = all[at:]
	}
	next := any(nil)
	if len(all) > jobsPerPage {
		next = "/services/data/" + c.Version + "/jobs/query?queryLocator=" + all[jobsPerPage].id
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
	reply.JSON(w, http.StatusOK, map[string]any{"done": next == nil, "records": records, "nextRecordsUrl": next})
	return nil
}

// Routes are the ways to query jobs.
func (b *Queries) Routes() map[string]web.Resource {
	all := map[string]web.Resource{
		"/jobs/query": {Kind: "job", Methods: web.Methods{"GET": b.listJobs, "POST": b.createJob}},
		"/jobs/query/{job}": {Kind: "job",
			Methods: web.Methods{"GET": b.jobStatus, "PATCH": b.abortJob, "DELETE": b.deleteJob}},
		"/jobs/query/{job}/results": {Kind: "results", Methods: web.Get(b.results)},
	}
	for _, spelling := range []string{"resultPages", "resultpages"} {
		all["/jobs/query/{job}/"+spelling] = web.Resource{Kind: "result-pages", Methods: web.Get(b.resultPages)}
	}
	return since(47, all)
}

// since hides resources from the versions of the API before the one that
// brought them.
func since(version int, all map[string]web.Resource) map[string]web.Resource {
	for _, r := range all {
		for method, answer := range r.Methods {
			r.Methods[method] = func(w http.ResponseWriter, c *web.Call) error {
				if c.VersionNumber() < version {
					return reply.NotFound()
				}
				return answer(w, c)
			}
		}
	}
	return all
}
