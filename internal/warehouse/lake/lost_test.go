package lake_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/iceberg-go"
	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/warehousetest"
)

// noon is when the records of these tests were read.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// stamped is account with the fields by which a comparison goes.
func stamped() shape.Table {
	return shape.Table{Object: "Account", Name: "account", Key: []string{"id"}, Columns: []shape.Column{
		{Name: "id", Field: "Id", Kind: shape.Text},
		{Name: "systemmodstamp", Field: "SystemModstamp", Kind: shape.Timestamp},
		{Name: "isdeleted", Field: "IsDeleted", Kind: shape.Bool},
	}}
}

// A holder is a runner that holds the flow of stamped.
type holder struct {
	*subject
	w warehouse.Warehouse
	f warehouse.Fence
	t *testing.T
}

// holding makes a lake with the table, and has it hold twenty records: one file, of which a second one has replaced a
// record, so that there is a file of deletes, too.
func holding(t *testing.T) *holder {
	t.Helper()
	s := newSubject(t)
	h := &holder{s, s.plain(), warehouse.Fence{Flow: "Account", Number: 1}, t}
	must(t, h.w.Migrate(t.Context()))
	_, err := h.w.Claim(t.Context(), h.f, "account", org)
	must(t, err)
	_, err = h.w.Prepare(t.Context(), h.f, stamped())
	must(t, err)
	must(t, h.merge("a1", versions(1, 20, 0), false))
	must(t, h.merge("a2", versions(7, 7, 1), false))
	return h
}

// versions are the records of some numbers, in a version that is so many minutes old or young.
func versions(from, to, minute int) (lines []string) {
	for n := from; n <= to; n++ {
		stamp := noon.Add(time.Duration(minute) * time.Minute).Format("2006-01-02T15:04:05.000Z")
		lines = append(lines, fmt.Sprintf("%03d,%s,false", n, stamp))
	}
	return lines
}

// page is a page of records.
func page(key string, lines []string) warehouse.Page {
	text := "Id,SystemModstamp,IsDeleted\n" + strings.Join(lines, "\n") + "\n"
	return warehouse.Page{Key: key, Seq: 1, Header: []string{"Id", "SystemModstamp", "IsDeleted"},
		Rows: int64(len(lines)), Digest: key, Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(text)), nil
		}}
}

// merge loads and consolidates records; whole says that all are read anew.
func (h *holder) merge(attempt string, lines []string, whole bool) error {
	ctx := h.t.Context()
	_, err := h.w.Load(ctx, h.f, warehouse.Batch{Table: stamped(), Attempt: attempt, Job: attempt, ReadAt: time.Now(),
		Pages: []warehouse.Page{page(attempt, lines)}})
	must(h.t, err)
	_, err = h.w.Consolidate(ctx, h.f, warehouse.Merge{Table: stamped(), Attempt: attempt, Policy: gone.Flag, Pages: 1,
		Rows: int64(len(lines)), Complete: whole, Override: whole})
	return err
}

// the finds a file of the final table: of rows, the one that has so many, or of deletes.
func (h *holder) the(rows int64, content iceberg.ManifestEntryContent) string {
	h.t.Helper()
	data, deletes, err := tables.Files(h.t.Context(), h.find(h.t, warehousetest.Final, "account"))
	must(h.t, err)
	for _, file := range slices.Concat(data, deletes) {
		if file.Count() == rows && file.ContentType() == content {
			return file.FilePath()
		}
	}
	h.t.Fatalf("no file of %d rows", rows)
	return ""
}

// judge holds all records as they are against the table.
func (h *holder) judge() (warehouse.Reading, evidence.Difference, error) {
	h.t.Helper()
	ctx := h.t.Context()
	r, err := h.w.Reading(ctx, h.f, evidence.Comparison{Table: stamped(), Policy: gone.Flag,
		Before: noon.Add(time.Hour), Clock: time.Now()})
	must(h.t, err)
	h.t.Cleanup(func() { must(h.t, r.Close(context.Background())) })
	lines := versions(1, 20, 0)
	lines[6] = versions(7, 7, 1)[0]
	must(h.t, r.Add(ctx, []warehouse.Page{page("all", lines)}))
	if err := r.Judge(ctx, 20); err != nil {
		return r, evidence.Difference{}, err
	}
	d, err := r.Difference(ctx, 30)
	return r, d, err
}

// where is a file on this machine.
func where(path string) string { return strings.TrimPrefix(path, "file://") }

