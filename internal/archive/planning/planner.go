// Package planning makes plans: which records a policy lets leave Salesforce, with what goes along, which it
// doesn't and why, what would be lost that no copy has, and what the whole frees and costs.
//
// It reads the org and writes the plan into the blob store, where it stays as it is; nothing else. What hangs
// on records closure finds; decide.go judges them, losses.go looks for what the copy lacks.
//
// Start at Planner.Plan.
package planning

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"catchment/internal/archive"
	"catchment/internal/archive/closure"
	"catchment/internal/archive/manifest"
	"catchment/internal/blob"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/policy"
	"catchment/internal/salesforce"
	"catchment/internal/schema"
	"catchment/internal/source"
	"catchment/internal/warehouse"
)

// A Planner makes plans. Its fields are set once.
type Planner struct {
	Org       *salesforce.Client
	Warehouse warehouse.Warehouse // says which fields were copied before; nil: nobody does
	Flows     func(context.Context) ([]flow.Flow, error)
	Prover    archive.Prover // says which flows can be proven; nil: all of them
	Store     blob.Store
	Now       func() time.Time
	ReadFile  func(path string) ([]byte, error) // reads the files of holds
	Price     *policy.Price
	Catchment string // the version of this program
	Author    string // who plans
}

// A Summary is what a plan says, without its records.
type Summary struct {
	Name    string // of the plan; "" where none was made
	Digest  string
	Head    manifest.Head
	Objects []manifest.Object
	Losses  []manifest.Loss
	End     manifest.End
	More    int64   // roots that meet the policy, and that this plan didn't look at
	BinRoom int64   // records that the recycle bin holds; 0 where the org doesn't say
	Money   float64 // that the storage costs a month
	Price   *policy.Price
}

// recordsAtMost is how many records a plan has, whatever its policy says: they are in memory while it is made.
const recordsAtMost = 500_000

// Plan makes a plan of a policy and stores it. Where something would be lost that the policy doesn't allow,
// the summary is there with the error, and no plan is.
func (p *Planner) Plan(ctx context.Context, pol policy.Policy) (*Summary, error) {
	if pol.Cap.Records > recordsAtMost {
		return nil, plan.Fixf(fmt.Sprintf("set cap.records of the policy to %d, and make several plans", recordsAtMost),
			"policy %s: a plan can't have more than %d records", pol.Name, recordsAtMost)
	}
	if pol.Cap.Records <= 0 {
		pol.Cap.Records = recordsAtMost
	}
	m := &making{Planner: p, policy: pol, flows: map[string]flow.Flow{}, sources: map[string]*source.Source{}}
	if err := m.prepare(ctx); err != nil {
		return nil, err
	}
	if err := m.find(ctx); err != nil {
		return nil, err
	}
	if err := m.decide(ctx); err != nil {
		return nil, err
	}
	if err := m.weigh(ctx); err != nil {
		return nil, err
	}
	sum := m.summary()
	if err := m.refuseLosses(); err != nil {
		return sum, err
	}
	return sum, m.store(ctx, sum)
}

// A making is a plan on its way.
type making struct {
	*Planner
	policy policy.Policy
	flows  map[string]flow.Flow // by object
	org    string
	made   time.Time // by this machine's clock
	now    time.Time // by the org's clock

	sources map[string]*source.Source // by object, what its flow copies

	reader *closure.Reader
	graph  *closure.Graph
	holds  []hold
	roots  roots
	held   map[int]string
	result result

	losses  []manifest.Loss
	bin     int64 // records that the recycle bin has of the plan's objects
	binRoom int64
}

