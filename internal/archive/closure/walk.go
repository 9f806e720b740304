package closure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"catchment/internal/lookup"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/fault"
	"catchment/internal/salesforce/soql"
)

// ErrTooMany says that more hangs on records than a graph may hold.
var ErrTooMany = errors.New("more records hang on them than a plan may have")

// A Root is a record that a walk begins at.
type Root struct {
	ID     string
	Stamp  time.Time
	Person bool // half of a person account
}

// Walk adds roots of one object to a graph, and all that hangs on them. With ErrTooMany the graph is
// as it was before.
func (r *Reader) Walk(ctx context.Context, g *Graph, object string, roots []Root) error {
	before := g.mark()
	err := r.walk(ctx, g, object, roots)
	if errors.Is(err, ErrTooMany) {
		g.back(before)
	}
	return err
}

func (r *Reader) walk(ctx context.Context, g *Graph, object string, roots []Root) error {
	at, err := r.object(ctx, g, object)
	if err != nil {
		return err
	}
	done := len(g.Nodes)
	for _, root := range roots {
		g.addRoot(at, root)
	}
	for {
		if done == len(g.Nodes) { // all that hangs on them is there: now a document may be whole
			if err := r.documents(ctx, g); err != nil {
				return err
			}
		}
		found := len(g.Nodes)
		if done == found {
			break
		}
		if err := r.expand(ctx, g, done, found); err != nil {
			return err
		}
		done = found
	}
	r.tellUnread(g)
	return nil
}

// tellUnread notes in a graph what couldn't be read so far.
func (r *Reader) tellUnread(g *Graph) {
	g.Unread = nil
	for relation, code := range r.unread {
		g.Unread = append(g.Unread, Unread{relation, code})
	}
	slices.SortFunc(g.Unread, func(a, b Unread) int {
		return strings.Compare(a.Parent+" "+a.String(), b.Parent+" "+b.String())
	})
}

// object finds or adds an object of a graph.
func (r *Reader) object(ctx context.Context, g *Graph, name string) (int, error) {
	if at, ok := g.named[name]; ok {
		return at, nil
	}
	o, err := r.Describe(ctx, name)
	if err != nil {
		return 0, err
	}
	return g.AddObject(o), nil
}

// expand adds what hangs on some of a graph's records.
func (r *Reader) expand(ctx context.Context, g *Graph, from, to int) error {
	by := make([][]int, len(g.Objects))
	for n := from; n < to; n++ {
		by[g.Nodes[n].Object] = append(by[g.Nodes[n].Object], n)
	}
	for object, nodes := range by {
		if len(nodes) == 0 {
			continue
		}
		relations, err := r.kin(ctx, g.Objects[object].Object)
		if err != nil {
			return err
		}
		for _, relation := range relations {
			if err := r.follow(ctx, g, relation, nodes); err != nil {
				return err
			}
		}
	}
	return nil
}

// follow reads what points to some records by one relation.
func (r *Reader) follow(ctx context.Context, g *Graph, relation Relation, nodes []int) error {
	goes := relation.Effect == Takes || slices.ContainsFunc(r.Plus, func(o string) bool {
		return strings.EqualFold(o, relation.Child)
	})
	child, err := r.describe(ctx, relation.Child)
	if err != nil {
		return err
	}
	if child.code != "" {
		r.refused(relation, child.code)
		return nil
	}
	if goes {
		counts, err := r.counts(ctx, child)
		if err != nil {
			return err
		}
		if counts {
			g.count(relation)
			return nil
		}
	}
	q := question{relation, child.Object, nodes}
	err = r.read(ctx, g, q, func(parent int, record salesforce.Record) error {
		if goes {
			return r.found(ctx, g, parent, relation, record)
		}
		id, err := record.Text("Id")
		if err != nil {
			return err
		}
		g.Point(parent, id, relation)
		return nil
	})
	if code := refusal(err); code != "" || fault.IsFiltered(err) {
		r.refused(relation, code)
		return nil
	}
	return err
}

// counts tells whether records of an object needn't be found one by one: no flow copies them, and
// nothing hangs on them.
func (r *Reader) counts(ctx context.Context, o *described) (bool, error) {
	if o.Copied || o.Name == Link || r.Whole != nil && r.Whole(o.Object.Object) {
		return false, nil
	}
	relations, err := r.kin(ctx, o.Object.Object)
	if err != nil {
		return false, err
	}
	return len(relations) == 0, nil
}

// count notes a relation whose records are only counted.
func (g *Graph) count(relation Relation) {
	if !slices.Contains(g.Counted, relation) {
		g.Counted = append(g.Counted, relation)
	}
}

// A question is about the records that point to some of a graph's by a relation.
type question struct {
	Relation
	object Object
	nodes  []int
}

