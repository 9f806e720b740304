package pubsub_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"catchment/internal/eventbus"
	"catchment/internal/fakeorg"
	"catchment/internal/fakeorg/events"
	"catchment/internal/fakeorg/pubsub"
)

const accounts = "/data/AccountChangeEvent"

// make creates n Accounts, each in a transaction of its own.
func (r *rig) make(n int) {
	r.Helper()
	for i := range n {
		r.create("Account", map[string]any{"Name": fmt.Sprint(i)})
	}
}

func TestGoesOnBehindAReplayId(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	r.make(5)
	all := r.subscribe(accounts, 100).hear(5)
	if len(all[1].replay) != 10 {
		t.Errorf("a replay Id has %d bytes", len(all[1].replay))
	}
	for _, id := range [][]byte{all[1].replay, all[1].replay[:8]} {
		if rest := r.subscribe(accounts, 100, id).hear(3); rest[0].id != all[2].id {
			t.Errorf("behind %x comes %s, want %s", id, rest[0].id, all[2].id)
		}
	}
}

func TestLatestIsWhatCommitsFromNowOn(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	r.make(2)
	r.org.PubSub().SetTiming(pubsub.Timing{Keepalive: time.Second})
	wire, err := r.client.Subscribe(r.context())
	r.ok(err)
	r.ok(wire.Send(&eventbus.FetchRequest{TopicName: accounts, NumRequested: 1}))
	l := &listener{r, wire}
	r.tick(l) // it is there
	r.make(1)
	l.hear(1)
}

// tick moves the clock until a keepalive has come.
func (r *rig) tick(l *listener) *eventbus.FetchResponse {
	r.Helper()
	stop := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				r.org.Clock().Advance(time.Second)
			}
		}
	}()
	answer := l.next()
	close(stop)
	<-ended
	if len(answer.Events) > 0 {
		r.Errorf("%d events came with a keepalive", len(answer.Events))
	}
	return answer
}

func TestSendsNoMoreThanItWasAskedFor(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	r.make(250)
	l := r.subscribe(accounts, 3)
	if answer := l.next(); len(answer.Events) != 3 || answer.PendingNumRequested != 0 {
		t.Errorf("%d events, %d pending", len(answer.Events), answer.PendingNumRequested)
	}
	r.ok(l.wire.Send(&eventbus.FetchRequest{NumRequested: 5000})) // counts as 100
	l.hear(100)
	r.org.PubSub().SetTiming(pubsub.Timing{Idle: time.Second})
	r.org.Clock().Advance(time.Minute)
	if _, err := l.wire.Recv(); err != io.EOF {
		t.Errorf("a client that asks for nothing hears %v", err)
	}
}

// A keepalive names a position that holds for another 72 hours, however long nothing has happened.
func TestKeepaliveMovesThePositionOn(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	r.make(1)
	l := r.subscribe(accounts, 10)
	first := l.hear(1)[0]
	r.org.Clock().Advance(70 * time.Hour)
	later := r.tick(l).LatestReplayId
	r.org.Clock().Advance(70 * time.Hour)
	r.make(1)
	r.subscribe(accounts, 10, later).hear(1)
	if code := r.subscribe(accounts, 10, first.replay).refused(); code != corrupted {
		t.Errorf("a position of 140 hours ago is answered with %s", code)
	}
}

const (
	prefix    = "sfdc.platform.eventbus.grpc."
	corrupted = prefix + "subscription.fetch.replayid.corrupted"
)

func TestPositionsThatNobodyCanGoOnFrom(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	r.make(3)
	good := r.subscribe(accounts, 10).hear(3)[0].replay
	between := bytes.Clone(good)
	between[7] ^= 0x80
	for name, id := range map[string][]byte{
		"one that was never given": between, "short": good[:5], "long": append(bytes.Clone(good), 1),
		"a wrong end": append(bytes.Clone(good[:8]), 1, 1),
	} {
		if code := r.subscribe(accounts, 1, id).refused(); code != corrupted {
			t.Errorf("%s: %s", name, code)
		}
	}
	if code := r.subscribe(accounts, 1, nil).refused(); code != prefix+"subscription.fetch.replayid.validation.failed" {
		t.Errorf("none: %s", code)
	}
}

func TestMoreEventsThanAreKept(t *testing.T) {
	r := newRig(t, fakeorg.Options{Events: events.Limits{Kept: 10}})
	r.make(1)
	first := r.subscribe(accounts, 1).hear(1)[0].replay
	r.make(30)
	if code := r.subscribe(accounts, 1, first).refused(); code != corrupted {
		t.Errorf("a position that isn't kept: %s", code)
	}
	if told := r.org.PubSub().Bus.Told(0, 1000); len(told) > 10 {
		t.Errorf("%d events are kept", len(told))
	}
}

func TestAllocationIsUsedUp(t *testing.T) {
	r := newRig(t, fakeorg.Options{Events: events.Limits{DailyEvents: 5}})
	r.make(4)
	l := r.subscribe(accounts, 100)
	l.hear(4)
	r.make(2)
	if code := r.subscribe(accounts, 100).refused(); code != prefix+"subscription.limit.exceeded" {
		t.Errorf("the next subscriber: %s", code)
	}
	r.org.Clock().Advance(25 * time.Hour)
	r.subscribe(accounts, 1).hear(1)
}

