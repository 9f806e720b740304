package postgres_test

import (
	"context"
	"errors"
	"fmt"
	neturl "net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/adoption"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/postgres"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
)

// admin is a session of the server's owner in the database of a URL. What it makes of
// roles goes at the end: they belong to the cluster, not to the database.
func admin(t *testing.T, url string, roles ...string) func(sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	must(t, err)
	do := func(sql string) {
		t.Helper()
		_, err := conn.Exec(t.Context(), sql)
		must(t, err)
	}
	for _, role := range roles {
		do("CREATE ROLE " + role + " LOGIN")
	}
	t.Cleanup(func() {
		ctx := context.Background()
		for _, role := range roles {
			_, gone := conn.Exec(ctx, fmt.Sprintf("RESET ROLE; DROP OWNED BY %s CASCADE; DROP ROLE %s", role, role))
			must(t, gone)
		}
		must(t, conn.Close(ctx))
	})
	return do
}

// as is the URL for another user.
func as(url, user string) string { return strings.Replace(url, "postgres@", user+"@", 1) }

// A role that comes into grant_to later gets to read what is there already, with the
// next run; what somebody has taken from it since stays taken.
func TestGrantLater(t *testing.T) {
	t.Parallel()
	url := cluster.Database(t)
	do := admin(t, url, "reads_first", "reads_later")
	first := newSite(t, url, postgres.Options{}, "reads_first")
	must(t, first.w.Migrate(t.Context()))
	must(t, first.w.Grant(t.Context(), false))
	first.prepared()
	reads := func(role string, tables ...string) {
		t.Helper()
		for _, table := range append(tables, "_catchment_objects", "_catchment_fields", "_catchment_picklists",
			"_catchment_files", "_catchment_archive") {
			do("SET ROLE " + role + "; SELECT * FROM salesforce." + table + "; RESET ROLE")
		}
	}
	reads("reads_first", "account")

	later := newSite(t, url, postgres.Options{}, "reads_first", "reads_later")
	must(t, later.w.Grant(t.Context(), true)) // a look grants nothing
	may := func(role string) bool {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), url)
		must(t, err)
		var may bool
		row := conn.QueryRow(t.Context(), "SELECT has_table_privilege($1, 'salesforce.account', 'SELECT')", role)
		must(t, errors.Join(row.Scan(&may), conn.Close(t.Context())))
		return may
	}
	if may("reads_later") {
		t.Error("a look has granted a table")
	}
	must(t, later.w.Grant(t.Context(), false))
	reads("reads_later", "account")

	do("REVOKE SELECT ON salesforce.account FROM reads_later")
	must(t, later.w.Grant(t.Context(), false))
	if may("reads_later") {
		t.Error("a right that somebody took away is given again")
	}

	for _, dry := range []bool{true, false} {
		err := newSite(t, url, postgres.Options{}, "reads_first", "nobody_there").w.Grant(t.Context(), dry)
		fixable(t, err, "grant_to")
	}
}

