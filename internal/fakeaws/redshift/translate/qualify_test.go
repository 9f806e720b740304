package translate

import (
	"testing"

	"catchment/internal/fakeaws/redshift/lex"
)

func TestQualifyRewrites(t *testing.T) {
	t.Parallel()
	for _, one := range []struct{ sql, want string }{
		{`select a, x.b, c d from t x qualify row_number() over (partition by a order by b) = 1 order by a`,
			`SELECT q."a", q."b", q."d" FROM (SELECT a AS "a", x.b AS "b", c AS "d", (row_number() over (partition by a order by b) = 1) AS qualified from t x) q WHERE q.qualified order by a`},
		{`insert into u select * from (select t.*, rank() over (order by a) as r from t where a > 1 qualify r < 3) v`,
			`insert into u select * from (SELECT (q."row of t").*, q."r" FROM (SELECT t AS "row of t", rank() over (order by a) AS "r", (( rank() over (order by a)) < 3) AS qualified from t where a > 1) q WHERE q.qualified) v`},
	} {
		all, err := lex.Split(one.sql)
		if err != nil {
			t.Fatal(err)
		}
		got, err := qualify(all[0])
		if err != nil || got.String() != one.want {
			t.Errorf("got %v\n%s\nwant\n%s", err, got, one.want)
		}
	}
}
