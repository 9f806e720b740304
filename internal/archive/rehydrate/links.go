package rehydrate

import (
	"context"
	"maps"
	"slices"
	"strings"

	"catchment/internal/archive/manifest"
	"catchment/internal/archive/rehydrate/remake"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/soql"
	"catchment/internal/salesforce/write"
	"catchment/internal/schema"
)

// A later lookup is to be filled once the record that it leads to is there.
type later struct {
	object string
	id     string // of the record as it is now
	field  string
	old    string // the archived record that it led to
	intent string // the blob that remembers it, "" for a record that stayed
	told   bool   // an earlier call has told of it, or nobody has to
}

// relink fills the lookups that had to wait, and those of records that stayed, which Salesforce had emptied when
// their parents went. An undelete fills most of those itself. What somebody has filled otherwise stays.
func (w *work) relink(ctx context.Context) error {
	r := &relinking{work: w, objects: map[string]*linking{}}
	for _, in := range w.bins {
		w.later = append(w.later, w.untied(in)...)
		w.settled = append(w.settled, in)
	}
	for _, l := range w.later {
		if err := r.take(ctx, l); err != nil {
			return err
		}
	}
	plans := map[string]bool{}
	for _, m := range w.members {
		plans[m.plan] = m.asked || plans[m.plan]
	}
	for _, name := range slices.Sorted(maps.Keys(plans)) {
		var cleared []later
		err := w.read(ctx, name, manifest.Each{Clear: func(c manifest.Clear) error {
			if w.members[c.ID] == nil && w.members[c.Value] != nil {
				cleared = append(cleared, later{object: c.Object, id: c.ID, field: c.Field, old: c.Value})
			}
			return nil
		}})
		if err != nil {
			return err
		}
		for _, l := range cleared {
			if err := r.take(ctx, l); err != nil {
				return err
			}
		}
	}
	return r.flush(ctx)
}

// untied are the lookups of records that are back from the bin. Most of them are as they were.
func (w *work) untied(in *intent) (all []later) {
	for id, a := range in.Of {
		if m := w.members[id]; m == nil && !w.alive[id] || m != nil && m.id(id) != id {
			continue
		}
		for field, old := range a.Later {
			all = append(all, later{in.Object, id, field, old, in.key, true})
		}
	}
	return all
}

// A relinking gathers lookups object by object, and fills them by the hundreds.
type relinking struct {
	*work
	objects map[string]*linking
}

// A linking is the lookups of one object that wait.
type linking struct {
	object schema.Object
	wanted map[string]map[string]later // by the record's Id and the field
}

// take takes a lookup, and fills those of its object once there are enough of them for a call.
func (r *relinking) take(ctx context.Context, l later) error {
	to := r.where(l.old)
	if to == "" && l.intent != "" {
		r.unfinished[l.intent] = true
	}
	switch {
	case to == "" && r.members[l.old] == nil && l.told:
		return nil // who brings that back goes on from here
	case to == "":
		return r.tell(l, "", remake.LeadsAside)
	}
	o, err := r.linking(ctx, l.object)
	if err != nil {
		return err
	}
	if f, ok := o.object.Field(l.field); !ok || !f.Updateable || !o.object.Updateable {
		return r.tell(l, to, remake.Fixed)
	}
	if o.wanted[l.id] == nil {
		o.wanted[l.id] = map[string]later{}
	}
	o.wanted[l.id][l.field] = l
	if len(o.wanted) < linkedAtOnce {
		return nil
	}
	return r.fill(ctx, o)
}

// where is where a record is by now that a lookup led to, "" where it isn't back.
func (w *work) where(old string) string {
	if m := w.members[old]; m != nil {
		return m.id(old)
	}
	if w.alive[old] {
		return old
	}
	return w.moved[old]
}

// linkedAtOnce is how many records are looked at by one query, and then written by one call.
const linkedAtOnce = 150

