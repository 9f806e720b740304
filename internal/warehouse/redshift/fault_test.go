package redshift_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
)

const org = "00D000000000001AAA"

func account() shape.Table {
	return shape.Table{Object: "Account", Name: "account", Key: []string{"id"}, Columns: []shape.Column{
		{Name: "id", Field: "Id", Kind: shape.Text, Length: 18},
		{Name: "systemmodstamp", Field: "SystemModstamp", Kind: shape.Timestamp},
		{Name: "name", Field: "Name", Kind: shape.Text, Length: 32000}}}
}

// A desk is a warehouse with one table, seen through one driver.
type desk struct {
	*site
	w warehouse.Warehouse
	f warehouse.Fence

	pauses int // before transactions that were tried again
}

func (s *site) desk(d sql.Driver) *desk {
	out := &desk{site: s, f: warehouse.Fence{Flow: "Account", Number: 1}}
	pause := func(context.Context, time.Duration) error {
		out.pauses++
		return nil
	}
	out.w = sql.New(d, warehouse.Options{Schema: "salesforce", Staging: "salesforce_incremental",
		Now: time.Now, Pause: pause})
	return out
}

// prepared makes the table as well.
func (d *desk) prepared() *desk {
	d.t.Helper()
	ctx := context.Background()
	must(d.t, d.w.Migrate(ctx))
	_, err := d.w.Claim(ctx, d.f, "account", org)
	must(d.t, err)
	_, err = d.w.Prepare(ctx, d.f, account())
	must(d.t, err)
	return d
}

// batch is a page of an attempt with one record for each name.
func batch(attempt string, names ...string) warehouse.Batch {
	var b bytes.Buffer
	b.WriteString("Id,SystemModstamp,Name\n")
	for i, name := range names {
		fmt.Fprintf(&b, "%d,2026-01-01T00:00:0%d.000Z,\"%s\"\n", i, len(attempt)%10,
			strings.ReplaceAll(name, `"`, `""`))
	}
	return warehouse.Batch{Table: account(), Attempt: attempt, Job: "j", ReadAt: time.Unix(int64(len(attempt)), 0),
		Pages: []warehouse.Page{{
			Key: "run/" + attempt + ".csv", Digest: attempt, Seq: 1, Header: []string{"Id", "SystemModstamp", "Name"},
			Rows: int64(len(names)),
			Open: func(context.Context) (io.ReadCloser, error) {
				return io.NopCloser(bytes.NewReader(b.Bytes())), nil
			}}}}
}

func merge(b warehouse.Batch) warehouse.Merge {
	return warehouse.Merge{Table: account(), Attempt: b.Attempt, Policy: gone.Flag, Pages: 1,
		Rows: b.Pages[0].Rows}
}

// ask asks the stand-in by a connection of its own.
func (s *site) ask(into any, sql string) {
	s.t.Helper()
	conn, err := pgx.Connect(context.Background(), s.server.URL())
	must(s.t, err)
	defer conn.Close(context.Background())
	must(s.t, conn.QueryRow(context.Background(), sql).Scan(into))
}

// finish does the rest of an attempt: each key has one row then.
func (d *desk) finish(b warehouse.Batch) {
	d.t.Helper()
	n, err := d.w.Load(context.Background(), d.f, b)
	must(d.t, err)
	if n != b.Pages[0].Rows {
		d.t.Errorf("the ledger has %d rows of %d", n, b.Pages[0].Rows)
	}
	c, err := d.w.Consolidate(context.Background(), d.f, merge(b))
	must(d.t, err)
	var rows, keys, left int64
	d.ask(&rows, "SELECT count(*) FROM salesforce.account")
	d.ask(&keys, "SELECT count(DISTINCT id) FROM salesforce.account")
	d.ask(&left, "SELECT count(*) FROM salesforce_incremental.account")
	if rows != keys || rows != b.Pages[0].Rows || c.Rows != rows || left != 0 {
		d.t.Errorf("%d rows of %d keys, the counts say %+v, %d are left in staging", rows, keys, c, left)
	}
	if left := d.bucket.Keys(); len(left) > 0 {
		d.t.Errorf("in S3 are left: %v", left)
	}
}

