package oversql

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/warehousetest"
)

// A meddling driver has somebody narrow a column before transactions that load
// into it, so many times.
type meddling struct {
	passing
	left *int
	sql  string
}

func (d meddling) Tx(ctx context.Context, f func(sql.Tx) error) error {
	return d.passing.Tx(ctx, func(tx sql.Tx) error { return f(meddledTx{tx, d}) })
}

type meddledTx struct {
	sql.Tx
	driver meddling
}

// Query comes first in a transaction that loads: it asks the ledger.
func (t meddledTx) Query(ctx context.Context, each func(sql.Scan) error, sql string, args ...any) error {
	if *t.driver.left--; *t.driver.left >= 0 {
		if _, err := t.Tx.Exec(ctx, t.driver.sql); err != nil {
			return err
		}
	}
	return t.Tx.Query(ctx, each, sql, args...)
}

// amounts is the desk's table with a decimal, and a page of one record whose amount
// has nine digits behind the point.
func (d *desk) amounts(t *testing.T) (warehouse.Batch, warehouse.Merge) {
	t.Helper()
	d.table.Columns = append(d.table.Columns,
		shape.Column{Name: "amount__c", Field: "Amount__c", Kind: shape.Decimal, Scale: 2})
	d.prepared(t)
	path := filepath.Join(t.TempDir(), "page.csv")
	must(t, os.WriteFile(path, []byte("Id,Amount__c\n1,1.000000007\n"), 0o600))
	page := warehouse.Page{Key: "page.csv", Seq: 1, Header: []string{"Id", "Amount__c"}, Rows: 1, Digest: "page",
		Path: path, Digits: []room.Digits{{Field: "Amount__c", Whole: 1, Fraction: 9}}}
	b := warehouse.Batch{Table: d.table, Attempt: "a1", Job: "j1", ReadAt: time.Unix(0, 0),
		Pages: []warehouse.Page{page}}
	return b, warehouse.Merge{Table: d.table, Attempt: "a1", Policy: gone.Flag, Pages: 1, Rows: 1}
}

// narrowed: somebody changes a column between the look and the load.
func narrowed(t *testing.T, d *desk) {
	dialect := d.driver.Dialect()
	if dialect.Digits == 0 || !dialect.Retypes || !dialect.TransactionalDDL {
		return // there is no way to do that in the transaction, or no need to look
	}
	b, m := d.amounts(t)
	always := 1000
	meddler := meddling{passing{d.driver}, &always, "ALTER TABLE " + d.name(warehousetest.Staging, "account") +
		" ALTER COLUMN amount__c TYPE " + dialect.Type(shape.Decimal, 2)}
	if _, err := d.over(meddler).Load(t.Context(), d.fence, b); plan.ClassOf(err) != plan.Retry {
		t.Errorf("a table that somebody goes on changing: %v", err)
	}
	if pages, _, err := d.w.Staged(t.Context(), "a1", ""); err != nil || pages != 0 {
		t.Errorf("%d pages in the ledger, %v", pages, err)
	}
	_, err := d.w.Load(t.Context(), d.fence, b)
	must(t, err)
	_, err = d.w.Consolidate(t.Context(), d.fence, m)
	must(t, err)
	rows := d.Look(t, warehousetest.Final, "account")
	if len(rows) != 1 || strings.TrimRight(*rows[0]["amount__c"], "0") != "1.000000007" {
		t.Errorf("the value has become %v", *rows[0]["amount__c"])
	}
}

// forgottenPages: what a crash has left of an attempt goes with it.
func forgottenPages(t *testing.T, d *desk) {
	if !d.driver.Dialect().LoadsApart {
		return // nothing is on its way outside of a transaction
	}
	brought := func(when string, want int) {
		t.Helper()
		n := 0
		for _, table := range d.Tables(t, warehousetest.Staging) {
			if strings.HasPrefix(table, broughtPrefix) {
				n++
			}
		}
		if n != want {
			t.Errorf("%s: %d pages were brought, want %d", when, n, want)
		}
	}
	b, m := d.amounts(t)
	_, err := d.w.Load(t.Context(), d.fence, b) // the table is wide enough now
	must(t, err)
	must(t, d.w.Discard(t.Context(), d.fence, "a1"))
	atTheTransaction := warehousetest.Fault{Kind: warehousetest.Dies, At: 2}
	if _, err := d.under(atTheTransaction).Load(t.Context(), d.fence, b); !errors.Is(err, warehousetest.ErrDied) {
		t.Fatalf("it lives: %v", err)
	}
	brought("after a death", 1)
	must(t, d.w.Discard(t.Context(), d.fence, "another"))
	brought("after another attempt was discarded", 1)
	must(t, d.w.Discard(t.Context(), d.fence, "a1"))
	brought("after it was discarded", 0)
	_, err = d.w.Load(t.Context(), d.fence, b)
	must(t, err)
	_, err = d.w.Consolidate(t.Context(), d.fence, m)
	must(t, err)
	brought("at last", 0)
}
