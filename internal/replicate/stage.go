package replicate

import (
	"context"
	"strings"
	"sync"

	"catchment/internal/blob"
)

// A gate bounds the bytes in the blob store. Pages that are in staging already
// make room first; where that isn't enough, fetching waits for loading. It may
// run over by the pages that are coming down at that moment.
type gate struct {
	store   blob.Store
	limit   int64 // 0: no limit
	mu      sync.Mutex
	used    int64
	waiting map[string]int64 // stored, not loaded yet
	loaded  []blob.Info      // oldest first: may go
	changed chan struct{}    // closed when room may have been made
}

func (g *gate) init(store blob.Store, limit int64) {
	g.store, g.limit = store, limit
	g.waiting, g.changed = map[string]int64{}, make(chan struct{})
}

// fill counts what earlier runs left. Pages of open attempts are still needed.
func (g *gate) fill(ctx context.Context, needed func(key string) bool) error {
	if g.limit == 0 {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for info, err := range g.store.List(ctx, "") {
		if err != nil {
			return err
		}
		g.used += info.Size
		if !needed(info.Key) {
			g.loaded = append(g.loaded, info)
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

func (g *gate) stored(key string, size int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.used += size
	g.waiting[key] = size
}

// done says that a page is in staging.
func (g *gate) done(key string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	size, ok := g.waiting[key]
	if !ok {
		return
	}
	delete(g.waiting, key)
	g.loaded = append(g.loaded, blob.Info{Key: key, Size: size})
	close(g.changed)
	g.changed = make(chan struct{})
}

// attemptOf reads the attempt out of a page's key.
func attemptOf(key string) string {
	_, rest, _ := strings.Cut(key, "/")
	attempt, _, _ := strings.Cut(rest, "/")
	return attempt
}
