package replicate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/rig"
)

// What a column can refuse, in an org's life: values that fit no column come and go. A
// record that holds one is kept out, and named; all others arrive, and it does too, once
// it is mended.

// poisonable are fields of all types that a column can refuse a value of.
func poisonable() []fakeorg.Field {
	return []fakeorg.Field{
		{Name: "Number__c", Type: "double", Scale: 2}, {Name: "Money__c", Type: "currency", Scale: 2},
		{Name: "Share__c", Type: "percent", Scale: 2}, {Name: "Whole__c", Type: "int"},
		{Name: "Born__c", Type: "date"}, {Name: "Moment__c", Type: "datetime"},
		{Name: "Clock__c", Type: "time"}, {Name: "Flag__c", Type: "boolean"},
	}
}

// poisons are values that fit no column of their type.
func poisons() map[string][]string {
	numbers := []string{"1E38", "123456789012345678901234567890123456789012", "1.7976931348623157E308", "4.9E-324"}
	return map[string][]string{
		"double": numbers, "currency": numbers, "percent": numbers,
		"int":      {"9223372036854775808", "5.5", "1E30"},
		"date":     {"2026-02-30", "99999999-01-01"},
		"datetime": {"2026-02-30T10:11:12.000Z", "300000-01-01T00:00:00.000Z"},
		"time":     {"24:00:00.000Z", "10:61:00.000Z"},
		"boolean":  {"2"},
	}
}

// wholesome are values of the same types that fit. They mend a record.
func wholesome() map[string]any {
	return map[string]any{
		"double": 1.25, "currency": nil, "percent": "-0.5", "int": 42, "date": "1700-01-01",
		"datetime": "1700-01-01T00:00:00.000Z", "time": "23:59:59.999Z", "boolean": true,
	}
}

// poisonableOf are those of an object.
func poisonableOf(object string) []fakeorg.Field {
	if object == thing {
		return poisonable()
	}
	return []fakeorg.Field{{Name: "Birthdate", Type: "date"}}
}

// isDecimal tells whether fields of a type hold numbers, which PostgreSQL takes of any length.
func isDecimal(typ string) bool { return typ == "double" || typ == "currency" || typ == "percent" }

// unfit names the fields of a record, in lower case, whose values fit no column of the
// warehouse that is soaked.
func unfit(object string, rec rig.Record) []string {
	var names []string
	for _, f := range poisonableOf(object) {
		if strings.HasSuffix(*soakIn, "postgres") && isDecimal(f.Type) {
			continue
		}
		name := strings.ToLower(f.Name)
		has, there := rec[name]
		if there && slices.ContainsFunc(poisons()[f.Type], func(p string) bool { return asRead(f.Type, p) == has }) {
			names = append(names, name)
		}
	}
	return names
}

// asRead is a value of the org as REST gives it to who reads the truth.
func asRead(typ, value string) string {
	if typ == "datetime" {
		value = strings.TrimSuffix(value, "Z") + "+0000"
	}
	return rig.Plain(typ, value)
}

