package redshift_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived/archivedtest"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/warehousetest"
	"catchment/internal/warehouse/warehousetest/oversql"
)

// These tests type CALL as somebody with psql does. PostgreSQL can't run the
// text of Redshift's procedures (NONATOMIC, START TRANSACTION inside one), so
// the stand-in interprets just that text, statement by statement; the text for
// PostgreSQL is run by PostgreSQL itself in the tests of warehouse/postgres.

const call = `CALL "salesforce_incremental"."consolidated_of_tables"()`

// typed does SQL in a session of its own.
func (s *site) typed(sql string) error {
	conn, err := pgx.Connect(context.Background(), s.server.URL())
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	_, err = conn.Exec(context.Background(), sql)
	return err
}

// A caller consolidates by CALL. What the engine asks for afterwards is what
// CALL has left to it, or in the log.
type caller struct {
	site   *site
	called *atomic.Int64 // attempts that CALL consolidated
}

// calling opens Redshifts that consolidate by CALL.
func calling(called *atomic.Int64) func(testing.TB) (warehousetest.Subject, warehousetest.Consolidator) {
	return func(t testing.TB) (warehousetest.Subject, warehousetest.Consolidator) {
		c := &caller{site: newSite(t), called: called}
		return oversql.New(c.site.wire("")), c.consolidate
	}
}

func (c *caller) consolidate(
	ctx context.Context, w warehouse.Warehouse, f warehouse.Fence, m warehouse.Merge,
) (warehouse.Counts, error) {
	if m.Attempt != "" {
		if err := w.Seal(ctx, f, m); err != nil {
			return warehouse.Counts{}, err
		}
	}
	p := warehouse.Procedure{Table: m.Table, Policy: m.Policy, Patched: c.missing(m)}
	if err := warehouse.RolesOf(w).Procedures.Install(ctx, []warehouse.Procedure{p}); err != nil {
		return warehouse.Counts{}, err
	}
	if err := c.site.typed(call); err != nil {
		return warehouse.Counts{}, err
	}
	var done int64
	c.site.ask(&done, "SELECT count(*) FROM salesforce_incremental._catchment_log WHERE attempt = '"+m.Attempt+"'")
	if m.Attempt == "" && done > 0 { // the engine has nothing to look up: rows of nobody are merged each time
		var n warehouse.Counts
		var texts string
		c.site.ask(&texts,
			`SELECT staged || ' ' || inserted || ' ' || updated || ' ' || deleted || ' ' || unchanged || ' ' || row_count
			FROM salesforce_incremental._catchment_log WHERE attempt = ''`)
		_, err := fmt.Sscan(texts, &n.Staged, &n.Inserted, &n.Updated, &n.Deleted, &n.Unchanged, &n.Rows)
		return n, err
	}
	c.called.Add(done)
	return w.Consolidate(ctx, f, m)
}

