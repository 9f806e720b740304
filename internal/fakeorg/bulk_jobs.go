package fakeorg

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The states of a Bulk query job.
const (
	jobWaiting  = "UploadComplete"
	jobRunning  = "InProgress"
	jobComplete = "JobComplete"
	jobFailed   = "Failed"
	jobAborted  = "Aborted"
)

// bulkOptions say how Bulk jobs of both kinds are done.
type bulkOptions struct {
	Latency     time.Duration // from the creation of a job to its end
	Chunks      int           // parts of a query job that are read at moments of their own
	PageRecords int           // records of a result page at most
	Unsupported []string      // objects that the Bulk API refuses
	HardDelete  bool          // the user may delete for good
}

// jobIDs are the Ids of jobs of both kinds.
type jobIDs struct{ made atomic.Int64 }

func (n *jobIDs) next() string { return makeID("750", int(n.made.Add(1))) }

// jobs are the Bulk query jobs, in the order in which they were created.
type jobs struct {
	store   *store
	clock   *Clock
	asker   *asker
	usage   *usage
	options bulkOptions
	ids     *jobIDs

	mu   sync.Mutex
	list []*job
}

func newJobs(s *store, clock *Clock, a *asker, u *usage, ids *jobIDs, options bulkOptions) *jobs {
	return &jobs{store: s, clock: clock, asker: a, usage: u, ids: ids, options: options}
}

// A job reads the org as it is at the moment when it starts to run, whenever
// its results are fetched. Nothing runs in the background: what time has made
// of a job is worked out when somebody asks, and before anything changes.
type job struct {
	id, operation, version string
	delimiter, ending      string // by their names
	text                   string
	question               *question // as it was understood when the job was created, or last started
	chunked                bool      // it reads chunks of primary keys: ORDER BY and LIMIT switch that off
	created                time.Time
	failure                string // scripted by a fault
	stuck                  bool   // likewise: it never gets done
	patience               int    // likewise: more records take too long; 0 is any number

	reading *reading // guarded by jobs.mu while it is taken, like question, aborted and err
	aborted bool

	run sync.Once
	err error
}

// A jobRequest is what a client posts.
type jobRequest struct {
	Operation       string `json:"operation"`
	Query           string `json:"query"`
	ContentType     string `json:"contentType"`
	ColumnDelimiter string `json:"columnDelimiter"`
	LineEnding      string `json:"lineEnding"`
}

func delimiters() map[string]byte {
	return map[string]byte{"COMMA": ',', "TAB": '\t', "PIPE": '|', "CARET": '^', "SEMICOLON": ';', "BACKQUOTE": '`'}
}

func lineEndings() map[string]string { return map[string]string{"LF": "\n", "CRLF": "\r\n"} }

// check fills in what was left out and refuses what isn't known.
func (r *jobRequest) check() error {
	r.ContentType = cmp.Or(r.ContentType, "CSV")
	r.ColumnDelimiter = cmp.Or(r.ColumnDelimiter, "COMMA")
	r.LineEnding = cmp.Or(r.LineEnding, "LF")
	switch {
	case r.Operation != "query" && r.Operation != "queryAll":
		return refuse(http.StatusBadRequest, "INVALIDJOB", "Unsupported operation: %s", r.Operation)
	case r.ContentType != "CSV":
		return refuse(http.StatusBadRequest, "INVALIDJOB", "Unsupported content type: %s", r.ContentType)
	case delimiters()[r.ColumnDelimiter] == 0:
		return refuse(http.StatusBadRequest, "INVALIDJOB", "Unsupported column delimiter: %s", r.ColumnDelimiter)
	case lineEndings()[r.LineEnding] == "":
		return refuse(http.StatusBadRequest, "INVALIDJOB", "Unsupported line ending: %s", r.LineEnding)
	}
	return nil
}

