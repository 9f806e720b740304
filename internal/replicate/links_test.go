package replicate_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/parents"
	"catchment/internal/plan"
	"catchment/internal/rig"
	"catchment/internal/verify"
)

// withLinks is a copy of files and their links by a user who lacks Query All Files.
func withLinks(t *testing.T, files fakeorg.Files, objects ...string) *rig.Rig {
	t.Helper()
	org := rig.NewOrg(t, map[string]int{"Account": 5}, func(o *fakeorg.Options) { o.NoQueryAllFiles = true })
	return withFilesIn(t, org, files, "", objects...)
}

// Who lacks Query All Files gets the links by the documents of the copy, all of them each time:
// what came and what went is seen, and verify finds nothing that differs.
func TestLinksByDocuments(t *testing.T) {
	t.Parallel()
	r := withLinks(t, fakeorg.Files{Versions: 700, Size: 10}, "ContentDocumentLink", "ContentDocument")
	row := r.Done(nil)
	documents, links := r.Table("ContentDocument"), r.Table("ContentDocumentLink")
	t.Logf("%d documents, %d links", len(documents), len(links))
	if len(documents) < 300 || len(links) < len(documents) {
		t.Fatalf("%d documents, %d links", len(documents), len(links))
	}
	o := row.Objects[0]
	if o.State != control.FlowDone || o.Mover != "by-parents" || len(o.Notes) > 0 {
		t.Errorf("%+v", o)
	}
	lists := int64(len(documents)+parents.PerQuery-1) / parents.PerQuery
	res, cost := r.Verified(r.Flows[0], nil), verify.CostByParents(0, lists, verify.Stamps)
	if res.Source != int64(len(links)) || res.Remaining() != 0 || res.Calls > cost.Calls {
		t.Errorf("%d calls, of which plan says %d: %+v", res.Calls, cost.Calls, res)
	}

	sameLinks(r)
	p := r.Start(nil)
	f, err := p.Replicator().Forecast(t.Context(), r.Flows[0])
	p.Close()
	if err != nil || f.Calls != 2+lists ||
		f.Records != int64(len(links)) || f.Jobs != 0 || !f.Parents || f.Why != "snapshot" {
		t.Errorf("%+v, %v", f, err)
	}
	ids, of := slices.Sorted(maps.Keys(links)), slices.Sorted(maps.Keys(documents))
	r.Delete(ids[0], of[len(of)-1]) // a link, and a document with all of its links
	r.Later(time.Hour)
	if o := r.Done(nil).Objects[0]; o.Deleted < 2 || o.Inserted != 0 {
		t.Errorf("%+v", o)
	}
	sameLinks(r)

	record(r, "ContentDocumentLink", map[string]string{
		"LinkedEntityId": r.IDs("Account")[0], "ContentDocumentId": of[0], "ShareType": "V",
	})
	r.Later(time.Hour)
	if o := r.Done(nil).Objects[0]; o.Deleted != 0 || o.Inserted != 1 || len(o.Notes) > 0 {
		t.Errorf("%+v", o)
	}
	sameLinks(r)
	if res := r.Verified(r.Flows[0], rig.Values); res.Remaining() != 0 || res.Missing+res.Extra+res.Stale != 0 {
		t.Errorf("%+v", res)
	}
	if _, err := verifyLinks(r, rig.Sample); !strings.Contains(fmt.Sprint(err), "only by its parents") {
		t.Error(err)
	}
}

// Links don't wait for documents that can't be read: they come of those that the copy has, and it
// is said.
func TestLinksWhenDocumentsFail(t *testing.T) {
	t.Parallel()
	r := withLinks(t, fakeorg.Files{Versions: 44, Size: 10}, "ContentDocumentLink", "ContentDocument")
	r.Org.Fault(posts(fakeorg.Rule{Status: 503, Body: rig.Unavailable}))
	row := r.Run(nil) // the table of the documents is there by now, and empty
	if o := row.Objects[0]; o.State != control.FlowFailed || !strings.Contains(o.Error, "the copy has no documents") {
		t.Errorf("%+v", o)
	}
	r.Org.ClearFaults()
	r.Later(time.Hour)
	r.Done(nil)
	sameLinks(r)
	r.Flows[1].Wrong = plan.Fixf("look at the permissions", "the org has no object ContentDocument any more")
	r.Later(time.Hour)
	o := r.Run(nil).Objects[0]
	if o.State != control.FlowDone || o.Records == 0 || !strings.Contains(fmt.Sprint(o.Notes), "from earlier runs") {
		t.Errorf("%+v", o)
	}
	sameLinks(r)
}

// verifyLinks compares the links as change says.
func verifyLinks(r *rig.Rig, change func(*verify.Options)) (verify.Result, error) {
	p := r.Start(nil)
	defer p.Close()
	v := p.Verifier()
	change(&v.Options)
	return v.Flow(p.Ctx, r.Flows[0])
}

// sameLinks holds the links of the copy against those of the org.
func sameLinks(r *rig.Rig) {
	r.T.Helper()
	truth := r.Truth("ContentDocumentLink", "ContentDocumentId IN (SELECT Id FROM ContentDocument)")
	live := 0
	for id, row := range r.Table("ContentDocumentLink") {
		want, there := truth[id]
		if there = there && want["isdeleted"] == "false"; there != (row.Reason == "") {
			r.T.Errorf("%s: it is in the org: %v, and gone for %q", id, there, row.Reason)
		}
		if there {
			live++
		}
	}
	for id, want := range truth {
		if want["isdeleted"] == "true" {
			delete(truth, id)
		}
	}
	if live != len(truth) || live == 0 {
		r.T.Errorf("%d links are in the copy, %d in the org", live, len(truth))
	}
}

