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
	"catchment/internal/value"
	"catchment/internal/verify"
)

// Each kind of object that docs/howto/objects.md has in its table is read here
// in the way that stands there.

// standard is a rig for one of Salesforce's own objects that behave unlike
// others, with some records.
func standard(t *testing.T, object string, records int, values func(n int) map[string]string) *rig {
	org := newOrg(t, map[string]int{"Account": 3}, nil)
	r := newRig(t, org, object)
	r.must(org.AddStandard(object))
	for n := range records {
		r.record(object, values(n))
		r.later(time.Minute)
	}
	return r
}

// record has Salesforce itself add a record.
func (r *rig) record(object string, values map[string]string) string {
	r.t.Helper()
	id, err := r.org.Record(object, values)
	r.must(err)
	return id
}

// compounds reads a compound field of every record from the org, and from the
// warehouse.
func (r *rig) compounds(object, field string) (org, warehouse map[string]string) {
	r.t.Helper()
	org, warehouse = map[string]string{}, map[string]string{}
	var page struct{ Records []map[string]json.RawMessage }
	r.ask(r.session(), "/services/data/v66.0/query?q="+url.QueryEscape("SELECT Id, "+field+" FROM "+object), &page)
	for _, rec := range page.Records {
		var id string
		r.must(json.Unmarshal(rec["Id"], &id))
		var text bytes.Buffer
		r.must(json.Compact(&text, rec[field]))
		if org[id] = text.String(); org[id] == "null" {
			org[id] = ""
		}
	}
	p := r.start(nil)
	defer p.close()
	for _, row := range p.query(fmt.Sprintf("SELECT CAST(id AS VARCHAR), CAST(coalesce(%s, '') AS VARCHAR) FROM salesforce.%s WHERE _catchment_deleted_at IS NULL",
		strings.ToLower(field), strings.ToLower(object))) {
		warehouse[*row[0]] = *row[1]
	}
	return org, warehouse
}

func (r *rig) sameCompounds(object, field string) {
	r.t.Helper()
	org, got := r.compounds(object, field)
	filled := 0
	for id, want := range org {
		if want != "" {
			filled++
		}
		if got[id] != want {
			r.t.Errorf("%s of %s is %q, want %q", field, id, got[id], want)
		}
	}
	if len(got) != len(org) || filled < len(org)/2 {
		r.t.Errorf("%d rows of %d records, %d of them filled", len(got), len(org), filled)
	}
}

// What Bulk refuses comes by REST, and is joined by Id: records that change, go
// and come between the two readings don't become half of each.
func TestFieldsThatBulkRefuses(t *testing.T) {
	for _, mover := range []flow.Mover{flow.Auto, flow.Bulk, flow.REST} {
		t.Run(string(mover), func(t *testing.T) {
			r := small(t, "Contact", 40)
			r.flows[0].Include, r.flows[0].Mover = []string{"MailingAddress"}, mover
			ids := r.ids("Contact")
			var once sync.Once
			r.between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
				if strings.Contains(req.URL.RawQuery, "MailingAddress") { // Bulk has read by now
					once.Do(func() {
						r.later(time.Second)
						r.set(ids[3], "MailingCity", "Between")
						r.set(ids[3], "Title", "Between")
						r.must(r.org.Delete(ids[4]))
						r.must(r.org.Purge(ids[5]))
					})
				}
				next.ServeHTTP(w, req)
			})
			row := r.done(nil)
			r.between(nil)
			if o := row.Objects[0]; o.Records != 40 && (mover != flow.REST || o.Records != 39) {
				t.Errorf("%+v", o)
			}
			if city, title := r.cityAndTitle(ids[3]); city != "Between" || title != "Between" {
				t.Errorf("half of each: %s, %s", city, title)
			}
			r.later(time.Hour)
			row = r.done(nil) // what changed between
			r.sameCompounds("Contact", "MailingAddress")
			r.same()

			r.later(time.Hour)
			r.set(ids[7], "MailingCity", "Later")
			r.later(time.Hour)
			row = r.done(nil)
			r.sameCompounds("Contact", "MailingAddress")
			if o := row.Objects[0]; o.Records != 1 || o.Updated != 1 {
				t.Errorf("%+v", o)
			}
			r.later(time.Hour)
			if o := r.done(nil).Objects[0]; o.Mover != "none" || o.Calls > 3 {
				t.Errorf("nothing changed: %+v", o)
			}
			r.later(time.Hour)
			r.done(full)
			r.sameCompounds("Contact", "MailingAddress")
			if res := r.verified(r.flows[0], values); res.Differs() || mover != flow.REST && !leftOut(res, "MailingAddress") {
				t.Errorf("%+v", res)
			}
		})
	}
}

