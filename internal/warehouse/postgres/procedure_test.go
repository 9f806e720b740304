package postgres_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/archived/archivedtest"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/postgres"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/statements"
	"catchment/internal/warehouse/warehousetest"
	"catchment/internal/warehouse/warehousetest/oversql"
)

const call = `CALL "salesforce_incremental".consolidated_of_tables()`

// A caller consolidates by CALL, as somebody with psql does. What the engine
// asks for afterwards is what CALL has left to it, or in the log.
type caller struct {
	url    string
	called *atomic.Int64 // attempts that CALL consolidated
}

// calling opens databases that CALL can be typed in.
func calling(called *atomic.Int64) func(testing.TB) (warehousetest.Subject, warehousetest.Consolidator) {
	return func(t testing.TB) (warehousetest.Subject, warehousetest.Consolidator) {
		c := &caller{url: cluster.Database(t), called: called}
		return oversql.New(openAt(t, c.url)), c.consolidate
	}
}

func (c *caller) consolidate(
	ctx context.Context, w warehouse.Warehouse, f warehouse.Fence, m warehouse.Merge,
) (warehouse.Counts, error) {
	conn, err := pgx.Connect(ctx, c.url)
	if err != nil {
		return warehouse.Counts{}, err
	}
	defer conn.Close(ctx)
	if m.Attempt != "" {
		if err := w.Seal(ctx, f, m); err != nil {
			return warehouse.Counts{}, err
		}
	}
	p := warehouse.Procedure{Table: m.Table, Policy: m.Policy}
	if p.Patched, err = missing(ctx, conn, m); err != nil {
		return warehouse.Counts{}, err
	}
	if err := warehouse.RolesOf(w).Procedures.Install(ctx, []warehouse.Procedure{p}); err != nil {
		return warehouse.Counts{}, err
	}
	if _, err := conn.Exec(ctx, call); err != nil {
		return warehouse.Counts{}, err
	}
	var done int64
	if err := conn.QueryRow(ctx, `SELECT count(*) FROM salesforce_incremental._catchment_log WHERE attempt = $1`,
		m.Attempt).Scan(&done); err != nil {
		return warehouse.Counts{}, err
	}
	if m.Attempt == "" && done > 0 { // the engine has nothing to look up: rows of nobody are merged each time
		var n warehouse.Counts
		err := conn.QueryRow(ctx, `SELECT staged, inserted, updated, deleted, unchanged, row_count
			FROM salesforce_incremental._catchment_log WHERE attempt = ''`).Scan(&n.Staged, &n.Inserted, &n.Updated, &n.Deleted, &n.Unchanged, &n.Rows)
		return n, err
	}
	c.called.Add(done)
	return w.Consolidate(ctx, f, m)
}

// missing is the columns of the table that the attempt's whole records lack: a
// flow's have all that no patch brings, a test's table may have more.
func missing(ctx context.Context, conn *pgx.Conn, m warehouse.Merge) ([]string, error) {
	var names string
	err := conn.QueryRow(ctx,
		`SELECT coalesce(max(columns), '') FROM salesforce_incremental._catchment_page WHERE attempt = $1 AND op = 'put'`, m.Attempt).Scan(&names)
	if err != nil || names == "" {
		return nil, err
	}
	var lacking []string
	carried := strings.Split(names, ",")
	for _, c := range m.Table.Columns {
		if !slices.Contains(carried, c.Name) {
			lacking = append(lacking, c.Name)
		}
	}
	return lacking, nil
}

// What a consolidation promises holds for CALL as for the engine, and so do
// random histories.
func TestCall(t *testing.T) {
	t.Parallel()
	var called atomic.Int64
	warehousetest.RunBy(t, calling(&called))
	calledAtLeast(t, &called, 60)
}

// Archived rows stay under CALL, too.
func TestCallArchived(t *testing.T) {
	t.Parallel()
	var called atomic.Int64
	archivedtest.RunBy(t, calling(&called))
	calledAtLeast(t, &called, 30)
}

// calledAtLeast counts, when all promises were checked.
func calledAtLeast(t *testing.T, called *atomic.Int64, attempts int64) {
	t.Cleanup(func() {
		if n := called.Load(); n < attempts {
			t.Errorf("CALL consolidated %d attempts, the engine had to do the others", n)
		}
	})
}

