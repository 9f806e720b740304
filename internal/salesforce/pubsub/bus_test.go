package pubsub

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/avro"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"catchment/internal/eventbus"
	"catchment/internal/salesforce/login"
	"catchment/internal/salesforce/pubsub/change"
	"catchment/internal/schema"
)

// A fault is what befalls before an event is sent.
type fault string

const (
	drop   fault = "drop"   // the stream ends with an error
	hangUp fault = "hangUp" // it ends without one
	double fault = "double" // the event comes twice
	stall  fault = "stall"  // nothing comes any more, and nothing ends
	expire fault = "expire" // the session has ended
)

// A bus is a server of the Pub/Sub API for tests, of one topic. It does what it is told to, and remembers what
// it was asked for. What is set before it serves may be nil.
type bus struct {
	eventbus.UnimplementedPubSubServer

	faults    func(at int) fault                                   // before event number at
	opens     func(n int, r *eventbus.FetchRequest) error          // when stream number n is opened
	schemaOf  func(n int, id string) (*eventbus.SchemaInfo, error) // in the place of what is known; nil, nil for that
	keepalive time.Duration                                        // 60 s
	most      int                                                  // events in one answer: 100

	mu      sync.Mutex
	events  []*eventbus.ProducerEvent
	first   int // number of the first of them
	kept    int // the first event that can be had
	forget  int // how many events are held at most; 0: all
	more    chan struct{}
	token   string
	schemas map[string]string
	opened  []*eventbus.FetchRequest // the first request of each stream
	headers []metadata.MD
	fetched []string // schemas that were asked for
	broken  []string // rules of the API that were broken
	conns   int
}

func newBus() *bus {
	return &bus{keepalive: time.Minute, most: 100, more: make(chan struct{}), token: "token-1",
		schemas: map[string]string{"schema-1": schemaText()}}
}

// schemaText is a schema with more fields than the name, as they are added.
func schemaText(more ...string) string {
	text := `{"type":"record","name":"AccountChangeEvent","fields":[{"name":"ChangeEventHeader","type":{"type":"record",
"name":"ChangeEventHeader","fields":[{"name":"entityName","type":"string"},
{"name":"recordIds","type":{"type":"array","items":"string"}},
{"name":"changeType","type":{"type":"enum","name":"ChangeType","symbols":["CREATE","UPDATE","DELETE","UNDELETE",
"GAP_CREATE","GAP_UPDATE","GAP_DELETE","GAP_UNDELETE","GAP_OVERFLOW"]}},{"name":"changeOrigin","type":"string"},
{"name":"transactionKey","type":"string"},{"name":"sequenceNumber","type":"int"},
{"name":"commitTimestamp","type":"long"},{"name":"commitNumber","type":"long"},{"name":"commitUser","type":"string"},
{"name":"nulledFields","type":{"type":"array","items":"string"}},
{"name":"diffFields","type":{"type":"array","items":"string"}},
{"name":"changedFields","type":{"type":"array","items":"string"}}]}}`
	for _, name := range more {
		text += `,{"name":"` + name + `","type":["null","string"]}`
	}
	return text + `,{"name":"Name","type":["null","string"]}]}`
}

var account = change.Of(schema.Object{Name: "Account", Fields: []schema.Field{
	{Name: "Id", Type: schema.ID}, {Name: "Name", Type: schema.String}, {Name: "Fax", Type: schema.Phone},
}})

// change is event number n: an update of the name to "name n" in a transaction of five, or what more says of its
// header.
func (b *bus) change(n int, schemaID string, more map[string]any) *eventbus.ProducerEvent {
	head := map[string]any{"entityName": "Account", "recordIds": []string{fmt.Sprintf("001%012dAAA", n)},
		"changeType": "UPDATE", "changeOrigin": "", "transactionKey": fmt.Sprint("t", n/5), "sequenceNumber": n%5 + 1,
		"commitTimestamp": int64(n), "commitNumber": int64(n), "commitUser": "005000000000001AAA",
		"nulledFields": []string{}, "diffFields": []string{}, "changedFields": []string{"0x02"}}
	if schemaID != "schema-1" {
		head["changedFields"] = []string{"0x04"} // behind a field that is newer
	}
	for name, value := range more {
		head[name] = value
	}
	name := any(fmt.Sprint("name ", n))
	if more["name"] != nil {
		name = more["name"]
	}
	record := map[string]any{"ChangeEventHeader": head, "Name": name, "Fax": nil}
	delete(head, "name")
	b.mu.Lock()
	text := b.schemas[schemaID]
	b.mu.Unlock()
	payload, err := compiled(text).Encode(record)
	if err != nil {
		panic(err)
	}
	return &eventbus.ProducerEvent{Id: fmt.Sprintf("uuid-%d", n), SchemaId: schemaID, Payload: payload}
}

