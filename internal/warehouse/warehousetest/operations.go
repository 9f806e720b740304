package warehousetest

import (
	"fmt"
	"slices"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
)

// operations are one of each role, two where there are two ways.
func operations() []operation {
	return append([]operation{
		{name: "a claim", do: claim(1)},
		{name: "a takeover", do: claim(2), before: func(r *rig, trial string) {
			_, err := claim(1)(r, r.w, trial)
			must(r.t, err)
		}},
		{name: "a memory", do: remember},
		{name: "a new column", do: newColumn, steps: true},
		{name: "a load", do: load},
		{name: "a consolidation", do: consolidate, before: loaded},
		{name: "a repair", do: repair},
		{name: "a reading given up", do: giveUp, before: loaded, tables: true},
		{name: "a comparison", do: compare, steps: true},
		{name: "an erasure", role: Eraser, do: eraseOne, tables: true},
	}, landings()...)
}

func claim(number int64) func(*rig, warehouse.Warehouse, string) (any, error) {
	return func(r *rig, w warehouse.Warehouse, trial string) (any, error) {
		m, err := w.Claim(r.t.Context(), warehouse.Fence{Flow: trial, Number: number}, trial, org)
		return m.Fence, err
	}
}

func remember(r *rig, w warehouse.Warehouse, trial string) (any, error) {
	return nil, w.Remember(r.t.Context(), r.fence, trial, "lagged")
}

// newColumn finds nothing left to do when it is repeated, and says so.
func newColumn(r *rig, w warehouse.Warehouse, trial string) (any, error) {
	t := r.table
	t.Columns = append(slices.Clone(t.Columns), shape.Column{Name: trial, Field: trial, Kind: shape.Text})
	_, err := w.Prepare(r.t.Context(), r.fence, t)
	return nil, err
}

// changes is a reading of a new record, a newer version and a deleted record.
func changes(r *rig, trial string) reading {
	in := reading{name: trial, readAt: at(200), merge: warehouse.Merge{Policy: gone.Remove, Watermark: at(190),
		Generation: 1, Grade: "proven"}}
	in.pages = []warehouse.Page{trialPage(r, trial, 1, header, rec(trial+"-new", 120, false, "new"),
		rec(trial+"-kept", 120, false, "newer"), rec(trial+"-old", 120, true, "two"))}
	return in
}

// trialPage is a page that is called alike in each trial.
func trialPage(r *rig, trial string, seq int64, header string, records ...string) warehouse.Page {
	p := r.page(header, records...)
	p.Key, p.Digest, p.Seq = fmt.Sprint(trial, ".", seq), trial, seq
	return p
}

func load(r *rig, w warehouse.Warehouse, trial string) (any, error) {
	return w.Load(r.t.Context(), r.fence, r.batch(changes(r, trial)))
}

func loaded(r *rig, trial string) {
	_, err := load(r, r.w, trial)
	must(r.t, err)
}

func consolidate(r *rig, w warehouse.Warehouse, trial string) (any, error) {
	return w.Consolidate(r.t.Context(), r.fence, r.mergeOf(changes(r, trial)))
}

func repair(r *rig, w warehouse.Warehouse, trial string) (any, error) {
	in := changes(r, trial)
	in.pages = []warehouse.Page{trialPage(r, trial, 1, header, rec(trial+"-new", 120, false, "new"),
		rec(trial+"-kept", 120, false, "newer"))}
	lost := reading{name: trial, readAt: at(200), op: warehouse.Delete,
		pages: []warehouse.Page{trialPage(r, trial, 2, "Id", trial+"-old")}}
	m := warehouse.Mending{Policy: gone.Remove, Batches: []warehouse.Batch{r.batch(in), r.batch(lost)}}
	m.Batches[1].Job += "-gone"
	return w.Mend(r.t.Context(), r.fence, m)
}

func giveUp(r *rig, w warehouse.Warehouse, trial string) (any, error) {
	return nil, w.Discard(r.t.Context(), r.fence, trial)
}

// compare finds one record that is right, and one that is missing.
func compare(r *rig, w warehouse.Warehouse, trial string) (any, error) {
	ctx := r.t.Context()
	reading, err := w.Reading(ctx, r.fence, r.stamps(1000))
	if err != nil {
		return nil, err
	}
	pages := []warehouse.Page{trialPage(r, trial, 1, short, brief(trial+"-kept", 10, false)),
		trialPage(r, trial, 2, short, brief(trial+"-new", 10, false))}
	if err := reading.Add(ctx, pages); err != nil {
		return nil, err
	}
	if err := reading.Judge(ctx, 2); err != nil {
		return nil, err
	}
	d, err := reading.Difference(ctx, 0)
	if err != nil {
		return nil, err
	}
	return fmt.Sprintf("%+v", d), reading.Close(ctx)
}

// eraseOne finds nothing left to erase when it is repeated, and says so.
func eraseOne(r *rig, w warehouse.Warehouse, trial string) (any, error) {
	_, err := warehouse.RolesOf(w).Eraser.Erase(r.t.Context(), r.fence,
		warehouse.Erasure{Table: r.table, Column: "id", Values: []string{trial + "-old"}})
	return nil, err
}

// landings claim rows that landed in staging, and apart from it. Nobody can tell
// whose such a row is, so each trial has a table of its own.
func landings() (out []operation) {
	for name, apart := range map[string]bool{"rows that landed": false, "rows that landed apart": true} {
		out = append(out, operation{name: name, role: Lands,
			before: func(r *rig, trial string) {
				own := r.of(trial)
				must(r.t, own.roles().Lands.PrepareLanding(r.t.Context(), own.fence, own.table))
				own.land(apart, "1 120 new")
			},
			do: func(r *rig, w warehouse.Warehouse, trial string) (any, error) {
				own := *r
				own.table.Name, own.fence.Flow = trial, trial
				landed := own.landed(trial, 1, apart)
				return nil, warehouse.RolesOf(w).Lands.ClaimLanded(r.t.Context(), own.fence, landed)
			}})
	}
	return out
}

// of is the rig with an empty table of another name.
func (r *rig) of(name string) *rig {
	own := *r
	own.renew(name)
	return &own
}
