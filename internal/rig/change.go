package rig

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"catchment/internal/warehouse/sql"
)

// Must ends the test where something went wrong that it only prepares.
func (r *Rig) Must(err error) {
	r.T.Helper()
	if err != nil {
		r.T.Fatal(err)
	}
}

// Delete deletes records, as a user does.
func (r *Rig) Delete(ids ...string) {
	r.T.Helper()
	for _, id := range ids {
		r.Must(r.Org.Delete(id))
	}
}

// Unavailable is what Salesforce says with 503.
const Unavailable = `[{"errorCode":"SERVER_UNAVAILABLE","message":"try again"}]`

// Calls counts API requests of the org by kind, and what f adds to them.
func (r *Rig) Calls(f func()) map[string]int {
	before := r.Org.Requests()
	f()
	added := map[string]int{}
	for kind, n := range r.Org.Requests() {
		if n > before[kind] {
			added[kind] = n - before[kind]
		}
	}
	return added
}

// Hide takes a field out of describe, as permissions do.
func (r *Rig) Hide(field string) {
	r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if !strings.HasSuffix(req.URL.Path, "/describe") {
			next.ServeHTTP(w, req)
			return
		}
		Rewritten(w, req, next, func(body []byte) []byte {
			var about map[string]any
			if err := json.Unmarshal(body, &about); err != nil {
				return body
			}
			about["fields"] = slices.DeleteFunc(about["fields"].([]any), func(f any) bool {
				return f.(map[string]any)["name"] == field
			})
			body, _ = json.Marshal(about)
			return body
		})
	})
}

// Set changes a field of a record through REST.
func (r *Rig) Set(id, field string, value any) {
	r.T.Helper()
	body, err := json.Marshal(map[string]any{field: value})
	if err != nil {
		r.T.Fatal(err)
	}
	req := httptest.NewRequest(http.MethodPatch, "/services/data/v66.0/sobjects/"+r.Flows[0].Object+"/"+id,
		strings.NewReader(string(body)))
	req.Header.Set("Authorization", "Bearer "+r.Session())
	got := httptest.NewRecorder()
	r.Org.ServeHTTP(got, req)
	if got.Code != http.StatusNoContent {
		r.T.Fatalf("set %s.%s: %d %s", id, field, got.Code, got.Body)
	}
}

// SpoilPages replaces a text once in each page of a Bulk job.
func (r *Rig) SpoilPages(old, with string) {
	r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if strings.HasSuffix(req.URL.Path, "/results") {
			Rewritten(w, req, next, func(body []byte) []byte {
				return []byte(strings.Replace(string(body), old, with, 1))
			})
			return
		}
		next.ServeHTTP(w, req)
	})
}

// Between lets f stand between the client and the org; nil takes it away.
func (r *Rig) Between(f func(http.ResponseWriter, *http.Request, http.Handler)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.intercept = f
}

// Rewritten answers a request from the org with its body changed.
func Rewritten(w http.ResponseWriter, req *http.Request, next http.Handler, change func([]byte) []byte) {
	req.Header.Del("Accept-Encoding")
	got := httptest.NewRecorder()
	next.ServeHTTP(got, req)
	body := change(bytes.Clone(got.Body.Bytes()))
	for name, values := range got.Header() {
		w.Header()[name] = values
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(got.Code)
	_, _ = w.Write(body)
}

// History makes changes in the org, and lets an hour pass around them.
func (r *Rig) History(changes int, seed uint64) {
	r.T.Helper()
	r.Later(time.Hour)
	if _, err := r.Org.History(changes, seed); err != nil {
		r.T.Fatal(err)
	}
	r.Later(time.Hour)
}

// Exec changes the warehouse behind our back.
func (r *Rig) Exec(statement string) {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	p.Exec(statement)
}

// Exec changes the warehouse as nobody should.
func (p *Process) Exec(statement string) {
	p.T.Helper()
	p.Must(p.Driver.Tx(p.Ctx, func(tx sql.Tx) error {
		_, err := tx.Exec(p.Ctx, statement)
		return err
	}))
}

// People uses up API calls that are not ours.
func (r *Rig) People(calls int) {
	token := r.Session()
	for range calls {
		r.Ask(token, "/services/data/v66.0/limits", new(map[string]any))
	}
}
