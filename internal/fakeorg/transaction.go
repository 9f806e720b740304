package fakeorg

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A Transaction is changes that become visible together. Its records are
// stamped when they are written, and seen when it commits: so a record can
// appear behind a reader that has asked for everything up to now. Until it
// ends, latestDateCovered stays where it began, and nobody else may write the
// records that it wrote.
type Transaction struct {
	ledger *ledger
	edit   *edit
	id     string
	began  time.Time
}

var errEnded = errors.New("the transaction has ended")

// ID names the transaction for the header Org-Transaction of a request.
func (t *Transaction) ID() string { return t.id }

// Commit makes everything visible at once.
func (t *Transaction) Commit() error { return t.end((*edit).commit) }

// Rollback undoes everything. The Ids of records that were created are lost.
func (t *Transaction) Rollback() error { return t.end((*edit).release) }

func (t *Transaction) end(how func(*edit)) error {
	l := t.ledger
	l.writing.Lock()
	defer l.writing.Unlock()
	at := slices.Index(l.open, t)
	if at < 0 {
		return errEnded
	}
	l.open = slices.Delete(l.open, at, at+1)
	how(t.edit)
	return nil
}

// do makes a change within an open transaction.
func (t *Transaction) do(change func(*edit) error) error {
	t.ledger.writing.Lock()
	defer t.ledger.writing.Unlock()
	if !slices.Contains(t.ledger.open, t) {
		return errEnded
	}
	return t.edit.try(change)
}

// Create writes a record with the values of its fields, as JSON would have
// them, and returns its Id.
func (t *Transaction) Create(object string, values map[string]any) (id string, err error) {
	err = t.do(func(e *edit) error {
		id, err = e.createNamed(object, values)
		return err
	})
	return id, err
}

// Update changes fields of a record.
func (t *Transaction) Update(id string, values map[string]any) error {
	return t.do(func(e *edit) error { return e.updateNamed(id, values) })
}

// Delete puts records into the recycle bin.
func (t *Transaction) Delete(ids ...string) error {
	return t.do(func(e *edit) error { return e.each(ids, e.remove) })
}

// createNamed is create for values as Go has them.
func (e *edit) createNamed(object string, values map[string]any) (string, error) {
	obj, ok := e.store.object(object)
	if !ok {
		return "", noObject(object)
	}
	given, err := raw(values)
	if err != nil {
		return "", err
	}
	return e.create(obj, given)
}

// updateNamed is update for values as Go has them.
func (e *edit) updateNamed(id string, values map[string]any) error {
	obj, full, err := e.store.objectOf(id)
	if err != nil {
		return err
	}
	given, err := raw(values)
	if err != nil {
		return err
	}
	return e.update(obj, full, given)
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
