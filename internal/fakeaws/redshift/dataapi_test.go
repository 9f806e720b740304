package redshift_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeaws/redshift"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/redshiftdata"
	"github.com/aws/aws-sdk-go-v2/service/redshiftdata/types"
	"github.com/aws/smithy-go"
)

// An api is the SDK's client of one workgroup.
type api struct {
	t *testing.T
	*redshiftdata.Client
}

func newAPI(t *testing.T, s *redshift.Server) api {
	return api{t, redshiftdata.New(redshiftdata.Options{
		BaseEndpoint: aws.String(s.DataAPI()), Region: "eu-west-1",
		Credentials: credentials.NewStaticCredentialsProvider("id", "key", ""),
		Retryer:     aws.NopRetryer{},
	})}
}

func in(sql string) *redshiftdata.ExecuteStatementInput {
	return &redshiftdata.ExecuteStatementInput{Sql: &sql, WorkgroupName: aws.String("wg"), Database: aws.String("dev")}
}

// wait polls until the statement has ended.
func (a api) wait(id *string) *redshiftdata.DescribeStatementOutput {
	a.t.Helper()
	for {
		d, err := a.DescribeStatement(a.t.Context(), &redshiftdata.DescribeStatementInput{Id: id})
		if err != nil {
			a.t.Fatal(err)
		}
		switch d.Status {
		case types.StatusStringFinished, types.StatusStringFailed, types.StatusStringAborted:
			return d
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (a api) do(sql string, parameters ...string) *redshiftdata.DescribeStatementOutput {
	a.t.Helper()
	i := in(sql)
	for n := 0; n < len(parameters); n += 2 {
		i.Parameters = append(i.Parameters, types.SqlParameter{Name: &parameters[n], Value: &parameters[n+1]})
	}
	o, err := a.ExecuteStatement(a.t.Context(), i)
	if err != nil {
		a.t.Fatalf("%s: %v", sql, err)
	}
	return a.wait(o.Id)
}

func (a api) ok(sql string, parameters ...string) *redshiftdata.DescribeStatementOutput {
	a.t.Helper()
	d := a.do(sql, parameters...)
	if d.Status != types.StatusStringFinished {
		a.t.Fatalf("%s: %s %s", sql, d.Status, aws.ToString(d.Error))
	}
	return d
}

// rows are all pages of a result, each row as its values joined.
func (a api) rows(id *string) []string {
	a.t.Helper()
	var all []string
	for token := (*string)(nil); ; {
		r, err := a.GetStatementResult(a.t.Context(), &redshiftdata.GetStatementResultInput{Id: id, NextToken: token})
		if err != nil {
			a.t.Fatal(err)
		}
		for _, record := range r.Records {
			var row []string
			for _, f := range record {
				switch f := f.(type) {
				case *types.FieldMemberIsNull:
					row = append(row, "<nil>")
				case *types.FieldMemberStringValue:
					row = append(row, f.Value)
				case *types.FieldMemberLongValue:
					row = append(row, fmt.Sprint(f.Value))
				case *types.FieldMemberDoubleValue:
					row = append(row, fmt.Sprint(f.Value))
				case *types.FieldMemberBooleanValue:
					row = append(row, fmt.Sprint(f.Value))
				}
			}
			all = append(all, strings.Join(row, " "))
		}
		if token = r.NextToken; token == nil {
			if int(r.TotalNumRows) != len(all) {
				a.t.Errorf("%d rows of %d", len(all), r.TotalNumRows)
			}
			return all
		}
	}
}

// refused checks the kind of an error.
func (a api) refused(err error, kind, want string) {
	a.t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != kind || !strings.Contains(e.ErrorMessage(), want) {
		a.t.Errorf("got %v, want %s %q", err, kind, want)
	}
}

func TestDataAPI(t *testing.T) {
	t.Parallel()
	s := start(t, store{"b/k": []byte("1,a\n2,b\n")})
	a := newAPI(t, s)
	a.ok(`create table t (n int, v varchar(10), d decimal(10,2), b boolean, f float8)`)
	if d := a.ok(`insert into t values (:n, :v, :d, :b, 0.5), (:n, null, null, null, null)`, "n", "7", "v", "it's :n",
		"d", "1.50", "b", "true"); d.ResultRows != 2 || *d.HasResultSet {
		t.Errorf("got %+v", d)
	}
	d := a.ok(`select n, v, d, b, f, n::bigint as big from t where n = :n order by v nulls last`, "n", "7")
	same(t, a.rows(d.Id), "7 it's :n 1.50 true 0.5 7", "7 <nil> <nil> <nil> <nil> 7")
	if !*d.HasResultSet || d.ResultRows != 2 || d.ResultSize <= 0 || d.Duration <= 0 || d.RedshiftPid == 0 ||
		*d.WorkgroupName != "wg" || d.CreatedAt.After(*d.UpdatedAt) {
		t.Errorf("got %+v", d)
	}
	r, err := a.GetStatementResult(t.Context(), &redshiftdata.GetStatementResultInput{Id: d.Id})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"n int4 0", "v varchar 10", "d numeric 10", "b bool 0", "f float8 0", "big int8 0"} {
		c := r.ColumnMetadata[i]
		if got := fmt.Sprintf("%s %s %d", *c.Name, *c.TypeName, c.Precision); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if d := a.ok(`copy t (n, v) from 's3://b/k' iam_role default csv`); d.ResultRows != 2 {
		t.Errorf("COPY says %d rows", d.ResultRows)
	}
	d = a.do(`insert into t values (1) on conflict do nothing`)
	if d.Status != types.StatusStringFailed || *d.Error != `ERROR: syntax error at or near "on"` {
		t.Errorf("got %s %s", d.Status, aws.ToString(d.Error))
	}
	_, err = a.GetStatementResult(t.Context(), &redshiftdata.GetStatementResultInput{Id: d.Id})
	a.refused(err, "ResourceNotFoundException", "Query does not have result")
	s.Faults().RefuseCommit(1)
	if d = a.do(`delete from t`); d.Status != types.StatusStringFailed ||
		!strings.HasPrefix(*d.Error, "ERROR: 1023\n  Detail: Serializable isolation violation on table - ") {
		t.Errorf("got %s", aws.ToString(d.Error))
	}
	// Calls that stand alone are no transaction together.
	a.ok(`begin`)
	a.ok(`delete from t`)
	a.ok(`rollback`)
	same(t, a.rows(a.ok(`select count(*) from t`).Id), "0")
	if d = a.do(`select 1; select 2`); d.Status != types.StatusStringFailed {
		t.Errorf("two statements in one: %s", d.Status)
	}
}

func TestDataAPIPages(t *testing.T) {
	t.Parallel()
	a := newAPI(t, start(t, nil))
	rows := a.rows(a.ok(`select generate_series(1, 2500)`).Id)
	if len(rows) != 2500 || rows[2499] != "2500" {
		t.Errorf("got %d rows", len(rows))
	}
	if d := a.ok(`select repeat('x', 65536)`); d.ResultRows != 1 {
		t.Errorf("got %+v", d)
	}
	if d := a.do(`select repeat('x', 65537)`); d.Status != types.StatusStringFailed ||
		!strings.Contains(*d.Error, "64 KB") {
		t.Errorf("got %s", d.Status)
	}
	same(t, a.rows(a.ok(`select 1 where false`).Id))
}

func TestDataAPIBatch(t *testing.T) {
	t.Parallel()
	a := newAPI(t, start(t, nil))
	batch := func(sqls ...string) *redshiftdata.DescribeStatementOutput {
		t.Helper()
		o, err := a.BatchExecuteStatement(t.Context(),
			&redshiftdata.BatchExecuteStatementInput{Sqls: sqls, WorkgroupName: aws.String("wg"),
				Database: aws.String("dev")})
		if err != nil {
			t.Fatal(err)
		}
		return a.wait(o.Id)
	}
	d := batch(`create table t (n int)`, `insert into t values (1), (2)`, `select n from t order by n`)
	if d.Status != types.StatusStringFinished || len(d.SubStatements) != 3 || d.SubStatements[1].ResultRows != 2 ||
		!*d.HasResultSet {
		t.Fatalf("got %s %+v", aws.ToString(d.Error), d)
	}
	same(t, a.rows(d.SubStatements[2].Id), "1", "2")
	_, err := a.GetStatementResult(t.Context(), &redshiftdata.GetStatementResultInput{Id: d.Id})
	a.refused(err, "ResourceNotFoundException", "")

	d = batch(`insert into t values (3)`, `insert into nowhere values (1)`, `insert into t values (4)`)
	var got []string
	for _, p := range d.SubStatements {
		got = append(got, string(p.Status))
	}
	same(t, got, "FINISHED", "FAILED", "ABORTED")
	if d.Status != types.StatusStringFailed ||
		!strings.Contains(*d.Error, `Query #2 failed with ERROR: relation "nowhere" does not exist`) {
		t.Errorf("got %s %s", d.Status, aws.ToString(d.Error))
	}
	same(t, a.rows(a.ok(`select count(*) from t`).Id), "2")
	l, err := a.ListStatements(t.Context(), &redshiftdata.ListStatementsInput{Status: types.StatusStringFailed})
	if err != nil || len(l.Statements) != 1 || *l.Statements[0].Id != *d.Id || !*l.Statements[0].IsBatchStatement ||
		len(l.Statements[0].QueryStrings) != 3 {
		t.Errorf("got %v %+v", err, l)
	}
}

func TestDataAPISessions(t *testing.T) {
	t.Parallel()
	a := newAPI(t, start(t, nil))
	i := in(`create temp table mine (n int)`)
	i.SessionKeepAliveSeconds = aws.Int32(60)
	o, err := a.ExecuteStatement(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	a.wait(o.Id)
	more := func(sql string) *redshiftdata.DescribeStatementOutput {
		t.Helper()
		o, err := a.ExecuteStatement(t.Context(),
			&redshiftdata.ExecuteStatementInput{Sql: &sql, SessionId: o.SessionId})
		if err != nil {
			t.Fatal(err)
		}
		return a.wait(o.Id)
	}
	for _, sql := range []string{`begin`, `insert into mine values (1)`, `commit`} {
		if d := more(sql); d.Status != types.StatusStringFinished {
			t.Errorf("%s: %s", sql, aws.ToString(d.Error))
		}
	}
	same(t, a.rows(more(`select n from mine`).Id), "1")
	if d := a.do(`select n from mine`); d.Status != types.StatusStringFailed {
		t.Errorf("a temporary table outside of its session: %s", d.Status)
	}
	_, err = a.ExecuteStatement(t.Context(),
		&redshiftdata.ExecuteStatementInput{Sql: aws.String("select 1"),
			SessionId: aws.String("00000000-0000-0000-0000-000000000000")})
	a.refused(err, "ValidationException", "Session is not available")
}

func TestDataAPITokens(t *testing.T) {
	t.Parallel()
	a := newAPI(t, start(t, nil))
	a.ok(`create table t (n int)`)
	i := in(`insert into t values (1)`)
	i.ClientToken = aws.String("once")
	var ids []string
	for range 3 {
		o, err := a.ExecuteStatement(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, *o.Id)
		a.wait(o.Id)
	}
	same(t, ids[1:], ids[0], ids[0])
	same(t, a.rows(a.ok(`select count(*) from t`).Id), "1")
	i.Sql = aws.String(`insert into t values (2)`)
	_, err := a.ExecuteStatement(t.Context(), i)
	a.refused(err, "ValidationException", "client token")
}

func TestDataAPIRefusals(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	a := newAPI(t, s)
	for _, one := range []struct {
		change func(*redshiftdata.ExecuteStatementInput)
		want   string
	}{
		{func(i *redshiftdata.ExecuteStatementInput) { i.WorkgroupName = nil },
			"Either ClusterIdentifier or WorkgroupName"},
		{func(i *redshiftdata.ExecuteStatementInput) { i.ClusterIdentifier = aws.String("c") },
			"Either ClusterIdentifier or WorkgroupName"},
		{func(i *redshiftdata.ExecuteStatementInput) { i.Database = nil }, "Database"},
		{func(i *redshiftdata.ExecuteStatementInput) {
			i.WorkgroupName, i.ClusterIdentifier = nil, aws.String("c")
		}, "SecretArn or DbUser"},
		{func(i *redshiftdata.ExecuteStatementInput) {
			i.Sql = aws.String("select '" + strings.Repeat("x", 100<<10) + "'")
		}, "can't exceed 102400 bytes"},
		{func(i *redshiftdata.ExecuteStatementInput) {
			i.Parameters = []types.SqlParameter{{Name: aws.String("n"), Value: aws.String("1")}}
		}, "unused parameters"},
		{func(i *redshiftdata.ExecuteStatementInput) { i.SessionKeepAliveSeconds = aws.Int32(86401) },
			"between 0 and 86400"},
	} {
		i := in(`select 1`)
		one.change(i)
		_, err := a.ExecuteStatement(t.Context(), i)
		a.refused(err, "ValidationException", one.want)
	}
	_, err := a.DescribeStatement(t.Context(), &redshiftdata.DescribeStatementInput{Id: aws.String("none")})
	a.refused(err, "ResourceNotFoundException", "")
	s.Faults().Throttle(1)
	_, err = a.ExecuteStatement(t.Context(), in(`select 1`))
	a.refused(err, "ThrottlingException", "Rate exceeded")
	s.Faults().Pause()
	_, err = a.ExecuteStatement(t.Context(), in(`select 1`))
	a.refused(err, "ValidationException", "paused")
	s.Faults().Resume()
	a.ok(`select 1`)
	i := in(`select 1`)
	i.WorkgroupName, i.ClusterIdentifier, i.DbUser = nil, aws.String("c"), aws.String("somebody")
	o, err := a.ExecuteStatement(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	if d := a.wait(o.Id); d.Status != types.StatusStringFailed ||
		!strings.Contains(*d.Error, `password authentication failed for user "somebody"`) {
		t.Errorf("got %s %s", d.Status, aws.ToString(d.Error))
	}
}

// A statement is done while others are asked about; it can be stopped.
func TestDataAPICancel(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	a := newAPI(t, s)
	a.ok(`create table t (n int)`)
	conn := dial(t, s)
	exec(t, conn, `begin; lock t`)
	o, err := a.ExecuteStatement(t.Context(), in(`insert into t values (1)`))
	if err != nil {
		t.Fatal(err)
	}
	for {
		d, err := a.DescribeStatement(t.Context(), &redshiftdata.DescribeStatementInput{Id: o.Id})
		if err != nil {
			t.Fatal(err)
		}
		if d.Status == types.StatusStringStarted {
			break
		}
		time.Sleep(time.Millisecond)
	}
	c, err := a.CancelStatement(t.Context(), &redshiftdata.CancelStatementInput{Id: o.Id})
	if err != nil || !*c.Status {
		t.Fatal(err)
	}
	if d := a.wait(o.Id); d.Status != types.StatusStringAborted {
		t.Errorf("got %s", d.Status)
	}
	exec(t, conn, `rollback`)
	same(t, a.rows(a.ok(`select count(*) from t`).Id), "0")
	_, err = a.CancelStatement(t.Context(), &redshiftdata.CancelStatementInput{Id: o.Id})
	a.refused(err, "ValidationException", "already in ABORTED state")
}
