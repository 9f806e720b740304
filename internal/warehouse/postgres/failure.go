package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/warehouse/handshake"
	"catchment/internal/warehouse/sql"
)

// classify says what can be done about an error of PostgreSQL, or of the way
// to it.
func (d *driver) classify(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return failure(d.place, err)
}

// failure tells the class of an error. Its text is about the server, or about
// our statement; never about a record, and never the connection string, which
// could hold a password.
func failure(place string, err error) error {
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		if connecting && slices.Contains([]string{"42704", "22023", "42601", "55P02"}, e.Code) {
			// the server knows no such setting, or it can't have this value
			return plan.Fixf("look at options in warehouse.url, and at PGOPTIONS", "%s: %s", place,
				printable.Message(e.Message))
		}
		return refusal(place, e)
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok { // who connects has tried it again, see package dns
		return plan.Failf(plan.Retry, "look at the host in warehouse.url, and whether this machine can resolve names",
			"%s: no host was found by this name", place)
	}
	broke := lost(err) || errors.Is(err, io.EOF) // a server that stops or starts answers nothing
	if refused := handshake.Refused(place, err); connecting && refused != nil {
		return refused
	}
	if connecting && strings.Contains(err.Error(), "tls") && !broke {
		return plan.Fixf("look at sslmode and sslrootcert in warehouse.url, and at the server's certificate",
			"%s: no TLS connection came about", place)
	}
	if connecting {
		return plan.Failf(plan.Retry, "see whether PostgreSQL runs there, and whether this machine may reach it",
			"%s: no connection", place)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return plan.Failf(plan.Retry, "", "%s: the connection was lost (%s: %w)", place, op.Op, op.Err)
	}
	if lost(err) {
		return plan.Failf(plan.Retry, "", "%s: the connection was lost", place)
	}
	return plan.Failf(plan.Bug, "", "%s: pgx refused a statement", place)
}

// refusal tells what an answer of the server means, by its SQLSTATE
// (PostgreSQL documentation, appendix A).
func refusal(place string, e *pgconn.PgError) error {
	switch e.Code {
	case "28000", "28P01":
		return plan.Fixf("give the password by PGPASSWORD or PGPASSFILE, and look at the user in warehouse.url and "+
			"at pg_hba.conf", "%s refuses the login", place)
	case "3D000":
		return plan.Fixf("make it with: createdb NAME   or name another in warehouse.url", "%s does not exist", place)
	case "42501":
		return plan.Fixf("grant it: GRANT CREATE ON DATABASE NAME TO the user of warehouse.url, "+
			"or make that user the owner of both schemas",
			"%s: %s", place, printable.Message(e.Message))
	case "42704":
		if strings.HasPrefix(e.Message, "role ") {
			return plan.Fixf("make the role, or take it out of warehouse.grant_to", "%s: %s", place,
				printable.Message(e.Message))
		}
	case "53100":
		return plan.Failf(plan.Full, "free some space on the server's disk, and run again: it goes on from there",
			"%s: the disk is full", place)
	case "53200":
		return plan.Fixf("give the server more memory, or load fewer flows at a time",
			"%s: the server is out of memory", place)
	case "25006":
		return plan.Fixf("name the primary server in warehouse.url", "%s is read-only", place)
	case "25P03": // we were silent for five minutes in a transaction
		return plan.Failf(plan.Retry, "", "%s: the session was ended, since it stood still", place)
	case "40001", "40P01":
		return sql.Conflicting(plan.Failf(plan.Retry, "", "%s: another transaction was in the way", place))
	case "XX000":
		if e.Message == "tuple concurrently updated" { // two granted the same, or changed the same table
			return sql.Conflicting(plan.Failf(plan.Retry, "", "%s: another transaction was in the way", place))
		}
	case "55P03":
		return plan.Failf(plan.Retry, "see who holds it: SELECT pid, query FROM pg_stat_activity WHERE state <> 'idle'",
			"%s: a lock was not given back in time", place)
	case "53300":
		return plan.Failf(plan.Retry, "raise max_connections, or end other sessions",
			"%s has no connection to spare", place)
	case "54000":
		if e.Routine == "RelationGetBufferForTuple" { // other limits have the same code
			return plan.Fixf("exclude some fields of the object in the flow", "%s: %w", place, sql.ErrTooWide)
		}
	case "23505":
		if strings.HasPrefix(e.ConstraintName, "pg_") { // two made the same thing at once
			return plan.Failf(plan.Retry, "", "%s: another transaction made the same", place)
		}
		return fmt.Errorf("%s: %w", place, sql.ErrDuplicate)
	}
	switch e.Code[:2] {
	case "08", "57": // the connection, or the server, is going down
		return plan.Failf(plan.Retry, "", "%s: the connection was ended", place)
	}
	return fmt.Errorf("%s: %w", place, withoutValues(e))
}

// withoutValues keeps the text of an error that is about our statement. One
// that is about the data quotes records, which must not reach a log (invariant
// 9): of those only the kind and the place in the page stay.
func withoutValues(e *pgconn.PgError) error {
	if e.Code[:2] == "42" || e.Code[:2] == "0A" {
		return fmt.Errorf("%s (%s)", printable.Message(e.Message), e.Code)
	}
	if refused := refusedValue(e); refused != nil {
		return refused
	}
	return fmt.Errorf("a value or row was refused (%s)", e.Code)
}

// lost tells whether a connection ended without a word.
func lost(err error) bool {
	text := err.Error()
	for _, sign := range []string{"conn closed", "unexpected EOF", "connection reset", "broken pipe",
		"closed network connection"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}
