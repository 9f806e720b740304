package change

import (
	"catchment/internal/fakeorg/store"
)

// A person account is an Account with a last name: it has a Contact of its
// own, which follows it in everything.

// personSlots are where an object keeps what makes it a person; ok only for
// Account in an org that has person accounts.
func personSlots(o *store.Object) (flag, contact int, ok bool) {
	flag, contact = o.Slot("IsPersonAccount"), o.Slot("PersonContactId")
	return flag, contact, flag >= 0 && contact >= 0
}

// personValues are the fields of a person's Contact, from those of its Account.
func personValues(account, contact *store.Object, r *store.Record) map[int]string {
	return map[int]string{
		contact.Slot("FirstName"): r.Values[account.Sys.First],
		contact.Slot("LastName"):  r.Values[account.Sys.Last],
		contact.Slot("Email"):     r.Values[account.Slot("PersonEmail")],
	}
}

// bearPerson gives a new Account with a last name its Contact.
func bearPerson(e *Edit, obj *store.Object, id string, r *store.Record) error {
	flag, at, ok := personSlots(obj)
	contacts, there := e.store.Catalog().Find("Contact")
	if !ok || !there || r.Values[obj.Sys.Last] == "" {
		return nil
	}
	values := personValues(obj, contacts, r)
	values[contacts.Slot("AccountId")] = id
	contact, err := e.Insert(contacts, values)
	r.Values[flag], r.Values[at] = "true", contact
	return err
}

// mirrorPerson carries a change of a person account over to its Contact.
func mirrorPerson(e *Edit, obj *store.Object, r *store.Record) error {
	_, at, ok := personSlots(obj)
	contacts, there := e.store.Catalog().Find("Contact")
	if !ok || !there || r.Values[at] == "" {
		return nil
	}
	return e.Change(contacts, r.Values[at], personValues(obj, contacts, r))
}

// personOf returns the Contact of a person account, in whatever state it is.
func personOf(e *Edit, account *store.Row) (*store.Row, bool) {
	_, at, ok := personSlots(account.Object)
	contacts, there := e.store.Catalog().Find("Contact")
	if !ok || !there || account.Text(at) == "" {
		return nil, false
	}
	contact, err := e.find(contacts, account.Text(at))
	return contact, err == nil
}
