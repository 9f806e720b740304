package replicate_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/redshiftdata"
	"github.com/aws/aws-sdk-go-v2/service/redshiftdata/types"
	"github.com/jackc/pgx/v5"

	"catchment/internal/flow"
	"catchment/internal/rig"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/sql"
)

// data is a client of the Data API.
func data(t *testing.T, s rig.Shelf) *redshiftdata.Client {
	t.Helper()
	c, err := s.Config()
	if err != nil {
		t.Fatal(err)
	}
	return redshiftdata.NewFromConfig(c)
}

// calls are all CALLs that the Data API was sent, the newest first.
func calls(t *testing.T, s rig.Shelf) []types.StatementData {
	t.Helper()
	var all []types.StatementData
	for p := redshiftdata.NewListStatementsPaginator(data(t, s),
		&redshiftdata.ListStatementsInput{}); p.HasMorePages(); {
		page, err := p.NextPage(context.Background())
		if err != nil {
			t.Error(err)
			return nil
		}
		for _, q := range page.Statements {
			if strings.HasPrefix(*q.QueryString, "CALL ") {
				all = append(all, q)
			}
		}
	}
	return all
}

// A listener is a driver that hears when somebody asks how far a statement is.
type listener struct {
	sql.Driver
	on   sql.Background
	asks func(id string)
}

func (d listener) Detach(ctx context.Context, token, sql string) (string, error) {
	return d.on.Detach(ctx, token, sql)
}

func (d listener) Ended(ctx context.Context, id string, patience time.Duration) (bool, error) {
	d.asks(id)
	return d.on.Ended(ctx, id, patience)
}

// asked lets f hear when a process asks how far a merge is. However slow the
// machine is, a process waits until the merge has ended.
func asked(r *rig.Rig, f func(id string)) {
	r.Begun = func(p *rig.Process) {
		p.Options.MergeWait = time.Hour
		p.Driver = listener{p.Driver, p.Driver.(sql.Background), f}
		p.Warehouse = sql.New(p.Driver,
			warehouse.Options{Schema: "salesforce", Staging: "salesforce_incremental", Now: r.Now})
	}
}

// typed does SQL in a session of its own, outside of any transaction.
func typed(t *testing.T, s rig.Shelf, sql string) {
	conn, err := pgx.Connect(context.Background(), s.Redshift.URL())
	if err == nil {
		_, err = conn.Exec(context.Background(), sql)
		err = errors.Join(err, conn.Close(context.Background()))
	}
	if err != nil {
		t.Error(err)
	}
}

// locked holds a lock on a table until the function that it returns is called:
// whoever merges into it has to wait.
func locked(t *testing.T, s rig.Shelf, table string) (release func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.Redshift.URL())
	if err == nil {
		_, err = conn.Exec(t.Context(), "BEGIN; LOCK TABLE "+table)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

// A rig whose warehouse is reached by the Data API, after a first run.
func newDetached(t *testing.T) *machines {
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Account": 12}, nil), "Account")
	r.Keeps("Account", "Name", "Industry")
	r.Flows[0].Mover = flow.Bulk
	r.Shelf = shelfOf(t, "redshift-data")
	c := machinesOf(r)
	if err := c.execute(nil); err != nil {
		t.Fatal(err)
	}
	if got := calls(t, r.Shelf); len(got) != 1 || got[0].Status != types.StatusStringFinished {
		t.Fatalf("CALLs of the first run: %v", got)
	}
	c.change()
	return c
}

// A function that is killed while it waits for a merge leaves the statement
// going: the next call finds its id in the control table and waits for it. None
// is begun twice, where the merge takes longer than the lives of three functions
// that asked for it.
func TestMergeOutlivesItsFunction(t *testing.T) {
	t.Parallel()
	c := newDetached(t)
	var release, kill func()
	lives := 0
	c.begun = func(function string, end func(killed bool)) {
		kill = func() {}
		if function != "consolidate" {
			return
		}
		if lives++; lives == 1 {
			release = locked(t, c.Shelf, "salesforce.account")
		}
		if lives > 3 {
			release()
			return
		}
		kill = func() { end(true) }
	}
	asked(c.Rig, func(string) { kill() })
	if err := c.execute(nil); err != nil {
		t.Fatal(err)
	}
	if got := calls(t, c.Shelf); len(got) != 2 || got[0].Status != types.StatusStringFinished || lives != 4 {
		t.Errorf("CALLs after %d lives: %v", lives, got)
	}
	c.Agrees()
}

// A merge that came to nothing, such as one that somebody has cancelled, is
// begun again, as another statement.
func TestMergeIsCancelled(t *testing.T) {
	t.Parallel()
	c := newDetached(t)
	var release func()
	tries := 0
	c.begun = func(function string, _ func(bool)) {
		if function != "consolidate" {
			return
		}
		if tries++; tries == 1 {
			release = locked(t, c.Shelf, "salesforce.account")
		}
	}
	asked(c.Rig, func(id string) {
		if tries == 1 {
			cancelled(t, c.Shelf, id)
			release()
		}
	})
	if err := c.execute(nil); err != nil {
		t.Fatal(err)
	}
	if got := calls(t, c.Shelf); len(got) != 3 || got[1].Status != types.StatusStringAborted ||
		got[0].Status != types.StatusStringFinished || tries != 2 {
		t.Errorf("CALLs in %d tries: %v", tries, got)
	}
	c.Agrees()
}

// cancelled cancels a statement, and waits until it has ended: the answer to
// CancelStatement comes before that.
func cancelled(t *testing.T, s rig.Shelf, id string) {
	api, ctx := data(t, s), context.Background()
	if _, err := api.CancelStatement(ctx, &redshiftdata.CancelStatementInput{Id: &id}); err != nil {
		t.Error(err)
		return
	}
	for {
		d, err := api.DescribeStatement(ctx, &redshiftdata.DescribeStatementInput{Id: &id})
		if err != nil || d.Status == types.StatusStringFinished || d.Status == types.StatusStringFailed {
			t.Error(d, err)
			return
		}
		if d.Status == types.StatusStringAborted {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}
