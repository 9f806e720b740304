package main

import (
	"bytes"
	"context"
	"crypto/rand"
	stdsql "database/sql"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"catchment/cmd/internal/cloud"
	"catchment/internal/cli"
	"catchment/internal/dns"
	"catchment/internal/fakeorg"
	"catchment/internal/project"
)

// A site is a configuration in a folder, an org, and a warehouse that is really there.
type site struct {
	t         *testing.T
	dir       string
	org       *fakeorg.Org
	env       map[string]string
	url       string // of the warehouse
	warehouse string // more lines of its section
	rest      string // more sections
	flows     string
	version   string // of the API
	pg        bool
}

const twoFlows = "  - {object: Account, fields: [Name, Phone, Site]}\n" +
	"  - {object: Contact, fields: [LastName, Email]}\n"

// newSite is a healthy one.
func newSite(t *testing.T, pg bool) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir(), flows: twoFlows, pg: pg, url: "duckdb:w.duckdb"}
	if pg {
		s.url = cluster.Database(t)
	}
	var err error
	s.org, err = fakeorg.New(fakeorg.Options{Seed: 1,
		Clock: fakeorg.FollowClock(time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC), time.Now)})
	s.must(err)
	s.must(s.org.GenerateCounts(map[string]int{"Account": 5, "Contact": 5}, 1))
	server := httptest.NewServer(s.org)
	t.Cleanup(server.Close)
	c := s.org.Credentials()
	s.env = map[string]string{"ORG": server.URL, "ID": c.ClientID, "SECRET": c.ClientSecret, "SALT": "salt"}
	return s
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// sql does statements in the warehouse.
func (s *site) sql(text string) {
	s.t.Helper()
	driver, source := "pgx", s.url
	if !s.pg {
		driver, source = "duckdb", filepath.Join(s.dir, "w.duckdb")+"?autoinstall_known_extensions=false"
	}
	db, err := stdsql.Open(driver, source)
	s.must(err)
	defer db.Close()
	_, err = db.Exec(text)
	s.must(err)
}

// A trouble is what a command says of something that it refuses.
type trouble struct{ Class, Hint, Text string }

// A line is what check and run print, as far as it is about troubles.
type line struct {
	Type, State, Class, Hint, Detail, Error, Object string
}

// do runs a command of this program, and gives its lines and its exit code.
func (s *site) do(args ...string) ([]line, int) {
	s.t.Helper()
	config := filepath.Join(s.dir, "catchment.yaml")
	pin := ""
	if s.version != "" {
		pin = "  api_version: \"" + s.version + "\"\n"
	}
	s.must(os.WriteFile(config, []byte("version: 1\norg:\n  url: "+s.env["ORG"]+
		"\n"+pin+
		"  login: {flow: client_credentials, client_id: env:ID, client_secret: env:SECRET}\n"+
		"warehouse:\n  url: "+s.url+"\n"+s.warehouse+s.rest+"flows:\n"+s.flows), 0o600))
	account := cloud.New()
	var out, talk bytes.Buffer
	code := cli.Main(s.t.Context(), cli.Program{
		World: project.World{
			Version: "test", Getenv: func(name string) string { return s.env[name] }, ReadFile: os.ReadFile,
			Now: time.Now, Random: rand.Reader, Exec: execute,
			HTTP:    &http.Client{Transport: transport(new(dns.Patience))},
			Secrets: account.Secrets(), Drivers: drivers(account),
		},
		Args: append(args, "--config", config, "--json"), Stdout: &out, Stderr: &talk,
	})
	var lines []line
	for text := range strings.Lines(out.String()) {
		var l line
		s.must(json.Unmarshal([]byte(text), &l))
		lines = append(lines, l)
	}
	return lines, code
}

// check gives what check finds, and its exit code.
func (s *site) check() ([]trouble, int) {
	s.t.Helper()
	lines, code := s.do("check")
	var all []trouble
	for _, l := range lines {
		switch {
		case l.Type == "check" && l.State == "fail":
			all = append(all, trouble{l.Class, l.Hint, l.Detail})
		case l.Type == "error":
			all = append(all, trouble{l.Class, l.Hint, l.Error})
		}
	}
	return sorted(all), code
}

