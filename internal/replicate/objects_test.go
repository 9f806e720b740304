package replicate_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/rig"
	"catchment/internal/value"
	"catchment/internal/verify"
)

// Each kind of object that docs/howto/objects.md has in its table is read here
// in the way that stands there.

// standard is a rig for one of Salesforce's own objects that behave unlike
// others, with some records.
func standard(t *testing.T, object string, records int, values func(n int) map[string]string) *rig.Rig {
	org := rig.NewOrg(t, map[string]int{"Account": 3}, nil)
	r := rig.New(t, org, object)
	r.Must(org.AddStandard(object))
	for n := range records {
		record(r, object, values(n))
		r.Later(time.Minute)
	}
	return r
}

// record has Salesforce itself add a record.
func record(r *rig.Rig, object string, values map[string]string) string {
	r.T.Helper()
	id, err := r.Org.Record(object, values)
	r.Must(err)
	return id
}

// compounds reads a compound field of every record from the org, and from the
// warehouse.
func compounds(r *rig.Rig, object, field string) (org, warehouse map[string]string) {
	r.T.Helper()
	org, warehouse = map[string]string{}, map[string]string{}
	var page struct{ Records []map[string]json.RawMessage }
	r.Ask(r.Session(), "/services/data/v66.0/query?q="+url.QueryEscape("SELECT Id, "+field+" FROM "+object), &page)
	for _, rec := range page.Records {
		var id string
		r.Must(json.Unmarshal(rec["Id"], &id))
		var text bytes.Buffer
		r.Must(json.Compact(&text, rec[field]))
		if org[id] = text.String(); org[id] == "null" {
			org[id] = ""
		}
	}
	p := r.Start(nil)
	defer p.Close()
	for _, row := range p.Query(fmt.Sprintf("SELECT CAST(id AS VARCHAR), CAST(coalesce(%s, "+
		"'') AS VARCHAR) FROM salesforce.%s WHERE _catchment_deleted_at IS NULL",
		strings.ToLower(field), strings.ToLower(object))) {
		warehouse[*row[0]] = *row[1]
	}
	return org, warehouse
}

func sameCompounds(r *rig.Rig, object, field string) {
	r.T.Helper()
	org, got := compounds(r, object, field)
	filled := 0
	for id, want := range org {
		if want != "" {
			filled++
		}
		if got[id] != want {
			r.T.Errorf("%s of %s is %q, want %q", field, id, got[id], want)
		}
	}
	if len(got) != len(org) || filled < len(org)/2 {
		r.T.Errorf("%d rows of %d records, %d of them filled", len(got), len(org), filled)
	}
}

// What Bulk refuses comes by REST, and is joined by Id: records that change, go
// and come between the two readings don't become half of each.
func TestFieldsThatBulkRefuses(t *testing.T) {
	t.Parallel()
	for _, mover := range []flow.Mover{flow.Auto, flow.Bulk, flow.REST} {
		t.Run(string(mover), func(t *testing.T) {
			r := rig.Small(t, "Contact", 40)
			r.Flows[0].Include, r.Flows[0].Mover = []string{"MailingAddress"}, mover
			ids := r.IDs("Contact")
			var once sync.Once
			r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
				if strings.Contains(req.URL.RawQuery, "MailingAddress") { // Bulk has read by now
					once.Do(func() {
						r.Later(time.Second)
						r.Set(ids[3], "MailingCity", "Between")
						r.Set(ids[3], "Title", "Between")
						r.Must(r.Org.Delete(ids[4]))
						r.Must(r.Org.Purge(ids[5]))
					})
				}
				next.ServeHTTP(w, req)
			})
			row := r.Done(nil)
			r.Between(nil)
			if o := row.Objects[0]; o.Records != 40 && (mover != flow.REST || o.Records != 39) {
				t.Errorf("%+v", o)
			}
			if city, title := cityAndTitle(r, ids[3]); city != "Between" || title != "Between" {
				t.Errorf("half of each: %s, %s", city, title)
			}
			r.Later(time.Hour)
			row = r.Done(nil) // what changed between
			sameCompounds(r, "Contact", "MailingAddress")
			r.Same()

			r.Later(time.Hour)
			r.Set(ids[7], "MailingCity", "Later")
			r.Later(time.Hour)
			row = r.Done(nil)
			sameCompounds(r, "Contact", "MailingAddress")
			if o := row.Objects[0]; o.Records != 1 || o.Updated != 1 {
				t.Errorf("%+v", o)
			}
			r.Later(time.Hour)
			if o := r.Done(nil).Objects[0]; o.Mover != "none" || o.Calls > 3 {
				t.Errorf("nothing changed: %+v", o)
			}
			r.Later(time.Hour)
			r.Done(rig.Full)
			sameCompounds(r, "Contact", "MailingAddress")
			if res := r.Verified(r.Flows[0], rig.Values); res.Differs() ||
				mover != flow.REST && !leftOut(res, "MailingAddress") {
				t.Errorf("%+v", res)
			}
		})
	}
}

