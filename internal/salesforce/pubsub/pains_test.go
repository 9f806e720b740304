package pubsub

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"catchment/internal/eventbus"
	"catchment/internal/plan"
	"catchment/internal/salesforce/login"
	"catchment/internal/salesforce/pubsub/change"
	"catchment/internal/schema"
)

// What users of other clients suffered from streams of events; docs/pains.md has a line for each.

// lostAtOnce subscribes from a position that is too old, and gives the error, after one try.
func lostAtOnce(t *testing.T) (err error) {
	b := newBus()
	inBubble(t, Config{}, b, func(t *testing.T, c *Client) {
		b.publishN(20)
		b.kept = 10
		s := subscribed(t, c, After(Position(replay(3))))
		defer s.Close()
		began := time.Now()
		f := follow(t, s, 1)
		if err = f.err; len(b.opened) != 1 || len(f.away) > 0 || time.Since(began) > time.Second {
			t.Errorf("%d tries in %s", len(b.opened), time.Since(began))
		}
	})
	return err
}

func TestPainLfx2195(t *testing.T) { // 775 tries of a position that was lost, and "ready" for sixteen days
	t.Parallel()
	if _, is := errors.AsType[*Lost](lostAtOnce(t)); !is {
		t.Error("a lost position is tried again")
	}
}

func TestPainJsforce1061(t *testing.T) { // an expired position is silent
	t.Parallel()
	if err := lostAtOnce(t); err == nil || !strings.Contains(err.Error(), "is lost") || plan.HintOf(err) == "" {
		t.Error(err)
	}
}

func TestPainCamel17153(t *testing.T) { // a subscription is made again without an end
	t.Parallel()
	b := newBus()
	b.opens = func(int, *eventbus.FetchRequest) error { return status.Error(codes.Internal, "no") }
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		began := time.Now()
		f := follow(t, s, 1)
		if f.err == nil || len(f.away) != defaultRetries || len(b.opened) != defaultRetries+1 ||
			time.Since(began) < 2*time.Minute {
			t.Error(f.err, len(f.away), time.Since(began))
		}
	})
}

// neverTheTip follows through every fault, and looks that no stream but one that was told to begins at the tip.
func neverTheTip(t *testing.T) {
	b, all := newBus(), []fault{drop, hangUp, expire, stall}
	n := 0
	b.faults = func(at int) fault {
		if n < len(all) && at == (n+1)*10 {
			n++
			return all[n-1]
		}
		return ""
	}
	b.opens = func(n int, _ *eventbus.FetchRequest) error {
		if n%2 == 0 {
			return failed(codes.Internal, "something.unknown", "no")
		}
		return nil
	}
	b.publishN(100)
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		inOrder(t, follow(t, s, 100), 100)
		for _, r := range b.opened {
			if r.ReplayPreset == eventbus.ReplayPreset_LATEST {
				t.Errorf("it falls back to the tip: %v", r)
			}
		}
		if len(b.opened) < 9 {
			t.Error(len(b.opened))
		}
	})
}

func TestPainCamel18396(t *testing.T) { t.Parallel(); neverTheTip(t) } // falls back to the tip

func TestPainWSO2MI4768(t *testing.T) { // a connection that is lost stays lost, and the listener looks alive
	t.Parallel()
	b := newBus()
	b.faults = once(5, stall)
	b.publishN(10)
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		if f := follow(t, s, 10); f.err != nil || len(f.away) != 1 {
			t.Error(f.err, f.away)
		}
	})
}

func TestPainRedpanda4689Buffer(t *testing.T) { // events in the buffer are dropped with the stream
	t.Parallel()
	b := newBus()
	b.faults = once(60, drop)
	b.publishN(100)
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		first := follow(t, s, 10) // 50 are in the buffer while the stream breaks
		time.Sleep(time.Minute)
		f := follow(t, s, 90)
		f.names = append(first.names, f.names...)
		inOrder(t, f, 100)
	})
}

func TestPainRedpanda4689SchemaFetch(t *testing.T) { // an event is skipped whose schema can't be had now
	t.Parallel()
	b := newBus()
	b.schemaOf = func(n int, _ string) (*eventbus.SchemaInfo, error) {
		if n < 3 {
			return nil, status.Error(codes.Unavailable, "down")
		}
		return nil, nil
	}
	b.publishN(10)
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		inOrder(t, follow(t, s, 10), 10)
	})
}

