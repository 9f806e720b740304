package rehydrate

import (
	"context"
	"fmt"
	"slices"

	"catchment/internal/lookup"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/soql"
	"catchment/internal/salesforce/write"
	"catchment/internal/salesforce/write/refusal"
	"catchment/internal/schema"
)

// undeleting is the part of the work that looks where the members are, and takes them out of the bin.
type undeleting struct{ *work }

// look finds out where the members are: there, in the bin (they wait with binned), or nowhere (they wait). A
// member that came back as a new record is there if that record is.
func (w undeleting) look(ctx context.Context) error {
	for _, s := range w.ordered() {
		if s.src == nil {
			continue
		}
		ids := w.ids(s, waiting)
		states, err := lookup.Finder{Org: w.Org, Object: s.src.Object, Before: w.Before}.States(ctx, ids)
		if err != nil {
			return err
		}
		var moved []string
		for _, id := range ids {
			m, state := w.members[id], states[id]
			_, found := states[id]
			switch {
			case found && !state.Deleted:
				err = w.become(id, m, Fact{State: There})
			case m.newID != "": // whether or not the old one still lies in the bin
				moved = append(moved, id)
			case found:
				m.binned = true
			}
			if err != nil {
				return err
			}
		}
		if err := w.lookAtNew(ctx, s, moved); err != nil {
			return err
		}
	}
	return nil
}

// lookAtNew looks for the records that took the place of members by earlier calls.
func (w undeleting) lookAtNew(ctx context.Context, s *subject, ids []string) error {
	news := make([]string, len(ids))
	for i, id := range ids {
		news[i] = w.members[id].newID
	}
	states, err := lookup.Finder{Org: w.Org, Object: s.src.Object, Before: w.Before}.States(ctx, news)
	if err != nil {
		return err
	}
	for i, id := range ids {
		f := Fact{State: Before, NewID: news[i]}
		if state, found := states[news[i]]; !found || state.Deleted {
			f.State, f.Reason = Failed, "it came back as this record, which was deleted since: undelete that"
		}
		if err := w.become(id, w.members[id], f); err != nil {
			return err
		}
	}
	return nil
}