func leftOut(res verify.Result, field string) bool {
	return slices.ContainsFunc(res.LeftOut, func(l verify.LeftOut) bool { return l.Field == field })
}

// cityAndTitle reads the city out of a contact's address, and its title.
func cityAndTitle(r *rig.Rig, id string) (city, title string) {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	got := p.Query("SELECT CAST(mailingaddress AS VARCHAR), CAST(title AS VARCHAR) FROM " +
		"salesforce.contact WHERE id = '" + id + "'")
	var address struct{ City string }
	r.Must(json.Unmarshal([]byte(*got[0][0]), &address))
	return address.City, *got[0][1]
}

// A crash anywhere between the two readings leaves nothing half done.
func TestFieldsByRESTAfterACrash(t *testing.T) {
	t.Parallel()
	run := func(at int) int {
		r := rig.Small(t, "Contact", 12)
		r.Keeps("Contact", "LastName", "MailingCity", "MailingAddress")
		r.Flows[0].Mover = flow.Bulk
		f := &rig.Fate{At: at}
		p := r.Start(f)
		p.Tries = 1
		if p.Control != nil { // it may have died on the way
			p.Run()
		}
		p.Close()
		r.Later(time.Minute)
		r.Done(nil)
		sameCompounds(r, "Contact", "MailingAddress")
		r.Same()
		return f.Moments
	}
	for at, last := 3, run(0); at < last; at += 7 {
		run(at)
	}
}

// Where rules decide on records, one query reads all of each: a rejected version
// never leaves its address on the row of an older one.
func TestFieldsByRESTAndRules(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 12)
	r.Flows[0].Include, r.Flows[0].Mover = []string{"MailingAddress"}, flow.Bulk
	r.Flows[0].Checks, r.Flows[0].Invalid = []value.Check{{Field: "Title", Rule: value.NotNull}}, flow.Reject
	ids := r.IDs("Contact")
	for _, id := range ids {
		r.Set(id, "Title", "fine")
		r.Set(id, "MailingCity", "Old")
	}
	r.Later(time.Hour)
	if o := r.Done(nil).Objects[0]; o.Mover != "rest" || o.Inserted != 12 {
		t.Errorf("%+v", o)
	}
	r.Set(ids[2], "MailingCity", "New")
	r.Set(ids[2], "Title", nil)
	r.Later(time.Hour)
	if o := r.Done(nil).Objects[0]; o.Rejected != 1 || o.Updated != 0 {
		t.Errorf("%+v", o)
	}
	if city, title := cityAndTitle(r, ids[2]); city != "Old" || title != "fine" {
		t.Errorf("half of each: %s, %s", city, title)
	}
}

func TestForecastOfFieldsByREST(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 40)
	r.Done(nil)
	r.Flows[0].Exclude = []string{"Title"} // read anew
	without := forecast(r, r.Flows[0])
	r.Flows[0].Include = []string{"MailingAddress"}
	if f := forecast(r, r.Flows[0]); f.Calls != without.Calls+1 || // it is described once for both
		!slices.Equal(f.ByREST, []string{"MailingAddress"}) || len(without.ByREST) > 0 || f.Why != "rebuild" {
		t.Errorf("%+v, without %+v", f, without)
	}
}

