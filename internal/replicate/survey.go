package replicate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"catchment/internal/flow"
	"catchment/internal/salesforce"
	"catchment/internal/schema"
	"catchment/internal/source"
	"catchment/internal/warehouse"
)

// A survey is what was asked about all flows of a run together, in composite
// requests. It only saves calls: who doesn't find an answer in it, or needs
// another one, asks by itself.
type survey struct {
	objects map[string]schema.Object
	changes map[string]changes
	from    map[string]time.Time // where the window was expected to begin
}

// lookAround makes the survey of a run. What goes wrong in it is not the run's
// failure: the flows ask one by one, and meet it there if it lasts.
func (r *Replicator) lookAround(ctx context.Context, flows []flow.Flow) error {
	ask, err := r.asksTogether(ctx, len(flows))
	if err != nil || !ask {
		return err
	}
	s := survey{map[string]schema.Object{}, map[string]changes{}, map[string]time.Time{}}
	err = r.lookAtObjects(ctx, flows, s)
	if err == nil {
		err = r.lookAtChanges(ctx, flows, s)
	}
	r.mu.Lock()
	r.survey = s
	r.mu.Unlock()
	switch {
	case context.Cause(ctx) != nil:
		return context.Cause(ctx)
	case errors.Is(err, salesforce.ErrNotTogether) && r.Options.Composite == flow.CompositeAuto:
		return r.Control.SetApart(ctx)
	}
	return nil
}

// asksTogether tells whether so many flows are worth a survey, and the org
// takes one.
func (r *Replicator) asksTogether(ctx context.Context, flows int) (bool, error) {
	switch r.Options.Composite {
	case flow.CompositeOn:
		return flows > 1, nil
	case flow.CompositeAuto:
		apart, err := r.Control.Apart(ctx)
		return flows > 1 && !apart, err
	}
	return false, nil
}

func (r *Replicator) lookAtObjects(ctx context.Context, flows []flow.Flow, s survey) error {
	names := make([]string, len(flows))
	for i, fl := range flows {
		names[i] = fl.Object
	}
	described, err := r.Org.DescribeEach(ctx, names)
	if err != nil {
		return fmt.Errorf("describe %d objects: %w", len(names), err)
	}
	for i, d := range described {
		if d.Err == nil && d.Object.Name == names[i] {
			s.objects[names[i]] = d.Object
		}
	}
	return nil
}

// lookAtChanges asks the logs about every object from where its window is
// expected to begin.
func (r *Replicator) lookAtChanges(ctx context.Context, flows []flow.Flow, s survey) error {
	marks, err := r.Warehouse.Marks(ctx)
	if err != nil {
		return err
	}
	server, err := r.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	watermarks := map[string]time.Time{}
	for _, m := range marks {
		watermarks[m.Flow] = m.Watermark
	}
	var spans []salesforce.Span
	var asked []changes
	for _, fl := range flows {
		src, err := source.Of(fl, s.objects[fl.Object])
		if err != nil || !src.Replicates() {
			continue
		}
		relative, err := r.relative(ctx, src)
		if err != nil {
			return err
		}
		s.from[fl.Object] = windowStart(warehouse.Mark{Watermark: watermarks[fl.Object]}, relative)
		c := changes{span: spanOf(s.from[fl.Object], server, fl.Deletes), changed: -1}
		asked = append(asked, c)
		spans = append(spans, salesforce.Span{Object: fl.Object, Start: c.start, End: c.end, Deletes: c.deletes})
	}
	answers, err := r.Org.ChangesEach(ctx, spans)
	if err != nil {
		return fmt.Errorf("changes of %d objects: %w", len(spans), err)
	}
	for i, a := range answers {
		if a.UpdatedErr != nil || a.DeletedErr != nil && !tooMuch(a.DeletedErr) {
			continue
		}
		asked[i].hearUpdated(a.Updated)
		if asked[i].deletes && a.DeletedErr == nil {
			asked[i].hearDeleted(a.Deleted)
		}
		s.changes[spans[i].Object] = asked[i]
	}
	return r.countTogether(ctx, s)
}

// countTogether counts what changed since then, of the objects of which the
// logs have nothing: they go only up to the last full minute.
func (r *Replicator) countTogether(ctx context.Context, s survey) error {
	var names, counts []string
	for _, name := range slices.Sorted(maps.Keys(s.changes)) {
		c := s.changes[name]
		if s.from[name].IsZero() {
			continue
		}
		if len(c.updated) > 0 {
			c.changed = int64(len(c.updated) + len(c.deleted))
			s.changes[name] = c
			continue
		}
		names = append(names, name)
		counts = append(counts, countOf(name, "", "SystemModstamp", s.from[name]))
	}
	answers, err := r.Org.CountEach(ctx, counts, true)
	if err != nil {
		return fmt.Errorf("count the changes of %d objects: %w", len(names), err)
	}
	for i, a := range answers {
		if a.Err == nil {
			c := s.changes[names[i]]
			c.changed = a.Records
			s.changes[names[i]] = c
		}
	}
	return nil
}

// surveyed takes an object out of the survey. It answers once: who asks again
// wants to know it anew.
func (r *Replicator) surveyed(object string) (schema.Object, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, ok := r.survey.objects[object]
	delete(r.survey.objects, object)
	return o, ok
}

// surveyedChanges takes what the logs said of an object from a moment on.
func (r *Replicator) surveyedChanges(object string, from time.Time) (changes, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.survey.changes[object]
	delete(r.survey.changes, object)
	return c, ok && r.survey.from[object].Equal(from)
}

// describeObject describes an object, if the survey hasn't.
func (r *Replicator) describeObject(ctx context.Context, object string) (schema.Object, error) {
	if o, ok := r.surveyed(object); ok {
		return o, nil
	}
	return r.Org.Describe(ctx, object)
}