func leftOut(res verify.Result, field string) bool {
	return slices.ContainsFunc(res.LeftOut, func(l verify.LeftOut) bool { return l.Field == field })
}

// cityAndTitle reads the city out of a contact's address, and its title.
func (r *rig) cityAndTitle(id string) (city, title string) {
	r.t.Helper()
	p := r.start(nil)
	defer p.close()
	got := p.query("SELECT CAST(mailingaddress AS VARCHAR), CAST(title AS VARCHAR) FROM salesforce.contact WHERE id = '" + id + "'")
	var address struct{ City string }
	r.must(json.Unmarshal([]byte(*got[0][0]), &address))
	return address.City, *got[0][1]
}

// A crash anywhere between the two readings leaves nothing half done.
func TestFieldsByRESTAfterACrash(t *testing.T) {
	run := func(at int) int {
		r := small(t, "Contact", 12)
		r.keeps("Contact", "LastName", "MailingCity", "MailingAddress")
		r.flows[0].Mover = flow.Bulk
		f := &fate{at: at}
		p := r.start(f)
		p.tries = 1
		if p.control != nil { // it may have died on the way
			p.run()
		}
		p.close()
		r.later(time.Minute)
		r.done(nil)
		r.sameCompounds("Contact", "MailingAddress")
		r.same()
		return f.moments
	}
	for at, last := 3, run(0); at < last; at += 7 {
		run(at)
	}
}

// Where rules decide on records, one query reads all of each: a rejected version
// never leaves its address on the row of an older one.
func TestFieldsByRESTAndRules(t *testing.T) {
	r := small(t, "Contact", 12)
	r.flows[0].Include, r.flows[0].Mover = []string{"MailingAddress"}, flow.Bulk
	r.flows[0].Checks, r.flows[0].Invalid = []value.Check{{Field: "Title", Rule: value.NotNull}}, flow.Reject
	ids := r.ids("Contact")
	for _, id := range ids {
		r.set(id, "Title", "fine")
		r.set(id, "MailingCity", "Old")
	}
	r.later(time.Hour)
	if o := r.done(nil).Objects[0]; o.Mover != "rest" || o.Inserted != 12 {
		t.Errorf("%+v", o)
	}
	r.set(ids[2], "MailingCity", "New")
	r.set(ids[2], "Title", nil)
	r.later(time.Hour)
	if o := r.done(nil).Objects[0]; o.Rejected != 1 || o.Updated != 0 {
		t.Errorf("%+v", o)
	}
	if city, title := r.cityAndTitle(ids[2]); city != "Old" || title != "fine" {
		t.Errorf("half of each: %s, %s", city, title)
	}
}

func TestForecastOfFieldsByREST(t *testing.T) {
	r := small(t, "Contact", 40)
	r.done(nil)
	r.flows[0].Exclude = []string{"Title"} // read anew
	without := r.forecast(r.flows[0])
	r.flows[0].Include = []string{"MailingAddress"}
	if f := r.forecast(r.flows[0]); f.Calls != without.Calls+2 || !slices.Equal(f.ByREST, []string{"MailingAddress"}) || len(without.ByREST) > 0 || f.Why != "rebuild" {
		t.Errorf("%+v, without %+v", f, without)
	}
}

// A log has nothing but the time of each record: it is read by that, and only
// grows.
func TestLoginHistory(t *testing.T) {
	r := standard(t, "LoginHistory", 20, func(n int) map[string]string { return map[string]string{"Browser": fmt.Sprint("Browser ", n)} })
	r.flows[0].Deletes = flow.Ignore // as the configuration has it for logs
	r.later(time.Hour)
	r.done(nil)
	r.same()
	r.later(time.Hour)
	r.record("LoginHistory", map[string]string{"Browser": "new"})
	r.later(time.Hour)
	if o := r.done(nil).Objects[0]; o.Records != 1 || o.Inserted != 1 || o.Grade != "lagged" {
		t.Errorf("%+v", o)
	}
	r.same()
	ids := r.ids("LoginHistory")
	r.must(r.org.HideRecord(ids[0])) // older than six months
	r.later(time.Hour)
	r.done(nil)
	if res := r.verified(r.flows[0], nil); res.Differs() || res.Unjudged > 0 || res.Source != 20 || res.Warehouse != 21 {
		t.Errorf("%+v", res)
	}
	r.exec("DELETE FROM salesforce.loginhistory WHERE id = '" + ids[3] + "'")
	r.record("LoginHistory", map[string]string{"Browser": "newer"})
	if res := r.verified(r.flows[0], nil); res.Missing != 1 || res.Pending != 1 || res.MissingIDs[0] != ids[3] {
		t.Errorf("%+v", res)
	}
}

