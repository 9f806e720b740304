package change

import (
	"cmp"
	"slices"
	"strings"

	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
)

// What a delete takes along, what it leaves behind, and what stands against it.
// "To ensure referential integrity, the delete() call supports cascading
// deletions": children go with their parent, "as long as each child object can
// be deleted" (SOAP API Developer Guide, delete).

// A fall is what happens when one record is deleted.
type fall struct {
	edit    *Edit
	doomed  []*store.Row         // the record, then what goes because of it
	by      map[store.Key]string // the parent because of which each of them goes
	cleared []loose              // lookups of others that are emptied
	holders []held               // records that stand against it
}

// loose is a lookup of a record that stays, to one that goes.
type loose struct {
	child  *store.Row
	field  int
	parent store.Key
}

// held is a record that another can't be deleted without.
type held struct{ parent, child *store.Row }

// Delete is Remove as a client asks for it: of objects that describe calls deletable.
func (e *Edit) Delete(obj *store.Object, id string) error {
	if !obj.About.Deletable {
		return reply.Bad("INSUFFICIENT_ACCESS_OR_READONLY", "entity type cannot be deleted: %s", obj.Name())
	}
	return e.Remove(obj, id)
}

// Remove puts a record into the recycle bin with all that goes with it, and
// empties the lookups of others to them. It fails where something stands against it.
func (e *Edit) Remove(obj *store.Object, id string) error {
	old, err := e.find(obj, id)
	switch {
	case err != nil:
		return err
	case old.Deleted():
		return reply.EntityIsDeleted()
	}
	if err := fires(e, onDelete, old); err != nil {
		return err
	}
	f := &fall{edit: e, by: map[store.Key]string{}}
	if old = e.row(obj, old.Place); old.Deleted() { // a trigger has done it
		return nil
	}
	if err := f.spread(old); err != nil {
		return err
	}
	f.look()
	if err := f.refusal(); err != nil {
		return err
	}
	return f.land()
}

// spread finds what goes with a record, and with that.
func (f *fall) spread(root *store.Row) error {
	e := f.edit
	f.doom(root, "")
	for i := 0; i < len(f.doomed); i++ {
		parent := f.doomed[i]
		id := parent.Text(parent.Object.Sys.ID)
		if contact, ok := personOf(e, parent); ok {
			f.doom(contact, id)
		}
		for _, r := range e.store.Catalog().Relations(parent.Object) {
			if !r.Cascades {
				continue
			}
			for _, place := range e.pointing(r.Child, r.Field, id) {
				f.doom(e.row(r.Child, place), id)
			}
		}
		if along := e.along + len(f.doomed) - 1; along >= e.ledger.rules.MostAlong {
			return reply.Bad("DELETE_OPERATION_TOO_LARGE",
				"delete operation too large: %d or more records can't be deleted along with others",
				e.ledger.rules.MostAlong)
		}
	}
	e.along += len(f.doomed) - 1
	return nil
}

// doom adds a record to those that go, once.
func (f *fall) doom(r *store.Row, by string) {
	key := r.Object.Key(r.Place)
	if _, there := f.by[key]; there || r.Deleted() {
		return
	}
	f.by[key] = by
	f.doomed = append(f.doomed, r)
}

// look finds those who point to what goes, and stay.
func (f *fall) look() {
	for _, parent := range f.doomed {
		id := parent.Text(parent.Object.Sys.ID)
		for _, r := range f.edit.store.Catalog().Relations(parent.Object) {
			if r.Cascades || !r.Restrict && !clears(r) {
				continue
			}
			for _, place := range f.edit.pointing(r.Child, r.Field, id) {
				child := f.edit.row(r.Child, place)
				if _, goes := f.by[r.Child.Key(place)]; goes || child.Deleted() {
					continue
				}
				if r.Restrict {
					f.holders = append(f.holders, held{parent, child})
				} else {
					f.cleared = append(f.cleared, loose{child, r.Field, parent.Object.Key(parent.Place)})
				}
			}
		}
	}
}

