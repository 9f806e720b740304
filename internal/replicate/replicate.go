// Package replicate is the main job: it brings what changed in Salesforce into
// the warehouse, every record once.
//
// It is a plan of nine steps (Plan) and their code (Replicator.Steps). Each
// step may be done twice, at any point, after any crash: progress lives in the
// attempt of the control table and in the ledger of the warehouse, never in
// this package. What to do is decided in pure functions (decide.go); the steps
// only carry it out.
//
// It leaves the walking to a runner, the HTTP to salesforce and mover, the SQL
// to warehouse, and comparing to verify.
//
// Read in the order of a run: list.go, create.go, load.go, consolidate.go,
// publish.go.
package replicate

import (
	"context"
	"sync"
	"time"

	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/source"
	"catchment/internal/warehouse"
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
	Drop        = "drop"
	Publish     = "publish"
)

// Plan is the run: all jobs exist before any is waited for, each flow goes its
// own way from there, and drop and publish are reached whatever happened.
func Plan(flowsAtOnce int) plan.Plan {
	return plan.Plan{
		Body: plan.Seq{
			plan.Poll{Step: List}, // like create, it waits where the org's limits are used up
			plan.Each{Limit: flowsAtOnce, Body: plan.Seq{
				plan.Poll{Step: Create},
				plan.Poll{Step: Ready, Every: 10 * time.Second},
			}},
			plan.Each{Limit: flowsAtOnce, Body: plan.Seq{
				plan.Do{Step: Start},
				plan.Poll{Step: Done, Every: 10 * time.Second},
				plan.Poll{Step: Load},
				plan.Poll{Step: Consolidate, Every: 10 * time.Second},
			}},
		},
		Finally: plan.Seq{
			plan.Each{Limit: flowsAtOnce, Body: plan.Do{Step: Drop}},
			plan.Do{Step: Publish},
		},
	}
}

// A Replicator does the steps of Plan. Its fields are set once, before Steps.
type Replicator struct {
	Org       *salesforce.Client
	Warehouse *warehouse.Warehouse
	Control   *control.Control
	Stage     blob.Store
	Movers    map[string]mover.Pager  // by name: bulk, rest
	Landers   map[string]mover.Lander // by name: appflow

	// Flows yields what the configuration asks for, "*" expanded and unknown
	// objects refused.
	Flows func(context.Context) ([]flow.Flow, error)

	Options Options

	budget  budget
	gate    gate
	slots   chan struct{} // one for each page that comes down
	mu      sync.Mutex
	sources map[string]*source.Source
	changed map[string]changes // by attempt
	zone    *time.Location     // the org's
	survey  survey
	gone    finder
}

// Options are the settings of one run.
type Options struct {
	Holder       string                                 // names this process in leases
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
	Composite    flow.Composite                         // ask about many flows together
	Now          func() time.Time                       // the clock of this process
	Stop         <-chan struct{}                        // closed: finish the page and go home
	Progress     func(Progress)                         // hears how far a flow is; may be nil
}

// Elsewhere has somebody else consolidate an attempt, such as a job of AWS Glue
// that calls consolidated_of_tables(), and tells whether that has ended. try names
// the attempt, and how often it came to nothing: the same try is begun once. What
// it leaves undone the step does, and the step tells the counts.
type Elsewhere func(ctx context.Context, try string) (ended bool, err error)

// Progress says that an attempt got on.
type Progress struct {
	Flow    string
	Step    string
	Records int64 // loaded so far
	Of      int64 // as far as Salesforce has said
	Bytes   int64
	Mover   string

	Why   string    // of the step "wait": what for
	Until time.Time // and until when
}

// Steps yields the code of the steps.
func (r *Replicator) Steps() plan.Steps {
	r.sources = map[string]*source.Source{}
	r.changed = map[string]changes{}
	r.slots = make(chan struct{}, max(r.Options.Downloads, 1))
	r.gate.init(r.Stage, r.Options.StageLimit)
	return plan.Steps{
		List:        r.list,
		Create:      r.step(control.Planned, r.create),
		Ready:       r.step(control.Created, r.ready),
		Start:       r.step(control.Ready, r.start),
		Done:        r.step(control.Started, r.done),
		Load:        r.step(control.Extracted, r.load),
		Consolidate: r.step(control.Loaded, r.consolidate),
		Drop:        r.drop,
		Publish:     r.publish,
	}
}

func (r *Replicator) progress(p Progress) {
	if r.Options.Progress != nil {
		r.Options.Progress(p)
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
