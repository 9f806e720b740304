package pubsub

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc/codes"

	"catchment/internal/eventbus"
	"catchment/internal/plan"
	"catchment/internal/salesforce/login"
)

// A stream is one call of Subscribe, as long as it lasts. A goroutine of its own reads it; close waits for that.
type stream struct {
	client  *Client
	topic   string
	from    Start
	answers chan answer // the last of them has an error
	cancel  context.CancelCauseFunc
	quit    chan struct{} // closed when nobody waits for answers any more
	done    chan struct{}
	owed    int // events that were asked for, and haven't been handed out

	// What reads writes these before the first answer.
	call  eventbus.PubSub_SubscribeClient
	token string
}

// An answer is what came at once.
type answer struct {
	events  []arrived
	latest  Position // of one without events: where to go on
	pending int32    // events that were asked for, and hadn't come then
	err     error
}

// An arrived event has the position behind it.
type arrived struct {
	Event
	replay Position
}

// errSilent is why a stream was given up of which nothing came.
var errSilent = errors.New("nothing came, and no keepalive")

// open begins a stream. ended is the token that is worth nothing any more.
func (c *Client) open(topic string, from Start, ended string) *stream {
	ctx, cancel := context.WithCancelCause(context.Background())
	s := &stream{client: c, topic: topic, from: from, answers: make(chan answer), cancel: cancel, owed: window,
		quit: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		err := s.read(ctx, ended)
		s.hand(answer{err: err})
	}()
	return s
}

// close ends the stream.
func (s *stream) close() {
	close(s.quit)
	s.cancel(nil)
	<-s.done
}

// hand gives an answer to who waits for one.
func (s *stream) hand(a answer) {
	select {
	case s.answers <- a:
	case <-s.quit:
	}
}

// read hands on what comes, and returns what ended that.
func (s *stream) read(ctx context.Context, ended string) error {
	session, err := s.client.session.show(ctx, ended)
	if err != nil {
		return err
	}
	s.token = session.Token
	conn, err := s.client.conns.take()
	if err != nil {
		return err
	}
	defer func() { s.client.conns.give(conn, isSilence(context.Cause(ctx))) }()
	silence := time.AfterFunc(s.client.config.Silence, func() { s.cancel(errSilent) })
	defer silence.Stop()
	if s.call, err = eventbus.NewPubSubClient(conn).Subscribe(signed(ctx, session)); err != nil {
		return s.failure(ctx, err)
	}
	if err := s.call.Send(firstRequest(s.topic, s.from)); err != nil && !errors.Is(err, io.EOF) { // which Recv explains
		return s.failure(ctx, err)
	}
	for {
		silence.Reset(s.client.config.Silence)
		came, err := s.call.Recv()
		silence.Stop() // until the next is waited for: who takes this one may take its time
		if err != nil {
			return s.failure(ctx, err)
		}
		a, err := s.answer(ctx, came, session)
		if err == nil || len(a.events) > 0 {
			s.hand(a)
		}
		if err != nil {
			return err
		}
	}
}

// answer finds the schemas of what came. Where one can't be had now, what comes before it is handed out, and the
// stream ends: the next one brings the rest again.
func (s *stream) answer(ctx context.Context, came *eventbus.FetchResponse, as login.Session) (answer, error) {
	a := answer{pending: came.GetPendingNumRequested()}
	if len(came.GetEvents()) == 0 {
		a.latest = Position(came.GetLatestReplayId())
	}
	for _, one := range came.GetEvents() {
		e := arrived{replay: Position(one.GetReplayId())}
		e.ID, e.payload = one.GetEvent().GetId(), one.GetEvent().GetPayload()
		var err error
		e.schema, err = s.client.schema(ctx, one.GetEvent().GetSchemaId(), as)
		if err != nil && !verdictOf(err).event {
			return a, err
		}
		e.Unreadable = err
		a.events = append(a.events, e)
	}
	return a, nil
}

// firstRequest says where a stream begins.
func firstRequest(topic string, from Start) *eventbus.FetchRequest {
	r := &eventbus.FetchRequest{TopicName: topic, NumRequested: window}
	switch from.preset {
	case earliest:
		r.ReplayPreset = eventbus.ReplayPreset_EARLIEST
	case position:
		r.ReplayPreset, r.ReplayId = eventbus.ReplayPreset_CUSTOM, []byte(from.after)
	case tip:
		r.ReplayPreset = eventbus.ReplayPreset_LATEST
	}
	return r
}

// refill asks for more events before all have come that were asked for: a stream that owes none ends soon. What
// an answer says is pending doesn't know of what was asked for since, so that the count is ours; but a
// stream that is quiet and owes nothing would stay so.
func (s *stream) refill(a answer) {
	s.owed -= len(a.events)
	if len(a.events) == 0 && a.pending <= 0 {
		s.owed = 0
	}
	if s.owed = max(s.owed, 0); s.owed > window/2 {
		return
	}
	// An error shows in the next Recv, with its reason.
	_ = s.call.Send(&eventbus.FetchRequest{NumRequested: int32(window - s.owed)}) // #nosec G115 -- 100 at most
	s.owed = window
}

// failure classes what ended the stream.
func (s *stream) failure(ctx context.Context, err error) error {
	const what = "follow the stream"
	switch {
	case errors.Is(context.Cause(ctx), errSilent):
		return plan.Failf(plan.Retry, byStatus(codes.DeadlineExceeded).hint, what+": %w for %s", errSilent,
			s.client.config.Silence)
	case errors.Is(err, io.EOF):
		return plan.Failf(plan.Retry, troubleHint, what+": Salesforce ended it")
	case s.call == nil:
		return refused(what, err, nil, s.token)
	}
	return refused(what, err, s.call.Trailer(), s.token)
}

func isSilence(err error) bool { return errors.Is(err, errSilent) }

const (
	firstPause = time.Second
	slowPause  = 30 * time.Second
	pauseMost  = time.Minute
)

// pace is how long to wait after so many failures in a row: twice as long each time, and by chance as little as half
// of that, since whoever was thrown out together would come back together.
func pace(row int, slow bool) time.Duration {
	pause := min(firstPause<<min(row-1, 10), pauseMost)
	if slow {
		pause = max(pause, slowPause)
	}
	return pause/2 + rand.N(pause/2) // #nosec G404 -- no secret hangs on it
}
