package change

import (
	"errors"
	"slices"
	"time"
)

// A Transaction is changes that become visible together. Its records are
// stamped when they are written, and seen when it commits: so a record can
// appear behind a reader that has asked for everything up to now. Until it
// ends, latestDateCovered stays where it began, and nobody else may write the
// records that it wrote.
type Transaction struct {
	ledger *Ledger
	edit   *Edit
	id     string
	began  time.Time
}

var errEnded = errors.New("the transaction has ended")

// ID names the transaction for the header Org-Transaction of a request.
func (t *Transaction) ID() string { return t.id }

// Commit makes everything visible at once.
func (t *Transaction) Commit() error { return t.end((*Edit).commit) }

// Rollback undoes everything. The Ids of records that were created are lost.
func (t *Transaction) Rollback() error { return t.end((*Edit).release) }

func (t *Transaction) end(how func(*Edit)) error {
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
func (t *Transaction) do(change func(*Edit) error) error {
	t.ledger.writing.Lock()
	defer t.ledger.writing.Unlock()
	if !slices.Contains(t.ledger.open, t) {
		return errEnded
	}
	return t.edit.Try(func(e *Edit) error { return whole(e, change) })
}

// Create writes a record with the values of its fields, as JSON would have
// them, and returns its Id.
func (t *Transaction) Create(object string, values map[string]any) (id string, err error) {
	err = t.do(func(e *Edit) error {
		id, err = e.CreateNamed(object, values)
		return err
	})
	return id, err
}

// Update changes fields of a record.
func (t *Transaction) Update(id string, values map[string]any) error {
	return t.do(func(e *Edit) error { return e.UpdateNamed(id, values) })
}

// Delete puts records into the recycle bin.
func (t *Transaction) Delete(ids ...string) error {
	return t.do(func(e *Edit) error { return e.Each(ids, e.Remove) })
}
