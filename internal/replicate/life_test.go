package replicate_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/rig"
	"catchment/internal/schedule"
)

// A life is what happens to an org and to the catchment that copies it, all of
// it by chance, and the same under the same seed.
type life struct {
	*rig.Rig
	dice      *rand.Rand
	tally     *tallied
	open      []*fakeorg.Transaction // that have begun, and end in a later round
	hidden    []string               // fields of Thing__c that can't be read at present
	veiled    []string               // records that can't
	added     int                    // fields so far
	fields    []string               // those of them that the object has
	types     map[string]string      // what these are
	texts     map[string]bool        // fields that were numbers or dates, and are texts at present
	reshaped  map[string]int         // fields that became others, and how often the mark has to move before they count
	made      int                    // how often the object was made anew
	ailing    []string               // names of the org's faults in force
	lost      bool                   // the control table was, with what was under way
	merging   bool                   // there are Contacts to be merged
	history   history                // of the org, as it was seen from here
	claims    *claims                // of the catchment
	hands     hands                  // in its tables
	snapshots *snapshots             // of a lake, nil where the warehouse is none
	sick      bool                   // values come about that fit no column
	ever      map[string]bool        // records that held one
	out       map[string]bool        // those of them that were kept out when somebody looked last
}

// thing is the object that lives are about, a narrow one.
const thing = "Thing__c"

// newLife begins a life; so many records make a page, or as many as chance has it.
func newLife(t *testing.T, seed uint64, in rig.Shelf, tally *tallied, perPage int) *life {
	dice := rand.New(rand.NewPCG(seed, 0))
	l := &life{dice: dice, tally: tally, merging: dice.IntN(4) == 0, texts: map[string]bool{},
		types: map[string]string{}, reshaped: map[string]int{}, ever: map[string]bool{}, out: map[string]bool{}}
	counts := map[string]int{"User": 1}
	if l.merging {
		counts["Contact"] = 12 + dice.IntN(12)
	}
	org := rig.NewOrg(t, counts, func(o *fakeorg.Options) {
		if o.PageRecords = 3 + dice.IntN(20); perPage > 0 {
			o.PageRecords = perPage
		}
		o.QuietMerges = dice.IntN(2) == 0
		if dice.IntN(4) == 0 {
			o.NotInBulk = []string{thing}
		}
	})
	objects := []string{thing}
	if l.merging {
		objects = append(objects, "Contact")
	}
	l.Rig = rig.New(t, org, objects...)
	l.Shelf = in
	l.Keeps("Contact", "LastName", "Email", "AccountId", "MasterRecordId", "Birthdate")
	l.Unfit = unfit
	policies := []flow.Deletes{flow.Flag, flow.Flag, flow.Remove, flow.Ignore}
	movers := []flow.Mover{flow.Auto, flow.Auto, flow.Bulk, flow.REST}
	for i := range l.Flows {
		l.Flows[i].Deletes, l.Flows[i].Mover = policies[dice.IntN(4)], movers[dice.IntN(4)]
		l.Flows[i].Sweep = schedule.Sweep{Every: time.Duration(dice.IntN(2)) * time.Hour}
	}
	l.Must(org.AddObject(thing, "a07", ownFields()...))
	for range 8 + dice.IntN(24) {
		_, err := org.Create(thing, l.values())
		l.Must(err)
	}
	l.Later(time.Hour)
	l.claims = newClaims(&l.history, tally, &l.hands)
	l.note()
	return l
}

// note lets the history see what has happened.
func (l *life) note() { l.history.note(l.Rig, l.veiled) }

// What may become a text.
var (
	amount = fakeorg.Field{Name: "Amount__c", Type: "double", Scale: 2}
	day    = fakeorg.Field{Name: "Day__c", Type: "date"}
)

