package pubsub

import (
	"context"
	"time"

	"catchment/internal/plan"
	"catchment/internal/salesforce/pubsub/change"
	"catchment/internal/waiting"
)

// A Kind is what a News is about. Whoever meets one that it doesn't know may leave it.
type Kind string

// The kinds.
const (
	Changed  Kind = "changed"  // an event
	Repeated Kind = "repeated" // an event that this subscription has handed out before: it is no second change
	Quiet    Kind = "quiet"    // nothing happened, and the position has moved on
	Away     Kind = "away"     // the stream broke off over Err; the next call tries again
)

// A News is one thing that a subscription says.
type News struct {
	Kind  Kind
	Event Event         // of Changed and Repeated
	Err   error         // of Away
	Again time.Duration // of Away: when the next try is
	// After is where to go on once this was dealt with: to be kept together with what came of it.
	After Position
}

// An Event is one change event. Events of a transaction come one after the other.
type Event struct {
	ID      string // a UUID: equal where an event comes twice
	schema  *change.Schema
	payload []byte
	// Unreadable is why nobody knows what changed: its schema can't be had. The records of the object have to
	// be read.
	Unreadable error
}

// Decode reads the event by what describe says of its object.
func (e Event) Decode(of *change.Object) (change.Delta, error) {
	if e.Unreadable != nil {
		return change.Delta{}, e.Unreadable
	}
	return e.schema.Decode(e.payload, of)
}

// A Subscription is one topic, from one position on. It is for one goroutine.
type Subscription struct {
	client *Client
	topic  string
	start  Start    // of the next stream
	after  Position // what was handed out ends here; "" where no position is known yet

	live   *stream
	batch  []arrived // that wasn't handed out yet
	seen   seen
	failed failures
	over   error // why there is nothing more
}

// failures are those since the stream last brought something.
type failures struct {
	row     int
	until   time.Time // before which nothing is tried
	renewed int       // how often the session was renewed
	ended   string    // the token that was refused; "" where none was
}

// renewalsAtMost are those of a session in a row: at a release, one that is new may be refused, too.
const renewalsAtMost = 3

// Subscribe begins a subscription. It sends nothing: the first Next does. Close it.
func (c *Client) Subscribe(topic string, from Start) (*Subscription, error) {
	if from.preset == nowhere || from.preset == position && from.after == "" {
		return nil, plan.Failf(plan.Bug, "", "a subscription of %s begins nowhere", topic)
	}
	return &Subscription{client: c, topic: topic, start: from, after: from.after}, nil
}

// Close ends the subscription.
func (s *Subscription) Close() { s.hangUp() }

// Next gives what comes next, and waits for it, but not past the end of ctx: that ends the wait alone, and not the
// subscription. A caller that keeps After once it has dealt with a News misses nothing. Any other error is final:
// a lost position (Lost), what the user has to mend, what comes only later, or what didn't pass.
func (s *Subscription) Next(ctx context.Context) (News, error) {
	if s.over != nil {
		return News{}, s.over
	}
	if len(s.batch) > 0 {
		return s.event(), nil
	}
	if err := waiting.For(ctx, time.Until(s.failed.until)); err != nil {
		return News{}, err
	}
	if s.live == nil {
		s.live = s.client.open(s.topic, s.start, s.failed.ended)
	}
	select {
	case <-ctx.Done():
		return News{}, context.Cause(ctx)
	case answer := <-s.live.answers:
		if answer.err != nil {
			return s.broke(answer.err)
		}
		return s.took(answer), nil
	}
}

// took asks for more events in the place of those that came, and hands out the first.
func (s *Subscription) took(a answer) News {
	s.live.refill(a)
	s.failed = failures{}
	if s.batch = a.events; len(s.batch) > 0 {
		return s.event()
	}
	s.goOn(a.latest)
	return News{Kind: Quiet, After: s.after}
}

// event hands out the first event of the batch.
func (s *Subscription) event() News {
	came := s.batch[0]
	s.batch = s.batch[1:]
	if s.seen.before(came.ID) {
		return News{Kind: Repeated, Event: came.Event, After: s.after}
	}
	s.goOn(came.replay)
	return News{Kind: Changed, Event: came.Event, After: s.after}
}

// goOn has the next stream begin behind a position.
func (s *Subscription) goOn(p Position) {
	if p != "" && len(p) <= positionAtMost {
		s.after, s.start = p, After(p)
	}
}

// broke decides what becomes of a subscription whose stream has ended.
func (s *Subscription) broke(err error) (News, error) {
	v, pause := verdictOf(err), time.Duration(0)
	switch {
	case v.lost:
		return News{}, s.end(lost(s.after, err))
	case v.renew && s.failed.renewed < renewalsAtMost:
		if s.failed.renewed > 0 {
			pause = pace(s.failed.renewed, false)
		}
		s.failed.renewed++
		s.failed.ended = s.live.token // by then the stream has written it for the last time
	case v.class != plan.Retry:
		return News{}, s.end(err)
	default:
		s.failed.row++
		if s.failed.row > s.client.config.Retries {
			return News{}, s.end(err)
		}
		pause = pace(s.failed.row, v.slow)
	}
	if s.start.preset == tip {
		return News{}, s.end(lost("", err))
	}
	s.hangUp()
	s.failed.until = time.Now().Add(pause)
	return News{Kind: Away, Err: err, Again: pause, After: s.after}, nil
}

// end is the last word of a subscription.
func (s *Subscription) end(err error) error {
	s.hangUp()
	s.over = err
	return err
}

func (s *Subscription) hangUp() {
	if s.live != nil {
		s.live.close()
		s.live = nil
	}
}

// seenAtMost are the events of which is known that they came: more than may be under way at a time.
const seenAtMost = 10_000

// seen remembers the Ids of events, the newest of them.
type seen struct {
	ids  map[string]struct{}
	ring []string
	next int
}

// before tells whether an Id came before, and remembers it. An event without one is never taken for another.
func (s *seen) before(id string) bool {
	if id == "" {
		return false
	}
	if s.ids == nil {
		s.ids = map[string]struct{}{}
	}
	if _, is := s.ids[id]; is {
		return true
	}
	if len(s.ring) < seenAtMost {
		s.ring = append(s.ring, id)
	} else {
		delete(s.ids, s.ring[s.next])
		s.ring[s.next] = id
		s.next = (s.next + 1) % seenAtMost
	}
	s.ids[id] = struct{}{}
	return false
}
