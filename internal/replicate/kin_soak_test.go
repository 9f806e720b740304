package replicate_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/rig"
	"catchment/internal/schedule"
)

// visit goes with its Account, step with its visit.
const visit, step = "Visit__c", "Step__c"

// A family is an org whose records go, come back and stand against each other as those
// of Salesforce do, deleted and undeleted by Salesforce's own ways, and its copy.
type family struct {
	*rig.Rig
	dice    *rand.Rand
	tally   *tallied
	session string
}

// TestSoakOfKin lives through random histories of deletes with cascades: records go by
// REST alone and by many, by Bulk and by SOAP, come back by SOAP and leave the bin, with
// runs and crashes between. At the end the copy has what the org has, before it is read
// in full, and after no run had a key two rows. To repeat a failure give its seed and -soak.runs=1.
func TestSoakOfKin(t *testing.T) {
	t.Parallel()
	tally := &tallied{}
	t.Run("lives", func(t *testing.T) {
		for i := range *soakRuns {
			seed := *soakSeed + uint64(i)
			t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
				t.Parallel()
				var talk bytes.Buffer
				defer func() {
					if t.Failed() {
						t.Logf("%sagain: go test -run SoakOfKin ./internal/replicate -soak.runs=1 -soak.seed=%d "+
							"-soak.in=%s", &talk, seed, *soakIn)
					}
				}()
				f := newFamily(t, seed, tally)
				f.Talk = &talk
				f.lives()
			})
		}
	})
	t.Logf("\n%s", tally)
	if *soakRuns < 3 {
		return
	}
	for _, kind := range []string{"delete", "undelete", "empty the bin"} {
		if len(tally.n[kind]) == 0 {
			t.Errorf("no record went through %s", kind)
		}
	}
	if tally.n["went along"]["with a parent"] == 0 || tally.n["refused"]["DELETE_FAILED"] == 0 {
		t.Error("nothing went along with a parent, or stood against it")
	}
}

func newFamily(t *testing.T, seed uint64, tally *tallied) *family {
	dice := rand.New(rand.NewPCG(seed, 22))
	quiet := dice.IntN(4) == 0
	counts := map[string]int{"User": 1, "Account": 12, "Contact": 20, "Case": 4, "Task": 15}
	org := rig.NewOrg(t, counts, func(o *fakeorg.Options) {
		o.StandardDelete = true
		o.QuietCascades = quiet
	})
	lookup := func(to string) fakeorg.Field {
		return fakeorg.Field{Name: "Of__c", Type: "reference", References: []string{to}, Cascade: true}
	}
	f := &family{
		Rig: rig.New(t, org, "Account", "Contact", "Case", "Task", visit, step), dice: dice, tally: tally,
	}
	f.Must(org.AddObject(visit, "a0V", lookup("Account"),
		fakeorg.Field{Name: "By__c", Type: "reference", References: []string{"Contact"}}))
	f.Must(org.AddObject(step, "a0S", lookup(visit)))
	f.Shelf = shelfOf(t, *soakIn)
	f.Keeps("Account", "Name", "ParentId")
	f.Keeps("Contact", "LastName", "AccountId")
	f.Keeps("Case", "AccountId", "ContactId")
	f.Keeps("Task", "WhatId", "WhoId")
	for i := range f.Flows {
		f.Flows[i].Deletes = []flow.Deletes{flow.Flag, flow.Flag, flow.Remove}[dice.IntN(3)]
		f.Flows[i].Mover = []flow.Mover{flow.Auto, flow.Bulk, flow.REST}[dice.IntN(3)]
		f.Flows[i].Sweep.Every = schedule.Never
		if quiet { // no stamp tells that a child is back, nor that it came without what it looked up
			f.Flows[i].Sweep.Every = time.Hour
			f.Flows[i].Refresh.Every = time.Hour
			f.Flows[i].RefreshFields = map[string][]string{
				"Account": {"ParentId"}, "Contact": {"AccountId"}, "Case": {"AccountId", "ContactId"},
				"Task": {"WhatId", "WhoId"}, visit: {"By__c"},
			}[f.Flows[i].Object]
		}
	}
	for range 12 {
		of, err := org.Create(visit, map[string]any{
			"Of__c": f.some("Account", false)[0], "By__c": f.some("Contact", false)[0],
		})
		f.Must(err)
		_, err = org.Create(step, map[string]any{"Of__c": of})
		f.Must(err)
	}
	f.Later(time.Hour)
	return f
}

// lives lets things happen, with runs between, and compares.
func (f *family) lives() {
	for range 3 + f.dice.IntN(3) {
		for range 3 + f.dice.IntN(8) {
			f.happens()
			f.Later(time.Duration(f.dice.IntN(int(20 * time.Minute))))
		}
		f.runs()
	}
	for range 2 { // the first finishes what is open, the second brings what came after that
		f.Later(time.Hour)
		f.Done(rig.AllowDeletes)
	}
	p := f.Start(nil)
	for _, fl := range f.Flows {
		p.SameAs(fl, true)
	}
	p.Close()
	f.Later(time.Hour)
	f.Done(func(p *rig.Process) { p.Options.Full, p.Options.AllowDeletes = true, true }) // notices purges
	f.Same()
	f.NothingKept()
}