// ownFields are those that thing is made with.
func ownFields() []fakeorg.Field {
	return append([]fakeorg.Field{
		{Name: "Note__c", Type: "textarea", Length: 1000}, amount, day,
		{Name: "Of__c", Type: "reference", References: []string{thing}},
	}, poisonable()...)
}

// values are what a record is given: the awkward ones among them.
func (l *life) values() map[string]any {
	notes := []any{nil, "N/A", "null", " ", "a,\"b\"\r\nc", "🎈\u2028", "0012", strings.Repeat("ü", 1+l.dice.IntN(900)),
		"\\N", "=1+1"}
	amounts := []any{nil, 0, -1.25, 12345678, 0.01 * float64(l.dice.IntN(100000))}
	days := []any{nil, "1700-01-01", "4000-12-31", "2026-02-28"}
	values := map[string]any{
		"Note__c":   notes[l.dice.IntN(len(notes))],
		"Amount__c": amounts[l.dice.IntN(len(amounts))],
		"Day__c":    days[l.dice.IntN(len(days))],
	}
	for _, f := range poisonable() {
		if l.dice.IntN(3) == 0 {
			values[f.Name] = wholesome()[f.Type]
		}
	}
	for name := range l.texts {
		if v := values[name]; l.texts[name] && v != nil {
			values[name] = fmt.Sprintf("about %v", v)
		}
	}
	return values
}

// things are the Ids of the records that are there, or those in the bin.
func (l *life) things(object string, deleted bool) []string {
	var ids []string
	all := l.Truth(object, "")
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if (all[id]["isdeleted"] == "true") == deleted {
			ids = append(ids, id)
		}
	}
	return ids
}

func (l *life) pick(ids []string) string { return ids[l.dice.IntN(len(ids))] }

// A deed is something that people do in an org. It tells whether it could be done.
type deed struct {
	name   string
	weight int
	do     func(*life) bool
}

func deeds() []deed {
	return append([]deed{
		{"create", 4, func(l *life) bool { _, err := l.Org.Create(thing, l.values()); return l.could(err) }},
		{"update", 8, func(l *life) bool {
			return l.some(thing, false, func(id string) error { return l.Org.Update(id, l.values()) })
		}},
		{"delete", 3, func(l *life) bool {
			return l.some(thing, false, func(id string) error { return l.Org.Delete(id) })
		}},
		{"undelete", 2, func(l *life) bool {
			return l.some(thing, true, func(id string) error { return l.Org.Undelete(id) })
		}},
		{"purge", 1, func(l *life) bool {
			return l.some(thing, true, func(id string) error { return l.Org.Purge(id) })
		}},
		{"touch", 1, func(l *life) bool {
			return l.some(thing, false, func(id string) error { return l.Org.Touch(id) })
		}},
		{"hide a record", 1, func(l *life) bool {
			return l.some(thing, false, func(id string) error {
				l.veiled = append(l.veiled, id)
				return l.Org.HideRecord(id)
			})
		}},
		{"show records", 1, (*life).unveil},
		{"slow transaction", 2, (*life).begin},
		{"commit", 2, (*life).commit},
		{"add a field", 1, (*life).addField},
		{"hide a field", 1, (*life).hideField},
		{"show a field", 1, (*life).showField},
		{"merge", 1, (*life).merge},
	}, poisonings()...)
}

// could tells whether the org did something; that it refuses is no failure.
func (l *life) could(err error) bool { return err == nil }

func (l *life) some(object string, deleted bool, do func(id string) error) bool {
	ids := l.things(object, deleted)
	return len(ids) > 0 && l.could(do(l.pick(ids)))
}

// unveil lets hidden records be seen again. They come back with the stamps that
// they had, which no window tells: somebody touches them.
func (l *life) unveil() bool {
	ids := l.veiled
	l.veiled = nil
	for _, id := range ids {
		if !l.could(l.Org.ShowRecord(id)) || !l.could(l.Org.Touch(id)) { // an open transaction has it
			l.veiled = append(l.veiled, id)
		}
	}
	return len(l.veiled) < len(ids)
}

