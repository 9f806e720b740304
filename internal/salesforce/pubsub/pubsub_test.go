package pubsub

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// followed is what a subscription said until it had handed out so many events, or ended.
type followed struct {
	names    []string
	events   []Event
	repeated int
	quiet    int
	away     []error
	after    Position
	err      error
}

// follow reads so many events.
func follow(t testing.TB, s *Subscription, n int) (f followed) {
	t.Helper()
	for len(f.events) < n {
		news, err := s.Next(t.Context())
		if err != nil {
			f.err = err
			return f
		}
		f.after = news.After
		switch news.Kind {
		case Changed:
			f.events = append(f.events, news.Event)
			d, err := news.Event.Decode(account)
			if err != nil || len(d.Fields) == 0 {
				f.names = append(f.names, string(d.Kind))
				continue
			}
			f.names = append(f.names, d.Fields[0].Value)
		case Repeated:
			f.repeated++
		case Quiet:
			f.quiet++
		case Away:
			f.away = append(f.away, news.Err)
		}
	}
	return f
}

func subscribed(t testing.TB, c *Client, from Start) *Subscription {
	t.Helper()
	s, err := c.Subscribe("/data/AccountChangeEvent", from)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		b.publishN(250)
		c, end := serveBus(t, b, Config{})
		defer end()
		s := subscribed(t, c, Earliest())
		defer s.Close()
		f := follow(t, s, 250)
		if f.err != nil || f.names[0] != "name 0" || f.names[249] != "name 249" || len(f.away) > 0 {
			t.Fatal(f.err, len(f.names), f.away)
		}
		if f.after != Position(replay(249)) {
			t.Error(f.after)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if news, err := s.Next(ctx); err != nil || news.Kind != Quiet {
			t.Error(news, err)
		}
	})
}
