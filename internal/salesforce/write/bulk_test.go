package write_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/salesforce/write"
)

const (
	ingest  = "/services/data/v66.0/jobs/ingest"
	jobID   = "750000000000001AAA"
	another = "750000000000002AAA"
)

// info writes what a job says of itself.
func info(id, verb, state string) string {
	return fmt.Sprintf(`{"id":%q,"operation":%q,"object":"Account","state":%q,"apiVersion":66.0,`+
		`"contentUrl":"https://elsewhere.example/","errorMessage":"InvalidBatch : no such column"}`, id, verb, state)
}

func csv(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { answer(w, "text/csv", 200, text) }
}

// A jobs serves one job, as it goes where nothing is amiss; a test puts others in the place of its parts.
type jobs struct {
	create, upload, change, state, successful, failed, unprocessed http.HandlerFunc

	states []string // in turn
}

// serve serves a job that deletes or inserts.
func (o *org) serve(verb string, j jobs) {
	or := func(h, otherwise http.HandlerFunc) http.HandlerFunc {
		if h != nil {
			return h
		}
		return otherwise
	}
	if j.states == nil {
		j.states = []string{"InProgress", "JobComplete"}
	}
	var states []http.HandlerFunc
	for _, s := range j.states {
		states = append(states, reply(200, info(jobID, verb, s)))
	}
	job := ingest + "/" + jobID
	o.handle("POST "+ingest, or(j.create, reply(200, info(jobID, verb, "Open"))))
	o.handle("PUT "+job+"/batches", or(j.upload, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(201) }))
	o.handle("PATCH "+job, or(j.change, reply(200, info(jobID, verb, "UploadComplete"))))
	if j.state != nil {
		states = []http.HandlerFunc{j.state}
	}
	o.handle("GET "+job, states...)
	o.handle("GET "+job+"/successfulResults", or(j.successful, csv("\"sf__Id\",\"sf__Created\",\"Id\"\n")))
	o.handle("GET "+job+"/failedResults", or(j.failed, csv("\"sf__Id\",\"sf__Error\",\"Id\"\n")))
	o.handle("GET "+job+"/unprocessedrecords", or(j.unprocessed, csv("")))
}

// deletes is a table of these Ids.
func deletes(ids ...string) write.Table {
	return write.Table{Verb: write.Delete, Object: "Account", Rows: write.IDs(slices.Values(ids))}
}

// inserts is a table of these rows.
func inserts(columns []string, rows ...[]string) write.Table {
	return write.Table{Verb: write.Insert, Object: "Account", Columns: columns,
		Rows: func(yield func([]string, error) bool) {
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
		}}
}

// bulk writes a table and gives the outcomes.
func (o *org) bulk(t *testing.T, table write.Table) (outcomes []write.Outcome, err error) {
	t.Helper()
	err = o.Bulk(t.Context(), table, func(one write.Outcome) error {
		outcomes = append(outcomes, one)
		return nil
	})
	return outcomes, err
}

func TestBulkDelete(t *testing.T) {
	o := newOrg(t)
	o.serve("delete", jobs{
		upload: func(w http.ResponseWriter, r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			if want := "\"Id\"\n\"" + id(1) + "\"\n\"" + id(2) + "\"\n\"" + id(3) + "\"\n"; string(text) != want {
				t.Errorf("sent %s", text)
			}
			w.WriteHeader(201)
		},
		successful: csv("\"sf__Id\",\"sf__Created\",\"Id\"\n\"" + id(3) + "\",\"false\",\"" + id(3) + "\"\n"),
		failed: csv("\"sf__Id\",\"sf__Error\",\"Id\"\n\"" + id(1) + "\",\"UNABLE_TO_LOCK_ROW:unable to obtain " +
			"exclusive access to this record: Smith:--\",\"" + id(1) + "\"\n"),
		unprocessed: csv("\"Id\"\n\"" + id(2) + "\"\n"),
	})
	outcomes, err := o.bulk(t, deletes(id(1), "nonsense", id(2), id(3)[:15], id(3)))
	if err != nil {
		t.Fatal(err)
	}
	check(t, outcomes,
		"0 "+id(1)+" failed UNABLE_TO_LOCK_ROW locked retry",
		"1  failed MALFORMED_ID no id bug",
		"2 "+id(2)+" failed UNPROCESSED unprocessed retry",
		"3 "+id(3)+" done",
		"4 "+id(3)+" failed DUPLICATE_VALUE_IN_LIST twice bug")
}

