package control_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/versioned"
	"catchment/internal/plan"
)

func begin(t *testing.T, ctl *control.Control, flow string) control.Attempt {
	t.Helper()
	a, err := ctl.Begin(t.Context(), control.Attempt{Flow: flow, Run: "r1", Fence: 1})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func save(t *testing.T, ctl *control.Control, a control.Attempt) control.Attempt {
	t.Helper()
	a, err := ctl.SaveAttempt(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// moves is what may follow each state; a state may always follow itself.
const moves = `
planned:      created started consolidated abandoned
created:      ready abandoned
ready:        started abandoned
started:      extracted abandoned
extracted:    loaded abandoned
loaded:       consolidated abandoned
consolidated: dropped
abandoned:    dropped
dropped:
`

func TestAttemptStates(t *testing.T) {
	allowed := map[string][]string{}
	for line := range strings.Lines(strings.TrimSpace(moves)) {
		from, to, _ := strings.Cut(line, ":")
		allowed[from] = append(strings.Fields(to), from)
	}
	if len(allowed) != len(control.AttemptStates()) {
		t.Fatalf("%d states in the table, %d in the code", len(allowed), len(control.AttemptStates()))
	}
	for _, from := range control.AttemptStates() {
		for _, to := range append(control.AttemptStates(), "", "other") {
			err := from.To(to)
			if want := slices.Contains(allowed[string(from)], string(to)); (err == nil) != want {
				t.Errorf("%s to %q: %v; allowed: %v", from, to, err, want)
			}
			if err != nil && plan.ClassOf(err) != plan.Bug {
				t.Errorf("%s to %q: class %s", from, to, plan.ClassOf(err))
			}
		}
	}
	if err := control.AttemptState("").To(control.Planned); err == nil {
		t.Error("no state may become planned")
	}
}

func TestPastAndOpen(t *testing.T) {
	states := control.AttemptStates()
	for i, s := range states {
		for j, of := range states {
			if got, want := s.Past(of), i > j; got != want {
				t.Errorf("%s past %s: %v, want %v", s, of, got, want)
			}
		}
		if got, want := s.Open(), i <= slices.Index(states, control.Loaded); got != want {
			t.Errorf("%s is open: %v, want %v", s, got, want)
		}
	}
}

func TestAttemptLife(t *testing.T) {
	ctl, c := setup(t)
	ctx := t.Context()
	if _, found, err := ctl.Open(ctx, "Account"); found || err != nil {
		t.Fatalf("open before the first: %v, %v", found, err)
	}
	a := begin(t, ctl, "Account")
	if a.State != control.Planned || !a.Created.Equal(start) || !strings.HasPrefix(a.ID, "Account-20261123T150405") {
		t.Errorf("begun: %+v", a)
	}
	if _, err := ctl.Begin(ctx, control.Attempt{Flow: "Account"}); err == nil {
		t.Error("a second attempt began beside an open one")
	}
	for _, next := range []control.AttemptState{
		control.Created, control.Created, control.Ready, control.Started, control.Extracted, control.Loaded,
	} {
		c.add(time.Minute)
		a.State = next
		a.Parts = []*control.Part{{Name: control.Main, Job: json.RawMessage(`{"id":"750"}`)}}
		a = save(t, ctl, a)
		got, found, err := ctl.Open(ctx, "Account")
		if !found || err != nil || got.State != next || got.Version != a.Version || !got.Updated.Equal(c.now()) {
			t.Fatalf("open after %s: %+v, %v, %v", next, got, found, err)
		}
	}
	a.State = control.Consolidated
	a = save(t, ctl, a)
	if _, found, err := ctl.Open(ctx, "Account"); found || err != nil {
		t.Errorf("open after the last: %v, %v", found, err)
	}
	second := begin(t, ctl, "Account")
	a.State = control.Dropped
	a = save(t, ctl, a)
	if got, err := ctl.Attempt(ctx, a.ID); err != nil || got.State != control.Dropped ||
		string(got.Part(control.Main).Job) != `{"id":"750"}` {
		t.Errorf("by id: %+v, %v", got, err)
	}
	begin(t, ctl, "Account_2")
	begin(t, ctl, "AccountShare")
	all, err := ctl.Attempts(ctx, "Account")
	if err != nil || len(all) != 2 || all[0].ID != a.ID || all[1].ID != second.ID {
		t.Errorf("attempts of Account: %+v, %v", all, err)
	}
	if all, err := ctl.Attempts(ctx, ""); err != nil || len(all) != 4 {
		t.Errorf("%d attempts in all, %v; want 4", len(all), err)
	}
}

func TestSaveAttemptRefuses(t *testing.T) {
	ctl, _ := setup(t)
	ctx := t.Context()
	a := begin(t, ctl, "Account")
	newer := a
	newer.State = control.Created
	save(t, ctl, newer)
	_, err := ctl.SaveAttempt(ctx, a)
	wantErr(t, err, versioned.ErrConflict, plan.Retry)

	a, err = ctl.Attempt(ctx, a.ID)
	if err != nil {
		t.Fatal(err)
	}
	a.State = control.Loaded
	if _, err = ctl.SaveAttempt(ctx, a); plan.ClassOf(err) != plan.Bug {
		t.Errorf("created to loaded: %v", err)
	}
	_, err = ctl.SaveAttempt(ctx, control.Attempt{ID: "Account-none", State: control.Planned})
	wantErr(t, err, versioned.ErrNotFound, plan.Bug)
}

// TestBeginRace: of two that begin at once, one does, and the other is told.
func TestBeginRace(t *testing.T) {
	table := openTable(t)
	c := &clock{t: start}
	first := newControl(t, table, c)
	raced := false
	second := newControl(t, faulty{Table: table, before: func(op string, k versioned.Key) error {
		if op == "put" && k.Kind == "open" && !raced {
			raced = true
			begin(t, first, "Account")
		}
		return nil
	}}, c)
	_, err := second.Begin(t.Context(), control.Attempt{Flow: "Account"})
	wantErr(t, err, versioned.ErrConflict, plan.Retry)
	if all, err := first.Attempts(t.Context(), "Account"); err != nil || len(all) != 1 {
		t.Errorf("%d attempts, %v; want 1", len(all), err)
	}
}

// TestBeginCrashes breaks Begin at each of its writes, before and after it is
// done: whatever was left behind, the next Begin or Open gets on, and the flow
// has one open attempt.
func TestBeginCrashes(t *testing.T) {
	crash := errors.New("crash")
	for _, kind := range []string{"open", "attempt"} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", kind, after), func(t *testing.T) {
				table := openTable(t)
				fail := func(op string, k versioned.Key) error {
					if op == "put" && k.Kind == kind {
						return crash
					}
					return nil
				}
				broken := faulty{Table: table, before: fail}
				if after {
					broken = faulty{Table: table, after: fail}
				}
				c := &clock{t: start}
				if _, err := newControl(t, broken, c).Begin(t.Context(),
					control.Attempt{Flow: "Account"}); !errors.Is(err, crash) {
					t.Fatalf("error %v, want the crash", err)
				}
				c.add(time.Second)
				ctl := newControl(t, table, c)
				a, found, err := ctl.Open(t.Context(), "Account")
				if err != nil || found != (kind == "attempt" && after) {
					t.Fatalf("open: %v, %v", found, err)
				}
				if !found {
					a = begin(t, ctl, "Account")
				}
				a.State = control.Created
				save(t, ctl, a)
				if all, err := ctl.Attempts(t.Context(), "Account"); err != nil || len(all) != 1 {
					t.Errorf("%d attempts, %v", len(all), err)
				}
			})
		}
	}
}

