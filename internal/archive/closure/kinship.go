package closure

import (
	"slices"
	"strings"

	"catchment/internal/schema"
)

// An Effect is what the delete of a record does to those that point to it.
type Effect string

// The effects of a relationship.
const (
	Takes   Effect = "takes"   // they are deleted along
	Forbids Effect = "forbids" // as long as they are there, it can't be deleted
	Empties Effect = "empties" // they stay, and their lookup is emptied
)

// A Relation is a relationship between two objects. Many of Salesforce's have no name, so that
// child and field tell one from the other.
type Relation struct {
	Parent, Child, Field string
	Effect               Effect
}

// String is the relation as people write it.
func (r Relation) String() string { return r.Child + "." + r.Field }

// Kinship lists the relations of an object by which its records' deletes do something, in order
// of child and field. Left out are objects without records of their own, and names that no query
// may bear.
func Kinship(o schema.Object) []Relation {
	var all []Relation
	seen := map[string]bool{}
	for _, c := range o.Children {
		r := Relation{Parent: o.Name, Child: c.Object, Field: c.Field, Effect: Empties}
		switch {
		case c.Cascade:
			r.Effect = Takes
		case c.Restricted:
			r.Effect = Forbids
		}
		named := schema.IsName(c.Object) && schema.IsName(c.Field)
		if !named || c.Deprecated || recordless(c.Object) || byAnother(r) || seen[r.String()] {
			continue
		}
		seen[r.String()] = true
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b Relation) int { return strings.Compare(a.String(), b.String()) })
	return all
}

// recordless tells whether an object has no records of its own that a delete could touch: an event
// is said once, and a view shows records of other objects, which have relations of their own (Object
// Reference). Big objects' records stay whatever becomes of their parents.
func recordless(object string) bool {
	views := []string{
		"AcceptedEventRelation", "ActivityHistory", "AttachedContentDocument", "AttachedContentNote",
		"CombinedAttachment", "DeclinedEventRelation", "LookedUpFromActivity", "NoteAndAttachment", "OpenActivity",
		"OwnedContentDocument", "ProcessInstanceHistory", "UndecidedEventRelation",
	}
	isEvent := strings.HasSuffix(object, "Event") && object != "Event" || strings.HasSuffix(object, "__e")
	return isEvent || slices.Contains(views, object) || (&schema.Object{Name: object}).Big()
}

// byAnother tells whether records hang on others by a relation of their own: comments of a feed go with what they
// comment on, whatever becomes of the record that it is about.
func byAnother(r Relation) bool { return r.Child == "FeedComment" && r.Effect == Empties }

// Names of objects that behave unlike others.
const (
	Document = "ContentDocument"
	Version  = "ContentVersion"
	Link     = "ContentDocumentLink"
)

// along tells whether records of an object go with their parents and are never deleted by
// themselves: what only Salesforce writes, as histories; shares, of which it keeps those of owners
// and parents; and what a document consists of. A delete of its last link would take the document.
func along(o schema.Object) bool {
	switch {
	case o.Name == Version, o.Name == Link:
		return true
	case strings.HasSuffix(o.Name, "Share"), strings.HasSuffix(o.Name, "Feed"):
		return true
	}
	return !o.Deletable && !o.Createable
}

// stuck tells whether records of an object stand against the delete of their parents: this user
// could make them, and may not delete them (SOAP API Developer Guide, delete).
func stuck(o schema.Object) bool { return !o.Deletable && !along(o) }

// stampOf names the field that tells when a record was changed last, or made; "" for none.
func stampOf(o schema.Object) string {
	if c := o.Cursor().Field; c != "" {
		return c
	}
	return o.Born()
}
