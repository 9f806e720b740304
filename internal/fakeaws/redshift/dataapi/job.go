package dataapi

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"time"

	"catchment/internal/fakeaws/redshift/failure"

	"github.com/jackc/pgx/v5/pgconn"
)

// A status is how far a statement is.
type status string

// The statuses of the Data API, in their order.
const (
	submitted status = "SUBMITTED"
	picked    status = "PICKED"
	started   status = "STARTED"
	finished  status = "FINISHED"
	failedNow status = "FAILED"
	stopped   status = "ABORTED"
)

// A job is one call of ExecuteStatement or BatchExecuteStatement.
type job struct {
	id      string
	call    apiCall
	batch   bool
	session *kept
	stop    context.CancelFunc // what runs is to be stopped
	stopped <-chan struct{}
	created time.Time

	mu      sync.Mutex
	status  status
	error   string
	updated time.Time
	began   time.Time
	took    time.Duration
	pid     uint32
	parts   []*step
}

// A step is one statement of a job.
type step struct {
	id      string
	sql     string
	status  status
	error   string
	result  *outcome
	created time.Time
	updated time.Time
	took    time.Duration
}

func newJob(c *apiCall, batch bool) *job {
	now := time.Now().UTC()
	j := &job{
		id: newID(), call: *c, batch: batch, created: now, updated: now, status: submitted,
	}
	for i, sql := range c.SQLs {
		p := &step{id: fmt.Sprintf("%s:%d", j.id, i+1), sql: sql, status: submitted, created: now, updated: now}
		j.parts = append(j.parts, p)
	}
	return j
}

// newID is the form that identifiers of statements and sessions have.
func newID() string {
	var u [16]byte
	_, _ = rand.Read(u[:]) // it never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

func (j *job) state() status {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.status
}

func (j *job) ended() bool {
	return slices.Contains([]status{finished, failedNow, stopped}, j.state())
}

func (j *job) to(s status) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.status, j.updated = s, time.Now().UTC()
}

// run does the statements: one alone in its own transaction, a batch in one
// for all.
func (j *job) run(ctx context.Context, d *Server) {
	j.to(picked)
	conn, err := j.connect(ctx, d)
	if err == nil {
		j.mu.Lock()
		j.began, j.pid = time.Now(), conn.PID()
		j.mu.Unlock()
		j.to(started)
		over := j.watch(ctx, conn)
		err = j.steps(ctx, conn)
		over()
	}
	j.end(err)
	if j.session != nil {
		j.session.give(conn)
	} else if conn != nil {
		_ = conn.Close(context.WithoutCancel(ctx)) // what isn't committed is gone
	}
}

