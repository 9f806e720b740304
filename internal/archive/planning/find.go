package planning

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"catchment/internal/archive/closure"
	"catchment/internal/archive/manifest"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/soql"
)

// atOnce is how many roots are walked from together.
const atOnce = 1000

// roots are those that a policy names, as far as a plan looks at them.
type roots struct {
	more  int64          // that it doesn't look at
	alone map[int]string // why one of them stays, by its place in the graph
}

// find finds the policy's roots in order of their Ids, and all that hangs on them, until a plan is full.
func (m *making) find(ctx context.Context) error {
	m.roots.alone, m.held = map[int]string{}, map[int]string{}
	o, err := m.reader.Describe(ctx, m.policy.Root)
	if err != nil {
		return err
	}
	last := ""
	for {
		some, err := m.list(ctx, o, last)
		if err != nil {
			return err
		}
		if len(some) == 0 {
			return m.holdShared(ctx, o)
		}
		seen := len(m.graph.Nodes)
		if err := m.walk(ctx, o, some); err != nil {
			return err
		}
		if err := m.hold(ctx, o, some, seen); err != nil {
			return err
		}
		last = some[len(some)-1].ID
		if m.full() {
			return errors.Join(m.countMore(ctx, o, last), m.holdShared(ctx, o))
		}
	}
}

// full tells whether no more records have room in the plan. What stays takes none, as long as there is memory.
func (m *making) full() bool {
	if m.graph.Weight() >= m.reader.Most {
		return true
	}
	if int64(len(m.graph.Nodes)) < m.policy.Cap.Records {
		return false
	}
	sofar := Decide(Case{Graph: m.graph, Policy: m.policy, Now: m.now, Held: m.held, Alone: m.roots.alone})
	var in int64
	for n, fate := range sofar.Fates {
		if fate == manifest.In && m.graph.Of(n).Copied {
			in++
		}
	}
	return in >= m.policy.Cap.Records || in > 0 && slices.Contains(sofar.Capped, true)
}

// list reads some of the policy's roots, those that follow one.
func (m *making) list(ctx context.Context, o closure.Object, after string) ([]closure.Root, error) {
	fields := []string{"Id"}
	if o.Stamp != "" {
		fields = append(fields, o.Stamp)
	}
	person, isPerson := o.Field("IsPersonAccount")
	isPerson = isPerson && o.Name == "Contact"
	if isPerson {
		fields = append(fields, person.Name)
	}
	q := soql.Select{Fields: fields, From: o.Name, Where: m.selected(o, after), OrderBy: "Id", Limit: atOnce}
	if after != "" {
		q.Limit++ // it comes again
	}
	var some []closure.Root
	for record, err := range m.Org.Query(ctx, q.String(), true) {
		if err != nil {
			return nil, fmt.Errorf("read the roots of policy %s: %w", m.policy.Name, err)
		}
		root, err := rootOf(o, record, isPerson)
		if err != nil {
			return nil, err
		}
		if root.ID != after {
			some = append(some, root)
		}
	}
	return some, nil
}

// selected is what the policy's roots meet that come after one, or are that one.
func (m *making) selected(o closure.Object, after string) []soql.Condition {
	var where []soql.Condition
	if m.policy.Where != "" {
		where = append(where, soql.Raw(m.policy.Where))
	}
	if _, ok := o.Field("IsDeleted"); ok {
		where = append(where, "IsDeleted = false")
	}
	if after != "" {
		where = append(where, soql.From("Id", after))
	}
	return where
}

// countMore counts the roots that a plan doesn't look at: those that come after one.
func (m *making) countMore(ctx context.Context, o closure.Object, last string) error {
	q := soql.Select{Fields: []string{"COUNT()"}, From: o.Name, Where: m.selected(o, last)}
	n, err := m.Org.Count(ctx, q.String(), true)
	if err != nil {
		return fmt.Errorf("count the roots of policy %s: %w", m.policy.Name, err)
	}
	m.roots.more += max(0, n-1)
	return nil
}

func rootOf(o closure.Object, record salesforce.Record, person bool) (root closure.Root, err error) {
	if root.ID, err = record.Text("Id"); err != nil {
		return root, err
	}
	if o.Stamp != "" {
		text, err := record.Text(o.Stamp)
		if err != nil {
			return root, err
		}
		if root.Stamp, err = parseTime(text); err != nil {
			return root, err
		}
	}
	if person {
		text, err := record.Text("IsPersonAccount")
		if err != nil {
			return root, err
		}
		root.Person = text == "true"
	}
	return root, nil
}

// parseTime reads a stamp; an empty one is no time.
func parseTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return salesforce.ParseTime(text)
}

// walk finds what hangs on some roots. Where that is too much they are walked from in halves, and a single
// root of which it is too much stays.
func (m *making) walk(ctx context.Context, o closure.Object, some []closure.Root) error {
	err := m.reader.Walk(ctx, m.graph, o.Name, some)
	switch {
	case !errors.Is(err, closure.ErrTooMany):
		return err
	case len(some) > 1:
		half := len(some) / 2
		if err := m.walk(ctx, o, some[:half]); err != nil {
			return err
		}
		return m.walk(ctx, o, some[half:])
	case m.graph.Weight() > m.reader.Most/2: // it might have room in the next plan
		m.roots.more++
		return nil
	}
	n, err := m.reader.Lone(ctx, m.graph, o.Name, some[0])
	if err != nil {
		return err
	}
	m.roots.alone[n] = fmt.Sprintf("more hangs on it than a plan of this policy may have (cap.records: %d)",
		m.policy.Cap.Records)
	return nil
}

// alive counts the live records of the objects that the graph has.
func (m *making) alive(ctx context.Context) (map[string]int64, error) {
	var names, questions []string
	live := map[string]int64{}
	for _, o := range m.graph.Objects {
		if !o.Copied {
			continue
		}
		if o.Name == closure.Link {
			links, known, err := m.links(ctx)
			if err != nil {
				return nil, err
			}
			if known {
				live[o.Name] = links
			}
			continue
		}
		q := soql.Select{Fields: []string{"COUNT()"}, From: o.Name}
		if _, ok := o.Field("IsDeleted"); ok {
			q.Where = []soql.Condition{"IsDeleted = false"}
		}
		names, questions = append(names, o.Name), append(questions, q.String())
	}
	counted, err := m.reader.CountEach(ctx, questions)
	if err != nil {
		return nil, err
	}
	for i, c := range counted {
		if class := plan.ClassOf(c.Err); c.Err != nil && class != plan.Fix {
			return nil, c.Err
		}
		if c.Err == nil {
			live[names[i]] = c.Records
		}
	}
	return live, nil
}

// links counts the links of all documents, where the user may ask for them without naming documents: it takes Query
// All Files. Else nobody knows how many there are, and the share of what they go with bounds them.
func (m *making) links(ctx context.Context) (links int64, known bool, err error) {
	q := soql.Select{Fields: []string{"COUNT()"}, From: closure.Link} // beside Ids they take no condition for certain
	links, err = m.Org.Count(ctx, q.String(), false)
	if err != nil && plan.ClassOf(err) == plan.Fix {
		return 0, false, nil
	}
	return links, err == nil, err
}