var (
	compiledMu sync.Mutex
	compileds  = map[string]*avro.Schema{}
)

func compiled(text string) *avro.Schema {
	compiledMu.Lock()
	defer compiledMu.Unlock()
	if compileds[text] == nil {
		compileds[text] = avro.MustParse(text)
	}
	return compileds[text]
}

// publish adds events.
func (b *bus) publish(events ...*eventbus.ProducerEvent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, events...)
	if over := len(b.events) - b.forget; b.forget > 0 && over > b.forget {
		b.events, b.first = slices.Clone(b.events[over:]), b.first+over
	}
	close(b.more)
	b.more = make(chan struct{})
}

// publishN adds as many plain events.
func (b *bus) publishN(n int) {
	b.mu.Lock()
	at := b.first + len(b.events)
	b.mu.Unlock()
	for i := range n {
		b.publish(b.change(at+i, "schema-1", nil))
	}
}

// replay is the position behind an event: 8 bytes, and two of zeros.
func replay(at int) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(at)*7+1000), 0, 0)
}

func failed(code codes.Code, errorCode, message string) error {
	return &coded{status.Error(code, message), errorCode}
}

// coded is an error with Salesforce's code, which goes into the trailer.
type coded struct {
	error
	code string
}

func (b *bus) trailer(err error, set func(metadata.MD)) error {
	if c, ok := errors.AsType[*coded](err); ok {
		set(metadata.Pairs("error-code", prefix+c.code))
		return c.error
	}
	return err
}

func (b *bus) auth(ctx context.Context) error {
	md, _ := metadata.FromIncomingContext(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.headers = append(b.headers, md)
	if len(md.Get("tenantid")) != 1 || len(md.Get("instanceurl")) != 1 ||
		!slices.Equal(md.Get("accesstoken"), []string{b.token}) {
		return failed(codes.Unauthenticated, "service.auth.error", "the token is invalid")
	}
	return nil
}

// GetSchema answers the schema of an Id.
func (b *bus) GetSchema(ctx context.Context, r *eventbus.SchemaRequest) (*eventbus.SchemaInfo, error) {
	set := func(md metadata.MD) { _ = grpc.SetTrailer(ctx, md) }
	if err := b.auth(ctx); err != nil {
		return nil, b.trailer(err, set)
	}
	b.mu.Lock()
	b.fetched = append(b.fetched, r.SchemaId)
	n, text := len(b.fetched), b.schemas[r.SchemaId]
	b.mu.Unlock()
	if b.schemaOf != nil {
		if info, err := b.schemaOf(n, r.SchemaId); info != nil || err != nil {
			return info, b.trailer(err, set)
		}
	}
	if text == "" {
		return nil, b.trailer(failed(codes.NotFound, "schema.not.found", "no such schema"), set)
	}
	return &eventbus.SchemaInfo{SchemaId: r.SchemaId, SchemaJson: text}, nil
}

// errEnds has a stream end without an error.
var errEnds = errors.New("the stream ends")

// Subscribe serves a stream.
func (b *bus) Subscribe(stream eventbus.PubSub_SubscribeServer) error {
	err := b.serve(stream)
	if errors.Is(err, errEnds) {
		return nil
	}
	return b.trailer(err, stream.SetTrailer)
}

func (b *bus) serve(stream eventbus.PubSub_SubscribeServer) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.opened = append(b.opened, first)
	n := len(b.opened)
	b.mu.Unlock()
	if err := b.auth(stream.Context()); err != nil {
		return err
	}
	if b.opens != nil {
		if err := b.opens(n, first); err != nil {
			return err
		}
	}
	at, err := b.begin(first)
	if err != nil {
		return err
	}
	asked := make(chan int32)
	go func() {
		defer close(asked)
		for {
			r, err := stream.Recv()
			if err != nil {
				return
			}
			select {
			case asked <- r.NumRequested:
			case <-stream.Context().Done():
				return
			}
		}
	}()
	return b.deliver(stream, at, first.NumRequested, asked)
}

