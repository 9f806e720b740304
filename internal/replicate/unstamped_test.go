package replicate_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/rig"
	"catchment/internal/schedule"
)

// live lists the Ids of a table's rows that aren't deleted.
func live(r *rig.Rig, object string) []string {
	var ids []string
	for id, row := range r.Table(object) {
		if row.Reason == "" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// behind lists the Ids that the org has behind a where.
func behind(r *rig.Rig, object, where string) []string {
	r.T.Helper()
	var answer struct{ Records []struct{ Id string } }
	soql := url.QueryEscape("SELECT Id FROM " + object + " WHERE " + where + " ORDER BY Id")
	r.Ask(r.Session(), "/services/data/v66.0/query?q="+soql, &answer)
	var ids []string
	for _, record := range answer.Records {
		ids = append(ids, record.Id)
	}
	return ids
}

// Records enter and leave a where without a stamp: no window brings them or takes
// them away, and a sweep does both.
func TestWhereThatNoStampTellsOf(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		where  string
		change func(r *rig.Rig, accounts []string)
	}{
		"parent":     {"Account.Industry = 'Energy'", swapIndustries},
		"formula":    {"Industry__c = 'Energy'", swapIndustries},
		"sub-select": {"AccountId IN (SELECT Id FROM Account WHERE Industry = 'Energy')", swapIndustries},
		"drifting field": {"Title = 'In'", func(r *rig.Rig, _ []string) {
			ids := r.IDs("Contact")
			r.Must(r.Org.Drift(ids[0], "Title", "Out"))
			r.Must(r.Org.Drift(ids[20], "Title", "In"))
		}},
		"relative date": {"Birthdate = LAST_N_DAYS:10", func(*rig.Rig, []string) {}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			org := rig.NewOrg(t, map[string]int{"Account": 4, "Contact": 30}, nil)
			if err := org.AddField("Contact", fakeorg.Field{Name: "Industry__c", Type: "string", Length: 255,
				Formula: "Account.Industry"}); err != nil {
				t.Fatal(err)
			}
			r := rig.New(t, org, "Contact")
			accounts := prepareWheres(r)
			r.Flows[0].Where, r.Flows[0].Sweep, r.Flows[0].RefreshFields = test.where, week, []string{"Title"}
			r.Later(time.Hour)
			notes := strings.Join(r.Done(nil).Objects[0].Notes, "\n")
			if !strings.Contains(notes, "enter and leave it without a stamp, and only a sweep finds out") {
				t.Errorf("notes %q", notes)
			}
			before := behind(r, "Contact", test.where)
			r.Later(time.Hour)
			test.change(r, accounts)
			r.Later(6 * 24 * time.Hour)
			r.Done(nil)
			after := behind(r, "Contact", test.where)
			entered, left := without(after, before), without(before, after)
			if len(entered) == 0 || len(left) == 0 || !slices.Equal(live(r, "Contact"), before) {
				t.Fatalf("entered %d, left %d; a window told of it: %v", len(entered), len(left), live(r, "Contact"))
			}
			f := forecast(r, r.Flows[0])
			if len(f.AsOf) == 0 || f.AsOf[0].By != "sweep" || !f.AsOf[0].At.Equal(r.FlowRow("Contact").SweptAt) {
				t.Errorf("plan says %+v", f.AsOf)
			}
			r.Later(24 * time.Hour)
			r.Done(nil)
			after = behind(r, "Contact", test.where)
			if got := live(r, "Contact"); !slices.Equal(got, after) {
				t.Errorf("after the sweep there are %v, want %v", got, after)
			}
			for _, reason := range strings.Split(reasons(r, "Contact", without(before, after)...), ",") {
				if reason != "out_of_filter" {
					t.Errorf("reason %q", reason)
				}
			}
		})
	}
}

// prepareWheres gives contacts parents, titles and birthdays, and half of the accounts
// an industry.
func prepareWheres(r *rig.Rig) []string {
	accounts := r.IDs("Account")
	for i, id := range accounts {
		r.Must(r.Org.Update(id, map[string]any{"Industry": []string{"Energy", "Banking"}[i%2]}))
	}
	today := r.Org.Clock().Now()
	for i, id := range r.IDs("Contact") {
		r.Must(r.Org.Update(id, map[string]any{
			"AccountId": accounts[i%4], "Title": []string{"In", "Out"}[i/15],
			"Birthdate": today.AddDate(0, 0, i-15).Format(time.DateOnly),
		}))
	}
	return accounts
}