func failsAs(t *testing.T, err error, class plan.Class, words string) {
	t.Helper()
	if err == nil || plan.ClassOf(err) != class || !strings.Contains(err.Error()+" "+plan.HintOf(err), words) {
		t.Errorf("%v (%s; %s)", err, plan.ClassOf(err), plan.HintOf(err))
	}
}

// both runs a test over the wire and through the Data API.
func both(t *testing.T, test func(t *testing.T, s *site, open func(string) sql.Driver)) {
	t.Run("wire", func(t *testing.T) { t.Parallel(); s := newSite(t); test(t, s, s.wire) })
	t.Run("data", func(t *testing.T) { t.Parallel(); s := newSite(t); test(t, s, s.data) })
}

func TestPaused(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *site, open func(string) sql.Driver) {
		d := s.desk(open("")).prepared()
		s.server.Faults().Pause()
		s.server.CutConnections()
		_, err := d.w.Load(t.Context(), d.f, batch("a", "one"))
		for range 3 { // the wire first notices that its old sessions are gone
			if err != nil && strings.Contains(plan.HintOf(err), "resume-cluster") {
				break
			}
			_, err = d.w.Load(t.Context(), d.f, batch("a", "one"))
		}
		if err == nil || !strings.Contains(plan.HintOf(err), "resume-cluster") {
			t.Errorf("%v (%s)", err, plan.HintOf(err))
		}
		s.server.Faults().Resume()
		d.finish(batch("a", "one", "two"))
	})
}

// The answer to a COMMIT is lost, of the load and of the consolidation: what
// was committed is found again, and nothing is done twice.
func TestAnswerToCommitLost(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := s.desk(s.wire("")).prepared()
	b := batch("a", "one", "two")
	for _, step := range []func() error{
		func() error { _, err := d.w.Load(t.Context(), d.f, b); return err },
		func() error { _, err := d.w.Consolidate(t.Context(), d.f, merge(b)); return err },
	} {
		for _, cut := range []func(int){s.server.Faults().CutBeforeCommit, s.server.Faults().CutAfterCommit} {
			_, _, err := d.w.Mark(t.Context(), d.f.Flow) // and so there is a session
			must(t, err)
			cut(2) // behind the look at which tables there are
			failsAs(t, step(), plan.Retry, "lost")
		}
	}
	c, err := d.w.Consolidate(t.Context(), d.f, merge(b))
	must(t, err)
	if want := (warehouse.Counts{Staged: 2, Inserted: 2, Rows: 2}); c != want {
		t.Errorf("got %+v", c)
	}
	d.finish(batch("bb", "uno", "due"))
}

// Error 1023 at the COMMIT undoes a transaction, which is tried again.
func TestConflict(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *site, open func(string) sql.Driver) {
		driver := open("")
		d := s.desk(driver).prepared()
		s.server.Faults().RefuseCommit(1)
		err := driver.Tx(t.Context(), func(tx sql.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO salesforce.account (id) VALUES ('undone')")
			return err
		})
		failsAs(t, err, plan.Retry, "another transaction was in the way")
		if !errors.Is(err, sql.ErrConflict) {
			t.Errorf("%v is no conflict", err)
		}
		var rows int
		s.ask(&rows, "SELECT count(*) FROM salesforce.account")
		if rows != 0 {
			t.Errorf("%d rows of a transaction that was undone", rows)
		}
		b := batch("a", "one", "two")
		s.server.Faults().RefuseCommit(2)
		_, err = d.w.Load(t.Context(), d.f, b)
		must(t, err)
		s.server.Faults().RefuseCommit(2)
		c, err := d.w.Consolidate(t.Context(), d.f, merge(b))
		must(t, err)
		if want := (warehouse.Counts{Staged: 2, Inserted: 2, Rows: 2}); c != want || d.pauses != 2 {
			t.Errorf("got %+v after %d pauses", c, d.pauses)
		}
		d.finish(b)
	})
}

