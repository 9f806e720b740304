package follow_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/follow"
	"catchment/internal/lease"
	"catchment/internal/parents"
	"catchment/internal/rig"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/login"
	"catchment/internal/salesforce/pubsub"
	"catchment/internal/source"
	"catchment/internal/warehouse/pgtest"
)

// cluster has the databases of these tests.
var cluster pgtest.Cluster

// A bed is a rig whose org publishes the changes of Account, and what serves them.
type bed struct {
	*rig.Rig
	address string
}

func newBed(t *testing.T, accounts int, change func(*fakeorg.Options)) *bed {
	t.Helper()
	org := rig.NewOrg(t, map[string]int{"User": 1, "Account": accounts}, func(o *fakeorg.Options) {
		o.PubSub = true
		if change != nil {
			change(o)
		}
	})
	b := &bed{Rig: rig.New(t, org, "Account")}
	b.Keeps("Account", "Name", "BillingCity", "NumberOfEmployees", "Description", "Phone")
	b.Flows[0].Stream = true
	b.Must(org.PubSub().Bus.Select("Account"))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	b.Must(err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- org.PubSub().Serve(ctx, listener) }()
	b.address = listener.Addr().String()
	t.Cleanup(func() {
		stop()
		b.Must(<-ended)
	})
	return b
}

// events is a client of the org's events, for one process.
func (b *bed) events(c *salesforce.Client) *pubsub.Client {
	client, err := pubsub.New(pubsub.Config{Endpoint: b.address, Plaintext: true, Retries: 3,
		Session: func(ctx context.Context, ended string) (login.Session, error) {
			return salesforce.Session(ctx, c, ended)
		}})
	b.Must(err)
	return client
}

// follower makes what follows in a process.
func (b *bed) follower(p *rig.Process, events *pubsub.Client) *follow.Follower {
	run, err := p.Control.NewRunID()
	b.Must(err)
	return &follow.Follower{
		Org: p.Client, Events: events, Warehouse: p.Warehouse, Control: p.Control, Now: b.Now,
		Holder: lease.Holder{Control: p.Control, Warehouse: p.Warehouse, Run: run, Name: "stream", Alone: true},
		Sources: source.Finder{Describe: p.Client.Describe, Columns: p.Warehouse.Adapt,
			Secret: p.Options.Secret, Refuses: parents.Refuses(p.Client)},
		Verifier: p.Verifier(),
		Settle: func(context.Context, []string) error {
			id, err := p.Control.NewRunID()
			if err == nil {
				p.Walk(id)
			}
			return err
		},
		Say: func(format string, args ...any) { b.T.Logf(format, args...) },
		Options: follow.Options{Drain: true, Every: 15 * time.Minute, Pace: 5 * time.Millisecond,
			Quiet: 100 * time.Millisecond, Read: time.Millisecond, Soon: 20 * time.Millisecond},
	}
}

// drain follows to the tip in a process of its own, and time passes meanwhile, a minute in each moment.
func (b *bed) drain(change func(*follow.Follower)) follow.Result {
	b.T.Helper()
	p := b.Start(nil)
	defer p.Close()
	events := b.events(p.Client)
	defer func() { b.Must(events.Close()) }()
	f := b.follower(p, events)
	if change != nil {
		change(f)
	}
	passing, stop := context.WithCancel(p.Ctx)
	defer stop()
	go func() {
		for passing.Err() == nil {
			time.Sleep(10 * time.Millisecond)
			b.Later(20 * time.Second)
		}
	}()
	results, err := f.Run(p.Ctx, b.Flows)
	b.Must(err)
	return results[0]
}

// live drains until there is no gap between window and stream.
func (b *bed) live() follow.Result {
	b.T.Helper()
	for range 5 {
		if r := b.drain(nil); r.Live() {
			return r
		} else if r.Err != nil {
			b.T.Fatal(r.Err)
		}
		b.Later(5 * time.Minute)
	}
	b.T.Fatal("the seam never closes")
	return follow.Result{}
}

// row is one row's columns; "" is NULL.
func (b *bed) row(id string, columns ...string) string {
	b.T.Helper()
	texts := b.Texts("account", append([]string{"id"}, columns...)...)[id]
	if len(texts) == 0 {
		return "none"
	}
	return strings.Join(texts[1:], "|")
}

// settled runs a window, and reads what it left unproven.
func (b *bed) settled() {
	b.T.Helper()
	b.Later(time.Hour)
	if r := b.drain(nil); r.Err != nil {
		b.T.Fatal(r.Err)
	}
	b.Later(time.Hour)
	b.Done(nil)
	b.Agrees()
}
