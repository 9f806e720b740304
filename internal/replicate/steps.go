// Package replicate is the main job: it brings what changed in Salesforce into the
// warehouse, every record once.
//
// It is a plan of nine steps (Plan) and their code (Replicator.Steps). Each step may be
// done twice, at any point, after any crash: progress lives in the attempt of the
// control table and in the ledger of the warehouse, never in this package. What to do is
// decided in pure functions (decide.go, drift.go, parts.go, choose.go); the steps only
// carry it out.
//
// What a run has to know stands in packages below: window (how far a flow is read, and
// what the logs say), reading (the parts of an attempt as values, and how they become
// smaller), relief (how to go on with one that nobody could read), deletes (what is gone),
// limits (what may be used up). What an org gives only by naming parents, package parents
// reads. The walking is left to a runner, the HTTP to salesforce and mover, the SQL to
// warehouse, and comparing to verify.
//
// Files, from the top: steps.go, forecast.go, publish.go, list.go, org.go, open.go,
// bodies.go, drop.go, load.go, gone.go, consolidate.go, detach.go, create.go, paging.go, pages.go,
// shrink.go, land.go, step.go, decide.go, memory.go, drift.go, parts.go, choose.go, replicate.go,
// sources.go.
package replicate

import (
	"time"

	"catchment/internal/control"
	"catchment/internal/plan"
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

// WithBodies is Plan for a configuration of which some flow copies the bodies of files: they
// are read once the rows of every flow are where they belong, since they take longer.
func WithBodies(flowsAtOnce int) plan.Plan {
	p := Plan(flowsAtOnce)
	p.Body = plan.Seq{p.Body, plan.Each{Limit: flowsAtOnce, Body: plan.Poll{Step: Bodies}}}
	return p
}

// WithUpkeep is a plan for a warehouse whose tables have to be looked after: those of a flow once its rows are where
// they belong, and at last those that are no flow's.
func WithUpkeep(p plan.Plan, flowsAtOnce int) plan.Plan {
	p.Body = plan.Seq{p.Body, plan.Each{Limit: flowsAtOnce, Body: plan.Poll{Step: Maintain}}, plan.Do{Step: Maintain}}
	return p
}

// Steps yields the code of the steps.
func (r *Replicator) Steps() plan.Steps {
	return plan.Steps{
		List:        r.list,
		Create:      r.step(control.Planned, (*attemptStep).create),
		Ready:       r.step(control.Created, (*attemptStep).ready),
		Start:       r.step(control.Ready, (*attemptStep).start),
		Done:        r.step(control.Started, (*attemptStep).done),
		Load:        r.step(control.Extracted, (*attemptStep).load),
		Consolidate: r.step(control.Loaded, (*attemptStep).consolidate),
		Bodies:      r.bodies,
		Maintain:    r.maintain,
		Drop:        r.drop,
		Publish:     r.publish,
	}
}

// Needs are what a step works with, beside the control table. A process that does
// one step only opens no more than that, and on AWS its role may touch no more.
type Needs struct {
	Org       bool // Salesforce, and the secrets of its login
	Warehouse bool
	Stage     bool // pages, and templates of flows
	Landers   bool // the flows of AppFlow, where a flow's mover is one
}

// NeedsOf tells what a step works with. Publish has nothing but the control table to
// do with, so that a run comes to its end, and gives its leases back, also where
// neither Salesforce nor the warehouse can be reached.
func NeedsOf(step string) Needs {
	switch step {
	case Bodies:
		return Needs{Org: true, Warehouse: true, Stage: true}
	case List, Create, Ready, Start, Done, Load:
		return Needs{Org: true, Warehouse: true, Stage: true, Landers: true}
	case Maintain:
		return Needs{Warehouse: true}
	case Consolidate:
		return Needs{Org: true, Warehouse: true}
	case Drop:
		return Needs{Org: true, Stage: true, Landers: true}
	}
	return Needs{}
}
