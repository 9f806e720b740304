package pubsub_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/twmb/avro"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"catchment/internal/eventbus"
	"catchment/internal/fakeorg"
)

// begin is when the clocks of these tests stand.
var begin = time.Date(2026, time.March, 14, 15, 9, 26, 0, time.UTC)

// A rig is an org, and what is heard of it through gRPC, decoded by a library that the org doesn't use.
type rig struct {
	*testing.T
	org     *fakeorg.Org
	client  eventbus.PubSubClient
	conn    *grpc.ClientConn
	schemas map[string]*avro.Schema
}

func newRig(t *testing.T, options fakeorg.Options) *rig {
	t.Helper()
	t.Parallel()
	options.Clock, options.Seed, options.PubSub = fakeorg.StillClock(begin), 1, true
	options.SessionLife = 1000 * time.Hour
	org, err := fakeorg.New(options)
	if err != nil {
		t.Fatal(err)
	}
	if err := org.Generate(200, 1); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- org.PubSub().Serve(ctx, listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	r := &rig{t, org, eventbus.NewPubSubClient(conn), conn, map[string]*avro.Schema{}}
	r.selects("Account", "Contact")
	return r
}

// ok fails the test with an error that there is.
func (r *rig) ok(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *rig) selects(entities ...string) {
	r.Helper()
	r.ok(r.org.PubSub().Bus.Select(entities...))
}

func (r *rig) create(object string, values map[string]any) string {
	r.Helper()
	id, err := r.org.Create(object, values)
	r.ok(err)
	return id
}

func (r *rig) update(id string, values map[string]any) {
	r.Helper()
	r.org.Clock().Advance(time.Second)
	r.ok(r.org.Update(id, values))
}

// headers are those of a caller who is let in.
func (r *rig) headers() metadata.MD {
	return metadata.Pairs("accesstoken", r.org.Credentials().AccessToken, "instanceurl", "http://org.example",
		"tenantid", r.org.ID())
}

func (r *rig) context() context.Context {
	return metadata.NewOutgoingContext(r.Context(), r.headers())
}

// A heard event is one as a client decodes it.
type heard struct {
	id, schema string
	replay     []byte
	header     map[string]any
	body       map[string]any // fields that aren't null
}

// A listener is one subscription.
type listener struct {
	*rig
	wire grpc.BidiStreamingClient[eventbus.FetchRequest, eventbus.FetchResponse]
}

// subscribe opens a stream and asks for events.
func (r *rig) subscribe(topic string, n int32, from ...[]byte) *listener {
	r.Helper()
	wire, err := r.client.Subscribe(r.context())
	r.ok(err)
	l := &listener{r, wire}
	asked := &eventbus.FetchRequest{TopicName: topic, NumRequested: n, ReplayPreset: eventbus.ReplayPreset_EARLIEST}
	for _, id := range from {
		asked.ReplayPreset, asked.ReplayId = eventbus.ReplayPreset_CUSTOM, id
	}
	if err := wire.Send(asked); err != io.EOF { // where it is refused already, Recv says by what
		r.ok(err)
	}
	return l
}

// next is the next answer.
func (l *listener) next() *eventbus.FetchResponse {
	l.Helper()
	answer, err := l.wire.Recv()
	l.ok(err)
	return answer
}

// hear waits for n events.
func (l *listener) hear(n int) []heard {
	l.Helper()
	var all []heard
	for len(all) < n {
		for _, e := range l.next().Events {
			all = append(all, l.decode(e))
		}
	}
	if len(all) != n {
		l.Fatalf("%d events came, want %d", len(all), n)
	}
	return all
}

// refused waits for the end of the stream, and is its code.
func (l *listener) refused() string {
	l.Helper()
	for {
		_, err := l.wire.Recv()
		if err == nil {
			continue
		}
		if code := l.wire.Trailer().Get("error-code"); len(code) == 1 {
			if len(l.wire.Trailer().Get("rpc-id")) != 1 {
				l.Error("no rpc-id in the trailers")
			}
			return code[0]
		}
		return status.Code(err).String()
	}
}

func (r *rig) schema(id string) *avro.Schema {
	r.Helper()
	if s := r.schemas[id]; s != nil {
		return s
	}
	info, err := r.client.GetSchema(r.context(), &eventbus.SchemaRequest{SchemaId: id})
	r.ok(err)
	s, err := avro.Parse(info.SchemaJson)
	r.ok(err)
	r.schemas[id] = s
	return s
}

func (r *rig) decode(e *eventbus.ConsumerEvent) heard {
	r.Helper()
	var got any
	rest, err := r.schema(e.Event.SchemaId).Decode(e.Event.Payload, &got)
	r.ok(err)
	if len(rest) > 0 {
		r.Fatalf("%d bytes are left behind an event", len(rest))
	}
	all := got.(map[string]any)
	h := heard{e.Event.Id, e.Event.SchemaId, e.ReplayId, all["ChangeEventHeader"].(map[string]any), map[string]any{}}
	for name, value := range all {
		if value != nil && name != "ChangeEventHeader" {
			h.body[name] = value
		}
	}
	return h
}

// says fails the test where a header isn't as wanted, written as JSON.
func (h heard) says(t *testing.T, name, want string) {
	t.Helper()
	got, err := json.Marshal(h.header[name])
	if err != nil || string(got) != want {
		t.Errorf("%s is %s, want %s (%v)", name, got, want, err)
	}
}

// types are the changes of some events, in their order.
func types(all []heard) []string {
	var names []string
	for _, h := range all {
		names = append(names, h.header["entityName"].(string)+" "+h.header["changeType"].(string))
	}
	return names
}

func (r *rig) same(what string, got, want []string) {
	r.Helper()
	if !slices.Equal(got, want) {
		r.Errorf("%s: %v, want %v", what, got, want)
	}
}