// Who lacks a right is told so before anything is made, and what to grant. A user who
// has no more than he needs isn't refused.
func TestAdmitsRights(t *testing.T) {
	t.Parallel()
	url := cluster.Database(t)
	do := admin(t, url, "copies", "owns")
	do("CREATE SCHEMA salesforce; CREATE SCHEMA salesforce_incremental; " +
		"GRANT USAGE, CREATE ON SCHEMA salesforce, salesforce_incremental TO copies")
	s := newSite(t, as(url, "copies"), postgres.Options{})
	must(t, s.w.Migrate(t.Context())) // though it may make no schema
	_, err := s.w.Claim(t.Context(), s.f, "account", "00D000000000001AAA")
	must(t, err)
	refused := func(what, hint string) {
		t.Helper()
		foretold := s.w.Admits(t.Context(), account)
		_, err := s.w.Prepare(t.Context(), s.f, account)
		fixable(t, err, hint)
		if fmt.Sprint(foretold) != fmt.Sprint(err) || !strings.Contains(fmt.Sprint(err), what) {
			t.Errorf("foretold %v, then %v; want %s", foretold, err, what)
		}
	}
	do("CREATE TABLE salesforce.account (id text)")
	refused("table salesforce.account is there already, and this user has no right to it", "rename that table")
	do("DROP TABLE salesforce.account; CREATE SEQUENCE salesforce.account")
	refused("salesforce.account is in the way", "rename it")
	do("DROP SEQUENCE salesforce.account; REVOKE CREATE ON SCHEMA salesforce FROM copies")
	refused("this user may not make table salesforce.account", `GRANT CREATE ON SCHEMA "salesforce"`)
	do("GRANT CREATE ON SCHEMA salesforce TO copies")
	must(t, s.w.Admits(t.Context(), account))
	_, err = s.w.Prepare(t.Context(), s.f, account)
	must(t, err)
	_, err = s.w.Consolidate(t.Context(), s.f, warehouse.Merge{Table: account, Attempt: "a", Policy: gone.Flag})
	must(t, err)
	do("ALTER TABLE salesforce.account OWNER TO owns; GRANT ALL ON salesforce.account TO copies")
	refused("table salesforce.account belongs to owns", `ALTER TABLE "salesforce"."account" OWNER TO`)
	do("ALTER TABLE salesforce.account OWNER TO postgres; REVOKE ALL ON salesforce.account FROM copies; " +
		"GRANT SELECT ON salesforce.account TO copies")
	refused("this user may not write table salesforce.account", "GRANT SELECT, INSERT, UPDATE, DELETE")
	do("GRANT INSERT, UPDATE, DELETE ON salesforce.account TO copies")
	must(t, s.w.Admits(t.Context(), account))
	wider := account
	wider.Columns = append(wider.Columns[:len(wider.Columns):len(wider.Columns)],
		shape.Column{Name: "more__c", Field: "More__c", Kind: shape.Text})
	err = s.w.Admits(t.Context(), wider)
	fixable(t, err, "OWNER TO")
	do("ALTER TABLE salesforce_incremental.account OWNER TO postgres; " +
		"GRANT ALL ON salesforce_incremental.account TO copies")
	refused("table salesforce_incremental.account belongs to another user", "OWNER TO")
}

// What somebody else owns is refused before anything looks into it: a view in the place of a
// table runs its owner's functions as whoever looks, a table its triggers. What belongs to a
// role that this user is a member of is as good as his own.
func TestStrangers(t *testing.T) {
	t.Parallel()
	url := cluster.Database(t)
	do := admin(t, url, "mine", "stranger", "group_of_mine")
	do("GRANT CREATE ON DATABASE " + url[strings.LastIndex(url, "/")+1:] + " TO mine, stranger, group_of_mine; " +
		"GRANT USAGE ON SCHEMA public TO public; " +
		"CREATE FUNCTION public.noted() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'called'; END $$")
	s := newSite(t, as(url, "mine"), postgres.Options{})
	refused := func(whose, hint string) {
		t.Helper()
		err := s.w.Migrate(t.Context())
		fixable(t, err, hint)
		if !strings.Contains(fmt.Sprint(err), whose) {
			t.Errorf("%v doesn't tell that %s", err, whose)
		}
	}
	do("SET ROLE stranger; CREATE SCHEMA salesforce_incremental; " +
		"GRANT ALL ON SCHEMA salesforce_incremental TO mine; RESET ROLE")
	refused("schema salesforce_incremental belongs to stranger", "ALTER SCHEMA")
	do("ALTER SCHEMA salesforce_incremental OWNER TO group_of_mine; " +
		"GRANT ALL ON SCHEMA salesforce_incremental TO mine, stranger")
	refused("schema salesforce_incremental belongs to group_of_mine", `GRANT "group_of_mine" TO`)
	do("GRANT group_of_mine TO mine")
	do("SET ROLE stranger; " +
		"CREATE VIEW salesforce_incremental._catchment_version AS SELECT public.noted() AS version; " +
		"GRANT ALL ON salesforce_incremental._catchment_version TO mine; RESET ROLE")
	refused("table salesforce_incremental._catchment_version belongs to stranger", "ALTER TABLE")
	do("DROP VIEW salesforce_incremental._catchment_version")
	s.prepared()
	must(t, s.w.Admits(t.Context(), account))
	other := account
	other.Name = "contact"
	for _, made := range []string{"salesforce.contact", "salesforce_incremental.contact",
		"salesforce_incremental.contact_landing", "salesforce._catchment_rows_contact"} {
		schema, _, _ := strings.Cut(made, ".")
		do("GRANT ALL ON SCHEMA " + schema + " TO stranger; SET ROLE stranger; CREATE VIEW " + made +
			" AS SELECT public.noted() AS id; GRANT ALL ON " + made + " TO mine; RESET ROLE")
		err := s.w.Admits(t.Context(), other)
		fixable(t, err, "OWNER TO")
		if !strings.Contains(fmt.Sprint(err), made+" belongs to stranger") {
			t.Error(err)
		}
		_, err = s.w.Prepare(t.Context(), s.f, other)
		fixable(t, err, "OWNER TO")
		_, err = warehouse.RolesOf(s.w).Adopter.Survey(t.Context(), other, adoption.Taking{IDs: []string{"id"}})
		if strings.HasSuffix(made, ".contact") {
			fixable(t, err, "OWNER TO")
		}
		do("DROP VIEW " + made)
	}
}

