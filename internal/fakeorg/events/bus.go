package events

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"time"

	"catchment/internal/fakeorg/chance"
	"catchment/internal/fakeorg/change"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/store"
)

// Limits are how much the org publishes, keeps and delivers. What is zero is as Salesforce has it.
type Limits struct {
	Retention          time.Duration // how long events are kept; 72 hours
	Kept               int           // how many events are kept at most, for the sake of memory; 200,000
	Entities           int           // how many entities may be selected; 5, as without the add-on
	TransactionChanges int           // of a transaction that has more, the rest is an overflow; 100,000
	DailyEvents        int           // that are delivered within 24 hours, to all subscribers together; 50,000
}

func (l Limits) withDefaults() Limits {
	or := func(n *int, standard int) {
		if *n == 0 {
			*n = standard
		}
	}
	or(&l.Kept, 200_000)
	or(&l.Entities, 5)
	or(&l.TransactionChanges, 100_000)
	or(&l.DailyEvents, 50_000)
	if l.Retention == 0 {
		l.Retention = 72 * time.Hour
	}
	return l
}

// A Bus keeps the events of the org, in the order of the commits. It is safe for use by many at a time.
type Bus struct {
	store *store.Store
	clock *orgtime.Clock
	seed  uint64

	mu           sync.Mutex
	limits       Limits
	entities     []string            // that are selected
	channels     map[string][]string // custom ones, with their entities
	log          []entry
	last         uint64 // the newest position that was ever given
	dropped      uint64 // the newest that is kept no longer
	transactions int64
	schemas      map[string]*Schema // by Id, of all events that were ever published
	current      map[string]described
	delivered    []delivery
	grown        chan struct{} // closed when the log grows
}

// An entry is a position in the log: an event, or nothing but a position that a subscriber was told of.
type entry struct {
	number uint64
	at     time.Time
	event  *Event
}

// described is the schema of an object as it is described now.
type described struct {
	object *store.Object
	schema *Schema
}

// New makes a Bus on which nothing is selected.
func New(s *store.Store, clock *orgtime.Clock, seed uint64, limits Limits) *Bus {
	b := &Bus{
		store: s, clock: clock, seed: seed, limits: limits.withDefaults(), channels: map[string][]string{},
		schemas: map[string]*Schema{}, current: map[string]described{}, grown: make(chan struct{}),
	}
	b.last = 10_000_000 + chance.Mix(seed)%1_000_000
	b.mark()
	return b
}

// SetLimits puts other limits in force.
func (b *Bus) SetLimits(l Limits) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limits = l.withDefaults()
}

// Publish makes events of what the org has committed.
func (b *Bus) Publish(c change.Commit) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expire()
	d := b.derivation(c)
	for _, w := range c.Writes {
		d.change(w)
	}
	b.append(d.events)
}

func (b *Bus) derivation(c change.Commit) *derivation {
	b.transactions++
	return &derivation{
		bus: b, commit: c, key: b.uuid("transaction", uint64(b.transactions)),
		number: 1_700_000_000_000_000_000 + b.transactions, alike: map[string]*Event{}, overflow: map[string]bool{},
	}
}

// append puts the events of a transaction into the log.
func (b *Bus) append(all []*Event) {
	for i, e := range all {
		b.next()
		e.Number, e.At, e.First = b.last, b.clock.Now(), i == 0
		e.ID = b.uuid("event", e.Number)
		b.schemas[e.Schema.ID] = e.Schema
		b.log = append(b.log, entry{e.Number, e.At, e})
	}
	if len(all) > 0 {
		b.wake()
	}
}

// next moves on to another position. They aren't contiguous.
func (b *Bus) next() { b.last += 1 + chance.Mix(b.last)%5 }

func (b *Bus) wake() {
	close(b.grown)
	b.grown = make(chan struct{})
}

// mark gives the log a position without an event.
func (b *Bus) mark() {
	b.next()
	b.log = append(b.log, entry{number: b.last, at: b.clock.Now()})
}

// expire forgets what is kept no longer.
func (b *Bus) expire() {
	since := b.clock.Now().Add(-b.limits.Retention)
	n := max(0, len(b.log)-b.limits.Kept)
	for n < len(b.log) && b.log[n].at.Before(since) {
		n++
	}
	if n > 0 {
		b.dropped = b.log[n-1].number
		clear(b.log[:n]) // so that the events can go
		b.log = b.log[n:]
	}
}

// uuid is a text that is the same under a seed.
func (b *Bus) uuid(of string, n uint64) string {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64([]byte(of), b.seed), n))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// schemaOf is the schema of an object as it is described now. The bus is held.
func (b *Bus) schemaOf(obj *store.Object) *Schema {
	now := b.current[obj.Name()]
	if now.object != obj {
		now = described{obj, newSchema(obj)}
		b.current[obj.Name()] = now
		b.schemas[now.schema.ID] = now.schema
	}
	return now.schema
}

// Schema finds a schema by its Id.
func (b *Bus) Schema(id string) (*Schema, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.schemas[id]
	return s, ok
}

// Newest is the position of the newest event.
func (b *Bus) Newest() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

// Oldest is the position before the oldest event that is kept.
func (b *Bus) Oldest() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expire()
	return b.dropped
}

// Fresh is the position of a subscriber who has nothing to be told, further on: the newest, or another one where that
// is so old that it would be forgotten before long. It stays where something has come meanwhile.
func (b *Bus) Fresh(number uint64, wants func(entity string) bool) uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	at, _ := b.find(number)
	for _, e := range b.log[at:] {
		if e.event != nil && e.number > number && wants(e.event.Entity) {
			return number
		}
	}
	if n := len(b.log); n == 0 || b.clock.Now().Sub(b.log[n-1].at) >= time.Minute {
		b.mark()
	}
	return b.last
}

// Knows tells whether a position is one that somebody may go on from.
func (b *Bus) Knows(number uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expire()
	at, found := b.find(number)
	return found && b.log[at].number == number
}

func (b *Bus) find(number uint64) (int, bool) {
	return slices.BinarySearchFunc(b.log, number, func(e entry, n uint64) int {
		switch {
		case e.number < n:
			return -1
		case e.number > n:
			return 1
		}
		return 0
	})
}

// A Batch is what follows a position.
type Batch struct {
	Events []*Event
	UpTo   uint64          // the position that was looked up to
	Lost   bool            // events behind the position are kept no longer
	Grown  <-chan struct{} // closed when there is more
}

// After returns the events behind a position that somebody wants, at most so many.
func (b *Bus) After(number uint64, most int, wants func(entity string) bool) Batch {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expire()
	batch := Batch{UpTo: number, Lost: number < b.dropped, Grown: b.grown}
	at, found := b.find(number)
	if found {
		at++
	}
	for ; at < len(b.log) && len(batch.Events) < most; at++ {
		batch.UpTo = b.log[at].number
		if e := b.log[at].event; e != nil && wants(e.Entity) {
			batch.Events = append(batch.Events, e)
		}
	}
	return batch
}
