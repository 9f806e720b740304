// Package pubsub is the org's Pub/Sub API: the service over which clients subscribe to the change events of
// fakeorg/events. Start at [Server.Subscribe].
//
// It is a reading of the Pub/Sub API guide of its own, and shares no code with the client that it is for.
package pubsub

import (
	"cmp"
	"context"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"catchment/internal/eventbus"
	"catchment/internal/fakeorg/chance"
	"catchment/internal/fakeorg/events"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/store"
)

// Timing is when the service does something by itself, in the org's time. What is zero is as Salesforce has it.
type Timing struct {
	Keepalive   time.Duration // after how long a silence subscribers are told where they are; 60 s
	Idle        time.Duration // how long one may ask for nothing before the stream ends; 60 s
	Permissions time.Duration // after how long one who may see a topic no longer is refused; 10 minutes
}

func (t Timing) withDefaults() Timing {
	return Timing{
		Keepalive:   cmp.Or(t.Keepalive, time.Minute),
		Idle:        cmp.Or(t.Idle, time.Minute),
		Permissions: cmp.Or(t.Permissions, 10*time.Minute),
	}
}

// streamsAtMost is how many calls one connection may have open.
const streamsAtMost = 100

// Server answers the calls of the Pub/Sub API. Publish, PublishStream and ManagedSubscribe are left unimplemented.
type Server struct {
	eventbus.UnimplementedPubSubServer

	Bus   *events.Bus
	Store *store.Store
	Clock *orgtime.Clock
	Org   string                  // its Id, which callers have to name
	Works func(token string) bool // tells whether an access token opens the org
	May   func(entity string) bool

	rules rules

	mu     sync.Mutex
	timing Timing
	calls  *chance.Dice
}

// New makes a Server. May tells whether the user may follow an object's records at all, hidden or not.
func New(bus *events.Bus, s *store.Store, clock *orgtime.Clock, seed uint64) *Server {
	return &Server{
		Bus: bus, Store: s, Clock: clock, timing: Timing{}.withDefaults(), calls: chance.New(seed),
		May: func(string) bool { return true },
	}
}

// SetTiming puts other times in force, for streams that are open too.
func (s *Server) SetTiming(t Timing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timing = t.withDefaults()
}

func (s *Server) times() Timing {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.timing
}

// Fault adds rules; a rule that can't be followed is refused.
func (s *Server) Fault(all ...Rule) error { return s.rules.add(all...) }

// ClearFaults removes all rules.
func (s *Server) ClearFaults() { s.rules.Clear() }

// Serve answers on a listener until the context ends.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	server := grpc.NewServer(grpc.MaxConcurrentStreams(streamsAtMost))
	eventbus.RegisterPubSubServer(server, s)
	stop := context.AfterFunc(ctx, server.Stop)
	defer stop()
	return server.Serve(listener)
}

// call gives a call its Id, as errors have it.
func (s *Server) call() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	const digits = 8
	return s.calls.Secret(digits) + "-" + s.calls.Secret(digits)
}

// admit refuses a call that doesn't say who calls: by a token, the org's URL and its Id.
func (s *Server) admit(ctx context.Context) (token string, err error) {
	headers, _ := metadata.FromIncomingContext(ctx)
	one := func(name string) string {
		if all := headers.Get(name); len(all) == 1 {
			return all[0]
		}
		return ""
	}
	token = one("accesstoken")
	switch {
	case token == "" || one("instanceurl") == "" || one("tenantid") == "":
		return "", refuse("service.auth.headers.invalid",
			"The accesstoken, instanceurl, and tenantid headers are required")
	case one("tenantid") != s.Org:
		return "", refuse("service.auth.headers.invalid", "The tenantid header isn't the Id of the org")
	}
	return token, s.check(token)
}

func (s *Server) check(token string) error {
	if !s.Works(token) {
		return refuse("service.auth.error", "Authentication exception occurred")
	}
	return nil
}

// seen tells whether the user sees an entity's events now.
func (s *Server) seen(entity string) bool {
	return s.May(entity) && events.Shows(s.Store.Catalog(), entity)
}

// GetTopic implements the service.
func (s *Server) GetTopic(ctx context.Context, r *eventbus.TopicRequest) (*eventbus.TopicInfo, error) {
	rpc := s.call()
	info, err := s.topic(ctx, r.TopicName)
	if err != nil {
		return nil, answer(ctx, err, rpc)
	}
	info.RpcId = rpc
	return info, nil
}

func (s *Server) topic(ctx context.Context, name string) (*eventbus.TopicInfo, error) {
	if _, err := s.admit(ctx); err != nil {
		return nil, err
	}
	if err := s.obey(ctx, s.rules.of("GetTopic", nil)); err != nil {
		return nil, err
	}
	topic, err := s.find(name, "topic.meta.permission")
	if err != nil {
		return nil, err
	}
	info := &eventbus.TopicInfo{TopicName: topic.Name, TenantGuid: s.Org, CanSubscribe: true}
	if topic.Single {
		schema, _ := s.Bus.SchemaOf(topic.Entities[0])
		info.SchemaId = schema.ID
	}
	return info, nil
}

// find finds a topic that the user may see. A channel of several entities is one in any case.
func (s *Server) find(name, forbidden string) (events.Topic, error) {
	if name == "" {
		return events.Topic{}, refuse("topic.validation.empty", "The topic name is empty")
	}
	topic, ok := s.Bus.Topic(name)
	switch {
	case !ok:
		return topic, refuse("topic.not.found", "The topic %q doesn't exist", name)
	case topic.Single && !s.seen(topic.Entities[0]):
		return topic, refuse(forbidden, "The user lacks the permissions that the topic %q needs", name)
	}
	return topic, nil
}

// GetSchema implements the service.
func (s *Server) GetSchema(ctx context.Context, r *eventbus.SchemaRequest) (*eventbus.SchemaInfo, error) {
	rpc := s.call()
	info, err := s.schema(ctx, r.SchemaId)
	if err != nil {
		return nil, answer(ctx, err, rpc)
	}
	info.RpcId = rpc
	return info, nil
}

func (s *Server) schema(ctx context.Context, id string) (*eventbus.SchemaInfo, error) {
	if _, err := s.admit(ctx); err != nil {
		return nil, err
	}
	rule := s.rules.of("GetSchema", nil)
	if err := s.obey(ctx, rule); err != nil {
		return nil, err
	}
	if id == "" {
		return nil, refuse("schema.validation.failed", "The schema Id is empty")
	}
	schema, ok := s.Bus.Schema(id)
	if !ok {
		return nil, refuse("schema.meta.permission", "The schema %q can't be read", id)
	}
	if rule.Do == "schema" {
		return &eventbus.SchemaInfo{SchemaId: id, SchemaJson: rule.Schema}, nil
	}
	return &eventbus.SchemaInfo{SchemaId: id, SchemaJson: schema.JSON}, nil
}

// obey does what a rule asks for before a call is answered.
func (s *Server) obey(ctx context.Context, rule Rule) error {
	switch rule.Do {
	case "error":
		return refuse(rule.Code, "A rule says so")
	case "disconnect":
		return broken()
	case "stall":
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}