// clears tells whether a lookup is emptied when its parent goes: neither one that
// can't be empty, nor one by which the org itself holds two records together.
func clears(r store.Relation) bool {
	s := r.Child.Slots[r.Field]
	return s.Nillable && s.Formula == nil && r.Field != r.Child.Sys.Master && s.Name != "PersonContactId"
}

// refusal says why the record can't be deleted, or nothing.
func (f *fall) refusal() error {
	for i, r := range f.doomed {
		about := r.Object.About
		switch {
		case r.Record != nil && r.Record.Locked:
			return locked()
		case i > 0 && about.Createable && !about.Deletable && about.Undeletable:
			// What only Salesforce writes goes along silently, and so does what is neither deleted nor
			// undeleted by itself: a version of a document.
			f.holders = append(f.holders, held{f.doomed[0], r})
		}
	}
	if len(f.holders) == 0 {
		return nil
	}
	return reply.Bad("DELETE_FAILED", "%s", f.complaint())
}

func locked() error { return reply.Bad("ENTITY_IS_LOCKED", "entity is locked for editing") }

// namedHolders are how many of the records that stand against a delete are named.
const namedHolders = 5

// complaint names the records that stand against the first of those that can't go.
func (f *fall) complaint() string {
	parent, first := f.holders[0].parent, f.holders[0].child
	var names []string
	for _, h := range f.holders {
		if h.parent == parent && h.child.Object.Same(first.Object) && len(names) < namedHolders {
			names = append(names, nameOf(h.child))
		}
	}
	return "Your attempt to delete " + nameOf(parent) + " could not be completed because it is associated with the " +
		"following " + strings.ToLower(string(first.Object.About.LabelPlural)) + ".: " + strings.Join(names, ", ")
}

// nameOf is what a record is known by, or its Id.
func nameOf(r *store.Row) string {
	return cmp.Or(r.Text(r.Object.Sys.Shown), r.Text(r.Object.Sys.ID))
}

// land writes it all.
func (f *fall) land() error {
	e := f.edit
	ties := map[store.Key][]store.Tie{}
	for _, l := range f.cleared {
		if comesBack(l.child.Object, l.field) {
			ties[l.parent] = append(ties[l.parent], store.Tie{
				Object: l.child.Object.Name(), Place: l.child.Place, Field: l.field,
			})
		}
	}
	for i, r := range f.doomed {
		key := r.Object.Key(r.Place)
		err := e.turnRow(r, func(next *store.Record) error {
			next.DeletedAt, next.DeletedBy, next.Ties = e.now(), f.by[key], ties[key]
			next.Set(r.Object.Sys.Deleted, "true")
			if i == 0 || !e.ledger.rules.QuietCascades {
				e.stamp(r.Object, next)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, l := range f.cleared {
		child := e.row(l.child.Object, l.child.Place) // another lookup of it may have been emptied before
		err := e.turnRow(child, func(next *store.Record) error {
			next.Values[l.field] = ""
			e.clearStamp(child.Object, next)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// comesBack tells whether an undelete fills a lookup again that the delete has
// emptied: "Deleting Records" (Apex Developer Guide) lists these, and all custom ones.
func comesBack(child *store.Object, field int) bool {
	name := child.Slots[field].Name
	listed := []string{
		"Account.ParentId", "Case.ParentId", "Contact.ReportsToId", "Asset.Product2Id", "Quote.OpportunityId",
	}
	return strings.HasSuffix(name, "__c") || slices.Contains(listed, child.Name()+"."+name)
}

// clearStamp stamps a record of which the org itself has emptied a lookup, or
// filled it again. No guide says that it does: the help article on SystemModstamp
// (000387261) has it move with what the system does, LastModifiedDate doesn't.
func (e *Edit) clearStamp(obj *store.Object, r *store.Record) {
	if !e.ledger.rules.QuietClears {
		r.Set(obj.Sys.Stamp, e.now())
	}
}