func TestPainRedpanda4689Nack(t *testing.T) { // what wasn't dealt with moves the position
	t.Parallel()
	b := newBus()
	inBubble(t, Config{}, b, func(t *testing.T, c *Client) {
		b.publishN(10)
		s := subscribed(t, c, Earliest())
		kept := follow(t, s, 4).after
		follow(t, s, 1) // which its caller can't deal with
		s.Close()
		again := subscribed(t, c, After(kept))
		defer again.Close()
		if f := follow(t, again, 6); f.err != nil || f.names[0] != "name 4" {
			t.Error(f.names, f.err)
		}
	})
}

func TestPainRedpanda4689InvalidArgument(t *testing.T) { // over an error the position is forgotten
	t.Parallel()
	b := newBus()
	b.faults = once(5, drop)
	b.opens = func(n int, _ *eventbus.FetchRequest) error {
		if n == 2 {
			return failed(codes.InvalidArgument, "something.new", "no")
		}
		return nil
	}
	b.publishN(10)
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		f := follow(t, s, 10)
		if plan.ClassOf(f.err) != plan.Bug || f.after != Position(replay(4)) || len(b.opened) != 2 {
			t.Error(f.err, f.after, len(b.opened))
		}
	})
}

func TestPainPozil8(t *testing.T) { // changed fields are named wrongly where the schema is newer
	t.Parallel()
	b := newBus()
	b.schemas["schema-2"] = schemaText("Fax")
	b.publish(b.change(0, "schema-1", nil), b.change(1, "schema-2", nil), b.change(2, "schema-1", nil))
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		for i, e := range follow(t, s, 3).events {
			d, err := e.Decode(account)
			if err != nil || len(d.Fields) != 1 || d.Fields[0] != (change.Field{Name: "Name", State: change.Set,
				Value: fmt.Sprint("name ", i)}) {
				t.Error(d.Fields, err)
			}
		}
	})
}

func TestPainPozil34(t *testing.T) { // an event without the Id of a schema stops everything
	t.Parallel()
	b := newBus()
	blank := b.change(0, "schema-1", nil)
	blank.SchemaId = ""
	b.publish(blank, b.change(1, "schema-1", nil))
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		f := follow(t, s, 2)
		if f.err != nil || f.events[0].Unreadable == nil || f.names[1] != "name 1" || len(b.fetched) != 1 {
			t.Error(f.names, f.err, b.fetched)
		}
	})
}

func TestPainPozil36(t *testing.T) { // of a batch, one schema decodes all events
	t.Parallel()
	b := newBus()
	b.schemas["schema-2"] = schemaText("Fax")
	b.publish(b.change(0, "schema-2", nil), b.change(1, "schema-1", nil), b.change(2, "schema-2", nil))
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		inOrder(t, follow(t, s, 3), 3)
	})
}

func TestPainPozil50(t *testing.T) { // a client that has no position yet fails over it, or makes one up
	t.Parallel()
	b := newBus()
	inBubble(t, Config{}, b, func(t *testing.T, c *Client) {
		s := subscribed(t, c, Tip())
		defer s.Close()
		time.Sleep(time.Second)
		go func() {
			time.Sleep(10 * time.Second)
			b.publishN(1)
		}()
		f := follow(t, s, 1)
		if f.err != nil || f.after != Position(replay(0)) || len(b.opened[0].ReplayId) > 0 {
			t.Error(f.err, f.after, b.opened)
		}
	})
}

func TestPainPozil59(t *testing.T) { // the stream ends under load, without an error, and nobody hears of it
	t.Parallel()
	b := newBus()
	b.faults = every(500, hangUp)
	b.publishN(3000)
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		f := follow(t, s, 3000)
		inOrder(t, f, 3000)
		if len(f.away) != 6 {
			t.Error(len(f.away))
		}
	})
}

func TestPainPubSubAPI25(t *testing.T) { // nobody can read the bitmaps
	t.Parallel()
	b := newBus()
	b.schemas["schema-2"] = schemaText("Fax")
	b.publish(b.change(0, "schema-2", map[string]any{"changedFields": []string{"0x06"},
		"nulledFields": []string{"0x02"}}))
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		d, err := follow(t, s, 1).events[0].Decode(account)
		if err != nil || !slices.Equal(d.Fields, []change.Field{{Name: "Fax", State: change.Null},
			{Name: "Name", State: change.Set, Value: "name 0"}}) {
			t.Error(d.Fields, err)
		}
	})
}

