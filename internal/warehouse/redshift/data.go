package redshift

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/redshiftdata"
	"github.com/aws/aws-sdk-go-v2/service/redshiftdata/types"

	"catchment/internal/plan"
	"catchment/internal/waiting"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/sql"
)

// keepAlive is how long a session waits for our next statement. What a process
// that died holds is given back after it.
const keepAlive = 300 // seconds

// lastKeepAlive is for the last statement of a session. Nobody documents that 0
// ends one that was to be kept.
const lastKeepAlive = 1 // second

// longestStatement is how much SQL goes through the Data API, which takes 100
// KB (Amazon Redshift Management Guide, Considerations when calling the Data
// API) and counts the rest of the request too.
const longestStatement = 90_000

// data is the Data API. Each transaction has a session of its own, whose
// statements are BEGIN, what is to be done, and COMMIT: a batch would be one
// transaction too, but what we do next depends on what was found.
type data struct {
	place place
	o     Options

	once   sync.Once
	client *redshiftdata.Client
	err    error

	mu     sync.Mutex
	proven bool
}

func (d *data) open() error {
	d.once.Do(func() {
		c, err := d.o.AWS()
		d.client, d.err = redshiftdata.NewFromConfig(c), err
	})
	return d.err
}

func (d *data) close() {}

// agreed has nothing to tell: statements go to the Data API over https.
func (d *data) agreed(context.Context) (warehouse.Agreement, error) {
	return warehouse.Agreement{}, nil
}

