package ledger_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/apache/iceberg-go"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/ledger"
)

func batch(job string, minute int, pages ...warehouse.Page) warehouse.Batch {
	return warehouse.Batch{Attempt: "Account-1", Job: job, Op: warehouse.Put, Reason: gone.Purged,
		ReadAt: time.Date(2026, 3, 1, 0, minute, 0, 0, time.UTC), Pages: pages}
}

func pageOf(key string, seq, rows int64) warehouse.Page {
	return warehouse.Page{Key: key, Seq: seq, Rows: rows, Digest: "digest of " + key, Header: []string{"Id", "Name"}}
}

// TestText reads back what was written, and it is short.
func TestText(t *testing.T) {
	t.Parallel()
	a, b, c := pageOf("a", 1, 10), pageOf("b", 2, 20), pageOf("c", 0, 5)
	columns := []string{"name", "id"}
	l := ledger.Ledger{}.With(batch("late", 5, a), columns, []warehouse.Page{a}).
		With(batch("early", 1, c), columns, []warehouse.Page{c}).
		With(batch("late", 5, b), columns, []warehouse.Page{b})
	text, err := l.Text()
	if err != nil {
		t.Fatal(err)
	}
	properties := iceberg.Properties{ledger.Key("Account-1"): text, "other": "x"}
	back, err := ledger.Read(properties, "Account-1")
	if err != nil || !reflect.DeepEqual(back, l) {
		t.Errorf("%+v\nis read as\n%+v, %v", l, back, err)
	}
	if pages, rows := back.Count(); pages != 3 || rows != 35 || len(back.Jobs) != 2 || back.Jobs[0].Name != "early" {
		t.Errorf("%d pages, %d rows: %+v", pages, rows, back)
	}
	if !back.Has("late", 2) || back.Has("late", 0) || back.Has("other", 2) {
		t.Errorf("it doesn't know its pages: %+v", back)
	}
	if kept := back.Without("late"); len(kept.Jobs) != 1 || len(back.Of("late").Jobs) != 1 {
		t.Errorf("%+v", kept)
	}
	if all := ledger.Attempts(properties); len(all) != 1 || all[0] != "Account-1" {
		t.Errorf("%q", all)
	}
	for range 97 {
		b.Seq, b.Key = b.Seq+1, b.Key+"b"
		l = l.With(batch("late", 5, b), columns, []warehouse.Page{b})
	}
	if text, _ = l.Text(); len(text) > 100*40 {
		t.Errorf("100 pages are %d bytes", len(text))
	}
	for _, broken := range []string{"", "{}", `[{"pages":[[1,2,"short"]]}]`, `[{"pages":[1]}]`} {
		if _, err := ledger.Read(iceberg.Properties{ledger.Key("x"): broken}, "x"); err == nil {
			t.Errorf("%q is a ledger", broken)
		}
	}
}

// TestLacking skips what is there, and refuses what contradicts it.
func TestLacking(t *testing.T) {
	t.Parallel()
	a, b := pageOf("a", 1, 10), pageOf("b", 2, 20)
	l := ledger.Ledger{}.With(batch("j", 1, a), []string{"id", "name"}, []warehouse.Page{a})
	fresh, err := l.Lacking(batch("j", 1, a, b))
	if err != nil || len(fresh) != 1 || fresh[0].Key != "b" {
		t.Errorf("%+v, %v", fresh, err)
	}
	moved := a
	moved.Seq = 7
	if fresh, err = l.Lacking(batch("j", 1, moved)); err != nil || len(fresh) != 0 {
		t.Errorf("the same page in another place: %+v, %v", fresh, err)
	}
	for name, spoil := range map[string]func(*warehouse.Batch){
		"digest":     func(b *warehouse.Batch) { b.Pages[0].Digest = "x" },
		"rows":       func(b *warehouse.Batch) { b.Pages[0].Rows++ },
		"same place": func(b *warehouse.Batch) { b.Pages[0].Key = "x" },
		"operation":  func(b *warehouse.Batch) { b.Pages[0].Key, b.Pages[0].Seq, b.Op = "x", 9, warehouse.Patch },
		"reason":     func(b *warehouse.Batch) { b.Pages[0].Key, b.Pages[0].Seq, b.Reason = "x", 9, gone.Merged },
		"override":   func(b *warehouse.Batch) { b.Pages[0].Key, b.Pages[0].Seq, b.Override = "x", 9, true },
		"its header": func(b *warehouse.Batch) { b.Pages[0].Header = []string{"Id"} },
		"both headers": func(b *warehouse.Batch) {
			b.Pages[0].Header, b.Pages[1].Header = []string{"Id"}, []string{"Id"}
		},
	} {
		wrong := batch("j", 1, a, b)
		spoil(&wrong)
		_, err := l.Lacking(wrong)
		if err == nil || plan.ClassOf(err) != plan.Bug || !strings.Contains(err.Error(), "page") {
			t.Errorf("another %s: %v", name, err)
		}
	}
}
