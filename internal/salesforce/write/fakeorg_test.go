package write_test

import (
	"context"
	"crypto/md5" // #nosec G501 -- the org's own checksum
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/login"
	"catchment/internal/salesforce/write"
)

// A house is a fake org with families of records: some can be deleted, and others are held in each way that
// there is.
type house struct {
	*write.Writer
	org    *fakeorg.Org
	server *httptest.Server
	client *salesforce.Client
	ids    map[string]string // by name
}

// A Visit and its Steps go with their Account, a Deal stands against its delete, a Note loses its lookup, and a
// trigger deletes its Memos. Nobody may delete a Relic, by a trigger.
func newHouse(t *testing.T) *house {
	t.Helper()
	org, err := fakeorg.New(fakeorg.Options{Seed: 7, MostAlong: 20, SessionLife: 24 * time.Hour,
		Clock: fakeorg.StillClock(time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC))})
	fine(t, err)
	lookup := func(to string, f fakeorg.Field) fakeorg.Field {
		f.Name, f.Type, f.References = strings.TrimSuffix(to, "__c")+"__c", "reference", []string{to}
		return f
	}
	cascade, restrict, key := fakeorg.Field{Cascade: true}, fakeorg.Field{Restrict: true},
		fakeorg.Field{Name: "Key__c", Type: "string", ExternalID: true}
	fine(t, org.GenerateCounts(map[string]int{"Account": 1}, 7))
	fine(t, org.AddObject("Visit__c", "a0V", lookup("Account", cascade)))
	fine(t, org.AddObject("Step__c", "a0S", lookup("Visit__c", cascade)))
	fine(t, org.AddObject("Deal__c", "a0D", lookup("Account", restrict)))
	fine(t, org.AddObject("Note__c", "a0N", lookup("Account", fakeorg.Field{})))
	fine(t, org.AddObject("Memo__c", "a0M", lookup("Account", fakeorg.Field{})))
	fine(t, org.AddObject("Relic__c", "a0R", key))
	fine(t, org.AddStandard("ContentVersion"))
	fine(t, org.AddStandard("Attachment"))
	fine(t, org.SetTriggers(
		fakeorg.Trigger{Object: "Account", On: "delete", Deletes: []string{"Memo__c.Account__c"}},
		fakeorg.Trigger{Object: "Relic__c", On: "delete", Refuse: "relics stay"}))

	h := &house{org: org, server: httptest.NewServer(org), ids: map[string]string{}}
	t.Cleanup(h.server.Close)
	t.Cleanup(h.server.Client().CloseIdleConnections)
	h.settle(t)
	sleep := func(ctx context.Context, d time.Duration) error {
		org.Clock().Advance(d)
		return context.Cause(ctx)
	}
	h.client, err = salesforce.New(salesforce.Config{URL: h.server.URL, APIVersion: "66.0", Sleep: sleep,
		Now: org.Clock().Now, Login: login.Token{Token: org.Credentials().AccessToken}, HTTP: h.server.Client()})
	fine(t, err)
	purpose := leave(1000)
	for _, verb := range []write.Verb{write.Insert, write.Delete, write.Undelete} {
		purpose.Allow = append(purpose.Allow,
			write.Allowance{Verb: verb, Object: "Relic__c", Prefix: "a0R", AtMost: 10},
			write.Allowance{Verb: verb, Object: "Visit__c", Prefix: "a0V", AtMost: 10})
	}
	h.Writer, err = write.New(h.client, purpose)
	fine(t, err)
	return h
}

