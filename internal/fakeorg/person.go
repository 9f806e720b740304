package fakeorg

// A person account is an Account with a last name: it has a Contact of its
// own, which follows it in everything.

// personSlots are where an object keeps what makes it a person; ok only for
// Account in an org that has person accounts.
func (o *object) personSlots() (flag, contact int, ok bool) {
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
func (t *Transaction) bearPerson(obj *object, id string, r *record) error {
	flag, at, ok := obj.personSlots()
	contacts, there := t.org.catalog().find("Contact")
	if !ok || !there || r.values[obj.sys.last] == "" {
		return nil
	}
	values := personValues(obj, contacts, r)
	values[contacts.slot("AccountId")] = id
	contact, err := t.insert(contacts, values)
	r.values[flag], r.values[at] = "true", contact
	return err
}

// mirrorPerson carries a change of a person account over to its Contact.
func (t *Transaction) mirrorPerson(obj *object, r *record) error {
	_, at, ok := obj.personSlots()
	contacts, there := t.org.catalog().find("Contact")
	if !ok || !there || r.values[at] == "" {
		return nil
	}
	return t.change(contacts, r.values[at], personValues(obj, contacts, r))
}

// personOf returns the Contact of a person account, in whatever state it is.
func (t *Transaction) personOf(account *row) (*row, bool) {
	_, at, ok := account.obj.personSlots()
	contacts, there := t.org.catalog().find("Contact")
	if !ok || !there || account.text(at) == "" {
		return nil, false
	}
	contact, err := t.find(contacts, account.text(at))
	return contact, err == nil
}