func swapIndustries(r *rig.Rig, accounts []string) {
	r.Must(r.Org.Update(accounts[0], map[string]any{"Industry": "Banking"}))
	r.Must(r.Org.Update(accounts[1], map[string]any{"Industry": "Energy"}))
}

func without(ids, others []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return slices.Contains(others, id) })
}

// More records than one attempt reads have entered a where: the sweep isn't done before
// all of them are there.
func TestMoreEnterThanOneAttemptReads(t *testing.T) {
	t.Parallel()
	org := rig.NewOrg(t, map[string]int{"Account": 1, "Contact": 560}, nil)
	r := rig.New(t, org, "Contact")
	r.Keeps("Contact", "LastName", "AccountId")
	account := r.IDs("Account")[0]
	r.Must(r.Org.Update(account, map[string]any{"Industry": "Banking"}))
	for _, id := range r.IDs("Contact") {
		r.Must(r.Org.Update(id, map[string]any{"AccountId": account}))
	}
	r.Flows[0].Where, r.Flows[0].Sweep = "Account.Industry = 'Energy'", week
	r.Later(time.Hour)
	r.Done(nil)
	first := r.FlowRow("Contact").SweptAt
	r.Must(r.Org.Update(account, map[string]any{"Industry": "Energy"}))
	r.Later(8 * 24 * time.Hour)
	r.Done(nil)
	if n := len(live(r, "Contact")); n != 500 || r.FlowRow("Contact").SweptAt.After(first) {
		t.Errorf("%d rows, swept at %s", n, r.FlowRow("Contact").SweptAt)
	}
	r.Later(time.Hour)
	r.Done(nil)
	if n := len(live(r, "Contact")); n != 560 || !r.FlowRow("Contact").SweptAt.After(first) {
		t.Errorf("%d rows, swept at %s", n, r.FlowRow("Contact").SweptAt)
	}
}

// Archiving an activity moves no stamp: a refresh finds out, and so does a sample.
func TestArchivedActivities(t *testing.T) {
	t.Parallel()
	for _, refresh := range []schedule.Refresh{{Every: 24 * time.Hour}, {Sample: true}} {
		r := rig.Small(t, "Task", 20)
		r.Flows[0].Refresh = refresh
		r.Done(nil)
		r.Must(r.Org.Archive(r.IDs("Task")[:3]...))
		r.Later(25 * time.Hour)
		if o := r.Done(nil).Objects[0]; o.Updated != 3 {
			t.Errorf("%s: %+v", refresh, o)
		}
		r.Same()
		f := forecast(r, r.Flows[0])
		if at := r.FlowRow("Task").RefreshedAt; !at.Equal(r.Org.Clock().Now().Truncate(time.Second)) ||
			len(f.AsOf) != 1 || !f.AsOf[0].At.Equal(at) || f.AsOf[0].Planned == refresh.Sample {
			t.Errorf("%s: refreshed at %s, and plan says %+v", refresh, at, f.AsOf)
		}
	}
}

// A refresh is due by the org's clock, and noted by it: a machine whose clock is days
// off asks neither too often nor too late.
func TestRefreshGoesByTheOrgsClock(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{0, 3 * 24 * time.Hour, -3 * 24 * time.Hour} {
		r := rig.Small(t, "Task", 20)
		r.Flows[0].Refresh, r.Flows[0].Sweep = schedule.Refresh{Every: 24 * time.Hour}, week
		r.Skew.Store(int64(skew))
		r.Done(nil)
		begun := r.Org.Clock().Now()
		row := r.FlowRow("Task")
		off := func(at time.Time) bool { return at.Sub(begun).Abs() > time.Minute }
		if off(row.RefreshedAt) || off(row.SweptAt) {
			t.Errorf("%s: refreshed at %s, swept at %s, and it is %s", skew, row.RefreshedAt, row.SweptAt, begun)
		}
		r.Skew.Store(int64(-skew)) // another machine
		r.Later(23 * time.Hour)
		if o := r.Done(nil).Objects[0]; strings.Contains(strings.Join(o.Notes, " "), "refresh:") {
			t.Errorf("%s: an hour too early: %q", skew, o.Notes)
		}
		r.Later(2 * time.Hour)
		if o := r.Done(nil).Objects[0]; o.State != control.FlowDone ||
			!strings.Contains(strings.Join(o.Notes, " "), "refresh:") {
			t.Errorf("%s: not on time: %+v", skew, o)
		}
	}
}