// TestRowForm holds the JSON of the rows, which other versions read: a change
// here needs a migration.
func TestRowForm(t *testing.T) {
	for _, c := range []struct {
		row  any
		want string
	}{
		{control.FlowRow{Object: "Account", Watermark: start, Version: 7},
			`{"object":"Account","generation":0,"fingerprint":"","watermark":"2026-11-23T15:04:05.006Z","rows":0}`},
		{control.Lease{Flow: "Account", Fence: 3}, `{"flow":"Account","fence":3}`},
		{control.Attempt{ID: "i", Flow: "f", Run: "r", State: control.Planned, Created: start, Updated: start},
			`{"id":"i","flow":"f","run":"r","fence":0,"generation":0,"state":"planned",` +
				`"created":"2026-11-23T15:04:05.006Z","updated":"2026-11-23T15:04:05.006Z"}`},
		{control.Part{Name: "main", Op: "put"}, `{"name":"main","op":"put","mover":""}`},
		{control.PageRow{Attempt: "a", Seq: 1},
			`{"attempt":"a","job":"","name":"","key":"","seq":1,"records":0,"bytes":0,"digest":""}`},
		{control.RunRow{ID: "r", State: control.Running, Started: start},
			`{"id":"r","state":"running","holder":"","started":"2026-11-23T15:04:05.006Z","calls":0}`},
	} {
		got, err := json.Marshal(c.row)
		if err != nil || string(got) != c.want {
			t.Errorf("%T: %s, %v\nwant %s", c.row, got, err, c.want)
		}
	}
}

