package change

import (
	"cmp"
	"slices"
	"strings"

	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
)

// A Trigger does what the org's own code does with records: it refuses a change,
// or deletes other records. It sees what clients change, one record at a time; as
// in Salesforce, not what goes along with a parent.
type Trigger struct {
	Object string `json:"object"`
	On     Event  `json:"on"`

	// Refuse says why the change is refused; the code is FIELD_CUSTOM_VALIDATION_EXCEPTION
	// where Code has none.
	Refuse string `json:"refuse"`
	Code   string `json:"code"`
	// Deletes are lookups, such as Invoice__c.Account__c: the records whose lookup
	// points to one that is deleted are deleted before it, each by itself.
	Deletes []string `json:"deletes"`
}

// An Event is when a trigger fires.
type Event string

const (
	onInsert   Event = "insert"
	onUpdate   Event = "update"
	onDelete   Event = "delete"
	onUndelete Event = "undelete"
)

// SetTriggers puts these in the place of all that there are.
func (l *Ledger) SetTriggers(all []Trigger) error {
	for _, t := range all {
		if _, ok := l.Store.Catalog().Find(t.Object); !ok {
			return reply.NoObject(t.Object)
		}
		if !slices.Contains([]Event{onInsert, onUpdate, onDelete, onUndelete}, t.On) {
			return reply.Bad("INVALID_ARGUMENT_TYPE", "on must be insert, update, delete or undelete, not %q", t.On)
		}
		if len(t.Deletes) > 0 && t.On != onDelete {
			return reply.Bad("INVALID_ARGUMENT_TYPE", "only a trigger on delete deletes more")
		}
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	l.triggers = slices.Clone(all)
	return nil
}

// fires does what the triggers on a change of a record do; on an insert the record
// is none yet.
func fires(e *Edit, on Event, r *store.Row) error {
	for _, t := range e.ledger.triggers {
		if t.On != on || !strings.EqualFold(t.Object, r.Object.Name()) {
			continue
		}
		if t.Refuse != "" {
			return reply.Bad(cmp.Or(t.Code, "FIELD_CUSTOM_VALIDATION_EXCEPTION"), "%s", t.Refuse)
		}
		for _, lookup := range t.Deletes {
			if err := deleteMore(e, lookup, r.Text(r.Object.Sys.ID)); err != nil {
				return err
			}
		}
	}
	return nil
}

// deleteMore deletes the records whose lookup has this Id.
func deleteMore(e *Edit, lookup, id string) error {
	object, field, _ := strings.Cut(lookup, ".")
	obj, ok := e.store.Catalog().Find(object)
	if !ok {
		return reply.NoObject(object)
	}
	at := obj.Slot(field)
	if at < 0 {
		return obj.NoColumn(field)
	}
	for _, place := range e.pointing(obj, at, id) {
		child := e.row(obj, place)
		if child.Deleted() {
			continue
		}
		if err := e.Remove(obj, child.Text(obj.Sys.ID)); err != nil {
			return err
		}
	}
	return nil
}
