package removal

import (
	"context"

	"catchment/internal/archive"
	"catchment/internal/archive/manifest"
	"catchment/internal/plan"
	"catchment/internal/warehouse/archived"
)

// prove brings the copy up to date and gives each record of the plan its line: proven, or how
// it ended. What has one already is passed over.
func (r *run) prove(ctx context.Context) error {
	lines := int64(0)
	counts, err := r.ledger.Tally(ctx, r.paper.name)
	if err != nil {
		return err
	}
	for _, c := range counts {
		lines += c.Records
	}
	end := r.paper.end
	if lines == end.In+end.Held+end.Blocked {
		return nil
	}
	if err := r.fresh(ctx, r.paper.going(-1), false); err != nil {
		return err
	}
	return r.paper.portions(ctx, nil, func(p portion) error {
		if err := r.stopping(ctx); err != nil {
			return err
		}
		known, err := r.linesOf(ctx, p.object, p.ids())
		if err != nil || len(known) == len(p.records) {
			return err
		}
		return r.holding(ctx, p.object, func(h *holding) error { return r.provePortion(ctx, h, p, known) })
	})
}

// linesOf gives the lines that the plan has of some records, all of one object, by their Ids.
func (r *run) linesOf(ctx context.Context, object string, ids []string) (map[string]archived.Line, error) {
	lines, err := r.ledger.Lookup(ctx, r.paper.name, object, ids)
	if err != nil {
		return nil, err
	}
	known := make(map[string]archived.Line, len(lines))
	for _, l := range lines {
		known[l.ID] = l
	}
	return known, nil
}

// provePortion writes the lines of records that have none.
func (r *run) provePortion(ctx context.Context, h *holding, p portion, known map[string]archived.Line) error {
	now, err := r.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	var lines []archived.Line
	var going []manifest.Record
	for _, record := range p.records {
		if _, has := known[record.ID]; has {
			continue
		}
		line := p.line(r.paper.name, record.ID)
		switch record.Fate {
		case manifest.In:
			going = append(going, record)
			continue
		case manifest.Held:
			line.State = archived.Held
		default:
			line.State = archived.Blocked
		}
		line.Reason, line.Stamp, line.EndedAt = record.Reason, record.Stamp, now
		lines = append(lines, line)
	}
	proven, err := r.proveRecords(ctx, h, p, going)
	if err != nil {
		return err
	}
	r.tell(News{Object: p.object, Level: p.level, Proven: int64(len(going))})
	return r.ledger.Write(ctx, h.lease.Fence(), append(lines, proven...))
}

// proveRecords proves records that are to go.
func (r *run) proveRecords(
	ctx context.Context, h *holding, p portion, going []manifest.Record,
) ([]archived.Line, error) {
	if len(going) == 0 {
		return nil, nil
	}
	if err := r.spare(ctx); err != nil {
		return nil, err
	}
	verdicts, err := r.verdicts(ctx, h, portion{p.object, p.level, going}.ids(), archive.Live)
	if err != nil {
		return nil, err
	}
	now, err := r.Org.ServerTime(ctx) // after the proof: what cools, cools from then on
	if err != nil {
		return nil, err
	}
	var lines []archived.Line
	for i, v := range verdicts {
		line := p.line(r.paper.name, v.ID)
		line.Stamp, line.Digest = v.Stamp, v.Digest
		if rule := ruleLive(v, going[i].Stamp, false); rule.fate == fateEnded {
			line.State, line.Reason, line.EndedAt = rule.state, rule.reason, now
		} else {
			line.State, line.ProvenAt = archived.Proven, now
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// line begins the line of a record of a plan.
func (p portion) line(plan, id string) archived.Line {
	return archived.Line{Plan: plan, Object: p.object, ID: id, Level: p.level}
}

// verdicts proves records, and checks that the answer is about them.
func (r *run) verdicts(ctx context.Context, h *holding, ids []string, in archive.Place) ([]archive.Verdict, error) {
	if err := r.renew(ctx, h); err != nil {
		return nil, err
	}
	verdicts, err := r.Prover.Prove(ctx, h.lease, h.flow, ids, in)
	if err != nil {
		return nil, err
	}
	if len(verdicts) != len(ids) {
		return nil, plan.Failf(plan.Bug, "", "%d records of %s were proven, and %d asked for", len(verdicts),
			h.flow.Object, len(ids))
	}
	for i, v := range verdicts {
		if v.ID != ids[i] {
			return nil, plan.Failf(plan.Bug, "", "a record of %s was proven that wasn't asked for", h.flow.Object)
		}
	}
	return verdicts, nil
}