// Field history is read by CreatedDate.
func TestFieldHistory(t *testing.T) {
	r := small(t, "Account", 9)
	r.must(r.org.TrackHistory("Account", "Industry"))
	accounts := r.ids("Account")
	r.flows = []flow.Flow{{Object: "AccountHistory", Deletes: flow.Ignore, Mover: flow.Auto, Naming: flow.Lower, NUL: flow.Replace}}
	r.must(r.org.Update(accounts[0], map[string]any{"Industry": "Media"}))
	r.later(time.Hour)
	r.done(nil)
	r.same()
	r.must(r.org.Update(accounts[1], map[string]any{"Industry": "Energy"}))
	r.later(time.Hour)
	if o := r.done(nil).Objects[0]; o.Inserted != 1 {
		t.Errorf("%+v", o)
	}
	r.same()
	r.must(r.org.HideRecord(r.ids("AccountHistory")[0])) // Salesforce deletes them after 18 months
	r.later(time.Hour)
	r.done(full)
	if rows := r.table("AccountHistory"); len(rows) != 2 {
		t.Errorf("%d rows", len(rows))
	}
}

// A share has LastModifiedDate and no stamp; what is gone is found by a sweep.
func TestShares(t *testing.T) {
	r := newRig(t, newOrg(t, map[string]int{"Account": 12, "User": 2}, nil), "AccountShare")
	r.flows[0].Sweep = week
	r.must(r.org.AddStandard("AccountShare"))
	user := r.ids("User")[0]
	for _, account := range r.ids("Account") {
		r.record("AccountShare", map[string]string{"AccountId": account, "UserOrGroupId": user, "AccountAccessLevel": "Read", "RowCause": "Manual"})
	}
	r.later(time.Hour)
	r.done(nil)
	r.same()
	ids := r.ids("AccountShare")
	r.set(ids[2], "AccountAccessLevel", "Edit")
	r.must(r.org.HideRecord(ids[0]))
	r.later(time.Hour)
	if o := r.done(nil).Objects[0]; o.Updated != 1 || o.Grade != "lagged" {
		t.Errorf("%+v", o)
	}
	r.later(8 * 24 * time.Hour)
	if o := r.done(nil).Objects[0]; o.Deleted != 1 {
		t.Errorf("%+v", o)
	}
	r.same()
	if res := r.verified(r.flows[0], nil); res.Differs() || res.Pending+res.Unjudged > 0 {
		t.Errorf("%+v", res)
	}
	r.exec("UPDATE salesforce.accountshare SET lastmodifieddate = lastmodifieddate - INTERVAL 1 HOUR WHERE id = '" + ids[3] + "'")
	if res := r.verified(r.flows[0], nil); res.Stale != 1 || res.StaleIDs[0] != ids[3] {
		t.Errorf("%+v", res)
	}
}

// A feed is refused by Bulk, and read by REST.
func TestFeeds(t *testing.T) {
	r := standard(t, "AccountFeed", 8, func(n int) map[string]string { return map[string]string{"Title": fmt.Sprint("Post ", n)} })
	r.later(time.Hour)
	if o := r.done(nil).Objects[0]; o.Mover != "rest" || o.Records != 8 {
		t.Errorf("%+v", o)
	}
	r.same()
	if row := r.flowRow("AccountFeed"); row.Mover != "rest" {
		t.Errorf("it isn't remembered: %+v", row)
	}
}

