package warehousetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"catchment/internal/schema"
	"catchment/internal/warehouse"
)

// errDead is what a process that has died would see, if it could.
var errDead = errors.New("the process has died")

// A mortal driver is that of a process that dies after so many touches of the
// warehouse: before or after a statement of DDL, at a statement of a transaction,
// before or after its end, or between loading a page and forgetting it.
type mortal struct {
	passing
	left *int
}

// Mortal is the driver of a process that dies after so many touches.
func Mortal(d warehouse.Driver, touches int) warehouse.Driver { return mortal{passing{d}, &touches} }

// lives counts a touch, and tells whether it is still done.
func (d mortal) lives() error {
	if *d.left--; *d.left < 0 {
		return errDead
	}
	return nil
}

// around does something between two touches.
func (d mortal) around(do func() error) error {
	if err := d.lives(); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return d.lives() // done, and nobody heard of it
}

func (d mortal) within(f func(warehouse.Tx) error) func(warehouse.Tx) error {
	return func(tx warehouse.Tx) error {
		if err := f(mortalTx{tx, d}); err != nil {
			return err
		}
		return d.lives()
	}
}

func (d mortal) View(ctx context.Context, f func(warehouse.Tx) error) error {
	if *d.left < 0 {
		return errDead
	}
	return d.passing.View(ctx, f)
}

func (d mortal) Tx(ctx context.Context, f func(warehouse.Tx) error) error {
	return d.around(func() error { return d.passing.Tx(ctx, d.within(f)) })
}

func (d mortal) Prepared(ctx context.Context, ddl []string, f func(warehouse.Tx) error) error {
	if f != nil {
		return d.around(func() error { return d.passing.Prepared(ctx, ddl, d.within(f)) })
	}
	for _, sql := range ddl {
		if err := d.around(func() error { return d.passing.Prepared(ctx, []string{sql}, nil) }); err != nil {
			return err
		}
	}
	return nil
}

func (d mortal) Bring(ctx context.Context, c warehouse.Copy) error {
	return d.around(func() error { return d.passing.Bring(ctx, c) })
}

func (d mortal) Forget(ctx context.Context, c warehouse.Copy) error {
	return d.around(func() error { return d.passing.Forget(ctx, c) })
}

type mortalTx struct {
	warehouse.Tx
	driver mortal
}

func (t mortalTx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if err := t.driver.lives(); err != nil {
		return 0, err
	}
	return t.Tx.Exec(ctx, sql, args...)
}

func (t mortalTx) Load(ctx context.Context, c warehouse.Copy) ([]int64, error) {
	if err := t.driver.lives(); err != nil {
		return nil, err
	}
	return t.Tx.Load(ctx, c)
}

// Deaths lets a process die at every so-many'th touch of the warehouse while it
// makes tables, changes their columns in each way there is, loads, merges and
// compares. Another process goes on, in the same run or in the next one, and ends
// where one would that never died.
func Deaths(t *testing.T, open func(t testing.TB) warehouse.Driver, every int) {
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
func dies(t *testing.T, open func(t testing.TB) warehouse.Driver, touches int, nextRun bool) bool {
	t.Helper()
	r := &rig{t: t, driver: open(t), by: byConsolidate, fence: warehouse.Fence{Flow: "Account", Number: 1},
		clock: at(10_000)}
	steps, version := r.life()
	at, err := walk(r.over(Mortal(r.driver, touches)), steps, 0)
	if err != nil && !errors.Is(err, errDead) {
		t.Fatalf("%d touches, step %d: %v", touches, at, err)
	}
	w := r.over(r.driver)
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
	second.Columns = append(slices.Clone(first.Columns),
		warehouse.Column{Name: "fax", Field: "Fax", Kind: warehouse.Text})
	second.Columns[6].Kind = warehouse.Decimal // a number that has become a wider one
	second, err := second.Renamed(map[string]string{"Name": "title"})
	must(r.t, err)
	a1 := reading{name: "a1", readAt: at(100), pages: []warehouse.Page{r.page(
		"Id,Name,Amount__c,Employees,SystemModstamp", "1,one,1.25,7,2026-03-01T00:10:00.000Z",
		"2,two,2.50,8,2026-03-01T00:10:00.000Z")}}
	a2 := reading{name: "a2", readAt: at(200), pages: []warehouse.Page{r.page(
		"Id,Name,Amount__c,Employees,Fax,SystemModstamp", "2,due,0.123456,0.5,55,2026-03-01T03:00:00.000Z",
		"3,tre,3,9,,2026-03-01T03:00:00.000Z")}}
	looked := r.page("Id,Amount__c", "1,1.25", "2,0.1234567", "3,3")
	for _, p := range []*warehouse.Page{&a2.pages[0], &looked} {
		p.Digits = []warehouse.Digits{{Field: "Amount__c", Whole: 6, Fraction: 7},
			{Field: "Employees", Whole: 6, Fraction: 2}}
	}
	prepare := func(t warehouse.Table) func(warehouse.Warehouse) error {
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
	return warehouse.RolesOf(w).Lands.PrepareLanding(r.t.Context(), r.fence, r.table)
}

// looks compares the table with a page that has one other value.
func (r *rig) looks(w warehouse.Warehouse, p warehouse.Page) error {
	ctx := r.t.Context()
	reading, err := w.Reading(ctx, r.fence, warehouse.Comparison{Table: r.only("id", "amount__c"),
		Policy: warehouse.Flag, Snapshot: &warehouse.Snapshot{}})
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
	sameRows(r.t, r.query(
		`SELECT id, title, round(amount__c * 1000000), round(employees * 10), fax FROM "salesforce"."account" ORDER BY id`),
		"1|one|1250000|70|~", "2|due|123456|5|55", "3|tre|3000000|90|~")
	none := func(what, sql string) {
		r.t.Helper()
		sameRows(r.t, r.query(sql))
		if r.t.Failed() {
			r.t.Errorf("%s is left", what)
		}
	}
	none("a column",
		`SELECT column_name FROM information_schema.columns WHERE table_schema LIKE 'salesforce%' AND (column_name LIKE '_catchment_w%' OR column_name = 'name' AND table_name = 'account')`)
	none("a table",
		`SELECT table_name FROM information_schema.tables WHERE table_name LIKE '_catchment_brought_%' OR table_name LIKE '_catchment_reading_%' OR table_name LIKE '_catchment_suspect_%'`)
	none("a staged row", `SELECT id FROM "salesforce_incremental"."account"`)
	none("a version twice",
		`SELECT version FROM "salesforce_incremental"."_catchment_version" GROUP BY version HAVING count(*) > 1`)
	if r.driver.Dialect().Enforces {
		sameRows(r.t, r.query(
			`SELECT count(*) FROM information_schema.table_constraints WHERE table_schema = 'salesforce' AND table_name = 'account' AND constraint_type = 'PRIMARY KEY'`), "1")
	}
}
