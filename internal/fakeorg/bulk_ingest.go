package fakeorg

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The states that only a job that writes has: it is open until its records
// have arrived.
const jobOpen = "Open"

// ingests are the Bulk jobs that write, in the order in which they were created.
type ingests struct {
	store   *store
	clock   *Clock
	ledger  *ledger
	options bulkOptions
	ids     *jobIDs

	mu   sync.Mutex
	list []*ingest
}

func newIngests(s *store, clock *Clock, l *ledger, ids *jobIDs, options bulkOptions) *ingests {
	return &ingests{store: s, clock: clock, ledger: l, ids: ids, options: options}
}

// An ingest is a Bulk job that writes: records arrive as CSV, and each of them
// succeeds or fails by itself. Like a query job it runs when somebody asks
// something of the org after its time has come.
type ingest struct {
	id, operation, version string
	object                 *object
	external               string // the field that upsert finds records by
	delimiter, ending      string // by their names
	created, closed        time.Time
	state                  string
	content                []byte
	failure                string

	header  []string
	rows    [][]string
	results []ingestResult // of the rows that were processed
}

// An ingestResult is what became of one row.
type ingestResult struct {
	id      string
	created bool
	err     string
}

// maxContent is how many bytes of CSV one job takes: 150 MB by the limits
// reference.
const maxContent = 150 << 20

// An ingestRequest is what a client posts.
type ingestRequest struct {
	Object          string `json:"object"`
	Operation       string `json:"operation"`
	ExternalID      string `json:"externalIdFieldName"`
	ContentType     string `json:"contentType"`
	ColumnDelimiter string `json:"columnDelimiter"`
	LineEnding      string `json:"lineEnding"`
}

func (b *ingests) createIngest(w http.ResponseWriter, c *call) error {
	var asked ingestRequest
	content, err := ingestBody(c, &asked)
	if err != nil {
		return err
	}
	j, err := b.newIngest(c, &asked)
	if err != nil {
		return err
	}
	j.id = b.ids.next()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = append(b.list, j)
	if content != nil {
		j.content, j.state, j.closed = content, jobWaiting, b.clock.Now()
	}
	writeJSON(w, http.StatusOK, j.brief())
	return nil
}

// ingestBody reads a job, and its records too where both come in one request.
func ingestBody(c *call, into *ingestRequest) (content []byte, err error) {
	unreadable := func(err error) error {
		return refuse(http.StatusBadRequest, "JSON_PARSER_ERROR", "%v", err)
	}
	if !strings.HasPrefix(c.Header.Get("Content-Type"), "multipart/form-data") {
		return nil, c.decode(into)
	}
	parts, err := c.MultipartReader()
	if err != nil {
		return nil, unreadable(err)
	}
	for {
		p, err := parts.NextPart()
		switch {
		case err == io.EOF:
			return content, nil
		case err != nil:
			return nil, unreadable(err)
		case p.FormName() == "content":
			content, err = io.ReadAll(io.LimitReader(p, maxContent+1))
		case p.FormName() == "job":
			err = json.NewDecoder(p).Decode(into)
		}
		if err != nil {
			return nil, unreadable(err)
		}
	}
}

// newIngest checks what was asked for.
func (b *ingests) newIngest(c *call, asked *ingestRequest) (*ingest, error) {
	form := jobRequest{
		Operation: "query", ContentType: asked.ContentType, ColumnDelimiter: asked.ColumnDelimiter, LineEnding: asked.LineEnding,
	}
	if err := form.check(); err != nil {
		return nil, err
	}
	bad := func(code, format string, args ...any) error {
		return refuse(http.StatusBadRequest, code, format, args...)
	}
	obj, ok := b.store.object(asked.Object)
	switch {
	case !ok:
		return nil, bad("INVALIDENTITY", "Unable to find object: %s", asked.Object)
	case slices.Contains(b.options.Unsupported, obj.name()) || !obj.about.Createable:
		return nil, bad("INVALIDENTITY", "Entity '%s' is not supported by the Bulk API.", obj.name())
	case asked.Operation == "hardDelete" && !b.options.HardDelete:
		return nil, bad("FEATURENOTENABLED", "hardDelete operation requires special user profile permission, please contact your system administrator")
	case !slices.Contains([]string{"insert", "update", "upsert", "delete", "hardDelete"}, asked.Operation):
		return nil, bad("INVALIDJOB", "Unsupported operation: %s", asked.Operation)
	case asked.Operation == "upsert" && asked.ExternalID == "":
		return nil, bad("INVALIDJOB", "External ID was blank for %s. An External ID must be specified for upsert.", obj.name())
	case asked.Operation == "upsert" && obj.keyField(asked.ExternalID) < 0:
		return nil, bad("INVALIDJOB", "Field name provided, %s does not match an External ID, Salesforce Id, or indexed field for %s", asked.ExternalID, obj.name())
	}
	return &ingest{
		operation: asked.Operation, version: c.version, object: obj, external: asked.ExternalID,
		delimiter: form.ColumnDelimiter, ending: form.LineEnding, created: b.clock.Now(), state: jobOpen,
	}, nil
}