// run gives what a run refuses, and which flows it has done.
func (s *site) run() (all []trouble, done []string) {
	s.t.Helper()
	lines, _ := s.do("run")
	for _, l := range lines {
		switch {
		case l.Error != "":
			all = append(all, trouble{l.Class, l.Hint, l.Error})
		case l.Type == "object" && l.State == "done":
			done = append(done, l.Object)
		}
	}
	return sorted(all), done
}

func sorted(all []trouble) []trouble {
	slices.SortFunc(all, func(a, b trouble) int { return strings.Compare(a.Text, b.Text) })
	return all
}

// A refusal is a world in which a run refuses something before its first byte.
type refusal struct {
	name   string
	only   string // "duckdb" or "postgres"; "" for both
	first  bool   // a run has been there before
	spoil  func(s *site)
	want   string // in what is said
	passes string // the flow that a run does all the same, "" where it does none
	asked  bool   // Salesforce refuses it: its words quote the query, which isn't the same
}

const (
	makeAccount = "CREATE SCHEMA IF NOT EXISTS salesforce; CREATE SCHEMA IF NOT EXISTS salesforce_incremental; "
	loseKey     = "CREATE TABLE salesforce.copy AS SELECT * FROM salesforce.account; " +
		"DROP TABLE salesforce.account; ALTER TABLE salesforce.copy RENAME TO account; "
)

// refusals are all that a run refuses before its first byte, in the order in which it
// looks.
func refusals() []refusal {
	return slices.Concat(refusedWhole(), refusedRights(), refusedFlows(), refusedTables())
}

func refusedWhole() []refusal {
	env := func(name, value string) func(*site) { return func(s *site) { s.env[name] = value } }
	url := func(url string) func(*site) { return func(s *site) { s.url, s.pg = url, false } }
	return []refusal{
		{name: "no such driver", only: "duckdb", spoil: url("lake:x"), want: "no driver for lake"},
		{name: "no such control driver", only: "duckdb", want: "no driver for nosql",
			spoil: func(s *site) { s.rest = "control: {url: \"nosql:x\"}\n" }},
		{name: "no such stage driver", only: "duckdb", spoil: func(s *site) { s.rest = "stage: {url: \"ftp:x\"}\n" },
			want: "no driver for ftp"},
		{name: "no folder for the control table", only: "duckdb",
			spoil: func(s *site) { s.rest = "control: {url: \"sqlite:no/such/c.db\"}\n" }, want: "no/such"},
		{name: "no secret", only: "duckdb", spoil: env("SECRET", ""), want: "SECRET"},
		{name: "a wrong secret", only: "duckdb", spoil: env("SECRET", "wrong"), want: "log in"},
		{name: "no folder for the warehouse", only: "duckdb", spoil: url("duckdb:no/such/w.duckdb"), want: "no/such"},
		{name: "no roles there", only: "duckdb", spoil: func(s *site) { s.warehouse = "  grant_to: [readers]\n" },
			want: "duckdb has no roles"},
		{name: "no such database", only: "postgres", spoil: func(s *site) { s.url += "_gone" }, want: "does not exist"},
		{name: "a newer version's tables", first: true,
			spoil: func(s *site) { s.sql("INSERT INTO salesforce_incremental._catchment_version VALUES (99)") },
			want:  "the warehouse is of version 99"},
		{name: "another org's schemas", first: true, spoil: func(s *site) {
			s.sql("UPDATE salesforce_incremental._catchment_flow SET org = '00D000000000009AAA'")
		}, want: "the warehouse holds a copy of org 00D000000000009AAA"},
		{name: "LATIN1", only: "postgres", spoil: encoded("LATIN1"), want: "the database keeps its texts in LATIN1"},
		{name: "SQL_ASCII", only: "postgres", spoil: encoded("SQL_ASCII"),
			want: "the database keeps its texts in SQL_ASCII"},
	}
}

