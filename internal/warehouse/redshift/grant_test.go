package redshift_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
)

// A role that comes into grant_to later reads what is there already, and one that
// isn't there is refused, before anything is granted and when it is.
func TestGrantLater(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	admin, err := pgx.Connect(t.Context(), s.database)
	must(t, err)
	_, err = admin.Exec(t.Context(), "CREATE ROLE rs_first; CREATE ROLE rs_later")
	must(t, err)
	t.Cleanup(func() { // roles belong to the cluster, not to the database
		ctx := context.Background()
		_, err := admin.Exec(ctx, "DROP OWNED BY rs_first, rs_later; DROP ROLE rs_first, rs_later")
		must(t, err)
		must(t, admin.Close(ctx))
	})
	for name, d := range map[string]sql.Driver{"wire": s.wire(""), "data": s.data("")} {
		with := func(roles ...string) warehouse.Warehouse {
			return sql.New(d, warehouse.Options{Schema: name, Staging: name + "_incremental", Now: time.Now,
				GrantTo: roles})
		}
		reads := func(role string) bool {
			t.Helper()
			var may bool
			must(t, admin.QueryRow(t.Context(), "SELECT has_table_privilege($1, $2, 'SELECT')", role,
				name+".account").Scan(&may))
			return may
		}
		first := with("rs_first")
		must(t, first.Migrate(t.Context()))
		must(t, first.Grant(t.Context(), false))
		f := warehouse.Fence{Flow: "Account", Number: 1}
		_, err := first.Claim(t.Context(), f, "account", "00D000000000001AAA")
		must(t, err)
		account := shape.Table{Object: "Account", Name: "account", Key: []string{"id"}, Columns: []shape.Column{
			{Name: "id", Field: "Id", Kind: shape.Text},
			{Name: "systemmodstamp", Field: "SystemModstamp", Kind: shape.Timestamp}}}
		must(t, first.Admits(t.Context(), account))
		_, err = first.Prepare(t.Context(), f, account)
		must(t, err)
		later := with("rs_first", "rs_later")
		must(t, later.Grant(t.Context(), true))
		if !reads("rs_first") || reads("rs_later") {
			t.Errorf("%s: a new table is not granted, or a look grants one", name)
		}
		must(t, later.Grant(t.Context(), false))
		if !reads("rs_later") {
			t.Errorf("%s: the role that came later reads nothing", name)
		}
		_, err = admin.Exec(t.Context(), "REVOKE SELECT ON "+name+".account FROM rs_later")
		must(t, err)
		must(t, later.Grant(t.Context(), false))
		if reads("rs_later") {
			t.Errorf("%s: a right that somebody took away is given again", name)
		}
		for _, dry := range []bool{true, false} {
			err := with("nobody_there").Grant(t.Context(), dry)
			if plan.ClassOf(err) != plan.Fix || !strings.Contains(plan.HintOf(err), "grant_to") {
				t.Errorf("%s: a role that isn't there: %v", name, err)
			}
		}
	}
}
