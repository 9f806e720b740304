package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/pgtest"
	"catchment/internal/warehouse/postgres"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
)

// A site is a warehouse with one table, seen through one driver.
type site struct {
	t   *testing.T
	url string
	w   warehouse.Warehouse
	f   warehouse.Fence
}

var account = shape.Table{Object: "Account", Name: "account", Key: []string{"id"}, Columns: []shape.Column{
	{Name: "id", Field: "Id", Kind: shape.Text},
	{Name: "systemmodstamp", Field: "SystemModstamp", Kind: shape.Timestamp},
	{Name: "name", Field: "Name", Kind: shape.Text}}}

func newSite(t *testing.T, url string, o postgres.Options, grantTo ...string) *site {
	t.Helper()
	d, err := postgres.Open(url, o)
	must(t, err)
	t.Cleanup(func() { must(t, d.Close()) })
	return &site{t: t, url: url, f: warehouse.Fence{Flow: "Account", Number: 1},
		w: sql.New(d, siteOptions(grantTo...))}
}

func siteOptions(grantTo ...string) warehouse.Options {
	return warehouse.Options{Schema: "salesforce", Staging: "salesforce_incremental", GrantTo: grantTo, Now: time.Now}
}

// prepared makes the table as well.
func (s *site) prepared() *site {
	s.t.Helper()
	ctx := s.t.Context()
	must(s.t, s.w.Migrate(ctx))
	_, err := s.w.Claim(ctx, s.f, "account", "00D000000000001AAA")
	must(s.t, err)
	_, err = s.w.Prepare(ctx, s.f, account)
	must(s.t, err)
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const rowsOfPage = 5000

// batch is one page of many records.
func batch(seq int64, open func(text []byte) io.Reader) warehouse.Batch {
	var b bytes.Buffer
	b.WriteString("Id,SystemModstamp,Name\n")
	for i := range rowsOfPage {
		fmt.Fprintf(&b, "%d-%d,2026-01-01T00:00:00.000Z,%s\n", seq, i, strings.Repeat("x", 100))
	}
	key := fmt.Sprintf("page-%d", seq)
	return warehouse.Batch{Table: account, Attempt: "a", Job: "j", ReadAt: time.Unix(1, 0), Pages: []warehouse.Page{{
		Key: key, Digest: key, Seq: seq, Header: []string{"Id", "SystemModstamp", "Name"}, Rows: rowsOfPage,
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(open(b.Bytes())), nil }}}}
}

func whole(text []byte) io.Reader { return bytes.NewReader(text) }

// staged counts what really is in staging.
func (s *site) staged() (n int) {
	s.t.Helper()
	s.ask(&n, "SELECT count(*) FROM salesforce_incremental.account")
	return n
}

func (s *site) ask(into any, sql string) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.url)
	must(s.t, err)
	defer conn.Close(s.t.Context())
	must(s.t, conn.QueryRow(s.t.Context(), sql).Scan(into))
}

// retryable fails unless err says that the same may be tried again.
func retryable(t *testing.T, err error) {
	t.Helper()
	if err == nil || plan.ClassOf(err) != plan.Retry {
		t.Fatalf("%v is of class %s", err, plan.ClassOf(err))
	}
}

// finish loads the page, whatever was loaded before, and consolidates it.
func (s *site) finish(seq int64) {
	s.t.Helper()
	n, err := s.w.Load(s.t.Context(), s.f, batch(seq, whole))
	must(s.t, err)
	if n != rowsOfPage || s.staged() != rowsOfPage {
		s.t.Fatalf("the ledger has %d rows, staging %d", n, s.staged())
	}
	m := warehouse.Merge{Table: account, Attempt: "a", Policy: gone.Flag, Pages: 1, Rows: rowsOfPage}
	for range 2 {
		c, err := s.w.Consolidate(s.t.Context(), s.f, m)
		must(s.t, err)
		if want := (warehouse.Counts{Staged: rowsOfPage, Inserted: rowsOfPage, Rows: rowsOfPage}); c != want {
			s.t.Fatalf("%+v", c)
		}
	}
}

func TestConnectionLostInCopy(t *testing.T) {
	t.Parallel()
	direct := newSite(t, cluster.Database(t), postgres.Options{}).prepared()
	p, through := newProxy(t, direct.url)
	lossy := newSite(t, through, postgres.Options{})
	p.cutAfter.Store(200_000)
	_, err := lossy.w.Load(t.Context(), direct.f, batch(1, whole))
	retryable(t, err)
	if n := direct.staged(); n != 0 {
		t.Errorf("%d rows of half a page are there", n)
	}
	p.cutAfter.Store(0)
	lossy.finish(1) // the same driver finds a new connection
}

