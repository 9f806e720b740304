package main

import (
	"context"
	"errors"

	"github.com/rogpeppe/go-internal/testscript"

	"catchment/internal/control/sqlite"
	"catchment/internal/control/versioned"
)

// writeRow: row OBJECT DATA writes a control row into control.db as other hands do, with
// whatever data.
func writeRow(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: row OBJECT DATA")
	}
	table, err := sqlite.Open(ts.MkAbs("control.db"))
	ts.Check(err)
	defer table.Close()
	key := versioned.Key{Kind: "wanted", ID: args[0]}
	row, err := table.Get(context.Background(), key)
	if errors.Is(err, versioned.ErrNotFound) {
		row, err = versioned.Row{Key: key}, nil
	}
	ts.Check(err)
	row.Data = []byte(args[1])
	_, err = table.Put(context.Background(), row)
	ts.Check(err)
}
