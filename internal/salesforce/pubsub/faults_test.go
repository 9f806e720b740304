package pubsub

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"catchment/internal/eventbus"
	"catchment/internal/plan"
	"catchment/internal/salesforce/login"
	"catchment/internal/salesforce/pubsub/change"
	"catchment/internal/schema"
)

// once befalls before one event, the first time that it is to be sent.
func once(at int, what fault) func(int) fault {
	done := false
	return func(n int) fault {
		if n != at || done {
			return ""
		}
		done = true
		return what
	}
}

// every befalls before the last of each so many events, the first time that it is to be sent.
func every(many int, what fault) func(int) fault {
	last := -1
	return func(n int) fault {
		if n%many != many-1 || n == last {
			return ""
		}
		last = n
		return what
	}
}

// inBubble runs a test of a bus in a time of its own.
func inBubble(t *testing.T, c Config, b *bus, test func(t *testing.T, c *Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b.more = make(chan struct{})
		client, end := serveBus(t, b, c)
		defer end()
		test(t, client)
	})
}

// fromEarliest runs a test of a subscription to all that a bus has, in a time of its own.
func fromEarliest(t *testing.T, b *bus, test func(t *testing.T, s *Subscription)) {
	t.Helper()
	inBubble(t, Config{}, b, func(t *testing.T, c *Client) {
		s := subscribed(t, c, Earliest())
		defer s.Close()
		test(t, s)
	})
}

// inOrder tells whether the names are those of the first events, each once and in order.
func inOrder(t *testing.T, f followed, n int) {
	t.Helper()
	if f.err != nil || len(f.names) != n {
		t.Fatalf("%d of %d: %v", len(f.names), n, f.err)
	}
	for i, name := range f.names {
		if name != fmt.Sprint("name ", i) {
			t.Fatalf("event %d is %s", i, name)
		}
	}
}

func TestLostPosition(t *testing.T) {
	t.Parallel()
	for name, from := range map[string]Position{"expired": Position(replay(3)), "corrupted": Position(replay(99)),
		"none of Salesforce's": "short"} {
		b := newBus()
		inBubble(t, Config{}, b, func(t *testing.T, c *Client) {
			b.publishN(20)
			b.kept = 10
			s := subscribed(t, c, After(from))
			defer s.Close()
			f := follow(t, s, 1)
			l, is := errors.AsType[*Lost](f.err)
			if !is || l.Position != from || len(f.away) > 0 || plan.ClassOf(f.err) != plan.Fix ||
				!strings.HasPrefix(CodeOf(f.err), "subscription.fetch.replayid.") ||
				!strings.Contains(plan.HintOf(f.err), "catchment run") {
				t.Errorf("%s: %v", name, f.err)
			}
			if again := follow(t, s, 1); again.err != f.err || len(b.opened) != 1 {
				t.Errorf("%s: it goes on with %v, over %d streams", name, again.err, len(b.opened))
			}
		})
	}
}

// A position that expires while the stream is away is no other matter.
func TestPositionLostUnderWay(t *testing.T) {
	t.Parallel()
	b := newBus()
	b.faults = func(at int) fault {
		if at == 5 {
			b.mu.Lock()
			b.kept = 15
			b.mu.Unlock()
			return drop
		}
		return ""
	}
	b.publishN(20)
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		f := follow(t, s, 20)
		l, is := errors.AsType[*Lost](f.err)
		if !is || l.Position != Position(replay(4)) || len(f.events) != 5 || len(f.away) != 1 {
			t.Errorf("%d events, %v: %v", len(f.events), f.away, f.err)
		}
	})
}

// Who begins at the tip and has no position yet can't go on where it was.
func TestNoPositionYet(t *testing.T) {
	t.Parallel()
	b := newBus()
	b.opens = func(int, *eventbus.FetchRequest) error { return status.Error(codes.Unavailable, "down") }
	inBubble(t, Config{}, b, func(t *testing.T, c *Client) {
		s := subscribed(t, c, Tip())
		defer s.Close()
		f := follow(t, s, 1)
		if l, is := errors.AsType[*Lost](f.err); !is || l.Position != "" || len(b.opened) != 1 {
			t.Error(f.err, len(b.opened))
		}
	})
	if _, err := (&Client{}).Subscribe("/data/AccountChangeEvent", Start{}); err == nil {
		t.Error("a subscription begins nowhere")
	}
	if _, err := (&Client{}).Subscribe("/data/AccountChangeEvent", After("")); err == nil {
		t.Error("a subscription begins behind no position")
	}
}

