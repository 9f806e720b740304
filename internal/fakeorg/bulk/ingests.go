package bulk

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"catchment/internal/fakeorg/change"
	"catchment/internal/fakeorg/faults"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
	"catchment/internal/fakeorg/web"
)

// The states that only a job that writes has: it is open until its records
// have arrived.
const jobOpen = "Open"

// Ingests are the Bulk jobs that write, in the order in which they were created.
type Ingests struct {
	store   *store.Store
	ledger  *change.Ledger
	faults  *faults.Rules
	options Options
	ids     *IDs

	mu   sync.Mutex
	list []*ingest
}

// NewIngests makes Ingests without jobs.
func NewIngests(s *store.Store, l *change.Ledger, rules *faults.Rules, ids *IDs, options Options) *Ingests {
	return &Ingests{store: s, ledger: l, faults: rules, ids: ids, options: options}
}

// An ingest is a Bulk job that writes: records arrive as CSV, and each of them
// succeeds or fails by itself. Like a query job it runs when somebody asks
// something of the org after its time has come.
type ingest struct {
	id, operation, version string
	origin                 string // by what it changes records, as change events name it
	store                  *store.Store
	faults                 *faults.Rules
	object                 *store.Object
	external               string // the field that upsert finds records by
	delimiter, ending      string // by their names
	created, closed        time.Time
	state                  string
	content                []byte
	failure                string
	fails                  string // the message with which it will fail; empty where it won't
	stuck                  bool   // it never ends

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

func (b *Ingests) createIngest(w http.ResponseWriter, c *web.Call) error {
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
	if c.Fault != nil {
		j.fails, j.stuck = c.Fault.FailJob, c.Fault.StickJob
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = append(b.list, j)
	if content != nil {
		j.content, j.state, j.closed = content, jobWaiting, b.options.Clock.Now()
	}
	reply.JSON(w, http.StatusOK, j.brief())
	return nil
}

// ingestBody reads a job, and its records too where both come in one request.
func ingestBody(c *web.Call, into *ingestRequest) (content []byte, err error) {
	unreadable := func(err error) error {
		return reply.Bad("JSON_PARSER_ERROR", "%v", err)
	}
	if !strings.HasPrefix(c.Header.Get("Content-Type"), "multipart/form-data") {
		return nil, c.Decode(into)
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

// takes tells whether an object can be written by an operation. What nobody creates
// may still be deleted: a ContentDocument comes with its first version.
func takes(obj *store.Object, operation string) bool {
	deletes := operation == "delete" || operation == "hardDelete"
	return obj.About.Createable || deletes && obj.About.Deletable
}

// newIngest checks what was asked for.
func (b *Ingests) newIngest(c *web.Call, asked *ingestRequest) (*ingest, error) {
	form := jobRequest{
		Operation: "query", ContentType: asked.ContentType,
		ColumnDelimiter: asked.ColumnDelimiter, LineEnding: asked.LineEnding,
	}
	if err := form.check(); err != nil {
		return nil, err
	}
	bad := func(code, format string, args ...any) error {
		return reply.Bad(code, format, args...)
	}
	obj, ok := b.store.Object(asked.Object)
	switch {
	case !ok:
		return nil, bad("INVALIDENTITY", "Unable to find object: %s", asked.Object)
	case slices.Contains(b.options.Unsupported, obj.Name()) || !takes(obj, asked.Operation):
		return nil, bad("INVALIDENTITY", "Entity '%s' is not supported by the Bulk API.", obj.Name())
	case asked.Operation == "hardDelete" && !b.options.HardDelete:
		return nil, bad("FEATURENOTENABLED",
			"hardDelete operation requires special user profile permission, "+
				"please contact your system administrator")
	case !slices.Contains([]string{"insert", "update", "upsert", "delete", "hardDelete"}, asked.Operation):
		return nil, bad("INVALIDJOB", "Unsupported operation: %s", asked.Operation)
	case asked.Operation == "upsert" && asked.ExternalID == "":
		return nil, bad("INVALIDJOB",
			"External ID was blank for %s. An External ID must be specified for upsert.", obj.Name())
	case asked.Operation == "upsert" && obj.KeyField(asked.ExternalID) < 0:
		return nil, bad("INVALIDJOB",
			"Field name provided, %s does not match an External ID, Salesforce Id, or indexed field for %s",
			asked.ExternalID, obj.Name())
	}
	return &ingest{
		operation: asked.Operation, version: c.Version, origin: c.Origin(), external: asked.ExternalID,
		store: b.store, faults: b.faults, object: obj,
		delimiter: form.ColumnDelimiter, ending: form.LineEnding, created: b.options.Clock.Now(), state: jobOpen,
	}, nil
}

// brief is what a client is told of a job when it creates, closes or lists it.
func (j *ingest) brief() map[string]any {
	info := map[string]any{
		"id": j.id, "operation": j.operation, "object": j.object.Name(), "createdById": recordid.RunningUser(),
		"createdDate": j.created.Format(orgtime.RESTLayout), "systemModstamp": j.created.Format(orgtime.RESTLayout),
		"state": j.state, "concurrencyMode": "Parallel", "contentType": "CSV",
		"apiVersion": json.Number(strings.TrimPrefix(j.version, "v")),
		"lineEnding": j.ending, "columnDelimiter": j.delimiter, "assignmentRuleId": nil, "externalIdFieldName": nil,
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
func (b *Ingests) ingestCall(do func(w http.ResponseWriter, c *web.Call, j *ingest) error) web.Handler {
	return func(w http.ResponseWriter, c *web.Call) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		id, _ := recordid.Full(c.PathValue("job"))
		for _, j := range b.list {
			if j.id == id && b.options.Clock.Now().Sub(j.created) < jobLife {
				return do(w, c, j)
			}
		}
		return reply.NotFound()
	}
}

func (b *Ingests) ingestStatus(w http.ResponseWriter, _ *web.Call, j *ingest) error {
	reply.JSON(w, http.StatusOK, j.info(b.options.Latency))
	return nil
}

// ingestUpload takes the records of a job, once.
func (b *Ingests) ingestUpload(w http.ResponseWriter, c *web.Call, j *ingest) error {
	switch {
	case j.state != jobOpen:
		return reply.Bad("INVALIDJOBSTATE", "Unable to upload content for a job in state %s", j.state)
	case j.content != nil:
		return reply.Bad("CLIENTINPUTERROR", "Content has already been uploaded for job %s", j.id)
	}
	content, err := io.ReadAll(io.LimitReader(c.Body, maxContent+1))
	if err != nil {
		return reply.Bad("CLIENTINPUTERROR", "The content couldn't be read to its end")
	}
	if len(content) > maxContent {
		return reply.Refuse(http.StatusRequestEntityTooLarge, "CLIENTINPUTERROR",
			"The content is larger than %d bytes", maxContent)
	}
	j.content = content
	w.WriteHeader(http.StatusCreated)
	return nil
}

// ingestState closes a job for processing, or aborts it.
func (b *Ingests) ingestState(w http.ResponseWriter, c *web.Call, j *ingest) error {
	var asked struct{ State string }
	if err := c.Decode(&asked); err != nil {
		return err
	}
	switch {
	case asked.State == jobWaiting && j.state == jobOpen:
		j.state, j.closed = jobWaiting, b.options.Clock.Now()
	case asked.State == jobAborted && !j.ended():
		j.state = jobAborted
		j.parse()
	default:
		return reply.Bad("INVALIDJOBSTATE", "Unable to change the state of a job from %s to %s", j.state, asked.State)
	}
	reply.JSON(w, http.StatusOK, j.brief())
	return nil
}

func (b *Ingests) ingestDelete(w http.ResponseWriter, _ *web.Call, j *ingest) error {
	if !j.ended() {
		return reply.Bad("API_ERROR", "Error encountered when deleting the job because the job is not terminated")
	}
	b.list = slices.DeleteFunc(b.list, func(other *ingest) bool { return other == j })
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (j *ingest) ended() bool {
	return j.state == jobComplete || j.state == jobFailed || j.state == jobAborted
}
