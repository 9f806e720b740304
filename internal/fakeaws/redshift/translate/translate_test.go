package translate

import (
	"errors"
	"strings"
	"testing"

	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
)

// Whatever comes in, the readers end, and what they take they can write again.
func FuzzStatement(f *testing.F) {
	for _, k := range kinds() {
		f.Add(strings.Join(k.words, " "))
	}
	f.Add(`create table t (a varchar(10) encode zstd distkey, primary key (a)) compound sortkey (a)`)
	f.Add(`select *, a.* from t a join (select 1) b on true qualify row_number() over (order by nvl(x, 1)) = 1`)
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
			err = Check(s)
			if err == nil {
				_, err = Statement(s)
			}
			var refused *failure.Error
			if err != nil && !errors.As(err, &refused) {
				t.Fatalf("%q: not an error of the wire: %v", sql, err)
			}
		}
	})
}