// begin is the first event of a stream.
func (b *bus) begin(first *eventbus.FetchRequest) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch first.ReplayPreset {
	case eventbus.ReplayPreset_EARLIEST:
		return b.kept, nil
	case eventbus.ReplayPreset_CUSTOM:
		if len(first.ReplayId) < 8 {
			return 0, failed(codes.InvalidArgument, "subscription.fetch.replayid.validation.failed", "no replay id")
		}
		at := (int(binary.BigEndian.Uint64(first.ReplayId))-1000)/7 + 1
		if at < b.kept || at > b.first+len(b.events) {
			return 0, failed(codes.InvalidArgument, "subscription.fetch.replayid.corrupted", "the replay id is invalid")
		}
		return at, nil
	}
	return b.first + len(b.events), nil
}

func (b *bus) deliver(stream eventbus.PubSub_SubscribeServer, at int, owed int32, asked <-chan int32) error {
	for {
		b.mu.Lock()
		there, more := b.first+len(b.events)-at, b.more
		if owed > window {
			b.broken = append(b.broken, fmt.Sprintf("%d events are asked for at a time", owed))
		}
		b.mu.Unlock()
		if n := min(there, int(owed), b.most); n > 0 {
			sent, came, err := b.send(stream, at, n, owed)
			if err != nil {
				return err
			}
			at, owed = at+sent, owed-came
			continue
		}
		select {
		case <-stream.Context().Done():
			return nil
		case n, ok := <-asked:
			if !ok {
				return nil
			}
			owed += n
		case <-more:
		case <-time.After(b.keepalive):
			if owed == 0 {
				return status.Error(codes.DeadlineExceeded, "nothing was asked for")
			}
			b.mu.Lock()
			latest := replay(b.first + len(b.events) - 1)
			b.mu.Unlock()
			quiet := &eventbus.FetchResponse{LatestReplayId: latest, PendingNumRequested: owed}
			if err := stream.Send(quiet); err != nil {
				return err
			}
		}
	}
}

// send sends some events in one answer, as far as no fault comes between. One that comes twice counts twice.
func (b *bus) send(stream eventbus.PubSub_SubscribeServer, at, n int, owed int32) (sent int, came int32, err error) {
	answer := &eventbus.FetchResponse{}
	flush := func() error {
		if len(answer.Events) == 0 {
			return nil
		}
		answer.PendingNumRequested = owed - came
		answer.LatestReplayId = replay(at + sent - 1)
		return stream.Send(answer)
	}
	for ; sent < n && came < owed; sent++ {
		b.mu.Lock()
		e := &eventbus.ConsumerEvent{Event: b.events[at+sent-b.first], ReplayId: replay(at + sent)}
		b.mu.Unlock()
		var what fault
		if b.faults != nil {
			what = b.faults(at + sent)
		}
		switch what {
		case double:
			if came+1 < owed {
				answer.Events, came = append(answer.Events, e), came+1
			}
		case drop, hangUp, stall, expire:
			if err := flush(); err != nil {
				return sent, came, err
			}
			return sent, came, b.befalls(stream, what)
		}
		answer.Events, came = append(answer.Events, e), came+1
	}
	return sent, came, flush()
}

func (b *bus) befalls(stream eventbus.PubSub_SubscribeServer, what fault) error {
	switch what {
	case stall:
		<-stream.Context().Done()
	case hangUp:
		return errEnds
	case expire:
		b.mu.Lock()
		b.token += "+"
		b.mu.Unlock()
		return failed(codes.Unauthenticated, "service.auth.error", "the session has ended")
	}
	return status.Error(codes.Unavailable, "the server goes down")
}

// serveBus serves a bus in memory, and gives a client of it and an end to both.
func serveBus(t testing.TB, b *bus, c Config) (*Client, func()) {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	eventbus.RegisterPubSubServer(server, b)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	c.Endpoint, c.Plaintext, c.UserAgent = "127.0.0.1:7443", true, "catchment/test"
	c.Dial = func(ctx context.Context, _ string) (net.Conn, error) {
		b.mu.Lock()
		b.conns++
		b.mu.Unlock()
		return listener.DialContext(ctx)
	}
	if c.Session == nil {
		c.Session = func(context.Context, string) (login.Session, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			return login.Session{Token: b.token, InstanceURL: "https://acme.my.salesforce.com",
				OrgID: "00D000000000001EAA"}, nil
		}
	}
	client, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return client, func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		server.Stop()
		<-done
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, rule := range b.broken {
			t.Error(rule)
		}
	}
}
