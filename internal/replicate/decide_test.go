package replicate

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/mover"
	"catchment/internal/mover/bulk"
	"catchment/internal/mover/rest"
	"catchment/internal/plan"
	"catchment/internal/platform"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/login"
	"catchment/internal/schema"
	"catchment/internal/source"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/touched"
)

// movers can't read anything, and say what they could.
var movers = mover.Set{"bulk": bulk.New(nowhere()), "rest": rest.New(nowhere())}

// nowhere is an org that nobody reaches, with the newest version of the API.
func nowhere() *salesforce.Client {
	org, err := salesforce.New(salesforce.Config{URL: "http://127.0.0.1", APIVersion: platform.Newest,
		HTTP: http.DefaultClient, Login: login.Token{Token: "t"}})
	if err != nil {
		panic(err)
	}
	return org
}

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestDecide(t *testing.T) {
	t.Parallel()
	mark := func(generation int64) warehouse.Mark {
		return warehouse.Mark{Flow: "Account", Table: "account", Generation: generation, Watermark: noon}
	}
	row := func(generation int64) control.FlowRow {
		return control.FlowRow{Memory: recall.Memory{Generation: generation, Fingerprint: "f"}}
	}
	tests := []struct {
		name  string
		facts facts
		want  readPlan
	}{
		{"first", facts{condition: shape.Absent}, readPlan{generation: 1}},
		{"first, --full", facts{condition: shape.Absent, full: true}, readPlan{generation: 1}},
		{"increment", facts{row: row(1), mark: mark(1)}, readPlan{generation: 1, from: noon}},
		{"a relative window", facts{row: row(1), mark: mark(1), relative: noon.Add(-36 * time.Hour)},
			readPlan{generation: 1, from: noon.Add(-36 * time.Hour)}},
		{"a relative window after a missed day", facts{row: row(1), mark: mark(1), relative: noon.Add(time.Hour)},
			readPlan{generation: 1, from: noon}},
		{"a relative window, first", facts{condition: shape.Absent, relative: noon}, readPlan{generation: 1}},
		{"a relative window, --full", facts{row: row(1), mark: mark(1), full: true, relative: noon},
			readPlan{generation: 2, rebuild: true}},
		{"the flow changed", facts{row: row(1), mark: mark(1), fingerprint: "g"},
			readPlan{generation: 2, rebuild: true}},
		{"--full", facts{row: row(1), mark: mark(1), full: true}, readPlan{generation: 2, rebuild: true}},
		{"a rebuild goes on", facts{row: row(2), mark: mark(1)}, readPlan{generation: 2, rebuild: true}},
		{"a rebuild goes on, --full", facts{row: row(2), mark: mark(1), full: true, pending: true},
			readPlan{generation: 2, rebuild: true}},
		{"a rebuild was given up, --full", facts{row: row(2), mark: mark(1), full: true},
			readPlan{generation: 3, rebuild: true}},
		{"the rebuild is done", facts{row: row(2), mark: mark(2)}, readPlan{generation: 2, from: noon}},
		{"--full of a table that is whole", facts{row: row(2), mark: mark(2), full: true, pending: true},
			readPlan{generation: 3, rebuild: true}},
		{"the warehouse is lost", facts{row: row(3), condition: shape.Absent}, readPlan{generation: 3}},
		{"the control table is lost", facts{mark: mark(3)},
			readPlan{generation: 4, rebuild: true, warning: "control table"}},
		{"an older control table", facts{row: row(1), mark: mark(2)},
			readPlan{generation: 3, rebuild: true, warning: "control table"}},
		{"an older copy of both schemas", facts{row: row(3), mark: mark(2), condition: shape.Restored},
			readPlan{generation: 3, rebuild: true}},
		{"rows are missing", facts{row: row(1), mark: mark(1), condition: shape.Fewer},
			readPlan{generation: 1, from: noon, doubts: []recall.Doubt{{
				Kind: recall.RowsWrong, Why: "rows are missing from the table that the last run left there",
				Hint: "mend it with: catchment verify --repair Account"}}}},
		{"rows are ahead", facts{row: row(1), mark: mark(1), condition: shape.Ahead},
			readPlan{generation: 1, from: noon, doubts: []recall.Doubt{{
				Kind: recall.RowsWrong, Hint: "mend it with: catchment verify --repair Account",
				Why: "rows of the table are stamped later than Salesforce was last read, so changes of their " +
					"records may be missing"}}}},
		{"dropped, --full", facts{row: row(1), mark: mark(1), condition: shape.Dropped, full: true},
			readPlan{generation: 2, rebuild: true}},
		{"the object was made again", facts{row: row(1), mark: mark(1), was: "a0T", prefix: "a0U"},
			readPlan{generation: 2, rebuild: true, remade: "a0T", warning: "began with a0T"}},
		{"made again in a rebuild",
			facts{row: row(2), mark: mark(1), was: "a0T", prefix: "a0U", pending: true, full: true},
			readPlan{generation: 3, rebuild: true, remade: "a0T", warning: "began with a0T"}},
		{"made again before anything was consolidated",
			facts{row: row(1), mark: warehouse.Mark{Flow: "Account", Table: "account"}, was: "a0T", prefix: "a0U"},
			readPlan{generation: 2, remade: "a0T", warning: "began with a0T"}},
		{"the same prefix", facts{row: row(1), mark: mark(1), was: "a0T", prefix: "a0T"},
			readPlan{generation: 1, from: noon}},
		{"no prefix now", facts{row: row(1), mark: mark(1), was: "a0T"}, readPlan{generation: 1, from: noon}},
		{"no prefix before", facts{row: row(1), mark: mark(1), prefix: "a0U"}, readPlan{generation: 1, from: noon}},
		{"dropped in a rebuild", facts{row: row(2), mark: mark(1), condition: shape.Dropped},
			readPlan{generation: 2, rebuild: true}},
	}
	for _, test := range tests {
		if test.facts.condition == "" {
			test.facts.condition = shape.Intact
		}
		if test.facts.fingerprint == "" {
			test.facts.fingerprint = "f"
		}
		got, err := decide(test.facts)
		if err != nil || !strings.Contains(got.warning, test.want.warning) ||
			(got.warning == "") != (test.want.warning == "") {
			t.Errorf("%s: %v, warning %q", test.name, err, got.warning)
		}
		got.warning = test.want.warning
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %+v, want %+v", test.name, got, test.want)
		}
	}
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	for _, condition := range []shape.Condition{shape.Dropped, shape.Emptied, shape.Restored,
		touched.By("append", noon), shape.Foreign} {
		f := facts{row: control.FlowRow{Memory: recall.Memory{Generation: 1}},
			mark: warehouse.Mark{Flow: "Account", Table: "account", Generation: 1}, condition: condition}
		if _, err := decide(f); plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
			t.Errorf("%s: %v", condition, err)
		}
		f.full = true
		if _, err := decide(f); (err != nil) != (condition == shape.Foreign) {
			t.Errorf("%s, --full: %v", condition, err)
		}
	}
}

