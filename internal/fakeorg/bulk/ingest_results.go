package bulk

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/web"
)

// ingestRows picks, of the rows of a job, those that a client asks for, and
// writes them as CSV with the columns that Salesforce puts before them.
type ingestRows struct {
	before []string
	of     func(j *ingest) [][]string
}

// successful are the records that were written.
func successful() ingestRows {
	return ingestRows{[]string{"sf__Id", "sf__Created"}, func(j *ingest) (rows [][]string) {
		for i, r := range j.results {
			if r.err == "" {
				rows = append(rows, append([]string{r.id, strconv.FormatBool(r.created)}, j.rows[i]...))
			}
		}
		return rows
	}}
}

// failed are the records that were refused, each with its reason.
func failed() ingestRows {
	return ingestRows{[]string{"sf__Id", "sf__Error"}, func(j *ingest) (rows [][]string) {
		for i, r := range j.results {
			if r.err != "" {
				rows = append(rows, append([]string{r.id, r.err}, j.rows[i]...))
			}
		}
		return rows
	}}
}

// unprocessed are the records that the job never came to.
func unprocessed() ingestRows {
	return ingestRows{nil, func(j *ingest) [][]string { return j.rows[len(j.results):] }}
}

// ingestResults answers with the rows of a job that has ended.
func (b *Ingests) ingestResults(kind ingestRows) func(http.ResponseWriter, *web.Call, *ingest) error {
	return func(w http.ResponseWriter, _ *web.Call, j *ingest) error {
		if !j.ended() {
			return reply.Bad("INVALIDJOBSTATE", "Results are not available: the job is in state %s", j.state)
		}
		rows := kind.of(j)
		var text strings.Builder
		for _, row := range append([][]string{slices.Concat(kind.before, j.header)}, rows...) {
			for i, value := range row {
				if i > 0 {
					text.WriteByte(delimiters()[j.delimiter])
				}
				text.WriteString(`"` + strings.ReplaceAll(value, `"`, `""`) + `"`)
			}
			text.WriteString(lineEndings()[j.ending])
		}
		w.Header().Set("Content-Type", "text/csv; charset=UTF-8")
		w.Header().Set("Sforce-NumberOfRecords", strconv.Itoa(len(rows)))
		_, _ = w.Write([]byte(text.String())) // a broken connection is the client's to notice
		return nil
	}
}

// listIngests lists the jobs that write, newest first, on one page.
func (b *Ingests) listIngests(w http.ResponseWriter, _ *web.Call) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	records := []map[string]any{}
	for _, j := range slices.Backward(b.list) {
		if b.options.Clock.Now().Sub(j.created) < jobLife {
			info := j.brief()
			info["jobType"] = "V2Ingest"
			records = append(records, info)
		}
	}
	reply.JSON(w, http.StatusOK, map[string]any{"done": true, "records": records, "nextRecordsUrl": nil})
	return nil
}

// Routes are the ways to jobs that write.
func (b *Ingests) Routes() map[string]web.Resource {
	results := func(kind ingestRows) web.Methods { return web.Get(b.ingestCall(b.ingestResults(kind))) }
	return since(41, map[string]web.Resource{
		"/jobs/ingest": {Kind: "ingest", Writes: true,
			Methods: web.Methods{"GET": b.listIngests, "POST": b.createIngest}},
		"/jobs/ingest/{job}": {Kind: "ingest", Writes: true, Methods: web.Methods{
			"GET": b.ingestCall(b.ingestStatus), "PATCH": b.ingestCall(b.ingestState),
			"DELETE": b.ingestCall(b.ingestDelete),
		}},
		"/jobs/ingest/{job}/batches": {Kind: "ingest", Writes: true,
			Methods: web.Methods{"PUT": b.ingestCall(b.ingestUpload)}},
		"/jobs/ingest/{job}/successfulResults":  {Kind: "ingest-results", Methods: results(successful())},
		"/jobs/ingest/{job}/failedResults":      {Kind: "ingest-results", Methods: results(failed())},
		"/jobs/ingest/{job}/unprocessedrecords": {Kind: "ingest-results", Methods: results(unprocessed())},
	})
}