// TestLost loses a file of rows, or one of deletes: it is named, and what it held is found by its Ids; what is left of
// the table is mended once the file is out of it.
func TestLost(t *testing.T) {
	t.Parallel()
	cut := func(path string) error { return os.Truncate(path, 9) }
	for name, c := range map[string]struct {
		harm                func(string) error
		rows                int64
		content             iceberg.ManifestEntryContent
		missing, duplicates int64
		is                  bool
	}{
		"a file of rows":            {os.Remove, 20, iceberg.EntryContentData, 19, 0, true},
		"a file of rows, cut short": {cut, 20, iceberg.EntryContentData, 19, 0, false},
		"the newest version":        {os.Remove, 1, iceberg.EntryContentData, 1, 0, true},
		"a file of deletes":         {os.Remove, 1, iceberg.EntryContentPosDeletes, 0, 1, true},
		"a file of deletes that is empty": {func(path string) error { return os.Truncate(path, 0) }, 1,
			iceberg.EntryContentPosDeletes, 0, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := holding(t)
			path := h.the(c.rows, c.content)
			must(t, c.harm(where(path)))
			r, d, err := h.judge()
			must(t, err)
			deletes := c.content == iceberg.EntryContentPosDeletes
			want := []evidence.LostFile{{Path: path, Missing: c.is, Rows: c.rows, Deletes: deletes}}
			if d.Missing != c.missing || d.Duplicates != c.duplicates || int64(len(d.MissingIDs)) != c.missing ||
				!slices.Equal(d.Lost, want) {
				t.Errorf("%+v", d)
			}
			if _, err := h.w.Live(t.Context(), stamped()); plan.ClassOf(err) != plan.Fix ||
				!strings.Contains(err.Error(), path) || !strings.Contains(plan.HintOf(err), "verify --repair") {
				t.Errorf("the table is counted: %v", err)
			}
			must(t, r.(evidence.Salvage).LetGo(t.Context()))
			must(t, h.w.Distinct(t.Context(), h.f, stamped()))
			lines := versions(1, 20, 0)
			lines[6] = versions(7, 7, 1)[0]
			_, err = h.w.Mend(t.Context(), h.f, warehouse.Mending{Policy: gone.Flag, Batches: []warehouse.Batch{{
				Table: stamped(), Attempt: "repair", Job: "repair", Op: warehouse.Put, ReadAt: time.Now(),
				Pages: []warehouse.Page{page("repair", lines)}}}})
			must(t, err)
			_, d, err = h.judge()
			if err != nil || d.Missing+d.Extra+d.Stale+d.Duplicates != 0 || d.Lost != nil || d.Warehouse != 20 {
				t.Errorf("mended: %+v, %v", d, err)
			}
		})
	}
}

// TestLostMerges has a table lose a file that a merge doesn't need, and then one that it does; a rebuild goes past
// it.
func TestLostMerges(t *testing.T) {
	t.Parallel()
	h := holding(t)
	must(t, os.Remove(where(h.the(20, iceberg.EntryContentData))))
	err := h.merge("a3", versions(5, 5, 2), false)
	if lost, is := errors.AsType[*rows.LostFile](err); !is || !lost.Missing() || plan.ClassOf(err) != plan.Fix {
		t.Errorf("a merge into what is lost: %v", err)
	}
	must(t, h.merge("a4", versions(21, 30, 2), false))
	must(t, h.merge("a5", versions(1, 20, 3), true))
	n, err := h.w.Live(t.Context(), stamped())
	if err != nil || n != 20 { // the ten that the rebuild didn't read are gone
		t.Errorf("%d live rows, %v", n, err)
	}
	if c := conditionOf(t, h.w, stamped()); c != shape.Intact {
		t.Errorf("read anew, it is %s", c)
	}
}

// TestLostInspect says of a table whose rows have to be looked at, and some are lost, that it has fewer.
func TestLostInspect(t *testing.T) {
	t.Parallel()
	h := holding(t)
	h.byHand(t, warehousetest.Final, "account", func(tx *table.Transaction) error {
		return tx.Delete(t.Context(), iceberg.EqualTo(iceberg.Reference("id"), "019"), nil)
	})
	h.restand(t, "account", "Seen", h.find(t, warehousetest.Final, "account").Metadata().LastSequenceNumber())
	must(t, os.Remove(where(h.the(1, iceberg.EntryContentData))))
	if c := conditionOf(t, h.w, stamped()); c != shape.Fewer {
		t.Errorf("it is %s", c)
	}
}

// conditionOf is that of a table of the flow Account.
func conditionOf(t *testing.T, w warehouse.Warehouse, of shape.Table) shape.Condition {
	t.Helper()
	m, _, err := w.Mark(t.Context(), "Account")
	must(t, err)
	c, err := w.Inspect(t.Context(), of, m, time.Now())
	must(t, err)
	return c
}

// A dry storage opens files and gives none of their bytes.
type dry struct{ icebergio.LocalFS }

func (d dry) Open(name string) (icebergio.File, error) {
	file, err := d.LocalFS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".parquet") {
		return file, err
	}
	return dryFile{file}, nil
}

type dryFile struct{ icebergio.File }

func (dryFile) Read([]byte) (int, error)          { return 0, errFault }
func (dryFile) ReadAt([]byte, int64) (int, error) { return 0, errFault }

