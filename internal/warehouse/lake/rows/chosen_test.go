package rows_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/apache/iceberg-go"

	"catchment/internal/warehouse/lake/rows"
)

// TestChosen finds the rows of which an expression holds, in files of which it holds of all rows, of none, and of some.
func TestChosen(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.file([]string{"a", "a"}, 1)
	l.file([]string{"b", "b", "b"}, 10)
	l.file([]string{"a", "b", "c"}, 20)
	l.file([]string{"c"}, 30)
	l.kill(map[string][]int64{l.file([]string{"b", "b"}, 40).FilePath(): {0}})
	id, n := iceberg.Reference("id"), iceberg.Reference("n")
	for _, c := range []struct {
		name  string
		where iceberg.BooleanExpression
		want  string
	}{
		{"a text", iceberg.EqualTo(id, "b"), "[b=10 b=11 b=12 b=21 b=41]"},
		{"some texts", iceberg.IsIn(id, "a", "c"), "[a=1 a=2 a=20 c=22 c=30]"},
		{"other texts", iceberg.NotIn(id, "b", "c"), "[a=1 a=2 a=20]"},
		{"a number, too", iceberg.NewAnd(iceberg.EqualTo(id, "b"), iceberg.GreaterThan(n, int64(11))),
			"[b=12 b=21 b=41]"},
		{"no text", iceberg.EqualTo(id, "bb"), "[]"},
	} {
		for _, key := range []string{"id", "n"} { // what rows are chosen by is their key, or is read for that alone
			got := l.read(rows.Query{Key: []string{key}, Where: c.where})
			slices.Sort(got)
			if key == "id" && fmt.Sprint(got) != c.want || len(got) != len(l.read(rows.Query{Where: c.where})) {
				t.Errorf("%s, by %s: %v", c.name, key, got)
			}
		}
	}
}