// A log has nothing but the time of each record: it is read by that, and only
// grows.
func TestLoginHistory(t *testing.T) {
	t.Parallel()
	r := standard(t, "LoginHistory", 20, func(n int) map[string]string {
		return map[string]string{"Browser": fmt.Sprint("Browser ", n)}
	})
	r.Flows[0].Deletes = flow.Ignore // as the configuration has it for logs
	r.Later(time.Hour)
	r.Done(nil)
	r.Same()
	r.Later(time.Hour)
	record(r, "LoginHistory", map[string]string{"Browser": "new"})
	r.Later(time.Hour)
	if o := r.Done(nil).Objects[0]; o.Records != 1 || o.Inserted != 1 || o.Grade != "lagged" {
		t.Errorf("%+v", o)
	}
	r.Same()
	ids := r.IDs("LoginHistory")
	r.Must(r.Org.HideRecord(ids[0])) // older than six months
	r.Later(time.Hour)
	r.Done(nil)
	if res := r.Verified(r.Flows[0], nil); res.Differs() || res.Unjudged > 0 || res.Source != 20 ||
		res.Warehouse != 21 {
		t.Errorf("%+v", res)
	}
	r.Exec("DELETE FROM salesforce.loginhistory WHERE id = '" + ids[3] + "'")
	record(r, "LoginHistory", map[string]string{"Browser": "newer"})
	if res := r.Verified(r.Flows[0], nil); res.Missing != 1 || res.Pending != 1 || res.MissingIDs[0] != ids[3] {
		t.Errorf("%+v", res)
	}
}

// Field history is read by CreatedDate.
func TestFieldHistory(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Account", 9)
	r.Must(r.Org.TrackHistory("Account", "Industry"))
	accounts := r.IDs("Account")
	r.Flows = []flow.Flow{{Object: "AccountHistory", Deletes: flow.Ignore, Mover: flow.Auto, Naming: flow.Lower,
		NUL: flow.Replace}}
	r.Must(r.Org.Update(accounts[0], map[string]any{"Industry": "Media"}))
	r.Later(time.Hour)
	r.Done(nil)
	r.Same()
	r.Must(r.Org.Update(accounts[1], map[string]any{"Industry": "Energy"}))
	r.Later(time.Hour)
	if o := r.Done(nil).Objects[0]; o.Inserted != 1 {
		t.Errorf("%+v", o)
	}
	r.Same()
	r.Must(r.Org.HideRecord(r.IDs("AccountHistory")[0])) // Salesforce deletes them after 18 months
	r.Later(time.Hour)
	r.Done(rig.Full)
	if rows := r.Table("AccountHistory"); len(rows) != 2 {
		t.Errorf("%d rows", len(rows))
	}
}

// A share has LastModifiedDate and no stamp; what is gone is found by a sweep.
func TestShares(t *testing.T) {
	t.Parallel()
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Account": 12, "User": 2}, nil), "AccountShare")
	r.Flows[0].Sweep = week
	r.Must(r.Org.AddStandard("AccountShare"))
	user := r.IDs("User")[0]
	for _, account := range r.IDs("Account") {
		record(r, "AccountShare", map[string]string{"AccountId": account, "UserOrGroupId": user,
			"AccountAccessLevel": "Read", "RowCause": "Manual"})
	}
	r.Later(time.Hour)
	r.Done(nil)
	r.Same()
	ids := r.IDs("AccountShare")
	r.Set(ids[2], "AccountAccessLevel", "Edit")
	r.Must(r.Org.HideRecord(ids[0]))
	r.Later(time.Hour)
	if o := r.Done(nil).Objects[0]; o.Updated != 1 || o.Grade != "lagged" {
		t.Errorf("%+v", o)
	}
	r.Later(8 * 24 * time.Hour)
	if o := r.Done(nil).Objects[0]; o.Deleted != 1 {
		t.Errorf("%+v", o)
	}
	r.Same()
	if res := r.Verified(r.Flows[0], nil); res.Differs() || res.Pending+res.Unjudged > 0 {
		t.Errorf("%+v", res)
	}
	r.Exec("UPDATE salesforce.accountshare SET lastmodifieddate = lastmodifieddate - INTERVAL 1 HOUR WHERE id = '" +
		ids[3] + "'")
	if res := r.Verified(r.Flows[0], nil); res.Stale != 1 || res.StaleIDs[0] != ids[3] {
		t.Errorf("%+v", res)
	}
}

// A feed is refused by Bulk, and read by REST.
func TestFeeds(t *testing.T) {
	t.Parallel()
	r := standard(t, "AccountFeed", 8, func(n int) map[string]string {
		return map[string]string{"Title": fmt.Sprint("Post ", n)}
	})
	r.Later(time.Hour)
	if o := r.Done(nil).Objects[0]; o.Mover != "rest" || o.Records != 8 {
		t.Errorf("%+v", o)
	}
	r.Same()
	if row := r.FlowRow("AccountFeed"); row.Mover != "rest" {
		t.Errorf("it isn't remembered: %+v", row)
	}
}

