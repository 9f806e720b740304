package redshift

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/handshake"
	"catchment/internal/warehouse/sql"
)

// A wire is a pool of sessions that speak PostgreSQL's protocol.
type wire struct {
	pool  *pgxpool.Pool
	place place
}

func newWire(p place, o Options) (*wire, error) {
	c, err := handshake.Config(p.wire)
	if unread := handshake.Unread(err); unread != nil {
		return nil, unread
	}
	if err != nil {
		// The text of err repeats the URL.
		return nil, plan.Fixf(wireForm, "warehouse.url is not a Redshift URL")
	}
	c.MaxConns, c.MinConns = int32(o.Connections), 0 // #nosec G115 -- a handful
	c.MaxConnIdleTime = 5 * time.Minute
	if o.Lookup != nil {
		c.ConnConfig.LookupFunc = o.Lookup
	}
	c.ConnConfig.ConnectTimeout = 30 * time.Second
	// Redshift reports no standard_conforming_strings, without which pgx refuses
	// the simple protocol; and what was prepared may be of a table that has
	// changed since.
	c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	c.ConnConfig.RuntimeParams["application_name"] = "catchment"
	c.ConnConfig.RuntimeParams["client_encoding"] = "UTF8"
	// As statements: in the start message Redshift knows few parameters.
	c.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		for _, sql := range []string{setPath, "SET timezone TO 'UTC'", "SET datestyle TO ISO", setTimeout(0)} {
			if _, err := conn.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), c)
	if err != nil {
		return nil, fmt.Errorf("redshift: %w", err)
	}
	return &wire{pool: pool, place: p}, nil
}

// setPath has a session look names up where nobody else can put functions. Redshift knows no
// operators, casts or types but its own.
const setPath = "SET search_path TO pg_catalog, pg_temp"

// setTimeout bounds the statements that follow; 0 lets them take as long as
// they take.
func setTimeout(milliseconds int64) string {
	return fmt.Sprintf("SET statement_timeout TO %d", milliseconds)
}

func isLock(sql string) bool { return strings.HasPrefix(sql, "LOCK ") }

// begin opens a transaction. Redshift runs it in the isolation that the
// database has, whatever BEGIN asks for.
func (w *wire) begin(ctx context.Context, readOnly bool) (session, error) {
	conn, err := w.pool.Acquire(ctx)
	if err != nil {
		return nil, w.classify(ctx, err)
	}
	begin := "BEGIN READ WRITE"
	if readOnly {
		begin = "BEGIN READ ONLY"
	}
	s := &wireSession{conn: conn, wire: w}
	if _, err := s.exec(ctx, begin); err != nil {
		conn.Release()
		return nil, err
	}
	return s, nil
}

func (w *wire) close() { w.pool.Close() }

func (w *wire) agreed(ctx context.Context) (warehouse.Agreement, error) {
	conn, err := w.pool.Acquire(ctx)
	if err != nil {
		return warehouse.Agreement{}, w.classify(ctx, err)
	}
	defer conn.Release()
	return handshake.Agreed(conn.Conn().PgConn()), nil
}

func (w *wire) classify(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return wireFailure(w.place, err)
}

type wireSession struct {
	conn *pgxpool.Conn
	wire *wire
}

func (s *wireSession) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	tag, err := s.conn.Exec(ctx, sql, args...)
	if err != nil {
		return 0, s.wire.classify(ctx, err)
	}
	return tag.RowsAffected(), nil
}

func (s *wireSession) query(ctx context.Context, each func(sql.Scan) error, sql string, args ...any) error {
	rows, err := s.conn.Query(ctx, sql, args...)
	if err != nil {
		return s.wire.classify(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return s.wire.classify(ctx, err)
	}
	return nil
}

func (s *wireSession) commit(ctx context.Context) error {
	_, err := s.exec(ctx, "COMMIT")
	return err
}

// rollback also gives back what lock may have left set.
func (s *wireSession) rollback(ctx context.Context) error {
	_, err := s.conn.Exec(ctx, "ROLLBACK")
	if err == nil {
		_, err = s.conn.Exec(ctx, setTimeout(0))
	}
	if err != nil {
		return errors.Join(err, s.conn.Conn().Close(ctx))
	}
	return nil
}

// end gives the session back; the pool closes one that is still in a
// transaction.
func (s *wireSession) end() { s.conn.Release() }
