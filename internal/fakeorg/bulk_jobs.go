package fakeorg

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
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

// jobs are the Bulk query jobs, in the order in which they were created.
type jobs struct {
	mu   sync.Mutex
	made int
	list []*job
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
	r.ContentType = orDefault(r.ContentType, "CSV")
	r.ColumnDelimiter = orDefault(r.ColumnDelimiter, "COMMA")
	r.LineEnding = orDefault(r.LineEnding, "LF")
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
func (o *Org) refusedByBulk(q *question) error {
	name := q.obj.name()
	switch {
	case slices.Contains(o.options.NotInBulk, name) || q.obj.prefix() == "" || name == "UserPermissionAccess" || name == "AccountFeed":
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

func (o *Org) createJob(w http.ResponseWriter, c *call) error {
	var asked jobRequest
	if err := c.decode(&asked); err != nil {
		return err
	}
	if err := asked.check(); err != nil {
		return err
	}
	q, err := o.ask(asked.Query, asked.Operation == "queryAll")
	if err != nil {
		return err
	}
	if err := o.refusedByBulk(q); err != nil {
		return err
	}
	if err := o.chargeJob(); err != nil {
		return err
	}
	j := &job{
		text: asked.Query, operation: asked.Operation, version: c.version, delimiter: asked.ColumnDelimiter, ending: asked.LineEnding,
		question: q, chunked: !q.bound.Sorted && q.bound.Limit < 0, created: o.clock.Now(),
	}
	if c.fault != nil {
		j.failure, j.stuck, j.patience = c.fault.FailJob, c.fault.StickJob, c.fault.TimeOutOver
		if j.failure == "" && c.fault.tooComplex(q) {
			j.failure = "QUERY_TOO_COMPLICATED : " + namedAnswers()["too-complicated"].Message
		}
	}
	j.reading = newReading(j, o.options.JobLatency, o.options.JobChunks)
	o.jobs.mu.Lock()
	o.jobs.made++
	j.id = makeID("750", o.jobs.made)
	o.jobs.list = append(o.jobs.list, j)
	o.jobs.mu.Unlock()
	o.startJobs()
	info := o.info(j, jobWaiting)
	delete(info, "jobType")
	delete(info, "numberRecordsProcessed")
	writeJSON(w, http.StatusOK, info)
	return nil
}

// startJobs lets every job whose time has come see the org as it is now; it
// returns the moment that it took for that.
func (o *Org) startJobs() (now time.Time) {
	o.jobs.mu.Lock()
	defer o.jobs.mu.Unlock()
	now = o.clock.Now()
	for _, j := range o.jobs.list {
		if j.aborted {
			continue
		}
		waiting := !j.reading.started()
		j.reading.take(o, now)
		if waiting && j.reading.started() {
			j.begin(o)
		}
	}
	return now
}

// begin understands the query anew: the schema may have changed since the job
// was created.
func (j *job) begin(o *Org) {
	q, err := o.ask(j.text, j.operation == "queryAll")
	if err != nil {
		j.err = refuse(http.StatusBadRequest, "", "InvalidBatch : %s", reason(err))
		return
	}
	j.question = q
}

// reason is the message of a refusal without its code.
func reason(err error) string {
	if e, ok := errors.AsType[*apiError](err); ok {
		return e.Message
	}
	return err.Error()
}

// state is what has become of a job by now. A job that should be done is
// finished by whoever asks first.
func (o *Org) state(ctx context.Context, j *job) string {
	now := o.startJobs()
	o.jobs.mu.Lock()
	aborted, started, failed := j.aborted, j.reading.started(), j.err != nil
	o.jobs.mu.Unlock()
	switch {
	case aborted:
		return jobAborted
	case !started:
		return jobWaiting
	case j.stuck || now.Sub(j.created) < o.options.JobLatency:
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
		o.jobs.mu.Lock()
		j.err = err
		o.jobs.mu.Unlock()
	})
	o.jobs.mu.Lock()
	defer o.jobs.mu.Unlock()
	if j.err != nil {
		return jobFailed
	}
	return jobComplete
}

// jobLife is how long a job and its results are kept.
const jobLife = 7 * 24 * time.Hour

func (o *Org) findJob(c *call) (*job, error) {
	o.jobs.mu.Lock()
	defer o.jobs.mu.Unlock()
	id, _ := fullID(c.PathValue("job"))
	for _, j := range o.jobs.list {
		if j.id == id && o.clock.Now().Sub(j.created) < jobLife {
			return j, nil
		}
	}
	return nil, notFound()
}

// info is what a client is told of a job.
func (o *Org) info(j *job, state string) map[string]any {
	o.jobs.mu.Lock()
	object, failure := j.question.obj.name(), j.err
	o.jobs.mu.Unlock()
	info := map[string]any{
		"id": j.id, "operation": j.operation, "object": object, "createdById": o.runningUser(),
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
		info["totalProcessingTime"] = o.options.JobLatency.Milliseconds()
		info["isPkChunkingSupported"] = j.chunked
	}
	return info
}

func (o *Org) jobStatus(w http.ResponseWriter, c *call) error {
	j, err := o.findJob(c)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, o.info(j, o.state(c.Context(), j)))
	return nil
}

func (o *Org) abortJob(w http.ResponseWriter, c *call) error {
	j, err := o.findJob(c)
	if err != nil {
		return err
	}
	var asked struct{ State string }
	if err := json.NewDecoder(c.Body).Decode(&asked); err != nil || asked.State != jobAborted {
		return refuse(http.StatusBadRequest, "INVALIDJOBSTATE", "Unsupported job state: %s", asked.State)
	}
	if state := o.state(c.Context(), j); state != jobWaiting && state != jobRunning {
		return refuse(http.StatusBadRequest, "INVALIDJOBSTATE", "Aborting already Completed Job not allowed")
	}
	o.jobs.mu.Lock()
	j.aborted = true
	o.jobs.mu.Unlock()
	writeJSON(w, http.StatusOK, o.info(j, jobAborted))
	return nil
}

func (o *Org) deleteJob(w http.ResponseWriter, c *call) error {
	j, err := o.findJob(c)
	if err != nil {
		return err
	}
	if state := o.state(c.Context(), j); state == jobWaiting || state == jobRunning {
		return refuse(http.StatusBadRequest, "API_ERROR", "Error encountered when deleting the job because the job is not terminated")
	}
	o.jobs.mu.Lock()
	o.jobs.list = slices.DeleteFunc(o.jobs.list, func(other *job) bool { return other == j })
	o.jobs.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
	return nil
}
