package redshift

import (
	"strings"
	"testing"

	"catchment/internal/fakeaws/redshift/lex"
)

// Whatever comes in, the parsers end, and what they take they can write again.
func FuzzRead(f *testing.F) {
	for _, k := range ownKinds() {
		f.Add(strings.Join(k.words, " "))
	}
	f.Add(`copy t (a) from 's3://b/k' iam_role default csv quote as '"' ignoreheader 1`)
	f.Add(`create table t (a varchar(10) encode zstd distkey, primary key (a)) compound sortkey (a)`)
	f.Add(`select *, a.* from t a join (select 1) b on true qualify row_number() over (order by nvl(x, 1)) = 1`)
	f.Add(
		`create procedure p(a int) as $$ declare i int := 0; begin loop exit when i > 1; i := i + 1; end loop; end $$ language plpgsql`)
	f.Add(`merge into t using s on t.a = s.a when matched then delete when not matched then insert values (s.a)`)
	f.Fuzz(func(t *testing.T, sql string) {
		all, err := lex.Split(sql)
		if err != nil {
			return
		}
		for _, s := range all {
			again, err := lex.Split(s.String())
			if err != nil || len(again) != 1 || again[0].String() != s.String() {
				t.Fatalf("%q became %q: %v", s.String(), again, err)
			}
			if _, err := read(s); err != nil && lost(err) {
				t.Fatalf("%q: not an error of the wire: %v", sql, err)
			}
		}
	})
}
