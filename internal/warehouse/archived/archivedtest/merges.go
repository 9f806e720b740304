package archivedtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/adoption"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/warehousetest"
)

// Our own columns.
const (
	reason    = "_catchment_delete_reason"
	deletedAt = "_catchment_deleted_at"
	readAt    = "_catchment_read_at"
)

// merges are the promises of those.
func merges() []test {
	all := []test{{"a table with archived rows isn't adopted", adopted}, {"it isn't emptied for another org", rebound}}
	for _, policy := range []gone.Policy{gone.Flag, gone.Remove, gone.Ignore} {
		all = append(all,
			test{"an archived row stays under " + string(policy), stays(policy)},
			test{"a row on its way out stays under " + string(policy), leaves(policy)})
	}
	return all
}

const header = "Id,IsDeleted,SystemModstamp,Name"

// rec is a record that was changed at a minute.
func rec(id string, minute int, deleted bool) string {
	return fmt.Sprintf("%s,%t,%s,name %s", id, deleted, at(minute).Format("2006-01-02T15:04:05.000Z"), id)
}

// A reading is one attempt: what is loaded, and how it is merged.
type reading struct {
	name    string
	minute  int
	op      warehouse.Op
	header  string
	records []string
	reason  gone.Reason
	merge   warehouse.Merge
}

// read reads whole records.
func (d *desk) read(t *testing.T, name string, minute int, records ...string) warehouse.Counts {
	t.Helper()
	return d.merge(t, reading{name: name, minute: minute, records: records})
}

// merge loads and consolidates a reading.
func (d *desk) merge(t *testing.T, in reading) warehouse.Counts {
	t.Helper()
	if in.header == "" {
		in.header = header
	}
	d.seq++
	name := fmt.Sprintf("page-%d.csv", d.seq)
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, []byte(in.header+"\n"+strings.Join(in.records, "\n")+"\n"), 0o600))
	rows := int64(len(in.records))
	_, err := d.w.Load(t.Context(), d.fence, warehouse.Batch{Table: d.table, Attempt: in.name, Job: in.name + "-job",
		Op: in.op, ReadAt: at(in.minute), Reason: in.reason, Pages: []warehouse.Page{{Key: name, Seq: d.seq,
			Header: strings.Split(in.header, ","), Rows: rows, Digest: name, Path: path}}})
	must(t, err)
	m := in.merge
	m.Table, m.Attempt, m.Pages, m.Rows = d.table, in.name, 1, rows
	if m.Policy == "" {
		m.Policy = gone.Flag
	}
	if d.by != nil {
		c, err := d.by(t.Context(), d.w, d.fence, m)
		must(t, err)
		return c
	}
	c, err := d.w.Consolidate(t.Context(), d.fence, m)
	must(t, err)
	return c
}

// gone is what can say of records that they are deleted, in every way there is.
func (d *desk) gone(t *testing.T, policy gone.Policy, minute int, ids, live []string) {
	t.Helper()
	name := func(what string) string { return fmt.Sprintf("%s-%d", what, minute) }
	merge := warehouse.Merge{Policy: policy}
	var binned, lives []string
	for _, id := range ids {
		binned = append(binned, rec(id, minute, true))
	}
	for _, id := range live {
		lives = append(lives, rec(id, 1, false))
	}
	deleted := func(c warehouse.Counts) {
		t.Helper()
		same(t, "rows that were deleted", c.Deleted, 0)
	}
	deleted(d.merge(t, reading{name: name("binned"), minute: minute, records: binned, merge: merge}))
	deleted(d.merge(t, reading{name: name("log"), minute: minute + 1, op: warehouse.Delete, header: "Id", records: ids,
		reason: gone.Purged, merge: merge}))
	deleted(d.merge(t, reading{name: name("sweep"), minute: minute + 2, op: warehouse.Seen, header: "Id", records: live,
		reason: gone.Hidden, merge: merge}))
	var patches []string
	for _, id := range ids {
		patches = append(patches, fmt.Sprintf("%s,%s,patched", id, at(minute+3).Format("2006-01-02T15:04:05.000Z")))
	}
	c := d.merge(t, reading{name: name("patched"), minute: minute + 3, op: warehouse.Patch,
		header: "Id,SystemModstamp,Name", records: patches, merge: merge})
	same(t, "rows that were patched", c.Patched, 0)
	merge.Complete = true
	deleted(d.merge(t, reading{name: name("whole"), minute: minute + 4, records: lives, merge: merge}))
	merge.Override = true
	deleted(d.merge(t, reading{name: name("rebuilt"), minute: minute + 5, records: append(lives, binned...),
		merge: merge}))
}

