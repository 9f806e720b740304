package lake_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/maintained"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/warehousetest"
	"catchment/internal/warehouse/warehousetest/memory"
)

// TestLikeMemory does random attempts of all operations, with what is kept out of them, to a lake and to a warehouse
// of maps: counts, rows, tombstones and rejections are the same, also where the lake's tables are looked after in
// between. rapid prints the seed of a history that fails.
func TestLikeMemory(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		if err := f.Value.Set("10"); err != nil {
			t.Fatal(err)
		}
	}
	a, b := newTwin(t, open(t)), newTwin(t, memory.New())
	tries := 0
	rapid.Check(t, func(rt *rapid.T) {
		tries++
		d := &drawn{t: t, rt: rt, table: aTable(fmt.Sprint("t", tries))}
		for _, w := range []*twin{a, b} {
			w.begin(rt, d.table)
		}
		for n := range rapid.IntRange(1, 5).Draw(rt, "attempts") {
			batches, m := d.attempt(n)
			got, want := a.do(rt, batches, m), b.do(rt, batches, m)
			if got != want {
				rt.Fatalf("counts of %s\n got %+v\nwant %+v", m.Attempt, got, want)
			}
			if rapid.Bool().Draw(rt, "upkeep") {
				a.maintain(rt, d.table)
			}
			for _, side := range []warehousetest.Side{warehousetest.Final, warehousetest.Staging} {
				if got, want := a.says(side, d.table), b.says(side, d.table); got != want {
					rt.Fatalf("after %s, %s\n got:\n%s\nwant:\n%s", m.Attempt, side, got, want)
				}
			}
		}
	})
}

// aTable is a table with values of several kinds.
func aTable(name string) shape.Table {
	return shape.Table{Object: name, Name: name, Key: []string{"id"}, Columns: []shape.Column{
		{Name: "id", Field: "Id", Kind: shape.Text},
		{Name: "isdeleted", Field: "IsDeleted", Kind: shape.Bool},
		{Name: "masterrecordid", Field: "MasterRecordId", Kind: shape.Text},
		{Name: "systemmodstamp", Field: "SystemModstamp", Kind: shape.Timestamp},
		{Name: "name", Field: "Name", Kind: shape.Text},
		{Name: "amount", Field: "Amount", Kind: shape.Decimal, Scale: 2},
	}}
}

// A twin is one of two warehouses to which the same is done.
type twin struct {
	t     *testing.T
	s     warehousetest.Subject
	w     warehouse.Warehouse
	fence warehouse.Fence
	clock time.Time
}