// Who may read our own tables and not write them is refused before the first flow.
func TestMigrateRights(t *testing.T) {
	t.Parallel()
	url := cluster.Database(t)
	do := admin(t, url, "only_looks")
	must(t, newSite(t, url, postgres.Options{}).w.Migrate(t.Context()))
	do("GRANT USAGE, CREATE ON SCHEMA salesforce, salesforce_incremental TO only_looks; " +
		"GRANT SELECT ON ALL TABLES IN SCHEMA salesforce, salesforce_incremental TO only_looks")
	fixable(t, newSite(t, as(url, "only_looks"), postgres.Options{}).w.Migrate(t.Context()), "GRANT SELECT, INSERT")
	do("GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA salesforce, salesforce_incremental TO only_looks")
	must(t, newSite(t, as(url, "only_looks"), postgres.Options{}).w.Migrate(t.Context()))
}

// A column that every table has by itself can't be one of a field.
func TestAdmitsNoSystemColumn(t *testing.T) {
	t.Parallel()
	s := newSite(t, cluster.Database(t), postgres.Options{})
	must(t, s.w.Migrate(t.Context()))
	odd := account
	odd.Columns = append(odd.Columns[:len(odd.Columns):len(odd.Columns)],
		shape.Column{Name: "ctid", Field: "Place__c", Kind: shape.Text})
	fixable(t, s.w.Admits(t.Context(), odd), "rename")
}

// A database that hasn't room for every character takes no copy.
func TestEncoding(t *testing.T) {
	t.Parallel()
	url := cluster.Database(t)
	do := admin(t, url)
	for _, encoding := range []string{"LATIN1", "SQL_ASCII"} {
		name := "in_" + strings.ToLower(encoding)
		do("CREATE DATABASE " + name + " ENCODING '" + encoding + "' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
		in := url[:strings.LastIndex(url, "/")+1] + name
		s := newSite(t, in, postgres.Options{})
		err := s.w.Migrate(t.Context())
		fixable(t, err, "ENCODING 'UTF8'")
		if !strings.Contains(fmt.Sprint(err), encoding) {
			t.Errorf("%v doesn't tell %s", err, encoding)
		}
		must(t, cluster.Drop(t.Context(), in))
	}
}

// A setting that the server doesn't know is the URL's mistake, and told in the server's words.
func TestOptionsOfTheServer(t *testing.T) {
	t.Parallel()
	url := cluster.Database(t)
	for _, options := range []string{"-c flavour=mint", "-c work_mem=mint", "--mint", "-c shared_buffers=1MB"} {
		d, err := postgres.Open(url+"?options="+neturl.QueryEscape(options), postgres.Options{})
		must(t, err)
		err = d.View(t.Context(), func(sql.Tx) error { return nil })
		if plan.ClassOf(err) != plan.Fix || !strings.Contains(plan.HintOf(err), "options in warehouse.url") {
			t.Errorf("%s: %v (class %s, hint %q)", options, err, plan.ClassOf(err), plan.HintOf(err))
		}
		must(t, d.Close())
	}
}
