package trial

import (
	"fmt"
	"maps"
	"slices"

	"catchment/internal/rig"
)

// A verdict is what a judge finds wrong. Ids stand in it, no values.
type verdict []string

func (v *verdict) add(format string, args ...any) { *v = append(*v, fmt.Sprintf(format, args...)) }

// A judge holds what is left against what the witness saw, once nothing is under way.
type judge struct {
	*witness
	p     *rig.Process
	plans []string
}

// judged is everything that is wrong.
func (j judge) judged() verdict {
	var v verdict
	rows, planned := j.rows(), j.planned()
	j.copies(&v, rows, planned)
	j.accounted(&v)
	return v
}

// rows are all rows of the final tables by Id.
func (j judge) rows() map[string]rig.Row {
	all := map[string]rig.Row{}
	for _, fl := range j.p.Flows {
		maps.Copy(all, j.p.Rows(fl.Object))
	}
	return all
}

// planned are the records of all plans that were to go, by Id.
func (j judge) planned() map[string]planned {
	all := map[string]planned{}
	for _, plan := range j.plans {
		for _, r := range plannedOf(j.p.Rig, plan) {
			if r.Fate == "in" {
				all[r.ID] = r
			}
		}
	}
	return all
}

// copies: no record is deleted without an equal copy, nor one outside the plan.
func (j judge) copies(v *verdict, rows map[string]rig.Row, planned map[string]planned) {
	now := j.now()
	for id, was := range j.gone() {
		if is, there := now[id]; there && !is.deleted() {
			continue
		}
		if _, in := planned[id]; !in {
			v.add("%s %s is deleted, and in no plan", was.object, id)
		}
		if row, there := rows[id]; there && row.Reason != "archived" {
			v.add("%s %s is deleted, and its row is gone for %q", was.object, id, row.Reason)
		}
		for _, what := range j.lacks(id, was, rows) {
			v.add("%s %s is deleted, and %s", was.object, id, what)
		}
	}
}

// lacks tells what the copy of a record isn't as the record was.
func (j judge) lacks(id string, was version, rows map[string]rig.Row) (what []string) {
	row, there := rows[id]
	if !there {
		return []string{"the copy doesn't have it"}
	}
	for _, name := range differing(was.values, row.Values) {
		if !isStamp(name) || !j.stirred[id] {
			what = append(what, "its copy differs in "+name)
		}
	}
	if was.body == nil {
		return what
	}
	if registered(j.p, was.object)[id] != was.body.sha256 || !copiedBody(j.p.Rig, *was.body) {
		what = append(what, "the copy doesn't have its body")
	}
	return what
}

// strays are records that a batch deleted although they are outside the plans or have no
// equal copy, and that aren't back although it is closed: all that the plan sent with
// them has come to its end. The witness is held: another request is about to be sent.
func (j judge) strays() (v verdict) {
	open := map[string]bool{}
	for _, l := range ledgerOf(j.p) {
		open[l.id] = !l.ended()
	}
	rows, planned, now := j.rows(), j.planned(), j.look()
	still := j.goneBy(len(j.deeds))
	for _, d := range j.deeds {
		if slices.ContainsFunc(slices.Collect(maps.Keys(d.taken)), func(id string) bool { return open[id] }) {
			continue
		}
		for id := range d.taken {
			is, there := now[id]
			was, gone := still[id]
			if !gone || there && !is.deleted() {
				continue
			}
			if _, in := planned[id]; !in {
				v.add("%s %s is outside the plan, its batch is closed, and it isn't back", was.object, id)
			} else if what := j.lacks(id, was, rows); len(what) > 0 {
				v.add("%s %s: %s, its batch is closed, and it isn't back", was.object, id, what[0])
			}
		}
	}
	return v
}

// differing names the fields in which a row isn't what a record was. A row has no field
// that its flow leaves out.
func differing(was, row rig.Record) []string {
	var names []string
	for name, value := range was {
		if has, ok := row[name]; name != "isdeleted" && (!ok || has != value) {
			names = append(names, name)
		}
	}
	for name := range row {
		if _, ok := was[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// accounted: every Id of a plan has one end, and what the ledger says is so.
func (j judge) accounted(v *verdict) {
	lines := map[string]map[string][]line{}
	deleted := map[string]bool{} // by one of the plans
	for _, l := range ledgerOf(j.p) {
		deleted[l.id] = deleted[l.id] || l.state == "deleted"
		if lines[l.plan] == nil {
			lines[l.plan] = map[string][]line{}
		}
		lines[l.plan][l.id] = append(lines[l.plan][l.id], l)
	}
	now, gone, rows := j.now(), j.gone(), j.rows()
	for _, plan := range j.plans {
		selected := map[string]bool{}
		for _, r := range plannedOf(j.p.Rig, plan) {
			selected[r.ID] = true
			of := lines[plan][r.ID]
			switch {
			case len(of) != 1:
				v.add("%s: %s %s has %d lines", plan, r.Object, r.ID, len(of))
				continue
			case !of[0].ended():
				v.add("%s: %s %s is still %s", plan, r.Object, r.ID, of[0].state)
				continue
			case r.Fate != "in" && of[0].state != r.Fate:
				v.add("%s: %s %s was %s, and ended as %s", plan, r.Object, r.ID, r.Fate, of[0].state)
			}
			is, there := now[r.ID]
			if _, ours := gone[r.ID]; ours && (!there || is.deleted()) && !deleted[r.ID] {
				v.add("%s: %s %s ended as %s (%s), and the archive deleted it", plan, r.Object, r.ID, of[0].state,
					of[0].reason)
			}
			if of[0].state == "deleted" && !j.took(r.ID, rows[r.ID]) {
				v.add("%s: %s %s ended as deleted, and the archive never deleted it", plan, r.Object, r.ID)
			}
		}
		for id := range lines[plan] {
			if !selected[id] {
				v.add("%s: the ledger has %s, which isn't selected", plan, id)
			}
		}
	}
}

// took tells whether a request of the catchment has ever deleted a record, or anything that it points to: in the
// moment before such a request somebody else may have deleted it, which nobody can tell.
func (j judge) took(id string, row rig.Row) bool {
	return slices.ContainsFunc(j.deeds, func(d deed) bool {
		_, taken := d.taken[id]
		for _, value := range row.Values {
			_, along := d.taken[value]
			taken = taken || along
		}
		return taken
	})
}