// A run that is killed anywhere is gone on with: what was read of the links isn't read twice, since
// the pages are named after the documents and not after a process.
func TestLinksSurviveCrashes(t *testing.T) {
	t.Parallel()
	fresh := func(t *testing.T) *rig.Rig {
		r := withLinks(t, fakeorg.Files{Versions: 700, Size: 10}, "ContentDocument", "ContentDocumentLink")
		flows := r.Flows
		r.Flows = flows[:1]
		r.Done(nil)
		r.Flows = flows[1:]
		return r
	}
	r, whole := fresh(t), &rig.Fate{}
	alone := r.Calls(func() {
		p := r.Start(whole)
		p.Run()
		p.Close()
	})
	const deaths = 6
	for n := range deaths {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			r := fresh(t)
			most := 3 // the second process finds out anew how to read, and asks again for what was on its way
			calls := r.Calls(func() {
				p := r.Start(&rig.Fate{At: whole.Moments * (n + 1) / (deaths + 2)})
				p.Run()
				p.Close()
				if ended(r, "ContentDocumentLink") { // nothing is left to go on with: each run reads links whole
					most = alone["query"]
				}
				r.Done(nil)
			})
			sameLinks(r)
			t.Logf("killed at %d of %d: %v, without it %v", n+1, deaths+2, calls, alone)
			if again := calls["query"] - alone["query"]; again > most {
				t.Errorf("%d calls more than without a death", again)
			}
		})
	}
}

// ended tells whether an attempt of a flow has come to its end.
func ended(r *rig.Rig, object string) bool {
	p := r.Start(nil)
	defer p.Close()
	attempts, err := p.Control.Attempts(p.Ctx, object)
	r.Must(err)
	return slices.ContainsFunc(attempts, func(a control.Attempt) bool { return !a.State.Open() })
}

// Where the documents have changed since a reading broke off, its pages are of other lists: they don't
// add up with the new ones, and all is read anew.
func TestLinksOfOtherDocuments(t *testing.T) {
	t.Parallel()
	r := withLinks(t, fakeorg.Files{Versions: 700, Size: 10}, "ContentDocument", "ContentDocumentLink")
	flows := r.Flows
	only := func(n int) { r.Flows = flows[n : n+1] }
	only(0)
	r.Done(nil)
	only(1)
	r.Later(time.Hour)
	var lists atomic.Int64
	r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if strings.Contains(req.URL.Query().Get("q"), "ContentDocumentId IN") && lists.Add(1) == 3 {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`[{"errorCode":"MALFORMED_QUERY","message":"not this one"}]`))
			return
		}
		next.ServeHTTP(w, req)
	})
	if o := r.Run(nil).Objects[0]; o.State != control.FlowFailed || !strings.Contains(o.Error, "not this one") {
		t.Errorf("%+v", o)
	}

	r.Delete(slices.Sorted(maps.Keys(r.Table("ContentDocument")))[0]) // every list begins with another one
	only(0)
	r.Later(time.Hour)
	r.Done(nil)
	only(1)
	if o := r.Done(nil).Objects[0]; !strings.Contains(fmt.Sprint(o.Notes), "doesn't add up") {
		t.Errorf("%+v", o)
	}
	sameLinks(r)
}

// Who is given Query All Files, or loses it, sees other links than before: all are read anew.
func TestLinksWhenRightsChange(t *testing.T) {
	t.Parallel()
	r := withFiles(t, fakeorg.Files{Versions: 44, Size: 100}, "", "ContentDocumentLink", "ContentDocument")
	refused := true
	r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		q := req.URL.Query().Get("q")
		if refused && strings.Contains(q, "FROM ContentDocumentLink") && !strings.Contains(q, "ContentDocumentId IN") {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`[{"errorCode":"MALFORMED_QUERY","message":"Implementation restriction: ` +
				`ContentDocumentLink requires a filter by a single Id on ContentDocumentId"}]`))
			return
		}
		next.ServeHTTP(w, req)
	})
	for n, want := range []string{"by-parents", "bulk", "none", "by-parents", "by-parents"} {
		refused = n == 0 || n > 2
		if o := r.Done(nil).Objects[0]; o.Mover != want || o.Deleted != 0 {
			t.Errorf("run %d: by %s, want %s; %d deleted", n+1, o.Mover, want, o.Deleted)
		}
		r.Later(time.Hour)
	}
	refused = false
	r.Same()
}

// Where no flow copies documents, the links can't be read, and it says what helps.
func TestLinksWithoutDocuments(t *testing.T) {
	t.Parallel()
	r := withLinks(t, fakeorg.Files{Versions: 20, Size: 10}, "ContentDocumentLink", "Account")
	row := r.Run(nil)
	o := row.Objects[0]
	if o.State != control.FlowFailed || !strings.Contains(o.Error, "the copy has no documents") ||
		!strings.Contains(o.Hint, "add a flow on ContentDocument or ContentVersion") {
		t.Errorf("%+v", o)
	}
	if row.State != control.Partial || row.Objects[1].State != control.FlowDone {
		t.Errorf("%s: %+v", row.State, row.Objects[1])
	}
}