// Results come in any order; rows that are alike are told apart by nothing, so that either has either's Id.
func TestBulkInsert(t *testing.T) {
	o := newOrg(t)
	var order string
	o.serve("insert", jobs{
		create: func(w http.ResponseWriter, r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			order = string(text)
			reply(200, info(jobID, "insert", "Open"))(w, r)
		},
		successful: csv("\"sf__Id\",\"sf__Created\",\"Name\",\"Phone\"\n\"" + id(5) + "\",\"true\",\"twin\",\"1\"\n\"" +
			id(6) + "\",\"true\",\"a\nb\",\"\"\n\"" + id(7) + "\",\"true\",\"twin\",\"1\"\n"),
		failed: csv("\"sf__Id\",\"sf__Error\",\"Name\",\"Phone\"\n\"\",\"REQUIRED_FIELD_MISSING:Required fields are " +
			"missing: [Name]:Name --\",\"\",\"2\"\n"),
	})
	outcomes, err := o.bulk(t, inserts([]string{"Name", "Phone"}, []string{"a\r\nb", ""}, []string{"twin", "1"},
		[]string{"", "2"}, []string{"#N/A", "3"}, []string{"twin", "1"}, []string{"one"}))
	if err != nil {
		t.Fatal(err)
	}
	check(t, outcomes, "0 "+id(6)+" done", "1 "+id(5)+" done", "2  failed REQUIRED_FIELD_MISSING value fix",
		"3  failed NOT_FOR_CSV value fix", "4 "+id(7)+" done", "5  failed INVALID_INPUT value fix")
	if want := `{"columnDelimiter":"COMMA","contentType":"CSV","lineEnding":"LF","object":"Account",` +
		`"operation":"insert"}`; order != want {
		t.Errorf("ordered %s", order)
	}
}

// Results that can't be had, or can't be those of this job, are nothing to believe: the records tell.
func TestBulkResultsAreSettled(t *testing.T) {
	done := func(ids ...string) string {
		text := "\"sf__Id\",\"sf__Created\",\"Id\"\n"
		for _, id := range ids {
			text += "\"" + id + "\",\"false\",\"" + id + "\"\n"
		}
		return text
	}
	for name, j := range map[string]jobs{
		"no answer":      {successful: reset},
		"a cut list":     {successful: cut("text/csv", done(id(1))+`"001`)},
		"a web page":     {successful: webPage(200)},
		"JSON":           {successful: reply(200, `[]`)},
		"no columns":     {successful: csv("\"a\",\"b\"\n")},
		"another's rows": {successful: csv(done(id(8), id(9)))},
		"too many rows":  {successful: csv(done(id(8), id(9), id(7), id(1)))},
		"wrong Ids":      {successful: csv("sf__Id,sf__Created,Id\n" + id(9) + ",false," + id(1) + "\n")},
		"contradictions": {successful: csv(done(id(1), id(2))),
			failed: csv("sf__Error,Id\nX:y:--," + id(1) + "\nX:y:--," + id(2) + "\n")},
		"no results":       {},
		"the job is gone":  {state: refusal(404, "NOT_FOUND", "x")},
		"a strange state":  {states: []string{"Dreaming"}},
		"another job":      {state: reply(200, info(another, "delete", "JobComplete"))},
		"endless trouble":  {state: reply(500, `[]`)},
		"endless progress": {states: []string{"InProgress"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrg(t)
			o.serve("delete", j)
			o.handle("GET /services/data/v66.0/queryAll", holds(map[string]bool{id(1): true, id(2): false}))
			outcomes, err := o.bulk(t, deletes(id(1), id(2)))
			second := "1 " + id(2) + " failed NO_RESULT untold retry"
			if j.state != nil || len(j.states) > 0 { // who knows whether it is still at work
				if second = "1 " + id(2) + " unknown live"; err == nil {
					t.Error("no error")
				}
			} else if err != nil {
				t.Error(err)
			}
			check(t, outcomes, "0 "+id(1)+" done", second)
			if n := o.sent("POST"); n != 1 {
				t.Errorf("%d jobs were made", n)
			}
		})
	}
}

