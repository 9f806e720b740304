package planning

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"catchment/internal/archive/closure"
	"catchment/internal/archive/manifest"
	"catchment/internal/body"
	"catchment/internal/lookup"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/soql"
	"catchment/internal/schema"
	"catchment/internal/source"
)

// uncounted is the number of records that nobody can count.
const uncounted = -1

// findLosses finds what goes with the plan and is in no copy.
func (m *making) findLosses(ctx context.Context) error {
	going := m.result.going()
	m.loseRecords(going)
	if err := m.loseCounted(ctx, going); err != nil {
		return err
	}
	m.loseUnread(going)
	for at, o := range m.graph.Objects {
		if o.Copied && len(going[at]) > 0 {
			if err := m.loseFields(ctx, o, going[at]); err != nil {
				return err
			}
		}
	}
	slices.SortFunc(m.losses, func(a, b manifest.Loss) int {
		return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Why, b.Why))
	})
	return nil
}

// lose notes a loss. None of a number that is known is none.
func (m *making) lose(what, why string, records int64) {
	if records == 0 {
		return
	}
	object, _, _ := strings.Cut(what, ".")
	m.losses = append(m.losses, manifest.Loss{Type: manifest.TypeLoss, What: what, Why: why, Records: records,
		Allowed: named(m.policy.Lose, what) || named(m.policy.Lose, object)})
}

// noFlow is why records are lost.
const noFlow = "it goes with its parent, and no flow copies it"

// loseRecords notes the records of the graph that no flow copies.
func (m *making) loseRecords(going [][]int) {
	for at, o := range m.graph.Objects {
		if !o.Copied {
			m.lose(o.Name, noFlow, int64(len(going[at])))
		}
	}
}

// loseCounted counts the records that aren't in the graph, by the parents that go.
func (m *making) loseCounted(ctx context.Context, going [][]int) error {
	lost := map[string]int64{}
	for _, c := range m.graph.Counted {
		o, err := m.reader.Describe(ctx, c.Child)
		if err != nil {
			return err
		}
		where := []soql.Condition{}
		if _, ok := o.Field("IsDeleted"); ok {
			where = append(where, "IsDeleted = false")
		}
		n, err := m.count(ctx, c.Child, c.Field, m.result.of(c.Parent, going), where...)
		if err != nil {
			return err
		}
		if n == uncounted || lost[c.Child] == uncounted {
			n, lost[c.Child] = uncounted, 0
		}
		lost[c.Child] += n
	}
	for object, n := range lost {
		m.lose(object, noFlow, n)
	}
	return nil
}

// count counts the records whose field is one of some Ids, and that meet conditions.
func (m *making) count(
	ctx context.Context, object, field string, ids []string, where ...soql.Condition,
) (sum int64, err error) {
	where = append([]soql.Condition{soql.In(field, nil)}, where...)
	q := soql.Select{Fields: []string{"COUNT()"}, From: object, Where: where}
	var questions []string
	for chunk := range slices.Chunk(ids, lookup.PerQuery(len(q.String()))) {
		q.Where[0] = soql.In(field, chunk)
		questions = append(questions, q.String())
	}
	counted, err := m.reader.CountEach(ctx, questions)
	if err != nil {
		return 0, err
	}
	for _, c := range counted {
		if c.Err != nil && plan.ClassOf(c.Err) == plan.Fix {
			return uncounted, nil
		}
		if c.Err != nil {
			return 0, fmt.Errorf("count records of %s: %w", object, c.Err)
		}
		sum += c.Records
	}
	return sum, nil
}

// unasked is Salesforce's code where nobody can ask for an object's records: then no lookup of theirs shows
// anywhere, and none that is emptied is missed.
const unasked = "INVALID_TYPE_FOR_OPERATION"

// loseUnread notes what this user can't read, of the objects that go.
func (m *making) loseUnread(going [][]int) {
	for _, u := range m.graph.Unread {
		if len(m.result.of(u.Parent, going)) == 0 {
			continue
		}
		switch {
		case u.Effect == closure.Takes:
			m.lose(u.Child, fmt.Sprintf("it goes with %s, and can't be read (%s)", u.Parent, u.Code), uncounted)
		case u.Effect == closure.Empties && u.Code != unasked:
			m.lose(u.String(), fmt.Sprintf("it loses its %s, and can't be read (%s)", u.Parent, u.Code), uncounted)
		}
	}
}

