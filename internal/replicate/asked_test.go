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

// ask lets somebody compare the org with the tables, at any moment, and holds what
// verify says against the test's own comparison.
func (l *life) ask() {
	if l.dice.IntN(3) > 0 {
		return
	}
	method := []verify.Method{verify.Stamps, verify.Values}[l.dice.IntN(2)]
	repair := l.dice.IntN(3) == 0
	for _, fl := range l.Flows {
		l.verify(fl, method, repair)
	}
}

// verify compares one flow, and tells whether that could be done.
func (l *life) verify(fl flow.Flow, method verify.Method, repair bool) bool {
	p := l.begins(nil)
	defer p.Close()
	mark, claimed := claimOf(p.Driver, fl.Object)
	if !claimed {
		return false
	}
	own := l.differences(p, fl, mark, method)
	v := p.Verifier()
	v.Options.Method, v.Options.Repair, v.Options.AllowDeletes = method, repair, true
	res, err := v.Flow(p.Ctx, fl)
	name := fmt.Sprintf("%s, repair %v", method, repair)
	if err != nil { // it says nothing, and what to do
		l.tally.add("verify", name+": refused", 1)
		if plan.HintOf(err) == "" {
			l.T.Errorf("verify %s: %v, without a hint", fl.Object, err)
		}
		return false
	}
	switch {
	case res.Differs():
		l.tally.add("verify", name+": differs", 1)
	default:
		l.tally.add("verify", name+": agrees", 1)
	}
	if !res.Differs() && len(own.certain) > 0 {
		l.T.Errorf("verify by %s finds no difference of %s, and there are %d up to %s:\n  %s", method, fl.Object,
			len(own.certain), mark.until.Format(time.DateTime), strings.Join(own.certain[:min(5, len(own.certain))], "\n  "))
	}
	if res.Differs() && len(own.certain)+len(own.possible) == 0 {
		l.T.Errorf("verify by %s finds what doesn't differ: %+v", method, res.Difference)
	}
	if !repair {
		return true
	}
	own = l.differences(p, fl, mark, method)
	if res.Remaining() > 0 || len(own.certain) > 0 {
		l.T.Errorf("after a repair by %s %d differences of %s remain, by the test's own comparison %q", method,
			res.Remaining(), fl.Object, own.certain)
	}
	if method == verify.Values {
		l.hands.mended(fl.Object)
	}
	return true
}

// differences is what the test's own comparison finds: certain is what verify has to
// see too, possible what it may, since nothing tells when it came about.
type differences struct{ certain, possible []string }

// differences compares the records that the org has now with the rows, as far as the
// flow claims to be.
func (l *life) differences(p *rig.Process, fl flow.Flow, now claim, method verify.Method) differences {
	l.T.Helper()
	var found differences
	until := now.until
	truth := p.Truth(fl.Object, fl.Where)
	rows, columns := l.rowsFor(p, fl.Object)
	for _, id := range sorted(truth) {
		rec, has := truth[id], rows[id]
		stamp := momentOf(rec["systemmodstamp"])
		live := slices.IndexFunc(has, func(r rig.Row) bool { return r.Reason == "" })
		switch {
		case !stamp.Before(until): // pending, whatever there is
			found.possible = append(found.possible, id+" is stamped later")
		case len(has) > 1:
			found.certain = append(found.certain, fmt.Sprintf("%s has %d rows", id, len(has)))
		case rec["isdeleted"] == "true" && live >= 0 && fl.Deletes != flow.Ignore:
			found.certain = append(found.certain, id+" is in the bin, and live here")
		case rec["isdeleted"] == "true":
		case live < 0:
			found.certain = append(found.certain, id+" is live, and not here")
		case has[live].Values["systemmodstamp"] != rec["systemmodstamp"]:
			found.certain = append(found.certain, id+" has another stamp here")
		default:
			if names := l.differing(now, rec, has[live].Values, columns, method); len(names) > 0 {
				found.certain = append(found.certain, fmt.Sprintf("%s has other values of %v here", id, names))
			}
		}
	}
	for _, id := range sorted(rows) {
		if truth[id] != nil || fl.Deletes == flow.Ignore {
			continue
		}
		for _, r := range rows[id] {
			if r.Reason != "" {
				continue
			}
			went := l.history.past[fl.Object][id].last()
			if why := id + " is not in the org, and live here"; went.state == purged && went.at.Before(until) {
				found.certain = append(found.certain, why)
			} else {
				found.possible = append(found.possible, why)
			}
		}
	}
	return found
}

// differing are the fields, of those that are compared, that have another value here.
func (l *life) differing(
	now claim, rec, row rig.Record, columns map[string]string, method verify.Method,
) []string {
	var names []string
	for name := range columns {
		if method != verify.Values || l.reshaped[name] == now {
			continue
		}
		if rec[name] != row[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// rowsFor reads the final table of an object, two rows of one Id too, and tells in
// which columns it has the fields that the user sees.
func (l *life) rowsFor(p *rig.Process, object string) (map[string][]rig.Row, map[string]string) {
	l.T.Helper()
	all := map[string][]rig.Row{}
	rows, columns := p.All(object)
	for _, r := range rows {
		all[r.Values["id"]] = append(all[r.Values["id"]], r)
	}
	return all, columns
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
