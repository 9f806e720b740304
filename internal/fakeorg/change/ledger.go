// Package change is how records and the schema change: one change at a time, each
// as a whole. Every change of records is an [Edit]; a [Transaction] is one that
// stays open.
package change

import (
	"net/http"
	"sync"
	"time"

	"catchment/internal/fakeorg/bodies"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
)

// Rules are what an org makes of a change where orgs differ.
type Rules struct {
	SetAuditFields bool // CreatedDate and its like can be written on create
	InactiveOwners bool // records can be created for owners who aren't active
	QuietCascades  bool // records that go or come back with their parent keep their stamps
	QuietUndeletes bool // a record taken out of the recycle bin keeps its stamp
	QuietMerges    bool // children that a merge gives another parent keep their stamps
	QuietClears    bool // a record of which a lookup is emptied, because its parent went, keeps its stamp
	MostBinned     int  // records that the recycle bin holds; of more, the oldest go
	MostAlong      int  // records that may not go along with others in one transaction; DELETE_OPERATION_TOO_LARGE
}

// Hooks are what others have to do with a change.
type Hooks struct {
	Reforming  func(next *store.Catalog) error // works out what follows from a schema before it is in force
	Committing func()                          // sees the org before what an edit wrote becomes visible
	Committed  func(Commit)                    // is told of what has become visible; nil where nobody is
}

// A Commit is what an edit has made visible.
type Commit struct {
	Before       store.Snapshot // the org without it
	Writes       []store.Write
	User, Origin string // who made it, and by what: com/salesforce/api/rest/66.0
}

// A Ledger is where everything changes, one change at a time: it knows the
// open transactions and the records that they hold on to.
type Ledger struct {
	Store  *store.Store
	Clock  *orgtime.Clock
	Bodies *bodies.Store // what fields of the type base64 hold
	rules  Rules
	hooks  Hooks

	writing sync.Mutex // held by whoever changes the schema or records; guards what follows
	open    []*Transaction
	begun   int // transactions
	locks   map[store.Key]*Edit
	aging   []binned

	triggers []Trigger
}

// New makes a Ledger without open transactions.
func New(s *store.Store, clock *orgtime.Clock, rules Rules, hooks Hooks) *Ledger {
	return &Ledger{
		Store: s, Clock: clock, Bodies: &bodies.Store{}, rules: rules, hooks: hooks, locks: map[store.Key]*Edit{},
	}
}

// Begin begins a transaction at the org's present time.
func (l *Ledger) Begin() *Transaction {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.begun++
	t := &Transaction{ledger: l, edit: l.newEdit(), began: l.Clock.Now()}
	t.id = recordid.New("0tx", l.begun)
	l.open = append(l.open, t)
	return t
}

func (l *Ledger) newEdit() *Edit { return &Edit{ledger: l, sight: sight{l.Store, newDraft()}} }

// Write makes one change and commits it; a change that fails leaves nothing.
func (l *Ledger) Write(do func(*Edit) error) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	e := l.newEdit()
	if err := whole(e, do); err != nil {
		e.release()
		return err
	}
	e.commit()
	return nil
}

// Within makes a change in the open transaction of that Id, or at once where
// none is named. origin says by what it is made.
func (l *Ledger) Within(transaction, origin string, change func(*Edit) error) error {
	do := func(e *Edit) error {
		e.origin = origin
		return change(e)
	}
	if transaction == "" {
		return l.Write(do)
	}
	t, err := l.Transaction(transaction)
	if err != nil {
		return err
	}
	return t.do(do)
}

// Transaction finds an open transaction.
func (l *Ledger) Transaction(id string) (*Transaction, error) {
	l.writing.Lock()
	defer l.writing.Unlock()
	for _, t := range l.open {
		if t.id == id {
			return t, nil
		}
	}
	return nil, reply.Refuse(http.StatusNotFound, "NOT_FOUND", "no such open transaction: %s", id)
}

// OpenSince is when the oldest open transaction began.
func (l *Ledger) OpenSince() (began time.Time, any bool) {
	l.writing.Lock()
	defer l.writing.Unlock()
	for _, t := range l.open {
		if !any || t.began.Before(began) {
			began, any = t.began, true
		}
	}
	return began, any
}

// Reform puts an altered copy of the schema in place, or none where do fails.
func (l *Ledger) Reform(do func(*store.Catalog) error) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	next := l.Store.Catalog().Copy()
	if err := do(next); err != nil {
		return err
	}
	if err := l.hooks.Reforming(next); err != nil {
		return err
	}
	l.Store.Replace(next)
	return nil
}

// Add gives the org an object.
func (l *Ledger) Add(obj *store.Object) error {
	return l.Reform(func(c *store.Catalog) error { return c.Put(obj) })
}
