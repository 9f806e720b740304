package fakeorg

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// A Transaction is changes that become visible together. Its records are
// stamped when they are written, and seen when it commits: so a record can
// appear behind a reader that has asked for everything up to now. Until it
// ends, latestDateCovered stays where it began, and nobody else may write the
// records that it wrote.
type Transaction struct {
	org      *Org
	id       string
	began    time.Time
	writes   []write        // in the order of each record's first write
	at       map[rowKey]int // where in writes a record is
	replaced []write        // what was written before, and written over
}

// rowKey names a record whatever becomes of its object's description.
type rowKey struct {
	history *history
	place   int
}

// A write is the newest version of a record that isn't visible yet.
type write struct {
	key    rowKey
	obj    *object
	record *record
}

var errEnded = errors.New("the transaction has ended")

// Begin begins a transaction at the org's present time.
func (o *Org) Begin() *Transaction {
	o.writing.Lock()
	defer o.writing.Unlock()
	o.begun++
	t := o.newTransaction()
	t.id = makeID("0tx", o.begun)
	o.open = append(o.open, t)
	return t
}

func (o *Org) newTransaction() *Transaction {
	return &Transaction{org: o, began: o.clock.Now(), at: map[rowKey]int{}}
}

// ID names the transaction for the header Org-Transaction of a request.
func (t *Transaction) ID() string { return t.id }

// Commit makes everything visible at once.
func (t *Transaction) Commit() error { return t.end((*Transaction).commit) }

// Rollback undoes everything. The Ids of records that were created are lost.
func (t *Transaction) Rollback() error { return t.end((*Transaction).release) }

func (t *Transaction) end(how func(*Transaction)) error {
	o := t.org
	o.writing.Lock()
	defer o.writing.Unlock()
	at := slices.Index(o.open, t)
	if at < 0 {
		return errEnded
	}
	o.open = slices.Delete(o.open, at, at+1)
	how(t)
	return nil
}

// commit is Commit with Org.writing held. Jobs whose time has come before it
// read without it.
func (t *Transaction) commit() {
	o := t.org
	o.startJobs()
	o.mu.Lock()
	o.commit++
	for _, w := range t.writes {
		w.key.history.put(o.commit, w.key.place, w.record)
	}
	o.mu.Unlock()
	for _, w := range t.writes {
		if w.record.deletedAt != "" && !w.record.purged {
			o.aging = append(o.aging, binned{w.obj, w.key.place, w.record.deletedAt})
		}
	}
	t.release()
}

func (t *Transaction) release() {
	for _, w := range t.writes {
		delete(t.org.locks, w.key)
	}
	t.writes = nil
}

// write makes one change and commits it; a change that fails leaves nothing.
func (o *Org) write(do func(*Transaction) error) error {
	o.writing.Lock()
	defer o.writing.Unlock()
	t := o.newTransaction()
	if err := do(t); err != nil {
		t.release()
		return err
	}
	t.commit()
	return nil
}

// do makes a change within an open transaction.
func (t *Transaction) do(change func(*Transaction) error) error {
	t.org.writing.Lock()
	defer t.org.writing.Unlock()
	if !slices.Contains(t.org.open, t) {
		return errEnded
	}
	return t.try(change)
}

// try takes back what a change wrote where it fails half-way.
func (t *Transaction) try(change func(*Transaction) error) error {
	made, replaced := len(t.writes), len(t.replaced)
	err := change(t)
	if err == nil {
		return nil
	}
	for _, old := range slices.Backward(t.replaced[replaced:]) {
		t.writes[t.at[old.key]].record = old.record
	}
	for _, w := range t.writes[made:] {
		delete(t.org.locks, w.key)
		delete(t.at, w.key)
	}
	t.writes, t.replaced = t.writes[:made], t.replaced[:replaced]
	return err
}

// put writes the newest version of a record. A record that another
// transaction has written is locked until that ends.
func (t *Transaction) put(obj *object, place int, r *record) error {
	key := rowKey{obj.history, place}
	if owner := t.org.locks[key]; owner != nil && owner != t {
		return refuse(http.StatusBadRequest, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records: %s", r.values[obj.sys.id])
	}
	t.org.locks[key] = t
	if at, ok := t.at[key]; ok {
		t.replaced = append(t.replaced, t.writes[at])
		t.writes[at].record = r
		return nil
	}
	t.at[key] = len(t.writes)
	t.writes = append(t.writes, write{key, obj, r})
	return nil
}

// row returns a record as the transaction sees it.
func (t *Transaction) row(obj *object, place int) *row {
	r := &row{snap: t.org.now(), obj: obj}
	r.move(place)
	if at, ok := t.at[rowKey{obj.history, place}]; ok {
		r.record = t.writes[at].record
	}
	return r
}

// find returns the record of an Id, or why there is none to be written.
func (t *Transaction) find(obj *object, id string) (*row, error) {
	t.org.mu.RLock()
	place := obj.number(id)
	t.org.mu.RUnlock()
	if place < 0 {
		return nil, notFound()
	}
	r := t.row(obj, place)
	switch {
	case r.record == nil || !r.record.gone():
		return r, nil
	case r.record.hidden || r.record == absent:
		return nil, notFound()
	}
	return nil, entityIsDeleted()
}

// openSince is when the oldest open transaction began.
func (o *Org) openSince() (began time.Time, any bool) {
	o.writing.Lock()
	defer o.writing.Unlock()
	for _, t := range o.open {
		if !any || t.began.Before(began) {
			began, any = t.began, true
		}
	}
	return began, any
}

// Create writes a record with the values of its fields, as JSON would have
// them, and returns its Id.
func (t *Transaction) Create(object string, values map[string]any) (id string, err error) {
	err = t.do(func(t *Transaction) error {
		id, err = t.createNamed(object, values)
		return err
	})
	return id, err
}

// Update changes fields of a record.
func (t *Transaction) Update(id string, values map[string]any) error {
	return t.do(func(t *Transaction) error { return t.updateNamed(id, values) })
}

// Delete puts records into the recycle bin.
func (t *Transaction) Delete(ids ...string) error {
	return t.do(func(t *Transaction) error { return t.each(ids, t.remove) })
}

// Create is Transaction.Create, committed at once.
func (o *Org) Create(object string, values map[string]any) (id string, err error) {
	err = o.write(func(t *Transaction) error {
		id, err = t.createNamed(object, values)
		return err
	})
	return id, err
}

// Update is Transaction.Update, committed at once.
func (o *Org) Update(id string, values map[string]any) error {
	return o.write(func(t *Transaction) error { return t.updateNamed(id, values) })
}

func (t *Transaction) createNamed(object string, values map[string]any) (string, error) {
	obj, ok := t.org.object(object)
	if !ok {
		return "", noObject(object)
	}
	given, err := raw(values)
	if err != nil {
		return "", err
	}
	return t.create(obj, given)
}

func (t *Transaction) updateNamed(id string, values map[string]any) error {
	obj, full, err := t.org.objectOf(id)
	if err != nil {
		return err
	}
	given, err := raw(values)
	if err != nil {
		return err
	}
	return t.update(obj, full, given)
}

// raw brings values into the form in which a request has them.
func raw(values map[string]any) (map[string]json.RawMessage, error) {
	given := map[string]json.RawMessage{}
	for name, value := range values {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", name, err)
		}
		given[name] = text
	}
	return given, nil
}