func (d *data) begin(ctx context.Context, readOnly bool) (session, error) {
	if err := d.open(); err != nil {
		return nil, err
	}
	if !readOnly {
		if err := d.prove(ctx); err != nil {
			return nil, err
		}
	}
	begin := "BEGIN READ WRITE"
	if readOnly {
		begin = "BEGIN READ ONLY"
	}
	s := &dataSession{data: d}
	// A session of the Data API begins as the user's settings are. SET takes no snapshot.
	for _, sql := range []string{begin, setPath} {
		if _, err := s.exec(ctx, sql); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// prove finds out, once, that a session keeps a transaction over several
// statements. No document of Amazon's says so in as many words, and where each
// statement were committed by itself, half of a merge could be seen.
func (d *data) prove(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.proven {
		return nil
	}
	const probe = `CREATE TEMP TABLE "_catchment_probe" (n INTEGER)`
	s := &dataSession{data: d}
	for _, sql := range []string{"BEGIN", probe, "ROLLBACK"} {
		if _, err := s.exec(ctx, sql); err != nil {
			return err
		}
	}
	if _, err := s.run(ctx, lastKeepAlive, probe, nil); err != nil { // it is there already
		return plan.Fixf("use the wire: redshift://user@host:5439/database",
			"%s: a session of the Data API keeps no transaction there", d.place)
	}
	d.proven = true
	return nil
}

// A dataSession is one session of the Data API.
type dataSession struct {
	data *data
	id   *string // nil before its first statement
}

func (s *dataSession) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	done, err := s.run(ctx, keepAlive, sql, args)
	if err != nil {
		return 0, err
	}
	return max(done.ResultRows, 0), nil // -1 for a statement that touches no rows
}

func (s *dataSession) query(ctx context.Context, each func(sql.Scan) error, sql string, args ...any) error {
	done, err := s.run(ctx, keepAlive, sql, args)
	if err != nil {
		return err
	}
	if !aws.ToBool(done.HasResultSet) {
		return nil
	}
	pages := redshiftdata.NewGetStatementResultPaginator(s.data.client,
		&redshiftdata.GetStatementResultInput{Id: done.Id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return dataFailure(ctx, "GetStatementResult", s.data.place, err)
		}
		for _, record := range page.Records {
			if err := each(func(dest ...any) error { return scanRecord(record, dest) }); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *dataSession) commit(ctx context.Context) error {
	_, err := s.run(ctx, lastKeepAlive, "COMMIT", nil) // and so ends the session
	return err
}

func (s *dataSession) rollback(ctx context.Context) error {
	_, err := s.run(ctx, lastKeepAlive, "ROLLBACK", nil)
	return err
}

// end has nothing to do: the session has ended with its transaction, or ends
// by itself where not even ROLLBACK came through.
func (s *dataSession) end() {}

// run sends a statement and waits until it has ended.
func (s *dataSession) run(
	ctx context.Context, keep int32, sql string, args []any,
) (*redshiftdata.DescribeStatementOutput, error) {
	text, parameters, err := named(sql, args)
	if err == nil {
		err = s.data.fits(text, parameters)
	}
	if err != nil {
		return nil, err
	}
	in := &redshiftdata.ExecuteStatementInput{Sql: &text, Parameters: parameters, SessionKeepAliveSeconds: &keep}
	if s.id != nil {
		in.SessionId = s.id // it knows the rest
	} else {
		s.data.address(in)
	}
	sent, err := s.data.client.ExecuteStatement(ctx, in)
	if err != nil {
		return nil, dataFailure(ctx, "ExecuteStatement", s.data.place, err)
	}
	if sent.SessionId != nil {
		s.id = sent.SessionId
	}
	return s.data.wait(ctx, sent.Id)
}

// fits refuses a statement that the Data API has no room for.
func (d *data) fits(text string, parameters []types.SqlParameter) error {
	n := len(text)
	for _, p := range parameters {
		n += len(*p.Name) + len(*p.Value)
	}
	if n <= longestStatement {
		return nil
	}
	return plan.Fixf("use the wire for this warehouse: redshift://user@host:5439/database",
		"%s: %w for the Data API, with %d KB", d.place, sql.ErrTooLong, n/1000)
}

// address names the database, and who asks.
func (d *data) address(in *redshiftdata.ExecuteStatementInput) {
	optional := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	p := d.place
	in.Database, in.WorkgroupName, in.ClusterIdentifier = &p.database, optional(p.workgroup), optional(p.cluster)
	in.DbUser, in.SecretArn = optional(p.user), optional(p.secret)
}

// longestPause is between two questions whether a statement has ended.
const longestPause = 2 * time.Second

// wait asks until a statement has ended. One that we don't wait for any more
// is cancelled.
func (d *data) wait(ctx context.Context, id *string) (*redshiftdata.DescribeStatementOutput, error) {
	for pause := d.o.Poll; ; pause = min(2*pause, longestPause) {
		if err := waiting.For(ctx, pause); err != nil { // hardly a statement ends at once, and each question is a call
			d.cancel(ctx, id)
			return nil, err
		}
		done, err := d.client.DescribeStatement(ctx, &redshiftdata.DescribeStatementInput{Id: id})
		if err != nil {
			d.cancel(ctx, id)
			return nil, dataFailure(ctx, "DescribeStatement", d.place, err)
		}
		if ended, err := d.outcome(done); ended || err != nil {
			return done, err
		}
	}
}

// outcome tells whether a statement has ended, and what went wrong with it.
func (d *data) outcome(done *redshiftdata.DescribeStatementOutput) (ended bool, err error) {
	switch done.Status {
	case types.StatusStringFinished:
		return true, nil
	case types.StatusStringFailed:
		return true, refusal(d.place, "", aws.ToString(done.Error))
	case types.StatusStringAborted:
		return true, plan.Failf(plan.Retry, "", "%s: the statement was cancelled", d.place)
	}
	return false, nil
}

// cancel ends a statement, so that its session has an ear for ROLLBACK. Where
// even that fails, the session ends by itself.
func (d *data) cancel(ctx context.Context, id *string) {
	if !errors.Is(ctx.Err(), context.Canceled) && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return
	}
	clear, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	_, _ = d.client.CancelStatement(clear, &redshiftdata.CancelStatementInput{Id: id})
}
