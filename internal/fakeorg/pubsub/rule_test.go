package pubsub_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"catchment/internal/eventbus"
	"catchment/internal/fakeorg"
	"catchment/internal/fakeorg/pubsub"
)

func trailers(into *metadata.MD) grpc.CallOption { return grpc.Trailer(into) }

func (r *rig) rule(rule pubsub.Rule) {
	r.Helper()
	r.org.PubSub().ClearFaults()
	r.ok(r.org.PubSub().Fault(rule))
}

func TestEventIsDroppedOrComesTwice(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	r.make(3)
	all := r.subscribe(accounts, 10).hear(3)
	r.rule(pubsub.Rule{Do: "drop", Nth: 2})
	if got := r.subscribe(accounts, 10).hear(2); got[1].id != all[2].id {
		t.Errorf("behind the first comes %s", got[1].id)
	}
	r.rule(pubsub.Rule{Do: "double", Nth: 2})
	got := r.subscribe(accounts, 10).hear(4)
	if got[1].id != got[2].id || string(got[1].replay) != string(got[2].replay) || got[3].id != all[2].id {
		t.Errorf("the second is %s, the third %s", got[1].id, got[2].id)
	}
}

func TestConnectionBreaksWithinATransaction(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	r.make(1)
	tx := r.org.Begin()
	for _, name := range []string{"a", "b", "c"} {
		_, err := tx.Create("Account", map[string]any{"Name": name})
		r.ok(err)
	}
	r.ok(tx.Commit())
	r.rule(pubsub.Rule{Do: "disconnect", Within: true, Nth: 1})
	l := r.subscribe(accounts, 10)
	got := l.hear(2)
	if code := l.refused(); code != "Unavailable" {
		t.Errorf("the stream ends with %s", code)
	}
	if got[1].body["Name"] != "a" {
		t.Errorf("the last that came is %v", got[1].body)
	}
	r.subscribe(accounts, 10, got[1].replay).hear(2)
}

// The stream stays open, and not even a keepalive comes.
func TestStreamStallsInSilence(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	r.make(2)
	r.rule(pubsub.Rule{Do: "stall", Nth: 2})
	l := r.subscribe(accounts, 10)
	l.hear(1)
	came := make(chan error, 1)
	go func() {
		_, err := l.wire.Recv()
		came <- err
	}()
	for range 20 {
		r.org.Clock().Advance(time.Minute)
		select {
		case err := <-came:
			t.Fatalf("something came: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestEveryCodeOfTheGuide(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	r.make(2)
	for _, code := range []string{
		"concurrent.client.limit.exceeded", "service.unavailable", "service.auth.error", "service.auth.headers.invalid",
		"service.auth.refresh.invalid", "service.protection.triggered", "service.protection.stream.limit.triggered",
		"service.tenant.license", "topic.not.found", "topic.meta.permission", "topic.api.unavailable",
		"subscription.fetch.replayid.corrupted", "subscription.fetch.replay.repeated", "subscription.fetch.overflow",
		"subscription.limit.exceeded", "subscription.topic.cannot.subscribe", "subscription.internal.error",
	} {
		r.rule(pubsub.Rule{Call: "Subscribe", Do: "error", Code: code})
		if got := r.subscribe(accounts, 10).refused(); got != prefix+code {
			t.Errorf("%s at once: %s", code, got)
		}
		r.rule(pubsub.Rule{Do: "error", Code: prefix + code, Nth: 2})
		l := r.subscribe(accounts, 10)
		l.hear(1)
		if got := l.refused(); got != prefix+code {
			t.Errorf("%s under way: %s", code, got)
		}
	}
	for _, code := range []string{"schema.api.unavailable", "schema.meta.permission"} {
		r.rule(pubsub.Rule{Call: "GetSchema", Do: "error", Code: code})
		var trailer metadata.MD
		_, err := r.client.GetSchema(r.context(), &eventbus.SchemaRequest{SchemaId: "any"}, trailers(&trailer))
		if err == nil || trailer.Get("error-code")[0] != prefix+code {
			t.Errorf("%s: %v, %v", code, err, trailer)
		}
	}
	for _, wrong := range []pubsub.Rule{{Do: "error", Code: "nope"}, {Do: "nope"}, {Call: "GetSchema", Do: "drop"}} {
		if err := r.org.PubSub().Fault(wrong); err == nil {
			t.Errorf("%v is taken", wrong)
		}
	}
}

func TestEventsThatAreWrong(t *testing.T) {
	r := newRig(t, fakeorg.Options{})
	r.make(1)
	first := func(do string) *eventbus.ConsumerEvent {
		t.Helper()
		r.rule(pubsub.Rule{Do: do})
		return r.subscribe(accounts, 1).next().Events[0]
	}
	r.rule(pubsub.Rule{Do: "bitmap"})
	if h := r.subscribe(accounts, 1).hear(1)[0]; len(h.header["changedFields"].([]any)) != 1 {
		t.Errorf("changedFields are %v", h.header["changedFields"])
	}
	if e := first("no-replay-id"); len(e.ReplayId) > 0 {
		t.Errorf("the replay Id is %x", e.ReplayId)
	}
	if e := first("no-schema-id"); e.Event.SchemaId != "" {
		t.Errorf("the schema Id is %s", e.Event.SchemaId)
	}
	if whole, cut := first("delay"), first("cut"); 2*len(cut.Event.Payload) > len(whole.Event.Payload) {
		t.Errorf("%d bytes of %d came", len(cut.Event.Payload), len(whole.Event.Payload))
	}
	hostile := strings.Repeat(`{"type":"array","items":`, 1000)
	r.rule(pubsub.Rule{Call: "GetSchema", Do: "schema", Schema: hostile})
	info, err := r.client.GetTopic(r.context(), &eventbus.TopicRequest{TopicName: accounts})
	r.ok(err)
	schema, err := r.client.GetSchema(r.context(), &eventbus.SchemaRequest{SchemaId: info.SchemaId})
	if err != nil || schema.SchemaJson != hostile {
		t.Errorf("the schema comes as it is: %v", err)
	}
}