// Nothing tells when a dashboard's component changed: all of them are read each
// time, and what a reading lacks is gone.
func TestObjectWithoutStamps(t *testing.T) {
	t.Parallel()
	r := standard(t, "DashboardComponent", 12, func(n int) map[string]string {
		return map[string]string{"Name": fmt.Sprint("Component ", n)}
	})
	r.Later(time.Hour)
	r.Done(nil)
	r.Same()
	ids := r.IDs("DashboardComponent")
	change := func() {
		r.Later(time.Hour)
		r.Must(r.Org.Drift(ids[1], "Name", "changed at "+r.Org.Clock().Now().String()))
		record(r, "DashboardComponent", map[string]string{"Name": "new"})
	}
	change()
	r.Must(r.Org.HideRecord(ids[0]))
	r.Later(time.Minute)
	if o := r.Done(nil).Objects[0]; o.Records != 12 || o.Inserted != 1 || o.Deleted != 1 {
		t.Errorf("%+v", o)
	}
	r.Same()
	if got := reasons(r, "DashboardComponent", ids[0]); got != "purged" {
		t.Errorf("deleted for %q", got)
	}
	if res := r.Verified(r.Flows[0], nil); res.Differs() || res.Pending+res.Unjudged > 0 || res.Source != 12 {
		t.Errorf("%+v", res)
	}

	// What happens after a run can't be told from what it missed: that is said,
	// and not called a difference. What it had and is gone since is pending.
	change()
	r.Must(r.Org.HideRecord(ids[2]))
	res := r.Verified(r.Flows[0], rig.Values)
	if res.Differs() || res.Unjudged != 2 || res.Pending != 1 || res.UnjudgedWhy == "" {
		t.Errorf("%+v", res)
	}
	if c := verify.Certify([]verify.Result{res}, "00D", "dev", rig.Morning()); c.Agrees || c.Objects[0].Unjudged != 2 {
		t.Errorf("%+v", c)
	}

	// A row that the last reading lacked and that is live all the same is wrong
	// for sure, and repair takes it away.
	r.Later(time.Hour)
	r.Done(nil)
	r.Same()
	r.Exec("INSERT INTO salesforce.dashboardcomponent (id, name, _catchment_read_at, " +
		"_catchment_at) VALUES ('01aHo0000000999AAA', 'forged', TIMESTAMPTZ '2025-01-01', TIMESTAMPTZ '2025-01-01')")
	res = r.Verified(r.Flows[0], func(o *verify.Options) { o.Repair = true })
	if res.Extra != 1 || res.Repaired != 1 || res.Remaining() != 0 || res.Unjudged+res.Pending != 0 {
		t.Errorf("%+v", res)
	}
	r.Same()
}

// An object that answers only where a query names its parents fails its own
// flow, and says what to do; with such a where it is read.
func TestObjectThatNeedsAFilter(t *testing.T) {
	t.Parallel()
	org := rig.NewOrg(t, map[string]int{"Account": 4}, func(o *fakeorg.Options) { o.Restricted = true })
	r := rig.New(t, org, "ContentDocumentLink", "Account")
	r.Must(org.AddStandard("ContentDocumentLink"))
	accounts := r.IDs("Account")
	// an org links none twice to a record
	document := func(n int) string { return fmt.Sprintf("06900000000000%dAAA", n) }
	for n := range 6 {
		record(r, "ContentDocumentLink", map[string]string{"LinkedEntityId": accounts[n%2],
			"ContentDocumentId": document(n), "ShareType": "V"})
	}
	r.Later(time.Hour)
	row := r.Run(nil)
	if o := row.Objects[0]; o.State != control.FlowFailed ||
		!strings.Contains(o.Error, "only by the Ids of documents") ||
		!strings.Contains(o.Hint, "give the flow a where") {
		t.Errorf("%+v", o)
	}
	if row.State != control.Partial || row.Objects[1].State != control.FlowDone {
		t.Errorf("%s: %+v", row.State, row.Objects[1])
	}
	r.Flows[0].Where = "LinkedEntityId IN ('" + accounts[0] + "')"
	r.Done(nil)
	r.Same()
	record(r, "ContentDocumentLink",
		map[string]string{"LinkedEntityId": accounts[0], "ContentDocumentId": document(6), "ShareType": "C"})
	r.Later(time.Hour)
	if o := r.Done(nil).Objects[0]; o.Inserted != 1 {
		t.Errorf("%+v", o)
	}
	r.Same()
}