// stays: whatever says that an archived record is deleted, its row stays as it is.
func stays(policy gone.Policy) func(*testing.T, *desk) {
	return func(t *testing.T, d *desk) {
		d.merge(t, reading{name: "a1", minute: 50, merge: warehouse.Merge{Policy: policy},
			records: []string{rec("1", 1, false), rec("2", 1, false), rec("3", 1, false)}})
		must(t, d.ledger.Settle(t.Context(), d.fence, d.table,
			[]archived.Line{line("1", archived.Deleted), line("2", archived.Deleted)}))
		want := "1|name 1|true|archived|2026-03-01 03:20:00+00 2|name 2|true|archived|2026-03-01 03:20:00+00 " +
			"3|name 3|false|~|~"
		is := func(what string) {
			t.Helper()
			same(t, what, d.says(t, warehousetest.Final, "account", "id", "name", "isdeleted", reason, deletedAt), want)
			same(t, "tombstones", d.says(t, warehousetest.Staging, "_catchment_tombstone", "record_key"), "")
		}
		is("settled")
		d.gone(t, policy, 300, []string{"1", "2"}, []string{"3"})
		is("gone in every way")

		late := reading{name: "late", minute: 150, records: []string{rec("1", 1, false)},
			merge: warehouse.Merge{Policy: policy}}
		d.merge(t, late)
		is("a page that was read before, and came late")

		d.merge(t, reading{name: "back", minute: 400, records: []string{rec("1", 390, false)},
			merge: warehouse.Merge{Policy: policy}})
		want = strings.Replace(want, "1|name 1|true|archived|2026-03-01 03:20:00+00", "1|name 1|false|~|~", 1)
		is("undeleted")
	}
}

// leaves: between the delete in Salesforce and the settlement nothing takes the row away.
func leaves(policy gone.Policy) func(*testing.T, *desk) {
	return func(t *testing.T, d *desk) {
		d.merge(t, reading{name: "a1", minute: 50, merge: warehouse.Merge{Policy: policy},
			records: []string{rec("1", 1, false), rec("2", 1, false)}})
		must(t, d.ledger.Write(t.Context(), d.fence, []archived.Line{line("1", archived.Posted)}))
		d.gone(t, policy, 300, []string{"1"}, []string{"2"})
		same(t, "rows", d.says(t, warehousetest.Final, "account", "id", "name", "isdeleted", reason),
			"1|name 1|false|~ 2|name 2|false|~")
		same(t, "tombstones", d.says(t, warehousetest.Staging, "_catchment_tombstone", "record_key"), "")

		must(t, d.ledger.Write(t.Context(), d.fence, []archived.Line{line("1", archived.Changed)}))
		c := d.merge(t, reading{name: "after", minute: 400, records: []string{rec("1", 390, true)},
			merge: warehouse.Merge{Policy: policy}})
		if want := int64(1); policy != gone.Ignore {
			same(t, "an ordinary delete", c.Deleted, want)
		}
	}
}

// adopted: what is ours already has nothing to be taken over.
func adopted(t *testing.T, d *desk) {
	adopter := warehouse.RolesOf(d.w).Adopter
	if adopter == nil {
		t.Skip("the warehouse adopts no tables")
	}
	d.read(t, "a1", 50, rec("1", 1, false))
	must(t, d.ledger.Settle(t.Context(), d.fence, d.table, []archived.Line{line("1", archived.Deleted)}))
	got, err := adopter.Adopt(t.Context(), d.fence, warehouse.Merge{Table: d.table, Policy: gone.Remove},
		adoption.Taking{IDs: []string{"id"}})
	must(t, err)
	same(t, "tables that were taken over", len(got.Sources), 0)
	same(t, "rows", d.says(t, warehousetest.Final, "account", "id", reason), "1|archived")
}

// rebound: who gives the warehouse to another org keeps the last copy of what left the old one.
func rebound(t *testing.T, d *desk) {
	const other = "00D000000000002AAA"
	d.read(t, "a1", 50, rec("1", 1, false), rec("2", 1, false))
	must(t, d.ledger.Settle(t.Context(), d.fence, d.table, []archived.Line{line("1", archived.Deleted)}))
	err := d.w.Rebind(t.Context(), other, true)
	if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
	same(t, "rows", d.says(t, warehousetest.Final, "account", "id", reason), "1|archived 2|~")
	must(t, d.w.Rebind(t.Context(), other, false))
	same(t, "rows", d.says(t, warehousetest.Final, "account", "id", reason), "1|archived 2|~")
}
