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
func (b *bed) follower(p *rig.Process, events *pubsub.Client) (*follow.Follower, error) {
	run, err := p.Control.NewRunID()
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
			Quiet: 5 * time.Second, Read: time.Millisecond, Soon: 20 * time.Millisecond},
	}, err
}

// drain follows to the tip in a process of its own, which may die.
func (b *bed) drainUnder(fate *rig.Fate, change func(*follow.Follower)) (follow.Result, error) {
	b.T.Helper()
	p := b.Start(fate)
	defer p.Close()
	if p.Control == nil { // it died before it had one
		return follow.Result{}, rig.ErrKilled
	}
	events := b.events(p.Client)
	defer func() { b.Must(events.Close()) }()
	f, err := b.follower(p, events)
	if err != nil {
		return follow.Result{}, err
	}
	if change != nil {
		change(f)
	}
	passing, stop := context.WithCancel(p.Ctx) // time does: it is a minute until a stream says where it is
	defer stop()
	go func() {
		for passing.Err() == nil {
			time.Sleep(10 * time.Millisecond)
			b.Later(5 * time.Second)
		}
	}()
	results, err := f.Run(p.Ctx, b.Flows)
	if len(results) == 0 {
		return follow.Result{}, err
	}
	return results[0], err
}

// drain is one that lives.
func (b *bed) drain(change func(*follow.Follower)) follow.Result {
	b.T.Helper()
	r, err := b.drainUnder(nil, change)
	b.Must(err)
	return r
}

// live drains until there is no gap between window and stream.
func (b *bed) live() follow.Result {
	b.T.Helper()
	for range 9 {
		b.Later(2 * time.Minute)
		if r := b.drain(nil); r.Live() {
			return r
		} else if r.Err != nil {
			b.T.Fatal(r.Err)
		}
	}
	b.T.Fatal("the seam never closes")
	return follow.Result{}
}

// single proves that no record has two rows.
func (b *bed) single() {
	b.T.Helper()
	p := b.Start(nil)
	defer p.Close()
	twice := p.Query("SELECT id FROM salesforce.account GROUP BY id HAVING count(*) > 1")
	if len(twice) > 0 {
		b.T.Fatalf("%d records have two rows", len(twice))
	}
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

// settled has windows prove what events brought: all rows are as the org is, value by value.
func (b *bed) settled() follow.Result {
	b.T.Helper()
	b.Later(time.Hour)
	r := b.drain(nil)
	if r.Err != nil {
		b.T.Fatal(r.Err)
	}
	b.Later(time.Hour)
	r = b.drain(nil)
	if r.Err != nil || r.Standing.Touched+r.Standing.Dirty > 0 {
		b.T.Fatalf("%+v", r)
	}
	b.Agrees()
	b.Same()
	return r
}
