package lake

import (
	"context"
	"errors"
	"maps"
	"slices"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/compare"
	"catchment/internal/warehouse/lake/ledger"
	"catchment/internal/warehouse/lake/merging"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/lake/versions"
	"catchment/internal/warehouse/shape"
)

// Out counts the records that are kept out of a table, and names some: first those that have an older row.
func (s asker) Out(ctx context.Context, t shape.Table, m warehouse.Merge, most int) (out evidence.Out, err error) {
	what := "rejected records of " + t.Object
	all, err := s.out(ctx, t, m)
	if err != nil || len(all) == 0 {
		return out, named(what, err)
	}
	keys := slices.Sorted(maps.Keys(all))
	held, err := s.Held(ctx, t, keys)
	if err != nil {
		return out, named(what, err)
	}
	slices.SortStableFunc(keys, func(a, b string) int { // those with a row first
		switch {
		case held[a] && !held[b]:
			return -1
		case held[b] && !held[a]:
			return 1
		}
		return 0
	})
	for _, key := range keys[:min(len(keys), most)] {
		out.First = append(out.First, evidence.Reject{ID: key, Field: all[key].field, Rule: all[key].rule})
	}
	out.Records, out.Rows = int64(len(all)), int64(len(held))
	return out, nil
}

// OutKeys lists so many keys of records that are kept out, of those that follow a key.
func (s asker) OutKeys(ctx context.Context, t shape.Table, after string, most int) ([]string, error) {
	all, err := s.out(ctx, t, warehouse.Merge{})
	if err != nil {
		return nil, named("rejected records of "+t.Object, err)
	}
	keys := slices.Sorted(maps.Keys(all))
	at, same := slices.BinarySearch(keys, after)
	if same {
		at++
	}
	return keys[at:min(at+most, len(keys))], nil
}

// out is what is kept out of a table, by the records' keys, once what the attempt of m has in staging is consolidated.
func (s asker) out(ctx context.Context, t shape.Table, m warehouse.Merge) (map[string]exclusion, error) {
	m.Table = t
	c := &consolidation{merger: merger(s), Merge: m, now: s.Now()}
	stage, err := c.stageOf(ctx, t)
	if err != nil {
		return nil, err
	}
	kept, err := c.kept(ctx, stage)
	if err != nil || len(kept) == 0 {
		return nil, err
	}
	final, err := s.Find(ctx, s.final(t))
	if err != nil {
		return nil, err
	}
	stands, _, err := standingOf(final)
	if err != nil {
		return nil, err
	}
	var jobs []versions.Job
	if stage != nil && m.Attempt != "" {
		l, err := ledger.Read(stage.Properties(), m.Attempt)
		if err != nil {
			return nil, err
		}
		jobs = c.jobsOf(l)
	}
	task := merging.Task{Final: final, Stage: stage, Rules: c.rules(jobs), Dry: true}
	if _, err := c.pass(ctx, task, stands); err != nil {
		return nil, err
	}
	past := map[string]bool{}
	for _, x := range c.past {
		past[x.id] = true
	}
	left := map[string]exclusion{}
	for key, all := range kept {
		for _, x := range all {
			if !past[x.id] {
				left[key] = x
			}
		}
	}
	return left, nil
}

// keptOut adds what was kept out of a flow, in order of the records' keys. A line counts once its page is loaded.
func (s *site) keptOut(ctx context.Context, t shape.Table, to *compare.Sides) error {
	q := rows.Query{Key: []string{"record_key"}, Columns: compare.KeptColumns(), Where: own.Is("flow", t.Object)}
	kept, err := s.stream(ctx, s.own(own.Rejected), q)
	if errors.Is(err, tables.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	to.Kept = kept
	stage, err := s.found(ctx, s.stage(t))
	if err != nil {
		return err
	}
	open := map[string]ledger.Ledger{}
	to.Counts = func(k compare.Row) (bool, error) {
		attempt := k.Text(columns.Attempt)
		has, known := open[attempt]
		if !known && stage != nil {
			var err error
			if has, err = ledger.Read(stage.Properties(), attempt); err != nil {
				return false, err
			}
			open[attempt] = has
		}
		return len(has.Jobs) == 0 || has.Has(k.Text(columns.Job), k.Number(columns.Seq)), nil
	}
	return nil
}