// poisonings are what makes records unfit, and what becomes of such ones.
func poisonings() []deed {
	one := func(name string, weight int, do func(l *life, object, id string) bool) deed {
		return deed{name, weight, func(l *life) bool {
			object := l.someObject()
			ids := l.unfitIDs(object)
			return len(ids) > 0 && do(l, object, l.pick(ids))
		}}
	}
	return []deed{
		{"poison a value", 3, func(l *life) bool { return l.poisonSome(1) }},
		{"poison some values of a record", 1, func(l *life) bool { return l.poisonSome(2 + l.dice.IntN(3)) }},
		{"create with a poisoned value", 1, (*life).createPoisoned},
		{"poison a deleted record", 1, func(l *life) bool {
			ids := l.things(thing, true)
			return len(ids) > 0 && l.poison(thing, l.pick(ids), 1)
		}},
		{"a number outgrows 32 bits", 1, func(l *life) bool {
			ids := l.untouched(thing)
			return len(ids) > 0 && l.quietly(l.pick(ids), "Whole__c", "2147483648")
		}},
		one("mend a record", 4, (*life).mendRecord),
		one("mend one of some values", 1, func(l *life, object, id string) bool {
			return object == thing && l.could(l.Org.Update(id, map[string]any{"Whole__c": 7, "Born__c": nil}))
		}),
		one("touch a poisoned record", 1, func(l *life, _, id string) bool { return l.could(l.Org.Touch(id)) }),
		one("delete a poisoned record", 1, func(l *life, _, id string) bool { return l.could(l.Org.Delete(id)) }),
		one("purge a poisoned record", 1, func(l *life, _, id string) bool { return l.could(l.Org.Purge(id)) }),
		one("hide a poisoned record", 1, func(l *life, _, id string) bool {
			l.veiled = append(l.veiled, id)
			return l.could(l.Org.HideRecord(id))
		}),
		{"merge a poisoned record", 1, (*life).mergePoisoned},
	}
}

// someObject is one of those that are copied.
func (l *life) someObject() string { return l.Flows[l.dice.IntN(len(l.Flows))].Object }

// unfitIDs are the records that are there, and hold a value that fits no column.
func (l *life) unfitIDs(object string) []string {
	all := l.Truth(object, "")
	return slices.DeleteFunc(sorted(all), func(id string) bool {
		return all[id]["isdeleted"] == "true" || len(unfit(object, all[id])) == 0
	})
}

// untouched are the records that are there, and whose rows no hand has touched: what a
// hand did to the row of a record that is kept out, nobody can mend.
func (l *life) untouched(object string) []string {
	return slices.DeleteFunc(l.things(object, false), func(id string) bool { return l.hands.has(object, id) })
}

func (l *life) poisonSome(fields int) bool {
	object := l.someObject()
	ids := l.untouched(object)
	return len(ids) > 0 && l.poison(object, l.pick(ids), fields)
}

// poison gives some fields of a record values that fit no column.
func (l *life) poison(object, id string, fields int) bool {
	all, done := poisonableOf(object), false
	for range fields {
		f := all[l.dice.IntN(len(all))]
		values := poisons()[f.Type]
		if !l.quietly(id, f.Name, values[l.dice.IntN(len(values))]) {
			continue
		}
		done, l.ever[id] = true, true
		l.tally.add("poisoned", f.Type, 1)
	}
	return done
}

// quietly writes a value that no API takes, as a formula or Apex does: with a stamp that
// no other version of the record has.
func (l *life) quietly(id, field, value string) bool {
	if !l.sick {
		return false
	}
	l.Later(time.Second)
	return l.could(l.Org.Touch(id)) && l.could(l.Org.Drift(id, field, value))
}

// sicken lets such values come about, and an org begin with some, now and then.
func (l *life) sicken() {
	l.sick = true
	for range max(0, l.dice.IntN(6)-2) {
		l.poisonSome(1 + l.dice.IntN(2))
	}
	l.Later(time.Hour)
	l.note()
}

func (l *life) createPoisoned() bool {
	if !l.sick {
		return false
	}
	id, err := l.Org.Create(thing, l.values())
	return l.could(err) && l.poison(thing, id, 1)
}

func (l *life) mendRecord(object, id string) bool {
	values := map[string]any{}
	for _, f := range poisonableOf(object) {
		values[f.Name] = wholesome()[f.Type]
	}
	return l.could(l.Org.Update(id, values))
}

// mergePoisoned merges two Contacts, one of which, or the other, is unfit.
func (l *life) mergePoisoned() bool {
	if !l.sick || !l.merging {
		return false
	}
	ids := l.untouched("Contact")
	if len(ids) < 3 || !l.poison("Contact", ids[0], 1) {
		return false
	}
	at := l.dice.IntN(2)
	return l.could(l.Org.Merge(ids[at], ids[1-at]))
}