func fine(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// settle fills the house.
func (h *house) settle(t *testing.T) {
	t.Helper()
	add := func(name, object string, values map[string]any) string {
		id, err := h.org.Create(object, values)
		fine(t, err)
		h.ids[name] = id
		return id
	}
	of := func(account string) map[string]any { return map[string]any{"Account__c": h.ids[account]} }
	for _, name := range []string{"family", "held", "gone", "locked", "crowd", "single"} {
		add(name, "Account", map[string]any{"Name": name})
	}
	visit := add("visit", "Visit__c", of("family"))
	add("step", "Step__c", map[string]any{"Visit__c": visit})
	add("note", "Note__c", of("family"))
	add("memo", "Memo__c", of("family"))
	add("deal", "Deal__c", of("held"))
	for n := range 21 {
		add(fmt.Sprintf("guest %d", n), "Visit__c", of("crowd"))
	}
	add("relic", "Relic__c", map[string]any{"Key__c": "k"})
	h.ids["nobody"] = "001Ho00000zzzzzIAA"
	fine(t, h.org.Delete(h.ids["gone"]))
	fine(t, h.org.Lock(h.ids["locked"]))
	h.org.Clock().Advance(time.Hour)
}

// doomed are the Accounts that the tests delete, each with what has to become of it.
func doomed() []string {
	return []string{"family", "held", "gone", "locked", "crowd", "single", "nobody"}
}

// of gives the Ids of these names.
func (h *house) of(names ...string) (ids []string) {
	for _, name := range names {
		ids = append(ids, h.ids[name])
	}
	return ids
}

// state is all that the org holds of the house: a line for each record.
func (h *house) state(t *testing.T) string {
	t.Helper()
	var lines []string
	for object, field := range map[string]string{"Account": "Name", "Visit__c": "Account__c", "Step__c": "Visit__c",
		"Deal__c": "Account__c", "Note__c": "Account__c", "Memo__c": "Account__c", "Relic__c": "Key__c"} {
		for r, err := range h.client.Query(t.Context(), "SELECT Id, IsDeleted, "+field+" FROM "+object, true) {
			fine(t, err)
			lines = append(lines, fmt.Sprintf("%s %s deleted %s, %s", object, r.Raw("Id"), r.Raw("IsDeleted"),
				r.Raw(field)))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// told gives each name its outcome, in a few words.
func (h *house) told(outcomes []write.Outcome, names []string) map[string]string {
	told := map[string]string{}
	for i, o := range outcomes {
		told[names[i]] = string(o.State)
		if o.Refusal != nil {
			told[names[i]] += " " + o.Refusal.Code + ", " + string(o.Refusal.Reason)
		}
	}
	return told
}

// gather makes a function that collects outcomes.
func gather(into *[]write.Outcome) func(write.Outcome) error {
	return func(o write.Outcome) error {
		*into = append(*into, o)
		return nil
	}
}

// Both ways to delete tell the same of each record, and leave the same behind; what comes back brings its
// family along.
func TestDeleteAndUndeleteInTheFakeOrg(t *testing.T) {
	want := map[string]string{
		"family": "done",
		"held":   "failed DELETE_FAILED, restricted",
		"gone":   "failed ENTITY_IS_DELETED, gone",
		"locked": "failed ENTITY_IS_LOCKED, approval",
		"crowd":  "failed DELETE_OPERATION_TOO_LARGE, too large",
		"single": "done",
		"nobody": "failed INVALID_CROSS_REFERENCE_KEY, missing",
	}
	var deleted, back [2]string
	for i, delete := range []func(h *house) ([]write.Outcome, error){
		func(h *house) ([]write.Outcome, error) {
			return h.Delete(t.Context(), "Account", h.of(doomed()...), write.EachAlone)
		},
		func(h *house) (outcomes []write.Outcome, err error) {
			err = h.Bulk(t.Context(), deletes(h.of(doomed()...)...), gather(&outcomes))
			return outcomes, err
		},
	} {
		h := newHouse(t)
		outcomes, err := delete(h)
		fine(t, err)
		if got := h.told(outcomes, doomed()); !maps.Equal(got, want) {
			t.Errorf("way %d: %v", i, got)
		}
		deleted[i] = h.state(t)
		for name, line := range map[string]string{"visit": "true", "step": "true", "memo": "true", "note": "false"} {
			if !strings.Contains(deleted[i], `"`+h.ids[name]+`" deleted `+line) {
				t.Errorf("way %d: %s isn't deleted %s", i, name, line)
			}
		}

		names := []string{"family", "gone", "held"}
		outcomes, err = h.Undelete(t.Context(), "Account", h.of(names...), write.EachAlone)
		fine(t, err)
		wanted := map[string]string{"family": "done", "gone": "done", "held": "failed UNDELETE_FAILED, not in bin"}
		if got := h.told(outcomes, names); !maps.Equal(got, wanted) {
			t.Errorf("way %d: undelete: %v", i, got)
		}
		back[i] = h.state(t)
		if !strings.Contains(back[i], `"`+h.ids["step"]+`" deleted false`) {
			t.Errorf("way %d: the step didn't come back", i)
		}
	}
	if deleted[0] != deleted[1] || back[0] != back[1] {
		t.Error("the two ways leave different things behind")
	}
}

func TestRefusedByATrigger(t *testing.T) {
	h := newHouse(t)
	outcomes, err := h.Delete(t.Context(), "Relic__c", h.of("relic"), write.EachAlone)
	fine(t, err)
	if got := h.told(outcomes, []string{"relic"})["relic"]; got != "failed FIELD_CUSTOM_VALIDATION_EXCEPTION, rule" {
		t.Error(got)
	}
}

// The org does what it was told, and the answer is lost: nothing is sent twice, and what happened is found out.
func TestLostAnswersInTheFakeOrg(t *testing.T) {
	h := newHouse(t)
	posts := func() int { return h.org.Requests()["collection"] + h.org.Requests()["soap"] }
	lose := func(kind, method string) {
		h.org.ClearFaults()
		h.org.Fault(fakeorg.Rule{Kind: kind, Method: method, Truncate: 1, Times: 1})
	}
	before := posts()
	names := []string{"family", "held"}
	lose("collection", "DELETE")
	outcomes, err := h.Delete(t.Context(), "Account", h.of(names...), write.EachAlone)
	fine(t, err)
	if got := h.told(outcomes, names); got["family"] != "done" || outcomes[1].Found != write.Live {
		t.Errorf("delete: %v", got)
	}
	lose("soap", "POST")
	outcomes, err = h.Undelete(t.Context(), "Account", h.of("family"), write.EachAlone)
	fine(t, err)
	if got := h.told(outcomes, names[:1]); got["family"] != "done" {
		t.Errorf("undelete: %v", got)
	}
	lose("collection", "POST")
	outcomes, err = h.Insert(t.Context(), write.Records{Object: "Relic__c", Key: "Key__c",
		Rows: []write.Fields{fields("Key__c", "lost")}}, write.EachAlone)
	fine(t, err)
	if len(outcomes) != 1 || outcomes[0].State != write.Done || outcomes[0].ID == "" {
		t.Errorf("insert: %v", outcomes)
	}
	if n := posts() - before; n != 3 {
		t.Errorf("%d writes were sent, not 3", n)
	}
}

// A job whose results can't be had is settled by its records.
func TestLostResultsInTheFakeOrg(t *testing.T) {
	h := newHouse(t)
	h.org.Fault(fakeorg.Rule{Kind: "ingest-results", Status: 500, Body: "[]"})
	var outcomes []write.Outcome
	names := []string{"family", "held"}
	err := h.Bulk(t.Context(), deletes(h.of(names...)...), gather(&outcomes))
	fine(t, err)
	if got := h.told(outcomes, names); got["family"] != "done" || got["held"] != "failed NO_RESULT, untold" {
		t.Errorf("%v", got)
	}
}

// Rows of any text come in as they are, by both ways, each with its own Id.
func TestInsertIntoTheFakeOrg(t *testing.T) {
	h := newHouse(t)
	texts := []string{`a "b", c`, "two\nlines", "two\r\nlines", "twin", "twin", "ö", "x"}
	var rows [][]string
	for _, text := range texts {
		rows = append(rows, []string{text})
	}
	var outcomes []write.Outcome
	fine(t, h.Bulk(t.Context(), inserts([]string{"Name"}, rows...), gather(&outcomes)))
	for i, o := range outcomes {
		if o.State != write.Done {
			t.Fatalf("row %d: %+v", i, o)
		}
		n := 0
		for r, err := range h.client.Query(t.Context(), "SELECT Name FROM Account WHERE Id = '"+o.ID+"'", false) {
			fine(t, err)
			if text, _ := r.Text("Name"); text != texts[i] && strings.ReplaceAll(texts[i], "\r\n", "\n") != text {
				t.Errorf("row %d: %q became %q", i, texts[i], text)
			}
			n++
		}
		if n != 1 {
			t.Errorf("row %d: %d records", i, n)
		}
	}
	if len(outcomes) != len(texts) {
		t.Errorf("%d outcomes", len(outcomes))
	}
}

// Files come in with the size and the checksum that they were sent with; one whose answer is lost is found.
func TestUploadIntoTheFakeOrg(t *testing.T) {
	h := newHouse(t)
	body := strings.Repeat("0123456789abcdef\r\n", 50_000)
	field := func(object, field, id string) string {
		t.Helper()
		for r, err := range h.client.Query(t.Context(), "SELECT "+field+" FROM "+object+" WHERE Id = '"+id+"'", false) {
			fine(t, err)
			text, err := r.Text(field)
			fine(t, err)
			return text
		}
		return "no record"
	}

	f := file(body)
	f.Fields, f.Key = write.Fields{"Title": []byte(`"one"`), "PathOnClient": []byte(`"one.txt"`)}, "Title"
	sum := fmt.Sprintf("%x", md5.Sum([]byte(body))) // #nosec G401 -- the org's own checksum
	for _, title := range []string{"answered", "lost"} {
		f.Fields["Title"] = []byte(`"` + title + `"`)
		if title == "lost" {
			h.org.Fault(fakeorg.Rule{Method: "POST", Path: "/sobjects/ContentVersion", Truncate: 1, Times: 1})
		}
		outcome, err := h.Upload(t.Context(), f)
		fine(t, err)
		if outcome.State != write.Done {
			t.Fatalf("%s: %+v", title, outcome)
		}
		if got := field("ContentVersion", "Checksum", outcome.ID); got != sum {
			t.Errorf("%s: checksum %s, not %s", title, got, sum)
		}
		if got := field("ContentVersion", "ContentSize", outcome.ID); got != fmt.Sprint(len(body)) {
			t.Errorf("%s: %s bytes, not %d", title, got, len(body))
		}
	}
	f = file(body)
	f.Object, f.Fields = "Attachment", fields("ParentId", h.ids["family"])
	f.Fields["Name"] = []byte(`"a"`)
	outcome, err := h.Upload(t.Context(), f)
	fine(t, err)
	got := field("Attachment", "BodyLength", outcome.ID)
	if outcome.State != write.Done || got != fmt.Sprint(len(body)) {
		t.Errorf("%+v, %s bytes", outcome, got)
	}

	f.Fields["ParentId"] = []byte(`"` + h.ids["nobody"] + `"`)
	outcome, err = h.Upload(t.Context(), f)
	fine(t, err)
	if outcome.State != write.Failed || outcome.Refusal.Reason == "" {
		t.Errorf("of nobody: %+v", outcome)
	}
}
