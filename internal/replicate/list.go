package replicate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/schema"
	"catchment/internal/warehouse"
)

// A source is what a run knows of one flow: its settings, what describe says
// of the object now, and the table that follows from both.
type source struct {
	flow    flow.Flow
	object  schema.Object
	fields  []schema.Field
	skipped []flow.Skipped
	table   warehouse.Table
	cursor  string // "" where the object is read whole each time
}

// list takes the lease of each flow, fixes its window and makes one item per
// flow. A flow that can't be listed is recorded in the run and left out.
func (r *Replicator) list(ctx context.Context, t plan.Task) (plan.Task, error) {
	run, err := r.beginRun(ctx, t.Run)
	if err != nil {
		return t, err
	}
	org, err := r.Org.Org(ctx)
	if err != nil {
		return t, err
	}
	if err := r.Control.Bind(ctx, org); err != nil {
		return t, err
	}
	if err := r.Warehouse.Migrate(ctx); err != nil {
		return t, err
	}
	if err := r.fillGate(ctx); err != nil {
		return t, err
	}
	flows, err := r.Flows(ctx)
	if err != nil {
		return t, err
	}
	items, objects := make([]plan.Task, len(flows)), make([]control.RunObject, len(flows))
	var g errgroup.Group
	g.SetLimit(4)
	for i, fl := range flows {
		g.Go(func() error {
			ctx := r.counted(ctx, fl.Object)
			objects[i] = control.RunObject{Object: fl.Object, State: control.FlowOpen}
			item, err := r.open(ctx, t.Run, org, fl)
			switch {
			case errors.Is(err, errPaused):
				objects[i].State = control.FlowPaused
			case err != nil:
				objects[i].State, objects[i].Error, objects[i].Hint = control.FlowFailed, err.Error(), plan.HintOf(err)
			default:
				objects[i].Attempt, items[i] = item.Attempt, item
			}
			return nil
		})
	}
	_ = g.Wait() // its functions keep their own errors
	run.Objects = objects
	if _, err := r.Control.SaveRun(ctx, run); err != nil {
		return t, err
	}
	t.Items = slices.DeleteFunc(items, func(item plan.Task) bool { return item.Attempt == "" })
	return t, nil
}

// fillGate counts the pages that earlier runs left in the blob store.
func (r *Replicator) fillGate(ctx context.Context) error {
	attempts, err := r.Control.Attempts(ctx, "")
	if err != nil {
		return err
	}
	open := map[string]bool{}
	for _, a := range attempts {
		open[a.ID] = a.State.Open()
	}
	return r.gate.fill(ctx, func(key string) bool { return open[attemptOf(key)] })
}

func (r *Replicator) beginRun(ctx context.Context, id string) (control.RunRow, error) {
	run, err := r.Control.Run(ctx, id)
	if errors.Is(err, control.ErrNotFound) {
		run = control.RunRow{ID: id, State: control.Running, Holder: r.Options.Holder, Started: r.Options.Now().UTC()}
		return r.Control.SaveRun(ctx, run)
	}
	return run, err
}

// errPaused says that a flow was taken out of runs.
var errPaused = errors.New("paused")

// open takes a flow's lease and finds its open attempt, or begins one.
func (r *Replicator) open(ctx context.Context, run, org string, fl flow.Flow) (plan.Task, error) {
	row, err := r.Control.Flow(ctx, fl.Object)
	if err != nil {
		return plan.Task{}, err
	}
	if row.Paused {
		return plan.Task{}, errPaused
	}
	var dead func(string) bool
	if r.Options.Alone {
		dead = func(string) bool { return true }
	}
	lease, err := r.Control.Acquire(ctx, fl.Object, run, r.Options.Holder, dead)
	if err != nil {
		return plan.Task{}, err
	}
	a, lease, err := r.attempt(ctx, lease, org, row, fl)
	if err != nil {
		return plan.Task{}, errors.Join(err, r.Control.Release(context.WithoutCancel(ctx), lease))
	}
	return plan.Task{Run: run, Flow: fl.Object, Attempt: a.ID, Fence: lease.Fence}, nil
}

// attempt goes on with a flow's open attempt where it still fits the flow, and
// begins a new one where it doesn't or where there is none.
func (r *Replicator) attempt(ctx context.Context, lease control.Lease, org string, row control.FlowRow, fl flow.Flow) (control.Attempt, control.Lease, error) {
	src, err := r.describe(ctx, fl)
	if err != nil {
		return control.Attempt{}, lease, err
	}
	mark, lease, err := r.claim(ctx, lease, src, org)
	if err != nil {
		return control.Attempt{}, lease, err
	}
	condition, err := r.Warehouse.Inspect(ctx, src.table, mark)
	if err != nil {
		return control.Attempt{}, lease, err
	}
	old, open, err := r.Control.Open(ctx, fl.Object)
	if err != nil {
		return old, lease, err
	}
	fingerprint := flow.Fingerprint(fl)
	way, err := decide(facts{row: row, mark: mark, condition: condition, fingerprint: fingerprint,
		full: r.Options.Full, pending: open && old.Full})
	if err != nil {
		return old, lease, err
	}
	if open {
		if old.Generation == way.generation && src.carries(old.Columns) {
			old.Fence, old.FailedRun = lease.Fence, ""
			old, err = r.Control.SaveAttempt(ctx, old)
			return old, lease, err
		}
		if err := r.abandon(ctx, lease, old); err != nil {
			return old, lease, err
		}
	}
	a, err := r.begin(ctx, lease, src, mark, way)
	if err != nil {
		return a, lease, err
	}
	_, err = r.Control.UpdateFlow(ctx, fl.Object, func(f *control.FlowRow) {
		f.Generation, f.Fingerprint, f.LastRun, f.DescribedAt = way.generation, fingerprint, lease.Run, r.Options.Now().UTC()
	})
	return a, lease, err
}