// watch asks PostgreSQL to stop what it does when the job is to be stopped: more
// than once, since a request that comes between two statements is lost. The
// function that it returns ends it.
func (j *job) watch(ctx context.Context, conn *pgconn.PgConn) func() {
	done := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		select {
		case <-done:
			return
		case <-j.stopped:
		}
		for {
			_ = conn.CancelRequest(ctx) // the next one may come through
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	return func() {
		close(done)
		wait.Wait()
	}
}

func (j *job) connect(ctx context.Context, d *Server) (*pgconn.PgConn, error) {
	if j.session != nil && j.session.conn != nil {
		return j.session.conn, nil
	}
	user, password := d.o.User, d.o.Password
	if j.call.SecretArn != "" && d.o.Secret != nil {
		var err error
		if user, password, err = d.o.Secret(ctx, j.call.SecretArn); err != nil {
			return nil, err
		}
	}
	if u := j.call.DBUser; u != "" && u != user {
		return nil, fmt.Errorf(`FATAL: password authentication failed for user "%s"`, u)
	}
	c, err := pgconn.ParseConfig(d.o.URL)
	if err != nil {
		return nil, err
	}
	c.User, c.Password, c.Database = user, password, j.call.Database
	return pgconn.ConnectConfig(ctx, c)
}

func (j *job) steps(ctx context.Context, conn *pgconn.PgConn) error {
	if j.batch {
		if err := conn.Exec(ctx, "BEGIN").Close(); err != nil {
			return err
		}
	}
	for i, p := range j.parts {
		j.at(p, started, nil)
		began := time.Now()
		r, err := do(ctx, conn, p.sql, j.call.Parameters)
		j.mu.Lock()
		p.result, p.took = r, time.Since(began)
		j.mu.Unlock()
		if err != nil {
			j.at(p, failedNow, err)
			for _, later := range j.parts[i+1:] {
				j.at(later, stopped, nil)
			}
			if j.batch {
				if !conn.IsClosed() {
					_ = conn.Exec(context.WithoutCancel(ctx), "ROLLBACK").Close() // the error tells more
				}
				return &batchError{i + 1, err}
			}
			return err
		}
		j.at(p, finished, nil)
	}
	if !j.batch {
		return nil
	}
	return conn.Exec(ctx, "COMMIT").Close()
}

// A batchError says which statement of a batch failed.
type batchError struct {
	number int
	err    error
}

func (b *batchError) Error() string {
	return fmt.Sprintf("Query #%d failed with %s", b.number, said(b.err))
}
func (b *batchError) Unwrap() error { return b.err }

func (j *job) at(p *step, s status, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	p.status, p.updated = s, time.Now().UTC()
	if err != nil {
		p.error = said(err)
	}
}

// end writes down how it went.
func (j *job) end(err error) {
	var refused *pgconn.PgError
	errors.As(err, &refused)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.updated = time.Now().UTC()
	if !j.began.IsZero() {
		j.took = time.Since(j.began)
	}
	switch {
	case err == nil:
		j.status = finished
	case refused != nil && refused.Code == failure.Cancelled:
		j.status = stopped
		for _, p := range j.parts {
			if p.status != finished {
				p.status, p.error = stopped, ""
			}
		}
	default:
		j.status, j.error = failedNow, said(err)
		for _, p := range j.parts {
			if p.status == submitted {
				p.status = stopped
			}
		}
		if !j.batch {
			j.parts[0].status = failedNow
		}
	}
}

// said is an error as a JDBC driver words it.
func said(err error) string {
	var b *batchError
	if errors.As(err, &b) {
		return b.Error()
	}
	var p *pgconn.PgError
	if !errors.As(err, &p) {
		return err.Error()
	}
	s := p.Severity + ": " + p.Message
	for _, more := range [][2]string{{"Detail", p.Detail}, {"Hint", p.Hint}, {"Where", p.Where}} {
		if more[1] != "" {
			s += "\n  " + more[0] + ": " + more[1]
		}
	}
	return s
}

// seconds is a moment in the form of the JSON protocol.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// common is what every answer says of a job.
func (j *job) common() map[string]any {
	m := map[string]any{"Id": j.id, "CreatedAt": seconds(j.created)}
	for name, value := range map[string]string{
		"SecretArn": j.call.SecretArn, "Database": j.call.Database, "DbUser": j.call.DBUser,
		"ClusterIdentifier": j.call.ClusterIdentifier, "WorkgroupName": j.call.WorkgroupName,
	} {
		if value != "" {
			m[name] = value
		}
	}
	if j.session != nil {
		m["SessionId"] = j.session.id
	}
	return m
}

func (j *job) accepted() map[string]any { return j.common() }

func (j *job) described() map[string]any {
	j.mu.Lock()
	defer j.mu.Unlock()
	m := j.common()
	m["Status"], m["UpdatedAt"] = j.status, seconds(j.updated)
	m["Duration"], m["RedshiftPid"] = j.took.Nanoseconds(), j.pid
	m["QueryString"], m["ResultFormat"] = strings.Join(j.call.SQLs, ";\n"), statementFormat
	h := fnv.New32a()
	_, _ = h.Write([]byte(j.id)) // a hash takes everything
	m["RedshiftQueryId"] = h.Sum32()
	if j.error != "" {
		m["Error"] = j.error
	}
	if len(j.call.Parameters) > 0 {
		m["QueryParameters"] = j.call.Parameters
	}
	rows, size, has := j.parts[len(j.parts)-1].numbers()
	if !j.batch {
		m["ResultRows"], m["ResultSize"], m["HasResultSet"] = rows, size, has
		return m
	}
	var parts []any
	for _, p := range j.parts {
		rows, size, result := p.numbers()
		has = has || result
		part := map[string]any{
			"Id": p.id, "QueryString": p.sql, "Status": p.status,
			"CreatedAt": seconds(p.created), "UpdatedAt": seconds(p.updated), "Duration": p.took.Nanoseconds(),
			"ResultRows": rows, "ResultSize": size, "HasResultSet": result,
		}
		if p.error != "" {
			part["Error"] = p.error
		}
		parts = append(parts, part)
	}
	m["SubStatements"], m["HasResultSet"], m["ResultRows"], m["ResultSize"] = parts, has, -1, -1
	return m
}

func (j *job) listed() map[string]any {
	j.mu.Lock()
	defer j.mu.Unlock()
	m := j.common()
	delete(m, "Database")
	m["Status"], m["UpdatedAt"] = j.status, seconds(j.updated)
	m["IsBatchStatement"], m["StatementName"] = j.batch, j.call.StatementName
	if j.batch {
		m["QueryStrings"] = j.call.SQLs
	} else {
		m["QueryString"] = j.call.SQL
	}
	return m
}

// numbers are rows, bytes and whether there is a result.
func (p *step) numbers() (rows, size int, has bool) {
	if p.result == nil {
		return -1, -1, false
	}
	return p.result.rows, p.result.size, p.result.fields != nil
}
