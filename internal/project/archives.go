package project

import (
	"context"
	"time"

	"catchment/internal/archive"
	"catchment/internal/archive/approval"
	"catchment/internal/archive/manifest"
	"catchment/internal/archive/planning"
	"catchment/internal/archive/rehydrate"
	"catchment/internal/archive/removal"
	"catchment/internal/archive/restored"
	"catchment/internal/blob"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/verify"
	"catchment/internal/waiting"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
)

// Prover makes what compares copies with the org, record by record.
func Prover(p *Project, h lease.Holder) archive.Prover {
	return p.Verifier(verify.Options{Run: h.Run, Holder: h.Name, Alone: h.Alone, Reserve: p.File.Org.Reserve,
		Stop: p.Stop})
}

// Planner makes what decides which records leave Salesforce. author is who wants to know.
func Planner(p *Project, h lease.Holder, author string) *planning.Planner {
	return &planning.Planner{
		Org: p.Org, Warehouse: p.Warehouse, Flows: p.Replicator(nil, p.RunOptions()).Flows, Prover: Prover(p, h),
		Store: p.Stage, Now: p.Now, ReadFile: p.ReadFile, Price: p.File.Archive.Price, Catchment: p.Version,
		Author: author,
	}
}

// Remover makes what carries out plans of archives.
func Remover(p *Project, h lease.Holder, copier archive.Copier) *removal.Remover {
	return &removal.Remover{
		Org: p.Org, Warehouse: p.Warehouse, Control: p.Control, Store: p.Stage, Holder: p.Holder(h),
		Prover: Prover(p, h), Copier: copier, Flows: p.Replicator(nil, p.RunOptions()).Flows,
		Policies: p.File.Archive.Policies, Approvals: approvalsIn(p.Stage, p.Now),
		Certify: certifier(p, h),
		Version: p.Version, Reserve: p.File.Org.Reserve, Stop: p.Stop, Sleep: waiting.For,
	}
}

// Rehydrator makes what brings archived records back.
func Rehydrator(p *Project, h lease.Holder) *rehydrate.Rehydrator {
	return &rehydrate.Rehydrator{
		Org: p.Org, Warehouse: p.Warehouse, Stage: p.Stage, Holder: p.Holder(h),
		Flows: p.Replicator(nil, p.RunOptions()).Flows, Now: p.Now,
		Before: func(ctx context.Context) error { return spare(ctx, p) },
	}
}

// spare ends what writes where the user wants an end, or where the org has no calls left but
// those that are set aside for people (invariant 10).
func spare(ctx context.Context, p *Project) error {
	select {
	case <-p.Stop:
		return plan.ErrStopped
	default:
	}
	if !p.Org.Usage().UsedUp(p.File.Org.Reserve) {
		return nil
	}
	limits, err := p.Org.Limits(ctx) // since that answer may be old
	if l := limits["DailyApiRequests"]; err == nil && l.UsedUp(p.File.Org.Reserve) {
		err = plan.Failf(plan.Wait, "type it again later: it goes on; org.reserve says how much is left to people",
			"%d of the org's %d API calls of 24 hours are used, and %d%% are left to people", l.Max-l.Remaining, l.Max,
			p.File.Org.Reserve)
	}
	return err
}

// remembers has the warehouse know again what was archived, where it came back from a backup. Functions on AWS may
// look into the archive only where the configuration has one.
func remembers(p *Project) func(context.Context, warehouse.Fence, shape.Table) (string, error) {
	archives := len(p.File.Archive.Policies) > 0 || p.File.Stage.Folder() != ""
	if p.Warehouse == nil || p.Stage == nil || !archives {
		return nil
	}
	watch := restored.Watch{Store: p.Stage, Warehouse: p.Warehouse}
	return func(ctx context.Context, f warehouse.Fence, t shape.Table) (string, error) {
		found, err := watch.Look(ctx, f, t)
		return found.Note(), err
	}
}

// approvalsIn finds those of a plan in a store that count, or says by an error who is missing.
func approvalsIn(store blob.Store, now func() time.Time) func(context.Context, string, manifest.Head, string) (
	[]archive.Approval, error,
) {
	return func(ctx context.Context, name string, head manifest.Head, digest string) ([]archive.Approval, error) {
		all, err := approval.Load(ctx, store, name)
		if err != nil {
			return nil, err
		}
		return all, approval.Check(head, digest, all, now())
	}
}