func TestUnfit(t *testing.T) {
	t.Parallel()
	fit := func() standing {
		return standing{
			attempt: control.Attempt{ID: "a", Generation: 2, From: noon,
				Parts: []*control.Part{{Name: control.Main, Jobs: 1}}},
			way: readPlan{generation: 2, from: noon}, known: true, carried: true, loaded: 3, ledger: 3,
		}
	}
	tests := []struct {
		name   string
		change func(*standing)
		want   string
	}{
		{"as it was", func(*standing) {}, ""},
		{"reads more than it has to", func(s *standing) { s.attempt.From = noon.Add(-time.Hour) }, ""},
		{"reads everything", func(s *standing) { s.attempt.From = time.Time{} }, ""},
		{"loaded, and not noted", func(s *standing) { s.ledger = 4 }, ""},
		{"another generation", func(s *standing) { s.way.generation = 3 }, "changed"},
		{"another generation, consolidated", func(s *standing) {
			s.way.generation, s.mark.Attempt = 3, "a"
		}, "changed"},
		{"consolidated", func(s *standing) { s.mark.Attempt, s.ledger, s.way.from = "a", 0, noon.Add(time.Hour) }, ""},
		{"a warehouse that knows nothing", func(s *standing) { s.known = false }, "not the one"},
		{"an older warehouse", func(s *standing) { s.way.from = noon.Add(-time.Hour) }, "less"},
		{"an empty warehouse", func(s *standing) { s.way.from = time.Time{} }, "less"},
		{"the table is to be rebuilt", func(s *standing) { s.way.rebuild = true }, "less"},
		{"a field vanished", func(s *standing) { s.carried = false }, "field"},
		{"a field moved to another column", func(s *standing) { s.moved = true }, "another column"},
		{"a field that stands twice", func(s *standing) {
			s.attempt.Parts[0].Fields = []string{"Id", "Name", "name"}
		}, "twice"},
		{"a field became another one", func(s *standing) { s.remade = true }, "another one"},
		{"pages vanished", func(s *standing) { s.ledger = 2 }, "pages"},
		{"jobs vanished", func(s *standing) { s.attempt.Parts[0].Jobs = jobsAtMost }, "jobs"},
	}
	for _, test := range tests {
		s := fit()
		test.change(&s)
		if got := unfit(s); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestMoverFor(t *testing.T) {
	t.Parallel()
	rest := movers.Traits("rest")
	few := rest.Answers * rest.Cost.Page
	short := control.Query{Object: "Account", Fields: []string{"Id"}}
	long := control.Query{Object: "Account", Fields: []string{strings.Repeat("x", movers.Traits("rest").Query+1)}}
	tests := []struct {
		setting string
		changed int64
		answer  int64 // records that one held lately
		query   control.Query
		want    string
	}{
		{"auto", 0, 0, short, "none"},
		{"bulk", 0, 0, short, "none"},
		{"auto", -1, 0, short, "bulk"},
		{"", 1, 0, short, "rest"},
		{"auto", few, 0, short, "rest"},
		{"auto", few + 1, 0, short, "bulk"},
		{"auto", few, 500, short, "bulk"},
		{"auto", 2 * 500, 500, short, "rest"},
		{"auto", 2*500 + 1, 500, short, "bulk"},
		{"auto", few, 5000, short, "rest"},
		{"auto", 1, 0, long, "bulk"},
		{"rest", -1, 0, short, "rest"},
		{"rest", few, 200, short, "rest"},
		{"bulk", 1, 0, short, "bulk"},
	}
	for _, test := range tests {
		much := mover.Amount{Records: test.changed, Answer: test.answer}
		if got := moverFor(movers, test.setting, much, test.query); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

func TestAnswerOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ known, total, first, want int64 }{
		{0, 100, 100, 0},      // one that has room for more tells nothing
		{0, 3000, 2000, 0},    // a whole page is what everybody expects
		{0, 3000, 250, 250},   // wide records
		{250, 3000, 600, 600}, // they have become narrower
		{600, 3000, 250, 250}, // and wider
		{250, 100, 100, 250},  // few of them
		{250, 300, 300, 300},  // more than were known to fit
		{250, 2000, 2000, 0},  // any number
	} {
		job := mover.Job{Records: test.total, Answer: test.first}
		if got := answerOf(test.known, job, 2000); got != test.want {
			t.Errorf("%+v: %d", test, got)
		}
	}
}

func TestRunState(t *testing.T) {
	t.Parallel()
	tests := []struct {
		flows    string // d(one), p(aused), f(ailed), o(pen)
		lost     int
		stopping bool
		want     control.RunState
	}{
		{"", 0, false, control.Failed},
		{"", 0, true, control.Stopped},
		{"dp", 0, false, control.Done},
		{"dd", 0, true, control.Done},
		{"p", 0, false, control.Done},
		{"df", 0, false, control.Partial},
		{"do", 0, false, control.Partial},
		{"do", 0, true, control.Stopped},
		{"fo", 0, true, control.Stopped},
		{"ff", 0, true, control.Failed},
		{"o", 0, false, control.Failed},
		{"df", 1, true, control.Superseded},
	}
	for _, test := range tests {
		var objects []control.RunObject
		for _, c := range test.flows {
			state := map[rune]control.FlowState{'d': control.FlowDone, 'p': control.FlowPaused, 'f': control.FlowFailed,
				'o': control.FlowOpen}[c]
			objects = append(objects, control.RunObject{State: state})
		}
		if got := runState(objects, test.lost, test.stopping); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	for state, want := range map[control.AttemptState]control.FlowState{
		control.Planned: control.FlowOpen, control.Loaded: control.FlowOpen, control.Abandoned: control.FlowOpen,
		control.Consolidated: control.FlowDone, control.Dropped: control.FlowDone,
	} {
		o, err := outcome(control.Attempt{State: state, Counts: []byte(`{"Inserted":3}`)}, control.RunObject{}, false)
		if err != nil || o.State != want || o.Inserted != 3 {
			t.Errorf("%s: %+v, %v", state, o, err)
		}
		o, _ = outcome(control.Attempt{State: state, Error: "broken", Hint: "mend it"},
			control.RunObject{}, false)
		if failed := o.State == control.FlowFailed && o.Error == "broken" &&
			o.Hint == "mend it"; failed != (want == control.FlowOpen) {
			t.Errorf("%s with an error: %+v", state, o)
		}
	}
	if _, err := outcome(control.Attempt{Counts: []byte("{")}, control.RunObject{}, false); err == nil {
		t.Error("counts that can't be read passed")
	}
}

// What would have been tried again, or waits, has not failed where the user wanted an end.
func TestOutcomeOfAStop(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		class  plan.Class
		failed string // in which run
		want   control.FlowState
	}{
		{plan.Retry, "", control.FlowOpen}, {plan.Wait, "", control.FlowOpen},
		{plan.Retry, "r", control.FlowFailed}, {plan.Fix, "r", control.FlowFailed}, {plan.Bug, "", control.FlowFailed},
	} {
		a := control.Attempt{State: control.Planned, Error: "x", ErrorClass: test.class, FailedRun: test.failed}
		if o, _ := outcome(a, control.RunObject{}, true); o.State != test.want {
			t.Errorf("%s in run %q: %s, want %s", test.class, test.failed, o.State, test.want)
		}
		if o, _ := outcome(a, control.RunObject{}, false); o.State != control.FlowFailed {
			t.Errorf("%s, and nobody wanted an end: %s", test.class, o.State)
		}
	}
}

func TestDriftOf(t *testing.T) {
	t.Parallel()
	table := func(names ...string) shape.Table {
		var t shape.Table
		for _, n := range names {
			t.Columns = append(t.Columns, shape.Column{Name: n, Field: strings.ToUpper(n)})
		}
		return t
	}
	past := func(names ...string) []string { return names }
	for _, c := range []struct {
		name     string
		table    shape.Table
		past     []string
		remade   map[string]string
		unfilled []string
		first    bool
		want     schemaDrift
	}{
		{name: "nothing moved", table: table("id", "a"), past: past("a", "id")},
		{name: "no table yet", table: table("id", "a")},
		{name: "never consolidated", table: table("id", "a"), past: past("id"), first: true},
		{name: "gone before the first consolidation", table: table("id", "b"), past: past("id", "a"), first: true,
			want: schemaDrift{gone: []string{"a"}, unfilled: []string{"a"}}},
		{name: "new", table: table("id", "b", "a"), past: past("id"),
			want: schemaDrift{added: []string{"b", "a"}, unfilled: []string{"a", "b"}, fill: []string{"a", "b"}}},
		{name: "gone", table: table("id"), past: past("id", "a"),
			want: schemaDrift{gone: []string{"a"}, unfilled: []string{"a"}}},
		{name: "still gone", table: table("id"), past: past("id", "a"), unfilled: []string{"a"},
			want: schemaDrift{gone: []string{"a"}, unfilled: []string{"a"}}},
		{name: "back", table: table("id", "a"), past: past("id", "a"), unfilled: []string{"a"},
			want: schemaDrift{unfilled: []string{"a"}, fill: []string{"a"}}},
		{name: "left by a crash", table: table("id", "a", "b"), past: past("id", "a", "b"), unfilled: []string{"b"},
			want: schemaDrift{unfilled: []string{"b"}, fill: []string{"b"}}},
		{name: "renamed", table: table("id", "b"), past: past("id", "a"),
			want: schemaDrift{added: []string{"b"}, gone: []string{"a"}, unfilled: []string{"a", "b"},
				fill: []string{"b"}, renamed: map[string]string{"b": "a"}}},
		{name: "no guess", table: table("id", "b", "c"), past: past("id", "a"),
			want: schemaDrift{added: []string{"b", "c"}, gone: []string{"a"}, unfilled: []string{"a", "b", "c"},
				fill: []string{"b", "c"}}},
		{name: "gone long ago", table: table("id", "b"), past: past("id", "a"), unfilled: []string{"a"},
			want: schemaDrift{added: []string{"b"}, gone: []string{"a"}, unfilled: []string{"a", "b"},
				fill: []string{"b"}}},
		{name: "remade", table: table("id", "a"), past: past("id", "a"), remade: map[string]string{"a": "why"},
			want: schemaDrift{remade: map[string]string{"a": "why"}, unfilled: []string{"a"}, fill: []string{"a"}}},
		{name: "remade before the first consolidation", table: table("id", "a"), past: past("id", "a"), first: true,
			remade: map[string]string{"a": "why"}, want: schemaDrift{remade: map[string]string{"a": "why"}}},
	} {
		if c.want.renamed == nil {
			c.want.renamed = map[string]string{}
		}
		if got := driftOf(drifting{c.table, c.past, c.remade, c.unfilled, !c.first}); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

// Where Id itself is described otherwise than before, it is asked for once: Salesforce
// refuses a query that names a field twice.
func TestNarrowNamesEachFieldOnce(t *testing.T) {
	t.Parallel()
	src := &source.Source{Object: schema.Object{Name: "Account", Fields: []schema.Field{
		{Name: "Id", Type: schema.ID}, {Name: "SystemModstamp", Type: schema.DateTime},
		{Name: "Name", Type: schema.String},
	}}}
	got := narrow(src, backfillPart, []string{"Id", "Name", "SystemModstamp"}).Query.Fields
	if want := []string{"Id", "SystemModstamp", "Name"}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}

// What befalls one job after the other is told once, with how often it did.
func TestNoted(t *testing.T) {
	t.Parallel()
	var notes []string
	for _, text := range []string{
		"job 750Ho0000000001IAA was gone, another reads the same",
		"3 rows landed",
		"job 750Ho0000000002IAA was gone, another reads the same",
		"job 750Ho0000000002IAA was gone, another reads the same", // by the same step, once more
		"job rest-1 was given up: late",
		"job 750Ho0000000003IAA was gone, another reads the same",
		"4 rows landed",
		"3 rows landed",
	} {
		notes = noted(notes, text)
	}
	want := []string{
		"job 750Ho0000000003IAA was gone, another reads the same (3 times)",
		"3 rows landed",
		"job rest-1 was given up: late",
		"4 rows landed",
	}
	if !slices.Equal(notes, want) {
		t.Errorf("the notes are %q, want %q", notes, want)
	}
}
