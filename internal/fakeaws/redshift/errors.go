package redshift

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// SQLSTATEs. Redshift gives XX000 for whatever its compute nodes say.
const (
	codeSyntax       = "42601"
	codeUnsupported  = "0A000"
	codeInternal     = "XX000"
	codeNoFunction   = "42883"
	codeNoTable      = "42P01"
	codeNoObject     = "42704"
	codeActive       = "25001"
	codeAborted      = "25P02"
	codeBadPassword  = "28000"
	codeCannotNow    = "57P03"
	codeStandIn      = "0A000" // what Redshift can and the stand-in can't: the text says so
	codeRaised       = "P0001"
	codeCancelled    = "57014"
	codeBadParameter = "22023"
)

// A failure is an error as the wire carries it.
type failure struct {
	Code, Message, Detail, Hint, Where string
}

func (f *failure) Error() string {
	s := f.Message + " (SQLSTATE " + f.Code + ")"
	if f.Detail != "" {
		s += ": " + f.Detail
	}
	return s
}

func failed(code, format string, args ...any) *failure {
	return &failure{Code: code, Message: fmt.Sprintf(format, args...)}
}

// cannot is for what Redshift does and the stand-in doesn't.
func cannot(format string, args ...any) *failure {
	return failed(codeStandIn, "the stand-in for Redshift can't do that: "+format, args...)
}

// syntax is the error of a parser that meets a word it doesn't know there.
func syntax(near string) *failure { return failed(codeSyntax, `syntax error at or near "%s"`, near) }

// response is err as a message to the client.
func response(err error) *pgproto3.ErrorResponse {
	f := asFailure(err)
	return &pgproto3.ErrorResponse{Severity: "ERROR", Code: f.Code, Message: f.Message, Detail: f.Detail, Hint: f.Hint, Where: f.Where}
}

func asFailure(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	var p *pgconn.PgError
	if errors.As(err, &p) {
		return &failure{Code: p.Code, Message: p.Message, Detail: p.Detail, Hint: p.Hint, Where: p.Where}
	}
	return failed(codeInternal, "%v", err)
}

// fromPostgres turns an error of PostgreSQL into Redshift's where theirs differ.
func fromPostgres(e *pgproto3.ErrorResponse) *failure {
	f := &failure{Code: e.Code, Message: e.Message, Detail: e.Detail, Hint: e.Hint, Where: e.Where}
	switch {
	case e.Code == "40001":
		return conflict(e.TableName)
	case e.Code == "23514" && strings.HasPrefix(e.ConstraintName, bytesPrefix):
		_, limit, _ := strings.Cut(strings.TrimPrefix(e.ConstraintName, bytesPrefix), "_")
		return tooLong(limit)
	case e.Code == "22001":
		limit := e.Message[strings.IndexByte(e.Message, '(')+1:]
		return tooLong(strings.TrimSuffix(limit, ")"))
	case e.Code == "21000" && strings.Contains(e.Message, "MERGE command cannot affect row a second time"):
		return failed(codeInternal, "Found multiple matches to update the same tuple.")
	}
	return f
}

// conflict is what the second of two transactions gets that wrote the same row
// (Developer Guide, "Isolation levels in Amazon Redshift").
func conflict(table string) *failure {
	if table == "" {
		table = "100001"
	}
	return &failure{
		Code: codeInternal, Message: "1023",
		Detail: "Serializable isolation violation on table - " + table + ", transactions forming the cycle are: 1001, 1002 (pid:1)",
	}
}

// tooLong is what a compute node says of a text that doesn't fit its column.
func tooLong(limit string) *failure {
	const rule = "-----------------------------------------------"
	return &failure{
		Code: codeInternal, Message: "Value too long for character type",
		Detail: "\n  " + rule + "\n  error:  Value too long for character type\n  code:      8001\n  context:   Value too long for type character varying(" + limit +
			")\n  query:     1\n  location:  string.cpp:247\n  process:   query0_1_1 [pid=1]\n  " + rule + "\n",
	}
}