// Until a job is closed it writes nothing: what fails before is an error without outcomes, and never sent again.
func TestBulkBeforeItIsClosed(t *testing.T) {
	for name, j := range map[string]jobs{
		"create: no answer":   {create: reset},
		"create: another job": {create: reply(200, info(jobID, "hardDelete", "Open"))},
		"create: no Id":       {create: reply(200, info("../../x", "delete", "Open"))},
		"create: refused":     {create: refusal(400, "INVALIDENTITY", "x")},
		"upload: no answer":   {upload: reset},
		"upload: refused":     {upload: refusal(400, "CLIENTINPUTERROR", "x")},
		"close: refused":      {change: refusal(400, "INVALIDJOBSTATE", "x"), states: []string{"Open", "Aborted"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrg(t)
			o.serve("delete", j)
			outcomes, err := o.bulk(t, deletes(id(1)))
			if outcomes != nil || err == nil {
				t.Errorf("%v, %v", outcomes, err)
			}
			if n := o.sent("POST"); n != 1 {
				t.Errorf("%d jobs were made", n)
			}
			if n := o.sent("PUT"); n > 1 {
				t.Errorf("%d uploads were made", n)
			}
			if strings.HasPrefix(name, "upload") && o.sent("PATCH") != 1 {
				t.Error("the job wasn't aborted")
			}
		})
	}
}

// A lost answer to the closing is settled by the job's state.
func TestBulkClosedWithoutAnAnswer(t *testing.T) {
	o := newOrg(t)
	o.serve("delete", jobs{change: reset, states: []string{"Open", "UploadComplete", "JobComplete"},
		successful: csv("sf__Id,sf__Created,Id\n" + id(1) + ",false," + id(1) + "\n")})
	outcomes, err := o.bulk(t, deletes(id(1)))
	if err != nil {
		t.Fatal(err)
	}
	check(t, outcomes, "0 "+id(1)+" done")
}

// One whose answer never comes may have been heard, after all: the job is aborted, and tells what it did.
func TestBulkClosedWithoutEverAnAnswer(t *testing.T) {
	o := newOrg(t)
	o.serve("delete", jobs{change: reset, states: []string{"Open", "Open", "Open", "Open", "InProgress", "Aborted"},
		successful:  csv("sf__Id,sf__Created,Id\n" + id(1) + ",false," + id(1) + "\n"),
		unprocessed: csv("Id\n" + id(2) + "\n")})
	o.handle("GET /services/data/v66.0/queryAll", holds(map[string]bool{id(3): false}))
	outcomes, err := o.bulk(t, deletes(id(1), id(2), id(3)))
	if plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), "was aborted") {
		t.Error(err)
	}
	check(t, outcomes, "0 "+id(1)+" done", "1 "+id(2)+" failed UNPROCESSED unprocessed retry",
		"2 "+id(3)+" unknown live")
	if n := o.sent("PATCH"); n != 4 { // three to close it, one to abort it
		t.Errorf("%d changes of its state", n)
	}
}

func TestBulkJobFails(t *testing.T) {
	o := newOrg(t)
	o.serve("delete", jobs{states: []string{"Failed"}, unprocessed: csv("Id\n" + id(1) + "\n")})
	outcomes, err := o.bulk(t, deletes(id(1)))
	check(t, outcomes, "0 "+id(1)+" failed UNPROCESSED unprocessed retry")
	if plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), "InvalidBatch") {
		t.Error(err)
	}
}

// A process that ended between the closing and the results leaves a job that the next takes up.
func TestTakeUp(t *testing.T) {
	o := newOrg(t)
	broken := errors.New("the process ends")
	o.serve("delete", jobs{successful: csv("sf__Id,sf__Created,Id\n" + id(1) + ",false," + id(1) + "\n")})
	table, began := deletes(id(1), "nonsense"), write.Job{}
	table.Began = func(j write.Job) error { began = j; return broken }
	if outcomes, err := o.bulk(t, table); outcomes != nil || !errors.Is(err, broken) {
		t.Errorf("%v, %v", outcomes, err)
	}
	if want := (write.Job{ID: jobID, Version: "66.0", First: 0, Rows: 2}); began != want {
		t.Errorf("began %+v", began)
	}

	take := func(job write.Job, table write.Table) (outcomes []write.Outcome, err error) {
		err = o.TakeUp(t.Context(), job, table, func(one write.Outcome) error {
			outcomes = append(outcomes, one)
			return nil
		})
		return outcomes, err
	}
	outcomes, err := take(began, deletes(id(1), "nonsense", id(2)))
	if err != nil {
		t.Fatal(err)
	}
	check(t, outcomes, "0 "+id(1)+" done", "1  failed MALFORMED_ID no id bug")
	if _, err := take(began, deletes(id(1))); plan.ClassOf(err) != plan.Bug {
		t.Errorf("another table: %v", err)
	}
	if _, err := take(write.Job{ID: "../x", Rows: 1}, deletes(id(1))); plan.ClassOf(err) != plan.Bug {
		t.Errorf("no job: %v", err)
	}
}

