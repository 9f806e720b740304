package pubsub

import (
	"time"

	"catchment/internal/eventbus"
	"catchment/internal/fakeorg/events"
)

// A load is what one answer is being made of.
type load struct {
	at    *stream
	all   []*eventbus.ConsumerEvent
	bytes int
}

// deliver sends the events of a batch, in one answer or in some, as the rules let it.
func (at *stream) deliver(batch events.Batch) error {
	if !at.server.Bus.Deliver(len(batch.Events)) {
		return refuse("subscription.limit.exceeded", "The org has used up its allocation of delivered events")
	}
	l := load{at: at}
	for _, e := range batch.Events {
		if err := l.take(e); err != nil || at.stalled {
			return err
		}
	}
	at.at = batch.UpTo
	return l.send()
}

// take adds an event to the answer, or does what a rule says instead.
func (l *load) take(e *events.Event) error {
	rule := l.at.server.rules.of("", e)
	switch rule.Do {
	case "stall", "disconnect", "error", "delay":
		if err := l.send(); err != nil { // what came before has arrived
			return err
		}
	}
	switch rule.Do {
	case "drop":
		l.at.at = e.Number
		return nil
	case "stall":
		l.at.stalled = true
		return nil
	case "disconnect":
		return broken()
	case "error":
		return refuse(rule.Code, "A rule says so")
	case "delay":
		wait := time.NewTimer(time.Duration(rule.Seconds * float64(time.Second)))
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-l.at.wire.Context().Done():
			return l.at.wire.Context().Err()
		}
	}
	one := spoilt(e, rule.Do)
	if l.bytes += len(one.Event.Payload); l.bytes > longestAnswer && len(l.all) > 0 {
		if err := l.send(); err != nil {
			return err
		}
		l.bytes = len(one.Event.Payload)
	}
	l.all, l.at.at = append(l.all, one), e.Number
	l.at.pending--
	if rule.Do == "double" {
		l.all = append(l.all, one)
	}
	return nil
}

// spoilt is an event as it goes over the wire, with what a rule makes wrong about it.
func spoilt(e *events.Event, do string) *eventbus.ConsumerEvent {
	one := &eventbus.ConsumerEvent{
		Event:    &eventbus.ProducerEvent{Id: e.ID, SchemaId: e.Schema.ID, Payload: e.Payload()},
		ReplayId: events.ReplayID(e.Number),
	}
	switch do {
	case "bitmap":
		one.Event.Payload = e.Odd()
	case "cut":
		one.Event.Payload = one.Event.Payload[:len(one.Event.Payload)/2]
	case "no-replay-id":
		one.ReplayId = nil
	case "no-schema-id":
		one.Event.SchemaId = ""
	}
	return one
}

// send sends what there is.
func (l *load) send() error {
	if len(l.all) == 0 {
		return nil
	}
	all := l.all
	l.all, l.bytes = nil, 0
	return l.at.say(all)
}