// missing is the columns of the table that the attempt's whole records lack: a
// flow's have all that no patch brings, a test's table may have more.
func (c *caller) missing(m warehouse.Merge) []string {
	var names string
	c.site.ask(&names,
		"SELECT coalesce(max(columns), '') FROM salesforce_incremental._catchment_page WHERE attempt = '"+m.Attempt+
			"' AND op = 'put'")
	if names == "" {
		return nil
	}
	var lacking []string
	for _, column := range m.Table.Columns {
		if !slices.Contains(strings.Split(names, ","), column.Name) {
			lacking = append(lacking, column.Name)
		}
	}
	return lacking
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

// installed makes the procedures of the desk's table.
func (d *desk) installed() *desk {
	d.t.Helper()
	must(d.t, warehouse.RolesOf(d.w).Procedures.Install(context.Background(),
		[]warehouse.Procedure{{Table: account(), Policy: gone.Flag}}))
	return d
}

// load loads an attempt and counts it, and so leaves it to CALL.
func (d *desk) load(b warehouse.Batch) {
	d.t.Helper()
	_, err := d.w.Load(context.Background(), d.f, b)
	must(d.t, err)
	must(d.t, d.w.Seal(context.Background(), d.f, merge(b)))
}

// tables is the final table and what is left in staging, without the moments
// at which somebody consolidated.
func (s *site) tables() []string {
	var all string
	s.ask(&all,
		`SELECT coalesce(listagg(id || '|' || name || '|' || systemmodstamp || '|' || _catchment_at || '|' || _catchment_read_at || '|' ||
		coalesce(_catchment_delete_reason, '~'), ';') WITHIN GROUP (ORDER BY id), '') FROM salesforce.account`)
	var staged, marked string
	s.ask(&staged, "SELECT count(*) || ' staged' FROM salesforce_incremental.account")
	s.ask(&marked, "SELECT row_count || ' ' || attempt || ' ' || grade FROM salesforce_incremental._catchment_flow")
	return append(strings.Split(all, ";"), staged, marked)
}

// The same attempts, consolidated by the engine in one Redshift and by CALL in
// another, leave identical tables.
func TestCallAsEngine(t *testing.T) {
	t.Parallel()
	engine, called := newSite(t), newSite(t)
	one, two := engine.desk(engine.wire("")).prepared(), called.desk(called.wire("")).prepared().installed()
	for _, b := range []warehouse.Batch{batch("a", "one", "two", "three"), batch("bb", "uno", "due"),
		batch("cccc", "1", "2", "3", "4"), batch("ddd", "too", "late")} {
		one.load(b)
		_, err := one.w.Consolidate(t.Context(), one.f, merge(b))
		must(t, err)
		two.load(b)
		must(t, called.typed(call))
		if got, want := called.tables(), engine.tables(); !slices.Equal(got, want) {
			t.Fatalf("CALL leaves\n%s\nthe engine\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// asEngine proves that the same attempts, consolidated by the engine in another
// Redshift, leave the same tables.
func (d *desk) asEngine(bs ...warehouse.Batch) {
	d.t.Helper()
	s := newSite(d.t)
	engine := s.desk(s.wire("")).prepared()
	for _, b := range bs {
		engine.load(b)
		_, err := engine.w.Consolidate(context.Background(), engine.f, merge(b))
		must(d.t, err)
	}
	if got, want := d.tables(), s.tables(); !slices.Equal(got, want) {
		d.t.Errorf("CALL leaves\n%s\nthe engine\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Two CALLs at once: keys aren't enforced, and yet each has one row, as if the
// engine had consolidated.
func TestTwoCalls(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := s.desk(s.wire("")).prepared().installed()
	bs := []warehouse.Batch{batch("a", "one", "two", "three"), batch("bb", "uno", "due", "tre", "quattro")}
	for round, b := range bs {
		d.load(b)
		errs := make(chan error)
		for range 3 {
			go func() { errs <- s.typed(call) }()
		}
		for range 3 {
			if err := <-errs; err != nil {
				t.Errorf("round %d: %v", round, err)
			}
		}
		var merged, problems int
		s.ask(&merged, "SELECT count(*) FROM salesforce_incremental._catchment_log WHERE attempt = '"+b.Attempt+"'")
		s.ask(&problems, "SELECT count(*) FROM salesforce_incremental._catchment_call WHERE problem IS NOT NULL")
		if merged != 1 || problems != 0 {
			t.Errorf("round %d: merged %d times, %d problems", round, merged, problems)
		}
		d.asEngine(bs[:round+1]...)
		d.finish(b)
	}
}

// A CALL in the middle of a load waits for it, and leaves alone what isn't
// counted: nothing is lost, and nothing comes twice.
func TestCallDuringLoad(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := s.desk(s.wire("")).prepared().installed()
	d.finish(batch("a", "one"))
	b := batch("bb", "uno", "due")
	slow := batch("bb", "uno", "due")
	reached, goOn := make(chan struct{}), make(chan struct{})
	slow.Pages[0].Open = func(ctx context.Context) (io.ReadCloser, error) {
		close(reached)
		<-goOn
		return b.Pages[0].Open(ctx)
	}
	loaded, called := make(chan error, 1), make(chan error, 1)
	go func() { _, err := d.w.Load(context.Background(), d.f, slow); loaded <- err }()
	<-reached
	go func() { called <- s.typed(call) }()
	time.Sleep(100 * time.Millisecond) // it is waiting, or about to
	close(goOn)
	must(t, <-loaded)
	must(t, <-called)
	must(t, s.typed(call))
	var staged int
	s.ask(&staged, "SELECT count(*) FROM salesforce_incremental.account")
	if staged != 2 {
		t.Errorf("%d rows are staged of an attempt that isn't counted", staged)
	}
	must(t, d.w.Seal(t.Context(), d.f, merge(b)))
	must(t, s.typed(call))
	d.asEngine(batch("a", "one"), b)
	d.finish(b)
}

// One bad table among twenty: CALL consolidates the other nineteen, says which
// it was and loses nothing of it, and the next CALL does it once it is mended.
func TestOneBadTableAmongTwenty(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := s.desk(s.wire("")).prepared()
	var ps []warehouse.Procedure
	for i := range 20 {
		table, f := account(), warehouse.Fence{Flow: fmt.Sprintf("Flow%02d", i), Number: 1}
		table.Name = fmt.Sprintf("table%02d", i)
		_, err := d.w.Claim(t.Context(), f, table.Name, org)
		must(t, err)
		_, err = d.w.Prepare(t.Context(), f, table)
		must(t, err)
		b := batch(fmt.Sprintf("attempt%02d", i), "one", "two", "three")
		b.Table = table
		m := merge(b)
		m.Table = table
		_, err = d.w.Load(t.Context(), f, b)
		must(t, err)
		must(t, d.w.Seal(t.Context(), f, m))
		ps = append(ps, warehouse.Procedure{Table: table, Policy: gone.Flag})
	}
	must(t, warehouse.RolesOf(d.w).Procedures.Install(t.Context(), ps))
	must(t, s.typed("ALTER TABLE salesforce.table07 ALTER COLUMN name TYPE VARCHAR(3)")) // "three" has five bytes
	must(t, s.typed(call))
	look := func() (full, staged, merged int, problem string) {
		for i := range 20 {
			var n, m int
			s.ask(&n, fmt.Sprintf("SELECT count(*) FROM salesforce.table%02d", i))
			s.ask(&m, fmt.Sprintf("SELECT count(*) FROM salesforce_incremental.table%02d", i))
			if n == 3 {
				full++
			}
			staged += m
		}
		s.ask(&merged, "SELECT count(*) FROM salesforce_incremental._catchment_log")
		s.ask(&problem, "SELECT coalesce(max(table_name || ' ' || problem), '') FROM "+
			"salesforce_incremental._catchment_call WHERE problem IS NOT NULL")
		return full, staged, merged, problem
	}
	if full, staged, merged, problem := look(); full != 19 || staged != 3 || merged != 19 ||
		!strings.HasPrefix(problem, "table07 SQLSTATE ") {
		t.Errorf("%d tables are full, %d rows staged, %d attempts in the log; the problem: %q", full, staged,
			merged, problem)
	}
	must(t, s.typed("ALTER TABLE salesforce.table07 ALTER COLUMN name TYPE VARCHAR(32000)"))
	must(t, s.typed(call))
	if full, staged, merged, _ := look(); full != 20 || staged != 0 || merged != 20 {
		t.Errorf("after the next CALL %d tables are full, %d rows staged, %d attempts in the log", full, staged, merged)
	}
}

// One bad table doesn't stop the others, and its problem is in the log.
func TestCallGoesOn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := s.desk(s.wire("")).prepared().installed()
	bad := account()
	bad.Name = "aaa"
	_, err := d.w.Claim(t.Context(), warehouse.Fence{Flow: "Aaa", Number: 1}, "aaa", org)
	must(t, err)
	_, err = d.w.Prepare(t.Context(), warehouse.Fence{Flow: "Aaa", Number: 1}, bad)
	must(t, err)
	must(t, warehouse.RolesOf(d.w).Procedures.Install(t.Context(),
		[]warehouse.Procedure{{Table: bad, Policy: gone.Flag}}))
	must(t, s.typed("DROP TABLE salesforce.aaa"))
	d.load(batch("a", "one", "two"))
	must(t, s.typed(call))
	var rows int
	var problem string
	s.ask(&rows, "SELECT count(*) FROM salesforce.account")
	s.ask(&problem, "SELECT problem FROM salesforce_incremental._catchment_call WHERE table_name = 'aaa'")
	if rows != 2 || !strings.HasPrefix(problem, "SQLSTATE 42P01") {
		t.Errorf("%d rows of the good table; the problem of the bad one: %q", rows, problem)
	}
	changed := account()
	changed.Columns = append(changed.Columns,
		shape.Column{Name: "fax", Field: "Fax", Kind: shape.Text, Length: 40})
	_, err = d.w.Prepare(t.Context(), d.f, changed)
	must(t, err)
	d.load(batch("bb", "uno"))
	must(t, s.typed(call))
	s.ask(&problem, "SELECT problem FROM salesforce_incremental._catchment_call WHERE table_name = 'account' AND "+
		"problem IS NOT NULL")
	if !strings.Contains(problem, "catchment sql --dialect redshift --install") {
		t.Errorf("the problem of a table that has changed: %q", problem)
	}
	_, err = d.w.Consolidate(t.Context(), d.f, merge(batch("bb", "uno"))) // the engine goes by the table as it is
	must(t, err)
}
