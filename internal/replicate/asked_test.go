package replicate_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/rig"
	"catchment/internal/verify"
)

// compare holds the values of the tables against the org's after a run that ended
// well, and now and then what verify says of them against the test's own comparison.
func (l *life) compare(done bool) {
	if done {
		l.agree()
	}
	if l.dice.IntN(3) > 0 {
		return
	}
	method := []verify.Method{verify.Stamps, verify.Values}[l.dice.IntN(2)]
	repair := l.dice.IntN(3) == 0
	l.verify(l.Flows[l.dice.IntN(len(l.Flows))], method, repair)
}

// agree makes sure that every value is here that a claim covers, but for what a hand
// has changed, and a grade that says so.
func (l *life) agree() {
	p := l.begins(nil)
	defer p.Close()
	all := claimsOf(p.Eyes)
	for _, fl := range l.Flows {
		now, claimed := all[fl.Object]
		if claimed {
			l.lookAside(p, fl, now)
		}
		if !claimed || unproven(now.grade) {
			continue
		}
		for _, d := range l.differences(p, fl, now, verify.Values).certain {
			if !l.hands.excuse(now, d.id) && !(d.gone && strings.HasPrefix(now.grade, "lagged")) {
				l.T.Errorf("%s is %s up to %s, and %s", fl.Object, now.grade, now.until.Format(time.DateTime), d)
			}
		}
	}
}

// verify compares one flow, and tells whether that could be done.
func (l *life) verify(fl flow.Flow, method verify.Method, repair bool) bool {
	p := l.begins(nil)
	defer p.Close()
	now, claimed := claimsOf(p.Eyes)[fl.Object]
	if !claimed {
		return false
	}
	own := l.differences(p, fl, now, method)
	v := p.Verifier()
	v.Options.Method, v.Options.Repair, v.Options.AllowDeletes = method, repair, true
	res, err := v.Flow(p.Ctx, fl)
	name := string(method)
	if repair {
		name += ", and repair"
	}
	if err != nil { // it says nothing of the tables, and what to do
		l.tally.add("verify", name+": can't tell", 1)
		if plan.HintOf(err) == "" {
			l.T.Errorf("verify %s: %v, without a hint", fl.Object, err)
		}
		return false
	}
	if res.Differs() {
		l.tally.add("verify", name+": differs", 1)
	} else {
		l.tally.add("verify", name+": agrees", 1)
	}
	if !res.Differs() && len(own.certain) > 0 {
		l.T.Errorf("verify by %s finds no difference of %s up to %s, and there are %d: %v", method, fl.Object,
			now.until.Format(time.DateTime), len(own.certain), own.certain)
	}
	if res.Differs() && len(own.certain)+len(own.possible)+len(own.keptOut) == 0 {
		l.T.Errorf("verify by %s finds what doesn't differ: %+v", method, res.Difference)
	}
	if out := res.Rejected + res.Outdated; !repair && !unproven(now.grade) && out != int64(len(own.keptOut)) {
		l.T.Errorf("verify by %s of %s, which is %s, says that %d records are kept out: %v", method, fl.Object,
			now.grade, out, own.keptOut)
	}
	if repair {
		l.repaired(p, fl, now, res)
	}
	return true
}

// repaired makes sure that a repair has left nothing that its method can see.
func (l *life) repaired(p *rig.Process, fl flow.Flow, now claim, res verify.Result) {
	own := l.differences(p, fl, now, res.Method)
	if res.Remaining() > int64(len(own.keptOut)) || len(own.certain) > 0 {
		l.T.Errorf("after a repair by %s %d differences of %s remain, by the test's own comparison %v", res.Method,
			res.Remaining(), fl.Object, own.certain)
	}
	if res.Method == verify.Values {
		l.hands.mended(fl.Object, func(id string) bool { return l.history.changedSince(fl.Object, id, now.until) })
	}
}

// differences is what the test's own comparison finds: certain is what verify has to
// see too, possible what it may, since nothing tells when it came about. keptOut are
// records that no column has room for: each is counted as one of those, or as a difference.
type differences struct{ certain, possible, keptOut []difference }

// A difference is what is wrong with the rows of one record.
type difference struct {
	id, what string
	gone     bool // the record is, and the row isn't
}

func (d difference) String() string { return d.id + " " + d.what }

// differences compares the records that the org has now with the rows, as far as the
// flow claims to be.
func (l *life) differences(p *rig.Process, fl flow.Flow, now claim, method verify.Method) differences {
	l.T.Helper()
	var found differences
	truth := p.Truth(fl.Object, fl.Where)
	rows := map[string][]rig.Row{}
	all, columns := p.All(fl.Object)
	for _, r := range all {
		rows[r.Values["id"]] = append(rows[r.Values["id"]], r)
	}
	for _, id := range sorted(truth) {
		rec := truth[id]
		if !momentOf(rec["systemmodstamp"]).Before(now.until) {
			found.possible = append(found.possible, difference{id: id, what: "is stamped later"})
			continue
		}
		what := ""
		has := slices.DeleteFunc(slices.Clone(rows[id]), func(r rig.Row) bool { return r.Reason != "" })
		switch deleted := rec["isdeleted"] == "true"; {
		case len(rows[id]) > 1:
			what = fmt.Sprintf("has %d rows", len(rows[id]))
		case !deleted && len(l.Unfit(fl.Object, rec)) > 0:
			if len(has) > 0 && has[0].Values["systemmodstamp"] == rec["systemmodstamp"] {
				what = "is here, and fits no column"
				break
			}
			found.keptOut = append(found.keptOut, difference{id: id, what: "is kept out"})
		case deleted && len(has) > 0 && fl.Deletes != flow.Ignore:
			what = "is in the bin, and live here"
		case deleted:
		case len(has) == 0:
			what = "is live, and not here"
		case has[0].Values["systemmodstamp"] != rec["systemmodstamp"]:
			what = "has another stamp here"
		case method == verify.Values:
			what = l.differing(rec, has[0].Values, columns)
		}
		if what != "" {
			found.certain = append(found.certain, difference{id: id, what: what})
		}
	}
	for _, id := range sorted(rows) {
		live := slices.ContainsFunc(rows[id], func(r rig.Row) bool { return r.Reason == "" })
		if truth[id] != nil || fl.Deletes == flow.Ignore || !live {
			continue
		}
		d := difference{id, "is gone from the org, and live here", true}
		if went := l.history.past[fl.Object][id].last(); went.state == purged && went.at.Before(now.until) {
			found.certain = append(found.certain, d)
		} else {
			found.possible = append(found.possible, d)
		}
	}
	return found
}

// differing names the fields that have another value here, of those that have a column,
// but for those that became others just now.
func (l *life) differing(rec, row rig.Record, columns map[string]string) string {
	var names []string
	for _, name := range sorted(columns) {
		if l.claims.moves[thing] >= l.reshaped[name] && rec[name] != row[name] {
			names = append(names, fmt.Sprintf("%s %q and not %q", name, row[name], rec[name]))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "has " + strings.Join(names, ", ")
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