// refusedByBulk is what SOQL allows and Bulk does not.
func (b *jobs) refusedByBulk(q *question) error {
	name := q.obj.name()
	switch {
	case slices.Contains(b.options.Unsupported, name) || q.obj.prefix() == "" || name == "UserPermissionAccess" || name == "AccountFeed":
		return refuse(http.StatusBadRequest, "INVALIDENTITY", "Entity '%s' is not supported by the Bulk API.", name)
	case q.bound.Count, q.bound.Grouped:
		return refuse(http.StatusBadRequest, "API_ERROR", "Aggregate Relationships not supported in Bulk Query")
	case q.bound.FieldsAll:
		return refuse(http.StatusBadRequest, "MALFORMED_QUERY", "The SOQL FIELDS function is not supported for unbounded sets in Bulk Query")
	case q.bound.Offset >= 0:
		return refuse(http.StatusBadRequest, "API_ERROR", "OFFSET is not supported in Bulk Query")
	}
	for _, column := range q.bound.Columns {
		switch {
		case column.Child != nil:
			return refuse(http.StatusBadRequest, "API_ERROR", "Aggregate Relationships not supported in Bulk V2 Query with CSV content type")
		case column.Typeof != nil:
			return refuse(http.StatusBadRequest, "API_ERROR", "TYPEOF is not supported in Bulk Query")
		case column.Type == "address", column.Type == "location":
			return refuse(http.StatusBadRequest, "API_ERROR", "Selecting compound data not supported in Bulk Query")
		case column.Type == "base64":
			// Seen of the older Bulk API, as FeatureNotEnabled.
			return refuse(http.StatusBadRequest, "FEATURENOTENABLED", "Binary field not supported")
		}
	}
	return nil
}

func (b *jobs) createJob(w http.ResponseWriter, c *call) error {
	var asked jobRequest
	if err := c.decode(&asked); err != nil {
		return err
	}
	if err := asked.check(); err != nil {
		return err
	}
	q, err := b.asker.ask(asked.Query, asked.Operation == "queryAll")
	if err != nil {
		return err
	}
	if err := b.refusedByBulk(q); err != nil {
		return err
	}
	if err := b.usage.chargeJob(); err != nil {
		return err
	}
	j := &job{
		text: asked.Query, operation: asked.Operation, version: c.version, delimiter: asked.ColumnDelimiter, ending: asked.LineEnding,
		question: q, chunked: !q.bound.Sorted && q.bound.Limit < 0, created: b.clock.Now(),
	}
	if c.fault != nil {
		j.failure, j.stuck, j.patience = c.fault.FailJob, c.fault.StickJob, c.fault.TimeOutOver
		if j.failure == "" && c.fault.tooComplex(len(q.bound.Columns)) {
			j.failure = "QUERY_TOO_COMPLICATED : " + namedAnswers()["too-complicated"].Message
		}
	}
	j.reading = newReading(j, b.options.Latency, b.options.Chunks)
	b.mu.Lock()
	j.id = b.ids.next()
	b.list = append(b.list, j)
	b.mu.Unlock()
	b.startJobs()
	info := b.info(j, jobWaiting)
	delete(info, "jobType")
	delete(info, "numberRecordsProcessed")
	writeJSON(w, http.StatusOK, info)
	return nil
}

// startJobs lets every job whose time has come see the org as it is now; it
// returns the moment that it took for that.
func (b *jobs) startJobs() (now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now = b.clock.Now()
	for _, j := range b.list {
		if j.aborted {
			continue
		}
		waiting := !j.reading.started()
		j.reading.take(b.store, b.clock, now)
		if waiting && j.reading.started() {
			j.begin(b.asker)
		}
	}
	return now
}

// begin understands the query anew: the schema may have changed since the job
// was created.
func (j *job) begin(a *asker) {
	q, err := a.ask(j.text, j.operation == "queryAll")
	if err != nil {
		j.err = refuse(http.StatusBadRequest, "", "InvalidBatch : %s", reason(err))
		return
	}
	j.question = q
}

