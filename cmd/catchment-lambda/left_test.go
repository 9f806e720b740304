package main

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	fakeflows "catchment/internal/fakeaws/appflow"
)

// filesBucket is where flows of AppFlow leave files.
const filesBucket = "acme-appflow"

// byFiles has flows of AppFlow leave files in S3, which load reads.
const byFiles = "limits: {flows: 4}\n" +
	"appflow: {destination: s3, format: parquet, salesforce: sf, bucket: " + filesBucket +
	", prefix: crm, deployment: test}"

// TestAWSFiles deploys with flows of AppFlow that leave Parquet in S3, some of it twice, some of an execution that
// fails, and some that was lost; then the right to find the files is taken away, and the right to read them. make aws
// calls it.
func TestAWSFiles(t *testing.T) {
	byMakeAWS(t)
	a := newAccount(t, variant{name: "files", more: byFiles, flows: bothWays})
	a.bucket(filesBucket)
	a.deploy()
	a.flows.Script(fakeflows.Script{Object: "Account", Again: 2}) // every second put is done twice
	began := time.Now()
	a.run()
	t.Logf("the first execution took %s", time.Since(began).Round(100*time.Millisecond))
	a.agrees()
	a.twiceAndOnce("account")

	a.flows.Script(fakeflows.Script{Object: "Opportunity", Fail: "Internal error", After: 10})
	a.flows.Script(fakeflows.Script{Object: "Account", Lose: 1})
	a.org.Clock().Advance(time.Hour)
	_, err := a.org.History(400, 1)
	a.check(err)
	a.org.Clock().Advance(time.Hour)
	before := a.flows.Calls("start-flow")
	a.run()
	if n := a.flows.Calls("start-flow") - before; n != 4 {
		t.Errorf("%d executions: two flows, of which each has to be started anew, take 4", n)
	}
	a.agrees()

	l := a.ledger()
	needed := l.needed()
	for seed, r := range []right{
		{"LoadFunctionRole", "FindFlowFiles", "s3:ListBucket", "arn:aws:s3:::" + filesBucket},
		{"LoadFunctionRole", "FlowFiles", "s3:GetObject", "arn:aws:s3:::" + filesBucket + "/crm/catchment-*"},
	} {
		if _, is := needed[r]; !is {
			t.Errorf("no call needs %s", r)
			continue
		}
		a.changes(uint64(seed) + 2)
		a.without(l, r)
		a.agrees()
	}
	a.nothingLeft()
}

// twiceAndOnce proves that more rows of a table were loaded than there are records, and that each has one row.
func (a *account) twiceAndOnce(table string) {
	a.t.Helper()
	conn, err := pgx.Connect(a.t.Context(), a.red.URL())
	a.check(err)
	defer func() { a.check(conn.Close(a.t.Context())) }()
	var staged, inserted int64
	a.check(conn.QueryRow(a.t.Context(), `SELECT sum(staged), sum(inserted) FROM salesforce_incremental._catchment_log
		WHERE table_name = $1`, table).Scan(&staged, &inserted))
	rows, ids, err := a.count(a.t.Context(), "salesforce."+table)
	a.check(err)
	a.t.Logf("%s: %d rows were staged, for %d records", table, staged, ids)
	if staged <= inserted || rows != ids || rows != inserted {
		a.t.Errorf("%s: %d rows staged, %d inserted, %d rows of %d records", table, staged, inserted, rows, ids)
	}
}