// encoded is a database with another encoding.
func encoded(encoding string) func(*site) {
	return func(s *site) {
		name := "check_" + strings.ToLower(encoding)
		s.sql("CREATE DATABASE " + name + " ENCODING '" + encoding +
			"' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
		s.url = s.url[:strings.LastIndex(s.url, "/")+1] + name
		url := s.url
		s.t.Cleanup(func() { s.must(cluster.Drop(context.Background(), url)) })
	}
}

// as has another user copy, who has what rights gives it: %s is that user.
func as(user, rights string) func(*site) {
	return func(s *site) {
		s.sql("CREATE ROLE " + user + " LOGIN; " + strings.ReplaceAll(rights, "%s", user))
		admin := *s
		s.t.Cleanup(func() { admin.sql("DROP OWNED BY " + user + " CASCADE; DROP ROLE " + user) })
		s.url = strings.Replace(s.url, "postgres@", user+"@", 1)
	}
}

// change has the next run read an Account.
func (s *site) change() {
	s.t.Helper()
	_, err := s.org.Record("Account", map[string]string{"Name": "one more"})
	s.must(err)
	s.org.Clock().Advance(time.Hour)
}

func refusedRights() []refusal {
	const schemas = "CREATE SCHEMA IF NOT EXISTS salesforce; CREATE SCHEMA IF NOT EXISTS salesforce_incremental; " +
		"GRANT USAGE, CREATE ON SCHEMA salesforce, salesforce_incremental TO %s; "
	const writes = schemas + "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " +
		"salesforce, salesforce_incremental TO %s; "
	return []refusal{
		{name: "no rights", only: "postgres", spoil: as("check_nothing", ""), want: "permission denied for database"},
		{name: "may not enter", only: "postgres", first: true, spoil: as("check_outside", ""),
			want: "permission denied"},
		{name: "may only read", only: "postgres", first: true,
			spoil: as("check_reads",
				schemas+"GRANT SELECT ON ALL TABLES IN SCHEMA salesforce, salesforce_incremental TO %s"),
			want: "this user may not write table salesforce_incremental._catchment_flow"},
		{name: "no such role", only: "postgres",
			spoil: func(s *site) { s.warehouse = "  grant_to: [nobody_there]\n" }, want: "nobody_there"},
		{name: "no such role, later", only: "postgres", first: true,
			spoil: func(s *site) { s.warehouse = "  grant_to: [nobody_there]\n" }, want: "nobody_there"},
		{name: "somebody's staging table", only: "postgres", first: true, passes: "Contact",
			spoil: func(s *site) {
				as("check_staging", writes+"ALTER TABLE salesforce_incremental.contact OWNER TO %s")(s)
				s.change() // a run that has nothing to write doesn't touch the table
			},
			want: "table salesforce_incremental.account belongs to another user"},
		{name: "somebody's table in the way", only: "postgres", passes: "Contact",
			spoil: as("check_way", schemas+"CREATE TABLE salesforce.account (id text)"),
			want:  "table salesforce.account is there already, and this user has no right to it"},
		{name: "a stranger's view", only: "postgres", passes: "Contact", first: true,
			spoil: func(s *site) {
				s.sql("ALTER TABLE salesforce.account RENAME TO behind; " +
					"CREATE VIEW salesforce.account AS SELECT * FROM salesforce.behind; " +
					"ALTER VIEW salesforce.account OWNER TO pg_monitor")
			},
			want: "table salesforce.account belongs to pg_monitor"},
		{name: "an index in the way", only: "postgres", passes: "Contact",
			spoil: func(s *site) {
				s.sql(makeAccount + "CREATE TABLE salesforce.t (id text); CREATE INDEX account ON salesforce.t (id)")
			},
			want: "salesforce.account is in the way"},
	}
}

func refusedFlows() []refusal {
	account := func(more string) func(*site) {
		return func(s *site) {
			s.flows = "  - {object: Contact, fields: [LastName]}\n" +
				"  - object: Account\n    fields: [Name, Phone]\n    " + more + "\n"
		}
	}
	return []refusal{
		{name: "no such object", only: "duckdb", want: "Acount",
			spoil: func(s *site) { s.flows = "  - object: Acount\n" }},
		{name: "no such field", only: "duckdb", passes: "Contact", spoil: func(s *site) {
			s.flows = "  - {object: Account, fields: [Nmae]}\n  - object: Contact\n"
		}, want: "Nmae"},
		{name: "a rename that clashes", passes: "Contact", spoil: account("rename: {Name: phone}"),
			want: "fields Name and Phone would share the column phone"},
		{name: "a rename to a column of every table", only: "postgres", passes: "Contact",
			spoil: account("rename: {Name: ctid}"), want: "field Name can't have the column ctid"},
		{name: "a rename to a column of every table, there", only: "duckdb", passes: "Contact",
			spoil: account("rename: {Name: rowid}"), want: "field Name can't have the column rowid"},
		{name: "no salt", only: "duckdb", passes: "Contact",
			spoil: account("mask: {Phone: sha256}\n    salt: env:NO_SALT"), want: "NO_SALT"},
		{name: "a where that Salesforce refuses", only: "duckdb", passes: "Contact", asked: true,
			spoil: account("where: Nothing__c = 1"), want: "No such column 'Nothing__c' on entity 'Account'"},
		{name: "two objects of one table", only: "duckdb", spoil: func(s *site) {
			s.must(s.org.AddObject("FooBar__c", "a0P", fakeorg.Field{Name: "A__c", Type: "string", Length: 10}))
			s.must(s.org.AddObject("Foo_Bar__c", "a0Q", fakeorg.Field{Name: "A__c", Type: "string", Length: 10}))
			s.flows = "  - {object: FooBar__c, naming: snake}\n  - {object: Foo_Bar__c, naming: snake}\n" + twoFlows
		}, want: "FooBar__c and Foo_Bar__c would share the table foo_bar__c"},
		{name: "an object that is gone", only: "duckdb", first: true, passes: "Contact",
			spoil: func(s *site) { s.must(s.org.HideObject("Account")) }, want: "Account"},
	}
}

func refusedTables() []refusal {
	sql := func(text string) func(*site) { return func(s *site) { s.sql(text) } }
	return []refusal{
		{name: "a foreign table", passes: "Contact",
			spoil: sql(makeAccount + "CREATE TABLE salesforce.account (id text)"),
			want:  "table account was not made by Catchment"},
		{name: "a foreign view", passes: "Contact",
			spoil: sql(makeAccount + "CREATE VIEW salesforce.account AS SELECT 'x' AS id"),
			want:  "table account was not made by Catchment"},
		{name: "a foreign staging table", passes: "Contact",
			spoil: sql(makeAccount + "CREATE TABLE salesforce_incremental.account (id text)"),
			want:  "table salesforce_incremental.account was not made by Catchment"},
		{name: "a table that was dropped", first: true, passes: "Contact", spoil: sql("DROP TABLE salesforce.account"),
			want: "table account was dropped"},
		{name: "a table that was emptied", first: true, passes: "Contact", spoil: sql("DELETE FROM salesforce.account"),
			want: "table account was emptied"},
		{name: "a table that was restored", first: true, passes: "Contact",
			spoil: sql("UPDATE salesforce.account SET _catchment_synced_at = _catchment_synced_at - INTERVAL '1 day'"),
			want:  "table account was restored"},
		{name: "a record with two rows", first: true, passes: "Contact",
			spoil: sql(loseKey +
				"INSERT INTO salesforce.account SELECT * FROM salesforce.account"),
			want: "account"},
		{name: "a table that another flow has", passes: "Contact", first: true,
			spoil: sql("UPDATE salesforce_incremental._catchment_flow SET table_name = 'elsewhere' " +
				"WHERE flow = 'Account'"),
			want: "the flow has written table elsewhere"},
	}
}

// alike tells whether check and a run say the same. A run puts before it what it was
// doing.
func (r refusal) alike(found, refused trouble) bool {
	if found.Class != refused.Class || found.Hint != refused.Hint {
		return false
	}
	if r.asked {
		return strings.Contains(found.Text, r.want)
	}
	return strings.HasSuffix(refused.Text, found.Text)
}

// Whatever a run refuses before its first byte, check finds before: in the same words,
// with the same class and the same hint, and nothing else. One flow stops no other.
func TestCheckIsWhatRunDoes(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"duckdb", "postgres"} {
		for _, r := range refusals() {
			if r.only != "" && r.only != in {
				continue
			}
			t.Run(in+"/"+r.name, func(t *testing.T) {
				s := newSite(t, in == "postgres")
				if r.first {
					if all, _ := s.run(); len(all) > 0 {
						t.Fatalf("the first run: %+v", all)
					}
				}
				r.spoil(s)
				found, code := s.check()
				refused, done := s.run()
				if len(refused) == 0 || !strings.Contains(refused[0].Text, r.want) {
					t.Errorf("the run refused %+v, want %s", refused, r.want)
				}
				if !slices.EqualFunc(found, refused, r.alike) {
					t.Errorf("check found\n%+v\nand the run\n%+v", found, refused)
				}
				if len(refused) == 0 {
					return
				}
				if want := map[string]int{"fix": 2, "retry": 3, "wait": 3}[refused[0].Class]; code != want {
					t.Errorf("check ended with code %d, want %d", code, want)
				}
				if slices.Contains(done, r.passes) != (r.passes != "") || r.passes == "" && len(done) > 0 {
					t.Errorf("done were %q, want %q", done, r.passes)
				}
			})
		}
	}
}

