package replicate_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/rig"
)

// notesOf does a run of one flow and gives what it says.
func notesOf(r *rig.Rig) string {
	r.T.Helper()
	r.Later(time.Hour)
	return strings.Join(r.Done(nil).Objects[0].Notes, "\n")
}

// exactly compares all values, and wants no difference.
func exactly(r *rig.Rig) {
	r.T.Helper()
	if got := r.Verified(r.Flows[0], rig.Values); got.Wrong+got.Stale+got.Missing+got.Extra > 0 {
		r.T.Errorf("%+v", got.Difference)
	}
}

// A field's type changed and the old column went on with its last value, also for
// records that have changed since: a report on it was wrong in silence, and verify
// found nothing (case 36). A column that can take the new values takes them where it
// is; where it can't, it loses what its record has no more.
func TestCaseTypeChanged(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Invoice__c", 6)
	r.Must(r.Org.AddField("Invoice__c", fakeorg.Field{Name: "N__c", Type: "double", Scale: 2}))
	r.Must(r.Org.AddField("Invoice__c", fakeorg.Field{Name: "D__c", Type: "date"}))
	ids := r.IDs("Invoice__c")
	for _, id := range ids[:4] {
		r.Set(id, "N__c", 100.5)
		r.Set(id, "D__c", "2026-03-01")
	}
	notesOf(r)
	r.Delete(ids[3])
	notesOf(r)
	r.Must(r.Org.Purge(ids[3])) // nobody reads it again: what it had stays, in words

	r.Must(r.Org.RetypeField("Invoice__c", fakeorg.Field{Name: "N__c", Type: "string", Length: 80}))
	r.Must(r.Org.RetypeField("Invoice__c", fakeorg.Field{Name: "D__c", Type: "string", Length: 80}))
	r.Later(time.Hour)
	r.Set(ids[0], "N__c", "abc")
	r.Set(ids[0], "D__c", "soon")
	notes := notesOf(r)
	for _, want := range []string{
		"column invoice__c.n__c may hold old values, since field N__c was double(18,2) and is string(80) now; " +
			"it is filled for all records",
		"column invoice__c.n__c is VARCHAR now",
		"column invoice__c.d__c_text is new, since d__c can't take the field's values any more; it is filled",
		"column invoice__c.d__c keeps old values of records that don't change: field D__c is of another type now, " +
			"and has the column d__c_text",
	} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes %q, want %q", notes, want)
		}
	}
	if strings.Contains(notes, "gone, or hidden") {
		t.Errorf("notes %q", notes)
	}
	want := map[string][]string{
		ids[0]: {"abc", "", "soon"}, ids[1]: {"100.5", "2026-03-01", ""}, ids[3]: {"100.5", "2026-03-01", ""},
		ids[5]: {"", "", ""},
	}
	values := func() {
		t.Helper()
		has := r.Texts("invoice__c", "id", "n__c", "d__c", "d__c_text")
		for id, texts := range want {
			if got := has[id][1:]; !slices.Equal(got, texts) {
				t.Errorf("%s has %q, want %q", id, got, texts)
			}
		}
	}
	values()
	exactly(r)
	r.Later(time.Hour)
	r.Set(ids[1], "N__c", "later")
	notesOf(r)
	want[ids[1]] = []string{"later", "", ""}
	values()

	row := r.FlowRow("Invoice__c")
	if len(row.Retired) != 1 || row.Retired[0].Column != "d__c" || row.Retired[0].Field != "D__c" ||
		row.Retired[0].By != "d__c_text" || row.Retired[0].Since.IsZero() {
		t.Errorf("remembered is %+v", row.Retired)
	}
	r.Exec("UPDATE salesforce.invoice__c SET d__c = DATE '2026-03-01' WHERE id = '" + ids[0] + "'")
	if got := r.Verified(r.Flows[0], rig.Values); !slices.Equal(got.WrongIDs, []string{ids[0]}) ||
		!slices.Equal(got.WrongColumns[0], []string{"d__c"}) {
		t.Errorf("a value that its record has no more: %+v", got.Difference)
	}
	r.Verified(r.Flows[0], rig.Repair)
	exactly(r)
	values()

	r.Exec("ALTER TABLE salesforce.invoice__c DROP COLUMN d__c")
	if notes := notesOf(r); notes != "" {
		t.Errorf("the user has dropped it: %q", notes)
	}
	if row := r.FlowRow("Invoice__c"); len(row.Retired) > 0 {
		t.Errorf("remembered is %+v", row.Retired)
	}
}

