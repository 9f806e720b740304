package lake_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/touched"
	"catchment/internal/warehouse/warehousetest"
)

// org is whose lake it is, and account a table of it.
const org = "00D000000000001AAA"

func account() shape.Table {
	return shape.Table{Object: "Account", Name: "account", Key: []string{"id"}, Columns: []shape.Column{
		{Name: "id", Field: "Id", Kind: shape.Text}, {Name: "name", Field: "Name", Kind: shape.Text},
		{Name: "employees", Field: "Employees", Kind: shape.Int},
	}}
}

// prepared is a lake with the tables of account.
func prepared(t *testing.T) (*subject, warehouse.Warehouse, warehouse.Fence) {
	t.Helper()
	s := newSubject(t)
	w, f := s.plain(), warehouse.Fence{Flow: "Account", Number: 1}
	must(t, w.Migrate(t.Context()))
	_, err := w.Claim(t.Context(), f, "account", org)
	must(t, err)
	_, err = w.Prepare(t.Context(), f, account())
	must(t, err)
	return s, w, f
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// condition is that of account.
func condition(t *testing.T, w warehouse.Warehouse) shape.Condition {
	t.Helper()
	m, _, err := w.Mark(t.Context(), "Account")
	must(t, err)
	c, err := w.Inspect(t.Context(), account(), m, time.Now())
	must(t, err)
	return c
}

func row(names ...string) warehousetest.Row {
	r := warehousetest.Row{}
	for i := 0; i < len(names); i += 2 {
		r[names[i]] = &names[i+1]
	}
	return r
}

// TestChanged has somebody else write to a final table, in each way that a snapshot can tell. That stops its flow, with
// what he did and when, until somebody has looked at the rows.
func TestChanged(t *testing.T) {
	t.Parallel()
	s, w, f := prepared(t)
	const side, name = warehousetest.Final, "account"
	hand := func(do func(*table.Transaction) error) { s.byHand(t, side, name, do) }
	hand(func(tx *table.Transaction) error {
		return tx.AddDataFiles(t.Context(), s.files(t, s.find(t, side, name), []warehousetest.Row{
			row("id", "1", "name", "one"), row("id", "2")}), nil)
	})
	is := func(want string) {
		t.Helper()
		f.Number++
		_, err := w.Claim(t.Context(), f, "account", org) // as a run does before it looks
		must(t, err)
		must(t, w.Remember(t.Context(), f, "what it finds", ""))
		got := condition(t, w)
		if touched.Is(got) != (want != "") || !strings.HasPrefix(string(got), "changed by "+want) && want != "" {
			t.Errorf("the condition is %q, not %q", got, want)
		}
		rows, err := w.Recount(t.Context(), f, account())
		must(t, err)
		if c := condition(t, w); c != shape.Intact || rows == 0 {
			t.Errorf("%d rows that somebody has looked at are %s", rows, c)
		}
	}
	is("append at 20")
	hand(func(tx *table.Transaction) error {
		return tx.Delete(t.Context(), iceberg.EqualTo(iceberg.Reference("id"), "1"), nil)
	})
	is("delete")
	hand(func(tx *table.Transaction) error {
		return tx.Delete(t.Context(), iceberg.EqualTo(iceberg.Reference("id"), "nowhere"), nil)
	})
	if c := condition(t, w); c != shape.Intact && !touched.Is(c) {
		t.Errorf("a delete of nothing: %s", c)
	}
}

// TestRolledBack has somebody go back to an older snapshot. The table's properties are as new as before; the snapshot
// says that it isn't.
func TestRolledBack(t *testing.T) {
	t.Parallel()
	s, w, f := prepared(t)
	must(t, w.Remember(t.Context(), f, "before", ""))
	before := s.find(t, warehousetest.Final, "account").CurrentSnapshot().SnapshotID
	s.restand(t, "account", "Number", 7)
	if c := condition(t, w); c != shape.Intact {
		t.Errorf("before: %s", c)
	}
	s.byHand(t, warehousetest.Final, "account", func(tx *table.Transaction) error {
		return tx.RollbackToSnapshot(before)
	})
	if c := condition(t, w); c != shape.Restored {
		t.Errorf("a table that was rolled back is %s", c)
	}
	f.Number++
	if _, err := w.Claim(t.Context(), f, "account", org); err != nil || condition(t, w) != shape.Restored {
		t.Errorf("once a run has claimed it, it is %s, %v", condition(t, w), err)
	}
}

// TestMark has the final table say what the registry has lost, and the registry what a dropped table can't say.
func TestMark(t *testing.T) {
	t.Parallel()
	s, w, f := prepared(t)
	must(t, w.Remember(t.Context(), f, "what I know", ""))
	s.Delete(t, warehousetest.Staging, flowTable)
	if _, known, err := w.Mark(t.Context(), "Account"); known || err != nil {
		t.Errorf("it is known by a registry that was emptied: %v", err)
	}
	if _, err := w.Claim(t.Context(), f, "account", "00D000000000002AAA"); err == nil {
		t.Error("another org claims a table that has a standing")
	}
	if _, err := w.Claim(t.Context(), warehouse.Fence{Flow: "Other", Number: 1}, "account", org); err == nil {
		t.Error("another flow claims it")
	}
	f.Number = 3
	m, err := w.Claim(t.Context(), f, "account", org)
	if err != nil || m.Memory != "what I know" || m.Fence != 3 {
		t.Errorf("claimed again: %+v, %v", m, err)
	}
	s.Drop(t, warehousetest.Final, "account")
	if c := condition(t, w); c != shape.Dropped {
		t.Errorf("a table that was dropped is %s", c)
	}
	_, err = w.Prepare(t.Context(), f, account())
	must(t, err)
	if c := condition(t, w); c != shape.Intact {
		t.Errorf("a table that was made again is %s", c)
	}
}

// TestAnswersLost loses the answer to every commit. Each is found again by its name, so nothing fails and nothing is
// done twice.
func TestAnswersLost(t *testing.T) {
	t.Parallel()
	s, _, f := prepared(t)
	w := s.under(options(), &weather{mute: true})
	f.Number = 2
	m, err := w.Claim(t.Context(), f, "account", org)
	if err != nil || m.Fence != 2 {
		t.Fatalf("claimed: %+v, %v", m, err)
	}
	must(t, w.Remember(t.Context(), f, "said once", ""))
	wide := account()
	wide.Columns[2].Kind = shape.Text // which has the values written anew
	changes, err := w.Prepare(t.Context(), f, wide)
	if err != nil || len(changes) != 1 || changes[0].What != shape.Widened {
		t.Fatalf("prepared: %v, %v", changes, err)
	}
	snapshots := len(s.find(t, warehousetest.Final, "account").Metadata().Snapshots())
	m, _, err = w.Mark(t.Context(), "Account")
	if err != nil || m.Memory != "said once" || snapshots != 3 {
		t.Errorf("%+v after %d snapshots, %v", m, snapshots, err)
	}
}

// TestChangedMerge merges into a table that somebody else has written to: only what reads all rows anew may.
func TestChangedMerge(t *testing.T) {
	t.Parallel()
	s, w, f := prepared(t)
	merge := func(attempt string, whole bool) error {
		path := filepath.Join(t.TempDir(), "page.csv")
		must(t, os.WriteFile(path, []byte("Id,Name\n1,one\n2,two\n"), 0o600))
		page := warehouse.Page{Key: attempt, Seq: 1, Header: []string{"Id", "Name"}, Rows: 2, Digest: attempt,
			Path: path}
		_, err := w.Load(t.Context(), f, warehouse.Batch{Table: account(), Attempt: attempt, Job: attempt,
			ReadAt: time.Now(), Pages: []warehouse.Page{page}})
		must(t, err)
		_, err = w.Consolidate(t.Context(), f, warehouse.Merge{Table: account(), Attempt: attempt, Policy: gone.Flag,
			Pages: 1, Rows: 2, Complete: whole, Override: whole})
		return err
	}
	must(t, merge("a1", false))
	merged := s.find(t, warehousetest.Final, "account").CurrentSnapshot().SnapshotID
	s.byHand(t, warehousetest.Final, "account", func(tx *table.Transaction) error {
		return tx.Delete(t.Context(), iceberg.EqualTo(iceberg.Reference("id"), "1"), nil)
	})
	f.Number++
	_, err := w.Claim(t.Context(), f, "account", org)
	must(t, err)
	if err := merge("a2", false); err == nil || !strings.Contains(err.Error(), "delete") {
		t.Errorf("a merge into it: %v", err)
	}
	must(t, merge("a3", true))
	if c := condition(t, w); c != shape.Intact || len(s.all(t, warehousetest.Final, "account")) != 2 {
		t.Errorf("read anew, it is %s", c)
	}
	s.byHand(t, warehousetest.Final, "account", func(tx *table.Transaction) error {
		return tx.RollbackToSnapshot(merged)
	})
	f.Number++
	_, err = w.Claim(t.Context(), f, "account", org)
	must(t, err)
	if c := condition(t, w); c != shape.Restored {
		t.Errorf("rolled back, it is %s", c)
	}
	must(t, merge("a4", true))
	if c := condition(t, w); c != shape.Intact {
		t.Errorf("read anew once more, it is %s", c)
	}
}
