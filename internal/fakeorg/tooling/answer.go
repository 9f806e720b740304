package tooling

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/soql"
	"catchment/internal/fakeorg/soql/refusal"
	"catchment/internal/fakeorg/soql/syntax"
)

// A Question is a statement about what describes the org.
type Question struct {
	Bound *soql.Bound
	kind
}

// Ask reads a statement; what is wrong with it comes back in Salesforce's
// words, as a 400.
func (c Catalog) Ask(text string) (*Question, error) {
	parsed, err := syntax.Parse(text)
	if err != nil {
		return nil, refused(err)
	}
	bound, err := soql.Bind(parsed, c)
	if err != nil {
		return nil, refused(err)
	}
	k, _ := kindOf(bound.Entity.Name) // Bind has found it
	return &Question{bound, k}, k.check(bound)
}

// Describes names the object that a statement is about, where that describes
// the org and is one that the REST API has as well.
func Describes(text string) (object string, ok bool) {
	parsed, err := syntax.Parse(text)
	if err != nil {
		return "", false
	}
	k, ok := kindOf(parsed.From.Name.String())
	return k.name, ok && k.reified
}

func refused(err error) error {
	if e, ok := errors.AsType[*refusal.Error](err); ok {
		return reply.Bad(e.Code, "%s", e.Message)
	}
	return err
}

// check refuses what the Tooling API guide says that can't be asked of what is
// made up when it is asked.
func (k kind) check(bound *soql.Bound) error {
	unsupported := func(text string) error { return reply.Bad("EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION", "%s", text) }
	if bound.Grouped || k.reified && bound.Count {
		return unsupported("The requested operation is not yet supported by this SObject storage type, " +
			"contact salesforce.com support for more information.")
	}
	if !k.reified {
		return nil
	}
	if problem := strange(bound.Query.Where); problem != "" {
		return unsupported(problem)
	}
	if len(k.demanded) > 0 && !k.demands(bound.Query.Where) {
		return reply.Bad("MALFORMED_QUERY", "%s: a filter on a reified column is required [%s]", k.name,
			strings.Join(k.demanded, ","))
	}
	return nil
}

// strange says what of a condition isn't understood, or nothing.
func strange(c syntax.Condition) string {
	switch c := c.(type) {
	case syntax.Or:
		return "Disjunctions not supported"
	case syntax.Not:
		return "Only equals comparisons permitted"
	case syntax.And:
		for _, term := range c.Terms {
			if problem := strange(term); problem != "" {
				return problem
			}
		}
	case syntax.Comparison:
		if !slices.Contains([]syntax.Op{syntax.Equal, syntax.In, syntax.Like}, c.Op) {
			return "Only equals comparisons permitted"
		}
	}
	return ""
}

// demands tells whether a condition names one of the fields that it has to.
// The fields of the object that a record is about are as good.
func (k kind) demands(c syntax.Condition) bool {
	switch c := c.(type) {
	case syntax.And:
		return slices.ContainsFunc(c.Terms, k.demands)
	case syntax.Comparison:
		field := strings.ToLower(c.Left.String())
		return c.Op != syntax.Like && (strings.HasPrefix(field, "entitydefinition.") ||
			slices.ContainsFunc(k.demanded, func(name string) bool { return strings.EqualFold(name, field) }))
	}
	return false
}

// mostRecords is how many records one answer has: there is no locator to read
// on from.
const mostRecords = 2000

// An Answer is the records that a question is about, as JSON.
type Answer struct {
	Total   int
	Records []map[string]any
}

// Answer answers a question. at is the path of the API's sobjects.
func (c Catalog) Answer(q *Question, now time.Time, at string) (*Answer, error) {
	clock := soql.Clock{Now: now, Zone: time.UTC}
	meets := q.Bound.Filter(clock)
	all := slices.DeleteFunc(q.records(c), func(r *record) bool { return !meets(r) })
	if q.Bound.Sorted {
		slices.SortStableFunc(all, func(a, b *record) int { return q.Bound.Compare(a, b) })
	}
	if !q.reified { // for the others the guide says that LIMIT and OFFSET are ignored
		all = all[min(max(0, q.Bound.Offset), len(all)):]
		if q.Bound.Limit >= 0 {
			all = all[:min(q.Bound.Limit, len(all))]
		}
	}
	answer := &Answer{Total: len(all), Records: []map[string]any{}}
	switch {
	case q.Bound.Count:
		return answer, nil
	case len(all) > mostRecords:
		return nil, reply.Bad("EXCEEDED_ID_LIMIT",
			"%s does not support queryMore(), use LIMIT to restrict the results to a single batch", q.name)
	}
	for _, r := range all {
		answer.Records = append(answer.Records, q.written(r, clock, at))
	}
	return answer, nil
}

// written writes a record.
func (q *Question) written(r *record, clock soql.Clock, at string) map[string]any {
	head := func(kind string, r *record) map[string]any {
		id := r.values["DurableId"]
		if id == "" {
			id = r.values["Id"]
		}
		return map[string]any{"attributes": map[string]any{"type": kind, "url": at + "/" + kind + "/" + id}}
	}
	written := head(q.name, r)
	for _, c := range q.Bound.Columns {
		value := typed(c.Type, c.Value(r, clock))
		switch {
		case c.Alias != "":
			written[c.Alias] = value
		case len(c.Path.Hops) > 0:
			name := c.Path.Hops[0].Field.Relationship
			parent, ok := written[name].(map[string]any)
			if !ok {
				parent = head(name, r.entity)
				written[name] = parent
			}
			parent[c.Path.Field.Name] = value
		default:
			written[c.Path.Field.Name] = value
		}
	}
	return written
}

// typed brings a value into the form that JSON has for its type.
func typed(typ, value string) any {
	if value == "" {
		return nil
	}
	switch typ {
	case "boolean", "int", "double":
		return json.RawMessage(value)
	case "datetime":
		return strings.TrimSuffix(value, "Z") + "+0000"
	}
	return value
}

// Name is the object that a question is about.
func (q *Question) Name() string { return q.name }

// Prefix is the first three characters of its Ids, or nil.
func (q *Question) Prefix() *string { return q.describe().KeyPrefix }
