package postgres_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/postgres"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/warehousetest/oversql"
)

// promoting is a site in which any first reading is large enough, with its table.
func promoting(t *testing.T) *site {
	t.Helper()
	url := cluster.Database(t)
	d, err := postgres.Open(url, postgres.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, d.Close()) })
	s := &site{t: t, url: url, f: warehouse.Fence{Flow: "Account", Number: 1},
		w: sql.New(oversql.Promoting(d), siteOptions())}
	return s.prepared()
}

// place is the object that a table is.
func (s *site) place(table string) (oid uint32) {
	s.t.Helper()
	s.ask(&oid, "SELECT CAST('"+table+"' AS regclass)::oid")
	return oid
}

// The staged table of a first reading becomes the final one, and there is a staging table again.
func TestStagedTableIsPromoted(t *testing.T) {
	t.Parallel()
	s := promoting(t)
	_, err := s.w.Load(t.Context(), s.f, batch(1, whole))
	must(t, err)
	staged := s.place("salesforce_incremental.account")
	s.merged(t)
	if final := s.place("salesforce.account"); final != staged {
		t.Errorf("the final table is %d, staged was %d", final, staged)
	}
	if n := s.staged(); n != 0 {
		t.Errorf("%d rows are staged", n)
	}
}

// merged consolidates the page, twice.
func (s *site) merged(t *testing.T) {
	t.Helper()
	m := warehouse.Merge{Table: account, Attempt: "a", Policy: gone.Flag, Pages: 1, Rows: rowsOfPage}
	for range 2 {
		c, err := s.w.Consolidate(t.Context(), s.f, m)
		must(t, err)
		if want := (warehouse.Counts{Staged: rowsOfPage, Inserted: rowsOfPage, Rows: rowsOfPage}); c != want {
			t.Fatalf("%+v", c)
		}
	}
}

// What others have made of one of the tables stays, and so the rows are written once more; their
// rights are kept with it.
func TestWhatOthersMadeIsKept(t *testing.T) {
	t.Parallel()
	for name, made := range map[string]struct {
		how  []string
		kept string // asks whether it is there
	}{
		"a view": {[]string{"CREATE VIEW salesforce.mine AS SELECT id FROM salesforce.account"},
			"SELECT count(*) = 5000 FROM salesforce.mine"},
		"a view of what is staged": {
			[]string{"CREATE VIEW salesforce.mine AS SELECT id FROM salesforce_incremental.account"},
			"SELECT count(*) = 0 FROM salesforce.mine"},
		"an index": {[]string{"CREATE INDEX mine ON salesforce.account (name)"},
			"SELECT count(*) = 1 FROM pg_indexes WHERE indexname = 'mine' AND schemaname = 'salesforce'"},
		"a trigger": {[]string{
			"CREATE FUNCTION salesforce.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
			"CREATE TRIGGER mine BEFORE INSERT ON salesforce.account FOR EACH ROW EXECUTE FUNCTION salesforce.f()"},
			"SELECT count(*) = 1 FROM pg_trigger WHERE tgname = 'mine'"},
		"a policy": {[]string{"CREATE POLICY mine ON salesforce.account USING (true)"},
			"SELECT count(*) = 1 FROM pg_policies WHERE policyname = 'mine' AND schemaname = 'salesforce'"},
		"a function of its rows": {
			[]string{"CREATE FUNCTION salesforce.mine(salesforce.account) RETURNS text LANGUAGE sql AS 'SELECT $1.id'"},
			"SELECT count(salesforce.mine(a)) = 5000 FROM salesforce.account a"},
		"a comment": {[]string{"COMMENT ON COLUMN salesforce.account.name IS 'mine'"},
			"SELECT count(*) = 1 FROM pg_description WHERE description = 'mine'"},
		"a setting": {[]string{"ALTER TABLE salesforce.account SET (fillfactor = 70)"},
			"SELECT reloptions IS NOT NULL FROM pg_class WHERE oid = CAST('salesforce.account' AS regclass)"},
		"a setting of a column": {[]string{"ALTER TABLE salesforce.account ALTER COLUMN name SET STATISTICS 500"},
			"SELECT count(*) = 1 FROM pg_attribute WHERE attstattarget = 500"},
		"a default": {[]string{"ALTER TABLE salesforce.account ALTER COLUMN name SET DEFAULT 'mine'"},
			"SELECT column_default IS NOT NULL FROM information_schema.columns WHERE table_schema = 'salesforce' " +
				"AND table_name = 'account' AND column_name = 'name'"},
		"a publication": {[]string{"CREATE PUBLICATION mine FOR TABLES IN SCHEMA salesforce"},
			"SELECT count(*) = 1 FROM pg_publication_tables WHERE tablename = 'account'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := promoting(t)
			s.exec(made.how...)
			_, err := s.w.Load(t.Context(), s.f, batch(1, whole))
			must(t, err)
			final := s.place("salesforce.account")
			s.merged(t)
			if now := s.place("salesforce.account"); now != final {
				t.Error("the table was put in the place of the one that others have made something of")
			}
			var kept bool
			s.ask(&kept, made.kept)
			if !kept {
				t.Error("it isn't there any more")
			}
		})
	}
}

// Whoever may read or write one of the tables may afterwards, and nobody else.
func TestRightsAreKept(t *testing.T) {
	t.Parallel()
	s := promoting(t)
	reader, writer := "reader_"+s.suffix(), "writer_"+s.suffix()
	s.exec("CREATE ROLE "+reader, "CREATE ROLE "+writer,
		"GRANT SELECT ON salesforce.account TO "+reader+" WITH GRANT OPTION",
		"GRANT SELECT ON salesforce.account TO PUBLIC",
		"GRANT INSERT, DELETE ON salesforce_incremental.account TO "+writer)
	t.Cleanup(func() {
		s.exec("DROP OWNED BY "+reader+", "+writer, "DROP ROLE "+reader, "DROP ROLE "+writer)
	})
	const rights = `SELECT string_agg(concat_ws(' ', table_schema, privilege_type, grantee, is_grantable), ', '
		ORDER BY table_schema, privilege_type, grantee) FROM information_schema.table_privileges
		WHERE table_name = 'account' AND grantor <> grantee`
	var before, after string
	s.ask(&before, rights)
	_, err := s.w.Load(t.Context(), s.f, batch(1, whole))
	must(t, err)
	staged := s.place("salesforce_incremental.account")
	s.merged(t)
	s.ask(&after, rights)
	if after != before || s.place("salesforce.account") != staged {
		t.Errorf("rights are\n%s\nthey were\n%s", after, before)
	}
}

// exec does statements as somebody else would.
func (s *site) exec(statements ...string) {
	s.t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.url)
	must(s.t, err)
	defer conn.Close(ctx)
	for _, sql := range statements {
		_, err := conn.Exec(ctx, sql)
		must(s.t, err)
	}
}

// suffix tells the roles of this test from those of others in the same server.
func (s *site) suffix() string {
	var n uint32
	s.ask(&n, "SELECT oid FROM pg_database WHERE datname = current_database()")
	return fmt.Sprint(n)
}