// prepare finds out what the plan is about.
func (m *making) prepare(ctx context.Context) (err error) {
	if m.org, err = m.Org.Org(ctx); err != nil {
		return err
	}
	if m.now, err = m.Org.ServerTime(ctx); err != nil {
		return err
	}
	m.made = m.Now().UTC().Truncate(time.Second)
	flows, err := m.Planner.Flows(ctx)
	if err != nil {
		return err
	}
	for _, fl := range flows {
		m.flows[strings.ToLower(fl.Object)] = fl
	}
	for _, object := range append([]string{m.policy.Root}, m.policy.Plus...) {
		if _, ok := m.flow(object); !ok {
			return plan.Fixf("add to flows: - object: "+object+", and have catchment run copy it",
				"policy %s: no flow copies %s, so nothing of it can be proven", m.policy.Name, object)
		}
	}
	if m.holds, err = m.readHolds(); err != nil {
		return err
	}
	m.reader = &closure.Reader{
		Org: m.Org, Plus: m.policy.Plus, Files: m.policy.Files == policy.AllFiles,
		Copied: func(object string) bool { _, ok := m.flow(object); return ok },
		Whole:  m.holdsOn, Most: int(4*m.policy.Cap.Records) + 10_000,
	}
	m.graph = closure.NewGraph()
	return nil
}

// flow finds the flow of an object.
func (m *making) flow(object string) (flow.Flow, bool) {
	fl, ok := m.flows[strings.ToLower(object)]
	return fl, ok
}

// decide judges what was found.
func (m *making) decide(ctx context.Context) error {
	unfit, err := m.unfit(ctx)
	if err != nil {
		return err
	}
	live, err := m.alive(ctx)
	if err != nil {
		return err
	}
	decided := Decide(Case{
		Graph: m.graph, Policy: m.policy, Now: m.now, Held: m.held, Unfit: unfit, Alone: m.roots.alone, Live: live,
	})
	m.graph.Levels()
	m.result = result{m.graph, decided, live, map[int]int64{}}
	return nil
}

// unfit finds objects of which no record may go: those whose flows can't be proven by now.
func (m *making) unfit(ctx context.Context) (map[string]string, error) {
	newest := map[string]time.Time{}
	for n, node := range m.graph.Nodes {
		name := m.graph.Of(n).Name
		if at, ok := newest[name]; !ok || node.Stamp.After(at) {
			newest[name] = node.Stamp
		}
	}
	unfit := map[string]string{}
	for _, o := range m.graph.Objects {
		after, there := newest[o.Name]
		if !there || !o.Copied {
			continue
		}
		err := m.provable(ctx, o, after)
		switch class := plan.ClassOf(err); {
		case err == nil:
		case class == plan.Fix, class == plan.Wait:
			why := fmt.Sprintf("the copy of %s can't be proven by now: %v", o.Name, err)
			unfit[o.Name] = why + "; " + plan.AdviceOf(err)
		default:
			return nil, fmt.Errorf("ask whether the copy of %s can be proven: %w", o.Name, err)
		}
	}
	return unfit, nil
}

// provable says why no record of an object can be proven, or nil. It remembers what its flow copies.
func (m *making) provable(ctx context.Context, o *closure.Object, after time.Time) error {
	fl, _ := m.flow(o.Name)
	find := source.Finder{Describe: func(context.Context, string) (schema.Object, error) { return o.Object, nil }}
	if m.Warehouse != nil {
		find.Columns = m.Warehouse.Adapt
	}
	src, err := find.Source(ctx, fl)
	if err != nil {
		return err
	}
	m.sources[o.Name] = src
	if m.Prover == nil {
		return nil
	}
	return m.Prover.Provable(ctx, fl, after)
}

// refuseLosses refuses a plan by which something would be lost that the policy doesn't name.
func (m *making) refuseLosses() error {
	var all, names []string
	for _, l := range m.losses {
		if !l.Allowed {
			names = append(names, l.What)
			all = append(all, l.What+" ("+l.Why+")")
		}
	}
	if len(names) == 0 {
		return nil
	}
	names = slices.Compact(names)
	return plan.Fixf(fmt.Sprintf("have a flow copy it; or let it go for good, by a line of policy %s: lose: [%s]",
		m.policy.Name, strings.Join(append(slices.Clone(m.policy.Lose), names...), ", ")),
		"no copy has what would be lost: %s", strings.Join(all, "; "))
}

// days writes a time as people do.
func days(d time.Duration) string {
	const day = 24 * time.Hour
	if d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return d.String()
}

// named tells whether a list names an object.
func named(list []string, object string) bool {
	return slices.ContainsFunc(list, func(name string) bool { return strings.EqualFold(name, object) })
}
