package replicate

import (
	"context"
	"errors"
	"slices"

	"catchment/internal/control"
	"catchment/internal/lookup"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/source"
	"catchment/internal/warehouse"
)

// What is loaded is held against what Salesforce's logs say has changed: each
// Id has to be loaded, deleted, or out of the flow's where; anything else fails
// the run (invariant 6). What turns out to be gone becomes a part of the
// attempt: a page of Ids to delete, for each reason one.

// reconcile accounts for the Ids that an attempt should have brought, and for
// the rows that its sweep saw otherwise. It isn't done where it found something
// to read first. It may be repeated: what it found the last time is found anew.
func (r *Replicator) reconcile(ctx context.Context, v *visit) (done bool, err error) {
	if err := r.onlyParts(ctx, v); err != nil {
		return false, err
	}
	if more, err := r.readFound(ctx, v); err != nil || more {
		return false, err
	}
	found, err := r.sweepFindings(ctx, v)
	if err != nil {
		return false, err
	}
	suspects, reaches, err := r.suspects(ctx, v)
	if err != nil {
		return false, err
	}
	for _, s := range suspects {
		switch verdict := judge(s, v.attempt.From, v.attempt.To, reaches); verdict {
		case settled:
		case lost:
			return false, r.readAgain(ctx, v, control.Main, plan.Failf(plan.Retry, "",
				"%w: record %s of %s changed within the window, and didn't come", errUnsound, s.id, v.attempt.Flow))
		default:
			found[s.id] = verdict
		}
	}
	if err := r.mayVanish(ctx, v, found); err != nil {
		return false, r.readAgain(ctx, v, sweepPart, err)
	}
	return true, r.loadFindings(ctx, v, found)
}

// readAgain gives up the result of a part that is loaded already.
func (r *Replicator) readAgain(ctx context.Context, v *visit, name string, why error) error {
	for _, p := range v.attempt.Reading(name) {
		if len(p.Job) == 0 {
			continue
		}
		if r.lander(p) != nil {
			return plan.Fixf("load it anew with: catchment run --full "+v.attempt.Flow, "%w", why)
		}
		p.Loaded = false
		if err := r.dropJob(ctx, v, p, why); err != nil {
			return errors.Join(why, err)
		}
	}
	return why
}

// suspectsAtMost bounds how many Ids are asked about one by one: 150 with each
// call.
const suspectsAtMost = 3000

// suspects asks about the Ids that the logs name and the main part didn't
// bring. It also tells whether the delete log covers the window.
func (r *Replicator) suspects(ctx context.Context, v *visit) ([]suspect, bool, error) {
	main := v.attempt.Reading(control.Main)
	if len(main) == 0 || v.attempt.From.IsZero() || !v.source.Replicates() || len(v.source.Table.Key) != 1 {
		return nil, false, nil
	}
	c, err := r.changesOf(ctx, v)
	if err != nil {
		return nil, false, err
	}
	logged := map[string]bool{}
	for _, id := range c.updated {
		if id, err = salesforce.ID18(id); err != nil {
			return nil, false, err
		}
		logged[id] = false
	}
	for _, d := range c.deleted {
		id, err := salesforce.ID18(d.ID)
		if err != nil {
			return nil, false, err
		}
		logged[id] = true
	}
	for _, p := range main {
		if len(logged) == 0 || len(p.Job) == 0 {
			continue
		}
		if err := r.brought(ctx, v, p, func(id string) { delete(logged, id) }); err != nil {
			return nil, false, err
		}
	}
	suspects, err := r.ask(ctx, v, logged)
	return suspects, c.logged, err
}

// brought calls each with the Id of every record that a part has brought, also of
// those that the flow's rules kept out.
func (r *Replicator) brought(ctx context.Context, v *visit, p *control.Part, each func(id string)) error {
	job, err := jobOf(p)
	if err != nil {
		return err
	}
	if err := r.Warehouse.StagedKeys(ctx, v.source.Table, v.attempt.ID, job.ID, each); err != nil || p.Rejected == 0 {
		return err
	}
	return r.Warehouse.RejectedKeys(ctx, v.attempt.ID, job.ID, each)
}

// ask finds out what became of some Ids. Those that only the delete log names
// matter only where the final table holds a live row of them.
func (r *Replicator) ask(ctx context.Context, v *visit, logged map[string]bool) ([]suspect, error) {
	if len(logged) == 0 {
		return nil, nil
	}
	ids := make([]string, 0, len(logged))
	for id := range logged {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	held, err := r.Warehouse.Held(ctx, v.source.Table, ids)
	if err != nil {
		return nil, err
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return logged[id] && !held[id] })
	slices.SortStableFunc(ids, func(a, b string) int { return order(held[b]) - order(held[a]) })
	if len(ids) > suspectsAtMost {
		v.note("%d changed records didn't come, and only %d were asked about: a sweep finds out about the others", len(ids), suspectsAtMost)
		ids = ids[:suspectsAtMost]
		if err := r.sweepNext(ctx, v); err != nil {
			return nil, err
		}
	}
	suspects := make([]suspect, len(ids))
	for i, id := range ids {
		suspects[i] = suspect{id: id, held: held[id], logged: logged[id]}
	}
	return suspects, r.examine(ctx, v.source, suspects)
}