func TestEventTwice(t *testing.T) {
	t.Parallel()
	b := newBus()
	b.faults = func(at int) fault {
		if at%3 == 0 {
			return double
		}
		return ""
	}
	b.publishN(30)
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		f := follow(t, s, 30)
		inOrder(t, f, 30)
		if f.repeated != 10 || f.after != Position(replay(29)) {
			t.Error(f.repeated, f.after)
		}
	})
}

func TestSchemaChangesWithinABatch(t *testing.T) {
	t.Parallel()
	b := newBus()
	b.schemas["schema-2"] = schemaText("Fax")
	var events []*eventbus.ProducerEvent
	for i := range 40 {
		events = append(events, b.change(i, []string{"schema-1", "schema-2"}[i%2], nil))
	}
	b.publish(events...)
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		inOrder(t, follow(t, s, 40), 40)
		if !slices.Equal(b.fetched, []string{"schema-1", "schema-2"}) {
			t.Error(b.fetched)
		}
	})
}

// A schema that can't be had now is asked for again; one that is none is the matter of its events alone.
func TestSchemaThatCannotBeFetched(t *testing.T) {
	t.Parallel()
	b := newBus()
	b.schemas["blank"], b.schemas["gone"] = schemaText("Fax"), schemaText("Fax")
	b.schemaOf = func(n int, id string) (*eventbus.SchemaInfo, error) {
		switch {
		case id == "gone":
			return nil, failed(codes.NotFound, "schema.not.found", "no such schema")
		case n < 4:
			return nil, status.Error(codes.Unavailable, "down")
		}
		return nil, nil
	}
	blank := b.change(2, "blank", nil)
	blank.SchemaId = ""
	b.publish(b.change(0, "schema-1", nil), b.change(1, "gone", nil), blank, b.change(3, "schema-1", nil))
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		f := follow(t, s, 4)
		if f.err != nil || len(f.away) != 3 || f.names[0] != "name 0" || f.names[3] != "name 3" {
			t.Fatal(f.names, f.away, f.err)
		}
		for _, e := range f.events[1:3] {
			if _, err := e.Decode(account); err == nil || e.Unreadable == nil || plan.HintOf(err) == "" {
				t.Errorf("%s: %v", e.ID, err)
			}
		}
	})
}

// A stream that stays open and brings nothing is left, with its connection, after 300 seconds.
func TestSilentStall(t *testing.T) {
	t.Parallel()
	b := newBus()
	b.faults = once(7, stall)
	b.publishN(20)
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		began := time.Now()
		f := follow(t, s, 20)
		inOrder(t, f, 20)
		took := time.Since(began)
		if len(f.away) != 1 || !isSilence(f.away[0]) || plan.ClassOf(f.away[0]) != plan.Retry {
			t.Error(f.away)
		}
		if took < defaultSilence || took > defaultSilence+5*time.Second || b.conns != 2 {
			t.Error(took, b.conns)
		}
	})
}

// Keepalives are no silence, and move the position of a quiet object.
func TestQuietDays(t *testing.T) {
	t.Parallel()
	b := newBus()
	b.keepalive = 270 * time.Second
	inBubble(t, Config{}, b, func(t *testing.T, c *Client) {
		b.publishN(10)
		s := subscribed(t, c, Tip())
		defer s.Close()
		for range 1000 {
			news, err := s.Next(t.Context())
			if err != nil || news.Kind != Quiet || news.After != Position(replay(9)) {
				t.Fatal(news, err)
			}
		}
		if len(b.opened) != 1 {
			t.Error(len(b.opened))
		}
	})
}

// Whoever takes its time with what came isn't taken for a silent server, and is asked for more in time. Who takes an
// hour finds the stream gone, and the next one goes on where it was.
func TestSlowCaller(t *testing.T) {
	t.Parallel()
	b := newBus()
	b.most = 25
	b.publishN(1000)
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		var f followed
		for range 20 {
			more := follow(t, s, 50)
			f.names, f.away = append(f.names, more.names...), append(f.away, more.away...)
			time.Sleep(50 * time.Second)
		}
		inOrder(t, f, 1000)
		if len(b.opened) != 1 || len(f.away) > 0 {
			t.Error(len(b.opened), f.away)
		}
		b.publishN(500)
		follow(t, s, 10)
		time.Sleep(time.Hour)
		if f := follow(t, s, 490); f.err != nil || f.names[0] != "name 1010" || len(f.away) != 1 || len(b.opened) != 2 {
			t.Error(f.err, f.away, len(b.opened))
		}
	})
}

