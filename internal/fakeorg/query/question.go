// Package query answers statements of SOQL from a snapshot of the store: which
// records they are about, in which order, and in which groups.
package query

import (
	"errors"
	"slices"
	"strings"
	"time"

	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/soql"
	"catchment/internal/fakeorg/soql/refusal"
	"catchment/internal/fakeorg/soql/syntax"
	"catchment/internal/fakeorg/store"
)

// An Asker understands statements: it knows the objects that the user sees.
type Asker struct {
	store   *store.Store
	rights  Rights
	version int // of the API, in which a statement is asked
}

// NewAsker makes an Asker of what a store holds, for a user with some rights.
func NewAsker(s *store.Store, r Rights) *Asker { return &Asker{store: s, rights: r} }

// In is an Asker for statements in a version of the API, such as 66.
func (a *Asker) In(version int) *Asker {
	next := *a
	next.version = version
	return &next
}

// At is the time that relative dates in a statement are counted from.
func At(now time.Time) soql.Clock { return soql.Clock{Now: now, Zone: time.UTC} }

// A Question is a statement that the org understands.
type Question struct {
	Bound  *soql.Bound
	Object *store.Object
	all    bool   // records in the recycle bin count too
	owner  string // whose records only count; "" is everybody's

	// Twice is the Id of a record that is found twice, one behind the other; "" is
	// none.
	Twice string
}

// Ask reads a statement; what is wrong with it comes back in Salesforce's
// words, as a 400.
func (a *Asker) Ask(text string, all bool) (*Question, error) {
	query, err := syntax.Parse(text)
	if err != nil {
		return nil, refusedQuery(err)
	}
	bound, err := soql.Bind(query, a)
	if err != nil {
		return nil, refusedQuery(err)
	}
	obj, ok := a.store.Object(bound.Entity.Name)
	if !ok {
		return nil, reply.NotFound()
	}
	q := &Question{Bound: bound, Object: obj, all: all || bound.AllRows}
	if err := a.demands(q); err != nil {
		return nil, err
	}
	a.ownFiles(q)
	return q, a.scope(q)
}

// scope heeds USING SCOPE, as far as describe says that the object has it.
func (a *Asker) scope(q *Question) error {
	scope := q.Bound.Query.Scope
	named := func(s describe.Scope) bool { return s.Name == scope }
	supported := slices.ContainsFunc(q.Object.About.SupportedScopes, named)
	switch {
	case scope == "" || scope == "everything":
	case !supported || scope != "mine" || q.Object.Sys.Own < 0:
		return reply.Bad("INVALID_QUERY_SCOPE", "The scope %s is not supported for %s", scope, q.Object.Name())
	default:
		q.owner = recordid.RunningUser()
	}
	return nil
}

func refusedQuery(err error) error {
	if e, ok := errors.AsType[*refusal.Error](err); ok {
		return reply.Bad(e.Code, "%s", e.Message)
	}
	return err
}

// Entity implements soql.Schema.
func (a *Asker) Entity(name string) (*soql.Entity, bool) {
	obj, ok := a.store.Object(name)
	if !ok || !obj.About.Queryable {
		return nil, false
	}
	return obj.Entity, true
}

// Child implements soql.Schema.
func (a *Asker) Child(parent *soql.Entity, relationship string) (soql.Relation, bool) {
	obj, ok := a.store.Object(parent.Name)
	if !ok {
		return soql.Relation{}, false
	}
	for _, child := range a.store.Catalog().Children(obj) {
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

// ownFiles leaves a user who lacks Query All Files its own files, unless it asks for
// some by their Ids: not even View All Data gives it those of others (Object Reference,
// ContentDocument and ContentVersion).
func (a *Asker) ownFiles(q *Question) {
	name := q.Object.Name()
	if a.rights.AllFiles || name != "ContentDocument" && name != "ContentVersion" ||
		namesOneOf(q.Bound.Query.Where, "Id", "ContentDocumentId") {
		return
	}
	q.owner = recordid.RunningUser()
}

// demands refuses a statement that an object answers only where it names
// records or their parents.
func (a *Asker) demands(q *Question) error {
	name, where := q.Object.Name(), q.Bound.Query.Where
	switch {
	case name == "ContentDocumentLink":
		return a.demandsOfLinks(where)
	case name == "Vote" && !namesOneOf(where, "Id", "ParentId", "Parent.Type"):
		return reply.Bad("MALFORMED_QUERY",
			"Implementation restriction: When querying the Vote object, you must filter using the "+
				"following syntax: ParentId = [single ID], Parent.Type = [single Type], "+
				"Id = [single ID], or Id IN [list of ID's].")
	case strings.HasSuffix(name, "__b") && (q.Bound.Count || q.Bound.Grouped):
		return reply.Bad("BIG_OBJECT_UNSUPPORTED_OPERATION", "Aggregate functions not supported")
	}
	return nil
}

// namesOneOf tells whether a condition holds only for records of which one of
// these fields is told.
func namesOneOf(c syntax.Condition, fields ...string) bool {
	switch c := c.(type) {
	case syntax.And:
		return slices.ContainsFunc(c.Terms, func(term syntax.Condition) bool { return namesOneOf(term, fields...) })
	case syntax.Comparison:
		return (c.Op == syntax.Equal || c.Op == syntax.In) &&
			slices.ContainsFunc(fields, func(f string) bool { return strings.EqualFold(c.Left.String(), f) })
	}
	return false
}
