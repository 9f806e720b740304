package redshift_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const role = `iam_role 'arn:aws:iam::0123456789012:role/MyRedshiftRole'`

func TestCopy(t *testing.T) {
	t.Parallel()
	page := "\"Id\",\"Name\",\"Amount\",\"At\",\"Gone\"\n" +
		"\"001\",\"Zoë \"\"Z\"\"\n2nd line, and more\",\"12.345\",\"2026-01-02T03:04:05.678Z\",\"true\"\n" +
		"\"002\",\"\",\"\",\"\",\"false\"\r\n" +
		"003,   ,-1,2026-01-02T03:04:05.000+0000,0"
	objects := store{
		"stage/a.csv.gz": zipped(t, page),
		"stage/b.csv.gz": zipped(t, page),
	}
	objects["stage/two.manifest"] = fmt.Appendf(nil, `{"entries": [
		{"url": "s3://stage/a.csv.gz", "mandatory": true, "meta": {"content_length": %d}},
		{"url": "s3://stage/b.csv.gz", "mandatory": true},
		{"url": "s3://stage/none.csv.gz", "mandatory": false}]}`, len(objects["stage/a.csv.gz"]))
	conn := dial(t, start(t, objects))
	exec(t, conn,
		`create table t (id varchar(18), name varchar(100), amount decimal(10,2), at timestamptz, gone boolean, extra int default 7)`)
	tag := exec(t, conn, `copy t (id, name, amount, at, gone) from 's3://stage/a.csv.gz' `+role+
		` format as csv gzip ignoreheader 1
		emptyasnull blanksasnull dateformat 'auto' timeformat 'auto' compupdate off statupdate off region as 'eu-west-1'`)
	if tag.String() != "COPY" {
		t.Errorf("the tag is %q: Redshift gives no count there", tag)
	}
	same(t, table(t, conn,
		`select id, name is null, amount::varchar, to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.MS'), gone, extra from t order by id`),
		"001 false 12.34 2026-01-02T03:04:05.678 true 7", "002 true <nil> <nil> false 7",
		"003 true -1.00 2026-01-02T03:04:05.000 false 7")
	same(t, table(t, conn, `select name from t where id = '001'`), "Zoë \"Z\"\n2nd line, and more")
	same(t, table(t, conn, `select pg_last_copy_count(), pg_last_copy_id() > 0`), "3 true")
	exec(t, conn, `copy t (id, name, amount, at, gone) from 's3://stage/two.manifest' `+role+
		` manifest csv gzip ignoreheader as 1 timeformat as 'auto' roundec`)
	same(t, table(t, conn,
		`select pg_last_copy_count(), (select count(*) from t where name = '') + 0, (select max(amount)::varchar from t)`), "6 2 12.35")
	exec(t, conn, `truncate t`)
	exec(t, conn, `begin; copy t (id, name, amount, at, gone) from 's3://stage/two.manifest' `+role+
		` manifest csv gzip ignoreheader as 1 timeformat as 'auto'; rollback`)
	same(t, table(t, conn, `select count(*) from t`), "0")
}

func TestCopyWithoutManifest(t *testing.T) {
	t.Parallel()
	conn := dial(t, start(t, store{"stage/x/1": []byte("1|a\n2|b\n"), "stage/x/2": []byte("3|c"),
		"stage/y/1": []byte("9|z\n")}))
	exec(t, conn, `create table t (n int, v char(1))`)
	exec(t, conn,
		`copy t from 's3://stage/x/' credentials 'aws_iam_role=arn:aws:iam::0123456789012:role/MyRedshiftRole'`)
	same(t, table(t, conn, `select n, v from t order by n`), "1 a", "2 b", "3 c")
	fails(t, conn, `copy t from 's3://stage/none' `+role, "XX000", "The specified S3 prefix 'none' does not exist")
	fails(t, conn, `copy t from 's3://stage/x/'`, "XX000", "credentials")
	fails(t, conn, `copy t from 's3://stage/x/' `+role+` escape`, "0A000", "stand-in")
	fails(t, conn, `copy t from 's3://stage/x/' `+role+` sideways`, "42601", "sideways")
}