// countAside adds what a run has kept out, by who read it.
func (l *life) countAside(row control.RunRow) {
	for _, o := range row.Objects {
		when := "later, by "
		if o.From.IsZero() {
			when = "in a first reading, by "
		}
		l.tally.add("kept out", when+o.Mover, int(o.Rejected))
	}
}

// keptOutWays are the parts of a life of such records that a soak of so many lives has to
// have met.
func keptOutWays(lives int) []string {
	all := []string{"in a first reading, by bulk", "in a first reading, by rest", "later, by rest",
		"mended, and arrived", "not mended until the end", "mended at last, and arrived",
		"several fields of a record", "an older row stays"}
	if lives >= 300 { // some one to four in 100
		all = append(all, "later, by bulk", "deleted, and known", "purged or out of sight")
	}
	for _, f := range poisonable() {
		if strings.HasSuffix(*soakIn, "postgres") && isDecimal(f.Type) {
			continue
		}
		all = append(all, "for a "+f.Type)
	}
	return all
}

// misses fails where something of a kind never happened.
func (t *tallied) misses(test *testing.T, kind string, names []string) {
	for _, name := range names {
		if t.n[kind][name] == 0 {
			test.Errorf("%s: %s never happened", kind, name)
		}
	}
}

// An aside is what the table of rejected records says of one.
type aside struct {
	fields []string // in lower case, of the version with this stamp
	stamp  time.Time
	whole  int // of those, how many were named by readings of whole records
}

// asidesOf reads the records of an object that are named as kept out, each by its
// newest version.
func asidesOf(p *rig.Process, object string) map[string]aside {
	p.T.Helper()
	all := map[string]aside{}
	kept, err := p.Eyes.Rows("salesforce_incremental", "_catchment_rejected", "record_key", "field", "rule", "stamp",
		"flow", "_catchment_op")
	p.Must(err)
	for _, r := range kept {
		if r[4] == nil || *r[4] != object {
			continue
		}
		if r[0] == nil || r[1] == nil || r[2] == nil || r[3] == nil || !strings.HasPrefix(*r[2], "unfit: ") {
			p.T.Errorf("a rejected record of %s isn't told well: %v", object, texts(r))
			continue
		}
		stamp := momentOf(*r[3])
		a := all[*r[0]]
		switch {
		case stamp.After(a.stamp):
			a = aside{fields: []string{strings.ToLower(*r[1])}, stamp: stamp}
		case stamp.Equal(a.stamp) && !slices.Contains(a.fields, strings.ToLower(*r[1])):
			a.fields = append(a.fields, strings.ToLower(*r[1]))
		default:
			continue
		}
		if r[5] == nil || *r[5] != "patch" {
			a.whole++
		}
		all[*r[0]] = a
	}
	return all
}

func texts(row []*string) []string {
	all := make([]string, len(row))
	for i, v := range row {
		if all[i] = "NULL"; v != nil {
			all[i] = *v
		}
	}
	return all
}

// lookAside makes sure that every record which is kept out is named, as far as the flow
// claims to be, with a field that holds such a value; and none that never held one. Each group of columns that is read
// by itself may name one.
func (l *life) lookAside(p *rig.Process, fl flow.Flow, now claim) {
	l.T.Helper()
	named, truth := asidesOf(p, fl.Object), p.Truth(fl.Object, fl.Where)
	for id, a := range named {
		if !l.ever[id] {
			l.T.Errorf("%s is kept out for %v, and never held a value that fits no column", id, a.fields)
		}
	}
	stamps := map[string]string{}
	rows, _ := p.All(fl.Object)
	for _, r := range rows {
		if r.Reason == "" {
			stamps[r.Values["id"]] = r.Values["systemmodstamp"]
		}
	}
	for _, id := range sorted(truth) {
		rec, names := truth[id], unfit(fl.Object, truth[id])
		stamp := momentOf(rec["systemmodstamp"])
		if len(names) == 0 || rec["isdeleted"] == "true" || !stamp.Before(now.until) {
			continue
		}
		a, known := named[id]
		other := func(field string) bool { return !slices.Contains(names, field) }
		if !known || !a.stamp.Equal(stamp) || a.whole > 1 || slices.ContainsFunc(a.fields, other) {
			l.T.Errorf("%s is %s up to %s, and %s is unfit for its %v since %s, and named for %v since %s", fl.Object,
				now.grade, now.until.Format(time.DateTime), id, names, stamp.Format(time.DateTime), a.fields,
				a.stamp.Format(time.DateTime))
			continue
		}
		l.noteOut(id, names, a, stamps[id] != "")
	}
	l.counted(p, fl, now, named)
	l.noteBack(fl.Object, truth, stamps)
}

