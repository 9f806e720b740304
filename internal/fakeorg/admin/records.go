package admin

import (
	"catchment/internal/fakeorg/change"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/reply"
)

// Records changes records as somebody does who is on the spot: by methods
// that Salesforce has no API for, and by those that it has, without HTTP.
type Records struct {
	ledger *change.Ledger
	user   string // who changes them; empty: who every session belongs to
}

// NewRecords makes the records that a ledger changes changeable by methods.
func NewRecords(l *change.Ledger) *Records { return &Records{ledger: l} }

// By is the same records, changed by another user: the Id of one stands in what he changes.
func (r *Records) By(user string) *Records { return &Records{ledger: r.ledger, user: user} }

// write makes a change and commits it.
func (r *Records) write(do func(*change.Edit) error) error {
	return r.ledger.Write(func(e *change.Edit) error {
		e.By(r.user)
		return do(e)
	})
}

// Begin begins a transaction at the org's present time.
func (r *Records) Begin() *change.Transaction { return r.ledger.Begin() }

// Create is Transaction.Create, committed at once.
func (r *Records) Create(object string, values map[string]any) (id string, err error) {
	err = r.write(func(e *change.Edit) error {
		id, err = e.CreateNamed(object, values)
		return err
	})
	return id, err
}

// Update is Transaction.Update, committed at once.
func (r *Records) Update(id string, values map[string]any) error {
	return r.write(func(e *change.Edit) error { return e.UpdateNamed(id, values) })
}

// Delete puts records into the recycle bin, and their children with them
// where the lookup cascades; where it restricts, it is refused. Other lookups to
// them are emptied.
func (r *Records) Delete(ids ...string) error {
	return r.write(func(e *change.Edit) error { return e.Each(ids, e.Remove) })
}

// Undelete takes records out of the recycle bin again, with the children that
// went there because of them and most of the lookups that were emptied; only
// SystemModstamp tells of it.
func (r *Records) Undelete(ids ...string) error {
	return r.write(func(e *change.Edit) error { return e.Each(ids, e.Restore) })
}

// Purge removes records for good, whether they were in the recycle bin or not;
// without Ids it empties the bin. Only getDeleted still knows of them.
func (r *Records) Purge(ids ...string) error {
	if len(ids) == 0 {
		ids = r.ledger.Bin()
	}
	return r.write(func(e *change.Edit) error { return e.Each(ids, e.Purge) })
}

// Merge merges up to two records into a third: their children become the
// master's, and they go to the recycle bin with MasterRecordId set.
func (r *Records) Merge(master string, losers ...string) error {
	return r.write(func(e *change.Edit) error { return e.Merge(master, losers) })
}

// Record adds a record as Salesforce itself does: also to an object that no API
// writes. What it doesn't say is null, or what the org fills in.
func (r *Records) Record(object string, values map[string]string) (id string, err error) {
	obj, ok := r.ledger.Store.Object(object)
	if !ok {
		return "", reply.NoObject(object)
	}
	at := map[int]string{}
	for name, value := range values {
		slot := obj.Slot(name)
		if slot < 0 {
			return "", obj.NoColumn(name)
		}
		at[slot] = value
	}
	if slot := obj.Slot("LoginTime"); slot >= 0 && at[slot] == "" {
		at[slot] = orgtime.Stamp(r.ledger.Clock.Now())
	}
	err = r.write(func(e *change.Edit) error {
		id, err = e.Insert(obj, at)
		return err
	})
	return id, err
}

// Drift gives a field another value and leaves every stamp alone, as formulas,
// roll-ups and some standard fields do.
func (r *Records) Drift(id, field, value string) error {
	return r.write(func(e *change.Edit) error { return e.Drift(id, field, value) })
}

// Touch moves SystemModstamp and nothing else, as processes of the system do.
func (r *Records) Touch(ids ...string) error {
	return r.write(func(e *change.Edit) error { return e.Each(ids, e.Touch) })
}

// Archive archives activities: query leaves them out from then on, queryAll
// doesn't, and no stamp tells of it.
func (r *Records) Archive(ids ...string) error {
	for _, id := range ids {
		if err := r.Drift(id, "IsArchived", "true"); err != nil {
			return err
		}
	}
	return nil
}

// HideRecord takes records out of the user's sight, as a change of sharing
// does: they are gone everywhere, and no delete log has them.
func (r *Records) HideRecord(ids ...string) error { return r.veil(ids, true) }

// ShowRecord lets the user see hidden records again, with the stamps that
// they had.
func (r *Records) ShowRecord(ids ...string) error { return r.veil(ids, false) }

// Lock takes records into an approval: nobody changes or deletes them.
func (r *Records) Lock(ids ...string) error { return r.lock(ids, true) }

// Unlock takes records out of an approval.
func (r *Records) Unlock(ids ...string) error { return r.lock(ids, false) }

func (r *Records) lock(ids []string, locked bool) error {
	for _, id := range ids {
		if err := r.write(func(e *change.Edit) error { return e.Lock(id, locked) }); err != nil {
			return err
		}
	}
	return nil
}

// SetTriggers gives the org code of its own that refuses changes or deletes more,
// in the place of what it had.
func (r *Records) SetTriggers(all ...change.Trigger) error { return r.ledger.SetTriggers(all) }

func (r *Records) veil(ids []string, hidden bool) error {
	for _, id := range ids {
		if err := r.write(func(e *change.Edit) error { return e.Veil(id, hidden) }); err != nil {
			return err
		}
	}
	return nil
}
