package warehousetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"catchment/internal/schema"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
)

// Deaths lets a process die at every so-many'th touch of the warehouse while it
// makes tables, changes their columns in each way there is, loads, merges and
// compares. Another process goes on, in the same run or in the next one, and ends
// where one would that never died.
func Deaths(t *testing.T, open func(t testing.TB) Subject, every int) {
	for first := range 8 { // side by side
		t.Run(fmt.Sprint(first), func(t *testing.T) {
			t.Parallel()
			for n := first; ; n += 8 {
				if !dies(t, open, n*every, n%2 == 0) {
					return
				}
			}
		})
	}
}

// dies lets a process die after so many touches, and tells whether it came to
// that.
func dies(t *testing.T, open func(t testing.TB) Subject, touches int, nextRun bool) bool {
	t.Helper()
	r := &rig{t: t, subject: open(t), by: byConsolidate, fence: warehouse.Fence{Flow: "Account", Number: 1},
		clock: at(10_000)}
	steps, version := r.life()
	at, err := walk(r.under(Fault{Dies, touches}), steps, 0)
	if err != nil && !errors.Is(err, ErrDied) {
		t.Fatalf("%d touches, step %d: %v", touches, at, err)
	}
	w := r.under(Fault{})
	if nextRun {
		for _, again := range []int{0, 1, version(at)} {
			must(t, steps[again](w))
		}
	}
	if at, err := walk(w, steps, at); err != nil {
		t.Fatalf("after %d touches, step %d: %v", touches, at, err)
	}
	r.endedWell()
	if t.Failed() {
		t.Fatalf("after a death at touch %d, in step %d", touches, at)
	}
	return err != nil
}

// walk does steps from one on, and tells how far it came.
func walk(w warehouse.Warehouse, steps []func(warehouse.Warehouse) error, from int) (int, error) {
	for i, step := range steps[from:] {
		if err := step(w); err != nil {
			return from + i, err
		}
	}
	return len(steps), nil
}

// life is what a flow does with its tables, in steps that may be repeated, and
// the step that prepares the tables for another.
func (r *rig) life() (steps []func(warehouse.Warehouse) error, version func(step int) int) {
	ctx := r.t.Context()
	first := account()
	second := first
	second.Columns = append(slices.Clone(first.Columns), shape.Column{Name: "fax", Field: "Fax", Kind: shape.Text})
	second.Columns[6].Kind = shape.Decimal // a number that has become a wider one
	second.Columns[7].Kind = shape.Text    // and one that has become a text
	second, err := second.Renamed(map[string]string{"Name": "title"})
	must(r.t, err)
	a1 := reading{name: "a1", readAt: at(100),
		pages: []warehouse.Page{r.page("Id,Name,Amount__c,Employees,Big__c,SystemModstamp",
			"1,one,1.25,7,70,2026-03-01T00:10:00.000Z", "2,two,2.50,8,80,2026-03-01T00:10:00.000Z")}}
	a2 := reading{name: "a2", readAt: at(200), pages: []warehouse.Page{r.page(
		"Id,Name,Amount__c,Employees,Big__c,Fax,SystemModstamp", "2,due,0.123456,0.5,big,55,2026-03-01T03:00:00.000Z",
		"3,tre,3,9,,,2026-03-01T03:00:00.000Z")}}
	looked := r.page("Id,Amount__c", "1,1.25", "2,0.1234567", "3,3")
	for _, p := range []*warehouse.Page{&a2.pages[0], &looked} {
		p.Digits = []room.Digits{{Field: "Amount__c", Whole: 6, Fraction: 7},
			{Field: "Employees", Whole: 6, Fraction: 2}}
	}
	prepare := func(t shape.Table) func(warehouse.Warehouse) error {
		return func(w warehouse.Warehouse) error {
			t, _, err := w.Adapt(ctx, t)
			if err != nil {
				return err
			}
			r.table = t
			if _, err := w.Prepare(ctx, r.fence, t); err != nil {
				return err
			}
			return w.Describe(ctx, r.fence, schema.Object{Name: "Account",
				Fields: []schema.Field{{Name: "Name", Type: schema.String}}}, t)
		}
	}
	load := func(in reading) func(warehouse.Warehouse) error {
		return func(w warehouse.Warehouse) error {
			_, err := w.Load(ctx, r.fence, r.batch(in))
			return err
		}
	}
	merge := func(in reading) func(warehouse.Warehouse) error {
		return func(w warehouse.Warehouse) error {
			_, err := w.Consolidate(ctx, r.fence, r.mergeOf(in))
			return err
		}
	}
	return []func(warehouse.Warehouse) error{
			func(w warehouse.Warehouse) error { return w.Migrate(ctx) },
			func(w warehouse.Warehouse) error { _, err := w.Claim(ctx, r.fence, "account", org); return err },
			prepare(first), load(a1), merge(a1),
			prepare(second), r.landing, load(a2), merge(a2),
			func(w warehouse.Warehouse) error { return r.looks(w, looked) },
		}, func(step int) int {
			if step < 5 {
				return 2
			}
			return 5
		}
}