// A field was deleted and made again, of another type, between two runs: all rows kept
// the dead one's values under "proven" (case 42). NULLs are written, too.
func TestCaseFieldRemade(t *testing.T) {
	t.Parallel()
	for _, again := range []fakeorg.Field{
		{Name: "X__c", Type: "boolean"}, {Name: "X__c", Type: "string", Length: 30},
		{Name: "X__c", Type: "double", Scale: 2}, {Name: "X__c", Type: "textarea", Length: 80},
	} {
		t.Run(again.Type, func(t *testing.T) {
			t.Parallel()
			r := rig.Small(t, "Invoice__c", 5)
			r.Must(r.Org.AddField("Invoice__c", fakeorg.Field{Name: "X__c", Type: "string", Length: 80}))
			ids := r.IDs("Invoice__c")
			for _, id := range ids {
				r.Set(id, "X__c", "dead")
			}
			notesOf(r)
			r.Must(r.Org.DeleteField("Invoice__c", "X__c"))
			r.Must(r.Org.AddField("Invoice__c", again))
			const want = "column invoice__c.x__c may hold old values, since field X__c was string(80)"
			if notes := notesOf(r); !strings.Contains(notes, want) {
				t.Errorf("notes %q", notes)
			}
			for id, texts := range r.Texts("invoice__c", "id", "x__c") {
				if texts[1] != "" && texts[1] != "false" {
					t.Errorf("%s has %q", id, texts[1])
				}
			}
			exactly(r)
			if notes := notesOf(r); notes != "" {
				t.Errorf("once more: %q", notes)
			}
		})
	}
}

// What an open attempt has read of the dead field is not used, and the new one is filled.
func TestFieldRemadeInTheMiddle(t *testing.T) {
	t.Parallel()
	for _, first := range []bool{true, false} {
		r := rig.Small(t, "Invoice__c", 5)
		r.Must(r.Org.AddField("Invoice__c", fakeorg.Field{Name: "X__c", Type: "string", Length: 80}))
		if !first {
			notesOf(r)
		}
		for _, id := range r.IDs("Invoice__c") {
			r.Set(id, "X__c", "dead")
		}
		r.Later(time.Hour)
		r.Org.Fault(fakeorg.Rule{Path: "/results", Status: 503, Body: rig.Unavailable})
		r.Org.Fault(fakeorg.Rule{Path: "/query", Status: 503, Body: rig.Unavailable})
		r.Run(nil)
		r.Org.ClearFaults()
		r.Must(r.Org.DeleteField("Invoice__c", "X__c"))
		r.Must(r.Org.AddField("Invoice__c", fakeorg.Field{Name: "X__c", Type: "boolean"}))
		notesOf(r)
		exactly(r)
	}
}

// A field gets another column while the first reading of all is under way: what was
// read can't be loaded into the tables that were made before, and every later run failed.
func TestFieldMovesInTheMiddle(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Invoice__c", 5)
	r.Must(r.Org.AddField("Invoice__c", fakeorg.Field{Name: "X__c", Type: "date"}))
	for _, id := range r.IDs("Invoice__c") {
		r.Set(id, "X__c", "2026-03-01")
	}
	r.Later(time.Hour)
	r.Org.Fault(fakeorg.Rule{Path: "/results", Status: 503, Body: rig.Unavailable})
	r.Run(nil)
	r.Org.ClearFaults()
	r.Must(r.Org.RetypeField("Invoice__c", fakeorg.Field{Name: "X__c", Type: "string", Length: 80}))
	r.Later(time.Hour)
	notesOf(r)
	exactly(r)
}