// runs does a run that may die, and looks whether a key has two rows.
func (f *family) runs() {
	fate := &rig.Fate{}
	if f.dice.IntN(3) == 0 {
		fate.At = 1 + f.dice.IntN(250)
	}
	p := f.Start(fate)
	p.Options.AllowDeletes = true
	var row control.RunRow
	if p.Control != nil {
		row = p.Run()
	}
	f.tally.add("runs", string(row.State), 1)
	p.Close()
	p = f.Start(nil)
	defer p.Close()
	for _, fl := range f.Flows {
		table := strings.ToLower(fl.Object)
		twice, err := rig.Twice(p.Eyes, "salesforce", table, "id")
		if err == nil && len(twice) > 0 { // else the table isn't there yet
			f.T.Errorf("%s has two rows of %s", table, twice[0])
		}
	}
}

// some are the Ids of a few records that are there, or in the bin.
func (f *family) some(object string, deleted bool) []string {
	all := f.Truth(object, "")
	ids := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(id string) bool {
		return (all[id]["isdeleted"] == "true") != deleted
	})
	f.dice.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	return ids[:min(len(ids), 1+f.dice.IntN(3))]
}

// happens lets somebody who has just logged in delete records, undelete them, empty
// the bin of them or give them other parents.
func (f *family) happens() {
	f.session = f.Session()
	object := f.Flows[f.dice.IntN(len(f.Flows))].Object
	ways := []string{"REST", "collections", "Bulk", "SOAP"}
	switch n := f.dice.IntN(14); {
	case n < 5:
		way, ids := ways[f.dice.IntN(len(ways))], f.some(object, false)
		before := f.binned()
		done := f.deleted(way, object, ids)
		f.tally.add("delete", way, done)
		f.tally.add("went along", "with a parent", f.binned()-before-done)
	case n < 9:
		f.tally.add("undelete", "SOAP", f.bySOAP("undelete", f.some(object, true)))
	case n < 11:
		f.tally.add("empty the bin", "SOAP", f.bySOAP("emptyRecycleBin", f.some(object, true)))
	default:
		to, with := f.some("Account", false), f.some("Contact", false)
		for i := range min(len(to), len(with)) {
			f.answer(http.MethodPatch, "/sobjects/Contact/"+with[i], `{"AccountId":"`+to[i]+`"}`)
		}
	}
}

// binned counts the records in the bin.
func (f *family) binned() int {
	n := 0
	for _, fl := range f.Flows {
		for _, r := range f.Truth(fl.Object, "IsDeleted = true") {
			n += len(r["isdeleted"]) / len("true")
		}
	}
	return n
}

// answer asks the org something, and counts what it refuses.
func (f *family) answer(method, path, body string) string {
	f.T.Helper()
	return f.asked(method, "/services/data/v66.0"+path, body)
}

func (f *family) asked(method, path, body string) string {
	f.T.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+f.session)
	got := httptest.NewRecorder()
	f.Org.ServeHTTP(got, req)
	said := got.Body.String()
	for _, code := range []string{"DELETE_FAILED", "UNDELETE_FAILED", "ENTITY_IS_DELETED"} {
		f.tally.add("refused", code, strings.Count(said, `"`+code+`"`)+strings.Count(said, `>`+code+`<`)+
			strings.Count(said, `"`+code+`:`))
	}
	return said
}

// deleted deletes records in one of Salesforce's ways, and counts those that went.
func (f *family) deleted(way, object string, ids []string) int {
	f.T.Helper()
	done := 0
	switch way {
	case "REST":
		for _, id := range ids {
			if f.answer(http.MethodDelete, "/sobjects/"+object+"/"+id, "") == "" {
				done++
			}
		}
	case "collections":
		said := f.answer(http.MethodDelete, "/composite/sobjects?ids="+strings.Join(ids, ","), "")
		done = strings.Count(said, `"success":true`)
	case "Bulk":
		done = f.byBulk(object, ids)
	case "SOAP":
		done = f.bySOAP("delete", ids)
	}
	return done
}

func (f *family) byBulk(object string, ids []string) int {
	f.T.Helper()
	var job struct{ ID string }
	f.Must(json.Unmarshal([]byte(f.answer(http.MethodPost, "/jobs/ingest",
		`{"object":"`+object+`","operation":"delete","contentType":"CSV","lineEnding":"LF"}`)), &job))
	at := "/jobs/ingest/" + job.ID
	f.answer(http.MethodPut, at+"/batches", "Id\n"+strings.Join(ids, "\n")+"\n")
	f.answer(http.MethodPatch, at, `{"state":"UploadComplete"}`)
	f.answer(http.MethodGet, at+"/failedResults", "")
	return strings.Count(f.answer(http.MethodGet, at+"/successfulResults", ""), "\n") - 1
}

// bySOAP calls an operation that takes Ids, with the access token as its session.
func (f *family) bySOAP(operation string, ids []string) int {
	f.T.Helper()
	body := ""
	for _, id := range ids {
		body += "<ids>" + id + "</ids>"
	}
	said := f.asked(http.MethodPost, "/services/Soap/u/66.0", `<e:Envelope `+
		`xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com"><e:Header>`+
		`<SessionHeader><sessionId>`+f.session+`</sessionId></SessionHeader></e:Header><e:Body><`+operation+`>`+body+
		`</`+operation+`></e:Body></e:Envelope>`)
	return strings.Count(said, "<success>true</success>")
}