func TestAnswerToCommitLost(t *testing.T) {
	t.Parallel()
	direct := newSite(t, cluster.Database(t), postgres.Options{}).prepared()
	p, through := newProxy(t, direct.url)
	lossy := newSite(t, through, postgres.Options{})
	p.loseCommit.Store(true)
	_, err := lossy.w.Load(t.Context(), direct.f, batch(1, whole))
	retryable(t, err)
	m := warehouse.Merge{Table: account, Attempt: "a", Policy: gone.Flag, Pages: 1, Rows: rowsOfPage}
	if n := direct.staged(); n != rowsOfPage {
		t.Errorf("%d rows are there: the proxy lost the COMMIT itself", n)
	}
	_, err = lossy.w.Consolidate(t.Context(), direct.f, m)
	retryable(t, err)
	p.loseCommit.Store(false)
	c, err := lossy.w.Consolidate(t.Context(), direct.f, m)
	must(t, err)
	if c.Inserted != rowsOfPage || c.Rows != rowsOfPage {
		t.Errorf("%+v", c)
	}
}

func TestLockConflict(t *testing.T) {
	t.Parallel()
	s := newSite(t, cluster.Database(t), postgres.Options{LockWait: 50 * time.Millisecond}).prepared()
	other, err := pgx.Connect(t.Context(), s.url)
	must(t, err)
	defer other.Close(context.Background())
	_, err = other.Exec(t.Context(), "BEGIN; SELECT * FROM salesforce_incremental._catchment_flow FOR UPDATE")
	must(t, err)
	_, err = s.w.Load(t.Context(), s.f, batch(1, whole))
	retryable(t, err)
	if !strings.Contains(plan.HintOf(err), "pg_stat_activity") {
		t.Errorf("the hint is %q", plan.HintOf(err))
	}
	_, err = other.Exec(t.Context(), "ROLLBACK")
	must(t, err)
	s.finish(1)
}

// A stalled reader stops in the middle of a page until it is told to go on.
type stalled struct {
	io.Reader
	reached, goOn chan struct{}
	left          int
}

func newStalled(reached, goOn chan struct{}) func([]byte) io.Reader {
	return func(text []byte) io.Reader {
		return &stalled{Reader: bytes.NewReader(text), reached: reached, goOn: goOn, left: len(text) / 2}
	}
}

func (s *stalled) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	if s.left > 0 {
		if s.left -= n; s.left <= 0 {
			close(s.reached)
			<-s.goOn
		}
	}
	return n, err
}

// checkpointer tells when the server last started its own processes.
func (s *site) checkpointer() (at time.Time, err error) {
	conn, err := pgx.Connect(s.t.Context(), s.url)
	if err != nil {
		return at, err
	}
	defer conn.Close(s.t.Context())
	err = conn.QueryRow(s.t.Context(),
		"SELECT backend_start FROM pg_stat_activity WHERE backend_type = 'checkpointer'").Scan(&at)
	return at, err
}

