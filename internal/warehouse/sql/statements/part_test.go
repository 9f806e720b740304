package statements

import (
	"reflect"
	"testing"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
)

func TestParts(t *testing.T) {
	m := warehouse.Merge{Attempt: "a", AbsentReason: "purged"}
	ledger := []Entry{
		{Job: "j1", Op: warehouse.Delete, Columns: []string{"id"}, Rows: 8},
		{Job: "j0", Op: warehouse.Seen, Columns: []string{"id"}, Rows: 9, Reason: "hidden", ReadAt: time.Unix(7, 0)},
		{Job: "j6", Op: warehouse.Patch, Columns: []string{"id", "fax"}, Rows: 1},
		{Job: "j2", Op: warehouse.Put, Columns: []string{"id", "name"}, Rows: 3},
		{Job: "j3", Op: warehouse.Put, Columns: []string{"name", "id"}, Rows: 4},
		{Job: "j4", Op: warehouse.Put, Columns: []string{"id"}},
		{Job: "j2", Op: warehouse.Put, Columns: []string{"id", "name"}},
		// a patch that was read later is merged later
		{Job: "j5", Op: warehouse.Patch, Columns: []string{"id", "fax"}, Rows: 2},
		{Job: "j6", Op: warehouse.Patch, Columns: []string{"id", "fax"}, Rows: 1},
		{Job: "j7", Op: warehouse.Put, Columns: []string{"id"}, Override: true},
		{Job: "j8", Op: warehouse.Delete, Columns: []string{"id"}, Rows: 1, Reason: "archived"},
	}
	want := []Part{
		{Op: warehouse.Put, columns: []string{"id", "name"}, Jobs: []string{"j2", "j3"}, Rows: 7, Reason: "purged",
			again: true},
		{Op: warehouse.Put, columns: []string{"id"}, Jobs: []string{"j4"}, Reason: "purged", again: true},
		{Op: warehouse.Put, columns: []string{"id"}, Jobs: []string{"j7"}, Reason: "purged", override: true},
		{Op: warehouse.Patch, columns: []string{"id", "fax"}, Jobs: []string{"j6"}, Rows: 2, Reason: "purged"},
		{Op: warehouse.Patch, columns: []string{"id", "fax"}, Jobs: []string{"j5"}, Rows: 2, Reason: "purged"},
		{Op: warehouse.Delete, columns: []string{"id"}, Jobs: []string{"j1"}, Rows: 8, Reason: "purged"},
		{Op: warehouse.Delete, columns: []string{"id"}, Jobs: []string{"j8"}, Rows: 1, Reason: "archived"},
		{Op: warehouse.Seen, columns: []string{"id"}, Jobs: []string{"j0"}, Rows: 9, Reason: "hidden",
			readAt: time.Unix(7, 0)},
	}
	if got := Parts(m, ledger); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	m.Override = true
	for _, p := range Parts(m, ledger) {
		if p.override == (p.Op == warehouse.Seen) {
			t.Errorf("in a rebuild: %+v", p)
		}
	}
}

func TestSpare(t *testing.T) {
	table := shape.Table{Object: "Account", Key: []string{"id"},
		Columns: []shape.Column{{Name: "isdeleted", Field: "IsDeleted", Kind: shape.Bool}}}
	d := &dialect.Dialect{Types: []dialect.ColumnType{{Kind: shape.Text, Name: "TEXT"}}}
	s := &Merge{Tables: Tables{Dialect: d, Table: table, Options: warehouse.Options{Schema: "sf"}},
		Of: warehouse.Merge{Table: table}}
	p := Part{columns: []string{"isdeleted"}}
	all := []gone.Traits{{Reason: "a", Kept: true}, {Reason: "b"}, {Reason: "c", Approved: true},
		{Reason: "d", Kept: true}}
	const begins, went, ends = "\n\tAND NOT (coalesce(v.\"isdeleted\", false) AND (",
		"coalesce(f.\"_catchment_delete_reason\" IN ('a', 'd'), false) OR ",
		"CAST(v.\"id\" AS TEXT) IN (SELECT record_id FROM \"sf\".\"_catchment_archive\" a WHERE " +
			"a.object = 'Account' AND a.state = 'posted')))"
	if got := s.spare(p, literalsOf(all, kept)); got != begins+went+ends {
		t.Errorf("got %s", got)
	}
	if got := literalsOf(all, special); got != "'a', 'c', 'd'" {
		t.Errorf("got %s", got)
	}
	if got := s.spare(p, literalsOf(all[1:3], kept)); got != begins+ends {
		t.Errorf("got %s", got)
	}
	if got := s.spare(Part{columns: []string{"id"}}, "'a'"); got != "" {
		t.Errorf("where no version tells that its record is deleted: %s", got)
	}
}

func TestWhole(t *testing.T) {
	table := shape.Table{Retired: []string{"fax"}}
	for _, test := range []struct {
		rows    []string
		carried []string
		want    bool
	}{
		{[]string{"id", "name"}, []string{"name", "id", "more"}, true},
		{[]string{"id", "name"}, []string{"id"}, false}, // the name would be lost
		{[]string{"id", "fax"}, []string{"id"}, true},   // nobody wants it
		{[]string{"id", "_catchment_overflow"}, []string{"id"}, false},
	} {
		m := &Merge{Of: warehouse.Merge{Table: table}, Columns: test.rows}
		if got := (Part{columns: test.carried}).Whole(m); got != test.want {
			t.Errorf("%v in rows of %v: %v", test.carried, test.rows, got)
		}
	}
}
