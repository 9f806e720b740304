package redshift

import (
	"slices"
	"strings"
	"testing"
)

func TestLexer(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		sql  string
		want []string
	}{
		{`select 'a;b', "c;""D", $$e;'$$, $x$f$$;$x$ ; ;select 2`, []string{`select 'a;b', "c;""d", $$e;'$$, $x$f$$;$x$`, `select 2`}},
		{"select 1 -- no; comment\n, /* a /* nested */ ; */ 2", []string{"select 1 , 2"}},
		{`select 'it''s', 'it\'s', E'\\', 1.5e-3, .5, 1..3, $12, a::int, x$1`, []string{`select 'it''s', 'it\'s', E'\\', 1.5e-3, .5, 1..3, $12, a::int, x$1`}},
		{`create table #t (n int)`, []string{`create table #t (n int)`}},
		{" \n;; -- nothing", nil},
	} {
		all, err := split(one.sql)
		if err != nil {
			t.Errorf("%s: %v", one.sql, err)
		}
		var got []string
		for _, s := range all {
			got = append(got, s.String())
		}
		if !slices.Equal(got, one.want) {
			t.Errorf("%s: got %q, want %q", one.sql, got, one.want)
		}
	}
	for _, sql := range []string{`select 'a`, `select "a`, `select $$a`, `select $x$a$$`, `select /* a`, `select ""`} {
		if all, err := split(sql); err == nil {
			t.Errorf("%s: got %q", sql, all)
		}
	}
	if got := tokens(`'a\'b''c\\d\n'`)[0].value(); got != "a'b'c\\d\n" {
		t.Errorf("got %q", got)
	}
	if got := tokens(`$q$a'b\$q$`)[0].value(); got != `a'b\` {
		t.Errorf("got %q", got)
	}
}

func TestQualifyRewrites(t *testing.T) {
	t.Parallel()
	for _, one := range []struct{ sql, want string }{
		{`select a, x.b, c d from t x qualify row_number() over (partition by a order by b) = 1 order by a`,
			`SELECT q."a", q."b", q."d" FROM (SELECT a AS "a", x.b AS "b", c AS "d", (row_number() over (partition by a order by b) = 1) AS qualified from t x) q WHERE q.qualified order by a`},
		{`insert into u select * from (select t.*, rank() over (order by a) as r from t where a > 1 qualify r < 3) v`,
			`insert into u select * from (SELECT (q."row of t").*, q."r" FROM (SELECT t AS "row of t", rank() over (order by a) AS "r", (( rank() over (order by a)) < 3) AS qualified from t where a > 1) q WHERE q.qualified) v`},
	} {
		all, err := split(one.sql)
		if err != nil {
			t.Fatal(err)
		}
		got, err := qualify(all[0])
		if err != nil || got.String() != one.want {
			t.Errorf("got %v\n%s\nwant\n%s", err, got, one.want)
		}
	}
}

// Whatever comes in, the parsers end, and what they take they can write again.
func FuzzTranslate(f *testing.F) {
	for _, k := range kinds() {
		f.Add(strings.Join(k.words, " "))
	}
	f.Add(`copy t (a) from 's3://b/k' iam_role default csv quote as '"' ignoreheader 1`)
	f.Add(`create table t (a varchar(10) encode zstd distkey, primary key (a)) compound sortkey (a)`)
	f.Add(`select *, a.* from t a join (select 1) b on true qualify row_number() over (order by nvl(x, 1)) = 1`)
	f.Add(`create procedure p(a int) as $$ declare i int := 0; begin loop exit when i > 1; i := i + 1; end loop; end $$ language plpgsql`)
	f.Add(`merge into t using s on t.a = s.a when matched then delete when not matched then insert values (s.a)`)
	f.Fuzz(func(t *testing.T, sql string) {
		all, err := split(sql)
		if err != nil {
			return
		}
		for _, s := range all {
			again, err := split(s.String())
			if err != nil || len(again) != 1 || again[0].String() != s.String() {
				t.Fatalf("%q became %q: %v", s.String(), again, err)
			}
			if _, err := translate(s); err != nil && lost(err) {
				t.Fatalf("%q: not an error of the wire: %v", sql, err)
			}
		}
	})
}
