package bulk

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"catchment/internal/fakeorg/change"
	"catchment/internal/fakeorg/csv"
	"catchment/internal/fakeorg/halves"
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/reply"
)

// recordsAtOnce is how many records share a transaction.
const recordsAtOnce = 200

// RunIngests does what the jobs ask for whose time has come.
func (b *Ingests) RunIngests() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.options.Clock.Now()
	for _, j := range b.list {
		if j.state == jobWaiting && now.Sub(j.closed) >= b.options.Latency/4 {
			j.state = jobRunning
		}
		if j.stuck {
			continue
		}
		if j.state == jobRunning && now.Sub(j.closed) >= b.options.Latency {
			j.run(b.ledger)
		}
	}
}

// run processes all rows of a job.
func (j *ingest) run(l *change.Ledger) {
	j.state = jobFailed
	if j.fails != "" {
		j.failure = j.fails
		j.parse()
		return
	}
	if j.failure = j.parse(); j.failure != "" {
		return
	}
	if j.failure = j.checkHeader(); j.failure != "" {
		return
	}
	for rows := range slices.Chunk(j.rows, recordsAtOnce) {
		err := l.Within("", j.origin, func(e *change.Edit) error {
			for _, row := range rows {
				j.results = append(j.results, j.process(e, row))
			}
			return nil
		})
		if err != nil {
			j.failure = reply.Reason(err)
			return
		}
	}
	j.state = jobComplete
}

// parse reads the content into rows; it says what is wrong with it.
func (j *ingest) parse() string {
	text := strings.TrimPrefix(string(j.content), "\ufeff")
	if text == "" {
		return ""
	}
	lines, err := csv.Parse(text, delimiters()[j.delimiter])
	if err != nil {
		return "InvalidBatch : " + err.Error()
	}
	first, _, _ := strings.Cut(text, "\n")
	if ending := lineEndings()[j.ending]; strings.HasSuffix(first, "\r") != (ending == "\r\n") {
		return "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is " + j.ending
	}
	j.header, j.rows = lines[0], lines[1:]
	return ""
}

// checkHeader says which column can't be.
func (j *ingest) checkHeader() string {
	for _, name := range j.header {
		relation, _, nested := strings.Cut(name, ".")
		if nested && j.object.LookupOf(relation) < 0 || !nested && j.object.Place(name) < 0 {
			return "InvalidBatch : Field name not found : " + name
		}
		if at := j.object.Place(name); at >= 0 && j.object.Slots[at].Type == "base64" {
			return "InvalidBatch : Binary field " + name + " is only supported for content types ZIP_XML and ZIP_CSV"
		}
	}
	deletes := j.operation == "delete" || j.operation == "hardDelete"
	if deletes && (len(j.header) != 1 || !strings.EqualFold(j.header[0], "Id")) {
		return "InvalidBatch : The '" + j.operation + "' batch must contain only ids"
	}
	if j.operation == "update" && j.column("Id") < 0 {
		return "InvalidBatch : The 'update' batch must contain an 'Id' column"
	}
	if j.operation == "upsert" && j.column(j.external) < 0 {
		return "InvalidBatch : Field name not found : " + j.external
	}
	return ""
}

func (j *ingest) column(name string) int {
	return slices.IndexFunc(j.header, func(h string) bool { return strings.EqualFold(h, name) })
}

// process does with one row what the job is for. What fails leaves nothing.
func (j *ingest) process(e *change.Edit, row []string) (done ingestResult) {
	err := e.Try(func(e *change.Edit) error {
		var err error
		done, err = j.apply(e, row)
		return err
	})
	if err != nil {
		err = reply.OfMany(err)
		done = ingestResult{id: j.failedID(done.id, err), err: rowError(err)}
	}
	return done
}

// failedID is the Id by which the results name a record that failed: the guide
// has it from v53.0 on, and only of a record that there is.
func (j *ingest) failedID(id string, err error) string {
	version, _ := strconv.ParseFloat(strings.TrimPrefix(j.version, "v"), 64) // it has been checked
	refused, ok := errors.AsType[*reply.Refusal](err)
	unknown := ok && refused.Code == "INVALID_CROSS_REFERENCE_KEY" && refused.Fields == nil
	if version < 53 || unknown {
		return ""
	}
	return id
}

func (j *ingest) apply(e *change.Edit, row []string) (ingestResult, error) {
	given := j.given(row)
	id := ""
	if at := j.column("Id"); at >= 0 {
		id = row[at]
	}
	switch j.operation {
	case "insert":
		if err := j.met(http.MethodPost, ""); err != nil {
			return ingestResult{}, err
		}
		id, err := e.Create(j.object, given)
		return ingestResult{id: id, created: true}, err
	case "upsert":
		key := row[j.column(j.external)]
		delete(given, j.header[j.column(j.external)])
		id, created, err := e.Upsert(j.object, j.external, key, given)
		return ingestResult{id: id, created: created}, err
	}
	full, ok := recordid.Full(id)
	if !ok {
		return ingestResult{}, reply.Bad("MALFORMED_ID", "bad id %s", id)
	}
	if j.store.Catalog().IsOfAnother(j.object, full) {
		return ingestResult{}, reply.Bad("MALFORMED_ID",
			"%s ID: id value of incorrect type: %s", j.object.About.Label, id).On("Id")
	}
	done := ingestResult{id: full}
	if err := j.met(j.method(), "/"+full); err != nil {
		return done, err
	}
	switch j.operation {
	case "delete":
		return done, e.Delete(j.object, full)
	case "hardDelete":
		return done, e.Purge(j.object, full)
	}
	return done, e.Update(j.object, full, given)
}

// method is that of the request that would do the same with one record that there is.
func (j *ingest) method() string {
	if j.operation == "delete" || j.operation == "hardDelete" {
		return http.MethodDelete
	}
	return http.MethodPatch
}

// met is what is scripted to go wrong with a record: rules see it as the request that
// would write it alone.
func (j *ingest) met(method, id string) error {
	at := "/services/data/" + j.version + "/sobjects/" + j.object.Name() + id
	return j.faults.Match("record", method, at).Refuse()
}

// given brings a row into the form in which a request has the fields of a
// record. An empty field says nothing; #N/A says null.
func (j *ingest) given(row []string) map[string]json.RawMessage {
	given := map[string]json.RawMessage{}
	for i, name := range j.header {
		value, relation, nested := row[i], "", false
		if strings.EqualFold(name, "Id") || value == "" {
			continue
		}
		if relation, name, nested = cutRelation(name); nested {
			given[relation] = reply.Raw(map[string]halves.Text{name: halves.Text(value)})
			continue
		}
		switch typ := j.object.Slots[j.object.Place(name)].Type; {
		case value == "#N/A":
			given[name] = json.RawMessage("null")
		case typ == "boolean":
			given[name] = reply.Raw(strings.ToLower(value))
		default:
			given[name] = reply.Raw(halves.Text(value))
		}
	}
	return given
}

func cutRelation(column string) (relation, name string, nested bool) {
	if relation, name, nested = strings.Cut(column, "."); nested {
		return relation, name, true
	}
	return "", column, false
}

// rowError is how a result names an error: the code, the message and the
// fields, which may be none.
func rowError(err error) string {
	fields := "--"
	code := "UNKNOWN_EXCEPTION"
	if e, ok := err.(*reply.Refusal); ok {
		code = e.Code
		if e.Fields != nil {
			fields = strings.Join(e.Fields, ", ") + " --"
		}
	}
	return code + ":" + reply.Reason(err) + ":" + fields
}