// A healthy world is unusual, and a run takes it.
type healthy struct {
	name  string
	only  string // "duckdb" or "postgres"; "" for both
	first bool   // a run has been there before
	make  func(s *site)
	done  []string // by the run
}

func healthyWorlds() []healthy {
	both := []string{"Account", "Contact"}
	sql := func(text string) func(*site) { return func(s *site) { s.sql(text) } }
	flows := func(text string) func(*site) { return func(s *site) { s.flows = text } }
	const schemas = "CREATE SCHEMA IF NOT EXISTS salesforce; CREATE SCHEMA IF NOT EXISTS salesforce_incremental; " +
		"GRANT USAGE, CREATE ON SCHEMA salesforce, salesforce_incremental TO %s; "
	const all = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " +
		"salesforce, salesforce_incremental TO %s; "
	roles := func(names ...string) func(*site) {
		return func(s *site) {
			for _, name := range names {
				if name != "public" {
					s.sql("CREATE ROLE " + name)
					s.t.Cleanup(func() { s.sql("DROP OWNED BY " + name + "; DROP ROLE " + name) })
				}
			}
			s.warehouse = "  grant_to: [" + strings.Join(names, ", ") + "]\n"
		}
	}
	return []healthy{
		{name: "empty", make: func(*site) {}, done: both},
		{name: "copied before", first: true, make: (*site).change, done: both},
		{name: "snake and a rename", first: true, done: []string{"Account"},
			make: flows("  - {object: Account, fields: [Name, Phone], naming: snake, rename: {Phone: called_at}}\n")},
		{name: "a rename there and back", done: []string{"Account"}, make: func(s *site) {
			s.flows = "  - {object: Account, fields: [Name, Phone], rename: {Phone: called_at}}\n"
			s.run()
			s.flows = "  - {object: Account, fields: [Name, Phone]}\n"
		}},
		{name: "no staging table", first: true, make: sql("DROP TABLE salesforce_incremental.account"), done: both},
		{name: "no primary key", first: true, done: both,
			make: sql(loseKey)},
		{name: "a column of somebody", first: true, done: both,
			make: sql("ALTER TABLE salesforce.account ADD COLUMN mine INTEGER")},
		{name: "a view on a table", first: true, done: both,
			make: sql("CREATE VIEW salesforce.mine AS SELECT name FROM salesforce.account")},
		{name: "a table of somebody that is no flow's", done: both,
			make: sql(makeAccount + "CREATE TABLE salesforce.lead (id text)")},
		{name: "a field that is hidden", first: true, done: []string{"Account"}, make: func(s *site) {
			s.flows = "  - {object: Account, exclude: [Site]}\n"
			s.must(s.org.HideField("Account", "Phone"))
		}},
		{name: "a field of another type", first: true, done: both, make: func(s *site) {
			s.must(s.org.RetypeField("Account", fakeorg.Field{Name: "Site", Type: "double", Precision: 18, Scale: 2}))
		}},
		{name: "tables of an older version", first: true, done: both,
			make: sql("ALTER TABLE salesforce_incremental._catchment_flow DROP COLUMN memory; " +
				"ALTER TABLE salesforce_incremental._catchment_flow DROP COLUMN deletes_told; " +
				"DROP TABLE salesforce._catchment_files; DROP TABLE salesforce._catchment_archive; " +
				"DELETE FROM salesforce_incremental._catchment_version WHERE version >= 6")},
		{name: "paused, with a foreign table", done: []string{"Contact"}, make: func(s *site) {
			s.sql(makeAccount + "CREATE TABLE salesforce.account (id text)")
			s.flows = "  - {object: Account, paused: true}\n  - object: Contact\n"
		}},
		{name: "paused, and clashing", done: []string{"Contact"},
			make: flows("  - {object: Account, fields: [Name, Phone], rename: {Name: phone}, paused: true}\n" +
				"  - object: Contact\n")},
		{name: "paused, and gone", first: true, done: []string{"Contact"}, make: func(s *site) {
			s.do("pause", "Account")
			s.must(s.org.HideObject("Account"))
		}},
		{name: "an object that demands a filter", only: "duckdb", make: func(s *site) {
			s.must(s.org.AddStandard("ContentDocumentLink"))
			s.flows = "  - object: ContentDocumentLink\n"
		}, done: []string{"ContentDocumentLink"}},
		{name: "roles that are there", only: "postgres", make: roles("check_role", "public"), done: both},
		{name: "roles that come later", only: "postgres", first: true, make: roles("check_later"), done: both},
		{name: "a user who may make no schema", only: "postgres", make: as("check_guest", schemas), done: both},
		{name: "a user who owns nothing but staging", only: "postgres", first: true, done: both, make: func(s *site) {
			as("check_writer", schemas+all+"ALTER TABLE salesforce_incremental.account OWNER TO %s; "+
				"ALTER TABLE salesforce_incremental.contact OWNER TO %s")(s)
			s.change()
		}},
	}
}

