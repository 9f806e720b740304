package limits

import (
	"context"
	"strings"
	"sync"

	"catchment/internal/blob"
	"catchment/internal/body"
)

// A StageQuota bounds the bytes in the blob store. Pages that are in staging already
// make room first; where that isn't enough, fetching waits for loading. It may
// run over by the pages that are coming down at that moment.
type StageQuota struct {
	store   blob.Store
	limit   int64 // 0: no limit
	mu      sync.Mutex
	used    int64
	waiting map[string]int64 // stored by loadings that are under way, not in staging yet
	idle    map[string]int64 // needed later: nobody loads them now, so nobody may wait for that
	loaded  []blob.Info      // oldest first: may go
	changed chan struct{}    // closed when room may have been made
}

// NewStageQuota makes the quota of one process; a limit of 0 is none.
func NewStageQuota(store blob.Store, limit int64) *StageQuota {
	return &StageQuota{
		store: store, limit: limit,
		waiting: map[string]int64{}, idle: map[string]int64{}, changed: make(chan struct{}),
	}
}

// Fill counts the pages that earlier runs left in the blob store. mayGo tells of a key
// whether nobody needs its page any more.
func (q *StageQuota) Fill(ctx context.Context, mayGo func(key string) (bool, error)) error {
	if q.limit == 0 {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.used, q.loaded = 0, nil
	for info, err := range q.store.List(ctx, "") {
		if err != nil {
			return err
		}
		if strings.HasPrefix(info.Key, body.Prefix) { // no page: it stays, however full the stage is
			continue
		}
		q.used += info.Size
		free, err := mayGo(info.Key)
		switch {
		case err != nil:
			return err
		case free:
			q.loaded = append(q.loaded, info)
		default:
			q.idle[info.Key] = info.Size
		}
	}
	return nil
}

// Enter waits until another page may be stored.
func (q *StageQuota) Enter(ctx context.Context) error {
	for {
		changed, err := q.room(ctx)
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
func (q *StageQuota) room(ctx context.Context) (<-chan struct{}, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.limit > 0 && q.used >= q.limit && len(q.loaded) > 0 {
		if err := q.store.Delete(ctx, q.loaded[0].Key); err != nil {
			return nil, err
		}
		q.used -= q.loaded[0].Size
		q.loaded = q.loaded[1:]
	}
	if q.limit == 0 || q.used < q.limit || len(q.waiting) == 0 {
		return nil, nil
	}
	return q.changed, nil
}

// Stored says that a page is in the blob store, on its way to staging.
func (q *StageQuota) Stored(key string, size int64) {
	if q.limit == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, ok := q.idle[key]; ok { // fill has counted it
		delete(q.idle, key)
	} else {
		q.used += size
	}
	q.waiting[key] = size
}

// Done says that a page is in staging.
func (q *StageQuota) Done(key string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range []map[string]int64{q.waiting, q.idle} {
		if size, ok := m[key]; ok {
			delete(m, key)
			q.loaded = append(q.loaded, blob.Info{Key: key, Size: size})
			q.signal()
		}
	}
}

// Beside says that so many bytes more lie beside the pages, as long as these aren't loaded; less than 0 are gone.
func (q *StageQuota) Beside(bytes int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.used += bytes
	if bytes < 0 {
		q.signal()
	}
}

// Leave says that nobody loads the pages below prefix any more, though some
// may not be in staging: the others must not wait for them.
func (q *StageQuota) Leave(prefix string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for key, size := range q.waiting {
		if strings.HasPrefix(key, prefix+"/") {
			delete(q.waiting, key)
			q.idle[key] = size
			q.signal()
		}
	}
}

// signal wakes who waits. The caller holds mu.
func (q *StageQuota) signal() {
	close(q.changed)
	q.changed = make(chan struct{})
}
