package verify

import (
	"context"
	"fmt"
	"slices"

	"catchment/internal/archive"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/lookup"
	"catchment/internal/parents"
	"catchment/internal/source"
	"catchment/internal/warehouse/archived"
)

// A Verifier proves copies one by one, too, for who is about to delete the records.
var _ archive.Prover = (*Verifier)(nil)

// Prove implements archive.Prover.
func (v *Verifier) Prove(
	ctx context.Context, held *lease.Lease, fl flow.Flow, ids []string, in archive.Place,
) ([]archive.Verdict, error) {
	p := &proof{Verifier: v, flow: fl, held: held, in: in, beside: map[string]bool{}}
	for _, id := range ids {
		p.beside[id] = true
	}
	err := p.begin(ctx)
	all := make([]archive.Verdict, 0, len(ids))
	for some := range slices.Chunk(ids, lookup.PerCall) {
		if err != nil {
			break
		}
		var found []archive.Verdict
		found, err = p.some(ctx, some)
		all = append(all, found...)
	}
	if err != nil {
		return nil, fmt.Errorf("prove copies of %s: %w", fl.Object, err)
	}
	return all, nil
}

// begin finds what is compared, and puts the lease's fence into the warehouse.
func (p *proof) begin(ctx context.Context) error {
	if why := unprovable(p.flow); len(why) > 0 {
		return why.err(p.flow.Object)
	}
	w := &verification{Verifier: p.Verifier, flow: p.flow, held: p.held}
	if err := w.claim(ctx); err != nil {
		return err
	}
	find := source.Finder{Describe: p.Org.Describe, Columns: p.Warehouse.Adapt, Refuses: parents.Refuses(p.Org)}
	var err error
	if p.flow, err = p.asRead(ctx, p.flow); err != nil {
		return err
	}
	src, err := find.Source(ctx, p.flow)
	if err != nil {
		return err
	}
	if p.in == archive.Live { // what was just deleted isn't left unproven, whoever needs the calls
		if err := spare(ctx, w.Org, w.Options.Reserve); err != nil {
			return err
		}
	}
	src.Flow.NUL = flow.Replace // what has one is told apart, and doesn't stop the others
	if p.subject, err = p.compared(ctx, src); err != nil {
		return err
	}
	p.ledger, _ = archived.Of(p.Warehouse)
	call, err := p.Control.NewRunID()
	// A page that a dead process left under the same name would be taken for what the org says now.
	p.shelf = &shelf{store: p.Stage, source: src, room: p.Warehouse.Room(), held: p.held, name: "prove-" + call}
	return err
}

// some proves as many records as one call reads.
func (p *proof) some(ctx context.Context, ids []string) ([]archive.Verdict, error) {
	readAt, err := p.Org.ServerTime(ctx) // what is read below is as new as this, at least
	if err != nil {
		return nil, err
	}
	l, err := p.look(ctx, ids)
	defer func() { p.shelf.forget(ctx, l.pages) }()
	if err != nil {
		return nil, err
	}
	differing, err := p.compare(ctx, l, readAt)
	if err != nil {
		return nil, err
	}
	b := batch{proof: p, look: l, verdicts: map[string]*archive.Verdict{}}
	for _, id := range ids {
		b.judge(id, differing)
	}
	if err := b.digest(ctx); err != nil {
		return nil, err
	}
	if err := b.bodies(ctx); err != nil {
		return nil, err
	}
	all := make([]archive.Verdict, len(ids))
	for i, id := range ids {
		all[i] = *b.verdicts[id]
	}
	return all, nil
}
