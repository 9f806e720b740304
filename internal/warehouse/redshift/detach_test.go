package redshift_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
)

// A consolidation goes on while nobody waits for it: the same token is the same
// statement, whoever asks, and another process finds it by its id.
func TestDetach(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	one, two := s.desk(s.data("")).prepared(), s.desk(s.data(""))
	b := batch("a", "one", "two")
	one.load(b)
	conn, err := pgx.Connect(t.Context(), s.server.URL())
	must(t, err)
	_, err = conn.Exec(t.Context(), "BEGIN; LOCK TABLE salesforce.account")
	must(t, err)
	p := warehouse.Procedure{Table: account(), Policy: gone.Flag}
	id, err := warehouse.RolesOf(one.w).Detacher.Begin(t.Context(), one.f, p, "a 0")
	must(t, err)
	again, err := warehouse.RolesOf(two.w).Detacher.Begin(t.Context(), two.f, p, "a 0")
	if err != nil || again != id || id == "" {
		t.Fatalf("%q, then %q, %v", id, again, err)
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if ended, err := warehouse.RolesOf(one.w).Detacher.Ended(short, id, time.Minute); ended || err == nil {
		t.Errorf("while somebody has the lock: %t, %v", ended, err)
	}
	if ended, err := warehouse.RolesOf(two.w).Detacher.Ended(t.Context(), id, time.Millisecond); ended || err != nil {
		t.Errorf("while somebody has the lock: %t, %v", ended, err)
	}
	must(t, conn.Close(t.Context()))
	if ended, err := warehouse.RolesOf(two.w).Detacher.Ended(t.Context(), id, time.Minute); !ended || err != nil {
		t.Fatalf("%t, %v", ended, err)
	}
	if done, err := two.w.Consolidated(t.Context(), b.Attempt); !done || err != nil {
		t.Errorf("%t, %v", done, err)
	}
	c, err := two.w.Consolidate(t.Context(), two.f, merge(b))
	if want := (warehouse.Counts{Staged: 2, Inserted: 2, Rows: 2}); err != nil || c != want {
		t.Errorf("%+v, %v", c, err)
	}
	if ended, err := warehouse.RolesOf(two.w).Detacher.Ended(t.Context(), "11111111-2222-3333-4444-555555555555",
		time.Minute); !ended ||
		err != nil {
		t.Errorf("of a statement that nobody knows: %t, %v", ended, err)
	}
}

// What ends a statement is told with its class; a run that lost its lease begins
// none; and what the Data API has no room for is merged in the old way.
func TestDetachFails(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := s.desk(s.data("")).prepared()
	b := batch("a", "one", "two")
	d.load(b)
	p := warehouse.Procedure{Table: account(), Policy: gone.Flag}
	must(t, s.typed("DROP TABLE salesforce_incremental._catchment_log"))
	id, err := warehouse.RolesOf(d.w).Detacher.Begin(t.Context(), d.f, p, "a 0")
	must(t, err)
	if ended, err := warehouse.RolesOf(d.w).Detacher.Ended(t.Context(), id, time.Minute); !ended ||
		plan.ClassOf(err) != plan.Bug {
		t.Errorf("%t, %v", ended, err)
	}
	old := d.f
	old.Number = 0
	if id, err := warehouse.RolesOf(d.w).Detacher.Begin(t.Context(), old, p, "a 1"); err == nil {
		t.Errorf("an old run has begun %s", id)
	}
	for i := range 900 {
		p.Table.Columns = append(p.Table.Columns,
			shape.Column{Name: fmt.Sprintf("field_%d__c", i), Field: fmt.Sprintf("Field_%d__c", i),
				Kind: shape.Text, Length: 40})
	}
	if id, err := warehouse.RolesOf(d.w).Detacher.Begin(t.Context(), d.f, p, "a 2"); id != "" || err != nil {
		t.Errorf("of a wide table: %q, %v", id, err)
	}
	wire := s.desk(s.wire(""))
	if warehouse.RolesOf(wire.w).Detacher != nil {
		t.Error("the wire goes on by itself")
	}
}
