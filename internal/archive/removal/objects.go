package removal

import (
	"context"
	"fmt"
	"strings"

	"catchment/internal/archive/removal/hanging"
	"catchment/internal/salesforce"
	"catchment/internal/schema"
)

// objects are the org's objects as describe tells them, each asked for once.
type objects struct {
	org       *salesforce.Client
	described map[string]schema.Object // by name, in lower case
	kin       map[string]schema.Object // the same, with what hangs on their records
	queryable map[string]bool          // nil until somebody asks
}

func newObjects(org *salesforce.Client) *objects {
	return &objects{org: org, described: map[string]schema.Object{}, kin: map[string]schema.Object{}}
}

// withKin describes an object with what hangs on its records.
func (o *objects) withKin(ctx context.Context, name string) (schema.Object, error) {
	if known, ok := o.kin[strings.ToLower(name)]; ok {
		return known, nil
	}
	object, err := o.org.DescribeKin(ctx, name)
	if err == nil {
		o.kin[strings.ToLower(name)] = object
	}
	return object, err
}

// describe describes an object.
func (o *objects) describe(ctx context.Context, name string) (schema.Object, error) {
	if known, ok := o.described[strings.ToLower(name)]; ok {
		return known, nil
	}
	object, err := o.org.Describe(ctx, name)
	if err == nil {
		o.described[strings.ToLower(name)] = object
	}
	return object, err
}

// describeEach describes many, a few with each call. Those that can't be had are left out.
func (o *objects) describeEach(ctx context.Context, names []string) ([]schema.Object, error) {
	var lacking []string
	for _, name := range names {
		if _, ok := o.described[strings.ToLower(name)]; !ok {
			lacking = append(lacking, name)
		}
	}
	if len(lacking) > 0 {
		all, err := o.org.DescribeEach(ctx, lacking)
		if err != nil {
			return nil, err
		}
		for i, d := range all {
			if d.Err == nil {
				o.described[strings.ToLower(lacking[i])] = d.Object
			}
		}
	}
	var found []schema.Object
	for _, name := range names {
		if object, ok := o.described[strings.ToLower(name)]; ok {
			found = append(found, object)
		}
	}
	return found, nil
}

// canQuery tells whether the user may ask for an object's records at all.
func (o *objects) canQuery(ctx context.Context, name string) (bool, error) {
	if o.queryable == nil {
		all, err := o.org.Objects(ctx)
		if err != nil {
			return false, fmt.Errorf("which objects can be asked for: %w", err)
		}
		o.queryable = map[string]bool{}
		for _, object := range all {
			o.queryable[strings.ToLower(object.Name)] = object.Queryable
		}
	}
	return o.queryable[strings.ToLower(name)], nil
}

// relations are those by which something hangs on the records of an object: what would go
// along, stand against a delete, or lose its lookup. What nobody can ask for is left out, as
// is what the plan's approval lets go without a copy.
func (r *run) relations(ctx context.Context, name string) ([]hanging.Relation, error) {
	object, err := r.known.withKin(ctx, name)
	if err != nil {
		return nil, err
	}
	if _, err = r.known.canQuery(ctx, name); err != nil {
		return nil, err
	}
	return hanging.Of(object, r.paper.along, func(child, field string) bool {
		lower := strings.ToLower(child)
		return r.paper.lost[lower] || r.paper.lost[lower+"."+strings.ToLower(field)] || !r.known.queryable[lower]
	}), nil
}

// sameObject tells whether two names are those of one object.
func sameObject(a, b string) bool { return strings.EqualFold(a, b) }
