package redshift

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/jackc/pgx/v5/pgconn"

	"catchment/internal/awserr"
	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/warehouse/handshake"
	"catchment/internal/warehouse/sql"
)

// errTimeout is a statement that took longer than it was allowed to.
var errTimeout = errors.New("the statement took too long")

// wireFailure tells the class of an error of the wire. Its text is about the
// server, or about our statement; never about a record, and never the
// connection string, which could hold a password.
func wireFailure(p place, err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return refusal(p, e.Code, e.Message+" "+e.Detail)
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok { // who connects has tried it again, see package dns
		return plan.Failf(plan.Retry, "look at the host in warehouse.url, and whether this machine can resolve names; "+
			"a deleted cluster has none", "%s: no host was found by this name", p)
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	if refused := handshake.Refused(p.what, err); connecting && refused != nil {
		return refused
	}
	if connecting && strings.Contains(err.Error(), "tls") {
		return plan.Fixf("look at sslmode and sslrootcert in warehouse.url", "%s: no TLS connection came about", p)
	}
	if connecting {
		return plan.Failf(plan.Retry, "see whether the cluster is paused (aws redshift resume-cluster), "+
			"and whether this machine may reach it (security group, publicly accessible)", "%s: no connection", p)
	}
	if _, ok := errors.AsType[net.Error](err); ok || lost(err) {
		return plan.Failf(plan.Retry, "", "%s: the connection was lost", p)
	}
	return plan.Failf(plan.Bug, "", "%s: pgx refused a statement", p)
}

// refusal tells what Redshift's answer means: by its SQLSTATE where the wire
// brings one, else by the text, which is all that the Data API has.
func refusal(p place, code, text string) error {
	says := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(strings.ToLower(text), w) {
				return true
			}
		}
		return false
	}
	switch {
	// 1023 is a transaction that another one overtook; 1018 and 1020 are tables
	// that somebody else dropped or changed meanwhile (Amazon Redshift Database
	// Developer Guide, Troubleshooting serializable isolation errors).
	case code == "40001", code == "40P01", says("serializable isolation violation", "deadlock detected"),
		conflict(text):
		return sql.Conflicting(plan.Failf(plan.Retry, "", "%s: another transaction was in the way", p))
	case code == "42P07", says("already exists"): // two made the same at once, and no key was in the way
		return plan.Failf(plan.Retry, "", "%s: another transaction made the same", p)
	case code == "57014", says("statement timeout", "cancelled on user's request", "canceling statement"):
		return plan.Failf(plan.Retry, "", "%s: %w", p, errTimeout)
	case says("paus"):
		return plan.Fixf("resume it: aws redshift resume-cluster --cluster-identifier NAME; nothing is lost, "+
			"the next run goes on", "%s is paused", p)
	case code == "28000", code == "28P01", says("password authentication failed"):
		return plan.Fixf("give the password by PGPASSWORD or PGPASSFILE, or by secret=ARN for the Data API",
			"%s refuses the login", p)
	case code == "3D000", says(`database "`) && says("does not exist"):
		return plan.Fixf("name another in warehouse.url", "%s does not exist", p)
	case code == "42501", says("permission denied", "must be owner"):
		return plan.Fixf("grant it: GRANT CREATE ON DATABASE NAME TO the user of warehouse.url, "+
			"or make that user the owner of both schemas", "%s: %s", p, printable.Message(text))
	case code == "2BP01", says("other objects depend on it", "depends on"):
		return plan.Fixf("make the views anew WITH NO SCHEMA BINDING: they survive that a column is replaced",
			"%s: a view keeps a column from being changed", p)
	case says("s3serviceexception", "not authorized to assume", "access denied", "accessdenied"):
		return plan.Fixf("let the role of COPY (role= in warehouse.url, or the cluster's default one) read the "+
			"bucket: s3:GetObject and s3:ListBucket", "%s may not read the pages in S3", p)
	case says("disk full"), code == "53100":
		return plan.Failf(plan.Full, "free some space, or resize the cluster", "%s: the disk is full", p)
	case code == "53300", says("too many connections", "too many clients", "connection limit"):
		return plan.Failf(plan.Retry, "end other sessions", "%s has no connection to spare", p)
	case (code == "42704" || code == "") && strings.HasPrefix(bare(text), `role "`) && says("does not exist"):
		return plan.Fixf("make the role, or take it out of warehouse.grant_to", "%s: %s", p,
			printable.Message(bare(text)))
	case len(code) == 5 && (code[:2] == "08" || code[:2] == "57"),
		says("terminating connection", "connection is closed", "session is not available", "session expired"):
		return plan.Failf(plan.Retry, "", "%s: the connection was ended", p)
	case says("load into table"):
		return fmt.Errorf("%s: COPY refused it", p)
	}
	return fmt.Errorf("%s: %s", p, withoutValues(code, text))
}

