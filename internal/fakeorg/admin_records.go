package fakeorg

// recordAdmin changes records as somebody does who is on the spot: by methods
// that Salesforce has no API for, and by those that it has, without HTTP.
type recordAdmin struct{ ledger *ledger }

func newRecordAdmin(l *ledger) *recordAdmin { return &recordAdmin{l} }

// Begin begins a transaction at the org's present time.
func (r *recordAdmin) Begin() *Transaction { return r.ledger.Begin() }

// Create is Transaction.Create, committed at once.
func (r *recordAdmin) Create(object string, values map[string]any) (id string, err error) {
	err = r.ledger.write(func(e *edit) error {
		id, err = e.createNamed(object, values)
		return err
	})
	return id, err
}

// Update is Transaction.Update, committed at once.
func (r *recordAdmin) Update(id string, values map[string]any) error {
	return r.ledger.write(func(e *edit) error { return e.updateNamed(id, values) })
}

// Delete puts records into the recycle bin, and their children with them
// where the lookup cascades.
func (r *recordAdmin) Delete(ids ...string) error {
	return r.ledger.write(func(e *edit) error { return e.each(ids, e.remove) })
}

// Undelete takes records out of the recycle bin again, with the children that
// went there because of them; only SystemModstamp tells of it.
func (r *recordAdmin) Undelete(ids ...string) error {
	return r.ledger.write(func(e *edit) error { return e.each(ids, e.restore) })
}

// Purge removes records for good, whether they were in the recycle bin or not;
// without Ids it empties the bin. Only getDeleted still knows of them.
func (r *recordAdmin) Purge(ids ...string) error {
	if len(ids) == 0 {
		ids = r.ledger.bin()
	}
	return r.ledger.write(func(e *edit) error { return e.each(ids, e.purge) })
}

// Merge merges up to two records into a third: their children become the
// master's, and they go to the recycle bin with MasterRecordId set.
func (r *recordAdmin) Merge(master string, losers ...string) error {
	return r.ledger.write(func(e *edit) error { return e.merge(master, losers) })
}

// Record adds a record as Salesforce itself does: also to an object that no API
// writes. What it doesn't say is null, or what the org fills in.
func (r *recordAdmin) Record(object string, values map[string]string) (id string, err error) {
	obj, ok := r.ledger.store.object(object)
	if !ok {
		return "", noObject(object)
	}
	at := map[int]string{}
	for name, value := range values {
		slot := obj.slot(name)
		if slot < 0 {
			return "", obj.noColumn(name)
		}
		at[slot] = value
	}
	if slot := obj.slot("LoginTime"); slot >= 0 && at[slot] == "" {
		at[slot] = stamp(r.ledger.clock.Now())
	}
	err = r.ledger.write(func(e *edit) error {
		id, err = e.insert(obj, at)
		return err
	})
	return id, err
}

// Drift gives a field another value and leaves every stamp alone, as formulas,
// roll-ups and some standard fields do.
func (r *recordAdmin) Drift(id, field, value string) error {
	return r.ledger.write(func(e *edit) error { return e.drift(id, field, value) })
}

// Touch moves SystemModstamp and nothing else, as processes of the system do.
func (r *recordAdmin) Touch(ids ...string) error {
	return r.ledger.write(func(e *edit) error { return e.each(ids, e.touch) })
}

// Archive archives activities: query leaves them out from then on, queryAll
// doesn't, and no stamp tells of it.
func (r *recordAdmin) Archive(ids ...string) error {
	for _, id := range ids {
		if err := r.Drift(id, "IsArchived", "true"); err != nil {
			return err
		}
	}
	return nil
}

// HideRecord takes records out of the user's sight, as a change of sharing
// does: they are gone everywhere, and no delete log has them.
func (r *recordAdmin) HideRecord(ids ...string) error { return r.veil(ids, true) }

// ShowRecord lets the user see hidden records again, with the stamps that
// they had.
func (r *recordAdmin) ShowRecord(ids ...string) error { return r.veil(ids, false) }

func (r *recordAdmin) veil(ids []string, hidden bool) error {
	for _, id := range ids {
		if err := r.ledger.write(func(e *edit) error { return e.veil(id, hidden) }); err != nil {
			return err
		}
	}
	return nil
}
