// Package bulk answers Bulk API 2.0 in both directions: [Queries] are the jobs that
// read, [Ingests] those that write. Nothing runs in the background: what time has
// made of a job is worked out when somebody asks.
package bulk

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

	"catchment/internal/fakeorg/faults"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/query"
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
	"catchment/internal/fakeorg/tooling"
	"catchment/internal/fakeorg/usage"
	"catchment/internal/fakeorg/web"
)

// The states of a Bulk query job.
const (
	jobWaiting  = "UploadComplete"
	jobRunning  = "InProgress"
	jobComplete = "JobComplete"
	jobFailed   = "Failed"
	jobAborted  = "Aborted"
)

// Options say how Bulk jobs of both kinds are done.
type Options struct {
	Clock       *orgtime.Clock
	Latency     time.Duration // from the creation of a job to its end
	Chunks      int           // parts of a query job that are read at moments of their own
	PageRecords int           // records of a result page at most
	Unsupported []string      // objects that the Bulk API refuses
	HardDelete  bool          // the user may delete for good
}

// IDs are the Ids of jobs of both kinds.
type IDs struct{ made atomic.Int64 }

func (n *IDs) next() string { return recordid.New("750", int(n.made.Add(1))) }

// Queries are the Bulk query jobs, in the order in which they were created.
type Queries struct {
	store   *store.Store
	asker   *query.Asker
	usage   *usage.Meter
	options Options
	ids     *IDs

	mu   sync.Mutex
	list []*job
}

// NewQueries makes Queries without jobs.
func NewQueries(s *store.Store, a *query.Asker, u *usage.Meter, ids *IDs, options Options) *Queries {
	return &Queries{store: s, asker: a, usage: u, ids: ids, options: options}
}

// A job reads the org as it is at the moment when it starts to run, whenever
// its results are fetched. Nothing runs in the background: what time has made
// of a job is worked out when somebody asks, and before anything changes.
type job struct {
	id, operation, version string
	delimiter, ending      string // by their names
	text                   string
	asker                  *query.Asker    // of the version that the job was created in
	question               *query.Question // as it was understood when the job was created, or last started
	chunked                bool            // it reads chunks of primary keys: ORDER BY and LIMIT switch that off
	created                time.Time
	failure                string // scripted by a fault
	stuck                  bool   // likewise: it never gets done
	patience               int    // likewise: more records take too long; 0 is any number

	reading *reading // guarded by the mu of Queries while it is taken, like question, aborted and err
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
		return reply.Bad("INVALIDJOB", "Unsupported operation: %s", r.Operation)
	case r.ContentType != "CSV":
		return reply.Bad("INVALIDJOB", "Unsupported content type: %s", r.ContentType)
	case delimiters()[r.ColumnDelimiter] == 0:
		return reply.Bad("INVALIDJOB", "Unsupported column delimiter: %s", r.ColumnDelimiter)
	case lineEndings()[r.LineEnding] == "":
		return reply.Bad("INVALIDJOB", "Unsupported line ending: %s", r.LineEnding)
	}
	return nil
}

// refusedByBulk is what SOQL allows and Bulk does not.
func (b *Queries) refusedByBulk(q *query.Question) error {
	name := q.Object.Name()
	switch {
	case slices.Contains(b.options.Unsupported, name), q.Object.Prefix() == "",
		name == "UserPermissionAccess", name == "AccountFeed":
		return reply.Bad("INVALIDENTITY", "Entity '%s' is not supported by the Bulk API.", name)
	case q.Bound.Count, q.Bound.Grouped:
		return reply.Bad("API_ERROR", "Aggregate Relationships not supported in Bulk Query")
	case q.Bound.FieldsAll:
		return reply.Bad("MALFORMED_QUERY",
			"The SOQL FIELDS function is not supported for unbounded sets in Bulk Query")
	case q.Bound.Offset >= 0:
		return reply.Bad("API_ERROR", "OFFSET is not supported in Bulk Query")
	}
	for _, column := range q.Bound.Columns {
		switch {
		case column.Child != nil:
			return reply.Bad("API_ERROR",
				"Aggregate Relationships not supported in Bulk V2 Query with CSV content type")
		case column.Typeof != nil:
			return reply.Bad("API_ERROR", "TYPEOF is not supported in Bulk Query")
		case column.Type == "address", column.Type == "location":
			return reply.Bad("API_ERROR", "Selecting compound data not supported in Bulk Query")
		case column.Type == "base64":
			// Seen of the older Bulk API, as FeatureNotEnabled.
			return reply.Bad("FEATURENOTENABLED", "Binary field not supported")
		}
	}
	return nil
}

