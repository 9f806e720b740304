package window

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/platform"
	"catchment/internal/replicate/reading"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/fault"
	"catchment/internal/schema"
	"catchment/internal/source"
	"catchment/internal/warehouse"
)

// A Prefetch asks about all flows of a run together, in composite requests. It
// only saves calls: who doesn't find an answer in it, or needs another one, asks
// by itself.
type Prefetch struct {
	org     *salesforce.Client
	marks   warehouse.Marks
	control *control.Control
	zones   *Zones
	setting flow.Composite

	mu sync.Mutex
	answers
}

// answers is what a prefetch knows of each object.
type answers struct {
	objects map[string]schema.Object
	changes map[string]Changes
	from    map[string]time.Time // where the window was expected to begin
}

// NewPrefetch makes a prefetch that knows nothing yet.
func NewPrefetch(
	org *salesforce.Client, marks warehouse.Marks, c *control.Control, zones *Zones, setting flow.Composite,
) *Prefetch {
	return &Prefetch{org: org, marks: marks, control: c, zones: zones, setting: setting}
}

// Ask asks about the flows of a run. What goes wrong in it is not the run's
// failure: the flows ask one by one, and meet it there if it lasts.
func (p *Prefetch) Ask(ctx context.Context, flows []flow.Flow) error {
	together, err := p.together(ctx, len(flows))
	if err != nil || !together {
		return err
	}
	known := answers{map[string]schema.Object{}, map[string]Changes{}, map[string]time.Time{}}
	err = p.askObjects(ctx, flows, known)
	if err == nil {
		err = p.askChanges(ctx, flows, known)
	}
	p.mu.Lock()
	p.answers = known
	p.mu.Unlock()
	switch {
	case context.Cause(ctx) != nil:
		return context.Cause(ctx)
	case errors.Is(err, salesforce.ErrStopped):
		return err
	case errors.Is(err, salesforce.ErrNotTogether) && p.setting == flow.CompositeAuto:
		return p.control.SetApart(ctx)
	}
	return nil
}

// together tells whether so many flows are worth a composite request, the API version has
// them, and the org takes one.
func (p *Prefetch) together(ctx context.Context, flows int) (bool, error) {
	if !p.org.Has(platform.Composite) {
		return false, nil
	}
	switch p.setting {
	case flow.CompositeOn:
		return flows > 1, nil
	case flow.CompositeAuto:
		bound, err := p.control.Org(ctx)
		return flows > 1 && !bound.Apart, err
	}
	return false, nil
}

func (p *Prefetch) askObjects(ctx context.Context, flows []flow.Flow, known answers) error {
	names := make([]string, len(flows))
	for i, fl := range flows {
		names[i] = fl.Object
	}
	described, err := p.org.DescribeEach(ctx, names)
	if err != nil {
		return fmt.Errorf("describe %d objects: %w", len(names), err)
	}
	for i, d := range described {
		if d.Err == nil && d.Object.Name == names[i] {
			known.objects[names[i]] = d.Object
		}
	}
	return nil
}

// askChanges asks the logs about every object from where its window is
// expected to begin.
func (p *Prefetch) askChanges(ctx context.Context, flows []flow.Flow, known answers) error {
	marks, err := p.marks.Marks(ctx)
	if err != nil {
		return err
	}
	server, err := p.org.ServerTime(ctx)
	if err != nil {
		return err
	}
	watermarks := map[string]time.Time{}
	for _, m := range marks {
		watermarks[m.Flow] = m.Watermark
	}
	var spans []salesforce.Span
	var asked []Changes
	for _, fl := range flows {
		src, err := source.Of(fl, known.objects[fl.Object])
		if err != nil || !src.Replicates() {
			continue
		}
		relative, err := p.zones.relative(ctx, fl.Window)
		if err != nil {
			return err
		}
		known.from[fl.Object] = Start(warehouse.Mark{Watermark: watermarks[fl.Object]}, relative)
		c := Changes{span: spanOf(known.from[fl.Object], server, fl.Deletes), Changed: -1}
		asked = append(asked, c)
		spans = append(spans, salesforce.Span{Object: fl.Object, Start: c.start, End: c.end, Deletes: c.deletes})
	}
	answers, err := p.org.ChangesEach(ctx, spans)
	if err != nil {
		return fmt.Errorf("changes of %d objects: %w", len(spans), err)
	}
	for i, a := range answers {
		if a.UpdatedErr != nil || a.DeletedErr != nil && !refused(a.DeletedErr) {
			continue
		}
		asked[i].hearUpdated(a.Updated)
		switch {
		case asked[i].deletes && a.DeletedErr == nil:
			asked[i].hearDeleted(a.Deleted)
		case asked[i].deletes:
			asked[i].refusedDeleted = fault.CodeOf(a.DeletedErr)
		}
		known.changes[spans[i].Object] = asked[i]
	}
	return p.count(ctx, known)
}

// count counts what changed since then, of the objects of which the
// logs have nothing: they go only up to the last full minute.
func (p *Prefetch) count(ctx context.Context, known answers) error {
	var names, counts []string
	for _, name := range slices.Sorted(maps.Keys(known.changes)) {
		c := known.changes[name]
		if known.from[name].IsZero() {
			continue
		}
		if len(c.Updated) > 0 {
			c.Changed = int64(len(c.Updated) + len(c.Deleted))
			known.changes[name] = c
			continue
		}
		names = append(names, name)
		counts = append(counts, reading.Count(name, "", "SystemModstamp", known.from[name]))
	}
	answers, err := p.org.CountEach(ctx, counts, true)
	if err != nil {
		return fmt.Errorf("count the changes of %d objects: %w", len(names), err)
	}
	for i, a := range answers {
		if a.Err == nil {
			c := known.changes[names[i]]
			c.Changed = a.Records
			known.changes[names[i]] = c
		}
	}
	return nil
}

// Describe describes an object, unless the answer is here already. It is given
// once: who asks again wants to know it anew.
func (p *Prefetch) Describe(ctx context.Context, object string) (schema.Object, error) {
	p.mu.Lock()
	o, ok := p.objects[object]
	delete(p.objects, object)
	p.mu.Unlock()
	if ok {
		return o, nil
	}
	return p.org.Describe(ctx, object)
}

// take gives what the logs said of an object from a moment on, once.
func (p *Prefetch) take(object string, from time.Time) (Changes, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.changes[object]
	delete(p.changes, object)
	return c, ok && p.from[object].Equal(from)
}
