package replicate_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/flow"
)

var soakOnly = flag.String("soak.only", "",
	"the upheavals that may come about, by their names, with commas between; none for none; all where it is empty")

// upheavals are what a catchment meets seldom: what happens to an org beside a day's
// work, to the catchment itself, and to its tables.
func upheavals() []deed {
	return append([]deed{
		{"delete log refused", 3, (*life).refuseLog},
		{"both logs refused", 2, (*life).refuseLogs},
		{"long pause", 3, (*life).pause},
		{"policy changed", 6, (*life).changePolicy},
		{"field of another type", 4, (*life).retype},
		{"field made anew", 3, (*life).remake},
		{"object made anew", 2, (*life).recreate},
		{"control table lost", 2, (*life).loseControl},
	}, handed()...)
}

// upheave lets one of them come about, now and then.
func (l *life) upheave() {
	var all []deed
	sum := 0
	for _, d := range upheavals() {
		if *soakOnly == "" || slices.Contains(strings.Split(*soakOnly, ","), d.name) {
			all, sum = append(all, d), sum+d.weight
		}
	}
	if sum == 0 || l.dice.IntN(2) == 0 {
		return
	}
	n := l.dice.IntN(sum)
	for _, d := range all {
		if n -= d.weight; n < 0 {
			if d.do(l) {
				l.tally.add("upheavals", d.name, 1)
			}
			break
		}
	}
	l.note()
}

// refused is what Salesforce says of a span that a log doesn't go back to.
const refused = `[{"errorCode":"INVALID_REPLICATION_DATE","message":"startDate before org replication enabled date"}]`

// refuseLog lets records go without a trace, while the delete log says nothing.
func (l *life) refuseLog() bool {
	l.Org.Fault(fakeorg.Rule{Path: "/deleted", Status: 400, Body: refused})
	l.ailing = append(l.ailing, "delete log refused")
	return l.purgeSome()
}

// refuseLogs lets both say nothing: only how far the org is complete is answered.
func (l *life) refuseLogs() bool {
	l.Org.Fault(fakeorg.Rule{Path: "/updated", Nth: 1, Status: 400, Body: refused})
	l.ailing = append(l.ailing, "changes refused")
	return l.refuseLog()
}

// purgeSome deletes a few records for good, some of them by way of the bin.
func (l *life) purgeSome() bool {
	for range 1 + l.dice.IntN(3) {
		ids := l.things(thing, false)
		if len(ids) < 5 {
			return false
		}
		id := l.pick(ids)
		if l.dice.IntN(2) == 0 {
			l.could(l.Org.Delete(id))
			l.note()
			l.Later(time.Duration(l.dice.IntN(int(20 * time.Minute))))
		}
		l.could(l.Org.Purge(id))
		l.note()
	}
	return true
}

// pause lets more days pass than one log goes back, or both do, and the recycle bin
// is emptied on the way. No transaction is open for so long.
func (l *life) pause() bool {
	l.commitAll()
	if l.dice.IntN(2) == 0 {
		l.purgeSome()
	}
	l.Later(time.Duration(16+l.dice.IntN(25)) * 24 * time.Hour)
	return true
}

func (l *life) commitAll() {
	for len(l.open) > 0 {
		l.commit()
		l.note()
	}
}

// changePolicy lets a flow treat deleted records in another way from now on.
func (l *life) changePolicy() bool {
	fl := &l.Flows[l.dice.IntN(len(l.Flows))]
	others := slices.DeleteFunc([]flow.Deletes{flow.Flag, flow.Remove, flow.Ignore},
		func(d flow.Deletes) bool { return d == fl.Deletes })
	to := others[l.dice.IntN(len(others))]
	if to == flow.Ignore && l.hands.any(fl.Object) {
		return false // nobody would hold a touched row against a record that is gone
	}
	fl.Deletes = to
	return true
}

// ignores tells whether a flow ignores deletes at present.
func (l *life) ignores(object string) bool {
	return slices.ContainsFunc(l.Flows, func(fl flow.Flow) bool {
		return fl.Object == object && fl.Deletes == flow.Ignore
	})
}

// retype makes a number or a date a text, or turns that back. No stamp tells of it,
// and texts that are none are lost on the way back.
func (l *life) retype() bool {
	f := []fakeorg.Field{amount, day}[l.dice.IntN(2)]
	if len(l.open) > 0 || slices.Contains(l.hidden, f.Name) {
		return false
	}
	l.reshape(f.Name)
	if l.texts[f.Name] {
		for id, rec := range l.Truth(thing, "") {
			if v := rec[strings.ToLower(f.Name)]; strings.HasPrefix(v, "about ") {
				l.Must(l.Org.Drift(id, f.Name, ""))
			}
		}
		for _, id := range l.veiled {
			l.could(l.Org.Drift(id, f.Name, ""))
		}
		l.texts[f.Name] = false
		return l.could(l.Org.RetypeField(thing, f))
	}
	l.texts[f.Name] = true
	return l.could(l.Org.RetypeField(thing, fakeorg.Field{Name: f.Name, Type: "string", Length: 80}))
}

// reshape notes that a field becomes another one, or comes into sight. A reading that
// was begun before knows nothing of that: the one after it has to.
func (l *life) reshape(field string) { l.reshaped[strings.ToLower(field)] = l.claims.moves[thing] + 2 }

// remake deletes a field and makes one of another type, of its name. The values are gone,
// and no stamp tells of it. Of one that is described alike nobody can know.
func (l *life) remake() bool {
	if len(l.fields) == 0 {
		return false
	}
	name := l.fields[l.dice.IntN(len(l.fields))]
	if l.claims.moves[thing] < l.reshaped[strings.ToLower(name)] {
		return false // it may become again what it was, before anybody has looked
	}
	l.reshape(name)
	others := slices.DeleteFunc([]string{"string", "boolean", "double", "date"},
		func(typ string) bool { return typ == l.types[name] })
	typ := others[l.dice.IntN(len(others))]
	if !l.could(l.Org.DeleteField(thing, name)) ||
		!l.could(l.Org.AddField(thing, fakeorg.Field{Name: name, Type: typ, Scale: 2})) {
		return false
	}
	l.types[name] = typ
	value := map[string]any{"string": "anew", "boolean": true, "double": 2.5, "date": "2026-02-28"}[typ]
	for _, id := range l.things(thing, false) {
		if l.dice.IntN(4) == 0 {
			l.could(l.Org.Update(id, map[string]any{name: value}))
		}
	}
	return true
}

// recreate deletes the object and makes another one of its name, whose Ids begin
// otherwise. No log tells of it.
func (l *life) recreate() bool {
	l.commitAll()
	l.made++
	if !l.could(l.Org.DeleteObject(thing)) {
		return false
	}
	l.hidden, l.veiled, l.fields, l.texts = nil, nil, nil, map[string]bool{}
	l.Must(l.Org.AddObject(thing, fmt.Sprintf("a1%d", l.made), ownFields()...))
	for range 4 + l.dice.IntN(8) {
		_, err := l.Org.Create(thing, l.values())
		l.Must(err)
	}
	return true
}

// loseControl deletes the control table: the catchment is run from another machine.
func (l *life) loseControl() bool {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		err := os.Remove(l.Path("control.db") + suffix)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			l.Must(err)
		}
	}
	l.lost = true
	return true
}
