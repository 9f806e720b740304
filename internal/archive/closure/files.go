package closure

import (
	"context"
	"fmt"
	"slices"

	"catchment/internal/lookup"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/soql"
)

// link notes the document of a link.
func (g *Graph) link(n int, record salesforce.Record) error {
	id, err := record.Text("ContentDocumentId")
	if err != nil {
		return err
	}
	if g.files[id] == nil {
		g.files[id] = &File{ID: id, Node: -1}
		g.Files = append(g.Files, g.files[id])
	}
	g.behind[n] = g.files[id]
	return nil
}

// Behind is the document of a link; nil for any other record.
func (g *Graph) Behind(n int) *File { return g.behind[n] }

// documents finds out what else the documents are linked to that are new in a graph, and adds those of
// which all is there.
func (r *Reader) documents(ctx context.Context, g *Graph) error {
	var unknown []*File
	for _, f := range g.Files {
		if f.Owner == "" {
			unknown = append(unknown, f)
		}
	}
	if err := r.owners(ctx, g, unknown); err != nil {
		return err
	}
	if err := r.links(ctx, g, unknown); err != nil {
		return err
	}
	if !r.Files {
		return nil
	}
	for _, f := range g.Files {
		if f.Node < 0 && g.All(f) {
			if err := r.addDocument(ctx, g, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// gone stands for the owner of a document that can't be seen, and so can't go.
const gone = "?"

// linksAtMost is how many links of one document are held; what has more is shared with something that stays.
const linksAtMost = 10_000

// Seen tells whether a document could be looked at.
func (f *File) Seen() bool { return f.Owner != gone }

// All tells whether all that a document is linked to is in the graph.
func (g *Graph) All(f *File) bool {
	return f.Seen() && !f.wide && !slices.ContainsFunc(f.On, func(id string) bool {
		_, ok := g.Find(id)
		return !ok
	})
}

// owners reads who owns documents.
func (r *Reader) owners(ctx context.Context, g *Graph, files []*File) error {
	if len(files) == 0 {
		return nil
	}
	at, err := r.object(ctx, g, Document)
	if err != nil {
		return err
	}
	o := g.Objects[at]
	f := lookup.Finder{Org: r.Org, Object: o.Object}
	var ids []string
	for _, file := range files {
		ids = append(ids, file.ID)
		file.Owner = gone
	}
	for record, err := range f.Records(ctx, ids, fieldsOf(*o, "OwnerId")) {
		if err != nil {
			return err
		}
		id, err := record.Text("Id")
		if err != nil {
			return err
		}
		file := g.files[id]
		deleted, err := isDeleted(*o, record)
		if err != nil || deleted || file == nil {
			return err
		}
		if file.Owner, err = record.Text("OwnerId"); err != nil {
			return err
		}
		node, err := nodeOf(o, record)
		if err != nil {
			return err
		}
		file.stamp = node.Stamp
	}
	return nil
}

// links reads what documents are linked to.
func (r *Reader) links(ctx context.Context, g *Graph, files []*File) error {
	if len(files) == 0 {
		return nil
	}
	at, err := r.object(ctx, g, Link)
	if err != nil {
		return err
	}
	q := soql.Select{From: Link, Fields: fieldsOf(*g.Objects[at], "ContentDocumentId"),
		Where: []soql.Condition{soql.In("ContentDocumentId", nil)}}
	for chunk := range slices.Chunk(files, lookup.PerQuery(len(q.String()))) {
		var ids []string
		for _, f := range chunk {
			ids = append(ids, f.ID)
		}
		q.Where[0] = soql.In("ContentDocumentId", ids)
		for record, err := range r.Org.Query(ctx, q.String(), true) {
			if err != nil {
				return fmt.Errorf("read the links of documents: %w", err)
			}
			if err := g.linked(*g.Objects[at], record); err != nil {
				return err
			}
		}
	}
	return nil
}

// linked notes one link of a document. That to its owner shares it with nobody.
func (g *Graph) linked(o Object, record salesforce.Record) error {
	deleted, err := isDeleted(o, record)
	if err != nil || deleted {
		return err
	}
	id, err := record.Text("ContentDocumentId")
	if err != nil {
		return err
	}
	to, err := record.Text("LinkedEntityId")
	if err != nil {
		return err
	}
	switch f := g.files[id]; {
	case f == nil:
	case to == f.Owner:
		f.Owned = true
	case len(f.On) == linksAtMost:
		f.wide = true
	case !slices.Contains(f.On, to):
		f.On = append(f.On, to)
	}
	return nil
}

// addDocument adds a document, which then is expanded like any record: its versions hang on it.
func (r *Reader) addDocument(ctx context.Context, g *Graph, f *File) error {
	object, err := r.object(ctx, g, Document)
	if err != nil {
		return err
	}
	if g.Weight() >= r.Most {
		return ErrTooMany
	}
	f.Node = g.Add(Node{ID: f.ID, Object: object, Stamp: f.stamp, Along: g.Objects[object].Along})
	for _, id := range f.On {
		parent, _ := g.Find(id)
		g.Lead(parent, f.Node, hangs(g.Of(parent).Name))
	}
	return nil
}

// hangs is the relation of a document to what it is linked to.
func hangs(parent string) Relation {
	return Relation{Parent: parent, Child: Document, Field: Link, Effect: Takes}
}