// read reads the records that a question is about, and tells whom each points to.
func (r *Reader) read(
	ctx context.Context, g *Graph, about question, each func(parent int, record salesforce.Record) error,
) error {
	child, relation := about.object, about.Relation
	q := soql.Select{
		Fields: fieldsOf(child, relation.Field), From: relation.Child, Where: whereOf(child, relation.Field),
	}
	for chunk := range slices.Chunk(about.nodes, lookup.PerQuery(len(q.String()))) {
		var ids []string
		for _, n := range chunk {
			ids = append(ids, g.Nodes[n].ID)
		}
		q.Where[0] = soql.In(relation.Field, ids)
		for record, err := range r.Org.Query(ctx, q.String(), true) {
			if err != nil {
				return fmt.Errorf("read %s by %s: %w", relation.Child, relation.Field, err)
			}
			if g.Weight() >= r.Most {
				return ErrTooMany
			}
			deleted, err := isDeleted(child, record)
			if err != nil {
				return err
			}
			if deleted {
				continue
			}
			of, err := record.Text(relation.Field)
			if err != nil {
				return err
			}
			parent, asked := g.Find(of)
			if !asked || !slices.Contains(ids, of) {
				return plan.Strangef("read %s by %s: a record was answered that nobody asked for",
					relation.Child, relation.Field)
			}
			if err := each(parent, record); err != nil {
				return err
			}
		}
	}
	return nil
}

// extras are fields that are read of some objects beside Id, lookup and stamp, as far as the user sees them.
func extras(o Object) []string {
	names := []string{"IsDeleted", "IsPersonAccount"}
	switch o.Name {
	case Link:
		names = append(names, "ContentDocumentId", "LinkedEntityId")
	case Version:
		names = append(names, "ContentSize", "ContentLocation")
	case "Attachment":
		names = append(names, "BodyLength")
	}
	return slices.DeleteFunc(names, func(name string) bool {
		_, ok := o.Field(name)
		return !ok
	})
}

// fieldsOf are the fields that are read of an object's records.
func fieldsOf(o Object, field string) []string {
	fields := []string{"Id"}
	for _, name := range append([]string{field, o.Stamp}, extras(o)...) {
		if name != "" && !slices.ContainsFunc(fields, func(f string) bool { return strings.EqualFold(f, name) }) {
			fields = append(fields, name)
		}
	}
	return fields
}

// whereOf asks for what isn't in the recycle bin, and has room for Ids before. Of links nothing can be
// asked beside Ids.
func whereOf(o Object, field string) []soql.Condition {
	where := []soql.Condition{soql.In(field, nil)}
	if _, ok := o.Field("IsDeleted"); ok && o.Name != Link {
		where = append(where, "IsDeleted = false")
	}
	return where
}

func isDeleted(o Object, record salesforce.Record) (bool, error) {
	if _, ok := o.Field("IsDeleted"); !ok {
		return false, nil
	}
	text, err := record.Text("IsDeleted")
	return text == "true", err
}

// found adds a record that goes with another one.
func (r *Reader) found(ctx context.Context, g *Graph, parent int, relation Relation, record salesforce.Record) error {
	object, err := r.object(ctx, g, relation.Child)
	if err != nil {
		return err
	}
	node, err := nodeOf(g.Objects[object], record)
	if err != nil {
		return err
	}
	node.Object = object
	at := g.Add(node)
	g.Lead(parent, at, relation)
	if g.Objects[object].Name == Link {
		return g.link(at, record)
	}
	return nil
}

// nodeOf is a record as a graph has it.
func nodeOf(o *Object, record salesforce.Record) (Node, error) {
	n := Node{Along: o.Along}
	var err error
	if n.ID, err = record.Text("Id"); err != nil {
		return n, err
	}
	if o.Stamp != "" {
		text, err := record.Text(o.Stamp)
		if err != nil {
			return n, err
		}
		if text != "" {
			if n.Stamp, err = salesforce.ParseTime(text); err != nil {
				return n, err
			}
		}
	}
	if _, ok := o.Field("IsPersonAccount"); ok && o.Name == "Contact" {
		text, err := record.Text("IsPersonAccount")
		if err != nil {
			return n, err
		}
		n.Along = text == "true"
	}
	n.Size, err = sizeOf(o, record)
	return n, err
}

// sizeOf is what a file takes of the org's storage. One that lies elsewhere takes nothing.
func sizeOf(o *Object, record salesforce.Record) (int64, error) {
	if _, ok := o.Field("ContentLocation"); ok && o.Name == Version {
		if at, err := record.Text("ContentLocation"); err != nil || at != "S" {
			return 0, err
		}
	}
	field := map[string]string{Version: "ContentSize", "Attachment": "BodyLength"}[o.Name]
	if _, ok := o.Field(field); !ok {
		return 0, nil
	}
	text, err := record.Text(field)
	if err != nil || text == "" {
		return 0, err
	}
	size, err := strconv.ParseInt(text, 10, 64)
	if err != nil || size < 0 {
		return 0, plan.Strangef("%s of %s isn't a number of bytes", field, o.Name)
	}
	return size, nil
}

// Lone adds a root to a graph without what hangs on it.
func (r *Reader) Lone(ctx context.Context, g *Graph, object string, root Root) (int, error) {
	at, err := r.object(ctx, g, object)
	if err != nil {
		return 0, err
	}
	return g.addRoot(at, root), nil
}

// addRoot adds a root, which may have been found below another one.
func (g *Graph) addRoot(object int, root Root) int {
	along := root.Person || g.Objects[object].Along
	n := g.Add(Node{ID: root.ID, Object: object, Stamp: root.Stamp, Along: along})
	g.Nodes[n].Root = true
	return n
}
