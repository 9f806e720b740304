package redshift

import (
	"errors"
	"strings"

	"catchment/internal/fakeaws/redshift/failure"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// response is err as a message to the client.
func response(err error) *pgproto3.ErrorResponse {
	f := asFailure(err)
	return &pgproto3.ErrorResponse{
		Severity: "ERROR", Code: f.Code, Message: f.Message, Detail: f.Detail, Hint: f.Hint, Where: f.Where,
	}
}

func asFailure(err error) *failure.Error {
	var f *failure.Error
	if errors.As(err, &f) {
		return f
	}
	var p *pgconn.PgError
	if errors.As(err, &p) {
		return &failure.Error{Code: p.Code, Message: p.Message, Detail: p.Detail, Hint: p.Hint, Where: p.Where}
	}
	return failure.New(failure.Internal, "%v", err)
}

// fromPostgres turns an error of PostgreSQL into Redshift's where theirs differ.
func fromPostgres(e *pgproto3.ErrorResponse) *failure.Error {
	f := &failure.Error{Code: e.Code, Message: e.Message, Detail: e.Detail, Hint: e.Hint, Where: e.Where}
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
		return failure.New(failure.Internal, "Found multiple matches to update the same tuple.")
	}
	return f
}

// conflict is what the second of two transactions gets that wrote the same row
// (Developer Guide, "Isolation levels in Amazon Redshift").
func conflict(table string) *failure.Error {
	if table == "" {
		table = "100001"
	}
	return &failure.Error{
		Code: failure.Internal, Message: "1023",
		Detail: "Serializable isolation violation on table - " + table +
			", transactions forming the cycle are: 1001, 1002 (pid:1)",
	}
}

// tooLong is what a compute node says of a text that doesn't fit its column.
func tooLong(limit string) *failure.Error {
	const rule = "-----------------------------------------------"
	return &failure.Error{
		Code: failure.Internal, Message: "Value too long for character type",
		Detail: "\n  " + rule + "\n  error:  Value too long for character type\n  code:      8001" +
			"\n  context:   Value too long for type character varying(" + limit +
			")\n  query:     1\n  location:  string.cpp:247\n  process:   query0_1_1 [pid=1]\n  " + rule + "\n",
	}
}
