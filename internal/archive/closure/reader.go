// Package closure finds what hangs on records: what Salesforce would delete along with them, level by
// level, what stands against that, and whose lookups it would empty. It reads, and writes nothing.
//
// Which objects hang together describe tells, by fields: many of its relationships have no name. A
// relation that no record of the org uses costs one question. A document hangs on whatever it is linked
// to, and goes only where all of that is there.
//
// What of it may go is left to planning. Start at Reader.Walk; kinship.go is what describe says, graph.go
// what comes out, walk.go the way, and files.go the documents.
package closure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/fault"
	"catchment/internal/salesforce/soql"
	"catchment/internal/schema"
)

// A Reader reads closures. Its fields are set once.
type Reader struct {
	Org    *salesforce.Client
	Plus   []string                 // objects whose records go with what they point to, whatever Salesforce does
	Files  bool                     // documents go with what they are linked to
	Copied func(object string) bool // a flow copies the object
	Whole  func(schema.Object) bool // its records have to be found one by one, copied or not; may be nil
	Most   int                      // that a graph may hold: records, and lookups to them

	described map[string]*described
	relations map[string][]Relation
	unread    map[Relation]string // codes of refusals
}

// A described is an object as describe tells of it, or why it doesn't.
type described struct {
	Object
	code string // of the refusal
}

// describe describes an object, once.
func (r *Reader) describe(ctx context.Context, name string) (*described, error) {
	if d, ok := r.described[name]; ok {
		return d, nil
	}
	o, err := r.Org.DescribeKin(ctx, name)
	d := &described{Object: Object{
		Object: o, Along: along(o), Stuck: stuck(o), Copied: r.Copied(name), Stamp: stampOf(o),
	}}
	if err != nil {
		if d.code = refusal(err); d.code == "" {
			return nil, err
		}
	} else if !strings.EqualFold(o.Name, name) {
		return nil, plan.Strangef("describe %s: the answer is about another object", name)
	}
	if r.described == nil {
		r.described = map[string]*described{}
	}
	r.described[name] = d
	return d, nil
}

// Describe tells what a graph would say of an object.
func (r *Reader) Describe(ctx context.Context, name string) (Object, error) {
	d, err := r.describe(ctx, name)
	if err != nil {
		return Object{}, err
	}
	if d.code != "" {
		return Object{}, plan.Fixf("check the object's name, and that the user may read it",
			"object %s can't be described: %s", name, d.code)
	}
	return d.Object, nil
}

// kin lists the relations of an object that records use: of the others a question has found none.
func (r *Reader) kin(ctx context.Context, o schema.Object) ([]Relation, error) {
	if used, ok := r.relations[o.Name]; ok {
		return used, nil
	}
	all := Kinship(o)
	counted, err := r.probe(ctx, all)
	if err != nil {
		return nil, err
	}
	var used []Relation
	for i, relation := range all {
		switch code := refusal(counted[i].Err); {
		case fault.IsFiltered(counted[i].Err): // it wants its parents to be named, as the walk does
			used = append(used, relation)
		case code != "":
			r.refused(relation, code)
		case counted[i].Err != nil:
			return nil, counted[i].Err
		case counted[i].Records > 0:
			used = append(used, relation)
		}
	}
	if r.relations == nil {
		r.relations = map[string][]Relation{}
	}
	r.relations[o.Name] = used
	return used, nil
}

// Takers lists the relations by which records of an object take others along, as far as any record uses them.
func (r *Reader) Takers(ctx context.Context, object string) ([]Relation, error) {
	o, err := r.Describe(ctx, object)
	if err != nil {
		return nil, err
	}
	all, err := r.kin(ctx, o.Object)
	return slices.DeleteFunc(slices.Clone(all), func(one Relation) bool { return one.Effect != Takes }), err
}

// probe asks of each relation whether any record has it.
func (r *Reader) probe(ctx context.Context, all []Relation) ([]salesforce.Counted, error) {
	var questions []string
	for _, relation := range all {
		questions = append(questions, soql.Select{
			Fields: []string{"COUNT()"}, From: relation.Child,
			Where: []soql.Condition{soql.Condition(relation.Field + " != null")}, Limit: 1,
		}.String())
	}
	return r.CountEach(ctx, questions)
}

// CountEach counts what many questions find, together where the org answers them so.
func (r *Reader) CountEach(ctx context.Context, questions []string) ([]salesforce.Counted, error) {
	counted, err := r.Org.CountEach(ctx, questions, true)
	if !errors.Is(err, salesforce.ErrNotTogether) {
		return counted, err
	}
	counted = make([]salesforce.Counted, len(questions))
	for i, q := range questions {
		counted[i].Records, counted[i].Err = r.Org.Count(ctx, q, true)
		if err := counted[i].Err; err != nil && refusal(err) == "" && !fault.IsFiltered(err) {
			return nil, fmt.Errorf("count records: %w", err)
		}
	}
	return counted, nil
}

// refused notes a relation that can't be read.
func (r *Reader) refused(relation Relation, code string) {
	if r.unread == nil {
		r.unread = map[Relation]string{}
	}
	r.unread[relation] = code
}

// refusal is Salesforce's code where it refuses to let an object or a field be read by this user, and
// does so every time; "" for any other error and for none.
func refusal(err error) string {
	switch code := fault.CodeOf(err); code {
	case "NOT_FOUND", "INVALID_TYPE", "INVALID_FIELD", "INVALID_TYPE_FOR_OPERATION", "INSUFFICIENT_ACCESS",
		"INSUFFICIENT_ACCESS_OR_READONLY", "MALFORMED_QUERY", "ID_REQUIRED", "EXTERNAL_OBJECT_EXCEPTION",
		"EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION", "BIG_OBJECT_UNSUPPORTED_OPERATION", "INVALID_QUERY_FILTER_OPERATOR":
		return code
	}
	return ""
}
