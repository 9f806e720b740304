package fakeorg

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"catchment/internal/fakeorg/soql"
)

// An asker understands statements: it knows the objects that the user sees.
type asker struct {
	store      *store
	restricted bool // the user may not see everything
}

func newAsker(s *store, restricted bool) *asker { return &asker{s, restricted} }

// soqlAt is the time that relative dates in a statement are counted from.
func soqlAt(now time.Time) soql.Clock { return soql.Clock{Now: now, Zone: time.UTC} }

// A question is a statement that the org understands.
type question struct {
	bound *soql.Bound
	obj   *object
	all   bool   // records in the recycle bin count too
	owner string // whose records only count; "" is everybody's
}

// ask reads a statement; what is wrong with it comes back in Salesforce's
// words, as a 400.
func (a *asker) ask(text string, all bool) (*question, error) {
	query, err := soql.Parse(text)
	if err != nil {
		return nil, refusedQuery(err)
	}
	bound, err := soql.Bind(query, a)
	if err != nil {
		return nil, refusedQuery(err)
	}
	obj, ok := a.store.object(bound.Entity.Name)
	if !ok {
		return nil, notFound()
	}
	q := &question{bound: bound, obj: obj, all: all || bound.AllRows}
	if err := a.demands(q); err != nil {
		return nil, err
	}
	return q, a.scope(q)
}

// scope heeds USING SCOPE, as far as describe says that the object has it.
func (a *asker) scope(q *question) error {
	scope := q.bound.Query.Scope
	supported := slices.ContainsFunc(q.obj.about.SupportedScopes, func(s supportedScope) bool { return s.Name == scope })
	switch {
	case scope == "" || scope == "everything":
	case !supported || scope != "mine" || q.obj.sys.own < 0:
		return refuse(http.StatusBadRequest, "INVALID_QUERY_SCOPE", "The scope %s is not supported for %s", scope, q.obj.name())
	default:
		q.owner = runningUser()
	}
	return nil
}

func refusedQuery(err error) error {
	if e, ok := errors.AsType[*soql.Error](err); ok {
		return refuse(http.StatusBadRequest, e.Code, "%s", e.Message)
	}
	return err
}

// Entity implements soql.Schema.
func (a *asker) Entity(name string) (*soql.Entity, bool) {
	obj, ok := a.store.object(name)
	if !ok || !obj.about.Queryable {
		return nil, false
	}
	return obj.entity, true
}

// Child implements soql.Schema.
func (a *asker) Child(parent *soql.Entity, relationship string) (soql.Relation, bool) {
	obj, ok := a.store.object(parent.Name)
	if !ok {
		return soql.Relation{}, false
	}
	for _, child := range a.store.catalog().children(obj) {
		if child.RelationshipName == nil || !strings.EqualFold(*child.RelationshipName, relationship) {
			continue
		}
		entity, ok := a.Entity(child.ChildSObject)
		if !ok {
			continue
		}
		for _, f := range entity.Fields {
			if f.Name == child.Field {
				return soql.Relation{Name: *child.RelationshipName, Entity: entity, Lookup: f}, true
			}
		}
	}
	return soql.Relation{}, false
}

// demands refuses a statement that an object answers only where it names
// records or their parents.
func (a *asker) demands(q *question) error {
	name, where := q.obj.name(), q.bound.Query.Where
	switch {
	case name == "ContentDocumentLink" && !namesOneOf(where, "Id", "ContentDocumentId", "LinkedEntityId") && a.restricted:
		// From version 59 on the permission Query All Files lifts that.
		return refuse(http.StatusBadRequest, "MALFORMED_QUERY", "Implementation restriction: ContentDocumentLink requires a filter by a single Id on "+
			"ContentDocumentId or LinkedEntityId using the equals operator or multiple Id's using the IN operator.")
	case name == "Vote" && !namesOneOf(where, "Id", "ParentId", "Parent.Type"):
		return refuse(http.StatusBadRequest, "MALFORMED_QUERY", "Implementation restriction: When querying the Vote object, you must filter using the "+
			"following syntax: ParentId = [single ID], Parent.Type = [single Type], Id = [single ID], or Id IN [list of ID's].")
	case strings.HasSuffix(name, "__b") && (q.bound.Count || q.bound.Grouped):
		return refuse(http.StatusBadRequest, "BIG_OBJECT_UNSUPPORTED_OPERATION", "Aggregate functions not supported")
	}
	return nil
}

// namesOneOf tells whether a condition holds only for records of which one of
// these fields is told.
func namesOneOf(c soql.Condition, fields ...string) bool {
	switch c := c.(type) {
	case soql.And:
		return slices.ContainsFunc(c.Terms, func(term soql.Condition) bool { return namesOneOf(term, fields...) })
	case soql.Comparison:
		return (c.Op == soql.Equal || c.Op == soql.In) &&
			slices.ContainsFunc(fields, func(f string) bool { return strings.EqualFold(c.Left.String(), f) })
	}
	return false
}
