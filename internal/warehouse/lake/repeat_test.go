package lake_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/upkeep"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/lake/ledger"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/warehousetest"
)

// paged is a page of a text.
func paged(key, text string, rows int64, digits ...room.Digits) warehouse.Page {
	header, _, _ := strings.Cut(text, "\n")
	return warehouse.Page{Key: key, Seq: 1, Header: strings.Split(header, ","), Rows: rows, Digest: key, Digits: digits,
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

// withStamp is account with the stamp of each record.
func withStamp() shape.Table {
	t := account()
	t.Columns = append(t.Columns, shape.Column{Name: "systemmodstamp", Field: "SystemModstamp", Kind: shape.Timestamp})
	return t
}

// unfit is a page whose one record was kept out.
func unfit() warehouse.Page {
	p := paged("p1", "Id,Name,SystemModstamp\n", 0)
	out := paged("p1", strings.Join(warehouse.RejectedHeader(), ",")+
		"\nAccount,1,2026-03-01T00:00:00.000Z,Employees,unfit: no number,\n", 1)
	p.Rejected = &out
	return p
}

// loaded loads the one page of an attempt, by a job of its name, and says how that is merged.
func loaded(t *testing.T, w warehouse.Warehouse, f warehouse.Fence, b warehouse.Batch) warehouse.Merge {
	t.Helper()
	b.Job = b.Attempt
	rows, err := w.Load(t.Context(), f, b)
	must(t, err)
	return warehouse.Merge{Table: b.Table, Attempt: b.Attempt, Policy: gone.Flag, Pages: 1, Rows: rows}
}

// TestRepeat has an attempt come once more that was consolidated, from its first page on, as a process does that knows
// nothing of it. The stage has its versions once, or not at all where no history is kept.
func TestRepeat(t *testing.T) {
	t.Parallel()
	for _, history := range []upkeep.History{{}, {Off: true}} {
		s, _, f := prepared(t)
		o := options()
		o.History = history
		w := lake.New(lake.Place{Catalog: s.Catalog, Scratch: s.folder}, o)
		b := warehouse.Batch{Table: account(), Attempt: "a1", Job: "j1", ReadAt: time.Now(),
			Pages: []warehouse.Page{paged("p1", "Id,Name\n1,one\n2,two\n", 2)}}
		m := warehouse.Merge{Table: account(), Attempt: "a1", Policy: gone.Flag, Pages: 1, Rows: 2}
		for try := range 2 {
			rows, err := w.Load(t.Context(), f, b)
			must(t, err)
			counts, err := w.Consolidate(t.Context(), f, m)
			must(t, err)
			staged, want := len(s.all(t, warehousetest.Staging, "account")), 2
			if history.Off {
				want = 0
			}
			if rows != 2 || counts.Inserted != 2 || staged != want || len(s.pages(t)) != 0 {
				t.Errorf("%+v, try %d: %d rows loaded, %+v, %d versions in the stage, ledger %v", history, try, rows,
					counts, staged, s.pages(t))
			}
		}
	}
}

// TestWiderAfterOlderFiles loads a number that its column has no room for, while files are there that were written
// before the table had that column.
func TestWiderAfterOlderFiles(t *testing.T) {
	t.Parallel()
	_, w, f := prepared(t)
	load := func(of shape.Table, attempt string, p warehouse.Page) {
		t.Helper()
		_, err := w.Consolidate(t.Context(), f, loaded(t, w, f, warehouse.Batch{Table: of, Attempt: attempt,
			ReadAt: time.Now(), Pages: []warehouse.Page{p}}))
		must(t, err)
	}
	load(account(), "a1", paged("p1", "Id,Name\n1,one\n", 1))
	wide := account()
	wide.Columns = append(wide.Columns, shape.Column{Name: "amount", Field: "Amount", Kind: shape.Decimal, Scale: 2})
	_, err := w.Prepare(t.Context(), f, wide)
	must(t, err)
	load(wide, "a2", paged("p2", "Id,Amount\n1,0.12345\n", 1, room.Digits{Field: "Amount", Whole: 1, Fraction: 5}))
}

// TestForgetsAfterAll has the table of what was kept out be away for a moment, just when a merge that has succeeded
// takes a record out of it that was mended.
func TestForgetsAfterAll(t *testing.T) {
	t.Parallel()
	s, _, f := prepared(t)
	of := withStamp()
	moody := &moody{Catalog: s.Catalog, table: own.Rejected}
	w := lake.New(lake.Place{Catalog: moody, Scratch: s.folder}, options())
	_, err := w.Prepare(t.Context(), f, of)
	must(t, err)
	read := func(attempt string, readAt time.Time, p warehouse.Page) {
		t.Helper()
		m := loaded(t, w, f, warehouse.Batch{Table: of, Attempt: attempt, ReadAt: readAt, Pages: []warehouse.Page{p}})
		moody.away = 2 // it is read first
		_, err := w.Consolidate(t.Context(), f, m)
		must(t, err)
		moody.away = 0
	}
	now := time.Now()
	read("a1", now, unfit())
	if kept := s.all(t, warehousetest.Staging, own.Rejected); len(kept) != 1 {
		t.Fatalf("%d records are kept out", len(kept))
	}
	read("a2", now.Add(time.Hour), paged("p2", "Id,Name,SystemModstamp\n1,one,2026-03-01T00:10:00.000Z\n", 1))
	if kept := s.all(t, warehousetest.Staging, own.Rejected); len(kept) != 0 {
		t.Errorf("%d records are kept out, and none is", len(kept))
	}
}

// TestSaysThatItOwes has the table of what was kept out take nothing, just when a merge takes a record out of it that
// was mended. The merge fails, though its rows are there; the next one of the attempt does what is left.
func TestSaysThatItOwes(t *testing.T) {
	t.Parallel()
	s, _, f := prepared(t)
	of := withStamp()
	shut := &shut{Catalog: s.Catalog, table: tables.Name(string(warehousetest.Staging), own.Rejected)}
	w := lake.New(lake.Place{Catalog: shut, Scratch: s.folder}, options())
	_, err := w.Prepare(t.Context(), f, of)
	must(t, err)
	load := func(attempt string, readAt time.Time, p warehouse.Page) warehouse.Merge {
		t.Helper()
		return loaded(t, w, f, warehouse.Batch{Table: of, Attempt: attempt, ReadAt: readAt, Pages: []warehouse.Page{p}})
	}
	_, err = w.Consolidate(t.Context(), f, load("a1", time.Now(), unfit()))
	must(t, err)

	mended := paged("p2", "Id,Name,SystemModstamp\n1,one,2026-03-01T00:10:00.000Z\n", 1)
	m := load("a2", time.Now().Add(time.Hour), mended)
	shut.now = true
	if _, err = w.Consolidate(t.Context(), f, m); !errors.Is(err, errFault) {
		t.Errorf("the table of what is kept out can't be written to, and the merge says %v", err)
	}
	shut.now = false
	counts, err := w.Consolidate(t.Context(), f, m)
	must(t, err)
	kept, staged := s.all(t, warehousetest.Staging, own.Rejected), s.all(t, warehousetest.Staging, "account")
	if counts.Inserted != 1 || len(kept) != 0 || len(staged) != 1 {
		t.Errorf("then it is %+v, %d records are kept out, and the stage has %d versions", counts, len(kept),
			len(staged))
	}
}

// A moody catalog is away when it is asked for a table once more.
type moody struct {
	catalog.Catalog
	table string
	away  int // so many'th time from now; 0 for never
}

func (m *moody) LoadTable(ctx context.Context, name table.Identifier) (*table.Table, error) {
	if name[1] == m.table && m.away > 0 {
		if m.away--; m.away == 0 {
			return nil, errFault
		}
	}
	return m.Catalog.LoadTable(ctx, name)
}

// TestDiesBeforeItLetsGo has a process die once an attempt is merged, before the ledger lets go of it, and the next one
// give that attempt up, since it knows nothing of the merge. The versions stay, where a history is kept, until another
// attempt of the flow says what stays.
func TestDiesBeforeItLetsGo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		history upkeep.History
		forget  []string // by the attempt that comes next
		given   int      // versions in the stage once the attempt is given up
		after   int      // and after the next one
	}{
		{"all are kept", upkeep.History{}, nil, 1, 2},
		{"none is kept", upkeep.History{Off: true}, nil, 1, 0},
		{"values are to be forgotten", upkeep.History{}, []string{"Name"}, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, _, f := prepared(t)
			o := options()
			o.History = c.history
			shut := &shut{Catalog: s.Catalog, table: tables.Name(string(warehousetest.Staging), "account")}
			w := lake.New(lake.Place{Catalog: shut, Scratch: s.folder}, o)
			merge := func(attempt string, forget ...string) {
				t.Helper()
				p := paged(attempt, "Id,Name\n"+attempt+",one\n", 1)
				m := loaded(t, w, f, warehouse.Batch{Table: account(), Attempt: attempt, ReadAt: time.Now(),
					Pages: []warehouse.Page{p}})
				m.Forget = forget
				shut.now = attempt == "a1"
				_, err := w.Consolidate(t.Context(), f, m)
				must(t, err)
				shut.now = false
			}
			merge("a1")
			must(t, w.Discard(t.Context(), f, "a1"))
			if n := len(s.all(t, warehousetest.Staging, "account")); n != c.given {
				t.Errorf("once the attempt is given up that was merged, the stage has %d versions, not %d", n, c.given)
			}
			merge("a2", c.forget...)
			if n := len(s.all(t, warehousetest.Staging, "account")); n != c.after {
				t.Errorf("after the next attempt the stage has %d versions, not %d", n, c.after)
			}
			if left := s.find(t, warehousetest.Staging, "account").Properties(); len(ledger.Attempts(left)) > 0 {
				t.Errorf("the ledger has %v", ledger.Attempts(left))
			}
		})
	}
}

