package lake_test

import (
	"flag"
	"os"
	"testing"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
)

var sparkRows = flag.Int("lake.spark-rows", 0, "merge changes into a table of so many rows by Spark and by us, and "+
	"tell how long each takes")

// TestSparkSpeed has Spark and us merge as many changes into the same table, one after the other.
func TestSparkSpeed(t *testing.T) {
	if *sparkRows == 0 {
		t.Skip("-lake.spark-rows says how many")
	}
	s := newSparked(t, newSpark(t))
	w := newTwin(t, s)
	w.fence = warehouse.Fence{Flow: "account", Number: 1}
	at, dir := benchTable(), t.TempDir()
	_, err := w.w.Claim(t.Context(), w.fence, at.Name, org)
	must(t, err)
	_, err = w.w.Prepare(t.Context(), w.fence, at)
	must(t, err)
	number := 0
	merge := func(by string, records int) time.Duration {
		t.Helper()
		number++
		w.clock = w.clock.Add(time.Minute)
		attempt := string(rune('a' + number))
		page := benchPage(t, dir, 0, records, *sparkRows/records)
		page.Key, page.Digest = attempt, attempt
		_, err := w.w.Load(t.Context(), w.fence, warehouse.Batch{Table: at, Attempt: attempt, Job: attempt,
			ReadAt: w.clock, Pages: []warehouse.Page{page}})
		must(t, err)
		must(t, os.Remove(page.Path))
		began := time.Now()
		_, err = sparkOr(t.Context(), by, w.w, s.us(w), w.fence, warehouse.Merge{Table: at, Attempt: attempt,
			Policy: gone.Flag, Pages: 1, Rows: int64(records)})
		must(t, err)
		if by == "Spark" && !s.onMain(t, at.Name) {
			t.Fatal("Spark hasn't merged")
		}
		return time.Since(began)
	}
	t.Logf("first %d rows by us: %v", *sparkRows, merge("us", *sparkRows))
	for records := 10_000; records <= *sparkRows; records *= 10 {
		ours := merge("us", records)
		t.Logf("%d changes into %d rows: by us %v, by Spark %v", records, *sparkRows, ours, merge("Spark", records))
	}
}