// brief is what a client is told of a job when it creates, closes or lists it.
func (j *ingest) brief() map[string]any {
	info := map[string]any{
		"id": j.id, "operation": j.operation, "object": j.object.name(), "createdById": runningUser(),
		"createdDate": j.created.Format(restTime), "systemModstamp": j.created.Format(restTime),
		"state": j.state, "concurrencyMode": "Parallel", "contentType": "CSV",
		"apiVersion": json.Number(strings.TrimPrefix(j.version, "v")), "lineEnding": j.ending, "columnDelimiter": j.delimiter,
		"assignmentRuleId": nil, "externalIdFieldName": nil,
	}
	if j.external != "" {
		info["externalIdFieldName"] = j.external
	}
	if j.state == jobOpen {
		info["contentUrl"] = "services/data/" + j.version + "/jobs/ingest/" + j.id + "/batches"
	}
	return info
}

// info is what a client is told of a job that it asks for.
func (j *ingest) info(latency time.Duration) map[string]any {
	info := j.brief()
	failed := 0
	for _, r := range j.results {
		if r.err != "" {
			failed++
		}
	}
	info["jobType"], info["retries"], info["apexProcessingTime"] = "V2Ingest", 0, 0
	info["numberRecordsProcessed"], info["numberRecordsFailed"] = len(j.results), failed
	info["totalProcessingTime"] = latency.Milliseconds()
	info["apiActiveProcessingTime"] = info["totalProcessingTime"]
	if j.failure != "" {
		info["errorMessage"] = j.failure
	}
	return info
}

// ingestCall finds the job that a path names and holds on to it for what do
// does.
func (b *ingests) ingestCall(do func(w http.ResponseWriter, c *call, j *ingest) error) handler {
	return func(w http.ResponseWriter, c *call) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		id, _ := fullID(c.PathValue("job"))
		for _, j := range b.list {
			if j.id == id && b.clock.Now().Sub(j.created) < jobLife {
				return do(w, c, j)
			}
		}
		return notFound()
	}
}

func (b *ingests) ingestStatus(w http.ResponseWriter, _ *call, j *ingest) error {
	writeJSON(w, http.StatusOK, j.info(b.options.Latency))
	return nil
}

// ingestUpload takes the records of a job, once.
func (b *ingests) ingestUpload(w http.ResponseWriter, c *call, j *ingest) error {
	switch {
	case j.state != jobOpen:
		return refuse(http.StatusBadRequest, "INVALIDJOBSTATE", "Unable to upload content for a job in state %s", j.state)
	case j.content != nil:
		return refuse(http.StatusBadRequest, "CLIENTINPUTERROR", "Content has already been uploaded for job %s", j.id)
	}
	content, err := io.ReadAll(io.LimitReader(c.Body, maxContent+1))
	if err != nil {
		return refuse(http.StatusBadRequest, "CLIENTINPUTERROR", "The content couldn't be read to its end")
	}
	if len(content) > maxContent {
		return refuse(http.StatusRequestEntityTooLarge, "CLIENTINPUTERROR", "The content is larger than %d bytes", maxContent)
	}
	j.content = content
	w.WriteHeader(http.StatusCreated)
	return nil
}

// ingestState closes a job for processing, or aborts it.
func (b *ingests) ingestState(w http.ResponseWriter, c *call, j *ingest) error {
	var asked struct{ State string }
	if err := c.decode(&asked); err != nil {
		return err
	}
	switch {
	case asked.State == jobWaiting && j.state == jobOpen:
		j.state, j.closed = jobWaiting, b.clock.Now()
	case asked.State == jobAborted && !j.ended():
		j.state = jobAborted
		j.parse()
	default:
		return refuse(http.StatusBadRequest, "INVALIDJOBSTATE", "Unable to change the state of a job from %s to %s", j.state, asked.State)
	}
	writeJSON(w, http.StatusOK, j.brief())
	return nil
}

func (b *ingests) ingestDelete(w http.ResponseWriter, _ *call, j *ingest) error {
	if !j.ended() {
		return refuse(http.StatusBadRequest, "API_ERROR", "Error encountered when deleting the job because the job is not terminated")
	}
	b.list = slices.DeleteFunc(b.list, func(other *ingest) bool { return other == j })
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (j *ingest) ended() bool {
	return j.state == jobComplete || j.state == jobFailed || j.state == jobAborted
}