// state is what has become of a job by now. A job that should be done is
// finished by whoever asks first.
func (b *jobs) state(ctx context.Context, j *job) string {
	now := b.startJobs()
	b.mu.Lock()
	aborted, started, failed := j.aborted, j.reading.started(), j.err != nil
	b.mu.Unlock()
	switch {
	case aborted:
		return jobAborted
	case !started:
		return jobWaiting
	case j.stuck || now.Sub(j.created) < b.options.Latency:
		return jobRunning
	case failed:
		return jobFailed
	}
	j.run.Do(func() {
		err := error(refuse(http.StatusBadRequest, "", "%s", j.failure))
		if j.failure == "" {
			// The job isn't the request's: it goes on where the client hangs up.
			err = j.reading.run(context.WithoutCancel(ctx), j.question)
		}
		if err == nil && j.patience > 0 && j.reading.total > j.patience {
			err = refuse(http.StatusBadRequest, "", "QUERY_TIMEOUT : %s", namedAnswers()["query-timeout"].Message)
		}
		b.mu.Lock()
		j.err = err
		b.mu.Unlock()
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	if j.err != nil {
		return jobFailed
	}
	return jobComplete
}

// jobLife is how long a job and its results are kept.
const jobLife = 7 * 24 * time.Hour

func (b *jobs) findJob(c *call) (*job, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	id, _ := fullID(c.PathValue("job"))
	for _, j := range b.list {
		if j.id == id && b.clock.Now().Sub(j.created) < jobLife {
			return j, nil
		}
	}
	return nil, notFound()
}

// info is what a client is told of a job.
func (b *jobs) info(j *job, state string) map[string]any {
	b.mu.Lock()
	object, failure := j.question.obj.name(), j.err
	b.mu.Unlock()
	info := map[string]any{
		"id": j.id, "operation": j.operation, "object": object, "createdById": runningUser(),
		"createdDate": j.created.Format(restTime), "systemModstamp": j.created.Format(restTime),
		"state": state, "concurrencyMode": "Parallel", "contentType": "CSV",
		"apiVersion": json.Number(strings.TrimPrefix(j.version, "v")), "jobType": "V2Query",
		"lineEnding": j.ending, "columnDelimiter": j.delimiter,
	}
	switch state {
	case jobComplete:
		info["numberRecordsProcessed"] = j.reading.total
	case jobFailed:
		info["errorMessage"] = reason(failure)
		fallthrough
	default:
		info["numberRecordsProcessed"] = 0
	}
	if state != jobWaiting {
		info["retries"] = 0
		info["totalProcessingTime"] = b.options.Latency.Milliseconds()
		info["isPkChunkingSupported"] = j.chunked
	}
	return info
}

func (b *jobs) jobStatus(w http.ResponseWriter, c *call) error {
	j, err := b.findJob(c)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, b.info(j, b.state(c.Context(), j)))
	return nil
}

func (b *jobs) abortJob(w http.ResponseWriter, c *call) error {
	j, err := b.findJob(c)
	if err != nil {
		return err
	}
	var asked struct{ State string }
	if err := json.NewDecoder(c.Body).Decode(&asked); err != nil || asked.State != jobAborted {
		return refuse(http.StatusBadRequest, "INVALIDJOBSTATE", "Unsupported job state: %s", asked.State)
	}
	if state := b.state(c.Context(), j); state != jobWaiting && state != jobRunning {
		return refuse(http.StatusBadRequest, "INVALIDJOBSTATE", "Aborting already Completed Job not allowed")
	}
	b.mu.Lock()
	j.aborted = true
	b.mu.Unlock()
	writeJSON(w, http.StatusOK, b.info(j, jobAborted))
	return nil
}

func (b *jobs) deleteJob(w http.ResponseWriter, c *call) error {
	j, err := b.findJob(c)
	if err != nil {
		return err
	}
	if state := b.state(c.Context(), j); state == jobWaiting || state == jobRunning {
		return refuse(http.StatusBadRequest, "API_ERROR", "Error encountered when deleting the job because the job is not terminated")
	}
	b.mu.Lock()
	b.list = slices.DeleteFunc(b.list, func(other *job) bool { return other == j })
	b.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
	return nil
}
