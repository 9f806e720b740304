package project

import (
	"context"
	"time"

	"catchment/internal/archive"
	"catchment/internal/archive/approval"
	"catchment/internal/archive/manifest"
	"catchment/internal/archive/planning"
	"catchment/internal/archive/removal"
	"catchment/internal/blob"
	"catchment/internal/lease"
	"catchment/internal/verify"
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
		Version: p.Version, Reserve: p.File.Org.Reserve, Stop: p.Stop, Sleep: pause,
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

// pause waits for a while, or for the end of what it is a part of.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