// Nothing tells when a dashboard's component changed: all of them are read each
// time, and what a reading lacks is gone.
func TestObjectWithoutStamps(t *testing.T) {
	r := standard(t, "DashboardComponent", 12, func(n int) map[string]string { return map[string]string{"Name": fmt.Sprint("Component ", n)} })
	r.later(time.Hour)
	r.done(nil)
	r.same()
	ids := r.ids("DashboardComponent")
	change := func() {
		r.later(time.Hour)
		r.must(r.org.Drift(ids[1], "Name", "changed at "+r.org.Clock().Now().String()))
		r.record("DashboardComponent", map[string]string{"Name": "new"})
	}
	change()
	r.must(r.org.HideRecord(ids[0]))
	r.later(time.Minute)
	if o := r.done(nil).Objects[0]; o.Records != 12 || o.Inserted != 1 || o.Deleted != 1 {
		t.Errorf("%+v", o)
	}
	r.same()
	if got := r.reasons("DashboardComponent", ids[0]); got != "purged" {
		t.Errorf("deleted for %q", got)
	}
	if res := r.verified(r.flows[0], nil); res.Differs() || res.Pending+res.Unjudged > 0 || res.Source != 12 {
		t.Errorf("%+v", res)
	}

	// What happens after a run can't be told from what it missed: that is said,
	// and not called a difference. What it had and is gone since is pending.
	change()
	r.must(r.org.HideRecord(ids[2]))
	res := r.verified(r.flows[0], values)
	if res.Differs() || res.Unjudged != 2 || res.Pending != 1 || res.UnjudgedWhy == "" {
		t.Errorf("%+v", res)
	}
	if c := verify.Certify([]verify.Result{res}, "00D", "dev", morning); c.Agrees || c.Objects[0].Unjudged != 2 {
		t.Errorf("%+v", c)
	}

	// A row that the last reading lacked and that is live all the same is wrong
	// for sure, and repair takes it away.
	r.later(time.Hour)
	r.done(nil)
	r.same()
	r.exec("INSERT INTO salesforce.dashboardcomponent (id, name, _catchment_read_at, _catchment_at) VALUES ('01aHo0000000999AAA', 'forged', TIMESTAMPTZ '2025-01-01', TIMESTAMPTZ '2025-01-01')")
	res = r.verified(r.flows[0], func(o *verify.Options) { o.Repair = true })
	if res.Extra != 1 || res.Repaired != 1 || res.Remaining() != 0 || res.Unjudged+res.Pending != 0 {
		t.Errorf("%+v", res)
	}
	r.same()
}

// An object that answers only where a query names its parents fails its own
// flow, and says what to do; with such a where it is read.
func TestObjectThatNeedsAFilter(t *testing.T) {
	org := newOrg(t, map[string]int{"Account": 4}, func(o *fakeorg.Options) { o.Restricted = true })
	r := newRig(t, org, "ContentDocumentLink", "Account")
	r.must(org.AddStandard("ContentDocumentLink"))
	accounts := r.ids("Account")
	for n := range 6 {
		r.record("ContentDocumentLink", map[string]string{"LinkedEntityId": accounts[n%2], "ContentDocumentId": "069000000000001AAA", "ShareType": "V"})
	}
	r.later(time.Hour)
	row := r.run(nil)
	if o := row.Objects[0]; o.State != control.FlowFailed || !strings.Contains(o.Error, "requires a filter by a single Id") || !strings.Contains(o.Hint, "give its flow a where") {
		t.Errorf("%+v", o)
	}
	if row.State != control.Partial || row.Objects[1].State != control.FlowDone {
		t.Errorf("%s: %+v", row.State, row.Objects[1])
	}
	r.flows[0].Where = "LinkedEntityId IN ('" + accounts[0] + "')"
	r.done(nil)
	r.same()
	r.record("ContentDocumentLink", map[string]string{"LinkedEntityId": accounts[0], "ContentDocumentId": "069000000000001AAA", "ShareType": "C"})
	r.later(time.Hour)
	if o := r.done(nil).Objects[0]; o.Inserted != 1 {
		t.Errorf("%+v", o)
	}
	r.same()
}

// An object that was copied and can't be any more fails its own flow.
func TestVanishedObject(t *testing.T) {
	r := newRig(t, newOrg(t, map[string]int{"Contact": 9, "Account": 9}, nil), "Contact", "Account")
	r.done(nil)
	r.later(time.Hour)
	r.flows[0].Vanished = plan.Fixf("look at the permissions", "the org has no object Contact any more")
	row := r.run(nil)
	if o := row.Objects[0]; o.State != control.FlowFailed || o.Error != "the org has no object Contact any more" || o.Hint == "" {
		t.Errorf("%+v", o)
	}
	if row.State != control.Partial || row.Objects[1].State != control.FlowDone {
		t.Errorf("%s: %+v", row.State, row.Objects[1])
	}
	if f := r.flowRow("Contact"); f.KeyPrefix != "003" || f.Label != "Contact" {
		t.Errorf("%+v", f)
	}
	if _, err := r.compare(r.flows[0]); err == nil {
		t.Error("it was verified")
	}
	r.flows[0].Vanished = nil
	r.done(nil)
	r.same()
}