// conflict tells whether a text is one of the numbers that say so. Only the
// start counts: behind it may be a value.
func conflict(text string) bool {
	return slices.ContainsFunc([]string{"1018", "1020", "1023"}, func(number string) bool {
		return strings.HasPrefix(bare(text), number)
	})
}

// bare is the first line of a text, which the Data API begins with a word of its own.
func bare(text string) string {
	text = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "ERROR:"))
	first, _, _ := strings.Cut(text, "\n")
	return strings.TrimSpace(first)
}

// withoutValues keeps the text of an error that is about our statement. One
// that is about the data quotes records, which must not reach a log (invariant
// 9). The Data API brings no code: there only texts that speak of the
// statement's own names are known to be safe.
func withoutValues(code, text string) string {
	if strings.HasPrefix(code, "42") || strings.HasPrefix(code, "0A") {
		return fmt.Sprintf("%s (%s)", printable.Message(text), code)
	}
	if code == "" {
		first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
		for _, safe := range []string{"syntax error", "relation ", "does not exist", "already exists",
			"not supported"} {
			if strings.Contains(first, safe) && !strings.Contains(first, "invalid input") {
				return printable.Message(first)
			}
		}
		return "a value or row was refused"
	}
	return fmt.Sprintf("a value or row was refused (%s)", code)
}

// lost tells whether a connection ended without a word.
func lost(err error) bool {
	text := err.Error()
	for _, sign := range []string{"conn closed", "unexpected EOF", "connection reset", "broken pipe",
		"closed network connection", "closed pool"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// dataFailure tells the class of an error of the Data API itself, before or
// after a statement.
func dataFailure(ctx context.Context, action string, p place, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	code, text := awserr.CodeOf(err), ""
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		text = strings.ToLower(api.ErrorMessage())
	}
	switch {
	case strings.HasSuffix(code, "ExceededException"):
		return plan.Failf(plan.Retry, "load fewer flows at a time: limits.flows in catchment.yaml",
			"%s: the Data API has too much to do (%s)", p, code)
	case strings.Contains(text, "paus"):
		return refusal(p, "", text)
	case code == "ResourceNotFoundException":
		return plan.Fixf(dataForm+", and look at AWS_REGION",
			"%s is not known to the Data API, or its session has ended", p)
	case code == "ValidationException" && strings.Contains(text, "session"):
		return plan.Failf(plan.Retry, "", "%s: the session has ended", p)
	case code == "ValidationException":
		return plan.Failf(plan.Bug, "", "%s: the Data API refuses the request: %s", p, printable.Message(text))
	case code == "DatabaseConnectionException", code == "InternalServerException", code == "QueryTimeoutException":
		return plan.Failf(plan.Retry, "", "%s: the Data API failed (%s)", p, code)
	}
	return awserr.Classed("redshift-data:"+action, p.String(), err)
}

// s3Failure tells the class of an error of S3.
func s3Failure(ctx context.Context, url string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return awserr.Classed("s3:PutObject", url, err)
}
