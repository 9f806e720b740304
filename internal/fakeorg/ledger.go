package fakeorg

import (
	"net/http"
	"sync"
	"time"
)

// rules are what an org makes of a change where orgs differ.
type rules struct {
	SetAuditFields bool // CreatedDate and its like can be written on create
	QuietCascades  bool // records that go or come back with their parent keep their stamps
	QuietUndeletes bool // a record taken out of the recycle bin keeps its stamp
	QuietMerges    bool // children that a merge gives another parent keep their stamps
}

// hooks are what others have to do with a change.
type hooks struct {
	Reformed  func(next *catalog) error // works out what follows from a schema before it is in force
	Committed func()                    // is called before what an edit wrote becomes visible
}

// A ledger is where everything changes, one change at a time: it knows the
// open transactions and the records that they hold on to.
type ledger struct {
	store *store
	clock *Clock
	rules rules
	hooks hooks

	writing sync.Mutex // held by whoever changes the schema or records; guards what follows
	open    []*Transaction
	begun   int // transactions
	locks   map[rowKey]*edit
	aging   []binned
}

func newLedger(s *store, clock *Clock, rules rules, hooks hooks) *ledger {
	return &ledger{store: s, clock: clock, rules: rules, hooks: hooks, locks: map[rowKey]*edit{}}
}

// Begin begins a transaction at the org's present time.
func (l *ledger) Begin() *Transaction {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.begun++
	t := &Transaction{ledger: l, edit: l.newEdit(), began: l.clock.Now()}
	t.id = makeID("0tx", l.begun)
	l.open = append(l.open, t)
	return t
}

func (l *ledger) newEdit() *edit { return &edit{ledger: l, sight: sight{l.store, newDraft()}} }

// write makes one change and commits it; a change that fails leaves nothing.
func (l *ledger) write(do func(*edit) error) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	e := l.newEdit()
	if err := do(e); err != nil {
		e.release()
		return err
	}
	e.commit()
	return nil
}

// within makes a change in the open transaction of that Id, or at once where
// none is named.
func (l *ledger) within(transaction string, do func(*edit) error) error {
	if transaction == "" {
		return l.write(do)
	}
	t, err := l.transaction(transaction)
	if err != nil {
		return err
	}
	return t.do(do)
}

// transaction finds an open transaction.
func (l *ledger) transaction(id string) (*Transaction, error) {
	l.writing.Lock()
	defer l.writing.Unlock()
	for _, t := range l.open {
		if t.id == id {
			return t, nil
		}
	}
	return nil, refuse(http.StatusNotFound, "NOT_FOUND", "no such open transaction: %s", id)
}

// openSince is when the oldest open transaction began.
func (l *ledger) openSince() (began time.Time, any bool) {
	l.writing.Lock()
	defer l.writing.Unlock()
	for _, t := range l.open {
		if !any || t.began.Before(began) {
			began, any = t.began, true
		}
	}
	return began, any
}

// reform puts an altered copy of the schema in place, or none where do fails.
func (l *ledger) reform(do func(*catalog) error) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	next := l.store.catalog().copy()
	if err := do(next); err != nil {
		return err
	}
	if err := l.hooks.Reformed(next); err != nil {
		return err
	}
	l.store.replace(next)
	return nil
}

// add gives the org an object.
func (l *ledger) add(obj *object) error {
	return l.reform(func(c *catalog) error { return c.put(obj) })
}
