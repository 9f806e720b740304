// Package redshift keeps a warehouse in Amazon Redshift, a cluster or a
// serverless workgroup.
//
// It is reached over the wire (Open) or through the Redshift Data API
// (OpenData); what differs between the two is a transport, and nothing else.
// Pages are loaded by COPY from S3, never through the transport. Its SQL is spelled
// in dialect.go. Start at driver.do; load.go is the loader, failure.go
// says what Redshift's errors mean.
//
// Neither transport ever holds a password in its URL: the wire takes it as
// PostgreSQL does (PGPASSWORD, ?passfile=), the Data API from Secrets Manager or
// as temporary credentials of the caller's IAM identity.
package redshift

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/handshake"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
)

// Options are what a user rarely needs to say.
type Options struct {
	// AWS makes the configuration for S3 and the Data API; it is asked once,
	// when the first page or statement needs it.
	AWS func() (aws.Config, error)
	// Report hears of texts that were cut off; nil hears nothing.
	Report func(Cut)

	Connections int              // how many sessions of the wire at most; 0 is 8
	LockWait    time.Duration    // how long to wait for somebody else's lock; 0 is five minutes
	Lookup      handshake.Lookup // how the names of hosts are found; nil as the machine does
	Poll        time.Duration    // the pause before the Data API is first asked about a statement; 0 is 50 ms
}

// A Cut says that texts of a page were too long and were cut off, or may have
// been: one that ends just at the limit counts too.
type Cut struct {
	Page, Column string
	Texts        int64
}

func (o Options) withDefaults() Options {
	if o.Connections == 0 {
		o.Connections = 8
	}
	if o.LockWait == 0 {
		o.LockWait = 5 * time.Minute
	}
	if o.Poll == 0 {
		o.Poll = 50 * time.Millisecond
	}
	if o.Report == nil {
		o.Report = func(Cut) {}
	}
	return o
}

// A transport is a way to Redshift.
type transport interface {
	// begin opens a transaction in a session of its own.
	begin(ctx context.Context, readOnly bool) (session, error)
	// agreed tells what a connection has agreed on, nothing where the service has it.
	agreed(ctx context.Context) (warehouse.Agreement, error)
	close()
}

// A session has one transaction. Its errors are classed.
type session interface {
	exec(ctx context.Context, sql string, args ...any) (int64, error)
	query(ctx context.Context, each func(sql.Scan) error, sql string, args ...any) error
	commit(ctx context.Context) error
	rollback(ctx context.Context) error
	end()
}

type driver struct {
	transport transport
	pages     *pages
	place     place
	o         Options
}

// Open makes a driver that speaks to Redshift over the wire. The URL is
// redshift://user@host:5439/database; see place for its parameters.
func Open(url string, o Options) (sql.Driver, error) {
	p, err := readWire(url)
	if err != nil {
		return nil, err
	}
	o = o.withDefaults()
	t, err := newWire(p, o)
	if err != nil {
		return nil, err
	}
	return newDriver(t, p, o), nil
}

// OpenData makes a driver that speaks to Redshift through the Data API. The
// URL is redshift-data://workgroup/NAME/DATABASE or
// redshift-data://cluster/NAME/DATABASE; see place for its parameters.
func OpenData(url string, o Options) (sql.Driver, error) {
	p, err := readData(url)
	if err != nil {
		return nil, err
	}
	o = o.withDefaults()
	t := &data{place: p, o: o}
	return &dataDriver{newDriver(t, p, o), t}, nil
}

func newDriver(t transport, p place, o Options) *driver {
	return &driver{transport: t, place: p, o: o, pages: &pages{place: p, config: o.AWS}}
}

func (d *driver) Dialect() *dialect.Dialect { return Dialect(d.place.text) }

// Tx does f in one transaction. What f does first is a LOCK, or the isolation
// of Redshift protects it: a transaction that was overtaken ends with the
// error 1023, which is of class Retry.
func (d *driver) Tx(ctx context.Context, f func(sql.Tx) error) error {
	return d.do(ctx, false, f)
}

// View does f on one picture of the database.
func (d *driver) View(ctx context.Context, f func(sql.Tx) error) error {
	return d.do(ctx, true, f)
}

func (d *driver) do(ctx context.Context, readOnly bool, f func(sql.Tx) error) error {
	s, err := d.transport.begin(ctx, readOnly)
	if err != nil {
		return err
	}
	defer s.end()
	t := &tx{session: s, driver: d}
	if err := f(t); err != nil {
		// A cancelled context must not keep locks. Whatever ROLLBACK says, f's
		// error is the one that matters.
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if s.rollback(undo) == nil && t.refused.url != "" && ctx.Err() == nil {
			return d.explain(undo, t.refused, err)
		}
		return err
	}
	if err := s.commit(ctx); err != nil {
		return err
	}
	for _, c := range t.cuts {
		d.o.Report(c)
	}
	return nil
}

// Agreed tells what a connection has agreed on.
func (d *driver) Agreed(ctx context.Context) (warehouse.Agreement, error) {
	return d.transport.agreed(ctx)
}

// Close ends the sessions after the transactions that still run.
func (d *driver) Close() error {
	d.transport.close()
	return nil
}

type tx struct {
	session
	driver  *driver
	refused refusedObject
	cuts    []Cut // told when the transaction is committed
}

func (t *tx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if isLock(sql) {
		return 0, t.lock(ctx, sql)
	}
	return t.exec(ctx, sql, args...)
}

func (t *tx) Query(ctx context.Context, each func(sql.Scan) error, sql string, args ...any) error {
	return t.query(ctx, each, sql, args...)
}

// lock waits for a lock as long as the options allow: Redshift has no timeout
// for locks but the one for statements. Neither SET takes a picture of the
// database.
func (t *tx) lock(ctx context.Context, sql string) error {
	wait := t.driver.o.LockWait.Milliseconds()
	if _, err := t.exec(ctx, setTimeout(wait)); err != nil {
		return err
	}
	_, err := t.exec(ctx, sql)
	if errors.Is(err, errTimeout) {
		return plan.Failf(plan.Retry, "see who holds it: SELECT * FROM svv_transactions WHERE granted",
			"%s: a lock was not given back in time", t.driver.place)
	}
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, setTimeout(0))
	return err
}
