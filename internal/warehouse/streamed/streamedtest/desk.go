package streamedtest

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/schema"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/streamed"
	"catchment/internal/warehouse/warehousetest"
)

// day is when the tests' time begins.
var day = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// at is a moment of the tests, in minutes.
func at(minutes int) time.Time { return day.Add(time.Duration(minutes) * time.Minute) }

const org = "00D000000000001AAA"

// A desk is a warehouse with the table of a flow, into which events are written.
type desk struct {
	warehousetest.Subject
	w      warehouse.Warehouse
	stream streamed.Stream
	table  shape.Table
	fence  warehouse.Fence
	policy gone.Policy
	clock  time.Time
	seq    int64
}

func account() shape.Table {
	return shape.Table{Object: "Account", Name: "account", Key: []string{"id"}, Columns: []shape.Column{
		{Name: "id", Field: "Id", Kind: shape.Text}, {Name: "isdeleted", Field: "IsDeleted", Kind: shape.Bool},
		{Name: "systemmodstamp", Field: "SystemModstamp", Kind: shape.Timestamp},
		{Name: "name", Field: "Name", Kind: shape.Text},
		{Name: "amount__c", Field: "Amount__c", Kind: shape.Decimal, Scale: 4},
		{Name: "employees", Field: "Employees", Kind: shape.Int},
		{Name: "big__c", Field: "Big__c", Kind: shape.Long},
		{Name: "born__c", Field: "Born__c", Kind: shape.Date},
		{Name: "opens__c", Field: "Opens__c", Kind: shape.Time},
	}}
}

func newDesk(t *testing.T, s warehousetest.Subject) *desk {
	d := &desk{Subject: s, table: account(), fence: warehouse.Fence{Flow: "Account", Number: 1}, policy: gone.Flag,
		clock: at(10_000)}
	d.w = d.under(warehousetest.Fault{})
	must(t, d.w.Migrate(t.Context()))
	_, err := d.w.Claim(t.Context(), d.fence, d.table.Name, org)
	must(t, err)
	_, err = d.w.Prepare(t.Context(), d.fence, d.table)
	must(t, err)
	must(t, d.w.Describe(t.Context(), d.fence, schema.Object{Name: "Account", Fields: []schema.Field{
		{Name: "Id", Type: schema.ID}, {Name: "IsDeleted", Type: schema.Boolean}}}, d.table))
	d.stream = streamOf(t, d.w)
	must(t, d.stream.Open(t.Context(), d.fence, d.table))
	must(t, d.stream.Open(t.Context(), d.fence, d.table)) // a repeat
	return d
}

// under is the desk's warehouse where something goes wrong.
func (d *desk) under(f warehousetest.Fault) warehouse.Warehouse {
	return d.Subject.Open(warehouse.Options{Schema: string(warehousetest.Final), Staging: string(warehousetest.Staging),
		Now:   func() time.Time { d.clock = d.clock.Add(time.Second); return d.clock },
		Pause: func(context.Context, time.Duration) error { return nil }}, f)
}

func streamOf(t *testing.T, w warehouse.Warehouse) streamed.Stream {
	t.Helper()
	s, ok := streamed.Of(w)
	if !ok {
		t.Fatal("the warehouse has no stream")
	}
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// a row of events; "~" is NULL.
func event(id string, act streamed.Act, minute int, pairs ...string) streamed.Row {
	r := streamed.Row{ID: id, Act: act, At: at(minute)}
	for pair := range slices.Chunk(pairs, 2) {
		r.Columns = append(r.Columns, pair[0])
		if pair[1] == "~" {
			r.Values = append(r.Values, nil)
			continue
		}
		r.Values = append(r.Values, &pair[1])
	}
	return r
}

func (d *desk) delta(replay string, rows ...streamed.Row) streamed.Delta {
	return streamed.Delta{Table: d.table, Policy: d.policy, Rows: rows, Position: streamed.Position{Replay: replay}}
}

// events writes what events say.
func (d *desk) events(t *testing.T, rows ...streamed.Row) streamed.Counts {
	t.Helper()
	d.seq++
	counts, err := d.stream.Apply(t.Context(), d.fence, d.delta(fmt.Sprintf("%04x", d.seq), rows...))
	must(t, err)
	return counts
}

// rec is a whole record as a page has it.
func rec(id string, minute int, deleted bool, name string) string {
	return fmt.Sprintf("%s,%t,%s,%s", id, deleted, at(minute).Format(time.RFC3339), name)
}

// page is one page of records.
func (d *desk) page(records ...string) warehouse.Page {
	d.seq++
	text := "Id,IsDeleted,SystemModstamp,Name\n" + strings.Join(records, "\n") + "\n"
	return warehouse.Page{Key: fmt.Sprintf("page-%d", d.seq), Seq: d.seq, Rows: int64(len(records)),
		Header: []string{"Id", "IsDeleted", "SystemModstamp", "Name"},
		Open:   func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

// stage loads records as an attempt's only page, and gives its merge.
func (d *desk) stage(t *testing.T, attempt string, readAt int, records ...string) warehouse.Merge {
	t.Helper()
	_, err := d.w.Load(t.Context(), d.fence, warehouse.Batch{Table: d.table, Attempt: attempt, Job: attempt + "-job",
		ReadAt: at(readAt), Pages: []warehouse.Page{d.page(records...)}})
	must(t, err)
	return warehouse.Merge{Table: d.table, Attempt: attempt, Policy: d.policy, Pages: 1, Rows: int64(len(records)),
		Watermark: at(readAt), Grade: "proven", Generation: 1}
}

// window merges records.
func (d *desk) window(t *testing.T, attempt string, readAt int, records ...string) warehouse.Counts {
	t.Helper()
	c, err := d.w.Consolidate(t.Context(), d.fence, d.stage(t, attempt, readAt, records...))
	must(t, err)
	return c
}

// says is what columns of each row of the table say; "~" is NULL, and a mark is a star behind them.
func (d *desk) says(t *testing.T, columns ...string) string {
	t.Helper()
	var all []string
	for _, r := range d.Look(t, warehousetest.Final, "account") {
		texts := make([]string, len(columns))
		for i, c := range columns {
			texts[i] = "~"
			if r[c] != nil {
				texts[i] = *r[c]
			}
		}
		one := strings.Join(texts, "|")
		if r["_catchment_event_at"] != nil {
			one += "*"
		}
		all = append(all, one)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// unproven is the Ids that have to be read.
func (d *desk) unproven(t *testing.T, touched bool) string {
	t.Helper()
	ids, err := d.stream.Unproven(t.Context(), d.table, touched, "", 100)
	must(t, err)
	return strings.Join(ids, " ")
}