// A wait that ends before anything comes ends nothing else.
func TestWaitThatEnds(t *testing.T) {
	t.Parallel()
	b := newBus()
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		for range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			if _, err := s.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			cancel()
		}
		b.publishN(5)
		inOrder(t, follow(t, s, 5), 5)
		if len(b.opened) != 1 {
			t.Error(len(b.opened))
		}
	})
}

func TestDisconnectInATransaction(t *testing.T) {
	t.Parallel()
	for _, what := range []fault{drop, hangUp} {
		b := newBus()
		b.faults = once(12, what) // the third of five
		b.publishN(30)
		fromEarliest(t, b, func(t *testing.T, s *Subscription) {
			f := follow(t, s, 30)
			inOrder(t, f, 30)
			if len(f.away) != 1 || len(b.opened) != 2 || string(b.opened[1].ReplayId) != string(replay(11)) {
				t.Error(f.away, b.opened)
			}
		})
	}
}

// A session that ends is renewed at once; where new ones are refused, too, the user has to know.
func TestSessionExpires(t *testing.T) {
	t.Parallel()
	b := newBus()
	b.faults = once(12, expire)
	b.publishN(30)
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		began := time.Now()
		f := follow(t, s, 30)
		inOrder(t, f, 30)
		if len(f.away) != 1 || time.Since(began) > time.Second {
			t.Error(f.away, time.Since(began))
		}
		shown := b.headers[len(b.headers)-1]
		if shown.Get("accesstoken")[0] != "token-1+" ||
			shown.Get("instanceurl")[0] != "https://acme.my.salesforce.com" ||
			shown.Get("tenantid")[0] != "00D000000000001EAA" {
			t.Error(shown)
		}
	})

	refused := newBus()
	asked := []string{}
	session := func(_ context.Context, ended string) (login.Session, error) {
		asked = append(asked, ended)
		return login.Session{Token: fmt.Sprint("s3cr3t-", len(asked)), InstanceURL: "https://a", OrgID: "o"}, nil
	}
	inBubble(t, Config{Session: session}, refused, func(t *testing.T, c *Client) {
		s := subscribed(t, c, Earliest())
		defer s.Close()
		f := follow(t, s, 1)
		if plan.ClassOf(f.err) != plan.Fix || len(f.away) != renewalsAtMost ||
			!slices.Equal(asked, []string{"", "s3cr3t-1", "s3cr3t-2", "s3cr3t-3"}) {
			t.Error(f.err, f.away, asked)
		}
	})
}

// What the user has to mend, or what comes only later, is an answer at once.
func TestErrorsThatEndASubscription(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		code   string
		status codes.Code
		class  plan.Class
		hint   string
	}{
		{"topic.not.found", codes.NotFound, plan.Fix, "Setup > Change Data Capture"},
		{"subscription.topic.cannot.subscribe", codes.PermissionDenied, plan.Fix, "View All"},
		{"topic.meta.permission", codes.PermissionDenied, plan.Fix, "View All"},
		{"service.tenant.license", codes.PermissionDenied, plan.Fix, "edition"},
		{"subscription.limit.exceeded", codes.ResourceExhausted, plan.Wait, "72 hours"},
		{"subscription.fetch.requested.events.invalid", codes.InvalidArgument, plan.Bug, "bug"},
		{"subscription.fetch.replay.repeated", codes.InvalidArgument, plan.Bug, "bug"},
		{"something.new", codes.InvalidArgument, plan.Bug, "do what its words say"},
		{"", codes.Unimplemented, plan.Fix, "org.pubsub"},
	} {
		b := newBus()
		b.opens = func(int, *eventbus.FetchRequest) error {
			if test.code == "" {
				return status.Error(test.status, "no")
			}
			return failed(test.status, test.code, "no \x1b[2J token-1 rpcId: 1-2")
		}
		fromEarliest(t, b, func(t *testing.T, s *Subscription) {
			f := follow(t, s, 1)
			if plan.ClassOf(f.err) != test.class || !strings.Contains(plan.HintOf(f.err), test.hint) ||
				len(b.opened) != 1 || CodeOf(f.err) != test.code {
				t.Errorf("%s: %s, %v", test.code, plan.ClassOf(f.err), f.err)
			}
			if strings.ContainsAny(f.err.Error(), "\x1b") || strings.Contains(f.err.Error(), "token-1") {
				t.Errorf("%v", f.err)
			}
		})
	}
}

