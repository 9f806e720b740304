package pubsub

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"

	"catchment/internal/eventbus"
	"catchment/internal/fakeorg/events"
)

const (
	// requestedAtMost is how many events a client can be owed: more count as so many.
	requestedAtMost = 100
	// longestAnswer is how many bytes of events one answer has, one long event aside.
	longestAnswer = 2 << 20
	// lookEvery is how often a stream looks at the org's clock, which may be moved at any time.
	lookEvery = 25 * time.Millisecond
)

type wire = grpc.BidiStreamingServer[eventbus.FetchRequest, eventbus.FetchResponse]

// A stream is one subscription.
type stream struct {
	server *Server
	wire   wire
	rpc    string
	token  string
	topic  events.Topic

	at      uint64 // the newest position that the client was told of
	pending int    // events that it has asked for and not got
	spoke   time.Time
	emptied time.Time // when it had got all that it asked for
	unseen  time.Time // since when the user sees the topic no longer; zero where he does
	stalled bool
}

// Subscribe implements the service.
func (s *Server) Subscribe(w wire) error {
	rpc := s.call()
	err := s.subscribe(w, rpc)
	if errors.Is(err, io.EOF) {
		return nil
	}
	return answer(w.Context(), err, rpc)
}

func (s *Server) subscribe(w wire, rpc string) error {
	ctx := w.Context()
	token, err := s.admit(ctx)
	if err != nil {
		return err
	}
	if err := s.obey(ctx, s.rules.of("Subscribe", nil)); err != nil {
		return err
	}
	first, err := w.Recv()
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	at := &stream{server: s, wire: w, rpc: rpc, token: token, spoke: now, emptied: now}
	if at.topic, err = s.find(first.TopicName, "subscription.topic.cannot.subscribe"); err != nil {
		return err
	}
	if at.at, err = s.from(first); err != nil {
		return err
	}
	if err := at.ask(first); err != nil {
		return err
	}
	return at.run(ctx)
}

// from is the position behind which a client wants to be told.
func (s *Server) from(r *eventbus.FetchRequest) (uint64, error) {
	switch r.ReplayPreset {
	case eventbus.ReplayPreset_EARLIEST:
		return s.Bus.Oldest(), nil
	case eventbus.ReplayPreset_CUSTOM:
	default:
		return s.Bus.Newest(), nil
	}
	if len(r.ReplayId) == 0 {
		return 0, refuse("subscription.fetch.replayid.validation.failed",
			"The replay preset is CUSTOM, and there is no replay Id")
	}
	number, ok := events.ParseReplayID(r.ReplayId)
	if !ok || !s.Bus.Knows(number) {
		return 0, corrupted()
	}
	return number, nil
}

func corrupted() error {
	return refuse("subscription.fetch.replayid.corrupted", "The Replay ID validation failed. Ensure that the Replay "+
		"ID is valid, and that it is within the retention window")
}

// ask takes a request for more events.
func (at *stream) ask(r *eventbus.FetchRequest) error {
	switch {
	case r.TopicName != "" && r.TopicName != at.topic.Name:
		return refuse("subscription.fetch.topic.mismatch", "The topic of a stream can't change")
	case r.NumRequested <= 0:
		return refuse("subscription.fetch.requested.events.invalid", "The number of events must be greater than 0")
	}
	at.pending = min(requestedAtMost, at.pending+int(r.NumRequested))
	return nil
}

// run delivers until the client or a reason ends the stream.
func (at *stream) run(ctx context.Context) error {
	requests, ended := at.listen(ctx)
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		grown, err := at.step()
		if err != nil {
			return err
		}
		select {
		case r := <-requests:
			if err := at.ask(r); err != nil {
				return err
			}
		case err := <-ended:
			return err
		case <-grown:
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// listen hears what the client asks for, beside all else.
func (at *stream) listen(ctx context.Context) (<-chan *eventbus.FetchRequest, <-chan error) {
	requests, ended := make(chan *eventbus.FetchRequest), make(chan error, 1)
	go func() {
		for {
			r, err := at.wire.Recv()
			if err != nil {
				ended <- err
				return
			}
			select {
			case requests <- r:
			case <-ctx.Done():
				return
			}
		}
	}()
	return requests, ended
}

// step does what is to be done now: deliver, or tell where the client is, or end. It returns what tells of more events.
func (at *stream) step() (grown <-chan struct{}, err error) {
	if at.stalled {
		return nil, nil
	}
	if err := at.allowed(); err != nil {
		return nil, err
	}
	for at.pending > 0 {
		batch := at.server.Bus.After(at.at, at.pending, at.wants)
		if batch.Lost {
			return nil, corrupted()
		}
		if len(batch.Events) == 0 {
			grown = batch.Grown
			break
		}
		if err := at.deliver(batch); err != nil || at.stalled {
			return nil, err
		}
	}
	return grown, at.wait()
}

// wants tells whether the stream is about an entity. What the user doesn't see is left out without a word.
func (at *stream) wants(entity string) bool { return at.topic.Has(entity) && at.server.seen(entity) }

// allowed ends the stream of who may no longer hear.
func (at *stream) allowed() error {
	s := at.server
	if err := s.check(at.token); err != nil {
		return err
	}
	if !at.topic.Single || s.seen(at.topic.Entities[0]) {
		at.unseen = time.Time{}
		return nil
	}
	now := s.Clock.Now()
	if at.unseen.IsZero() {
		at.unseen = now
	}
	if now.Sub(at.unseen) >= s.times().Permissions {
		return refuse("subscription.topic.cannot.subscribe", "The user no longer sees the topic %q", at.topic.Name)
	}
	return nil
}

// wait tells a client that has long heard nothing where it is, and ends the stream of one that has long asked for
// nothing.
func (at *stream) wait() error {
	s := at.server
	now, times := s.Clock.Now(), s.times()
	switch {
	case at.pending == 0 && now.Sub(at.emptied) >= times.Idle:
		return io.EOF
	case at.pending > 0 && now.Sub(at.spoke) >= times.Keepalive:
		at.at = s.Bus.Fresh(at.at, at.wants)
		return at.say(nil)
	}
	return nil
}

// say sends one answer.
func (at *stream) say(all []*eventbus.ConsumerEvent) error {
	at.spoke = at.server.Clock.Now()
	if at.pending == 0 {
		at.emptied = at.spoke
	}
	return at.wire.Send(&eventbus.FetchResponse{
		Events: all, LatestReplayId: events.ReplayID(at.at), RpcId: at.rpc,
		PendingNumRequested: int32(at.pending), // at most requestedAtMost
	})
}
