package change

import (
	"strings"

	"catchment/internal/fakeorg/store"
)

// A person account is an Account and a Contact of its own, which are one record to
// whoever looks at it: what is written to one is written to both, and both bear the
// same stamps (Change Data Capture Developer Guide, "Updating a Person Account"). They
// go and come back together.

// A twin is the half of a person account that another half belongs to, and where
// fields of that stand in it.
type twin struct {
	*store.Row
	fields [][2]int // position in the half that is written, and in the twin
}

// personSlots are where an object keeps what makes it a person; ok only for
// Account in an org that has person accounts.
func personSlots(o *store.Object) (flag, contact int, ok bool) {
	flag, contact = o.Slot("IsPersonAccount"), o.Slot("PersonContactId")
	return flag, contact, flag >= 0 && contact >= 0
}

// contactField is what the Contact of a person calls a field of its Account, or
// nothing where the field is the Account's alone.
func contactField(name string) string {
	switch name {
	case "FirstName", "LastName", "MiddleName", "Salutation", "Suffix", "OwnerId":
		return name
	case "PersonContactId":
		return ""
	}
	if stem, custom := strings.CutSuffix(name, "__pc"); custom {
		return stem + "__c"
	}
	field, _ := strings.CutPrefix(name, "Person")
	if field == name {
		return ""
	}
	return field
}

// shared are the fields that an Account and the Contact of a person have in common,
// by their positions in both.
func shared(account, contact *store.Object) [][2]int {
	var pairs [][2]int
	for at, s := range account.Slots {
		if s.Deleted || s.Formula != nil {
			continue
		}
		if field := contactField(s.Name); field != "" {
			if other := contact.Slot(field); other >= 0 && contact.Slots[other].Formula == nil {
				pairs = append(pairs, [2]int{at, other})
			}
		}
	}
	return pairs
}

// bearPerson gives a new Account with a last name its Contact.
func bearPerson(e *Edit, obj *store.Object, id string, r *store.Record) error {
	flag, at, ok := personSlots(obj)
	contacts, there := e.store.Catalog().Find("Contact")
	if !ok || !there || obj.Sys.Last < 0 || r.Values[obj.Sys.Last] == "" {
		return nil
	}
	r.Values[flag] = "true"
	values := map[int]string{}
	for _, pair := range shared(obj, contacts) {
		values[pair[1]] = r.Values[pair[0]]
	}
	for name, value := range map[string]string{"AccountId": id, "IsPersonAccount": "true"} {
		if at := contacts.Slot(name); at >= 0 {
			values[at] = value
		}
	}
	contact, err := e.Insert(contacts, values)
	r.Values[at] = contact
	return err
}

// twinOf finds the other half of a person account, in whatever state it is; false for
// every other record.
func (e *Edit) twinOf(r *store.Row) (twin, bool) {
	accounts, there := e.store.Catalog().Find("Account")
	contacts, both := e.store.Catalog().Find("Contact")
	if !there || !both {
		return twin{}, false
	}
	_, at, ok := personSlots(accounts)
	switch {
	case !ok:
		return twin{}, false
	case r.Object.Same(accounts):
		other, found := e.half(contacts, r.Text(at))
		return twin{other, shared(accounts, contacts)}, found
	case r.Object.Same(contacts):
		other, found := e.half(accounts, r.Text(contacts.Slot("AccountId")))
		if !found || other.Text(at) != r.Text(contacts.Sys.ID) {
			return twin{}, false
		}
		pairs := shared(accounts, contacts)
		for i, pair := range pairs {
			pairs[i] = [2]int{pair[1], pair[0]}
		}
		return twin{other, pairs}, true
	}
	return twin{}, false
}

// half finds a half by its Id, hidden from the user or not.
func (e *Edit) half(obj *store.Object, id string) (*store.Row, bool) {
	if id == "" {
		return nil, false
	}
	place := e.store.PlaceOf(obj, id)
	if place < 0 {
		return nil, false
	}
	r := e.row(obj, place)
	return r, !r.Unborn() && (r.Record == nil || !r.Record.Purged)
}

// mirror carries a change of half a person account over to the other half: the fields
// that it changed, and its stamps in any case.
func (e *Edit) mirror(old *store.Row, r *store.Record) error {
	other, ok := e.twinOf(old)
	if !ok || other.Deleted() {
		return nil
	}
	return e.turnRow(other.Row, func(next *store.Record) error {
		values := map[int]string{}
		for _, pair := range other.fields {
			if value := r.Values[pair[0]]; value != old.Text(pair[0]) {
				values[pair[1]] = value
			}
		}
		next.Apply(other.Object, values)
		e.stamp(other.Object, next)
		return e.track(other.Row, next)
	})
}

// personOf returns the Contact of a person account, in whatever state it is.
func personOf(e *Edit, account *store.Row) (*store.Row, bool) {
	if account.Object.Slot("PersonContactId") < 0 {
		return nil, false
	}
	contact, ok := e.twinOf(account)
	return contact.Row, ok
}