// A few calls that are refused are asked again by the SDK; many are told.
func TestThrottled(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := s.desk(s.data("")).prepared()
	s.server.Faults().Throttle(2)
	d.finish(batch("a", "one"))
	s.server.Faults().Throttle(1000)
	_, err := d.w.Load(t.Context(), d.f, batch("bb", "one"))
	failsAs(t, err, plan.Retry, "fewer")
	s.server.Faults().Throttle(0)
	d.finish(batch("bb", "one", "two"))
}

// Two processes load and consolidate the same at once, as a step that is
// repeated while its first call still runs: there is one row for each key.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *site, open func(string) sql.Driver) {
		one := s.desk(open("")).prepared()
		two := s.desk(open(""))
		b := batch("a", "one", "two", "three")
		together := func(step func(d *desk) error) {
			t.Helper()
			errs := make(chan error)
			for _, d := range []*desk{one, two} {
				go func() { errs <- step(d) }()
			}
			for range 2 { // an overtaken one is done again
				if err := <-errs; err != nil && plan.ClassOf(err) != plan.Retry {
					t.Error(err)
				}
			}
		}
		together(func(d *desk) error { _, err := d.w.Load(context.Background(), d.f, b); return err })
		together(func(d *desk) error { _, err := d.w.Consolidate(context.Background(), d.f, merge(b)); return err })
		one.finish(b)
	})
}

// A run that lost its lease in the middle of a load ends it, and begins
// nothing after that (invariant 7).
func TestOldFence(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	old, now := s.desk(s.wire("")).prepared(), s.desk(s.wire(""))
	now.f.Number = 2
	reached, goOn := make(chan struct{}), make(chan struct{})
	b := batch("a", "one", "two")
	slow := batch("a", "one", "two")
	slow.Pages[0].Open = func(ctx context.Context) (io.ReadCloser, error) {
		close(reached)
		<-goOn
		return b.Pages[0].Open(ctx)
	}
	loaded, claimed := make(chan error, 1), make(chan error, 1)
	go func() { _, err := old.w.Load(context.Background(), old.f, slow); loaded <- err }()
	<-reached // it holds the lock
	go func() { _, err := now.w.Claim(context.Background(), now.f, "account", org); claimed <- err }()
	select {
	case err := <-claimed:
		t.Fatalf("the flow was taken over in the middle of a load: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	close(goOn)
	must(t, errors.Join(<-loaded, <-claimed))
	if _, err := old.w.Consolidate(t.Context(), old.f, merge(b)); !errors.Is(err, warehouse.ErrFenced) {
		t.Errorf("the old run's next step: %v", err)
	}
	now.finish(b)
}

// A lock that isn't given back ends the step, which may be tried again.
func TestLockIsKept(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	o := s.options()
	o.LockWait = 200 * time.Millisecond
	d := s.desk(s.wireWith("", o)).prepared()
	conn, err := pgx.Connect(t.Context(), s.server.URL())
	must(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), "BEGIN; LOCK TABLE salesforce_incremental.account")
	must(t, err)
	_, err = d.w.Load(t.Context(), d.f, batch("a", "one"))
	failsAs(t, err, plan.Retry, "svv_transactions")
	_, err = conn.Exec(t.Context(), "ROLLBACK")
	must(t, err)
	d.finish(batch("a", "one"))
}

// A bucket that may not be written to is named.
func TestBucketRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := s.desk(s.wire("")).prepared()
	s.bucket.Refuse("AccessDenied")
	_, err := d.w.Load(t.Context(), d.f, batch("a", "one"))
	failsAs(t, err, plan.Fix, "s3:PutObject")
	s.bucket.Refuse("")
	d.finish(batch("a", "one"))
}

// A statement that the Data API has no room for is not sent.
func TestLongStatement(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := s.data("")
	err := d.View(t.Context(), func(tx sql.Tx) error {
		_, err := tx.Exec(t.Context(), "SELECT '"+strings.Repeat("x", 90_000)+"'")
		return err
	})
	failsAs(t, err, plan.Fix, "redshift://")
}
