package reading

import (
	"testing"

	"catchment/internal/control"
	"catchment/internal/warehouse/evidence"
)

func TestJudgeDoubles(t *testing.T) {
	t.Parallel()
	alike := evidence.Repeats{Rows: 2, Keys: []string{"1", "2"}}
	seen := &control.Doubles{Job: "j1", Rows: 2, Keys: []string{"1", "2"}}
	with := func(change func(*evidence.Repeats)) evidence.Repeats {
		r := alike
		change(&r)
		return r
	}
	for name, test := range map[string]struct {
		found  evidence.Repeats
		extra  int64
		before *control.Doubles
		want   Doubling
	}{
		"the first job":     {alike, 2, nil, ReadAnew},
		"the same again":    {alike, 2, &control.Doubles{Job: "j2", Rows: 2, Keys: []string{"1", "2"}}, ReadAnew},
		"the second":        {alike, 2, seen, OneEach},
		"other keys":        {alike, 2, &control.Doubles{Job: "j1", Rows: 2, Keys: []string{"1", "3"}}, ReadAnew},
		"more rows":         {alike, 2, &control.Doubles{Job: "j1", Rows: 1, Keys: []string{"1", "2"}}, ReadAnew},
		"rows without keys": {alike, 3, seen, ReadAnew},
		"over two pages":    {with(func(r *evidence.Repeats) { r.Apart = 1 }), 2, seen, ReadAnew},
		"differing":         {with(func(r *evidence.Repeats) { r.Differing = 1 }), 2, seen, Refused},
		"differing, once":   {with(func(r *evidence.Repeats) { r.Differing = 1 }), 2, nil, ReadAnew},
	} {
		if got := JudgeDoubles(test.found, test.extra, "j2", test.before); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