// foresee tells what would be done.
func (w undeleting) foresee(ctx context.Context) error {
	if err := w.look(ctx); err != nil {
		return err
	}
	for _, s := range w.ordered() {
		for _, id := range w.ids(s, waiting) {
			m, f := w.members[id], Fact{State: ToInsert}
			switch {
			case m.binned:
				f.State = ToUndelete
			case s.trouble != nil:
				f = Fact{State: Failed, Reason: s.trouble.Error()}
			case !s.src.Object.Createable && !isBorn(s.name):
				f = uncreatable()
			}
			if err := w.become(id, m, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// undelete takes members out of the bin, roots first. What comes along with its parent isn't asked for again.
func (w undeleting) undelete(ctx context.Context) error {
	binned := func(m *member) bool { return waiting(m) && m.binned }
	levels := map[int]bool{}
	for _, m := range w.members {
		if binned(m) {
			levels[m.level] = true
		}
	}
	for level := range levelsOf(levels) {
		for _, s := range w.ordered() {
			ids := w.ids(s, func(m *member) bool { return binned(m) && m.level == level })
			for some := range slices.Chunk(ids, write.CallAtMost) {
				if err := w.undeleteSome(ctx, s, some); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// levelsOf yields levels from the roots on.
func levelsOf(levels map[int]bool) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		var all []int
		for level := range levels {
			all = append(all, level)
		}
		slices.Sort(all)
		for _, level := range all {
			if !yield(level) {
				return
			}
		}
	}
}

// undeleteSome takes some members out of the bin, and looks at each before and after.
func (w undeleting) undeleteSome(ctx context.Context, s *subject, ids []string) error {
	if err := w.step(ctx); err != nil {
		return err
	}
	find := lookup.Finder{Org: w.Org, Object: s.src.Object, Before: w.Before}
	before, err := find.States(ctx, ids)
	if err != nil {
		return err
	}
	refusals := map[string]*refusal.Refusal{}
	if err := w.tie(ctx, s, ids); err != nil {
		return err
	}
	asked := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !before[id].Deleted })
	if len(asked) > 0 && s.src.Object.Undeletable && s.writer != nil {
		outcomes, err := s.writer.Undelete(ctx, s.name, asked, write.EachAlone)
		if outcomes == nil && err != nil {
			return err
		}
		for i, o := range outcomes {
			if o.Refusal != nil {
				refusals[asked[i]] = o.Refusal
			}
		}
	}
	after, err := find.States(ctx, ids)
	if err != nil {
		return err
	}
	beyond, err := w.beyond(ctx, s, refusals, after)
	if err != nil {
		return err
	}
	var back []string
	for _, id := range ids {
		f := Fact{State: Undeleted}
		state, found := after[id]
		switch {
		case !found, // purged meanwhile
			state.Deleted && beyond[id],
			state.Deleted && !s.src.Object.Undeletable && s.src.Object.Createable: // its parent didn't bring it along
			w.members[id].binned = false // it comes back as a new record
			continue
		case state.Deleted && refusals[id] != nil:
			f = Fact{State: Failed, Reason: refusals[id].Error()}
		case state.Deleted:
			f = Fact{State: Failed, Reason: "it is still in the recycle bin: its parent has to come back first"}
		default:
			back = append(back, id)
		}
		if err := w.become(id, w.members[id], f); err != nil {
			return err
		}
	}
	return w.outside(ctx, s, back)
}

// tie remembers the lookups of records in the bin to other members: a delete of the one has emptied those of the
// other, where that lived longer, and not each of them is filled by itself again.
func (w undeleting) tie(ctx context.Context, s *subject, ids []string) error {
	rows, err := w.ledger.Rows(ctx, s.src.Table, ids)
	if err != nil {
		return err
	}
	in := &intent{Object: s.name, Bin: true, Of: map[string]asked{}}
	for _, row := range rows {
		lookups := map[string]string{}
		for _, f := range s.src.Object.Fields {
			if f.Type != schema.Reference || !f.Updateable || !f.Nillable {
				continue
			}
			if to := s.maker.Value(row, f.Name); to != nil && w.members[*to] != nil {
				lookups[f.Name] = *to
			}
		}
		if len(lookups) > 0 {
			in.Of[row.ID] = asked{Plan: w.members[row.ID].plan, Later: lookups}
		}
	}
	if len(in.Of) == 0 {
		return nil
	}
	w.bins = append(w.bins, in)
	return w.write(ctx, s, in)
}

// outside tells of records that came back along with their parents, and that no plan took: somebody else had
// deleted them with the same parent. As long as a parent lay in the bin, nobody could make it new children.
func (w undeleting) outside(ctx context.Context, s *subject, parents []string) error {
	for _, child := range s.src.Object.Children {
		if !child.Cascade || child.Deprecated || len(parents) == 0 {
			continue
		}
		fl, found, err := w.flow(ctx, child.Object)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		for some := range slices.Chunk(parents, lookup.PerQuery(200)) {
			q := soql.Select{Fields: []string{"Id"}, From: fl.Object,
				Where: []soql.Condition{soql.In(child.Field, some)}}
			err := w.query(ctx, q, false, func(r salesforce.Record) error {
				id, err := r.Text("Id")
				if err != nil || w.members[id] != nil {
					return err
				}
				return w.say(Fact{Object: fl.Object, ID: id, State: Outside,
					Reason: "it came back with its parent, and isn't part of what was asked for"})
			})
			if err != nil && plan.ClassOf(err) != plan.Fix {
				return err
			}
		}
	}
	return nil
}

// query reads records.
func (w *work) query(ctx context.Context, q soql.Select, all bool, each func(salesforce.Record) error) error {
	if w.Before != nil {
		if err := w.Before(ctx); err != nil {
			return err
		}
	}
	for r, err := range w.Org.Query(ctx, q.String(), all) {
		if err != nil {
			return fmt.Errorf("read %s: %w", q.From, err)
		}
		if err := each(r); err != nil {
			return err
		}
	}
	return nil
}
