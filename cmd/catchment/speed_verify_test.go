package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
)

// scans is how often a table is scanned by hand in each round: once takes milliseconds.
const scans = 10

// verifies measures what a comparison of all records takes, by their stamps and by all values. By hand is a scan of
// the same columns in the warehouse, and no look at the org: so much less can't be done, and the rest is the download.
func (s *speed) verifies(y yard, records int) {
	o := s.startOrg(records, "plain")
	defer o.stop()
	p := s.newRun(o, y.renew(s.t))
	p.do(s, "run", "--json")
	table := s.table(o)
	for _, args := range [][]string{{"verify", "--json"}, {"verify", "--json", "--digest"}} {
		what := strings.Join(slices.Delete(slices.Clone(args), 1, 2), " ")
		columns := slices.Clone(table.Columns)
		if len(args) == 2 {
			columns = slices.DeleteFunc(columns, func(c shape.Column) bool {
				return c.Field != "Id" && c.Field != shape.FieldStamp && c.Field != shape.FieldDeleted
			})
		}
		var ours, hand []time.Duration
		var found finding
		for range *speedRounds {
			y.checkpoint(s.t)
			took, _ := p.do(s, args...)
			s.must(json.Unmarshal(p.out.Bytes(), &found))
			if found.Source != int64(records) || found.Missing+found.Extra+found.Stale+found.Wrong > 0 {
				s.t.Fatalf("%s: %s", what, p.out)
			}
			ours = append(ours, took)
			hand = append(hand, scan(s.t, y, columns))
		}
		s.compare(y, what+"; by hand: a scan of the same columns", records, median(ours), median(hand), 0)
		s.say(y, "API calls of "+what, records, fmt.Sprint(found.Calls), "-", "-", fmt.Sprint(callsAtMost))
	}
}

// scan reads columns of all rows in the warehouse, and tells how long that takes once.
func scan(t *testing.T, y yard, columns []shape.Column) time.Duration {
	t.Helper()
	var wanted []string
	for _, c := range columns {
		most := "max"
		if c.Kind == shape.Bool {
			most = "bool_or"
		}
		wanted = append(wanted, fmt.Sprintf("CASE WHEN %s(%s) IS NULL THEN 1 ELSE 0 END", most, c.Name))
	}
	query := "SELECT " + strings.Join(wanted, " + ") + " FROM salesforce.account"
	ctx := context.Background()
	d := y.open(t)
	var took time.Duration
	err := d.View(ctx, func(tx sql.Tx) error {
		var n int64
		once := func() error { return tx.Query(ctx, func(scan sql.Scan) error { return scan(&n) }, query) }
		if err := once(); err != nil { // what was never read comes from the disk
			return err
		}
		start := time.Now()
		for range scans {
			if err := once(); err != nil {
				return err
			}
		}
		took = time.Since(start) / scans
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if duck, ok := y.(*duckYard); ok {
		duck.driver = nil
	}
	return took
}
