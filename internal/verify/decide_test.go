package verify

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"catchment/internal/flow"
	"catchment/internal/source"
	"catchment/internal/warehouse/evidence"
)

// Spans leave no moment out, are whole days long but for the last one, and the
// newest comes first.
func TestSplit(t *testing.T) {
	from := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, whole := range []time.Duration{time.Hour, day, 10*day + time.Hour, 2500 * day} {
		parts := split(Span{from, from.Add(whole)}, 1000*day)
		slices.Reverse(parts)
		at := from
		for _, p := range parts {
			if !p.From.Equal(at) || p.To.Sub(p.From) > 1000*day || p.From.Truncate(day) != p.From {
				t.Errorf("%s: %v after %s", whole, p, at)
			}
			at = p.To
		}
		if !at.Equal(from.Add(whole)) {
			t.Errorf("%s: ends at %s", whole, at)
		}
	}
}

func TestSum(t *testing.T) {
	watermark := time.Unix(100*86400, 0).UTC()
	counts := func(ns ...int64) map[int64]int64 {
		m := map[int64]int64{}
		for i, n := range ns {
			m[int64(i)] = n
		}
		return m
	}
	tests := []struct {
		name           string
		records, rows  map[int64]int64
		older, changed int64
		deletes        flow.Deletes
		want           string // missing, extra, pending
	}{
		{"the same", counts(3, 4), counts(3, 4), 0, 0, flow.Flag, "0 0 0"},
		{"short on one day", counts(3, 4), counts(3, 2), 0, 9, flow.Flag, "2 0 0"},
		{"short on one day, over on another", counts(3, 5), counts(4, 4), 0, 0, flow.Flag, "1 1 0"},
		{"over, since that many changed", counts(3, 4), counts(5, 4), 0, 2, flow.Flag, "0 0 2"},
		{"over by more than changed", counts(3, 4), counts(5, 6), 0, 1, flow.Flag, "0 3 1"},
		{"over on purpose", counts(3, 4), counts(5, 6), 0, 0, flow.Ignore, "0 0 0"},
		{"records that are older than all rows", counts(3), counts(3), 2, 0, flow.Flag, "2 0 0"},
		{"a day that nobody counted", counts(3, 4), counts(3, 4, 7), 0, 0, flow.Flag, "0 0 0"},
	}
	for _, tt := range tests {
		s := &sampler{subject: &subject{source: &source.Source{Flow: flow.Flow{Deletes: tt.deletes}}}}
		s.seen = Sampled{To: watermark, Skipped: []Span{{time.Unix(2*86400, 0).UTC(), time.Unix(3*86400, 0).UTC()}}}
		d := s.sum(tt.records, tt.rows, tt.older, tt.changed)
		if got := fmt.Sprint(d.Missing, d.Extra, d.Pending); got != tt.want {
			t.Errorf("%s: missing, extra, pending are %s, want %s", tt.name, got, tt.want)
		}
	}
}

// A record that was missing here and is gone by now has no row to mend.
func TestKnown(t *testing.T) {
	l := look{states: []state{{id: "1"}, {id: "2"}}, gone: []string{"3", "4"}}
	deleted, gone := known(l, []evidence.Suspect{{ID: "1", How: "missing"}, {ID: "2", How: "extra"},
		{ID: "3", How: "missing"}, {ID: "4", How: "stale"}, {ID: "4", How: "duplicate"}})
	if len(deleted) != 1 || deleted[0].id != "2" || !slices.Equal(gone, []string{"4"}) {
		t.Errorf("%v, %v", deleted, gone)
	}
}

func TestCostOf(t *testing.T) {
	if c := CostOf(5_000_000, Stamps); c.Jobs != 1 || c.Records != 5_000_000 || c.Calls > 100 {
		t.Errorf("%+v", c)
	}
	if c := CostOf(5_000_000, Counts); c != (Cost{Calls: 6}) {
		t.Errorf("%+v", c)
	}
}

// What a certificate calls agreement is nothing less than that.
func TestCertify(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	fine := Result{Object: "Account", Method: Stamps}
	bad := Result{Object: "Contact", Method: Values, Difference: evidence.Difference{Wrong: 1}}
	mended := Result{Object: "Lead", Method: Values, Difference: evidence.Difference{Wrong: 1},
		Repaired: 1, mended: true}
	sample := Result{Object: "Case", Method: Counts}
	for _, tt := range []struct {
		results []Result
		agrees  bool
	}{{nil, false}, {[]Result{fine}, true}, {[]Result{fine, mended}, true}, {[]Result{fine, bad}, false},
		{[]Result{fine, sample}, false}} {
		c := Certify(tt.results, "00D000000000001AAA", "v1", at)
		if c.Agrees != tt.agrees || len(c.Objects) != len(tt.results) || c.Format != CertificateFormat ||
			!c.MadeAt.Equal(at) {
			t.Errorf("%+v", c)
		}
	}
}
