package deletes

import (
	"context"
	"maps"
	"slices"

	"catchment/internal/control"
	"catchment/internal/plan"
	"catchment/internal/replicate/reading"
	"catchment/internal/replicate/window"
	"catchment/internal/schema"
	"catchment/internal/source"
)

// AskedAtMost bounds how many Ids are asked about one by one: 150 with each call.
const AskedAtMost = 3000

// Account holds what an attempt has brought against what the logs say has changed:
// each Id has to be loaded, deleted, or out of the flow's where (invariant 6). What is
// gone is added to found; a record that ought to have come is reading.ErrUnsound. More
// suspects than AskedAtMost are left to the next sweep: it tells how many there are.
func (f *Finder) Account(
	ctx context.Context, src *source.Source, a control.Attempt, c window.Changes, found Findings,
) (suspected int, err error) {
	logged, err := f.missing(ctx, src, a, c)
	if err != nil || len(logged) == 0 {
		return 0, err
	}
	suspects, err := f.suspects(ctx, src, logged)
	if err != nil {
		return 0, err
	}
	suspected = len(suspects)
	suspects = suspects[:min(suspected, AskedAtMost)]
	if err := f.examine(ctx, src, suspects); err != nil {
		return suspected, err
	}
	for _, s := range suspects {
		switch verdict := judge(s, a.From, a.To, c.Logged); verdict {
		case settled:
		case lost:
			return suspected, plan.Failf(plan.Retry, "",
				"%w: record %s of %s changed within the window, and didn't come", reading.ErrUnsound, s.id, a.Flow)
		default:
			found[s.id] = verdict
		}
	}
	return suspected, nil
}

// missing is the Ids that the logs name and the main part didn't bring. The value says
// whether the delete log names them.
func (f *Finder) missing(
	ctx context.Context, src *source.Source, a control.Attempt, c window.Changes,
) (map[string]bool, error) {
	logged := map[string]bool{}
	for _, id := range c.Updated {
		id, err := schema.ID18(id)
		if err != nil {
			return nil, err
		}
		logged[id] = false
	}
	for _, d := range c.Deleted {
		id, err := schema.ID18(d.ID)
		if err != nil {
			return nil, err
		}
		logged[id] = true
	}
	for _, p := range a.Reading(control.Main) {
		if len(logged) == 0 || len(p.Job) == 0 {
			continue
		}
		if err := f.brought(ctx, src, a.ID, *p, func(id string) { delete(logged, id) }); err != nil {
			return nil, err
		}
	}
	return logged, nil
}

// brought calls each with the Id of every record that a part has brought, also of
// those that the flow's rules kept out.
func (f *Finder) brought(
	ctx context.Context, src *source.Source, attempt string, p control.Part, each func(id string),
) error {
	job, err := reading.JobOf(p)
	if err != nil {
		return err
	}
	err = f.evidence.StagedKeys(ctx, src.Table, attempt, job.ID, each)
	if err != nil || p.Rejected == 0 {
		return err
	}
	return f.evidence.RejectedKeys(ctx, attempt, job.ID, each)
}

// Brought are the Ids of the records that a part has brought, kept out or not.
func (f *Finder) Brought(
	ctx context.Context, src *source.Source, attempt string, p control.Part,
) (map[string]bool, error) {
	came := map[string]bool{}
	return came, f.brought(ctx, src, attempt, p, func(id string) { came[id] = true })
}

// suspects are the Ids to ask about, those that the final table holds first. One that
// only the delete log names matters only where the table holds a live row of it, or where
// it was kept out.
func (f *Finder) suspects(ctx context.Context, src *source.Source, logged map[string]bool) ([]suspect, error) {
	ids := make([]string, 0, len(logged))
	for id := range logged {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	held, err := f.evidence.Held(ctx, src.Table, ids)
	if err != nil {
		return nil, err
	}
	absent := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !logged[id] || held[id] })
	if len(absent) > 0 { // one that was kept out has no row, and is known all the same
		out, err := f.keptOut(ctx, src, absent)
		if err != nil {
			return nil, err
		}
		maps.Copy(held, out)
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return logged[id] && !held[id] })
	suspects := make([]suspect, len(ids))
	for i, id := range ids {
		suspects[i] = suspect{id: id, held: held[id], logged: logged[id]}
	}
	slices.SortStableFunc(suspects, func(a, b suspect) int { return order(b.held) - order(a.held) })
	return suspects, nil
}

func order(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Inside are those of some records that meet the flow's where, and aren't deleted.
func (f *Finder) Inside(ctx context.Context, src *source.Source, ids []string) ([]string, error) {
	suspects := make([]suspect, len(ids))
	for i, id := range ids {
		suspects[i].id = id
	}
	if err := f.examine(ctx, src, suspects); err != nil {
		return nil, err
	}
	var inside []string
	for _, s := range suspects {
		if s.inside && !s.Deleted {
			inside = append(inside, s.id)
		}
	}
	return inside, nil
}

// Gone adds to found what became of records that were kept out, were read again, and
// didn't come. One that is there after all is left to the next time.
func (f *Finder) Gone(
	ctx context.Context, src *source.Source, a control.Attempt, ids []string, found Findings,
) error {
	suspects := make([]suspect, min(len(ids), AskedAtMost))
	for i := range suspects {
		suspects[i] = suspect{id: ids[i], held: true}
	}
	if err := f.examine(ctx, src, suspects); err != nil {
		return err
	}
	for _, s := range suspects {
		if v := judge(s, a.From, a.To, false); v != settled && v != lost {
			found[s.id] = v
		}
	}
	return nil
}
