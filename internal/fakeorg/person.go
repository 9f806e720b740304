package fakeorg

// A person account is an Account with a last name: it has a Contact of its
// own, which follows it in everything.

// personSlots are where an object keeps what makes it a person; ok only for
// Account in an org that has person accounts.
func personSlots(o *object) (flag, contact int, ok bool) {
	flag, contact = o.slot("IsPersonAccount"), o.slot("PersonContactId")
	return flag, contact, flag >= 0 && contact >= 0
}

// personValues are the fields of a person's Contact, from those of its Account.
func personValues(account, contact *object, r *record) map[int]string {
	return map[int]string{
		contact.slot("FirstName"): r.values[account.sys.first],
		contact.slot("LastName"):  r.values[account.sys.last],
		contact.slot("Email"):     r.values[account.slot("PersonEmail")],
	}
}

// bearPerson gives a new Account with a last name its Contact.
func bearPerson(e *edit, obj *object, id string, r *record) error {
	flag, at, ok := personSlots(obj)
	contacts, there := e.store.catalog().find("Contact")
	if !ok || !there || r.values[obj.sys.last] == "" {
		return nil
	}
	values := personValues(obj, contacts, r)
	values[contacts.slot("AccountId")] = id
	contact, err := e.insert(contacts, values)
	r.values[flag], r.values[at] = "true", contact
	return err
}

// mirrorPerson carries a change of a person account over to its Contact.
func mirrorPerson(e *edit, obj *object, r *record) error {
	_, at, ok := personSlots(obj)
	contacts, there := e.store.catalog().find("Contact")
	if !ok || !there || r.values[at] == "" {
		return nil
	}
	return e.change(contacts, r.values[at], personValues(obj, contacts, r))
}

// personOf returns the Contact of a person account, in whatever state it is.
func personOf(e *edit, account *row) (*row, bool) {
	_, at, ok := personSlots(account.obj)
	contacts, there := e.store.catalog().find("Contact")
	if !ok || !there || account.text(at) == "" {
		return nil, false
	}
	contact, err := e.find(contacts, account.text(at))
	return contact, err == nil
}
