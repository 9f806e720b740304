package lake_test

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/plan"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/warehousetest"
)

// What others do to the tables of a lake, beside writing rows: TestChanged and TestRolledBack have that.

// TestColumnDropped has somebody drop columns of the final table. One of a field is made again, empty, which is told
// as a new one; one without which no row can be judged makes the table somebody else's.
func TestColumnDropped(t *testing.T) {
	t.Parallel()
	drop := func(h *holder, name string) {
		h.byHand(t, warehousetest.Final, "account", func(tx *table.Transaction) error {
			return tx.UpdateSchema(true, true).DeleteColumn([]string{name}).Commit()
		})
	}
	h := holding(t)
	drop(h, "isdeleted")
	if c := conditionOf(t, h.w, stamped()); c != shape.Intact {
		t.Errorf("without a field it is %s", c)
	}
	changes, err := h.w.Prepare(t.Context(), h.f, stamped())
	if err != nil || len(changes) != 1 || changes[0].What != shape.Added || changes[0].Column != "isdeleted" {
		t.Errorf("%+v, %v", changes, err)
	}
	must(t, h.merge("a3", versions(1, 20, 5), true))
	if n, err := h.w.Live(t.Context(), stamped()); err != nil || n != 20 {
		t.Errorf("%d live rows, %v", n, err)
	}
	h = holding(t)
	drop(h, "_catchment_at")
	if c := conditionOf(t, h.w, stamped()); c != shape.Foreign {
		t.Errorf("without a column of ours it is %s", c)
	}
	if err := h.merge("a3", versions(1, 20, 5), false); plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
		t.Errorf("a merge without a column of ours: %v, of class %s", err, plan.ClassOf(err))
	}
}

// TestExpired has a service rewrite the table, and take every snapshot of ours away with its files. What the flow knows
// is in the table's properties, too, so it goes on.
func TestExpired(t *testing.T) {
	t.Parallel()
	h := holding(t)
	before, _, err := h.w.Mark(t.Context(), "Account")
	must(t, err)
	h.byHand(t, warehousetest.Final, "account", func(tx *table.Transaction) error {
		_, err := tx.RewriteDataFiles(t.Context(), h.groups(), table.RewriteDataFilesOptions{})
		return err
	})
	h.byHand(t, warehousetest.Final, "account", func(tx *table.Transaction) error {
		return tx.ExpireSnapshots(table.WithRetainLast(1), table.WithOlderThan(0))
	})
	for s := range tables.Ancestors(h.find(t, warehousetest.Final, "account")) {
		if s.Summary.Properties[tables.CommitKey] != "" {
			t.Fatalf("a snapshot of ours is left: %v", s)
		}
	}
	after, known, err := h.w.Mark(t.Context(), "Account")
	if err != nil || !known || after != before {
		t.Errorf("%+v after %+v, %v", after, before, err)
	}
	if c := conditionOf(t, h.w, stamped()); c != shape.Intact {
		t.Errorf("it is %s", c)
	}
	must(t, h.merge("a3", versions(8, 8, 1), false))
	if n, err := h.w.Live(t.Context(), stamped()); err != nil || n != 20 {
		t.Errorf("%d live rows, %v", n, err)
	}
}

// groups are all files of the table, to be written anew.
func (h *holder) groups() []table.CompactionTaskGroup {
	h.t.Helper()
	tasks, err := h.find(h.t, warehousetest.Final, "account").Scan().PlanFiles(h.t.Context())
	must(h.t, err)
	return []table.CompactionTaskGroup{{Tasks: tasks}}
}

// metadata changes what the newest metadata of a table say, in their file.
func (h *holder) metadata(change func(map[string]any)) {
	h.t.Helper()
	path := where(h.find(h.t, warehousetest.Final, "account").MetadataLocation())
	text, err := os.ReadFile(path)
	must(h.t, err)
	var says map[string]any
	from := json.NewDecoder(strings.NewReader(string(text)))
	from.UseNumber()
	must(h.t, from.Decode(&says))
	change(says)
	text, err = json.Marshal(says)
	must(h.t, err)
	must(h.t, os.WriteFile(path, text, 0o600))
}

