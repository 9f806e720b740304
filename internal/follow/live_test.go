package follow_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"catchment/internal/follow"
	"catchment/internal/plan"
	"catchment/internal/rig"
)

// A stream goes on until somebody stops it, over windows that fail and pass; a change is in its row within moments,
// and all that came is written when it ends.
func TestLiveUntilStopped(t *testing.T) {
	t.Parallel()
	b := newBed(t, 5, nil)
	b.Shelf = rig.NewShelf(t, &cluster, "postgres") // which a reader may open beside it
	b.live()
	p := b.Start(nil)
	defer p.Close()
	events := b.events(p.Client)
	defer func() { b.Must(events.Close()) }()
	f, err := b.follower(p, events)
	b.Must(err)
	stop := make(chan struct{})
	f.Stop, f.Options.Drain, f.Options.Every = stop, false, 200*time.Millisecond
	windows, settle := 0, f.Settle
	f.Settle = func(ctx context.Context, objects []string) error {
		if windows++; windows == 2 {
			return plan.Failf(plan.Retry, "", "the org is away")
		}
		return settle(ctx, objects)
	}
	var results []follow.Result
	ended := make(chan error, 1)
	go func() {
		var err error
		results, err = f.Run(p.Ctx, b.Flows)
		ended <- err
	}()
	ids := b.IDs("Account")
	for _, name := range []string{"one", "two", "three"} {
		b.Must(b.Org.Update(ids[0], map[string]any{"Name": name}))
		within := time.Now().Add(20 * time.Second)
		for b.row(ids[0], "name") != name {
			if time.Now().After(within) {
				t.Fatalf("%s isn't in its row", name)
			}
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(300 * time.Millisecond) // a window comes between
	}
	close(stop)
	if err := <-ended; !errors.Is(err, plan.ErrStopped) || len(results) != 1 || results[0].Err != nil || windows < 3 {
		t.Errorf("%v after %d windows: %+v", err, windows, results)
	}
	b.settled()
}

// A flow that can't be followed doesn't have windows come one after the other.
func TestNobodyToFollow(t *testing.T) {
	t.Parallel()
	b := newBed(t, 5, nil)
	b.live()
	p := b.Start(nil)
	defer p.Close()
	events := b.events(p.Client)
	defer func() { b.Must(events.Close()) }()
	b.Org.PubSub().May = func(string) bool { return false }
	f, err := b.follower(p, events)
	b.Must(err)
	stop := make(chan struct{})
	f.Stop, f.Options.Drain, f.Options.Every = stop, false, time.Hour
	windows, settle := 0, f.Settle
	f.Settle = func(ctx context.Context, objects []string) error {
		windows++
		return settle(ctx, objects)
	}
	time.AfterFunc(2*time.Second, func() { close(stop) })
	results, err := f.Run(p.Ctx, b.Flows)
	if !errors.Is(err, plan.ErrStopped) || windows > 1 || results[0].Err == nil {
		t.Errorf("%v after %d windows: %+v", err, windows, results)
	}
}