func TestPainPubSubAPI28(t *testing.T) { // a stream of which all was read that was asked for is stale after a minute
	t.Parallel()
	b := newBus()
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		for n := range 10 {
			b.publishN(100) // as many as are asked for
			if f := follow(t, s, 100); f.err != nil || f.names[99] != fmt.Sprint("name ", n*100+99) {
				t.Fatal(f.err)
			}
			time.Sleep(3 * time.Minute)
		}
		if len(b.opened) != 1 {
			t.Error(len(b.opened))
		}
	})
}

func TestPainPubSubAPI31(t *testing.T) { // no keepalive, no event, no error: for ever
	t.Parallel()
	b := newBus()
	b.keepalive = 240 * time.Hour
	b.publishN(5)
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		follow(t, s, 5)
		news, err := s.Next(t.Context())
		if err != nil || news.Kind != Away || !isSilence(news.Err) || news.After != Position(replay(4)) {
			t.Error(news, err)
		}
	})
}

func TestPainAmpLabs2996(t *testing.T) { // parts of compound fields have names that no object has
	t.Parallel()
	b := newBus()
	const parts = `{"type":"record","name":"PersonName","fields":[{"name":"FirstName","type":["null","string"]}]}`
	b.schemas["compound"] = strings.Replace(schemaText(), `{"name":"Name","type":["null","string"]}`,
		`{"name":"Name","type":["null",`+parts+`]}`, 1)
	b.publish(b.change(0, "compound", map[string]any{"changedFields": []string{"1-0x01"},
		"name": map[string]any{"FirstName": "Ada"}}))
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		of := change.Of(schema.Object{Name: "Account", Fields: []schema.Field{{Name: "Name", Type: schema.String},
			{Name: "FirstName", Type: schema.String, CompoundField: "Name"}}})
		d, err := follow(t, s, 1).events[0].Decode(of)
		if err != nil || !slices.Equal(d.Fields, []change.Field{{Name: "FirstName", State: change.Set, Value: "Ada"},
			{Name: "Name", State: change.Read, Why: change.Compound}}) {
			t.Error(d.Fields, err)
		}
	})
}

func TestPainEventBus6(t *testing.T) { // the token expires, and the client ends with it
	t.Parallel()
	b := newBus()
	b.faults = every(20, expire)
	b.publishN(10)
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		first := follow(t, s, 10)
		b.publishN(90)
		f := follow(t, s, 90)
		f.names = append(first.names, f.names...)
		inOrder(t, f, 100)
		if b.token != "token-1+++++" {
			t.Error(b.token)
		}
	})
}

func TestPainMuleSoft1484(t *testing.T) { // two listeners share one position, and each misses what the other had
	t.Parallel()
	b := newBus()
	inBubble(t, Config{}, b, func(t *testing.T, c *Client) {
		b.publishN(50)
		one, two := subscribed(t, c, Earliest()), subscribed(t, c, Earliest())
		defer one.Close()
		defer two.Close()
		first := follow(t, one, 30)
		inOrder(t, follow(t, two, 50), 50)
		rest := follow(t, one, 20)
		rest.names = append(first.names, rest.names...)
		inOrder(t, rest, 50)
	})
}

// An answer that sends on to another host is followed by nobody: the token stays here.
func TestAnotherHostIsNotFollowed(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	serve := func(h http.HandlerFunc) (string, *http.Server) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := &http.Server{Handler: h, Protocols: protocols, ReadHeaderTimeout: time.Minute}
		go func() { _ = s.Serve(l) }()
		return l.Addr().String(), s
	}
	other, otherServer := serve(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
	defer otherServer.Close()
	address, server := serve(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://"+other+"/eventbus.v1.PubSub/Subscribe")
		w.Header().Set("Alt-Svc", `h2="`+other+`"`)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	defer server.Close()
	c, err := New(Config{Endpoint: address, Plaintext: true, Retries: 1,
		Session: func(context.Context, string) (login.Session, error) {
			return login.Session{Token: "s3cr3t", InstanceURL: "http://" + other, OrgID: "00D000000000001EAA"}, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	s := subscribed(t, c, Earliest())
	defer s.Close()
	f := follow(t, s, 1)
	if f.err == nil || elsewhere.Load() != 0 || strings.Contains(f.err.Error(), "s3cr3t") {
		t.Error(f.err, elsewhere.Load())
	}
}
