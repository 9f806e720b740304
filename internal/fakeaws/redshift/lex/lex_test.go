package lex

import (
	"slices"
	"testing"
)

func TestLexer(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		sql  string
		want []string
	}{
		{`select 'a;b', "c;""D", $$e;'$$, $x$f$$;$x$ ; ;select 2`,
			[]string{`select 'a;b', "c;""d", $$e;'$$, $x$f$$;$x$`, `select 2`}},
		{"select 1 -- no; comment\n, /* a /* nested */ ; */ 2", []string{"select 1 , 2"}},
		{`select 'it''s', 'it\'s', E'\\', 1.5e-3, .5, 1..3, $12, a::int, x$1`,
			[]string{`select 'it''s', 'it\'s', E'\\', 1.5e-3, .5, 1..3, $12, a::int, x$1`}},
		{`create table #t (n int)`, []string{`create table #t (n int)`}},
		{" \n;; -- nothing", nil},
	} {
		all, err := Split(one.sql)
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
		if all, err := Split(sql); err == nil {
			t.Errorf("%s: got %q", sql, all)
		}
	}
	if got := Tokens(`'a\'b''c\\d\n'`)[0].Value(); got != "a'b'c\\d\n" {
		t.Errorf("got %q", got)
	}
	if got := Tokens(`$q$a'b\$q$`)[0].Value(); got != `a'b\` {
		t.Errorf("got %q", got)
	}
}
