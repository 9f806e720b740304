package control_test

import (
	"crypto/rand"
	"testing"

	"catchment/internal/control"
	"catchment/internal/control/versioned"
	"catchment/internal/plan"
)

// schemaRow is the row that says by which version a table was last written.
func schemaRow(t *testing.T, table versioned.Table, text string) versioned.Row {
	t.Helper()
	row, err := table.Get(t.Context(), versioned.Key{Kind: "meta", ID: "schema"})
	if err != nil {
		row = versioned.Row{Key: versioned.Key{Kind: "meta", ID: "schema"}}
	}
	row.Data = []byte(text)
	if row, err = table.Put(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	return row
}

// Who only reads a table that an older version has written leaves it as it is, and can read it;
// one that a newer version has written is refused, and so is whatever would write.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	table := openTable(t)
	c := &clock{t: start}
	old := schemaRow(t, table, `{"version":1}`)
	flow := versioned.Row{Key: versioned.Key{Kind: "flow", ID: "Account"}}
	flow.Data = []byte(`{"object":"Account","rows":12}`)
	if _, err := table.Put(t.Context(), flow); err != nil {
		t.Fatal(err)
	}
	ctl, err := control.New(t.Context(), versioned.ReadOnly{Table: table}, c.now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	flows, err := ctl.Flows(t.Context())
	if err != nil || len(flows) != 1 || flows[0].Rows != 12 {
		t.Errorf("%+v, %v", flows, err)
	}
	if now, err := table.Get(t.Context(), old.Key); err != nil || now.Version != old.Version {
		t.Errorf("who read it migrated it: %+v, %v", now, err)
	}
	if _, err := ctl.SaveFlow(t.Context(), flows[0]); plan.ClassOf(err) != plan.Bug {
		t.Errorf("who reads writes: %v", err)
	}
	schemaRow(t, table, `{"version":99}`)
	_, err = control.New(t.Context(), versioned.ReadOnly{Table: table}, c.now, rand.Reader)
	if plan.ClassOf(err) != plan.Fix {
		t.Errorf("a table of a newer version: %v", err)
	}
}
