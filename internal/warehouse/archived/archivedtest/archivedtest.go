// Package archivedtest is the contract of a ledger of archives in tests, and of a warehouse that
// has one: what its merges leave alone.
//
// Run is the whole suite. A warehouse's test is one line beside that of warehousetest, whose
// Subject it takes.
package archivedtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/schema"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/warehousetest"
)

// Run holds the warehouse that open makes to the contract. Each call of open is an empty warehouse of
// its own.
func Run(t *testing.T, open func(t testing.TB) warehousetest.Subject) {
	each(t, []test{
		{"lines are written, and written again", written},
		{"lines are listed, a few at a time", listed},
		{"what was deleted is marked with its line", settled},
		{"a record without a row settles nothing", rowless},
		{"an old fence writes nothing", fenced},
		{"a fault leaves nothing", faulty},
		{"who lives again is counted", counted},
		{"rows are texts that every warehouse has", texts},
		{"many records at once", many},
		{"an erased record is a digest in its lines", erased},
	}, func(t testing.TB) (warehousetest.Subject, warehousetest.Consolidator) { return open(t), nil })
	RunBy(t, func(t testing.TB) (warehousetest.Subject, warehousetest.Consolidator) { return open(t), nil })
}

// RunBy checks what merges leave alone, of a way to do them that open makes with the subject; nil is the usual one.
func RunBy(t *testing.T, open func(t testing.TB) (warehousetest.Subject, warehousetest.Consolidator)) {
	each(t, merges(), open)
}

// A test is one promise of the contract.
type test struct {
	name string
	run  func(*testing.T, *desk)
}

func each(
	t *testing.T, tests []test, open func(t testing.TB) (warehousetest.Subject, warehousetest.Consolidator),
) {
	for _, one := range tests {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			subject, by := open(t)
			one.run(t, newDesk(t, subject, by))
		})
	}
}

// day is when the tests' time begins.
var day = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// at is a moment of the tests, in minutes.
func at(minutes int) time.Time { return day.Add(time.Duration(minutes) * time.Minute) }

// A desk is a warehouse with the table of a flow.
type desk struct {
	warehousetest.Subject
	w      warehouse.Warehouse
	ledger archived.Ledger
	table  shape.Table
	fence  warehouse.Fence
	by     warehousetest.Consolidator
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

func newDesk(t *testing.T, s warehousetest.Subject, by warehousetest.Consolidator) *desk {
	d := &desk{Subject: s, table: account(), fence: warehouse.Fence{Flow: "Account", Number: 1}, by: by,
		clock: at(10_000)}
	d.w = d.under(warehousetest.Fault{})
	must(t, d.w.Migrate(t.Context()))
	_, err := d.w.Claim(t.Context(), d.fence, d.table.Name, "00D000000000001AAA")
	must(t, err)
	_, err = d.w.Prepare(t.Context(), d.fence, d.table)
	must(t, err)
	must(t, d.w.Describe(t.Context(), d.fence, schema.Object{Name: "Account", Fields: []schema.Field{
		{Name: "Id", Type: schema.ID}, {Name: "IsDeleted", Type: schema.Boolean}}}, d.table))
	d.ledger = ledgerOf(t, d.w)
	return d
}

// under is the desk's warehouse where something goes wrong.
func (d *desk) under(f warehousetest.Fault) warehouse.Warehouse {
	return d.Open(warehouse.Options{Schema: string(warehousetest.Final), Staging: string(warehousetest.Staging),
		Now:   func() time.Time { d.clock = d.clock.Add(time.Second); return d.clock },
		Pause: func(context.Context, time.Duration) error { return nil }}, f)
}

func ledgerOf(t *testing.T, w warehouse.Warehouse) archived.Ledger {
	l, ok := archived.Of(w)
	if !ok {
		t.Fatal("the warehouse has no ledger")
	}
	return l
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// row makes one of texts, of which "" is null.
func row(pairs ...string) warehousetest.Row {
	r := warehousetest.Row{}
	for pair := range slices.Chunk(pairs, 2) {
		name, value := pair[0], pair[1]
		r[name] = nil
		if value != "" {
			r[name] = &value
		}
	}
	return r
}

// line is one of the plan "p".
func line(id string, state archived.State) archived.Line {
	l := archived.Line{Plan: "p", Object: "Account", ID: id, State: state, Stamp: at(1), Digest: "d" + id,
		ProvenAt: at(100)}
	if state.Ended() {
		l.EndedAt = at(200)
	}
	return l
}

// says is what a column of each row of a table says, by Id.
func (d *desk) says(t *testing.T, side warehousetest.Side, table string, columns ...string) string {
	t.Helper()
	var all []string
	for _, r := range d.Look(t, side, table) {
		texts := make([]string, len(columns))
		for i, c := range columns {
			texts[i] = "~"
			if r[c] != nil {
				texts[i] = *r[c]
			}
		}
		all = append(all, strings.Join(texts, "|"))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func same[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// sameLines holds lines to others.
func sameLines(t *testing.T, got []archived.Line, want ...archived.Line) {
	t.Helper()
	texts := func(ls []archived.Line) string {
		var all []string
		for _, l := range ls {
			all = append(all, fmt.Sprintf("%+v", l))
		}
		return strings.Join(all, "\n")
	}
	same(t, "lines", texts(got), texts(want))
}