// A job that the process had not closed is aborted, and its rows are free to be written by another.
func TestTakeUpOfAnOpenJob(t *testing.T) {
	o := newOrg(t)
	o.serve("delete", jobs{states: []string{"Open", "Aborted"}, unprocessed: csv("Id\n" + id(1) + "\n")})
	var outcomes []write.Outcome
	err := o.TakeUp(t.Context(), write.Job{ID: jobID, Version: "66.0", Rows: 1}, deletes(id(1)),
		func(one write.Outcome) error { outcomes = append(outcomes, one); return nil })
	if err != nil {
		t.Fatal(err)
	}
	check(t, outcomes, "0 "+id(1)+" failed UNPROCESSED unprocessed retry")
	if n := o.sent("PATCH"); n != 1 {
		t.Errorf("%d changes of its state", n)
	}
}

// Memory is that of one job, however many rows there are; and rows whose source fails are not sent.
func TestBulkIsCutIntoJobs(t *testing.T) {
	o := newOrg(t)
	var uploads []int
	o.serve("delete", jobs{upload: func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		uploads = append(uploads, strings.Count(string(text), "\n")-1)
		w.WriteHeader(201)
	}})
	o.handle("GET /services/data/v66.0/queryAll", holds(nil))
	broken := errors.New("no more")
	ids := func(yield func([]string, error) bool) {
		for n := range 20_001 {
			if !yield([]string{id(n)}, nil) {
				return
			}
		}
		yield(nil, broken)
	}
	n := int64(0)
	table := write.Table{Verb: write.Delete, Object: "Account", Rows: ids}
	err := o.Bulk(t.Context(), table, func(one write.Outcome) error {
		if one.Row != n || one.ID != id(int(n)) || one.State != write.Unknown {
			t.Fatalf("outcome %d: %+v", n, one)
		}
		n++
		return nil
	})
	if n != 20_000 || !errors.Is(err, broken) {
		t.Errorf("%d outcomes, %v", n, err)
	}
	if !slices.Equal(uploads, []int{10_000, 10_000}) {
		t.Errorf("jobs of %v rows", uploads)
	}
}

// A job holds no more bytes than are held here, but each has a row at least.
func TestBulkIsCutByBytes(t *testing.T) {
	o := newOrg(t)
	o.serve("insert", jobs{})
	large := strings.Repeat("x", 3<<20)
	rows := [][]string{{large}, {large}, {large}, {"small"}, {strings.Repeat("x", 5<<20)}}
	outcomes, err := o.bulk(t, inserts([]string{"Name"}, rows...))
	if err == nil { // no result was served, and nothing can be looked up
		t.Error("no error")
	}
	if n := o.sent("PUT"); n != 1 || len(outcomes) != 2 {
		t.Errorf("%d uploads, and %d outcomes", n, len(outcomes))
	}
}

// No table makes a job that destroys, or has columns that Salesforce's own would be confused with.
func TestBulkRefuses(t *testing.T) {
	o := newOrg(t)
	for name, table := range map[string]write.Table{
		"hardDelete":  {Verb: "hardDelete", Object: "Account"},
		"undelete":    {Verb: write.Undelete, Object: "Account"},
		"no columns":  {Verb: write.Insert, Object: "Account"},
		"two columns": inserts([]string{"Name", "name"}),
		"own columns": inserts([]string{"sf__Id"}),
		"injection":   inserts([]string{"Name\",\"Id"}),
		"no leave":    {Verb: write.Insert, Object: "Contact", Columns: []string{"Name"}},
	} {
		if outcomes, err := o.bulk(t, table); outcomes != nil || plan.ClassOf(err) != plan.Bug || err == nil {
			t.Errorf("%s: %v, %v", name, outcomes, err)
		}
	}
	if n := o.sent(""); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}