// A shut catalog takes no commit to one table.
type shut struct {
	catalog.Catalog
	table table.Identifier
	now   bool
}

func (c *shut) LoadTable(ctx context.Context, name table.Identifier) (*table.Table, error) {
	t, err := c.Catalog.LoadTable(ctx, name)
	if err != nil {
		return nil, err
	}
	return table.New(t.Identifier(), t.Metadata(), t.MetadataLocation(), t.FS, c), nil
}

func (c *shut) CommitTable(
	ctx context.Context, name table.Identifier, r []table.Requirement, u []table.Update,
) (table.Metadata, string, error) {
	if c.now && slices.Equal(name, c.table) {
		return nil, "", errFault
	}
	return c.Catalog.CommitTable(ctx, name, r, u)
}

// TestNewestGoes has a delete take away the row that was written last. What is left is as it should be, and nobody says
// that the table was restored.
func TestNewestGoes(t *testing.T) {
	t.Parallel()
	s, _, f := prepared(t)
	o, now := options(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	o.Now = func() time.Time { return now }
	w := s.Open(o, warehousetest.Fault{})
	read := func(attempt string, op warehouse.Op, text string) {
		t.Helper()
		now = now.Add(time.Hour)
		_, err := w.Load(t.Context(), f, warehouse.Batch{Table: account(), Attempt: attempt, Job: attempt, Op: op,
			ReadAt: now, Pages: []warehouse.Page{paged(attempt, text, 1)}})
		must(t, err)
		_, err = w.Consolidate(t.Context(), f, warehouse.Merge{Table: account(), Attempt: attempt, Policy: gone.Remove,
			Pages: 1, Rows: 1, AllowDeletes: true})
		must(t, err)
	}
	read("a1", warehouse.Put, "Id,Name\n1,one\n")
	read("a2", warehouse.Put, "Id,Name\n2,two\n")
	read("a3", warehouse.Delete, "Id\n2\n")
	if c := condition(t, w); c != shape.Intact || len(s.all(t, warehousetest.Final, "account")) != 1 {
		t.Errorf("the table is %s", c)
	}
}