// An object that was copied and can't be any more fails its own flow.
func TestVanishedObject(t *testing.T) {
	t.Parallel()
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Contact": 9, "Account": 9}, nil), "Contact", "Account")
	r.Done(nil)
	r.Later(time.Hour)
	r.Flows[0].Wrong = plan.Fixf("look at the permissions", "the org has no object Contact any more")
	row := r.Run(nil)
	if o := row.Objects[0]; o.State != control.FlowFailed || o.Error != "the org has no object Contact any more" ||
		o.Hint == "" {
		t.Errorf("%+v", o)
	}
	if row.State != control.Partial || row.Objects[1].State != control.FlowDone {
		t.Errorf("%s: %+v", row.State, row.Objects[1])
	}
	if f := r.FlowRow("Contact"); f.KeyPrefix != "003" || f.Label != "Contact" {
		t.Errorf("%+v", f)
	}
	if _, err := r.Compare(r.Flows[0]); err == nil {
		t.Error("it was verified")
	}
	r.Flows[0].Wrong = nil
	r.Done(nil)
	r.Same()
}

// An object that was deleted and made again under its name is another one (case 13):
// a run says so, reads it anew, and what the one before left is gone as the policy
// says, though not a mass of it unasked.
func TestObjectMadeAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		records int
		change  func(*rig.Rig, *control.FlowRow) // of the flow's row, before it is made again
	}{
		{"a few rows", 20, nil},
		{"a mass of rows", 120, nil},
		{"an older control table", 20, func(_ *rig.Rig, f *control.FlowRow) { f.KeyPrefix = "" }},
		{"rows stay", 20, func(r *rig.Rig, _ *control.FlowRow) { r.Flows[0].Deletes = flow.Ignore }},
		{"rows are removed", 20, func(r *rig.Rig, _ *control.FlowRow) { r.Flows[0].Deletes = flow.Remove }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			org := rig.NewOrg(t, map[string]int{"Account": 1}, nil)
			r := rig.New(t, org, "Thing__c")
			filled := func(prefix string, records int) {
				r.Must(org.AddObject("Thing__c", prefix, fakeorg.Field{Name: "N__c", Type: "string", Length: 20}))
				for range records {
					_, err := org.Create("Thing__c", map[string]any{"N__c": prefix})
					r.Must(err)
				}
				r.Later(time.Hour)
			}
			filled("a0T", c.records)
			r.Done(nil)
			if c.change != nil {
				p := r.Start(nil)
				_, err := p.Control.UpdateFlow(p.Ctx, "Thing__c", func(f *control.FlowRow) { c.change(r, f) })
				r.Must(err)
				p.Close()
			}
			r.Must(org.DeleteObject("Thing__c"))
			filled("a0U", 3)
			row := r.Run(nil)
			stopped := c.records > 100
			if stopped {
				if o := row.Objects[0]; o.State != control.FlowFailed || !strings.Contains(o.Hint, "--allow-deletes") ||
					!strings.Contains(strings.Join(o.Notes, " "), "began with a0T, and begin with a0U now") {
					t.Errorf("%+v", o)
				}
				row = r.Run(rig.AllowDeletes)
			}
			o := row.Objects[0]
			notes, kept := strings.Join(o.Notes, " "), r.Flows[0].Deletes == flow.Ignore
			if o.State != control.FlowDone || !strings.Contains(notes, "began with a0T, and begin with a0U now") ||
				strings.Contains(notes, "rows of the object before, whose Ids") == kept {
				t.Errorf("%+v", o)
			}
			live := 0
			for id, got := range r.Table("Thing__c") {
				if strings.HasPrefix(id, "a0T") && got.Reason == "" {
					live++
				}
			}
			if want := map[bool]int{true: c.records}[kept]; live != want {
				t.Errorf("%d rows of the object before are live, want %d", live, want)
			}
			if !kept {
				r.Same()
				if res := r.Verified(r.Flows[0], rig.Values); res.Differs() {
					t.Errorf("%+v", res)
				}
			}
			r.Later(time.Hour)
			if o := r.Done(nil).Objects[0]; o.Mover != "none" || len(o.Notes) > 0 {
				t.Errorf("the next run: %+v", o)
			}
		})
	}
}
