package rig

import (
	"time"

	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/source"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/shape"
)

// OldPlan is the plan whose records Archived writes of.
const OldPlan = "old-20260101-12345678"

// Archived writes down what became of records of a flow, as an archive does that has the flow's lease: the rows
// of those that are Deleted are marked. change may alter a line.
func Archived(r *Rig, fl flow.Flow, state archived.State, ids []string, change func(*archived.Line)) {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	run, err := p.Control.NewRunID()
	r.Must(err)
	org, err := p.Client.Org(p.Ctx)
	r.Must(err)
	held, err := lease.Holder{
		Control: p.Control, Warehouse: p.Warehouse, Run: run, Name: p.Options.Holder, Alone: true,
	}.Hold(p.Ctx, fl.Object)
	r.Must(err)
	table := p.TableOf(fl)
	_, _, err = held.Claim(p.Ctx, table.Name, org)
	r.Must(err)
	ledger, _ := archived.Of(p.Warehouse)
	now := r.Now().UTC().Truncate(time.Microsecond)
	lines := make([]archived.Line, len(ids))
	for i, id := range ids {
		lines[i] = archived.Line{Plan: OldPlan, Object: table.Object, ID: id, State: state, ProvenAt: now}
		if state.Ended() {
			lines[i].EndedAt = now
		}
		if change != nil {
			change(&lines[i])
		}
	}
	r.Must(ledger.Settle(p.Ctx, held.Fence(), table, lines))
	r.Must(held.Close(p.Ctx))
}

// TableOf is the table of a flow as the warehouse has it.
func (p *Process) TableOf(fl flow.Flow) shape.Table {
	p.T.Helper()
	src, err := source.Finder{Describe: p.Client.Describe, Columns: p.Warehouse.Adapt}.Source(p.Ctx, fl)
	p.Must(err)
	return src.Table
}
