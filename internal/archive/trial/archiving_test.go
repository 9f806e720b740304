package trial

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"catchment/internal/archive"
	"catchment/internal/archive/approval"
	"catchment/internal/archive/evidence"
	"catchment/internal/archive/manifest"
	"catchment/internal/archive/planning"
	"catchment/internal/archive/removal"
	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/policy"
	"catchment/internal/rig"
)

// The archive as the command wires it, in processes of a rig that may die.

// flows are those of the configuration.
func (h *house) flows(context.Context) ([]flow.Flow, error) { return h.Flows, nil }

// oldCases is a policy that takes closed Cases at once.
func oldCases() policy.Policy {
	return policy.Policy{
		Name: "old-cases", Root: root, Where: "Status = 'Closed'", Cascades: true, Files: policy.AllFiles,
		Hold: []policy.Hold{{Where: "Hold__c = true"}},
		Cap:  policy.Cap{Records: 10_000, PerDay: 10_000, Share: 100}, Approve: 1, Expires: 90 * 24 * time.Hour,
	}
}

// plan makes a plan in a process of its own.
func (h *house) plan(f *rig.Fate, pol policy.Policy) (*planning.Summary, error) {
	h.T.Helper()
	p := h.Start(f)
	defer p.Close()
	if p.Control == nil {
		return nil, context.Cause(p.Ctx)
	}
	planner := &planning.Planner{
		Org: p.Client, Warehouse: p.Warehouse, Flows: h.flows, Prover: p.Verifier(), Store: p.Stage, Now: h.Now,
		ReadFile: os.ReadFile, Catchment: "test", Author: "author",
	}
	return planner.Plan(p.Ctx, pol)
}

// planned is a plan that has to be made.
func (h *house) planned(pol policy.Policy) string {
	h.T.Helper()
	sum, err := h.plan(nil, pol)
	h.Must(err)
	return sum.Name
}

// approve has somebody approve a plan.
func (h *house) approve(name string) {
	h.T.Helper()
	p := h.Start(nil)
	defer p.Close()
	head, digest := h.head(p, name)
	a, err := approval.ByUser(head, digest, "somebody", h.Now())
	h.Must(err)
	h.Must(approval.Put(p.Ctx, p.Stage, name, a))
}

func (h *house) head(p *rig.Process, name string) (head manifest.Head, digest string) {
	h.T.Helper()
	in, err := p.Stage.Open(p.Ctx, manifest.Key(name))
	h.Must(err)
	defer in.Close()
	digest, err = manifest.Read(in, manifest.Each{Head: func(is manifest.Head) error {
		head = is
		return nil
	}})
	h.Must(err)
	return head, digest
}

// A copier runs flows as catchment run does.
type copier struct{ p *rig.Process }

func (c copier) Copy(ctx context.Context, objects []string) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	all := c.p.Flows
	defer func() { c.p.Rig.Flows = all }()
	c.p.Rig.Flows = slices.DeleteFunc(slices.Clone(all), func(fl flow.Flow) bool {
		return !slices.ContainsFunc(objects, func(o string) bool { return strings.EqualFold(o, fl.Object) })
	})
	row := c.p.Run()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if row.State != control.Done {
		return fmt.Errorf("a copy ended as %s: %s %+v", row.State, row.Error, row.Objects)
	}
	return nil
}

// remover carries plans out in a process.
func (h *house) remover(p *rig.Process, pol policy.Policy) *removal.Remover {
	h.T.Helper()
	id, err := p.Control.NewRunID()
	h.Must(err)
	return &removal.Remover{
		Org: p.Client, Warehouse: p.Warehouse, Control: p.Control, Store: p.Stage,
		Holder: lease.Holder{
			Control: p.Control, Warehouse: p.Warehouse, Run: id, Name: p.Options.Holder, Alone: p.Options.Alone,
			Dead: p.Options.Dead,
		},
		Prover: p.Verifier(), Copier: copier{p}, Flows: h.flows, Policies: []policy.Policy{pol},
		Approvals: func(
			ctx context.Context, name string, head manifest.Head, digest string,
		) ([]archive.Approval, error) {
			all, err := approval.Load(ctx, p.Stage, name)
			if err != nil {
				return nil, err
			}
			return all, approval.Check(head, digest, all, h.Now())
		},
		Version: "test",
		Sleep: func(ctx context.Context, d time.Duration) error {
			h.Later(d)
			return context.Cause(ctx)
		},
	}
}

// carryOut runs a plan in a process that may die. change may alter the remover.
func (h *house) carryOut(f *rig.Fate, pol policy.Policy, name string, change func(*rig.Process, *removal.Remover)) (
	removal.Status, error,
) {
	h.T.Helper()
	p := h.Start(f)
	defer p.Close()
	if p.Control == nil {
		return removal.Status{}, context.Cause(p.Ctx)
	}
	h.witness.watch(p, append(slices.Clone(h.plans), name)...)
	defer h.witness.watch(nil)
	r := h.remover(p, pol)
	if change != nil {
		change(p, r)
	}
	status, err := r.Run(p.Ctx, name, true)
	h.tell("run of %s: finished %v, %v", name, status.Finished, err)
	return status, err
}

// evidenced is nil where the evidence of a plan can be read back whole, and says what the ledger says, of what came
// back as new, too.
func (h *house) evidenced(p *rig.Process, name string) error {
	account, err := evidence.Check(p.Ctx, p.Stage, name)
	if err != nil {
		return err
	}
	var told, kept int64
	for _, c := range account.Counts {
		told += c.Records
	}
	for range plannedOf(h.Rig, name) {
		kept++
	}
	if !account.Finished || account.Open > 0 || told != kept {
		return fmt.Errorf("evidence of %d records of %d, finished %v, open %d", told, kept, account.Finished,
			account.Open)
	}
	var anew, news int64
	for _, b := range account.Backs {
		if b.Way == evidence.Inserted {
			anew += b.Records
		}
	}
	for _, l := range ledgerOf(p) {
		if l.plan == name && l.newID != "" {
			news++
		}
	}
	if anew != news {
		return fmt.Errorf("evidence of %d records that came back as new, and the ledger has %d", anew, news)
	}
	return nil
}

// tell says what happened: at once, or when the life has failed.
func (h *house) tell(format string, args ...any) {
	if h.Talk == nil {
		h.T.Logf(format, args...)
		return
	}
	fmt.Fprintf(h.Talk, format+"\n", args...)
}
