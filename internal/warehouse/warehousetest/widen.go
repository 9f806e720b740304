package warehousetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// wideReading is a page whose decimals have so many digits behind the point.
func (r *rig) wideReading(id string, fraction int) reading {
	p := r.page("Id,Amount__c", fmt.Sprintf("%s,1.%0*d", id, fraction, 7))
	p.Digits = []warehouse.Digits{{Field: "Amount__c", Whole: 1, Fraction: fraction}}
	return reading{name: "a1", readAt: at(100), pages: []warehouse.Page{p}}
}

// twoWideners: each of several loaders needs a wider column than the others. The
// one that finds it otherwise than it saw it looks again; none rounds.
func twoWideners(r *rig) {
	all := reading{name: "a1", readAt: at(100)}
	var wait sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		in := r.wideReading(fmt.Sprint(i), 3+5*i)
		all.pages = append(all.pages, in.pages...)
		wait.Go(func() { _, errs[i] = r.w.Load(r.t.Context(), r.fence, r.batch(in)) })
	}
	wait.Wait()
	must(r.t, errors.Join(errs...))
	same(r.t, "counts", r.read(all), warehouse.Counts{Staged: 4, Inserted: 4, Rows: 4})
	for i := range errs {
		want := fmt.Sprintf("1.%0*d", 3+5*i, 7)
		sameRows(r.t, r.query(fmt.Sprintf(
			`SELECT id FROM "salesforce"."account" WHERE id = '%d' AND amount__c = %s`, i, want)), fmt.Sprint(i))
	}
}

// A meddling driver has somebody narrow a column before transactions that load
// into it, so many times.
type meddling struct {
	passing
	left *int
	sql  string
}

func (d meddling) Tx(ctx context.Context, f func(warehouse.Tx) error) error {
	return d.passing.Tx(ctx, func(tx warehouse.Tx) error { return f(meddledTx{tx, d}) })
}

type meddledTx struct {
	warehouse.Tx
	driver meddling
}

// Query comes first in a transaction that loads: it asks the ledger.
func (t meddledTx) Query(ctx context.Context, each func(warehouse.Scan) error, sql string, args ...any) error {
	if *t.driver.left--; *t.driver.left >= 0 {
		if _, err := t.Tx.Exec(ctx, t.driver.sql); err != nil {
			return err
		}
	}
	return t.Tx.Query(ctx, each, sql, args...)
}

// narrowed: somebody changes a column between the look and the load.
func narrowed(r *rig) {
	d := r.driver.Dialect()
	if d.Digits == 0 || !d.Retypes || !d.TransactionalDDL {
		return // there is no way to do that in the transaction, or no need to look
	}
	narrow := `ALTER TABLE "salesforce_incremental"."account" ALTER COLUMN amount__c TYPE ` +
		d.Type(warehouse.Decimal, 2)
	ctx, in := r.t.Context(), r.wideReading("1", 9)
	always := 1000
	_, err := r.over(meddling{passing{r.driver}, &always, narrow}).Load(ctx, r.fence, r.batch(in))
	same(r.t, "class", plan.ClassOf(err), plan.Retry)
	pages, _, err := r.w.Staged(ctx, "a1", "")
	must(r.t, err)
	same(r.t, "pages in the ledger", pages, 0)
	_, err = r.w.Load(ctx, r.fence, r.batch(in))
	must(r.t, err)
	r.read(in)
	sameRows(r.t, r.query(`SELECT id FROM "salesforce"."account" WHERE amount__c = 1.000000007`), "1")
}

// forgottenPages: what a crash has left of an attempt goes with it.
func forgottenPages(r *rig) {
	if !r.driver.Dialect().LoadsApart {
		return
	}
	ctx := r.t.Context()
	brought := func() string {
		return r.query(`SELECT count(*) FROM information_schema.tables WHERE table_name LIKE '` + broughtPrefix +
			`%'`)[0]
	}
	in := r.puts("a1", 100, rec("1", 10, false, "one"))
	_, err := r.over(Mortal(r.driver, 2)).Load(ctx, r.fence, r.batch(in)) // at the begin of the load's transaction
	same(r.t, "died", errors.Is(err, errDead), true)
	same(r.t, "brought", brought(), "1")
	must(r.t, r.w.Discard(ctx, r.fence, "another"))
	same(r.t, "brought, after another attempt was discarded", brought(), "1")
	must(r.t, r.w.Discard(ctx, r.fence, "a1"))
	same(r.t, "brought, after it was discarded", brought(), "0")
	same(r.t, "counts", r.read(in), warehouse.Counts{Staged: 1, Inserted: 1, Rows: 1})
	same(r.t, "brought, at last", brought(), "0")
}