func (b *Queries) createJob(w http.ResponseWriter, c *web.Call) error {
	var asked jobRequest
	if err := c.Decode(&asked); err != nil {
		return err
	}
	if err := asked.check(); err != nil {
		return err
	}
	if object, ok := tooling.Describes(asked.Query); ok {
		return reply.Bad("INVALIDENTITY", "Entity '%s' is not supported by the Bulk API.", object)
	}
	asker := b.asker.In(c.VersionNumber())
	q, err := asker.Ask(asked.Query, asked.Operation == "queryAll")
	if err != nil {
		return err
	}
	if err := b.refusedByBulk(q); err != nil {
		return err
	}
	if err := b.usage.ChargeJob(); err != nil {
		return err
	}
	j := &job{
		text: asked.Query, asker: asker, operation: asked.Operation, version: c.Version, question: q,
		delimiter: asked.ColumnDelimiter, ending: asked.LineEnding,
		chunked: !q.Bound.Sorted && q.Bound.Limit < 0, created: b.options.Clock.Now(),
	}
	if c.Fault != nil {
		q.Twice = c.Fault.Twice
		j.failure, j.stuck, j.patience = c.Fault.FailJob, c.Fault.StickJob, c.Fault.TimeOutOver
		if j.failure == "" && c.Fault.TooComplex(len(q.Bound.Columns)) {
			j.failure = "QUERY_TOO_COMPLICATED : " + faults.Named()["too-complicated"].Message
		}
	}
	j.reading = newReading(j, b.options.Latency, b.options.Chunks)
	b.mu.Lock()
	j.id = b.ids.next()
	b.list = append(b.list, j)
	b.mu.Unlock()
	b.StartJobs()
	info := b.info(j, jobWaiting)
	delete(info, "jobType")
	delete(info, "numberRecordsProcessed")
	reply.JSON(w, http.StatusOK, info)
	return nil
}

// StartJobs lets every job whose time has come see the org as it is now; it
// returns the moment that it took for that.
func (b *Queries) StartJobs() (now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now = b.options.Clock.Now()
	for _, j := range b.list {
		if j.aborted {
			continue
		}
		waiting := !j.reading.started()
		j.reading.take(b.store, b.options.Clock, now)
		if waiting && j.reading.started() {
			j.begin()
		}
	}
	return now
}

// begin understands the query anew: the schema may have changed since the job
// was created.
func (j *job) begin() {
	q, err := j.asker.Ask(j.text, j.operation == "queryAll")
	if err != nil {
		j.err = reply.Bad("", "InvalidBatch : %s", reply.Reason(err))
		return
	}
	q.Twice = j.question.Twice
	j.question = q
}

// state is what has become of a job by now. A job that should be done is
// finished by whoever asks first.
func (b *Queries) state(ctx context.Context, j *job) string {
	now := b.StartJobs()
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
		err := error(reply.Bad("", "%s", j.failure))
		if j.failure == "" {
			// The job isn't the request's: it goes on where the client hangs up.
			err = j.reading.run(context.WithoutCancel(ctx), j.question)
		}
		if err == nil && j.patience > 0 && j.reading.total > j.patience {
			err = reply.Bad("", "QUERY_TIMEOUT : %s", faults.Named()["query-timeout"].Message)
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

func (b *Queries) findJob(c *web.Call) (*job, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	id, _ := recordid.Full(c.PathValue("job"))
	for _, j := range b.list {
		if j.id == id && b.options.Clock.Now().Sub(j.created) < jobLife {
			return j, nil
		}
	}
	return nil, reply.NotFound()
}

// info is what a client is told of a job.
func (b *Queries) info(j *job, state string) map[string]any {
	b.mu.Lock()
	object, failure := j.question.Object.Name(), j.err
	b.mu.Unlock()
	info := map[string]any{
		"id": j.id, "operation": j.operation, "object": object, "createdById": recordid.RunningUser(),
		"createdDate": j.created.Format(orgtime.RESTLayout), "systemModstamp": j.created.Format(orgtime.RESTLayout),
		"state": state, "concurrencyMode": "Parallel", "contentType": "CSV",
		"apiVersion": json.Number(strings.TrimPrefix(j.version, "v")), "jobType": "V2Query",
		"lineEnding": j.ending, "columnDelimiter": j.delimiter,
	}
	switch state {
	case jobComplete:
		info["numberRecordsProcessed"] = j.reading.total
	case jobFailed:
		info["errorMessage"] = reply.Reason(failure)
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

func (b *Queries) jobStatus(w http.ResponseWriter, c *web.Call) error {
	j, err := b.findJob(c)
	if err != nil {
		return err
	}
	reply.JSON(w, http.StatusOK, b.info(j, b.state(c.Context(), j)))
	return nil
}

func (b *Queries) abortJob(w http.ResponseWriter, c *web.Call) error {
	j, err := b.findJob(c)
	if err != nil {
		return err
	}
	var asked struct{ State string }
	if err := json.NewDecoder(c.Body).Decode(&asked); err != nil || asked.State != jobAborted {
		return reply.Bad("INVALIDJOBSTATE", "Unsupported job state: %s", asked.State)
	}
	if state := b.state(c.Context(), j); state != jobWaiting && state != jobRunning {
		return reply.Bad("INVALIDJOBSTATE", "Aborting already Completed Job not allowed")
	}
	b.mu.Lock()
	j.aborted = true
	b.mu.Unlock()
	reply.JSON(w, http.StatusOK, b.info(j, jobAborted))
	return nil
}

func (b *Queries) deleteJob(w http.ResponseWriter, c *web.Call) error {
	j, err := b.findJob(c)
	if err != nil {
		return err
	}
	if state := b.state(c.Context(), j); state == jobWaiting || state == jobRunning {
		return reply.Bad("API_ERROR", "Error encountered when deleting the job because the job is not terminated")
	}
	b.mu.Lock()
	b.list = slices.DeleteFunc(b.list, func(other *job) bool { return other == j })
	b.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
	return nil
}