// TestOlderAttempts: attempts that were written before there were parts have
// one, and go on from where they were.
func TestOlderAttempts(t *testing.T) {
	table := openTable(t)
	ctx := t.Context()
	put := func(kind, id, data string) {
		if _, err := table.Put(ctx, versioned.Row{Key: versioned.Key{Kind: kind, ID: id},
			Data: []byte(data)}); err != nil {
			t.Fatal(err)
		}
	}
	const id = "Account-20261123T150405006-00000000"
	put("meta", "schema", `{"version":1}`)
	put("open", "Account", `{"attempt":"`+id+`"}`)
	put("attempt", id, `{"id":"`+id+
		`","flow":"Account","run":"r","fence":3,"generation":2,"state":"loaded","mover":"bulk",`+
		`"from":"2026-01-01T00:00:00Z","soql":"SELECT Id FROM Account","columns":["Id"],"job":{"id":"750"},"jobs":2,"pages":3,"records":40,"bytes":500,`+
		`"created":"2026-11-23T15:04:05Z","updated":"2026-11-23T15:04:05Z"}`)
	put("attempt", id+"0",
		`{"id":"`+id+`0","flow":"Account","state":"planned","mover":"","jobs":0,"pages":0,"records":0,"bytes":0}`)
	for range 2 {
		ctl := newControl(t, table, &clock{t: start})
		a, found, err := ctl.Open(ctx, "Account")
		if err != nil || !found || a.State != control.Loaded || a.Fence != 3 || a.From.IsZero() || a.Mover() != "bulk" {
			t.Fatalf("%+v, %v, %v", a, found, err)
		}
		want := []*control.Part{{Name: "main", Op: "put", Mover: "bulk",
			Query: control.Query{Object: "Account", Fields: []string{"Id"}},
			Job:   json.RawMessage(`{"id":"750"}`), Jobs: 2, Loaded: true, Pages: 3, Records: 40, Bytes: 500}}
		if !reflect.DeepEqual(a.Parts, want) {
			t.Errorf("parts: %+v", a.Parts)
		}
		if pages, records, bytes := a.Sums(); pages != 3 || records != 40 || bytes != 500 {
			t.Error(a.Sums())
		}
		planned, err := ctl.Attempt(ctx, id+"0")
		if err != nil || len(planned.Parts) != 1 || planned.Parts[0].Loaded || planned.Part("other") != nil {
			t.Errorf("%+v, %v", planned, err)
		}
	}
}

// TestOlderQueries: parts that were written while their query was a text read the
// same records and fields as before.
func TestOlderQueries(t *testing.T) {
	table := openTable(t)
	ctx := t.Context()
	put := func(kind, id, data string) {
		if _, err := table.Put(ctx, versioned.Row{Key: versioned.Key{Kind: kind, ID: id},
			Data: []byte(data)}); err != nil {
			t.Fatal(err)
		}
	}
	const id = "Account-20261123T150405006-00000000"
	put("meta", "schema", `{"version":2}`)
	put("open", "Account", `{"attempt":"`+id+`"}`)
	put("attempt", id, `{"id":"`+id+`","flow":"Account","state":"extracted","parts":[`+
		`{"name":"main","op":"put","mover":"bulk","soql":"SELECT Id, Name FROM Account WHERE (Name = 'a WHERE b') AND SystemModstamp >= 2026-01-01T00:00:00Z","columns":["Id","Name"],"below":"001M","splits":1},`+
		`{"name":"main-ids-2","op":"put","mover":"bulk","of":"main","least":"001M","splits":1,"jobs":1},`+
		`{"name":"sample","op":"patch","mover":"rest","soql":"SELECT Id, F__c FROM Account WHERE Id >= '001' ORDER BY Id LIMIT 2000","columns":["Id","F__c"]},`+
		`{"name":"reread","op":"put","mover":"rest","soql":"SELECT Id, Name FROM Account","columns":["Id","Name"],"ids":["001A"]},`+
		`{"name":"gone-purged","op":"delete","mover":"finding","columns":["Id"],"reason":"purged","follows":"main"}]}`)
	put("attempt", id+"0", `{"id":"`+id+
		`0","flow":"Account","state":"dropped","parts":[{"name":"main","op":"put","mover":"bulk","soql":"a text of nobody's","columns":["Id"]}]}`)
	where := []string{"(Name = 'a WHERE b') AND SystemModstamp >= 2026-01-01T00:00:00Z"}
	want := []control.Query{
		{Object: "Account", Fields: []string{"Id", "Name"}, Where: where, Below: "001M"},
		{Object: "Account", Fields: []string{"Id", "Name"}, Where: where, Least: "001M"},
		{Object: "Account", Fields: []string{"Id", "F__c"}, Where: []string{"Id >= '001'"}, OrderBy: "Id", Limit: 2000},
		{Object: "Account", Fields: []string{"Id", "Name"}, IDs: []string{"001A"}},
		{Fields: []string{"Id"}},
	}
	for range 2 {
		a, found, err := newControl(t, table, &clock{t: start}).Open(ctx, "Account")
		if err != nil || !found || len(a.Parts) != len(want) {
			t.Fatalf("%+v, %v, %v", a, found, err)
		}
		for i, p := range a.Parts {
			if !reflect.DeepEqual(p.Query, want[i]) {
				t.Errorf("%s: %+v, want %+v", p.Name, p.Query, want[i])
			}
		}
	}
}