// begin lets a transaction write, and leaves it open: its stamps are of now, and
// nobody sees them before it ends.
func (l *life) begin() bool {
	ids := l.things(thing, false)
	if len(l.open) > 1 || len(ids) == 0 {
		return false
	}
	t := l.Org.Begin()
	l.open = append(l.open, t)
	for range 1 + l.dice.IntN(3) {
		if l.dice.IntN(3) == 0 {
			_, err := t.Create(thing, l.values())
			l.could(err)
		} else {
			l.could(t.Update(l.pick(ids), l.values()))
		}
	}
	return true
}

func (l *life) commit() bool {
	if len(l.open) == 0 {
		return false
	}
	t := l.open[0]
	l.open = l.open[1:]
	if l.dice.IntN(4) == 0 {
		return l.could(t.Rollback())
	}
	return l.could(t.Commit())
}

func (l *life) addField() bool {
	l.added++
	name := fmt.Sprintf("New%d__c", l.added)
	if !l.could(l.Org.AddField(thing, fakeorg.Field{Name: name, Type: "string"})) {
		return false
	}
	l.fields = append(l.fields, name)
	l.types[name] = "string"
	for _, id := range l.things(thing, false) {
		if l.dice.IntN(3) == 0 {
			l.could(l.Org.Update(id, map[string]any{name: "in " + name}))
		}
	}
	return true
}

func (l *life) hideField() bool {
	fields := []string{"Note__c", "Amount__c", "Day__c"}
	f := fields[l.dice.IntN(len(fields))]
	if slices.Contains(l.hidden, f) {
		return false
	}
	l.hidden = append(l.hidden, f)
	return l.could(l.Org.HideField(thing, f))
}

func (l *life) showField() bool {
	if len(l.hidden) == 0 {
		return false
	}
	f := l.hidden[0]
	l.hidden = l.hidden[1:]
	l.reshape(f)
	return l.could(l.Org.ShowField(thing, f))
}

func (l *life) merge() bool {
	if !l.merging {
		return false
	}
	ids := l.things("Contact", false)
	if len(ids) < 3 {
		return false
	}
	l.dice.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	return l.could(l.Org.Merge(ids[0], ids[1]))
}

// happen lets something happen in the org.
func (l *life) happen() {
	all, sum := deeds(), 0
	for _, d := range all {
		sum += d.weight
	}
	for range l.dice.IntN(14) {
		if l.dice.IntN(3) == 0 {
			l.Later(time.Duration(l.dice.IntN(int(20 * time.Minute))))
		}
		n := l.dice.IntN(sum)
		for _, d := range all {
			if n -= d.weight; n < 0 {
				if d.do(l) {
					l.tally.add("in the org", d.name, 1)
					l.note()
				}
				break
			}
		}
	}
	if l.dice.IntN(2) == 0 { // else the run meets the very second of the last change
		l.Later(time.Duration(l.dice.IntN(int(3 * time.Hour))))
	}
}

// settle ends what is under way, so that the org can be compared.
func (l *life) settle() {
	for len(l.open) > 0 {
		l.commit()
	}
	for l.showField() {
	}
	l.unveil()
	l.note()
	l.Later(time.Hour)
}

// An ailment is a fault of the org, by name.
type ailment struct {
	name string
	rule fakeorg.Rule
}

