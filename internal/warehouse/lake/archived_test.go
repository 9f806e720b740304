package lake_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/archived/archivedtest"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/warehousetest"
)

// TestArchived holds a lake to the contract of a ledger of archives.
func TestArchived(t *testing.T) {
	t.Parallel()
	archivedtest.Run(t, open)
}

// TestErasedInNoFile has a record erased that an archive has lines of. No file of the ledger names it any more, also
// none that nobody reads.
func TestErasedInNoFile(t *testing.T) {
	t.Parallel()
	s, w, f := prepared(t)
	ledger, _ := archived.Of(w)
	for _, state := range []archived.State{archived.Proven, archived.Posted, archived.Changed} {
		must(t, ledger.Write(t.Context(), f, []archived.Line{
			{Plan: "p", Object: "Account", ID: "1", State: state},
			{Plan: "p", Object: "Account", ID: "2", State: state},
		}))
	}
	_, err := warehouse.RolesOf(w).Eraser.Erase(t.Context(), f,
		warehouse.Erasure{Table: account(), Column: "id", Values: []string{"1"}})
	must(t, err)
	after := s.find(t, warehousetest.Final, own.Archive)
	data, deletes, err := tables.Files(t.Context(), after)
	must(t, err)
	there, err := filepath.Glob(strings.TrimPrefix(after.Location(), "file://") + "/data/*.parquet")
	must(t, err)
	if len(there) != len(data)+len(deletes) || len(after.Metadata().Snapshots()) != 1 {
		t.Errorf("%d files are there, the table has %d and %d; %d snapshots", len(there), len(data), len(deletes),
			len(after.Metadata().Snapshots()))
	}
	var ids []string
	for _, line := range s.all(t, warehousetest.Final, own.Archive) {
		ids = append(ids, *line["record_id"])
	}
	slices.Sort(ids)
	if len(ids) != 2 || ids[0] != "2" || len(ids[1]) != 64 {
		t.Errorf("the lines are of %q", ids)
	}
}

// TestOlderLake has a lake get the tables that it lacks, once.
func TestOlderLake(t *testing.T) {
	t.Parallel()
	s, w, f := prepared(t)
	s.Drop(t, warehousetest.Final, own.Archive)
	s.setProperties(t, warehousetest.Staging, flowTable, map[string]string{"catchment.version": "1"})
	for range 2 {
		must(t, w.Migrate(t.Context()))
	}
	ledger, _ := archived.Of(w)
	must(t, ledger.Write(t.Context(), f, []archived.Line{{Plan: "p", Object: "Account", ID: "1"}}))
	if version := s.Look(t, warehousetest.Staging, versionTable)[0]["version"]; *version != "2" {
		t.Errorf("it is of version %s", *version)
	}
}

// The batches of a plan in the benchmark, and the records of one.
const (
	benchBatches = 100
	benchBatch   = 2000
)

// BenchmarkArchive has all records of a plan pass through the ledger as an archive does it: each batch is proven, then
// posted, then settled.
func BenchmarkArchive(b *testing.B) {
	for range b.N {
		s := newSubject(b)
		o := options()
		o.Maintain = usual()
		w := s.Open(o, warehousetest.Fault{})
		f := warehouse.Fence{Flow: "Account", Number: 1}
		must(b, w.Migrate(b.Context()))
		_, err := w.Claim(b.Context(), f, account().Name, "00D000000000001AAA")
		must(b, err)
		_, err = w.Prepare(b.Context(), f, account())
		must(b, err)
		var text strings.Builder
		text.WriteString("Id,Name\n")
		for n := range benchBatches * benchBatch {
			fmt.Fprintf(&text, "001%015d,record %d\n", n, n)
		}
		_, err = w.Load(b.Context(), f, warehouse.Batch{Table: account(), Attempt: "a", Job: "j", ReadAt: time.Now(),
			Pages: []warehouse.Page{paged("p", text.String(), benchBatches*benchBatch)}})
		must(b, err)
		_, err = w.Consolidate(b.Context(), f, warehouse.Merge{Table: account(), Attempt: "a", Policy: "flag", Pages: 1,
			Rows: benchBatches * benchBatch})
		must(b, err)
		ledger, _ := archived.Of(w)
		for n := range benchBatches {
			began := time.Now()
			benchArchive(b, ledger, f, n)
			if n%10 == 9 {
				b.Logf("batch %d: %s, %s", n+1, time.Since(began).Round(time.Millisecond), s.made(b))
			}
		}
		began := time.Now()
		counts, err := ledger.Tally(b.Context(), "p")
		b.Logf("tally %v, %v: %s", counts, err, time.Since(began).Round(time.Millisecond))
	}
}

// benchArchive takes one batch through the ledger.
func benchArchive(b *testing.B, ledger archived.Ledger, f warehouse.Fence, n int) {
	b.Helper()
	now := time.Now()
	lines := make([]archived.Line, benchBatch)
	for i := range lines {
		lines[i] = archived.Line{Plan: "p", Object: "Account", ID: fmt.Sprintf("001%015d", n*benchBatch+i), Stamp: now,
			State: archived.Proven, Digest: fmt.Sprintf("%064x", (n*benchBatch+i)*7919), ProvenAt: now}
	}
	must(b, ledger.Write(b.Context(), f, lines))
	for i := range lines {
		lines[i].State, lines[i].Batch = archived.Posted, int64(n+1)
	}
	must(b, ledger.Write(b.Context(), f, lines))
	for i := range lines {
		lines[i].State, lines[i].EndedAt = archived.Deleted, now
	}
	must(b, ledger.Settle(b.Context(), f, account(), lines))
}

// made is what the ledger and the final table are made of.
func (s *subject) made(b *testing.B) string {
	b.Helper()
	var says []string
	for _, name := range []string{own.Archive, "account"} {
		t := s.find(b, warehousetest.Final, name)
		data, deletes, err := filesOf(b.Context(), t)
		must(b, err)
		says = append(says, fmt.Sprintf("%s: %d files, %d of deletes, %d snapshots", name, data, deletes,
			len(t.Metadata().Snapshots())))
	}
	return strings.Join(says, "; ")
}

func filesOf(ctx context.Context, t *table.Table) (data, deletes int, err error) {
	rows, dead, err := tables.Files(ctx, t)
	return len(rows), len(dead), err
}