func TestTopics(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	r.selects("Account", "Contact", "Invoice__c")
	r.ok(r.org.PubSub().Bus.AddChannel("Sales__chn", "Account", "Invoice__c"))
	account := r.create("Account", map[string]any{"Name": "a"})
	r.create("Contact", map[string]any{"LastName": "c"})
	r.create("Invoice__c", map[string]any{"Account__c": account})
	r.same("one's own", types(r.subscribe("/data/Sales__chn", 10).hear(2)),
		[]string{"Account CREATE", "Invoice__c CREATE"})
	r.same("of a custom object", types(r.subscribe("/data/Invoice__ChangeEvent", 10).hear(1)),
		[]string{"Invoice__c CREATE"})
	info, err := r.client.GetTopic(r.context(), &eventbus.TopicRequest{TopicName: accounts})
	r.ok(err)
	if info.TenantGuid != r.org.ID() || info.CanPublish || !info.CanSubscribe || r.schema(info.SchemaId) == nil {
		t.Errorf("the topic is %v", info)
	}
	for topic, want := range map[string]string{
		"/data/NopeChangeEvent": "topic.not.found", "": "topic.validation.empty", "/event/X__e": "topic.not.found",
	} {
		if code := r.subscribe(topic, 1).refused(); code != prefix+want {
			t.Errorf("%q: %s", topic, code)
		}
	}
}

func TestWrongRequests(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	l := r.subscribe(accounts, 1)
	r.ok(l.wire.Send(&eventbus.FetchRequest{TopicName: everything, NumRequested: 1}))
	if code := l.refused(); code != prefix+"subscription.fetch.topic.mismatch" {
		t.Errorf("another topic: %s", code)
	}
	if code := r.subscribe(accounts, 0).refused(); code != prefix+"subscription.fetch.requested.events.invalid" {
		t.Errorf("no events: %s", code)
	}
	var trailer metadata.MD
	for id, want := range map[string]string{"": "schema.validation.failed", "nope": "schema.meta.permission"} {
		_, err := r.client.GetSchema(r.context(), &eventbus.SchemaRequest{SchemaId: id}, trailers(&trailer))
		if err == nil || trailer.Get("error-code")[0] != prefix+want {
			t.Errorf("schema %q: %v, %v", id, err, trailer)
		}
	}
	_, err := r.client.Publish(r.context(), &eventbus.PublishRequest{TopicName: accounts})
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("publish: %v", err)
	}
}

func TestCallersWhoAreNotLetIn(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	for name, want := range map[string]string{
		"accesstoken": "service.auth.error", "tenantid": "service.auth.headers.invalid",
		"instanceurl": "service.auth.headers.invalid",
	} {
		headers := r.headers()
		headers.Set(name, map[bool]string{true: "", false: "wrong"}[name == "instanceurl"])
		var trailer metadata.MD
		ctx := metadata.NewOutgoingContext(context.Background(), headers)
		_, err := r.client.GetTopic(ctx, &eventbus.TopicRequest{TopicName: accounts}, trailers(&trailer))
		code := trailer.Get("error-code")
		if status.Code(err) != codes.Unauthenticated || !slices.Equal(code, []string{prefix + want}) {
			t.Errorf("%s: %v, %v", name, err, trailer)
		}
	}
}

func TestSessionExpiresUnderWay(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	r.make(1)
	l := r.subscribe(accounts, 10)
	l.hear(1)
	r.org.ExpireSessions()
	if code := l.refused(); code != prefix+"service.auth.error" {
		t.Errorf("the stream ends with %s", code)
	}
}

// A channel of one entity refuses who may not see that, ten minutes later; one of several leaves it out.
func TestPermissionIsLost(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	r.make(1)
	single, many := r.subscribe(accounts, 10), r.subscribe(everything, 10)
	single.hear(1)
	many.hear(1)
	r.ok(r.org.HideObject("Account"))
	if code := r.subscribe(accounts, 10).refused(); code != prefix+"subscription.topic.cannot.subscribe" {
		t.Errorf("a new stream: %s", code)
	}
	ended := make(chan string, 1)
	go func() { ended <- single.refused() }()
	for {
		select {
		case code := <-ended:
			if code != prefix+"subscription.topic.cannot.subscribe" {
				t.Errorf("the stream ends with %s", code)
			}
			r.create("Contact", map[string]any{"LastName": "c"})
			r.same("of several", types(many.hear(1)), []string{"Contact CREATE"})
			return
		case <-time.After(5 * time.Millisecond):
			r.org.Clock().Advance(time.Minute / 2)
		}
	}
}

func TestUserWhoDoesNotSeeAllRecords(t *testing.T) {
	r := newRig(t, fakeorg.Options{Restricted: true, SeesAll: []string{"Contact"}})
	if code := r.subscribe(accounts, 1).refused(); code != prefix+"subscription.topic.cannot.subscribe" {
		t.Errorf("answered with %s", code)
	}
	r.create("Contact", map[string]any{"LastName": "c"})
	r.subscribe("/data/ContactChangeEvent", 1).hear(1)
}