// A dryCatalog has its tables in a dry storage.
type dryCatalog struct{ stormy }

func (c dryCatalog) LoadTable(ctx context.Context, name table.Identifier) (*table.Table, error) {
	t, err := c.Catalog.LoadTable(ctx, name)
	if err != nil {
		return nil, err
	}
	fs := func(context.Context) (icebergio.IO, error) { return dry{}, nil }
	return table.New(name, t.Metadata(), t.MetadataLocation(), fs, c), nil
}

// TestAwayIsNotLost has the storage give no bytes for a while. Nothing is lost by that, and nothing may be dropped.
func TestAwayIsNotLost(t *testing.T) {
	t.Parallel()
	h := holding(t)
	before := h.find(t, warehousetest.Final, "account").MetadataLocation()
	was := h.w
	h.w = lake.New(lake.Place{Catalog: dryCatalog{stormy{h.Catalog, &weather{}}}, Scratch: h.folder}, options())
	_, d, err := h.judge()
	if _, is := errors.AsType[*rows.LostFile](err); is || !errors.Is(err, errFault) || d.Lost != nil {
		t.Errorf("%+v, %v", d, err)
	}
	if err := h.merge("a3", versions(1, 20, 3), true); !errors.Is(err, errFault) {
		t.Errorf("a rebuild: %v", err)
	}
	h.w = was
	if now := h.find(t, warehousetest.Final, "account").MetadataLocation(); now != before {
		t.Errorf("the table was changed")
	}
	if _, d, err := h.judge(); err != nil || d.Missing+d.Stale != 0 {
		t.Errorf("back again: %+v, %v", d, err)
	}
}

// TestListsLost loses what says which files the table has. Nothing of the table can be read then: it is named, and what
// to do. Tables beside it are read as ever.
func TestListsLost(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]func(*holder) string{
		"list of manifests": func(h *holder) string {
			return h.find(t, warehousetest.Final, "account").CurrentSnapshot().ManifestList
		},
		"manifest": func(h *holder) string {
			tb := h.find(t, warehousetest.Final, "account")
			fs, err := tb.FS(t.Context())
			must(t, err)
			manifests, err := tb.CurrentSnapshot().Manifests(fs)
			must(t, err)
			return manifests[0].FilePath()
		},
		"metadata": func(h *holder) string { return h.find(t, warehousetest.Final, "account").MetadataLocation() },
	} {
		for how, harm := range map[string]func(string) error{
			"missing": os.Remove, "cut short": func(path string) error { return os.Truncate(path, 9) },
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				h := holding(t)
				path := of(h)
				must(t, harm(where(path)))
				_, err := h.w.Live(t.Context(), stamped())
				if plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), "table salesforce.account") ||
					!strings.Contains(plan.HintOf(err), "drop table salesforce.account") {
					t.Errorf("%v, of class %s, hint %q", err, plan.ClassOf(err), plan.HintOf(err))
				}
				if marks, err := h.w.Marks(t.Context()); err != nil || len(marks) != 1 || marks[0].Flow != "Account" {
					t.Errorf("the marks: %v, %v", marks, err)
				}
				h.f.Number++
				if _, err := h.w.Claim(t.Context(), h.f, "account", org); err == nil {
					if _, _, err := h.judge(); err == nil {
						t.Error("nobody says so")
					}
				}
				must(t, h.DropTable(t.Context(), tables.Name(string(warehousetest.Final), "account")))
				if c := conditionOf(t, h.w, stamped()); c != shape.Dropped {
					t.Errorf("dropped, it is %s", c)
				}
			})
		}
	}
}

// TestAllLost loses every file of rows. They are all named by one look, and a repair brings all records.
func TestAllLost(t *testing.T) {
	t.Parallel()
	h := holding(t)
	for _, rows := range []int64{1, 20} {
		must(t, os.Remove(where(h.the(rows, iceberg.EntryContentData))))
	}
	r, d, err := h.judge()
	if err != nil || d.Missing != 20 || len(d.Lost) != 2 || d.Warehouse != 0 {
		t.Fatalf("%+v, %v", d, err)
	}
	must(t, r.(evidence.Salvage).LetGo(t.Context()))
	_, err = h.w.Mend(t.Context(), h.f, warehouse.Mending{Policy: gone.Flag, Batches: []warehouse.Batch{{
		Table: stamped(), Attempt: "repair", Job: "repair", Op: warehouse.Put, ReadAt: time.Now(),
		Pages: []warehouse.Page{page("repair", append(versions(1, 6, 0), append(versions(7, 7, 1),
			versions(8, 20, 0)...)...))}}}})
	must(t, err)
	if _, d, err := h.judge(); err != nil || d.Missing+d.Stale+d.Duplicates != 0 || d.Warehouse != 20 {
		t.Errorf("mended: %+v, %v", d, err)
	}
}
