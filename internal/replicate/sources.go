package replicate

import (
	"context"
	"strings"
	"sync"
	"time"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/schema"
	"catchment/internal/source"
)

// sources remembers what was described of each flow, for the steps that come after
// list.
type sources struct {
	find  source.Finder
	row   func(ctx context.Context, object string) (control.FlowRow, error)
	flows func(context.Context) ([]flow.Flow, error)

	mu    sync.Mutex
	known map[string]*source.Source // by object
}

func newSources(
	flows func(context.Context) ([]flow.Flow, error), find source.Finder, c *control.Control,
) *sources {
	return &sources{find: find, row: c.Flow, flows: flows, known: map[string]*source.Source{}}
}

// describe looks at a flow's object as it is now.
func (s *sources) describe(ctx context.Context, fl flow.Flow) (*source.Source, error) {
	return s.make(ctx, s.find, fl)
}

// again makes a source anew of what was described, since something else that it is made
// of has changed. It doesn't ask the org.
func (s *sources) again(ctx context.Context, src *source.Source) (*source.Source, error) {
	find := s.find
	find.Describe = func(context.Context, string) (schema.Object, error) { return src.Object, nil }
	find.Refuses = func(context.Context, string) (bool, error) { return src.Refused, nil }
	return s.make(ctx, find, src.Flow)
}

func (s *sources) make(ctx context.Context, find source.Finder, fl flow.Flow) (*source.Source, error) {
	row, err := s.row(ctx, fl.Object)
	if err != nil {
		return nil, err
	}
	fl.Withheld, _ = row.WithheldFields(time.Time{})
	src, err := find.Source(ctx, fl)
	if err != nil {
		return nil, err
	}
	for _, c := range row.Retired {
		src.Remember(c.Column, c.Field)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[fl.Object] = src
	return src, nil
}

// of finds what list described, or describes it anew in a process that did not list.
func (s *sources) of(ctx context.Context, object string) (*source.Source, error) {
	s.mu.Lock()
	src := s.known[object]
	s.mu.Unlock()
	if src != nil {
		return src, nil
	}
	flows, err := s.flows(ctx)
	if err != nil {
		return nil, err
	}
	for _, fl := range flows {
		if fl.Object == object {
			return s.describe(ctx, fl)
		}
	}
	return nil, plan.Fixf("put it back to finish what is open", "flow %s is not in the configuration any more", object)
}

// Keep stores the template of a flow that lands, as its next run would make it
// for a window, and gives its key; "" where nothing lands that flow.
func (r *Replicator) Keep(ctx context.Context, fl flow.Flow) (string, error) {
	t, ok := r.Movers.Lander(string(fl.Mover)).(mover.Templater)
	files := r.Movers.Filer(string(fl.Mover)) != nil
	if !ok || r.roles.Lands == nil && !files {
		return "", nil
	}
	src, err := source.Finder{Describe: r.Org.Describe}.Source(ctx, fl)
	if err != nil {
		return "", err
	}
	q := mover.LandRequest{Object: src.Object.Name, Where: fl.Where, Cursor: src.Cursor, From: r.Options.Now(),
		Fields: src.Fields}
	if !files {
		q.Table = r.roles.Lands.LandsIn(src.Table, r.Options.LandApart)
	}
	for _, f := range src.Fields {
		if files {
			q.Columns = append(q.Columns, f.Name)
			continue
		}
		for _, c := range src.Table.Columns {
			if strings.EqualFold(c.Field, f.Name) {
				q.Columns = append(q.Columns, c.Name)
			}
		}
	}
	return t.Keep(ctx, q)
}