// loseFields counts the values that a flow doesn't copy, of the records that go.
func (m *making) loseFields(ctx context.Context, o *closure.Object, nodes []int) error {
	src := m.sources[o.Name]
	if src == nil { // nothing of it goes
		return nil
	}
	copied := map[string]bool{}
	for _, f := range src.Fields {
		copied[f.Name] = true
	}
	of, isFile := body.Of(o.Name)
	var left []schema.Field
	for _, f := range o.Fields {
		isBody := isFile && strings.EqualFold(of.Body, f.Name)
		if !copied[f.Name] && !f.Type.Compound() && !(isBody && src.Flow.Bodies != "") {
			left = append(left, f)
		}
	}
	values, err := m.values(ctx, src, left, m.graph.IDs(nodes))
	if err != nil {
		return err
	}
	for _, f := range left {
		m.lose(o.Name+"."+f.Name, whyLost(src, f.Name), values[f.Name])
	}
	m.loseHidden(src, o)
	if isFile && src.Flow.Bodies == body.Latest && of.Latest != "" {
		n, err := m.count(ctx, o.Name, "Id", m.graph.IDs(nodes), soql.Condition(of.Latest+" = false"))
		if err != nil {
			return err
		}
		m.lose(o.Name+"."+of.Body, "the flow copies the bodies of the newest versions alone; for all: bodies: all", n)
	}
	return nil
}

// whyLost says why a flow doesn't copy a field.
func whyLost(src *source.Source, field string) string {
	for _, s := range src.Skipped {
		if s.Field == field {
			return s.Reason
		}
	}
	return "the flow leaves it out"
}

// loseHidden notes fields that were copied once, and that this user doesn't see any more.
func (m *making) loseHidden(src *source.Source, o *closure.Object) {
	for _, k := range src.Past.Fields {
		if _, there := o.Field(k.Field); !there && k.Field != "" && slices.Contains(src.Past.Columns, k.Column) {
			m.lose(o.Name+"."+k.Field, "the field is gone, or hidden from this user", uncounted)
		}
	}
}

// fieldsAtOnce is how many fields are read together where their values are counted.
const fieldsAtOnce = 50

// values counts the values of fields that aren't empty, of some records. It reads them: whole records come
// 2,000 with a call, and some fields can't be asked for by a condition.
func (m *making) values(
	ctx context.Context, src *source.Source, fields []schema.Field, ids []string,
) (map[string]int64, error) {
	counts := map[string]int64{}
	var names []string
	for _, f := range fields {
		switch {
		case f.Type == schema.Base64:
			counts[f.Name] = int64(len(ids))
		case slices.Contains(src.Flow.Withheld, f.Name):
			counts[f.Name] = uncounted
		default:
			names = append(names, f.Name)
		}
	}
	finder := lookup.Finder{Org: m.Org, Object: src.Object}
	for group := range slices.Chunk(names, fieldsAtOnce) {
		missing := map[string]bool{}
		for _, id := range ids {
			missing[id] = true
		}
		asked := append([]string{"Id"}, group...)
		count := func(record salesforce.Record) error {
			id, err := record.Text("Id")
			delete(missing, id)
			return errors.Join(err, countIn(counts, record, group))
		}
		if err := finder.Collect(ctx, ids, asked, count); err != nil {
			return nil, err
		}
		// Archived activities are found by a query alone.
		for record, err := range finder.Records(ctx, slices.Sorted(maps.Keys(missing)), asked) {
			if err == nil {
				err = countIn(counts, record, group)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return counts, nil
}

// countIn counts the fields of a record that have a value.
func countIn(counts map[string]int64, record salesforce.Record, fields []string) error {
	for _, field := range fields {
		text, err := record.Text(field)
		if err != nil {
			return err
		}
		if text != "" {
			counts[field]++
		}
	}
	return nil
}

// texts reads fields of records, and tells how long their texts are together.
func (m *making) texts(
	ctx context.Context, o *closure.Object, fields, ids []string, each func(id string, bytes int64),
) error {
	finder := lookup.Finder{Org: m.Org, Object: o.Object}
	for record, err := range finder.Records(ctx, ids, append([]string{"Id"}, fields...)) {
		if err != nil {
			return err
		}
		id, bytes, err := textsOf(record, fields)
		if err != nil {
			return err
		}
		each(id, bytes)
	}
	return nil
}

func textsOf(record salesforce.Record, fields []string) (id string, bytes int64, err error) {
	if id, err = record.Text("Id"); err != nil {
		return "", 0, err
	}
	for _, field := range fields {
		text, err := record.Text(field)
		if err != nil {
			return "", 0, err
		}
		bytes += int64(len(text))
	}
	return id, bytes, nil
}
