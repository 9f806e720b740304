// Package hanging asks an org what hangs on records that are about to be deleted: what
// Salesforce would delete along, what stands against a delete, and what the plan itself
// takes along. Whether that may be is for who deletes to judge.
//
// It asks by the field, since many relationships have no name, and with queryAll: archived
// activities hang there, too. Most relationships lead to nothing, so that all are counted
// first, five with each call, and only what is there is read. Start at Of, then Asker.Each.
package hanging

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"catchment/internal/archive/closure"
	"catchment/internal/lookup"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/soql"
	"catchment/internal/schema"
)

// A Relation is a field of some object by which its records hang on those of another one.
type Relation struct {
	Object, Field string
	Effect        closure.Effect // of a delete of what they hang on
}

// Same tells whether two are the same: names know no case.
func (r Relation) Same(o Relation) bool {
	return strings.EqualFold(r.Object, o.Object) && strings.EqualFold(r.Field, o.Field)
}

// Of gives the relations by which records hang on those of parent. Along are those by which a
// plan takes records along, whatever Salesforce does; without tells of what nobody can ask for,
// or whose loss was agreed to.
func Of(parent schema.Object, along []Relation, without func(object, field string) bool) []Relation {
	var all []Relation
	for _, kin := range closure.Kinship(parent) {
		r := Relation{Object: kin.Child, Field: kin.Field, Effect: kin.Effect}
		if without(r.Object, r.Field) {
			continue
		}
		if slices.ContainsFunc(along, r.Same) {
			r.Effect = closure.Takes
		}
		all = append(all, r)
	}
	return all
}

// A Child is a record that hangs on one of those that were asked for.
type Child struct {
	Relation
	ID, Parent string
	Binned     bool      // it is in the recycle bin
	Stamp      time.Time // of its last change, a delete among them; zero where its object has none
}

// An Asker asks for what hangs on records of one object.
type Asker struct {
	Org       *salesforce.Client
	Relations []Relation
	Describe  func(ctx context.Context, object string) (schema.Object, error)
	Before    func(ctx context.Context) error // is called before each call; may be nil
}

// Each hands on all that hangs on some records, living or in the bin.
func (a Asker) Each(ctx context.Context, ids []string, each func(Child) error) error {
	var asked []question
	for _, r := range a.Relations {
		for _, some := range slices.Collect(slices.Chunk(ids, lookup.PerQuery(len(r.query("Id", "IsDeleted"))))) {
			asked = append(asked, question{r, some})
		}
	}
	found, err := a.count(ctx, asked)
	if err != nil {
		return err
	}
	for _, q := range found {
		if err := a.read(ctx, q, each); err != nil {
			return err
		}
	}
	return nil
}

// A question is for what hangs on some records by one relation.
type question struct {
	Relation
	ids []string
}

// query is the question without its Ids.
func (r Relation) query(fields ...string) string {
	q := soql.Select{Fields: append(fields, r.Field), From: r.Object, Where: []soql.Condition{soql.In(r.Field, nil)}}
	return q.String()
}

// count leaves the questions that have an answer.
func (a Asker) count(ctx context.Context, asked []question) (found []question, err error) {
	for some := range slices.Chunk(asked, countedTogether) {
		if err := a.before(ctx); err != nil {
			return nil, err
		}
		var texts []string
		for _, q := range some {
			texts = append(texts, soql.Select{Fields: []string{"COUNT()"}, From: q.Object,
				Where: []soql.Condition{soql.In(q.Field, q.ids)}}.String())
		}
		counts, err := a.Org.CountEach(ctx, texts, true)
		if err != nil {
			return nil, fmt.Errorf("count what hangs on records: %w", err)
		}
		for i, c := range counts {
			if c.Err != nil && plan.ClassOf(c.Err) == plan.Fix && some[i].Effect == closure.Forbids {
				continue // Salesforce itself asks, and refuses the delete
			}
			if c.Err != nil {
				return nil, plan.Failf(plan.ClassOf(c.Err), "nobody can tell what would go along: plan anew, which "+
					"says what can't be asked", "count %s by %s: %w", some[i].Object, some[i].Field, c.Err)
			}
			if c.Records > 0 {
				found = append(found, some[i])
			}
		}
	}
	return found, nil
}

// countedTogether is a number of counts that goes into a few calls.
const countedTogether = 50

// read reads the records that answer a question.
func (a Asker) read(ctx context.Context, q question, each func(Child) error) error {
	object, err := a.Describe(ctx, q.Object)
	if err != nil {
		return err
	}
	fields := []string{"Id", q.Field}
	var more []string
	for _, name := range []string{isDeleted, stamp} {
		if _, has := object.Field(name); has {
			more = append(more, name)
		}
	}
	fields = append(fields, more...)
	if err := a.before(ctx); err != nil {
		return err
	}
	text := soql.Select{Fields: fields, From: q.Object, Where: []soql.Condition{soql.In(q.Field, q.ids)}}.String()
	for record, err := range a.Org.Query(ctx, text, true) {
		if err == nil {
			err = q.tell(record, more, each)
		}
		if err != nil {
			return fmt.Errorf("read what hangs on records, %s by %s: %w", q.Object, q.Field, err)
		}
	}
	return nil
}

// What is asked of a record besides, where its object has it.
const (
	isDeleted = "IsDeleted"
	stamp     = "SystemModstamp"
)

// tell hands one record on.
func (q question) tell(record salesforce.Record, more []string, each func(Child) error) error {
	child := Child{Relation: q.Relation}
	text, err := record.Text("Id")
	if err == nil {
		child.ID, err = schema.ID18(text)
	}
	if err != nil {
		return err
	}
	if text, err = record.Text(q.Field); err == nil {
		child.Parent, err = schema.ID18(text)
	}
	if err != nil {
		return err
	}
	for _, name := range more {
		if text, err = record.Text(name); err != nil {
			return err
		}
		if name == isDeleted {
			child.Binned = text == "true"
		} else if child.Stamp, err = salesforce.ParseTime(text); err != nil {
			return err
		}
	}
	if !slices.Contains(q.ids, child.Parent) {
		return plan.Strangef("a record was answered that nobody asked for")
	}
	return each(child)
}

func (a Asker) before(ctx context.Context) error {
	if a.Before == nil {
		return nil
	}
	return a.Before(ctx)
}
