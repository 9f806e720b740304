// Package removal carries out an approved plan: it copies, proves, deletes, and proves again,
// batch by batch, deepest level first. Nothing is deleted that isn't proven (invariant 11).
//
// Whatever it does may be repeated, and whoever comes after a crash goes on from the ledger,
// the evidence and the journal. A record on its way has a line in the ledger: Proven once its
// copy was equal, Posted before its delete is sent, and at last one of the ends. What became
// of a delete whose answer was lost is looked up by its Id; nothing is posted to find it out.
//
//   - paper.go reads the plan, gate.go says whether it may be carried out at all;
//   - prove.go gives every record of the plan its line;
//   - level.go goes through the levels, and batch.go through the life of one batch: check.go
//     and hangs.go decide what may go, post.go sends it, after.go proves it from the recycle
//     bin and brings back what shouldn't have gone;
//   - judge.go has the decisions, and bounds.go what a day and an org can bear.
//
// Who plans and who approves is left to others. Start at Remover.Run.
package removal

import (
	"context"
	"errors"
	"time"

	"catchment/internal/archive"
	"catchment/internal/archive/evidence"
	"catchment/internal/archive/manifest"
	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/policy"
	"catchment/internal/salesforce"
	"catchment/internal/warehouse"
)

// A Remover carries out plans. Its fields are set once.
type Remover struct {
	Org       *salesforce.Client
	Warehouse warehouse.Warehouse
	Control   *control.Control
	Store     blob.Store // of plans, evidence and bodies
	Holder    lease.Holder
	Prover    archive.Prover
	Copier    archive.Copier

	Flows    func(context.Context) ([]flow.Flow, error) // all that the configuration has
	Policies []policy.Policy                            // as they are written now
	// Approvals are those of a plan that count, or an error says who is missing.
	Approvals func(ctx context.Context, name string, head manifest.Head, digest string) ([]archive.Approval, error)

	// Certify compares flows as a whole, and gives verify's certificate, for the end of the evidence. It may be nil.
	Certify func(ctx context.Context, flows []flow.Flow) ([]byte, error)

	Version string          // of this catchment, for the evidence
	ByJob   int             // so many records of a batch, or more, go by a job; 0 leaves that to us
	Reserve int             // hundredths of the org's daily limits that are left to people
	Stop    <-chan struct{} // closed: finish the batch and go home
	Tell    func(news News) // hears how it goes on; may be nil
	Sleep   func(context.Context, time.Duration) error
}

// News is how a run goes on.
type News struct {
	Object  string
	Level   int
	Proven  int64  // records that were looked at, in this step
	Deleted int64  // records that left, in this step
	Kept    int64  // records that ended otherwise
	Text    string // what the user should hear; "" where the numbers say it
}

// Run carries out a plan as far as that goes now: what has to wait is an error of class Wait,
// which says until when. Without really it only looks, and sends nothing that writes.
func (r *Remover) Run(ctx context.Context, name string, really bool) (Status, error) {
	run, err := r.open(ctx, name)
	if err != nil {
		return Status{}, err
	}
	defer run.paper.close()
	if run.finished() {
		return run.status(ctx)
	}
	err = run.pass(ctx, really)
	if err == nil && really {
		err = run.carryOut(ctx)
	}
	status, failed := run.status(context.WithoutCancel(ctx))
	return status, errors.Join(err, failed)
}

// carryOut goes through all steps. What an earlier process left open comes first: a copy that
// is brought up to date meanwhile would meet records that nobody has settled.
func (r *run) carryOut(ctx context.Context) (err error) {
	if r.lease, err = r.Holder.Hold(ctx, leaseName(r.paper.name)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.lease.Close(ctx)) }()
	if err := r.begin(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{r.resume, r.prove, r.deleteAll, r.finish} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// leaseName is the lease of a plan: one process carries it out at a time.
func leaseName(plan string) string { return "archive/" + plan }

// begin writes the head of the evidence.
func (r *run) begin(ctx context.Context) (err error) {
	if r.book, err = evidence.Open(ctx, r.Store, r.paper.name); err != nil {
		return err
	}
	now, err := r.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	before, err := usage(ctx, r.Org)
	if err != nil {
		return err
	}
	return r.book.Begin(ctx, evidence.Head{
		Catchment: r.Version, SHA256: r.paper.digest, Org: r.org, Author: r.paper.head.Author,
		Approvals: r.approvals, At: now, Before: before,
	})
}

// usage is what the org's limits say of its storage, nil where they don't.
func usage(ctx context.Context, org *salesforce.Client) (*evidence.Usage, error) {
	limits, err := org.Limits(ctx)
	if err != nil {
		return nil, err
	}
	now, err := org.ServerTime(ctx)
	if err != nil {
		return nil, err
	}
	data, files := limits[dataLimit], limits["FileStorageMB"]
	if data.Max == 0 && files.Max == 0 {
		return nil, nil
	}
	return &evidence.Usage{At: now, DataMB: data.Max - data.Remaining, FileMB: files.Max - files.Remaining}, nil
}

// stopping tells whether the user wants an end.
func (r *run) stopping(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	select {
	case <-r.Stop:
		return plan.ErrStopped
	default:
		return nil
	}
}

// tell says how it goes on.
func (r *run) tell(news News) {
	if r.Tell != nil {
		r.Tell(news)
	}
}