// What a run takes, check takes.
func TestCheckRefusesNothingThatRunTakes(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"duckdb", "postgres"} {
		for _, h := range healthyWorlds() {
			if h.only != "" && h.only != in {
				continue
			}
			t.Run(in+"/"+h.name, func(t *testing.T) {
				s := newSite(t, in == "postgres")
				if h.first {
					if all, _ := s.run(); len(all) > 0 {
						t.Fatalf("the first run: %+v", all)
					}
				}
				h.make(s)
				if found, code := s.check(); len(found) > 0 || code != 0 {
					t.Errorf("check found %+v, code %d", found, code)
				}
				refused, done := s.run()
				if len(refused) > 0 || !slices.Equal(done, h.done) {
					t.Errorf("the run did %q, want %q, and refused %+v", done, h.done, refused)
				}
			})
		}
	}
}

// An API version that the org doesn't serve: check and run name the one to take, and how
// to write it down.
func TestVersionThatTheOrgLacks(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	s.version = "99.0"
	found, _ := s.check()
	refused, _ := s.run()
	if len(found) != 1 || len(refused) != 1 || found[0].Class != refused[0].Class || found[0].Hint != refused[0].Hint ||
		!strings.Contains(refused[0].Text, found[0].Text) ||
		!strings.Contains(found[0].Text, "doesn't serve API version 99.0: it has 31.0 to ") ||
		!strings.Contains(found[0].Hint, "`catchment init --api-version 6") {
		t.Errorf("check found %+v, the run refused %+v", found, refused)
	}
}
