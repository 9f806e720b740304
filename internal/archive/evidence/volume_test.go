package evidence_test

import (
	"context"
	"io"
	"runtime"
	"strings"
	"testing"

	"catchment/internal/archive/evidence"
	"catchment/internal/blob"
	"catchment/internal/warehouse/archived"
)

// A weighedStore weighs the memory of this process each time that a blob is opened.
type weighedStore struct {
	blob.Store
	least, most uint64
}

func (w *weighedStore) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	runtime.GC()
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	if w.least == 0 || now.HeapAlloc < w.least {
		w.least = now.HeapAlloc
	}
	w.most = max(w.most, now.HeapAlloc)
	return w.Store.Open(ctx, key)
}

// Check holds no more of many records than of few.
func TestCheckIsFlatInMemory(t *testing.T) {
	batches := 10
	if testing.Short() {
		batches = 3
	}
	s := newScene(t, batches*2000)
	w := s.open()
	s.must(w.Begin(t.Context(), s.head()))
	for i := range batches {
		s.must(w.Intend(t.Context(), int64(i+1), lines("", i*2000, (i+1)*2000)))
		s.must(w.Settle(t.Context(), int64(i+1), lines(archived.Deleted, i*2000, (i+1)*2000)))
	}
	s.must(w.Finish(t.Context(), evidence.End{Counts: []evidence.Count{
		{Object: "Case", Outcome: archived.Deleted, Records: int64(batches) * 2000}}}))
	store := &weighedStore{Store: s.store}
	got, err := evidence.Check(t.Context(), store, s.plan)
	if err != nil || got.Lines != int64(batches)*4000 {
		t.Fatalf("%d lines, %v", got.Lines, err)
	}
	grown := store.most - store.least
	t.Logf("%d records: %d KB", batches*2000, grown>>10)
	if grown > 2<<20 {
		t.Errorf("%d records took %d KB", batches*2000, grown>>10)
	}
}

// A line without end, or a store full of them, is no evidence.
func FuzzCheck(f *testing.F) {
	zeros := strings.Repeat("0", 64)
	f.Add(`{"after":"` + zeros + `","said":{"type":"sheet"}}` + "\n")
	f.Add(`{"after":"` + zeros + `00","said":{"type":"sheet"}}` + "\n")
	f.Add(`{"after":"` + zeros + `","said":{"type":"sheet"},"erased":"` + zeros + `00"}` + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		s := newScene(t, 1)
		s.store["archive/"+s.plan+"/evidence/000001-head-0.jsonl"] = []byte(text)
		_, err := evidence.Check(t.Context(), s.store, s.plan)
		_, openErr := evidence.Open(t.Context(), s.store, s.plan)
		if err == nil && openErr != nil {
			t.Errorf("what is checked can't be opened: %v", openErr)
		}
	})
}
