package replicate_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/rig"
)

// charged is how many of such requests count against an org's limit: logins don't.
func charged(calls map[string]int) int {
	sum := 0
	for kind, n := range calls {
		if kind != "login" {
			sum += n
		}
	}
	return sum
}

func TestQuietFlowCostsThreeCalls(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Done(nil)
	r.Later(time.Hour)
	var row control.RunRow
	calls := r.Calls(func() { row = r.Done(nil) })
	delete(calls, "login")
	if want := map[string]int{"describe": 1, "deleted": 1, "query": 1}; !maps.Equal(calls, want) {
		t.Errorf("a quiet flow cost %v", calls)
	}
	if o := row.Objects[0]; o.Mover != "none" || o.Calls != 3 || row.Calls != 3 ||
		o.To.Before(r.Org.Clock().Now().Add(-time.Minute)) {
		t.Errorf("%+v", row)
	}
	r.Same()
}

// A record that a new where leaves out is out of the flow.
func TestWhereAddedLater(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Done(nil)
	r.Later(time.Hour)
	r.Flows[0].Where = "HasOptedOutOfEmail = false"
	inside := r.Truth("Contact", r.Flows[0].Where)
	if len(inside) == 20 || len(inside) == 0 {
		t.Fatalf("%d of 20 records are inside", len(inside))
	}
	row := r.Done(nil)
	if o := row.Objects[0]; o.Records != int64(len(inside)) || !o.From.IsZero() || o.Deleted != int64(20-len(inside)) {
		t.Errorf("%+v", o)
	}
	r.Same()
	for id, got := range r.Table("Contact") {
		if _, in := inside[id]; in != (got.Reason == "") || !in && got.Reason != "out_of_filter" {
			t.Errorf("%s: inside %v, deleted for %q", id, in, got.Reason)
		}
	}
	if diff, err := r.Compare(r.Flows[0]); err != nil || diff.Differs() {
		t.Errorf("%+v, %v", diff, err)
	}
	r.Later(time.Hour)
	r.Flows[0].Where = "" // and back
	r.Done(nil)
	r.Same()
}

// A field that vanishes keeps its column and its values (invariant 8); one that
// is new, or comes back, is filled in every row by the next run, and by that
// one only.
func TestFieldsComeAndGo(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 12)
	r.Must(r.Org.HideField("Contact", "Title"))
	r.Done(nil)
	ids := r.IDs("Contact")
	r.Must(r.Org.ShowField("Contact", "Title"))
	r.Later(time.Hour)
	r.Set(ids[0], "Title", "CEO, \"acting\"\r\n🎈")
	r.Later(time.Hour)
	row := r.Done(nil)
	if notes := strings.Join(row.Objects[0].Notes, " "); !strings.Contains(notes, "contact.title is new") {
		t.Errorf("notes %q", notes)
	}
	r.Same()
	r.Later(time.Hour)
	if row = r.Done(nil); len(row.Objects[0].Notes) > 0 || row.Objects[0].Records > 1 {
		t.Errorf("filled again: %+v", row.Objects[0])
	}
	titles := func() (all [][]*string) {
		p := r.Start(nil)
		defer p.Close()
		return p.Query("SELECT CAST(id AS VARCHAR), CAST(title AS VARCHAR) FROM salesforce.contact ORDER BY id")
	}
	before := titles()
	r.Must(r.Org.HideField("Contact", "Title"))
	r.Later(time.Hour)
	r.Set(ids[0], "LastName", "New")
	r.Later(time.Hour)
	for range 2 {
		row = r.Done(nil)
		if notes := strings.Join(row.Objects[0].Notes, " "); strings.Count(notes,
			"contact.title keeps its old values") != 1 {
			t.Errorf("notes %q", notes)
		}
		r.Later(time.Hour)
	}
	if after := titles(); !reflect.DeepEqual(before, after) {
		t.Errorf("titles were %v, are %v", before, after)
	}

	// It comes back. What changed meanwhile is old, which no stamp tells.
	r.Must(r.Org.ShowField("Contact", "Title"))
	r.Set(ids[1], "Title", "set while it was hidden")
	r.Must(r.Org.HideField("Contact", "Title"))
	r.Later(time.Hour)
	r.Done(nil)
	r.Must(r.Org.ShowField("Contact", "Title"))
	r.Later(time.Hour)
	row = r.Done(nil)
	if notes := strings.Join(row.Objects[0].Notes, " "); !strings.Contains(notes, "contact.title is back") {
		t.Errorf("notes %q", notes)
	}
	r.Same()
	r.Later(time.Hour)
	if row = r.Done(nil); len(row.Objects[0].Notes) > 0 {
		t.Errorf("notes after it was filled: %q", row.Objects[0].Notes)
	}
	r.Same()
}

