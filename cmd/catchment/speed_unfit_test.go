package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"catchment/internal/warehouse/sql"
)

var unfitRecords = flag.Int("unfit.records", 0,
	"measure what values that fit no column cost, in one of 1,000 of so many Accounts; 0 measures nothing")

// unfitAtMost is how much longer a run may take that keeps one record of 1,000 out.
const unfitAtMost = 1.2

// A run that keeps one record of 1,000 out, spread over all pages, takes hardly longer
// than one that copies all, and no more memory. Both are measured in turn.
func TestUnfitSpeed(t *testing.T) {
	if *unfitRecords == 0 {
		t.Skip("make bench measures")
	}
	s := newSpeed(t)
	s.part("unfit", &duckYard{}, *unfitRecords, func(y yard, records int) { s.unfit(y.(*duckYard), records) })
}

func (s *speed) unfit(y *duckYard, records int) {
	o := s.startOrg(records, "plain")
	defer o.stop()
	s.newRun(o, y.renew(s.t)).do(s, "run", "--json")
	ids := y.everyThousandth(s.t)
	var clean, unfit []time.Duration
	var cleanPeak, unfitPeak int64
	measure := func() {
		for _, fits := range []bool{len(clean)%2 == 0, len(clean)%2 != 0} { // they take turns
			value := map[bool]string{true: "5", false: "1E38"}[fits]
			o.post(s, "records", map[string]any{"do": "drift", "ids": ids, "field": "AnnualRevenue", "value": value})
			took, peak := s.newRun(o, y.renew(s.t)).do(s, "run", "--json")
			if fits {
				clean, cleanPeak = append(clean, took), max(cleanPeak, peak)
				y.holds(s.t, records, 0)
				continue
			}
			unfit, unfitPeak = append(unfit, took), max(unfitPeak, peak)
			y.holds(s.t, records-len(ids), len(ids))
		}
	}
	ratio := func() float64 { return median(unfit).Seconds() / median(clean).Seconds() }
	for range max(3, *speedRounds) {
		measure()
	}
	for len(clean) < 15 && ratio() > unfitAtMost { // before a busy machine is taken for a slow program
		measure()
	}
	s.compare(y, fmt.Sprintf("first run with %d values that fit no column; by hand: without", len(ids)),
		records, median(unfit), median(clean), unfitAtMost)
	s.say(y, "its peak memory", records, fmt.Sprintf("%d MiB", unfitPeak>>10),
		fmt.Sprintf("%d MiB", cleanPeak>>10), fmt.Sprintf("%.2f", float64(unfitPeak)/float64(cleanPeak)), "1.20")
	if got := ratio(); got > unfitAtMost {
		s.t.Errorf("%d values that fit no column let a run take %.2f times as long: %v and %v", len(ids), got, unfit,
			clean)
	}
	if unfitPeak > cleanPeak+cleanPeak/5+64<<10 { // what DuckDB takes differs by that from run to run
		s.t.Errorf("and %d KiB instead of %d", unfitPeak, cleanPeak)
	}
}

// everyThousandth lists the Ids of one record of 1,000.
func (y *duckYard) everyThousandth(t *testing.T) []string {
	return y.texts(t, "SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM salesforce.account) "+
		"WHERE place % 1000 = 500")
}

// holds makes sure of how many rows there are, and how many records are kept out.
func (y *duckYard) holds(t *testing.T, rows, out int) {
	t.Helper()
	got := y.texts(t, "SELECT CAST(count(*) AS VARCHAR) FROM salesforce.account UNION ALL "+
		"SELECT CAST(count(DISTINCT record_key) AS VARCHAR) FROM salesforce_incremental._catchment_rejected")
	if want := []string{fmt.Sprint(rows), fmt.Sprint(out)}; strings.Join(got, " ") != strings.Join(want, " ") {
		t.Fatalf("%v rows and records that are out, it should be %v", got, want)
	}
}

// texts reads one column, while nobody else has the file.
func (y *duckYard) texts(t *testing.T, query string) []string {
	t.Helper()
	d := y.open(t)
	var all []string
	err := d.View(context.Background(), func(tx sql.Tx) error {
		return tx.Query(context.Background(), func(scan sql.Scan) error {
			var text string
			all = append(all, text)
			return scan(&all[len(all)-1])
		}, query)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	y.driver = nil
	return all
}
