package replicate

import (
	"context"
	"errors"
	"strings"
	"sync"

	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/stage"
)

// A gate bounds the bytes in the blob store. Pages that are in staging already
// make room first; where that isn't enough, fetching waits for loading. It may
// run over by the pages that are coming down at that moment.
type gate struct {
	store   blob.Store
	limit   int64 // 0: no limit
	mu      sync.Mutex
	used    int64
	waiting map[string]int64 // stored by loadings that are under way, not in staging yet
	idle    map[string]int64 // needed later: nobody loads them now, so nobody may wait for that
	loaded  []blob.Info      // oldest first: may go
	changed chan struct{}    // closed when room may have been made
}

func (g *gate) init(store blob.Store, limit int64) {
	g.store, g.limit = store, limit
	g.waiting, g.idle, g.changed = map[string]int64{}, map[string]int64{}, make(chan struct{})
}

// fillGate counts the pages that earlier runs left in the blob store. Those of
// ended attempts may go; what isn't an attempt's is left to drop.
func (r *Replicator) fillGate(ctx context.Context) error {
	ended := map[string]bool{}
	return r.gate.fill(ctx, func(key string) (bool, error) {
		id := stage.OwnerOf(key)
		if known, ok := ended[id]; ok {
			return known, nil
		}
		a, err := r.Control.Attempt(ctx, id)
		if err != nil && !errors.Is(err, control.ErrNotFound) {
			return false, err
		}
		ended[id] = err == nil && !a.State.Open()
		return ended[id], nil
	})
}

func (g *gate) fill(ctx context.Context, mayGo func(key string) (bool, error)) error {
	if g.limit == 0 {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.used, g.loaded = 0, nil
	for info, err := range g.store.List(ctx, "") {
		if err != nil {
			return err
		}
		g.used += info.Size
		free, err := mayGo(info.Key)
		switch {
		case err != nil:
			return err
		case free:
			g.loaded = append(g.loaded, info)
		default:
			g.idle[info.Key] = info.Size
		}
	}
	return nil
}

// enter waits until another page may be stored.
func (g *gate) enter(ctx context.Context) error {
	for {
		changed, err := g.room(ctx)
		if changed == nil || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// room makes room. It returns nil where there is some, or where nothing that
// this process does could make any; else what to wait for.
func (g *gate) room(ctx context.Context) (<-chan struct{}, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.limit > 0 && g.used >= g.limit && len(g.loaded) > 0 {
		if err := g.store.Delete(ctx, g.loaded[0].Key); err != nil {
			return nil, err
		}
		g.used -= g.loaded[0].Size
		g.loaded = g.loaded[1:]
	}
	if g.limit == 0 || g.used < g.limit || len(g.waiting) == 0 {
		return nil, nil
	}
	return g.changed, nil
}

// stored says that a page is in the blob store, on its way to staging.
func (g *gate) stored(key string, size int64) {
	if g.limit == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.idle[key]; ok { // fill has counted it
		delete(g.idle, key)
	} else {
		g.used += size
	}
	g.waiting[key] = size
}

// done says that a page is in staging.
func (g *gate) done(key string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range []map[string]int64{g.waiting, g.idle} {
		if size, ok := m[key]; ok {
			delete(m, key)
			g.loaded = append(g.loaded, blob.Info{Key: key, Size: size})
			g.signal()
		}
	}
}

// leave says that nobody loads the pages below prefix any more, though some
// may not be in staging: the others must not wait for them.
func (g *gate) leave(prefix string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for key, size := range g.waiting {
		if strings.HasPrefix(key, prefix+"/") {
			delete(g.waiting, key)
			g.idle[key] = size
			g.signal()
		}
	}
}

// signal wakes who waits. The caller holds mu.
func (g *gate) signal() {
	close(g.changed)
	g.changed = make(chan struct{})
}