// A field that vanishes while an attempt that reads it is open: another begins.
func TestFieldGoesInTheMiddle(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 12)
	r.Org.Fault(fakeorg.Rule{Path: "/results", Status: 503, Body: rig.Unavailable})
	r.Run(nil)
	r.Org.ClearFaults()
	r.Hide("Title")
	r.Done(nil)
	p := r.Start(nil)
	defer p.Close()
	attempts, err := p.Control.Attempts(p.Ctx, "Contact")
	if err != nil || len(attempts) != 2 ||
		!strings.Contains(strings.Join(attempts[0].Notes, " "), "given up: a field") {
		t.Errorf("%+v, %v", attempts, err)
	}
	r.NothingLeft()
}

func TestPaused(t *testing.T) {
	t.Parallel()
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Contact": 5, "Account": 5}, nil), "Contact", "Account")
	r.Flows[0].Paused = true // by the file
	p := r.Start(nil)
	// by command
	if _, err := p.Control.UpdateFlow(p.Ctx, "Account", func(f *control.FlowRow) { f.Paused = true }); err != nil {
		t.Fatal(err)
	}
	p.Close()
	row := r.Done(nil)
	for _, o := range row.Objects {
		if o.State != control.FlowPaused || o.Attempt != "" {
			t.Errorf("%+v", o)
		}
	}
}

// What Bulk refuses goes by REST, and from then on at once.
func TestBulkRefuses(t *testing.T) {
	t.Parallel()
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Contact": 30}, func(o *fakeorg.Options) {
		o.NotInBulk = []string{"Contact"}
	}), "Contact")
	if o := r.Done(nil).Objects[0]; o.Mover != "rest" {
		t.Errorf("%+v", o)
	}
	r.Same()
	r.Later(time.Hour)
	calls := r.Calls(func() { r.Done(rig.Full) })
	if calls["job"] != 0 {
		t.Errorf("Bulk was asked again: %v", calls)
	}
	r.Same()
	if diff, err := r.Compare(r.Flows[0]); err != nil || diff.Differs() || diff.Source != 30 {
		t.Errorf("%+v, %v", diff, err)
	}
}

func TestCannotBeQueried(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 5)
	r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		rig.Rewritten(w, req, next, func(body []byte) []byte {
			return []byte(strings.Replace(string(body), `"queryable":true`, `"queryable":false`, 1))
		})
	})
	row := r.Run(nil)
	if o := row.Objects[0]; o.State != control.FlowFailed || !strings.Contains(o.Error, "can't be queried") ||
		o.Hint == "" {
		t.Errorf("%+v", o)
	}
}

// Values that others break: nothing is rounded, cut or guessed.
func TestValuesStay(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Invoice__c", 8)
	r.Done(nil)
	r.Later(time.Hour)
	ids := r.IDs("Invoice__c")
	for i, notes := range []string{"null", "N/A", "None", "007", " ", "a\r\nb\rc\n", `"`, strings.Repeat("🎈", 60_000)} {
		r.Set(ids[i], "Notes__c", notes)
	}
	r.Later(time.Hour)
	r.Done(nil)
	r.Same()
	r.Flows[0].Mover = flow.Bulk // and the same by the other way
	r.Later(time.Hour)
	r.Done(rig.Full)
	r.Same()
}

// A decimal may have more digits than describe declares: the column grows.
func TestMoreDigitsThanDeclared(t *testing.T) {
	t.Parallel()
	for _, mover := range []flow.Mover{flow.Bulk, flow.REST} {
		t.Run(string(mover), func(t *testing.T) {
			r := rig.Small(t, "Invoice__c", 8)
			r.Flows[0].Mover = mover
			r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
				if !strings.HasSuffix(req.URL.Path, "/describe") {
					next.ServeHTTP(w, req)
					return
				}
				rig.Rewritten(w, req, next, func(body []byte) []byte {
					var about map[string]any
					_ = json.Unmarshal(body, &about)
					for _, f := range about["fields"].([]any) {
						f.(map[string]any)["scale"] = 0
					}
					body, _ = json.Marshal(about)
					return body
				})
			})
			r.Done(nil)
			r.Same()
		})
	}
}

func TestNUL(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 8)
	id := r.IDs("Contact")[3]
	r.Set(id, "Title", "before|after")
	r.Later(time.Minute)
	r.SpoilPages("before|after", "before\x00after")
	r.Flows[0].NUL = flow.Fail
	o := r.Run(nil).Objects[0]
	if o.State != control.FlowFailed || !strings.Contains(o.Error, id) || !strings.Contains(o.Error, "Title") ||
		strings.Contains(o.Error, "before") || o.Hint == "" {
		t.Errorf("%+v", o)
	}
	r.Flows[0].NUL = flow.Replace // DuckDB can keep it
	o = r.Done(nil).Objects[0]
	if notes := strings.Join(o.Notes, " "); !strings.Contains(notes,
		"1 NUL character was kept, the first in "+id+".Title") {
		t.Errorf("notes %q", notes)
	}
	if got := r.Table("Contact")[id].Values["title"]; got != "before\x00after" {
		t.Errorf("title is %q", got)
	}
}