func newTwin(t *testing.T, s warehousetest.Subject) *twin {
	w := &twin{t: t, s: s, clock: minute(1000)}
	w.w = s.Open(warehouse.Options{Schema: string(warehousetest.Final), Staging: string(warehousetest.Staging),
		Now: func() time.Time { return w.clock }, Maintain: usual()}, warehousetest.Fault{})
	if err := w.w.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// minute is a moment of the histories.
func minute(n int) time.Time { return time.Date(2026, 3, 1, 0, n, 0, 0, time.UTC) }

// begin makes a table for another history.
func (w *twin) begin(rt *rapid.T, t shape.Table) {
	w.fence = warehouse.Fence{Flow: t.Name, Number: 1}
	_, err := w.w.Claim(w.t.Context(), w.fence, t.Name, "00D000000000001AAA")
	if err == nil {
		_, err = w.w.Prepare(w.t.Context(), w.fence, t)
	}
	if err != nil {
		rt.Fatal(err)
	}
}

// do loads and merges an attempt.
func (w *twin) do(rt *rapid.T, batches []warehouse.Batch, m warehouse.Merge) warehouse.Counts {
	w.clock = w.clock.Add(time.Minute)
	for _, b := range batches {
		if _, err := w.w.Load(w.t.Context(), w.fence, b); err != nil {
			rt.Fatal(err)
		}
	}
	c, err := w.w.Consolidate(w.t.Context(), w.fence, m)
	if err != nil {
		rt.Fatal(err)
	}
	return c
}

// maintain does all upkeep that there is to do.
func (w *twin) maintain(rt *rapid.T, t shape.Table) {
	keeper, _ := maintained.Of(w.w)
	done, err := keeper.Maintain(w.t.Context(), w.fence, t.Name, maintained.All)
	if err != nil || len(done.Tables) != 2 || done.Tables[0].Left != "" || done.Tables[1].Left != "" {
		rt.Fatal(done, err)
	}
	if _, err := keeper.MaintainOwn(w.t.Context(), maintained.All); err != nil {
		rt.Fatal(err)
	}
}

// says is what the tables of a side say of a flow.
func (w *twin) says(side warehousetest.Side, t shape.Table) string {
	names := []string{t.Name}
	if side == warehousetest.Staging {
		names = []string{"_catchment_tombstone", "_catchment_rejected"}
	}
	var lines []string
	for _, name := range names {
		for _, row := range w.s.Look(w.t, side, name) {
			var texts []string
			for column, value := range row {
				if value != nil && column != "removed_at" && column != "number" {
					texts = append(texts, column+"="+*value)
				}
			}
			slices.Sort(texts)
			line := name + ": " + strings.Join(texts, " ")
			if side == warehousetest.Final || strings.Contains(line+" ", "="+t.Name+" ") {
				lines = append(lines, line)
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// drawn is a history that is being drawn.
type drawn struct {
	t     *testing.T
	rt    *rapid.T
	table shape.Table
	seq   int64
}

// attempt draws one.
func (d *drawn) attempt(n int) ([]warehouse.Batch, warehouse.Merge) {
	m := warehouse.Merge{Table: d.table, Attempt: fmt.Sprint(d.table.Name, ".", n), AllowDeletes: true,
		Policy:   rapid.SampledFrom([]gone.Policy{gone.Flag, gone.Remove, gone.Ignore}).Draw(d.rt, "policy"),
		Complete: rapid.IntRange(0, 3).Draw(d.rt, "complete") == 0,
		Override: rapid.IntRange(0, 5).Draw(d.rt, "override") == 0}
	if rapid.IntRange(0, 5).Draw(d.rt, "forget") == 0 {
		m.Forget = []string{"name"}
	}
	var batches []warehouse.Batch
	for j := range rapid.IntRange(0, 4).Draw(d.rt, "jobs") {
		b := d.batch(m.Attempt, j)
		m.Pages++
		m.Rows += b.Pages[0].Rows
		batches = append(batches, b)
	}
	return batches, m
}

// batch draws a job of one page, and what was kept out of it.
func (d *drawn) batch(attempt string, n int) warehouse.Batch {
	headers := map[warehouse.Op][]string{
		warehouse.Put: {"Id,IsDeleted,MasterRecordId,SystemModstamp,Name,Amount", "Id,SystemModstamp,Name",
			"Id,IsDeleted,SystemModstamp,Amount", "Id,Name"},
		warehouse.Patch:  {"Id,SystemModstamp,Amount", "Id,SystemModstamp,Name,Amount", "Id,Amount"},
		warehouse.Delete: {"Id", "Id,SystemModstamp"},
		warehouse.Seen:   {"Id", "Id,IsDeleted"},
	}
	op := rapid.SampledFrom([]warehouse.Op{warehouse.Put, warehouse.Put, warehouse.Patch, warehouse.Delete,
		warehouse.Seen}).Draw(d.rt, "op")
	header := rapid.SampledFrom(headers[op]).Draw(d.rt, "header")
	d.seq++
	b := warehouse.Batch{Table: d.table, Attempt: attempt, Job: fmt.Sprint(attempt, "-", n), Op: op,
		ReadAt:   minute(rapid.IntRange(1, 5).Draw(d.rt, "read at")),
		Reason:   rapid.SampledFrom([]gone.Reason{"", gone.Hidden, gone.Archived}).Draw(d.rt, "reason"),
		Override: rapid.IntRange(0, 5).Draw(d.rt, "override") == 0}
	var lines []string
	for _, id := range rapid.SliceOfNDistinct(rapid.IntRange(1, 6), 0, 5, rapid.ID).Draw(d.rt, "ids") {
		lines = append(lines, d.line(header, id))
	}
	p := d.page(header, lines)
	if whole := op == warehouse.Put; (whole || op == warehouse.Patch) && rapid.IntRange(0, 3).Draw(d.rt, "out") == 0 {
		line := fmt.Sprintf("%s,%d,%s,Amount,not_null,{}", d.table.Name, rapid.IntRange(1, 7).Draw(d.rt, "kept out"),
			stamp(rapid.IntRange(1, 3).Draw(d.rt, "rejected stamp")))
		out := d.page(strings.Join(warehouse.RejectedHeader(), ","), []string{line})
		p.Rejected = &out
	}
	b.Pages = []warehouse.Page{p}
	return b
}

func stamp(n int) string { return minute(n).Format("2006-01-02T15:04:05.000Z") }

// line draws the values of a record.
func (d *drawn) line(header string, id int) string {
	var values []string
	for field := range strings.SplitSeq(header, ",") {
		value := ""
		switch field {
		case "Id":
			value = fmt.Sprint(id)
		case "IsDeleted":
			value = fmt.Sprint(rapid.Bool().Draw(d.rt, "deleted"))
		case "SystemModstamp":
			value = stamp(rapid.IntRange(1, 5).Draw(d.rt, "stamp"))
		case "Amount":
			value = rapid.SampledFrom([]string{"", "1.50", "2"}).Draw(d.rt, "amount")
		default:
			value = rapid.SampledFrom([]string{"", "x", "y"}).Draw(d.rt, field)
		}
		values = append(values, value)
	}
	return strings.Join(values, ",")
}

func (d *drawn) page(header string, lines []string) warehouse.Page {
	name := fmt.Sprint(d.table.Name, "-page-", d.seq)
	path := filepath.Join(d.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(header+"\n"+strings.Join(append(lines, ""), "\n")), 0o600); err != nil {
		d.rt.Fatal(err)
	}
	return warehouse.Page{Key: name, Digest: name, Seq: d.seq, Rows: int64(len(lines)), Path: path,
		Header: strings.Split(header, ","), Digits: []room.Digits{{Field: "Amount", Whole: 6, Fraction: 2}}}
}