func (r *rig) landing(w warehouse.Warehouse) error {
	if warehouse.RolesOf(w).Lands == nil {
		return nil
	}
	return warehouse.RolesOf(w).Lands.PrepareLanding(r.t.Context(), r.fence, r.table)
}

// looks compares the table with a page that has one other value.
func (r *rig) looks(w warehouse.Warehouse, p warehouse.Page) error {
	ctx := r.t.Context()
	reading, err := w.Reading(ctx, r.fence, evidence.Comparison{Table: r.only("id", "amount__c"),
		Policy: gone.Flag, Snapshot: &evidence.Snapshot{}})
	if err != nil {
		return err
	}
	if err := reading.Add(ctx, []warehouse.Page{p}); err != nil {
		return err
	}
	if err := reading.Judge(ctx, p.Rows); err != nil {
		return err
	}
	d, err := reading.Difference(ctx, 3)
	if err != nil {
		return err
	}
	same(r.t, "what differs", fmt.Sprint(d.Source, d.Warehouse, d.Unjudged), "3 3 1")
	return reading.Close(ctx)
}

// endedWell holds the warehouse against one whose process never died.
func (r *rig) endedWell() {
	r.t.Helper()
	sameRows(r.t, r.rows("id", "title", "fax"), "1|one|~", "2|due|55", "3|tre|~")
	sameRows(r.t, r.rows("id", "big__c"), "1|70", "2|big", "3|~")
	for i, row := range r.rows("amount__c", "employees") {
		amount, employees, _ := strings.Cut(row, "|")
		same(r.t, "amount", plain(amount), []string{"1.25", "0.123456", "3"}[i])
		same(r.t, "employees", plain(employees), []string{"7", "0.5", "9"}[i])
	}
	for _, side := range []Side{Final, Staging} {
		for _, column := range r.subject.Columns(r.t, side, "account") {
			same(r.t, "left is the column "+column, strings.HasPrefix(column, "_catchment_w") ||
				column == "name", false)
		}
		for _, table := range r.subject.Tables(r.t, side) {
			for _, prefix := range []string{"_catchment_brought_", "_catchment_reading_", "_catchment_suspect_"} {
				same(r.t, "left is the table "+table, strings.HasPrefix(table, prefix), false)
			}
		}
	}
	same(r.t, "staged rows", len(r.staged("id")), 0)
	seen := map[string]bool{}
	for _, row := range r.subject.Look(r.t, Staging, "_catchment_version") {
		same(r.t, "version "+*row["version"]+" is twice there", seen[*row["version"]], false)
		seen[*row["version"]] = true
	}
	if r.subject.Traits().Enforces {
		one := "1"
		again := Row{"id": &one}
		same(r.t, "a second row of a key is refused", refused(r.t, func(t testing.TB) {
			r.subject.Insert(t, Final, "account", again)
		}), true)
	}
}
