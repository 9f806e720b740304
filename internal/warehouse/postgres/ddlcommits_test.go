package postgres_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/warehousetest"
	"catchment/internal/warehouse/warehousetest/oversql"
)

// reads tells whether a role may read the table of a schema.
func reads(t *testing.T, d sql.Driver, role, schema string) (may bool) {
	t.Helper()
	must(t, d.View(t.Context(), func(tx sql.Tx) error {
		return tx.Query(t.Context(), func(scan sql.Scan) error { return scan(&may) },
			"SELECT has_schema_privilege($1, $2, 'USAGE') AND has_table_privilege($1, $2 || '.account', 'SELECT')",
			role, schema)
	}))
	return may
}

func exec(t testing.TB, d sql.Driver, query string) {
	t.Helper()
	must(t, d.Tx(t.Context(), func(tx sql.Tx) error {
		_, err := tx.Exec(t.Context(), query)
		return err
	}))
}

// A new table is granted once. Where DDL commits, a crash may come between the
// table and its grants: they are given again until rows were merged into it.
func TestGrantsOutliveACrash(t *testing.T) {
	t.Parallel()
	const role = "reader_after_a_crash"
	d := open(t)
	exec(t, d, "CREATE ROLE "+role)
	defer exec(t, d, "DROP OWNED BY "+role+"; DROP ROLE "+role)
	f := warehouse.Fence{Flow: "Account", Number: 1}
	under := func(d sql.Driver, schema string, fault warehousetest.Fault) warehouse.Warehouse {
		return oversql.New(d).Open(warehouse.Options{Schema: schema, Staging: schema + "_incremental",
			Now: time.Now, GrantTo: []string{role}}, fault)
	}
	over := func(d sql.Driver, schema string) warehouse.Warehouse {
		return under(d, schema, warehousetest.Fault{})
	}
	ready := func(w warehouse.Warehouse) {
		t.Helper()
		must(t, w.Migrate(t.Context()))
		_, err := w.Claim(t.Context(), f, "account", "00D000000000001AAA")
		must(t, err)
	}
	prepare := func(w warehouse.Warehouse) error {
		_, err := w.Prepare(t.Context(), f, account)
		return err
	}

	ready(over(d, "plain"))
	must(t, prepare(over(d, "plain")))
	if !reads(t, d, role, "plain") {
		t.Error("the role may not read a new table")
	}
	exec(t, d, "REVOKE SELECT ON plain.account FROM "+role)
	must(t, prepare(over(d, "plain")))
	if reads(t, d, role, "plain") {
		t.Error("a right that somebody took away is given again")
	}

	commits := oversql.DDLCommits(d)
	var schema string
	for n, died := 0, true; died; n++ {
		schema = fmt.Sprintf("crash%d", n)
		w := over(commits, schema)
		ready(w)
		err := prepare(under(commits, schema, warehousetest.Fault{Kind: warehousetest.Dies, At: n}))
		if died = err != nil; died {
			must(t, prepare(w))
		}
		if !reads(t, d, role, schema) {
			t.Errorf("after a death at touch %d (%v) the role may not read the table", n, err)
		}
	}
	_, err := over(commits, schema).Consolidate(t.Context(), f, warehouse.Merge{Table: account, Attempt: "a",
		Policy: gone.Flag})
	must(t, err)
	exec(t, d, "REVOKE SELECT ON "+schema+".account FROM "+role)
	must(t, prepare(over(commits, schema)))
	if reads(t, d, role, schema) {
		t.Error("a right that somebody took away after a merge is given again")
	}
}

// What takes DDL and rows in one transaction isn't offered where that can't be.
func TestRolesWhereDDLCommits(t *testing.T) {
	t.Parallel()
	d := open(t)
	plain := warehouse.RolesOf(sql.New(d, warehouse.Options{}))
	commits := warehouse.RolesOf(sql.New(oversql.DDLCommits(d), warehouse.Options{}))
	if plain.Adopter == nil || commits.Adopter != nil || commits.Procedures != nil {
		t.Errorf("plain: %+v, where DDL commits: %+v", plain, commits)
	}
	if commits.Eraser == nil || commits.Lands == nil {
		t.Errorf("where DDL commits: %+v", commits)
	}
}

// Whatever it looks like, DDL is refused in a transaction.
func TestDDLIsRefused(t *testing.T) {
	t.Parallel()
	d := oversql.DDLCommits(open(t))
	for query, refused := range map[string]bool{
		"CREATE TABLE x (a int)": true, "create temp table x (a int)": true,
		"/* why */ -- not\n\tDrOp SCHEMA public": true, "SELECT 1; TRUNCATE x": true,
		"ALTER TABLE x ADD b int": true, "GRANT USAGE ON SCHEMA public TO public": true,
		"SELECT 1": false, "SAVEPOINT a": false, "-- CREATE TABLE x (a int)\nSELECT 1": false,
	} {
		err := d.Tx(t.Context(), func(tx sql.Tx) error {
			_, err := tx.Exec(t.Context(), query)
			return err
		})
		if (err != nil) != refused {
			t.Errorf("%s: %v", query, err)
		}
	}
	undone := errors.New("undone")
	err := d.(sql.Preparer).Prepared(t.Context(), []string{"CREATE TABLE public.kept (a int)"},
		func(tx sql.Tx) error {
			if _, err := tx.Exec(t.Context(), "INSERT INTO public.kept VALUES (1)"); err != nil {
				return err
			}
			return undone
		})
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
	rows := -1
	must(t, d.View(t.Context(), func(tx sql.Tx) error {
		return tx.Query(t.Context(), func(scan sql.Scan) error { return scan(&rows) },
			"SELECT count(*) FROM public.kept")
	}))
	if rows != 0 {
		t.Errorf("the table that was committed before has %d rows of a transaction that was undone", rows)
	}
}