// linking looks at an object, once.
func (r *relinking) linking(ctx context.Context, object string) (*linking, error) {
	if o := r.objects[strings.ToLower(object)]; o != nil {
		return o, nil
	}
	o := &linking{wanted: map[string]map[string]later{}}
	r.objects[strings.ToLower(object)] = o
	var err error
	if o.object, err = r.Org.Describe(ctx, object); err != nil && plan.ClassOf(err) == plan.Fix {
		return o, nil // it is out of sight: none of its fields can be written
	}
	return o, err
}

// flush fills what is left.
func (r *relinking) flush(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(r.objects)) {
		if err := r.fill(ctx, r.objects[name]); err != nil {
			return err
		}
	}
	return nil
}

// fill looks at the lookups of some records, and fills those that are empty.
func (r *relinking) fill(ctx context.Context, o *linking) error {
	wanted := o.wanted
	o.wanted = map[string]map[string]later{}
	if len(wanted) == 0 {
		return nil
	}
	if err := r.step(ctx); err != nil {
		return err
	}
	fields := map[string]bool{}
	for _, lookups := range wanted {
		for field := range lookups {
			fields[field] = true
		}
	}
	names, ids := slices.Sorted(maps.Keys(fields)), slices.Sorted(maps.Keys(wanted))
	q := soql.Select{Fields: append([]string{"Id"}, names...), From: o.object.Name,
		Where: []soql.Condition{soql.In("Id", ids)}}
	empty := map[string]map[string]string{}
	err := r.query(ctx, q, false, func(rec salesforce.Record) error {
		id, err := rec.Text("Id")
		if err != nil {
			return err
		}
		lookups := wanted[id]
		delete(wanted, id)
		return r.compare(rec, lookups, id, empty)
	})
	if err != nil {
		return err
	}
	for _, lookups := range wanted { // they are gone themselves
		for _, l := range lookups {
			if err := r.tell(l, "", remake.LeadsGone); err != nil {
				return err
			}
		}
	}
	return r.write(ctx, o, names, empty)
}

// compare finds the lookups of a record that are to be filled.
func (r *relinking) compare(
	rec salesforce.Record, lookups map[string]later, id string, empty map[string]map[string]string,
) error {
	for field, l := range lookups {
		has, err := rec.Text(field)
		if err != nil {
			return err
		}
		switch to := r.where(l.old); has {
		case to: // the undelete has filled it
		case "":
			if empty[id] == nil {
				empty[id] = map[string]string{}
			}
			empty[id][field] = to
		default:
			if err := r.tell(l, to, remake.TakenSince); err != nil {
				return err
			}
		}
	}
	return nil
}

// write fills lookups.
func (r *relinking) write(ctx context.Context, o *linking, fields []string, empty map[string]map[string]string) error {
	if len(empty) == 0 {
		return nil
	}
	writer, err := write.New(r.Org, write.Purpose{Name: "rehydrate", Allow: []write.Allowance{{Verb: write.Relink,
		Object: o.object.Name, Prefix: o.object.KeyPrefix, AtMost: int64(len(empty)), Fields: fields}}})
	if err != nil {
		return err
	}
	var some []write.Link
	for _, id := range slices.Sorted(maps.Keys(empty)) {
		some = append(some, write.Link{ID: id, Lookups: empty[id]})
	}
	outcomes, cause := writer.Relink(ctx, o.object.Name, some, write.EachAlone)
	for i, out := range outcomes {
		f := Fact{Object: o.object.Name, ID: some[i].ID, State: Linked}
		if out.State != write.Done {
			f.Reason = "its answer was lost: look at it, or do the same again"
			if out.Refusal != nil {
				f.Reason = out.Refusal.Error()
			}
			for _, field := range slices.Sorted(maps.Keys(some[i].Lookups)) {
				f.Missing = append(f.Missing, remake.Missing{Field: field, Reason: remake.Refused})
			}
		}
		if err := r.say(f); err != nil {
			return err
		}
	}
	return cause
}

// tell tells of a lookup that isn't filled.
func (r *relinking) tell(l later, to string, why remake.Reason) error {
	return r.say(Fact{Object: l.object, ID: l.id, State: Linked, NewID: to,
		Missing: []remake.Missing{{Field: l.field, Reason: why}}})
}
