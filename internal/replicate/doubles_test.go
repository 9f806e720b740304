package replicate_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/rig"
)

// twice lets every job hold a record of an object twice.
func twice(r *rig.Rig, id string) {
	r.Org.Fault(fakeorg.Rule{Method: http.MethodPost, Path: "/jobs/query", Twice: id})
	r.Org.Fault(fakeorg.Rule{Path: "/queryAll?", Twice: id})
}

// A record that an object has twice, alike, is one row: a second job says the same,
// and the run goes on with a note.
func TestRecordsAlikeAreOne(t *testing.T) {
	t.Parallel()
	for _, in := range []struct {
		mover     flow.Mover
		warehouse string
	}{{flow.Bulk, "duckdb"}, {flow.REST, "duckdb"}, {flow.Bulk, "postgres"}} {
		t.Run(string(in.mover)+" into "+in.warehouse, func(t *testing.T) {
			t.Parallel()
			r := rig.Small(t, "Contact", 20)
			r.Flows[0].Mover, r.Shelf = in.mover, shelfOf(t, in.warehouse)
			id := r.IDs("Contact")[4]
			twice(r, id)
			row := r.Run(nil)
			o := row.Objects[0]
			if row.State != control.Done {
				t.Fatalf("%+v", o)
			}
			const said = "1 record came more than once, alike in all fields, and is one row each: "
			if got := strings.Join(o.Notes, "\n"); strings.Count(got, "was given up") != 1 ||
				strings.Count(got, said+id) != 1 {
				t.Errorf("notes %q", o.Notes)
			}
			if n := len(r.Table("Contact")); n != 20 {
				t.Errorf("%d rows", n)
			}
			r.Org.ClearFaults()
			r.Same()
			r.Agrees()
			twice(r, id)
			r.Agrees()
			r.Set(id, "Title", "changed")
			r.Later(time.Minute)
			r.Done(nil)
			r.Org.ClearFaults()
			r.Same()
			r.NothingLeft()
		})
	}
}

// Records that have one key and differ are refused by name, by the second job, and
// are read anew once that is mended.
func TestRecordsThatDifferAreRefused(t *testing.T) {
	t.Parallel()
	for _, warehouse := range []string{"duckdb", "postgres"} {
		t.Run(warehouse, func(t *testing.T) {
			t.Parallel()
			r := rig.Small(t, "Contact", 20)
			r.Shelf = shelfOf(t, warehouse)
			recordsThatDiffer(t, r)
		})
	}
}

func recordsThatDiffer(t *testing.T, r *rig.Rig) {
	t.Helper()
	id := r.IDs("Contact")[4]
	r.Set(id, "Title", "one of two")
	r.Later(time.Minute)
	twice(r, id)
	r.SpoilPages("one of two", "the other one")
	row := r.Run(nil)
	o := row.Objects[0]
	if row.State != control.Failed || !strings.Contains(o.Error, id) || !strings.Contains(o.Hint, "exclude") ||
		strings.Contains(o.Error, "of two") || strings.Count(strings.Join(o.Notes, "\n"), "was given up") != 1 {
		t.Errorf("%+v", o)
	}
	r.Org.ClearFaults()
	r.Between(nil)
	r.Later(time.Minute)
	r.Done(nil)
	r.Same()
	r.NothingLeft()
}