// counted makes sure that the grade says how many records are kept out, and that their
// rows say so, and no others.
func (l *life) counted(p *rig.Process, fl flow.Flow, now claim, named map[string]aside) {
	l.T.Helper()
	want := fmt.Sprintf(" except %d", len(named))
	if len(named) == 0 {
		want = ""
	}
	if !unproven(now.grade) && now.grade != "proven"+want && now.grade != "lagged"+want {
		l.T.Errorf("%s is %s, and %d of its records are kept out", fl.Object, now.grade, len(named))
	}
	rows, err := p.Eyes.Rows("salesforce", strings.ToLower(fl.Object), "id", "_catchment_rejected_at")
	l.Must(err)
	for _, row := range rows {
		_, out := named[*row[0]]
		if marked := row[1] != nil; marked != out {
			l.T.Errorf("the row of %s in %s, which is %s, is marked as kept out: %v, and it is: %v", *row[0], fl.Object,
				now.grade, marked, out)
		}
	}
}

// noteOut counts a record that was found to be kept out.
func (l *life) noteOut(id string, names []string, a aside, row bool) {
	if l.out[id] {
		return
	}
	l.out[id] = true
	for _, f := range append(poisonable(), poisonableOf("Contact")...) {
		if strings.EqualFold(f.Name, a.fields[0]) {
			l.tally.add("kept out", "for a "+f.Type, 1)
		}
	}
	if len(names) > 1 {
		l.tally.add("kept out", "several fields of a record", 1)
	}
	if row {
		l.tally.add("kept out", "an older row stays", 1)
	}
}

// noteBack counts what became of those that were kept out when somebody looked last.
func (l *life) noteBack(object string, truth map[string]rig.Record, stamps map[string]string) {
	for id := range l.out {
		rec, there := truth[id]
		became := ""
		switch {
		case !there && l.history.past[object][id] == nil:
			continue // of another object
		case !there:
			became = "purged or out of sight"
		case rec["isdeleted"] == "true":
			became = "deleted, and known"
		case len(unfit(object, rec)) == 0 && stamps[id] == rec["systemmodstamp"]:
			became = "mended, and arrived"
		default:
			continue
		}
		delete(l.out, id)
		l.tally.add("kept out", became, 1)
	}
}

// aside looks at all that is kept out when a life ends.
func (l *life) aside() {
	p := l.begins(nil)
	defer p.Close()
	all := claimsOf(p.Eyes)
	for _, fl := range l.Flows {
		l.lookAside(p, fl, all[fl.Object])
		l.tally.add("kept out", "not mended until the end", len(l.unfitIDs(fl.Object)))
	}
}

// mendAll mends every record that is kept out, in some lives: all of them arrive.
func (l *life) mendAll() {
	if l.dice.IntN(2) == 0 {
		return
	}
	l.Later(time.Hour)
	n := 0
	for _, fl := range l.Flows {
		for _, id := range l.unfitIDs(fl.Object) {
			if !l.mendRecord(fl.Object, id) {
				l.T.Errorf("%s can't be mended in the org", id)
			}
			n++
		}
		if left := l.unfitIDs(fl.Object); len(left) > 0 {
			l.T.Errorf("%v are still unfit", left)
		}
	}
	l.note()
	l.Later(time.Hour)
	l.Done(rig.AllowDeletes)
	l.Same()
	l.tally.add("kept out", "mended at last, and arrived", n)
}
