package replicate_test

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"testing"

	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/rig"
)

// Whatever brings the records, in however many pages, into whichever warehouse,
// and however often it dies on the way: the tables are the same.
func TestMetamorphic(t *testing.T) {
	t.Parallel()
	const seed = 11
	type tables map[string]map[string]rig.Row
	var first tables
	for _, v := range []struct {
		name  string
		in    string
		mover flow.Mover
		pages int // records in one
		dies  bool
		slow  bool // queries that find more than a few records take too long
	}{
		{"REST into DuckDB", "duckdb", flow.REST, 7, false, false},
		{"Bulk into DuckDB", "duckdb", flow.Bulk, 7, false, false},
		{"Bulk into PostgreSQL", "postgres", flow.Bulk, 7, false, false},
		{"REST into PostgreSQL", "postgres", flow.REST, 7, false, false},
		{"all in one page", "duckdb", flow.Bulk, 1000, false, false},
		{"a page for each record", "postgres", flow.Bulk, 1, false, false},
		{"killed in every run", "duckdb", flow.Auto, 7, true, false},
		{"in ranges of Ids", "duckdb", flow.Bulk, 7, false, true},
		{"in ranges of Ids, into PostgreSQL", "postgres", flow.REST, 7, false, true},
		{"AppFlow into PostgreSQL", "postgres", flow.ByAppFlow, 7, false, false},
		{"AppFlow into Redshift", "redshift", flow.ByAppFlow, 7, false, false},
	} {
		t.Run(v.name, func(t *testing.T) {
			l := newLife(t, seed, shelfOf(t, v.in), &tallied{}, v.pages)
			for i := range l.Flows {
				l.Flows[i].Mover, l.Flows[i].Deletes = v.mover, flow.Flag
			}
			if v.mover == flow.ByAppFlow {
				l.Begun = newCloud(t, l.Rig, nil).with
			}
			if v.slow {
				l.Begun = func(p *rig.Process) { p.Options.FewRecords = 1 }
			}
			run := func() {
				if v.slow {
					l.Org.Fault(fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", TimeOutOver: 6})
					l.Org.Fault(fakeorg.Rule{Path: "/queryAll?q=SELECT+Id", TimeOutOver: 6})
				}
				l.Done(rig.AllowDeletes)
				l.Org.ClearFaults()
			}
			for n := range 5 {
				l.happen()
				if v.dies {
					p := l.begins(&rig.Fate{At: 30 + 9*n})
					if p.Control != nil {
						p.Run()
					}
					p.Close()
				}
				run()
			}
			l.settle()
			run()
			run()
			got := tables{}
			for _, fl := range l.Flows {
				got[fl.Object] = l.Table(fl.Object)
			}
			if len(got[thing]) < 10 {
				t.Fatalf("only %d rows", len(got[thing]))
			}
			if first == nil {
				first = got
			}
			for object, rows := range first {
				for _, id := range slices.Sorted(maps.Keys(rows)) {
					if !reflect.DeepEqual(rows[id], got[object][id]) {
						t.Errorf("%s %s is\n%q, by REST into DuckDB\n%q", object, id, got[object][id], rows[id])
					}
				}
				if len(got[object]) != len(rows) {
					t.Errorf("%s has %d rows, by REST into DuckDB %d", object, len(got[object]), len(rows))
				}
			}
		})
	}
}
