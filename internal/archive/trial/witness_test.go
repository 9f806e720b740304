package trial

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"catchment/internal/fakeorg"
	"catchment/internal/rig"
)

// A witness stands between the catchment and the org. Whatever is to change records it
// lets through alone, and looks at all records before and after: so it knows each version
// that a request of the catchment deleted, whatever that says of itself.
type witness struct {
	t       *testing.T
	org     *fakeorg.Org
	objects []string

	mu      sync.Mutex // held while a request changes records
	session string
	login   func() string                // opens a session
	fields  map[string]map[string]string // of an object: the type of each field
	given   map[string]map[string]access // of an object: what may be done with a field
	bodies  map[string]content           // by Id and stamp
	deeds   []deed
	before  func(asked deed) func() // what else happens just before a request; nil for nothing
	stirred map[string]bool         // records of which nothing but the stamps moved then
	judge   *judge                  // looks before each delete whether strays are back; nil: nobody does
	wrong   verdict                 // what it found
}

// A deed is a request of the catchment that changed records.
type deed struct {
	request string // method and path
	body    string
	taken   map[string]version // records that went, as they were just before
	back    map[string]bool    // records that came back
	made    map[string]version // records that are new
}

// A version is a record at a moment.
type version struct {
	object string
	values rig.Record // by field in lower case, NULL is absent
	body   *content   // of a file's
}

// A content is the digest of what a file holds.
type content struct {
	sha256 string
	size   int
}

// state is all records that the org has, deleted ones included, by Id.
type state map[string]version

func (v version) deleted() bool { return v.values["isdeleted"] == "true" }

// newWitness has a witness see what a rig's processes do to some objects.
func newWitness(r *rig.Rig, objects ...string) *witness {
	w := &witness{
		t: r.T, org: r.Org, login: r.Session, objects: objects,
		fields: map[string]map[string]string{}, given: map[string]map[string]access{}, bodies: map[string]content{},
		stirred: map[string]bool{},
	}
	r.Between(w.pass)
	return w
}

// pass lets a request through.
func (w *witness) pass(rw http.ResponseWriter, req *http.Request, next http.Handler) {
	text, writes := readWrite(req)
	d := deed{request: req.Method + " " + req.URL.RequestURI(), body: text, taken: map[string]version{},
		back: map[string]bool{}, made: map[string]version{}}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.happen(d)
	if !writes {
		next.ServeHTTP(rw, req)
		return
	}
	if w.judge != nil && d.deletes() {
		w.wrong = append(w.wrong, w.judge.strays()...)
	}
	was := w.look()
	w.revived(was)
	defer func() { w.note(d, was) }() // also where the answer is lost, which ends the request at once
	next.ServeHTTP(rw, req)
}

// note notes what a request has done to the records that were there. The witness is held.
func (w *witness) note(d deed, was state) {
	is := w.look() // a job whose time has come runs at the first request after it was closed
	for id, now := range is {
		old, known := was[id]
		switch {
		case !known:
			d.made[id] = now
		case now.deleted() && !old.deleted():
			d.taken[id] = old
		case old.deleted() && !now.deleted():
			d.back[id] = true
		}
	}
	for id, old := range was {
		if _, still := is[id]; !still && !old.deleted() {
			d.taken[id] = old
		}
	}
	w.deeds = append(w.deeds, d)
}

// happen has something happen just before a request, and notes the records of which nothing but
// the stamps moved: a delete gives them new ones, so that nobody can tell afterwards.
func (w *witness) happen(d deed) {
	if w.before == nil {
		return
	}
	do := w.before(d)
	if do == nil {
		return
	}
	was := w.look()
	do()
	for id, now := range w.look() {
		before, known := was[id]
		moved := differing(before.values, now.values)
		undeleted := before.deleted() && !now.deleted() // its stamps are of the delete before, be it of this second
		if !known || !undeleted && len(moved) == 0 {
			continue
		}
		if !slices.ContainsFunc(moved, func(field string) bool { return !isStamp(field) }) {
			w.stirred[id] = true
		}
	}
}

// isStamp tells whether a delete writes a field.
func isStamp(field string) bool {
	return slices.Contains([]string{"systemmodstamp", "lastmodifieddate", "lastmodifiedbyid"}, field)
}

// readWrite tells whether a request may change records, and reads what it says.
func readWrite(req *http.Request) (text string, writes bool) {
	path := req.URL.Path
	switch {
	case req.Method == http.MethodGet, strings.Contains(path, "/oauth2/"), strings.Contains(path, "/jobs/query"):
		return "", false
	}
	all, err := io.ReadAll(req.Body)
	if err != nil {
		return "", false // whoever reads it next meets the same
	}
	req.Body = io.NopCloser(bytes.NewReader(all))
	text = string(all)
	says := func(of ...string) bool {
		return slices.ContainsFunc(of, func(one string) bool { return strings.Contains(text, one) })
	}
	switch {
	case req.Method == http.MethodPost && strings.Contains(path, "/composite/sobjects/"):
		return text, false // asks by Ids
	case strings.HasSuffix(path, "/composite"):
		return text, says(`"POST"`, `"PATCH"`, `"PUT"`, `"DELETE"`)
	case strings.Contains(path, "/Soap/"):
		return text, says("<undelete", "<delete")
	}
	return text, true
}

