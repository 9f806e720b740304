package replicate_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/rig"
	"catchment/internal/storage"
)

// A run asks once a day, by the org's clock, how many records the org holds: one call
// for all objects, and one for activities, of which archived ones count too.
func TestRecordsThatTheOrgHolds(t *testing.T) {
	t.Parallel()
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Account": 20, "Contact": 30, "Task": 15}, nil),
		"Account", "Contact", "Task")
	r.Keeps("Account", "Name")
	r.Keeps("Contact", "LastName")
	r.Keeps("Task", "IsArchived")
	held := func(want ...int64) {
		t.Helper()
		for i, fl := range r.Flows {
			f := r.FlowRow(fl.Object)
			if f.Held != want[i] || f.HeldAt.Sub(f.AskedAt).Abs() > time.Second || f.HeldAt.IsZero() {
				t.Errorf("the org held %d records of %s at %s, asked at %s; want %d", f.Held, fl.Object, f.HeldAt,
					f.AskedAt, want[i])
			}
		}
	}
	r.Must(r.Org.Archive(r.IDs("Task")[:4]...))
	calls := r.Calls(func() { r.Done(nil) })
	held(20, 30, 15)
	if calls["record-count"] != 1 {
		t.Errorf("calls %v", calls)
	}
	first := r.FlowRow("Account").AskedAt

	r.Delete(r.IDs("Contact")[:5]...)
	r.Delete(r.IDs("Task")[:1]...)
	r.Skew.Store(int64(5 * 24 * time.Hour)) // of this machine: it is nobody's business
	r.Later(23 * time.Hour)
	if calls := r.Calls(func() { r.Done(nil) }); calls["record-count"] != 0 {
		t.Errorf("asked again on the same day: %v", calls)
	}
	held(20, 30, 15)
	r.Later(time.Hour + time.Minute)
	if calls := r.Calls(func() { r.Done(nil) }); calls["record-count"] != 1 {
		t.Errorf("not asked on the next day: %v", calls)
	}
	held(20, 25, 14) // the recycle bin has the others
	if got := r.FlowRow("Account").AskedAt; !got.After(first) {
		t.Errorf("asked at %s and %s", first, got)
	}
}

// An org that doesn't say how many records it holds is no failure. What it said before
// stays, with its time, and it isn't asked again with each run.
func TestOrgThatTellsNoCounts(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	asked := 0
	refuse := func(status int, code string) {
		r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
			if !strings.HasSuffix(req.URL.Path, "/limits/recordCount") {
				next.ServeHTTP(w, req)
				return
			}
			asked++
			w.WriteHeader(status)
			_, _ = w.Write([]byte(`[{"errorCode":"` + code + `","message":"no"}]`))
		})
	}
	refuse(http.StatusForbidden, "INSUFFICIENT_ACCESS")
	row := r.Done(nil)
	if f := r.FlowRow("Contact"); !f.HeldAt.IsZero() || f.AskedAt.IsZero() || asked != 1 ||
		row.Objects[0].State != control.FlowDone {
		t.Errorf("asked %d times: %+v", asked, f)
	}
	r.Later(time.Hour)
	r.Done(nil)
	if asked != 1 {
		t.Errorf("asked %d times on one day", asked)
	}
	r.Between(nil)
	r.Later(24 * time.Hour)
	r.Done(nil)
	known := r.FlowRow("Contact")
	refuse(http.StatusNotFound, "NOT_FOUND")
	r.Later(25 * time.Hour)
	r.Done(nil)
	if f := r.FlowRow("Contact"); f.Held != 20 || !f.HeldAt.Equal(known.HeldAt) || !f.AskedAt.After(known.AskedAt) {
		t.Errorf("%+v, and before it was %+v", f, known)
	}
}

// A person account is an Account and a Contact, and takes storage as both.
func TestStorageOfAPersonAccount(t *testing.T) {
	t.Parallel()
	people := func(o *fakeorg.Options) { o.PersonAccounts = true }
	org := rig.NewOrg(t, map[string]int{"Account": 1, "Contact": 1}, people)
	for _, values := range []map[string]any{{"Name": "Umbrella"}, {"LastName": "Redfield"}} {
		if _, err := org.Create("Account", values); err != nil {
			t.Fatal(err)
		}
	}
	r := rig.New(t, org, "Account", "Contact")
	r.Keeps("Account", "Name")
	r.Keeps("Contact", "LastName")
	r.Done(nil)
	var sum int64
	for _, fl := range r.Flows {
		f := r.FlowRow(fl.Object)
		if bytes, _ := storage.Taken(f.Object, storage.Held{Records: f.Held, At: f.HeldAt}); bytes != nil {
			sum += *bytes
		}
	}
	if sum != 3*2048+4096 {
		t.Errorf("two accounts, a contact and a person account take %d bytes", sum)
	}
}
