// Package rehydrate brings archived records back into Salesforce, with what went along with them. It never
// touches the copy: the archived row keeps its mark, and a new record comes by the next run as a row of its own.
//
// There are two ways, and each record goes the first that is open:
//
//   - out of the recycle bin (undelete.go): the Id stays, and the root brings along what went with it;
//   - as a new record (insert.go), made of its row, parents first (order.go). The ledger remembers its new Id,
//     lookups are rewritten by it (leads.go), and files are uploaded again from the stage (files.go).
//
// Then lookups are filled that had to wait, and those of records that stayed (links.go), and what was made is read
// back and compared with its rows (compare.go). Last the plan's evidence tells what is back (attest.go). A call
// whose answer was lost is settled by looking, never by a second one (intent.go): no record comes back twice. Before
// a record is erased, forget.go sees that none of this brings it back.
//
// Room remake makes records of rows and has the table of what can't come back; room condition reads a --where.
// Memory holds the Ids of the plans that are asked for, never their rows.
//
// Start at Rehydrator.Rehydrate.
package rehydrate

import (
	"context"
	"errors"
	"time"

	"catchment/internal/archive/rehydrate/remake"
	"catchment/internal/blob"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
)

// A Rehydrator brings archived records back. Its fields are set once.
type Rehydrator struct {
	Org       *salesforce.Client
	Warehouse warehouse.Warehouse
	Stage     blob.Store
	Holder    lease.Holder
	Flows     func(context.Context) ([]flow.Flow, error) // all that the configuration has
	Now       func() time.Time

	// Before is called before each batch of writes, and may end the work: the org's calls are used up, or the
	// user wants an end. It may be nil.
	Before func(context.Context) error
}

// A Request says what is to come back.
type Request struct {
	Plan   string   // only what this plan took, all of it where nothing else is said; "" for all plans
	IDs    []string // as the records had them; what went along with one comes back with it
	Object string   // with Where
	Where  string   // or the records of an object whose rows meet a condition

	// Keys names an external Id field of an object, which takes the old Id of a record that is inserted. By it
	// a record is found for certain whose answer was lost.
	Keys map[string]string

	Really bool // else nothing is written, and it is only told what would be
}

// A State is what became of a record.
type State string

// The states.
const (
	There      State = "there"       // it lives, under its Id
	Undeleted  State = "undeleted"   // it was brought out of the bin, under its Id
	Inserted   State = "inserted"    // it is a new record
	Before     State = "back before" // it is a new record that was made by an earlier call
	ToUndelete State = "to undelete" // it would be
	ToInsert   State = "to insert"   // it would be
	Failed     State = "failed"      // it didn't come back, for Reason
	Unknown    State = "unknown"     // nobody can tell yet: Reason says what was seen
	Outside    State = "outside"     // it came back along with its parent, and isn't in the plan
	Linked     State = "linked"      // its lookups were filled
	Compared   State = "compared"    // the new record was read back, and isn't in all as it was: Missing
)

// A Fact is what became of one record. Facts of a record come in the order in which they came true; the last
// one counts.
type Fact struct {
	Type    string           `json:"type"` // rehydrated
	Object  string           `json:"object"`
	ID      string           `json:"id"` // of the archived record, or of the one that stayed
	State   State            `json:"state"`
	NewID   string           `json:"new_id,omitempty"`
	Reason  string           `json:"reason,omitempty"`
	Missing []remake.Missing `json:"missing,omitempty"` // fields that aren't as they were
}

// errNoLedger says that a warehouse can't tell what was archived.
var errNoLedger = plan.Fixf("rehydrate from the warehouse that the archive was made of",
	"this warehouse has no ledger of archived records")

// Rehydrate brings records back, and tells of each. It may be repeated: what is back stays as it is. One record
// that can't come back doesn't stop the others; an error is about all that is left.
func (r *Rehydrator) Rehydrate(ctx context.Context, req Request, tell func(Fact) error) (_ Result, err error) {
	ledger, ok := archived.Of(r.Warehouse)
	if !ok {
		return Result{}, errNoLedger
	}
	w := newWork(r, req, ledger, tell)
	if err := (picking{w}).pick(ctx); err != nil {
		return w.result(), err
	}
	if !req.Really {
		err := undeleting{w}.foresee(ctx)
		return w.result(), err
	}
	defer func() { err = errors.Join(err, w.release(ctx)) }()
	if err := w.hold(ctx); err != nil {
		return w.result(), err
	}
	bin, news := undeleting{w}, inserting{w}
	for _, part := range []func(context.Context) error{bin.look, news.recall, bin.undelete, news.insert, w.relink,
		w.compare, w.attest, w.finish} {
		if err := part(ctx); err != nil {
			return w.result(), err
		}
	}
	return w.result(), nil
}

// work is one call of Rehydrate.
type work struct {
	*Rehydrator
	req    Request
	ledger archived.Ledger
	told   func(Fact) error

	plans    []string
	held     map[string]*lease.Lease // of plans
	members  map[string]*member      // by the Ids of the archived records
	subjects map[string]*subject     // by objects in lower case
	later    []later                 // lookups that wait
	bins     []*intent               // what was to be taken out of the bin, and which lookups that had
	settled  []*intent               // those of which it is known what became
	// those of them with lookups to what isn't back yet: who brings that back goes on from here
	unfinished map[string]bool
	posts      int               // intents so far
	alive      map[string]bool   // what is known of records that lookups lead to
	away       map[string]bool   // those of them that were archived, and aren't back
	moved      map[string]string // the new Ids of those that came back by other calls
	kinds      map[string]string // objects by the prefixes of their Ids
	renewed    time.Time
	waits      error // why some outcomes are to be looked at later
	counts     tally
}

func newWork(r *Rehydrator, req Request, ledger archived.Ledger, tell func(Fact) error) *work {
	return &work{Rehydrator: r, req: req, ledger: ledger, told: tell,
		held: map[string]*lease.Lease{}, members: map[string]*member{}, subjects: map[string]*subject{},
		alive: map[string]bool{}, away: map[string]bool{}, moved: map[string]string{}, unfinished: map[string]bool{}}
}

// A member is an archived record that is to come back.
type member struct {
	subject *subject
	plan    string
	level   int
	endedAt time.Time
	newID   string
	asked   bool             // else only an earlier call has begun to bring it back
	binned  bool             // it was seen in the recycle bin
	fresh   bool             // it is a new record that wasn't compared yet
	state   State            // "" while it waits
	missing []remake.Missing // what it isn't given as a new record
	later   map[string]bool  // fields that are filled later
}

// id is where a member is now, "" where it isn't.
func (m *member) id(old string) string {
	switch m.state {
	case There, Undeleted:
		return old
	case Inserted, Before:
		return m.newID
	}
	return ""
}

// become settles a member, and tells.
func (w *work) become(id string, m *member, f Fact) error {
	m.state = f.State
	f.Object, f.ID = m.subject.name, id
	if f.NewID != "" {
		m.newID = f.NewID
	}
	return w.say(f)
}

// say tells a fact, and counts it.
func (w *work) say(f Fact) error {
	f.Type = "rehydrated"
	w.counts.add(f)
	if w.told == nil {
		return nil
	}
	return w.told(f)
}

// step is called before each batch of writes.
func (w *work) step(ctx context.Context) error {
	if w.Before != nil {
		if err := w.Before(ctx); err != nil {
			return err
		}
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return w.renew(ctx)
}