// claim puts the lease's fence into the warehouse. A control table made anew
// counts from 1 again, below what the warehouse remembers: the lease is raised
// above that, since it was taken rightfully.
func (r *Replicator) claim(ctx context.Context, lease control.Lease, src *source, org string) (warehouse.Mark, control.Lease, error) {
	mark, _, err := r.Warehouse.Mark(ctx, lease.Flow)
	if err != nil {
		return mark, lease, err
	}
	if mark.Fence >= lease.Fence {
		if lease, err = r.Control.Raise(ctx, lease, mark.Fence); err != nil {
			return mark, lease, err
		}
	}
	mark, err = r.Warehouse.Claim(ctx, warehouse.Fence{Flow: lease.Flow, Number: lease.Fence}, src.table.Name, org)
	return mark, lease, err
}

// begin fixes the window of a flow and records its intent.
func (r *Replicator) begin(ctx context.Context, lease control.Lease, src *source, mark warehouse.Mark, way course) (control.Attempt, error) {
	w, err := r.window(ctx, src, mark, way.from)
	if err != nil {
		return control.Attempt{}, err
	}
	a := control.Attempt{
		Flow: src.flow.Object, Run: lease.Run, Fence: lease.Fence, Generation: way.generation,
		Full: way.rebuild, Complete: way.rebuild || src.cursor == "",
		From: w.From, To: w.To, Grade: w.Grade,
		Columns: src.names(),
	}
	if src.cursor == "" {
		a.From = time.Time{}
	}
	a.SOQL = queryFor(src.object.Name, a.Columns, src.flow.Where, src.cursor, a.From)
	if way.warning != "" {
		a.Notes = append(a.Notes, way.warning)
	}
	if a.From.IsZero() { // once per reading of everything; check and plan tell it at any time
		for _, s := range src.skipped {
			a.Notes = append(a.Notes, fmt.Sprintf("field %s is not copied: %s", s.Field, s.Reason))
		}
	}
	return r.Control.Begin(ctx, a)
}

// window asks Salesforce how far the object is complete. The call is short and
// at the tail: two minutes up to the last full minute, since getUpdated cuts
// seconds off and includes both ends.
func (r *Replicator) window(ctx context.Context, src *source, mark warehouse.Mark, from time.Time) (Window, error) {
	server, err := r.Org.ServerTime(ctx)
	if err != nil {
		return Window{}, err
	}
	end := server.Truncate(time.Minute)
	var covered time.Time
	if src.object.Replicateable && src.cursor == "SystemModstamp" {
		u, err := r.Org.Updated(ctx, src.object.Name, end.Add(-2*time.Minute), end)
		if err != nil {
			return Window{}, err
		}
		covered = u.Covered
	}
	return nextWindow(mark, from, end, covered, server, cmp.Or(r.Options.Lag, 15*time.Minute)), nil
}

// abandon gives an attempt up: what it staged goes, and drop will take its job
// and its pages.
func (r *Replicator) abandon(ctx context.Context, lease control.Lease, a control.Attempt) error {
	if err := r.Warehouse.Discard(ctx, warehouse.Fence{Flow: a.Flow, Number: lease.Fence}, a.ID, ""); err != nil {
		return err
	}
	a.State = control.Abandoned
	_, err := r.Control.SaveAttempt(ctx, a)
	return err
}

// describe looks at a flow's object as it is now.
func (r *Replicator) describe(ctx context.Context, fl flow.Flow) (*source, error) {
	o, err := r.Org.Describe(ctx, fl.Object)
	if err != nil {
		return nil, err
	}
	src, err := sourceOf(fl, o)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sources[fl.Object] = src
	return src, nil
}

func sourceOf(fl flow.Flow, o schema.Object) (*source, error) {
	if !o.Queryable {
		return nil, plan.Fixf("leave it out of catchment.yaml", "object %s can't be queried", o.Name)
	}
	fields, skipped, err := flow.Fields(fl, o)
	if err != nil {
		return nil, err
	}
	table, err := warehouse.TableFor(o, fields, fl.Naming == flow.Snake)
	if err != nil {
		return nil, err
	}
	return &source{flow: fl, object: o, fields: fields, skipped: skipped, table: table, cursor: cursorOf(fields)}, nil
}

// source finds what list described, or describes it anew in a process that
// did not list.
func (r *Replicator) source(ctx context.Context, name string) (*source, error) {
	r.mu.Lock()
	src := r.sources[name]
	r.mu.Unlock()
	if src != nil {
		return src, nil
	}
	flows, err := r.Flows(ctx)
	if err != nil {
		return nil, err
	}
	for _, fl := range flows {
		if fl.Object == name {
			return r.describe(ctx, fl)
		}
	}
	return nil, plan.Fixf("put it back, or let the next run abandon what is open", "flow %s is not in the configuration any more", name)
}

func (s *source) names() []string {
	names := make([]string, len(s.fields))
	for i, f := range s.fields {
		names[i] = f.Name
	}
	return names
}

// carries tells whether the table still has all these columns: an attempt that
// reads a field which vanished meanwhile can't be loaded.
func (s *source) carries(fields []string) bool {
	return !slices.ContainsFunc(fields, func(name string) bool {
		return !slices.ContainsFunc(s.fields, func(f schema.Field) bool { return f.Name == name })
	})
}