// look reads all records of the org.
func (w *witness) look() state {
	w.t.Helper()
	w.session = w.login()
	all := state{}
	for _, object := range w.objects {
		w.read(object, all)
	}
	for id, v := range all {
		if digest, ok := w.bodyOf(id, v); ok {
			v.body = &digest
			all[id] = v
		}
	}
	return all
}

func (w *witness) read(object string, into state) {
	types := w.typesOf(object)
	var names []string
	for name := range types {
		names = append(names, name)
	}
	q := "SELECT " + strings.Join(names, ", ") + " FROM " + object
	for next := "/services/data/v66.0/queryAll?q=" + url.QueryEscape(q); next != ""; {
		var page struct {
			Records []map[string]any `json:"records"`
			Next    string           `json:"nextRecordsUrl"`
		}
		w.get(next, &page)
		for _, got := range page.Records {
			v := version{object: object, values: rig.Record{}}
			for name, typ := range types {
				if got[name] != nil {
					v.values[strings.ToLower(name)] = rig.Plain(typ, fmt.Sprint(got[name]))
				}
			}
			into[v.values["id"]] = v
		}
		next = page.Next
	}
}

// typesOf tells the type of each field that a query can ask for.
func (w *witness) typesOf(object string) map[string]string {
	if known := w.fields[object]; known != nil {
		return known
	}
	var about struct {
		Fields []struct{ Name, Type string }
	}
	w.get("/services/data/v66.0/sobjects/"+object+"/describe", &about)
	types := map[string]string{}
	for _, f := range about.Fields {
		if f.Type != "address" && f.Type != "location" && f.Type != "base64" {
			types[f.Name] = f.Type
		}
	}
	w.fields[object] = types
	return types
}

// bodyOf digests what a file holds, once for each version of its record.
func (w *witness) bodyOf(id string, v version) (content, bool) {
	field := map[string]string{"ContentVersion": "VersionData", "Attachment": "Body", "Document": "Body"}[v.object]
	key := id + v.values["lastmodifieddate"]
	known, ok := w.bodies[key]
	if ok || field == "" || v.deleted() {
		return known, ok
	}
	got := w.ask("/services/data/v66.0/sobjects/" + v.object + "/" + id + "/" + field)
	if got.Code != http.StatusOK {
		return content{}, false // one that lies elsewhere has none
	}
	w.bodies[key] = digestOf(got.Body.Bytes())
	return w.bodies[key], true
}

func (w *witness) get(path string, into any) {
	w.t.Helper()
	got := w.ask(path)
	d := json.NewDecoder(got.Body)
	d.UseNumber()
	if err := d.Decode(into); err != nil || got.Code != http.StatusOK {
		w.t.Fatalf("%s: %d %v", path, got.Code, err)
	}
}

func (w *witness) ask(path string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodGet, path, nil)
	req.Header.Set("Authorization", "Bearer "+w.session)
	got := httptest.NewRecorder()
	w.org.ServeHTTP(got, req)
	return got
}

// now is what the org has at this moment.
func (w *witness) now() state {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.look()
}

// gone are the records that requests of the catchment deleted and didn't bring back, each
// as it was just before.
func (w *witness) gone() state {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.revived(w.look())
	return w.goneBy(len(w.deeds))
}

// revived notes that people have brought records back which were gone.
func (w *witness) revived(is state) {
	d := deed{request: "people", back: map[string]bool{}}
	for id := range w.goneBy(len(w.deeds)) {
		if now, there := is[id]; there && !now.deleted() {
			d.back[id] = true
		}
	}
	if len(d.back) > 0 {
		w.deeds = append(w.deeds, d)
	}
}

// goneBy are those of the first n deeds. The witness is held.
func (w *witness) goneBy(n int) state {
	all := state{}
	for _, d := range w.deeds[:n] {
		for id, v := range d.taken {
			all[id] = v
		}
		for id := range d.back {
			delete(all, id)
		}
	}
	return all
}

// deletes tells whether a request is to delete records.
func (d deed) deletes() bool {
	return strings.HasPrefix(d.request, "DELETE ") && !strings.Contains(d.request, "/jobs/") ||
		strings.HasPrefix(d.request, "PATCH ") && strings.Contains(d.request, "/jobs/ingest/") ||
		strings.Contains(d.body, "<delete")
}

// watch has a judge look before each delete that a process asks for; nil ends that.
func (w *witness) watch(p *rig.Process, plans ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.judge = nil
	if p == nil {
		return
	}
	beside := *p
	beside.Driver = rig.Immortal(p.Driver)
	w.judge = &judge{witness: w, p: &beside, plans: plans}
}