func TestKilledBackend(t *testing.T) {
	t.Parallel()
	durable := &pgtest.Cluster{Durable: true}
	s := newSite(t, durable.Database(t), postgres.Options{}).prepared()
	reached, goOn := make(chan struct{}), make(chan struct{})
	failed := make(chan error)
	go func() {
		_, err := s.w.Load(context.Background(), s.f, batch(1, newStalled(reached, goOn)))
		failed <- err
	}()
	<-reached
	pid := 0
	for pid == 0 { // what reads the page may be ahead of the server
		s.ask(&pid, "SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE query LIKE 'COPY%'")
	}
	before, err := s.checkpointer()
	must(t, err)
	must(t, syscall.Kill(pid, syscall.SIGKILL))
	close(goOn)
	retryable(t, <-failed)
	for { // the server starts anew, and says so, as long as that takes
		if err := s.w.Migrate(t.Context()); err != nil {
			retryable(t, err)
		}
		if now, err := s.checkpointer(); err == nil && !now.Equal(before) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if n := s.staged(); n != 0 {
		t.Errorf("%d rows of half a page are there", n)
	}
	s.finish(1)
}

// Two processes load one page at the same moment: one of them does.
func TestTwoLoaders(t *testing.T) {
	t.Parallel()
	one := newSite(t, cluster.Database(t), postgres.Options{}).prepared()
	two := newSite(t, one.url, postgres.Options{})
	errs := make(chan error)
	for _, s := range []*site{one, two} {
		go func() {
			n, err := s.w.Load(context.Background(), one.f, batch(1, whole))
			if err == nil && n != rowsOfPage {
				err = fmt.Errorf("%d rows in the ledger", n)
			}
			errs <- err
		}()
	}
	must(t, errors.Join(<-errs, <-errs))
	two.finish(1)
}

// A run that stalls in the middle of a page commits it late, and nothing after
// that: the lease has gone to another one (invariant 7).
func TestStaleFence(t *testing.T) {
	t.Parallel()
	old := newSite(t, cluster.Database(t), postgres.Options{}).prepared()
	now := newSite(t, old.url, postgres.Options{})
	now.f.Number = 2
	reached, goOn := make(chan struct{}), make(chan struct{})
	loaded, claimed := make(chan error), make(chan error)
	go func() {
		_, err := old.w.Load(context.Background(), old.f, batch(1, newStalled(reached, goOn)))
		loaded <- err
	}()
	<-reached
	go func() {
		_, err := now.w.Claim(context.Background(), now.f, "account", "00D000000000001AAA")
		claimed <- err
	}()
	var waiting bool
	for !waiting { // for the old one's transaction
		old.ask(&waiting, "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")
	}
	close(goOn)
	must(t, errors.Join(<-loaded, <-claimed))
	_, err := old.w.Load(t.Context(), old.f, batch(2, whole))
	if !errors.Is(err, warehouse.ErrFenced) {
		t.Errorf("the old run's next page: %v", err)
	}
	now.finish(1)
}

func TestGrant(t *testing.T) {
	t.Parallel()
	s := newSite(t, cluster.Database(t), postgres.Options{}, "reader", `od"d`)
	admin, err := pgx.Connect(t.Context(), s.url)
	must(t, err)
	_, err = admin.Exec(t.Context(), `CREATE ROLE reader; CREATE ROLE "od""d"`)
	must(t, err)
	t.Cleanup(func() { // roles belong to the cluster, not to the database
		_, err := admin.Exec(context.Background(),
			`RESET ROLE; DROP OWNED BY reader, "od""d"; DROP ROLE reader, "od""d"`)
		must(t, errors.Join(err, admin.Close(context.Background())))
	})
	s.prepared()
	_, err = admin.Exec(t.Context(), "SET ROLE reader; SELECT * FROM salesforce.account")
	must(t, err)
	_, err = admin.Exec(t.Context(), "DELETE FROM salesforce.account")
	if err == nil {
		t.Error("a reader may delete")
	}
	_, err = admin.Exec(t.Context(), "RESET ROLE")
	must(t, err)

	nobody := newSite(t, cluster.Database(t), postgres.Options{}, "nobody_there")
	must(t, nobody.w.Migrate(t.Context()))
	_, err = nobody.w.Claim(t.Context(), nobody.f, "account", "00D000000000001AAA")
	must(t, err)
	_, err = nobody.w.Prepare(t.Context(), nobody.f, account)
	fixable(t, err, "grant_to")
}

// fixable fails unless err is the user's to mend, with a hint that says how.
func fixable(t *testing.T, err error, hint string) {
	t.Helper()
	if err == nil || plan.ClassOf(err) != plan.Fix || !strings.Contains(plan.HintOf(err), hint) {
		t.Errorf("%v (%s: %s)", err, plan.ClassOf(err), plan.HintOf(err))
	}
	if err != nil && (strings.Contains(err.Error(), pgtest.GuardedPassword) ||
		strings.Contains(plan.HintOf(err), pgtest.GuardedPassword)) {
		t.Error("the error tells the password")
	}
}

func TestLogin(t *testing.T) {
	url := cluster.Database(t)
	guarded := strings.Replace(url, "postgres@", pgtest.Guarded+"@", 1)
	t.Setenv("PGPASSWORD", "wrong")
	fixable(t, newSite(t, guarded, postgres.Options{}).w.Migrate(t.Context()), "PGPASSWORD")
	t.Setenv("PGPASSWORD", pgtest.GuardedPassword)
	err := newSite(t, guarded, postgres.Options{}).w.Migrate(t.Context())
	fixable(t, err, "GRANT CREATE") // it is let in, and may make nothing
	t.Setenv("PGPASSWORD", "")
	file := t.TempDir() + "/pass"
	must(t, os.WriteFile(file, []byte("*:*:*:"+pgtest.Guarded+":"+pgtest.GuardedPassword+"\n"), 0o600))
	fixable(t, newSite(t, guarded+"?passfile="+file, postgres.Options{}).w.Migrate(t.Context()), "GRANT CREATE")
	fixable(t, newSite(t, url+"_gone", postgres.Options{}).w.Migrate(t.Context()), "createdb")
	err = newSite(t, "postgres://u@no-such-host.invalid/d", postgres.Options{}).w.Migrate(t.Context())
	retryable(t, err) // the name may be found again, and the host in the URL may be wrong
	if !strings.Contains(plan.HintOf(err), "host in warehouse.url") {
		t.Errorf("%v, hint %q", err, plan.HintOf(err))
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	p, through := newProxy(t, cluster.Database(t))
	must(t, p.listener.Close())
	err := newSite(t, through, postgres.Options{}).w.Migrate(t.Context())
	retryable(t, err)
	if plan.HintOf(err) == "" {
		t.Error("no hint")
	}
}

func TestURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://u:geheim@h/d", "postgres://u@h/d?password=geheim", "postgres://u@h/d?sslpassword=geheim",
		"postgres://u@h:port/d", "postgres://u@h/d?sslmode=geheim", "postgres:geheim", "postgres://%zz",
	} {
		_, err := postgres.Open(url, postgres.Options{})
		if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
			t.Errorf("%s: %v", url, err)
		} else if strings.Contains(err.Error()+plan.HintOf(err), "geheim") {
			t.Errorf("%s: %v repeats it", url, err)
		}
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	s := newSite(t, cluster.Database(t), postgres.Options{}).prepared()
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("stopped by the user")
	reached, goOn := make(chan struct{}), make(chan struct{})
	go func() {
		<-reached
		cancel(why)
		close(goOn)
	}()
	_, err := s.w.Load(ctx, s.f, batch(1, newStalled(reached, goOn)))
	if !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
	s.finish(1)
}