func order(b bool) int {
	if b {
		return 1
	}
	return 0
}

// examine reads records by their Ids, with queryAll: that is the proof, the
// logs are only a hint.
func (r *Replicator) examine(ctx context.Context, src *source.Source, suspects []suspect) error {
	find := lookup.Finder{Org: r.Org, Object: src.Object, Where: src.Flow.Where}
	inside, err := find.States(ctx, idsOf(suspects))
	if err != nil {
		return err
	}
	outside := slices.DeleteFunc(slices.Clone(suspects), func(s suspect) bool {
		_, in := inside[s.id]
		return in || !s.held
	})
	var elsewhere map[string]lookup.State
	if find.Where != "" && len(outside) > 0 {
		find.Where = ""
		if elsewhere, err = find.States(ctx, idsOf(outside)); err != nil {
			return err
		}
	}
	for i := range suspects {
		s := &suspects[i]
		if s.State, s.inside = inside[s.id]; s.inside {
			s.found = true
			continue
		}
		s.State, s.found = elsewhere[s.id]
	}
	return nil
}

func idsOf(suspects []suspect) []string {
	ids := make([]string, len(suspects))
	for i, s := range suspects {
		ids[i] = s.id
	}
	return ids
}

// findings are Ids that turned out to be gone, and why.
type findings map[string]verdict

// of lists the Ids with one reason, in order.
func (f findings) of(reason verdict) []string {
	var ids []string
	for id, v := range f {
		if v == reason {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// dropFindings forgets what an earlier call has found.
func (r *Replicator) dropFindings(ctx context.Context, v *visit) error {
	a := &v.attempt
	if !slices.ContainsFunc(a.Parts, isFinding) {
		return nil
	}
	a.Parts = slices.DeleteFunc(a.Parts, isFinding)
	return r.keepJobs(ctx, v)
}

// onlyParts makes sure that nothing else is staged of an attempt than its
// parts: a process may have died before it noted what it had found, or before it
// had forgotten what a job brought that was given up.
func (r *Replicator) onlyParts(ctx context.Context, v *visit) error {
	staged, _, err := r.Warehouse.Staged(ctx, v.attempt.ID, "")
	if pages, _, _ := v.attempt.Sums(); err != nil || staged == pages {
		return err
	}
	return r.keepJobs(ctx, v)
}

func isFinding(p control.Part) bool { return p.Mover == byFinding }

// loadFindings stages the Ids that are gone, a part for each reason.
func (r *Replicator) loadFindings(ctx context.Context, v *visit, found findings) error {
	for _, traits := range warehouse.Reasons() {
		reason := verdict(traits.Reason)
		ids := found.of(reason)
		if len(ids) == 0 {
			continue
		}
		if traits.Sight {
			v.note("%d records are out of this user's sight, and not in Salesforce's delete log; the first is %s", len(ids), ids[0])
		}
		p := control.Part{Name: "gone-" + string(reason), Op: string(warehouse.Delete), Mover: byFinding, Reason: string(reason),
			Query: control.Query{Fields: []string{"Id"}}, Follows: control.Main}
		at, err := r.Org.ServerTime(ctx)
		if err != nil {
			return err
		}
		if err := setJob(&p, r.gone.hold(ids, at)); err != nil {
			return err
		}
		v.attempt.Parts = append(v.attempt.Parts, p)
		last := len(v.attempt.Parts) - 1
		if err := r.loadPart(ctx, v, int64(last), &v.attempt.Parts[last]); err != nil {
			return err
		}
	}
	return nil
}

// mayVanish stops before rows are marked that went out of the user's sight in
// such numbers that the user must have changed, not the records.
func (r *Replicator) mayVanish(ctx context.Context, v *visit, found findings) error {
	n := 0
	for _, traits := range warehouse.Reasons() {
		if traits.Sight {
			n += len(found.of(verdict(traits.Reason)))
		}
	}
	if r.Options.AllowDeletes || n == 0 {
		return nil
	}
	live, err := r.Warehouse.Live(ctx, v.source.Table)
	if err != nil || !outOfSight(n, int(live)) {
		return err
	}
	return plan.Fixf("look at the permissions of the integration user: View All Data, or View All Records on this object, may have been taken from it; "+
		"if it is right that it sees less, run again with --allow-deletes",
		"%d of %d rows of %s are out of this user's sight, and Salesforce's delete log has none of them", n, live, v.attempt.Flow)
}
