package replicate

import (
	"cmp"
	"context"
	"time"

	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/mover"
	"catchment/internal/parents"
	"catchment/internal/replicate/deletes"
	"catchment/internal/replicate/limits"
	"catchment/internal/replicate/reading"
	"catchment/internal/replicate/window"
	"catchment/internal/salesforce"
	"catchment/internal/source"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
)

// The steps, by the names that plans, logs and state machines use.
const (
	List        = "list"
	Create      = "create"
	Ready       = "ready"
	Start       = "start"
	Done        = "done"
	Load        = "load"
	Consolidate = "consolidate"
	Bodies      = "bodies"
	Maintain    = "maintain"
	Drop        = "drop"
	Publish     = "publish"
)

// Collaborators are what a run works with. Who does one step only leaves out what that
// step has no needs of.
type Collaborators struct {
	Org       *salesforce.Client
	Warehouse warehouse.Warehouse
	Control   *control.Control
	Stage     blob.Store
	Movers    mover.Set

	// Flows yields what the configuration asks for, "*" expanded and unknown
	// objects refused.
	Flows func(context.Context) ([]flow.Flow, error)
}

// A Replicator does the steps of Plan, for one run after the other of one process.
type Replicator struct {
	Collaborators
	Options Options

	roles      warehouse.Roles // what the warehouse can do beside the rest
	sources    *sources
	zones      *window.Zones
	prefetch   *window.Prefetch
	windows    *window.Finder
	deletes    *deletes.Finder
	deletedIDs *deletes.IDs
	parents    *parents.Pager
	budget     *limits.OrgBudget
	quota      *limits.StageQuota
	bodyBudget *limits.BodyBudget
	slots      chan struct{} // one for each page that comes down
}

// New makes a replicator. Of its options only Holder and Stop may still be set once it
// is made.
func New(with Collaborators, o Options) *Replicator {
	zones := window.NewZones(with.Org)
	prefetch := window.NewPrefetch(with.Org, with.Warehouse, with.Control, zones, o.Composite)
	windows := window.NewFinder(with.Org, o.Lag, zones, prefetch)
	find := source.Finder{Describe: prefetch.Describe, Secret: o.Secret, Refuses: parents.Refuses(with.Org)}
	if with.Warehouse != nil {
		find.Columns = with.Warehouse.Adapt
	}
	return &Replicator{
		Collaborators: with, Options: o,
		roles:   warehouse.RolesOf(with.Warehouse),
		sources: newSources(with.Flows, find, with.Control),
		zones:   zones, prefetch: prefetch, windows: windows,
		deletes: deletes.NewFinder(with.Org, with.Warehouse, windows), deletedIDs: new(deletes.IDs),
		parents: parents.New(with.Org, with.Warehouse),
		budget:  limits.NewOrgBudget(with.Org, o.Reserve, o.Now),
		quota:   limits.NewStageQuota(with.Stage, o.StageLimit), bodyBudget: limits.NewBodyBudget(o.BodyCalls),
		slots: make(chan struct{}, max(o.Downloads, 1)),
	}
}

// Options are the settings of one run.
type Options struct {
	Holder       string                                 // names this process in leases
	Name         string                                 // of the configuration, for who shares a table with it
	Version      string                                 // of Catchment: another one may take what this one kept out
	Alone        bool                                   // a lock proves that every other holder is dead
	Dead         func(holder string) bool               // tells of another holder whether it is; may be nil
	Full         bool                                   // rebuild the flows of this run
	AllowDeletes bool                                   // past the stop before a mass delete
	Downloads    int                                    // pages at once, over all flows
	StageLimit   int64                                  // bytes of pages in the blob store; 0: no limit
	Keep         time.Duration                          // how long pages stay after they were consolidated
	LandApart    bool                                   // rows land in tables of their own, beside staging
	Elsewhere    Elsewhere                              // consolidates before the step does; may be nil
	MergeWait    time.Duration                          // of one call with a merge that goes on by itself; 20 s where 0
	Reserve      int                                    // hundredths of the org's daily limits that are left to people
	JobTime      time.Duration                          // after which a job without an end is given up; a day where 0
	Secret       func(reference string) (string, error) // the salts of flows; needed where one has a salt
	Lag          time.Duration                          // of windows that can't be proven; 15 minutes where 0
	FewRecords   int64                                  // REST reads as many where Bulk can't; 10,000 where 0
	Composite    flow.Composite                         // ask about many flows together
	Folder       string                                 // for bodies on their way; that of temporary files where ""
	BodyCalls    int64                                  // for bodies on a day, over all flows; 0: no limit
	Archived     Archived                               // looks at the warehouse before a flow is read; may be nil
	Now          func() time.Time                       // the clock of this process
	Stop         <-chan struct{}                        // closed: finish the page and go home
	Progress     func(Progress)                         // hears how far a flow is; may be nil
}

// Elsewhere has somebody else consolidate an attempt, such as a job of AWS Glue
// that calls consolidated_of_tables(), and tells whether that has ended. try names
// the attempt, and how often it came to nothing: the same try is begun once. What
// it leaves undone the step does, and the step tells the counts.
type Elsewhere func(ctx context.Context, try string) (ended bool, err error)

// Archived looks whether a warehouse still knows what of a table was archived, and has it know that again where it came
// back from a backup, with a note for the user. The flow of the table is held.
type Archived func(ctx context.Context, f warehouse.Fence, t shape.Table) (note string, err error)

// Progress says that an attempt got on.
type Progress struct {
	Flow    string
	Step    string
	Records int64 // loaded so far
	Of      int64 // as far as Salesforce has said
	Known   bool  // Of is all that there will be, as far as anybody can know
	Bytes   int64
	Mover   string

	Ended control.FlowState // in this run: done or failed; "" while it goes on

	Why   string    // of the step "wait": what for
	Until time.Time // and until when
}

// archived is Archived, where there is one.
func (o Options) archived(ctx context.Context, f warehouse.Fence, t shape.Table) (string, error) {
	if o.Archived == nil {
		return "", nil
	}
	return o.Archived(ctx, f, t)
}

// name is what the configuration is called.
func (o Options) name() string { return cmp.Or(o.Name, o.Holder) }

func (r *Replicator) progress(p Progress) {
	if r.Options.Progress != nil {
		r.Options.Progress(p)
	}
}

// announced is how many records Salesforce has told of.
func announced(a control.Attempt, mover string) Progress {
	of, known := reading.Expected(a.Parts)
	return Progress{Flow: a.Flow, Step: Done, Of: of, Known: known, Mover: mover}
}

// ended tells that a flow's part in a run has come to its end, where it has.
func (r *Replicator) ended(a control.Attempt, run string) {
	switch {
	case a.FailedRun == run:
		r.progress(Progress{Flow: a.Flow, Ended: control.FlowFailed})
	case a.State == control.Consolidated || a.State == control.Dropped:
		r.progress(Progress{Flow: a.Flow, Ended: control.FlowDone})
	}
}

func (r *Replicator) stopping() bool {
	select {
	case <-r.Options.Stop:
		return true
	default:
		return false
	}
}

// holder holds flows for a run.
func (r *Replicator) holder(run string) lease.Holder {
	return lease.Holder{
		Control: r.Control, Warehouse: r.Warehouse, Run: run, Name: r.Options.Holder,
		Alone: r.Options.Alone, Dead: r.Options.Dead,
	}
}