func TestCallHistories(t *testing.T) {
	var called atomic.Int64
	warehousetest.HistoriesBy(t, calling(&called))
	calledAtLeast(t, &called, 25)
}

// A procedure that a version before installed, which knew of no mark for what is kept
// out, goes on with a table that has the column since.
func TestCallOfAnOlderVersion(t *testing.T) {
	t.Parallel()
	ctx, url := t.Context(), cluster.Database(t)
	o := warehouse.Options{Schema: "salesforce", Staging: "salesforce_incremental", Now: time.Now}
	w := sql.New(openAt(t, url), o)
	table := shape.Table{Object: "Account", Name: "account", Key: []string{"id"}, Columns: []shape.Column{
		{Name: "id", Field: "Id", Kind: shape.Text}, {Name: "name", Field: "Name", Kind: shape.Text},
		{Name: "systemmodstamp", Field: "SystemModstamp", Kind: shape.Timestamp}}}
	f := warehouse.Fence{Flow: "Account", Number: 1}
	conn, err := pgx.Connect(ctx, url)
	do := func(text string) {
		t.Helper()
		if err == nil {
			_, err = conn.Exec(ctx, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err == nil {
		err = w.Migrate(ctx)
	}
	if err == nil {
		_, err = w.Claim(ctx, f, table.Name, "00D000000000001AAA")
	}
	if err == nil {
		_, err = w.Prepare(ctx, f, table)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	p := warehouse.Procedure{Table: table, Policy: gone.Flag}
	var has []dialect.Stored
	for _, name := range shape.ColumnNames(table) {
		has = append(has, dialect.Stored{Name: name})
	}
	older, perr := statements.Procedure(p, postgres.Dialect(), o, has, false)
	all, aerr := statements.Procedures(postgres.Dialect(), o, nil)
	if perr != nil || aerr != nil || strings.Contains(older, "_catchment_rejected_at") {
		t.Fatal(perr, aerr)
	}
	do(older)
	do(all)
	for n, name := range []string{"one", "two"} {
		do("INSERT INTO salesforce_incremental.account (id, name, systemmodstamp) VALUES ('1', '" + name +
			"', TIMESTAMPTZ '2026-01-0" + string(rune('1'+n)) + "')")
		do(call)
		var got string
		if err := conn.QueryRow(ctx, "SELECT name FROM salesforce.account").Scan(&got); err != nil || got != name {
			t.Fatalf("%q, %v", got, err)
		}
		do("UPDATE salesforce.account SET _catchment_rejected_at = now()")
	}
}

// A procedure that a version without archives has installed would take archived rows for deleted ones: it
// refuses from the first line of the ledger on.
func TestOutdatedByAnArchive(t *testing.T) {
	t.Parallel()
	url := cluster.Database(t)
	s := newSite(t, url, postgres.Options{})
	must(t, s.w.Migrate(t.Context()))
	s.prepared()
	roles := warehouse.RolesOf(s.w)
	install := func() {
		must(t, roles.Procedures.Install(t.Context(), []warehouse.Procedure{{Table: account, Policy: gone.Remove}}))
	}
	ledger, _ := archived.Of(s.w)
	write := func() {
		must(t, ledger.Write(t.Context(), s.f, []archived.Line{{Plan: "p", Object: "Account", ID: "1",
			State: archived.Proven}}))
	}
	source := func() string {
		conn, err := pgx.Connect(t.Context(), url)
		must(t, err)
		var text string
		row := conn.QueryRow(t.Context(), "SELECT prosrc FROM pg_proc WHERE proname = 'consolidate_account'")
		must(t, errors.Join(row.Scan(&text), conn.Close(t.Context())))
		return text
	}
	install()
	now := source()
	write()
	if source() != now {
		t.Error("one of this version is replaced")
	}
	do := admin(t, url)
	do("CREATE OR REPLACE PROCEDURE salesforce_incremental.consolidate_account() AS $$ " +
		"DECLARE n BIGINT; BEGIN n := 1; END; $$ LANGUAGE plpgsql")
	write()
	if text := source(); !strings.Contains(text, "--install") {
		t.Errorf("%s", text)
	}
	install()
	if source() != now {
		t.Error("it can't be installed again")
	}
}