// list is a list of objects in metadata.
func list(says map[string]any, key string) (all []map[string]any) {
	for _, one := range says[key].([]any) {
		all = append(all, one.(map[string]any))
	}
	return all
}

// TestClocks has the table be written by a clock that is an hour ahead. A snapshot can't come before the one that it
// builds on: it is said that clocks differ, and nothing is written.
func TestClocks(t *testing.T) {
	t.Parallel()
	h := holding(t)
	ahead := time.Now().Add(time.Hour).UnixMilli()
	h.metadata(func(says map[string]any) {
		says["last-updated-ms"] = ahead
		for _, key := range []string{"snapshots", "snapshot-log"} {
			all := list(says, key)
			all[len(all)-1]["timestamp-ms"] = ahead
		}
	})
	before := h.find(t, warehousetest.Final, "account").MetadataLocation()
	err := h.merge("a3", versions(8, 8, 1), false)
	if plan.ClassOf(err) != plan.Fix || !strings.Contains(plan.HintOf(err), "clock") ||
		h.find(t, warehousetest.Final, "account").MetadataLocation() != before {
		t.Errorf("%v, of class %s, hint %q", err, plan.ClassOf(err), plan.HintOf(err))
	}
	if n, err := h.w.Live(t.Context(), stamped()); err != nil || n != 20 {
		t.Errorf("%d live rows, %v", n, err)
	}
}

var snapshots = flag.Int("lake.snapshots", 300, "how many snapshots a table has in TestManySnapshots")

// TestManySnapshots has a table with as many snapshots as nobody expires. A run looks at it, and merges into it.
func TestManySnapshots(t *testing.T) {
	h := holding(t)
	h.metadata(func(says map[string]any) { h.multiply(says, *snapshots) })
	path := where(h.find(t, warehousetest.Final, "account").MetadataLocation())
	info, err := os.Stat(path)
	must(t, err)
	took := func(what string, do func()) {
		began := time.Now()
		do()
		t.Logf("%s: %s", what, time.Since(began).Round(time.Millisecond))
	}
	t.Logf("%d snapshots in %d kB of metadata", len(h.find(t, warehousetest.Final, "account").Metadata().Snapshots()),
		info.Size()>>10)
	took("mark", func() { _, _, err = h.w.Mark(t.Context(), "Account"); must(t, err) })
	took("inspect", func() {
		if c := conditionOf(t, h.w, stamped()); c != shape.Intact {
			t.Errorf("it is %s", c)
		}
	})
	took("load and merge", func() { must(t, h.merge("a3", versions(8, 8, 1), false)) })
	took("compare", func() { _, _, err = h.judge(); must(t, err) })
	if n, err := h.w.Live(t.Context(), stamped()); err != nil || n != 20 {
		t.Errorf("%d live rows, %v", n, err)
	}
}

// multiply puts copies of the oldest snapshot that has rows below the newest one.
func (h *holder) multiply(says map[string]any, n int) {
	all := list(says, "snapshots")
	newest := all[len(all)-1]
	first, err := newest["sequence-number"].(json.Number).Int64()
	must(h.t, err)
	parent := newest["parent-snapshot-id"]
	var out, log []any
	for _, one := range all[:len(all)-1] {
		out = append(out, one)
	}
	for i := range n - len(all) {
		one := map[string]any{}
		for key, value := range all[len(all)-2] {
			one[key] = value
		}
		one["snapshot-id"], one["parent-snapshot-id"], one["sequence-number"] = 1000+i, parent, first+int64(i)
		parent = 1000 + i
		out = append(out, one)
		log = append(log, map[string]any{"snapshot-id": 1000 + i, "timestamp-ms": one["timestamp-ms"]})
	}
	newest["parent-snapshot-id"], newest["sequence-number"] = parent, first+int64(n)
	says["snapshots"] = append(out, newest)
	says["last-sequence-number"] = first + int64(n)
	was := says["snapshot-log"].([]any)
	says["snapshot-log"] = append(append(was[:len(was)-1:len(was)-1], log...), was[len(was)-1])
}
