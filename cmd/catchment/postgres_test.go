package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"catchment/internal/warehouse/pgtest"
)

// cluster is the PostgreSQL of this package's tests.
var cluster pgtest.Cluster

// newDatabase: postgres makes an empty database and exports its URL as PG_URL.
func newDatabase(ts *testscript.TestScript, neg bool, args []string) {
	url, err := cluster.Create(context.Background())
	ts.Check(err)
	ts.Setenv("PG_URL", url)
}

// queryPostgres: pg SQL does a statement in that database and prints its rows,
// tab between columns.
func queryPostgres(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: pg SQL")
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, ts.Getenv("PG_URL"))
	ts.Check(err)
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, args[0])
	ts.Check(err)
	for rows.Next() {
		values, err := rows.Values()
		ts.Check(err)
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = fmt.Sprint(v)
		}
		fmt.Fprintln(ts.Stdout(), strings.Join(texts, "\t"))
	}
	if err := rows.Err(); (err != nil) != neg {
		ts.Fatalf("%v", err)
	}
}

// restorePostgres: restore FILE does the statements of a file in that database.
func restorePostgres(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: restore FILE")
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, ts.Getenv("PG_URL"))
	ts.Check(err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, ts.ReadFile(args[0]))
	ts.Check(err)
}