// Permissions apply within minutes: a stream that was open ends with what to do.
func TestPermissionLost(t *testing.T) {
	t.Parallel()
	b := newBus()
	b.faults = once(12, drop)
	b.opens = func(n int, _ *eventbus.FetchRequest) error {
		if n > 1 {
			return failed(codes.PermissionDenied, "topic.meta.permission", "no access")
		}
		return nil
	}
	b.publishN(30)
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		f := follow(t, s, 30)
		if len(f.events) != 12 || f.after != Position(replay(11)) || plan.ClassOf(f.err) != plan.Fix {
			t.Error(len(f.events), f.after, f.err)
		}
	})
}

// The allocation of a day is used up: that is no matter of trying again, and the position stays good for 72 hours.
func TestAllocationUsedUp(t *testing.T) {
	t.Parallel()
	b, used := newBus(), true
	b.opens = func(n int, _ *eventbus.FetchRequest) error {
		if n == 2 && used {
			return failed(codes.ResourceExhausted, "subscription.limit.exceeded", "limit")
		}
		return nil
	}
	b.faults = once(12, drop)
	inBubble(t, Config{}, b, func(t *testing.T, c *Client) {
		b.publishN(30)
		s := subscribed(t, c, Earliest())
		defer s.Close()
		f := follow(t, s, 30)
		if len(f.events) != 12 || plan.ClassOf(f.err) != plan.Wait {
			t.Fatal(len(f.events), f.err)
		}
		time.Sleep(24 * time.Hour)
		later := subscribed(t, c, After(f.after))
		defer later.Close()
		if rest := follow(t, later, 18); rest.err != nil || rest.names[0] != "name 12" {
			t.Error(rest.err, rest.names)
		}
	})
}

func TestGapAndOverflow(t *testing.T) {
	t.Parallel()
	b := newBus()
	b.publish(b.change(0, "schema-1", map[string]any{"changeType": "GAP_UPDATE"}),
		b.change(1, "schema-1", map[string]any{"changeType": "GAP_OVERFLOW",
			"recordIds": []string{"000000000000000AAA"}}),
		b.change(2, "schema-1", map[string]any{"changeType": "GAP_UPDATE", "recordIds": []string{"001*"}}),
		b.change(3, "schema-1", nil))
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		f := follow(t, s, 4)
		if want := []string{"gap", "overflow", "wild", "name 3"}; f.err != nil || !slices.Equal(f.names, want) {
			t.Error(f.names, f.err)
		}
	})
}

// An event that nobody can read keeps none of the others back.
func TestBitmapBeyondTheSchema(t *testing.T) {
	t.Parallel()
	b := newBus()
	b.publish(b.change(0, "schema-1", map[string]any{"changedFields": []string{"0xFFFF"}}),
		b.change(1, "schema-1", nil))
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		f := follow(t, s, 2)
		if f.err != nil || f.names[1] != "name 1" {
			t.Fatal(f.names, f.err)
		}
		d, err := f.events[0].Decode(account)
		if err == nil || !strings.Contains(err.Error(), "changedFields names position") || len(d.IDs) != 1 {
			t.Error(d, err)
		}
	})
}

// A field that describe doesn't know yet is to be read, whatever it is; the next describe knows it.
func TestFieldAddedASecondAgo(t *testing.T) {
	t.Parallel()
	b := newBus()
	b.schemas["schema-2"] = schemaText("Newer__c")
	e := b.change(0, "schema-2", map[string]any{"changedFields": []string{"0x06"}})
	b.publish(e)
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		f := follow(t, s, 1)
		d, err := f.events[0].Decode(account)
		unknown := change.Field{Name: "Newer__c", State: change.Read, Why: change.Unknown}
		if err != nil || len(d.Fields) != 2 || d.Fields[0] != unknown || d.Fields[1].Value != "name 0" {
			t.Fatal(d, err)
		}
		newer := change.Of(schema.Object{Name: "Account", Fields: []schema.Field{
			{Name: "Newer__c", Type: schema.String}, {Name: "Name", Type: schema.String}}})
		if d, err = f.events[0].Decode(newer); err != nil || d.Fields[0].Why == change.Unknown {
			t.Error(d, err)
		}
	})
}

