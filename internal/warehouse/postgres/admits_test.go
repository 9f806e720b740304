package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/postgres"
	"catchment/internal/warehouse/shape"
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
		for _, table := range append(tables, "_catchment_objects", "_catchment_fields", "_catchment_picklists") {
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
	do("ALTER TABLE salesforce.account OWNER TO owns; GRANT SELECT ON salesforce.account TO copies")
	refused("this user may not write table salesforce.account", "GRANT SELECT, INSERT, UPDATE, DELETE")
	do("GRANT INSERT, UPDATE, DELETE ON salesforce.account TO copies")
	must(t, s.w.Admits(t.Context(), account))
	wider := account
	wider.Columns = append(wider.Columns[:len(wider.Columns):len(wider.Columns)],
		shape.Column{Name: "more__c", Field: "More__c", Kind: shape.Text})
	err = s.w.Admits(t.Context(), wider)
	fixable(t, err, "OWNER TO")
	do("ALTER TABLE salesforce_incremental.account OWNER TO owns; " +
		"GRANT ALL ON salesforce_incremental.account TO copies")
	refused("table salesforce_incremental.account belongs to another user", "OWNER TO")
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
