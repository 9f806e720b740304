package removal

import (
	"context"
	"slices"
	"strings"
	"time"

	"catchment/internal/archive"
	"catchment/internal/archive/evidence"
	"catchment/internal/archive/removal/journal"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/owner"
	"catchment/internal/plan"
	"catchment/internal/policy"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
)

// A run is one carrying out of a plan.
type run struct {
	*Remover
	paper     *paper
	policy    policy.Policy
	ledger    archived.Ledger
	book      *evidence.Writer
	journal   journal.Journal
	lease     *lease.Lease // of the plan
	approvals []archive.Approval
	org, user string
	flows     map[string]flow.Flow // by object, in lower case
	known     *objects
	warden    *warden

	first time.Time // the first batch of the plan began then, by the org's clock
	last  int64     // the number of the last batch
}

// open reads a plan, and everything that it is held against. It writes nothing.
func (r *Remover) open(ctx context.Context, name string) (*run, error) {
	ledger, ok := archived.Of(r.Warehouse)
	if !ok {
		return nil, noLedger(r.Warehouse)
	}
	p, err := readPaper(ctx, r.Store, name)
	if err != nil {
		return nil, err
	}
	run := &run{Remover: r, paper: p, ledger: ledger, journal: journal.Journal{Store: r.Store, Plan: name},
		flows: map[string]flow.Flow{}, known: newObjects(r.Org)}
	run.warden = &warden{run: run}
	if err := run.meet(ctx); err != nil {
		p.close()
		return nil, err
	}
	return run, nil
}

// noLedger is the error of a warehouse that can't have an archive.
func noLedger(w warehouse.Warehouse) error {
	return plan.Fixf("copy into another kind of warehouse: docs/howto/archive.md says which",
		"%s can't keep account of an archive", w.Name())
}

// meet asks for what the plan is held against.
func (r *run) meet(ctx context.Context) (err error) {
	if r.org, err = r.Org.Org(ctx); err != nil {
		return err
	}
	if r.org != r.paper.head.Org {
		return plan.Fixf("plan anew with the configuration of this org", "plan %s is of another org", r.paper.name)
	}
	if err := (owner.Place{Control: r.Control, Warehouse: r.Warehouse}).Look(ctx, r.org); err != nil {
		return err
	}
	if r.user, err = r.Org.User(ctx); err != nil {
		return err
	}
	flows, err := r.Flows(ctx)
	if err != nil {
		return err
	}
	for _, fl := range flows {
		r.flows[strings.ToLower(fl.Object)] = fl
	}
	if r.book, err = evidence.Open(ctx, r.Store, r.paper.name); err != nil {
		return err
	}
	return r.journal.Each(ctx, func(b journal.Batch) error {
		if r.last = b.Number; r.first.IsZero() {
			r.first = b.Begun
		}
		return nil
	})
}

// finished tells whether nothing is left to do.
func (r *run) finished() bool { return r.book.Finished() }

// pass refuses a plan that may not be carried out, or no more.
func (r *run) pass(ctx context.Context, really bool) (err error) {
	head := r.paper.head
	if err := r.unexpired(ctx); err != nil {
		return err
	}
	if what := r.paper.losing; what != "" {
		return plan.Fixf("put it under lose: in the policy "+head.Policy.Name+", and plan anew, or let a flow copy "+
			"it", "plan %s would lose %s, which nobody agreed to", r.paper.name, what)
	}
	i := slices.IndexFunc(r.Policies, func(p policy.Policy) bool { return p.Name == head.Policy.Name })
	if i < 0 {
		return plan.Fixf("put it back into catchment.yaml, or leave the plan alone",
			"plan %s is of the policy %s, which isn't there any more", r.paper.name, head.Policy.Name)
	}
	if r.policy = r.Policies[i]; !r.samePolicy() {
		return plan.Fixf("plan anew with: catchment archive plan "+head.Policy.Name,
			"the policy %s was changed since plan %s was made", head.Policy.Name, r.paper.name)
	}
	if r.approvals, err = r.Approvals(ctx, r.paper.name, head, r.paper.digest); err != nil {
		return err
	}
	if err := r.agree(ctx); err != nil {
		return err
	}
	if really { // and whether the copies can be proven is asked once they are up to date
		return r.Control.Bind(ctx, r.org)
	}
	return r.provable(ctx, r.paper.going(-1))
}

// unexpired refuses a plan whose time is over.
func (r *run) unexpired(ctx context.Context) error {
	now, err := r.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	if until := r.paper.head.ExpiresAt; !now.Before(until) {
		return plan.Fixf("plan anew with: catchment archive plan "+r.paper.head.Policy.Name,
			"plan %s has expired at %s", r.paper.name, until.UTC().Format(time.RFC3339))
	}
	return nil
}

// samePolicy tells whether the policy still says what was planned and approved by it.
func (r *run) samePolicy() bool {
	was, is := r.paper.head.Policy, r.policy
	var holds []string
	for _, h := range is.Hold {
		holds = append(holds, holdText(h))
	}
	var signers []string
	for _, s := range is.Signers {
		signers = append(signers, s.Identity())
	}
	return was.Root == is.Root && was.Where == is.Where && slices.Equal(was.Hold, holds) &&
		r.paper.cool == is.Cool && was.Approve == is.Approve && slices.Equal(was.Signers, signers) &&
		slices.Equal(was.Lose, is.Lose)
}

// holdText is how a hold is written in catchment.yaml.
func holdText(h policy.Hold) string {
	if h.File != "" {
		return "file:" + h.File
	}
	return h.Where
}

// provable refuses objects whose copies can't be proven now.
func (r *run) provable(ctx context.Context, objects []string) error {
	for _, object := range objects {
		fl, ok := r.flows[strings.ToLower(object)]
		if !ok {
			return plan.Fixf("let catchment.yaml copy it, and run it", "there is no flow for %s any more", object)
		}
		if err := r.Prover.Provable(ctx, fl, r.paper.newest[object]); err != nil {
			return err
		}
	}
	return nil
}

// fresh has the copies of some objects such that they can be proven, if need be by bringing
// them up to date: a run that was stopped is finished by that.
func (r *run) fresh(ctx context.Context, objects []string, copied bool) error {
	if copied && r.provable(ctx, objects) == nil {
		return nil
	}
	if len(objects) == 0 {
		return nil
	}
	if err := r.Copier.Copy(ctx, objects); err != nil {
		return err
	}
	return r.provable(ctx, objects)
}

// agree holds the ledger against the evidence and the journal: where it lacks a batch that was
// posted, the warehouse is an older one than that which was proven, and proves nothing.
func (r *run) agree(ctx context.Context) error {
	return r.journal.Each(ctx, func(b journal.Batch) error {
		if !r.book.Intended(b.Number) {
			return nil
		}
		lines, err := r.ledger.Lines(ctx, archived.Query{Plan: r.paper.name, Batch: b.Number}, archived.Line{}, 1)
		if err != nil {
			return err
		}
		settled := r.book.Settled(b.Number)
		if len(lines) == 0 || settled && lines[0].State == archived.Posted {
			return plan.Fixf("bring it up to date from a newer backup, or let it know again what was archived with: "+
				"catchment run "+b.Object,
				"the warehouse is older than the evidence of plan %s: it proves nothing", r.paper.name)
		}
		return nil
	})
}