func TestEventOfAMegabyte(t *testing.T) {
	t.Parallel()
	b := newBus()
	b.most = 3 // Salesforce's answers have 4 MB at most
	for i := range 9 {
		b.publish(b.change(i, "schema-1", map[string]any{"name": strings.Repeat("x", 1<<20)}))
	}
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		f := follow(t, s, 9)
		if f.err != nil || len(f.away) > 0 || len(f.names[8]) != 1<<20 {
			t.Error(f.err, f.away)
		}
	})
}

func TestHostileSchema(t *testing.T) {
	t.Parallel()
	b := newBus()
	b.schemas["hostile"] = schemaText("Fax")
	b.schemaOf = func(_ int, id string) (*eventbus.SchemaInfo, error) {
		switch id {
		case "hostile":
			return &eventbus.SchemaInfo{SchemaId: id, SchemaJson: strings.Repeat("[", 100_000)}, nil
		case "schema-2":
			return &eventbus.SchemaInfo{SchemaId: "schema-1", SchemaJson: schemaText()}, nil
		}
		return nil, nil
	}
	b.schemas["schema-2"] = schemaText("Fax")
	b.publish(b.change(0, "hostile", nil), b.change(1, "schema-2", nil), b.change(2, "schema-1", nil))
	fromEarliest(t, b, func(t *testing.T, s *Subscription) {
		f := follow(t, s, 3)
		if f.err != nil || f.names[2] != "name 2" || f.events[0].Unreadable == nil || f.events[1].Unreadable == nil ||
			len(f.events[0].Unreadable.Error()) > 500 {
			t.Error(f.names, f.err)
		}
	})
}

// Errors that pass are tried again with ever longer pauses, so many times; what they bring starts the count anew.
func TestErrorsThatLast(t *testing.T) {
	t.Parallel()
	b := newBus()
	b.opens = func(int, *eventbus.FetchRequest) error {
		return failed(codes.Unavailable, "service.unavailable", "down")
	}
	inBubble(t, Config{Retries: 6}, b, func(t *testing.T, c *Client) {
		s := subscribed(t, c, Earliest())
		defer s.Close()
		began := time.Now()
		f := follow(t, s, 1)
		if len(f.away) != 6 || plan.ClassOf(f.err) != plan.Retry || len(b.opened) != 7 {
			t.Error(len(f.away), f.err)
		}
		if took := time.Since(began); took < 31*time.Second || took > 63*time.Second {
			t.Error(took)
		}
	})
	for row := 1; row < 80; row++ {
		for _, slow := range []bool{false, true} {
			p := pace(row, slow)
			if p < firstPause/2 || p > pauseMost || slow && p < slowPause/2 {
				t.Error(row, slow, p)
			}
		}
	}
}

// More streams than a connection may have get another connection, and give it back.
func TestMoreThanAHundredStreams(t *testing.T) {
	t.Parallel()
	b := newBus()
	inBubble(t, Config{}, b, func(t *testing.T, c *Client) {
		b.publishN(1)
		var all []*Subscription
		for range 250 {
			s := subscribed(t, c, Earliest())
			all = append(all, s)
			if f := follow(t, s, 1); f.err != nil {
				t.Fatal(f.err)
			}
		}
		if b.conns != 3 || len(c.conns.conns) != 3 {
			t.Error(b.conns, len(c.conns.conns))
		}
		for _, s := range all {
			s.Close()
		}
		if len(c.conns.conns) != 1 {
			t.Error(len(c.conns.conns))
		}
	})
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	session := func(context.Context, string) (login.Session, error) { return login.Session{}, nil }
	for name, c := range map[string]Config{
		"no port":                    {Endpoint: "api.pubsub.salesforce.com", Session: session},
		"no TLS beyond this machine": {Endpoint: "api.pubsub.salesforce.com:7443", Plaintext: true, Session: session},
		"no session":                 {},
	} {
		if _, err := New(c); err == nil {
			t.Error(name)
		}
	}
	if c, err := New(Config{Session: session}); err != nil || c.config.Endpoint != DefaultEndpoint {
		t.Error(err)
	}
}

func TestPositions(t *testing.T) {
	t.Parallel()
	p := Position(replay(7))
	if back, err := ParsePosition(p.String()); err != nil || back != p {
		t.Error(back, err)
	}
	for _, text := range []string{"", "x", "abc", strings.Repeat("00", positionAtMost+1)} {
		if _, err := ParsePosition(text); err == nil || plan.HintOf(err) == "" {
			t.Errorf("%q: %v", text, err)
		}
	}
}