// ail lets requests go wrong, now and then.
func (l *life) ail() {
	all := []ailment{
		{"session expires in a download", fakeorg.Rule{Path: "/results", ExpireSession: true}},
		{"session expires", fakeorg.Rule{Path: "/sobjects", ExpireSession: true}},
		{"page cut, as if whole", fakeorg.Rule{Path: "/results", Truncate: 1 + l.dice.IntN(3000)}},
		{"page cut by a reset", fakeorg.Rule{Path: "/results", Truncate: 1 + l.dice.IntN(3000), Reset: true}},
		{"wrong count", fakeorg.Rule{Path: "/results", ExtraRecords: 1}},
		{"page twice", fakeorg.Rule{Path: "/results", DuplicatePage: true}},
		{"reset", fakeorg.Rule{Path: "/jobs/query", Reset: true}},
		{"job fails", fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", FailJob: "InternalServerError"}},
		{"503 at delete", fakeorg.Rule{Method: http.MethodDelete, Status: 503, Body: rig.Unavailable}},
		{"503 at getUpdated", fakeorg.Rule{Path: "/updated", Status: 503, Body: rig.Unavailable}},
		{"503 at getDeleted", fakeorg.Rule{Path: "/deleted", Status: 503, Body: rig.Unavailable}},
		{"503 at describe", fakeorg.Rule{Path: "/describe", Status: 503, Body: rig.Unavailable}},
		{"500 storm", fakeorg.Rule{Status: 500,
			Body:  `[{"errorCode":"UNKNOWN_EXCEPTION","message":"An unexpected error occurred. ErrorId: 1 (1)"}]`,
			Times: 3}},
		{"REST answer cut", fakeorg.Rule{Path: "/queryAll", Truncate: 1 + l.dice.IntN(500)}},
		{"locator gone", fakeorg.Rule{Path: "/query/", Status: 404,
			Body: `[{"errorCode":"INVALID_QUERY_LOCATOR","message":"gone"}]`}},
		{"no latestDateCovered", fakeorg.Rule{Path: "/updated", Omit: []string{"latestDateCovered"}}},
		{"no latestDateCovered of deletes", fakeorg.Rule{Path: "/deleted", Omit: []string{"latestDateCovered"}}},
		{"Bulk query takes too long", fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query",
			TimeOutOver: 2 + l.dice.IntN(20)}},
		{"REST query takes too long", fakeorg.Rule{Path: "/queryAll?q=SELECT+Id", TimeOutOver: 1 + l.dice.IntN(20)}},
		{"query is too complicated", fakeorg.Rule{Path: "quer", ComplexOver: 5 + l.dice.IntN(10)}},
		{"composite answer cut", fakeorg.Rule{Path: "/composite", Truncate: 1 + l.dice.IntN(3000)}},
	}
	for range l.dice.IntN(3) {
		a := all[l.dice.IntN(len(all))]
		a.rule.Nth = l.dice.IntN(4) // 0 is every one
		if a.rule.Path == "" {
			a.rule.Nth = 1 + l.dice.IntN(20)
		}
		l.Org.Fault(a.rule)
		l.ailing = append(l.ailing, a.name)
	}
}

// count adds the faults that were met since ail, and ends them.
func (l *life) count() {
	for i, rule := range l.Org.Faults() {
		met := rule.Seen
		if rule.Nth > 0 {
			met = min(max(rule.Seen-rule.Nth+1, 0), max(1, rule.Times))
		}
		l.tally.add("faults of the org", l.ailing[i], met)
	}
	l.ailing = nil
	l.Org.ClearFaults()
}

// tallied counts what happened over all lives.
type tallied struct {
	mu sync.Mutex
	n  map[string]map[string]int
}

func (t *tallied) add(kind, name string, n int) {
	if n == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil {
		t.n = map[string]map[string]int{}
	}
	if t.n[kind] == nil {
		t.n[kind] = map[string]int{}
	}
	t.n[kind][name] += n
}

func (t *tallied) String() string {
	var b strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(t.n)) {
		sum := 0
		for _, n := range t.n[kind] {
			sum += n
		}
		fmt.Fprintf(&b, "%s: %d\n", kind, sum)
		for _, name := range slices.Sorted(maps.Keys(t.n[kind])) {
			fmt.Fprintf(&b, "  %6d  %s\n", t.n[kind][name], name)
		}
	}
	return b.String()
}
