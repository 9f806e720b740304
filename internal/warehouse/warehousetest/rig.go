package warehousetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
)

// org is the org Id of all tests.
const org = "00D000000000001AAA"

// day0 is when the tests' time begins.
var day0 = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// at is a moment of the tests, in minutes.
func at(minutes int) time.Time { return day0.Add(time.Duration(minutes) * time.Minute) }

// A rig is one warehouse with one flow that was claimed and prepared.
type rig struct {
	t       testing.TB
	subject Subject
	by      Consolidator
	w       warehouse.Warehouse
	table   shape.Table
	fence   warehouse.Fence
	clock   time.Time
	seq     int64
}

// account is a table with a column of each kind.
func account() shape.Table {
	return shape.Table{
		Object: "Account", Name: "account", Key: []string{"id"},
		Columns: []shape.Column{
			{Name: "id", Field: "Id", Kind: shape.Text},
			{Name: "isdeleted", Field: "IsDeleted", Kind: shape.Bool},
			{Name: "masterrecordid", Field: "MasterRecordId", Kind: shape.Text},
			{Name: "systemmodstamp", Field: "SystemModstamp", Kind: shape.Timestamp},
			{Name: "name", Field: "Name", Kind: shape.Text},
			{Name: "amount__c", Field: "Amount__c", Kind: shape.Decimal, Scale: 2},
			{Name: "employees", Field: "Employees", Kind: shape.Int},
			{Name: "big__c", Field: "Big__c", Kind: shape.Long},
			{Name: "born__c", Field: "Born__c", Kind: shape.Date},
			{Name: "opens__c", Field: "Opens__c", Kind: shape.Time},
		},
	}
}

// newRig opens a warehouse and makes the table.
func newRig(t testing.TB, s Subject, by Consolidator) *rig {
	t.Helper()
	r := newClaimedRig(t, s, by)
	_, err := r.w.Prepare(t.Context(), r.fence, r.table)
	must(t, err)
	return r
}

// newClaimedRig opens a warehouse without the table.
func newClaimedRig(t testing.TB, s Subject, by Consolidator) *rig {
	t.Helper()
	r := &rig{t: t, subject: s, by: by, table: account(), fence: warehouse.Fence{Flow: "Account", Number: 1},
		clock: at(10_000)}
	r.w = r.under(Fault{})
	must(t, r.w.Migrate(t.Context()))
	_, err := r.w.Claim(t.Context(), r.fence, "account", org)
	must(t, err)
	return r
}

// under is the rig's warehouse where something goes wrong.
func (r *rig) under(f Fault) warehouse.Warehouse {
	return r.subject.Open(warehouse.Options{Schema: string(Final), Staging: string(Staging),
		Now:   func() time.Time { r.clock = r.clock.Add(time.Second); return r.clock },
		Pause: func(_ context.Context, d time.Duration) error { time.Sleep(d / 10); return nil }}, f)
}

// roles are what the rig's warehouse has beside the contract.
func (r *rig) roles() warehouse.Roles { return warehouse.RolesOf(r.w) }

// page writes records below a header into a page of the next place.
func (r *rig) page(header string, records ...string) warehouse.Page {
	r.t.Helper()
	r.seq++
	name := fmt.Sprintf("page-%d.csv", r.seq)
	path := filepath.Join(r.t.TempDir(), name)
	text := header + "\n"
	for _, rec := range records {
		text += rec + "\n"
	}
	must(r.t, os.WriteFile(path, []byte(text), 0o600))
	p := warehouse.Page{Key: name, Seq: r.seq, Header: strings.Split(header, ","), Rows: int64(len(records)),
		Digest: name, Path: path, Digits: []room.Digits{{Field: "Amount__c", Whole: 6, Fraction: 2}}}
	return p
}

// A reading is one attempt: what is loaded and how it is merged.
type reading struct {
	name   string
	readAt time.Time
	op     warehouse.Op
	pages  []warehouse.Page
	merge  warehouse.Merge

	reason   gone.Reason
	override bool
	more     []reading // further parts of the attempt, each with a job of its own
}

// batch is a reading's pages as one batch of one job.
func (r *rig) batch(in reading) warehouse.Batch {
	return warehouse.Batch{Table: r.table, Attempt: in.name, Job: in.name + "-job", Op: in.op, ReadAt: in.readAt,
		Pages:  in.pages,
		Reason: in.reason, Override: in.override}
}

// mergeOf completes a reading's merge with what its pages hold.
func (r *rig) mergeOf(in reading) warehouse.Merge {
	m := in.merge
	m.Table, m.Attempt = r.table, in.name
	if m.Policy == "" {
		m.Policy = gone.Flag
	}
	for _, part := range append([]reading{in}, in.more...) {
		for _, p := range part.pages {
			m.Pages++
			m.Rows += p.Rows
		}
	}
	return m
}

// read loads and consolidates.
func (r *rig) read(in reading) warehouse.Counts {
	r.t.Helper()
	c, err := r.try(in)
	must(r.t, err)
	return c
}

func (r *rig) try(in reading) (warehouse.Counts, error) {
	if err := r.load(in); err != nil {
		return warehouse.Counts{}, err
	}
	return r.by(r.t.Context(), r.w, r.fence, r.mergeOf(in))
}

// load loads all parts of a reading. It may be repeated.
func (r *rig) load(in reading) error {
	for i, part := range append([]reading{in}, in.more...) {
		if len(part.pages) == 0 {
			continue
		}
		b := r.batch(part)
		b.Attempt, b.Job = in.name, fmt.Sprintf("%s-job%d", in.name, i)
		if _, err := r.w.Load(r.t.Context(), r.fence, b); err != nil {
			return err
		}
	}
	return nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

func sameRows(t testing.TB, got []string, want ...string) {
	t.Helper()
	same(t, "rows", strings.Join(got, "\n"), strings.Join(want, "\n"))
}