// Each reason why a column gets no values is named for what it is; a column that
// somebody else has added is his, and no reason to speak.
func TestWhyAColumnGetsNoValues(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Invoice__c", 5)
	for _, name := range []string{"Gone__c", "Out__c"} {
		r.Must(r.Org.AddField("Invoice__c", fakeorg.Field{Name: name, Type: "string"}))
	}
	r.Must(r.Org.AddField("Invoice__c", fakeorg.Field{Name: "Other__c", Type: "date"}))
	notesOf(r)
	r.Exec("ALTER TABLE salesforce.invoice__c ADD COLUMN remark VARCHAR")
	r.Must(r.Org.DeleteField("Invoice__c", "Gone__c"))
	r.Must(r.Org.RetypeField("Invoice__c", fakeorg.Field{Name: "Other__c", Type: "boolean"}))
	r.Flows[0].Exclude = []string{"Out__c"}
	notesOf(r)
	notes := strings.Split(notesOf(r), "\n")
	slices.Sort(notes)
	want := []string{
		"column invoice__c.gone__c keeps its old values: the field is gone, or hidden from this user",
		"column invoice__c.other__c keeps old values of records that don't change: " +
			"field Other__c is of another type now, and has the column other__c_bool",
		"column invoice__c.out__c keeps its old values: the flow leaves field Out__c out",
	}
	if !slices.Equal(notes, want) {
		t.Errorf("notes %q", notes)
	}
	if row := r.FlowRow("Invoice__c"); !slices.Equal(row.Unfilled, []string{"gone__c"}) {
		t.Errorf("unfilled are %q", row.Unfilled)
	}
}

// A rename that is taken out of a flow again left the column under its new name.
func TestRenameTakenOut(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 6)
	r.Done(nil)
	before := r.Texts("contact", "id", "title")
	r.Flows[0].Rename = map[string]string{"Title": "position"}
	if notes := notesOf(r); !strings.Contains(notes, "column contact.position was title") {
		t.Errorf("notes %q", notes)
	}
	r.Flows[0].Rename = nil
	notes := notesOf(r)
	if !strings.Contains(notes, "column contact.title was position") || strings.Contains(notes, "gone") {
		t.Errorf("notes %q", notes)
	}
	if slices.Contains(r.Columns("contact"), "position") {
		t.Error("the column still has its chosen name")
	}
	after := r.Texts("contact", "id", "title")
	for id := range before {
		if !slices.Equal(before[id], after[id]) {
			t.Errorf("%q was %q", after[id], before[id])
		}
	}
	exactly(r)
	if notes := notesOf(r); notes != "" {
		t.Errorf("once more: %q", notes)
	}
}

// A column that a field left behind stays known as such when the flow gives the field's
// column another name.
func TestRenameAfterRetype(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Invoice__c", 3)
	r.Must(r.Org.AddField("Invoice__c", fakeorg.Field{Name: "D__c", Type: "date"}))
	ids := r.IDs("Invoice__c")
	for _, id := range ids {
		r.Set(id, "D__c", "2026-03-01")
	}
	notesOf(r)
	r.Must(r.Org.RetypeField("Invoice__c", fakeorg.Field{Name: "D__c", Type: "string", Length: 80}))
	notesOf(r)
	r.Flows[0].Rename = map[string]string{"D__c": "due"}
	r.Later(time.Hour)
	r.Set(ids[0], "D__c", "soon")
	notes := notesOf(r)
	if !strings.Contains(notes, "column invoice__c.due was d__c_text") ||
		!strings.Contains(notes, "field D__c is of another type now, and has the column due") {
		t.Errorf("notes %q", notes)
	}
	if got := r.Texts("invoice__c", "id", "d__c", "due")[ids[0]]; !slices.Equal(got[1:], []string{"", "soon"}) {
		t.Errorf("it has %q", got)
	}
	if row := r.FlowRow("Invoice__c"); len(row.Retired) != 1 || row.Retired[0].By != "due" {
		t.Errorf("remembered is %+v", row.Retired)
	}
	exactly(r)
}