func TestCopyFailures(t *testing.T) {
	t.Parallel()
	var notices []string
	objects := store{}
	s := start(t, objects)
	c, err := pgx.ParseConfig(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	c.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { notices = append(notices, n.Severity+" "+n.Message) }
	conn, err := pgx.ConnectConfig(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	exec(t, conn, `create table t (n int, v varchar(4), d date, at timestamp, b boolean, x decimal(5,2), s super)`)
	good := `1,a,2026-01-02,2026-01-02 03:04:05,t,1.5,"{""a"": [1, 2]}"`
	for _, one := range []struct {
		line, column, reason string
		code                 int
	}{
		{good + ",1", "", "Extra column(s) found", 1202},
		{"1,a", "v", "Delimiter not found", 1214},
		{"x" + good, "n", "Invalid digit, Value 'x', Pos 0, Type: Integer", 1207},
		{strings.Replace(good, "a", "äöü", 1), "v", "String length exceeds DDL length", 1204},
		{strings.Replace(good, "a", "\xff", 1), "v", "String contains invalid or unsupported UTF8", 1220},
		{strings.Replace(good, "a", "\x00", 1), "", "Unexpected character 0x0", 1216},
		{strings.Replace(good, "a", `"a"b`, 1), "", "Invalid quote formatting for CSV", 1216},
		{strings.Replace(good, "2026-01-02,", "02.01.26,", 1), "d", "Invalid Date Format", 1205},
		{strings.Replace(good, " 03", "T03", 1), "at", "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]",
			1206},
		{strings.Replace(good, ",t,", ",maybe,", 1), "b", "Unknown boolean format", 1210},
		{strings.Replace(good, "1.5", "1234.5", 1), "x", "Overflow for NUMERIC(5,2)", 1207},
		{strings.Replace(good, "1.5", "1.5E1", 1), "x", "Invalid digit, Value 'E', Pos 3, Type: Decimal", 1207},
		{strings.Replace(good, "[1, 2]", "[1, 2", 1), "s", "Json syntax error", 1224},
	} {
		objects["stage/bad.csv"] = []byte(good + "\n" + one.line + "\n" + good + "\n")
		fails(t, conn, `copy t from 's3://stage/bad.csv' `+role+` csv`, "XX000",
			"Load into table 't' failed.  Check 'stl_load_errors' system table for details.")
		got := table(t, conn,
			`select line_number, trim(colname), err_code, trim(err_reason) from stl_load_errors order by query desc limit 1`)
		if want := fmt.Sprintf("2 %s %d", one.column, one.code); len(got) != 1 || !strings.HasPrefix(got[0], want) ||
			!strings.Contains(got[0], one.reason) {
			t.Errorf("%q: got %q, want %s %s", one.line, got, want, one.reason)
		}
	}
	same(t, table(t, conn, `select count(*) from t`), "0")
	exec(t, conn, `copy t from 's3://stage/bad.csv' `+role+` csv maxerror 1`)
	same(t, table(t, conn, `select count(*), pg_last_copy_count() from t`), "2 2")
	if want := "INFO Load into table 't' completed, 2 record(s) loaded successfully."; len(notices) < 2 ||
		notices[len(notices)-2] != want {
		t.Errorf("got %q", notices)
	}
	objects["stage/long.csv"] = []byte(strings.Replace(good, "a", "äöü", 1))
	exec(t, conn, `copy t from 's3://stage/long.csv' `+role+` csv truncatecolumns`)
	objects["stage/bytes.csv"] = []byte(strings.Replace(good, "a", "\xff\xfe", 1))
	exec(t, conn, `copy t from 's3://stage/bytes.csv' `+role+` csv acceptinvchars as '^'`)
	same(t, table(t, conn, `select v from t where v <> 'a' order by octet_length(v)`), "^^", "äö")
}

func TestManifestFailures(t *testing.T) {
	t.Parallel()
	objects := store{"stage/a": []byte("1\n")}
	conn := dial(t, start(t, objects))
	exec(t, conn, `create table t (n int)`)
	for _, one := range []struct{ manifest, want string }{
		{"", "The specified key does not exist"},
		{"{", "json format"},
		{`{"entries": []}`, "No files"},
		{`{"entries": [{"url": "file:///a"}]}`, "Invalid URL"},
		{`{"entries": [{"url": "s3://stage/a"}, {"url": "s3://stage/b", "mandatory": true}]}`,
			"Mandatory url is not present in manifest file."},
		{`{"entries": [{"url": "s3://stage/b"}]}`, "does not exist"},
		{`{"entries": [{"url": "s3://stage/a", "meta": {"content_length": 3}}]}`, "the manifest says 3"},
	} {
		delete(objects, "stage/m")
		if one.manifest != "" {
			objects["stage/m"] = []byte(one.manifest)
		}
		fails(t, conn, `copy t from 's3://stage/m' `+role+` csv manifest`, "XX000", one.want)
	}
	same(t, table(t, conn, `select count(*) from t`), "0")
	exec(t, conn, `insert into t values (1)`)
}
