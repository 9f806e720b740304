package soql

import (
	"testing"
	"time"

	"catchment/internal/fakeorg/soql/literal"
	"catchment/internal/fakeorg/soql/syntax"
)

// TestRelativeDates holds every relative date against the calendar, on a
// Wednesday in the second quarter: 2026-05-20.
func TestRelativeDates(t *testing.T) {
	clock := Clock{Now: time.Date(2026, 5, 20, 13, 0, 0, 0, time.UTC), Zone: time.UTC}
	for _, c := range []struct{ literal, first, last string }{
		{"YESTERDAY", "2026-05-19", "2026-05-19"},
		{"TODAY", "2026-05-20", "2026-05-20"},
		{"TOMORROW", "2026-05-21", "2026-05-21"},
		{"LAST_WEEK", "2026-05-10", "2026-05-16"},
		{"THIS_WEEK", "2026-05-17", "2026-05-23"},
		{"NEXT_WEEK", "2026-05-24", "2026-05-30"},
		{"LAST_MONTH", "2026-04-01", "2026-04-30"},
		{"THIS_MONTH", "2026-05-01", "2026-05-31"},
		{"NEXT_MONTH", "2026-06-01", "2026-06-30"},
		{"LAST_90_DAYS", "2026-02-19", "2026-05-20"},
		{"NEXT_90_DAYS", "2026-05-21", "2026-08-18"},
		{"LAST_N_DAYS:1", "2026-05-19", "2026-05-20"},
		{"LAST_N_DAYS:0", "2026-05-20", "2026-05-20"},
		{"NEXT_N_DAYS:1", "2026-05-21", "2026-05-21"},
		{"NEXT_N_DAYS:15", "2026-05-21", "2026-06-04"},
		{"N_DAYS_AGO:20", "2026-04-30", "2026-04-30"},
		{"LAST_N_WEEKS:2", "2026-05-03", "2026-05-16"},
		{"NEXT_N_WEEKS:2", "2026-05-24", "2026-06-06"},
		{"N_WEEKS_AGO:2", "2026-05-03", "2026-05-09"},
		{"LAST_N_MONTHS:3", "2026-02-01", "2026-04-30"},
		{"NEXT_N_MONTHS:8", "2026-06-01", "2027-01-31"},
		{"N_MONTHS_AGO:3", "2026-02-01", "2026-02-28"},
		{"THIS_QUARTER", "2026-04-01", "2026-06-30"},
		{"LAST_QUARTER", "2026-01-01", "2026-03-31"},
		{"NEXT_QUARTER", "2026-07-01", "2026-09-30"},
		{"LAST_N_QUARTERS:2", "2025-10-01", "2026-03-31"},
		{"NEXT_N_QUARTERS:3", "2026-07-01", "2027-03-31"},
		{"N_QUARTERS_AGO:2", "2025-10-01", "2025-12-31"},
		{"THIS_YEAR", "2026-01-01", "2026-12-31"},
		{"LAST_YEAR", "2025-01-01", "2025-12-31"},
		{"NEXT_YEAR", "2027-01-01", "2027-12-31"},
		{"LAST_N_YEARS:5", "2021-01-01", "2025-12-31"},
		{"NEXT_N_YEARS:5", "2027-01-01", "2031-12-31"},
		{"N_YEARS_AGO:5", "2021-01-01", "2021-12-31"},
		{"THIS_FISCAL_QUARTER", "2026-04-01", "2026-06-30"},
		{"LAST_FISCAL_QUARTER", "2026-01-01", "2026-03-31"},
		{"NEXT_FISCAL_QUARTER", "2026-07-01", "2026-09-30"},
		{"LAST_N_FISCAL_QUARTERS:2", "2025-10-01", "2026-03-31"},
		{"NEXT_N_FISCAL_QUARTERS:3", "2026-07-01", "2027-03-31"},
		{"N_FISCAL_QUARTERS_AGO:2", "2025-10-01", "2025-12-31"},
		{"THIS_FISCAL_YEAR", "2026-01-01", "2026-12-31"},
		{"LAST_FISCAL_YEAR", "2025-01-01", "2025-12-31"},
		{"NEXT_FISCAL_YEAR", "2027-01-01", "2027-12-31"},
		{"LAST_N_FISCAL_YEARS:5", "2021-01-01", "2025-12-31"},
		{"NEXT_N_FISCAL_YEARS:5", "2027-01-01", "2031-12-31"},
		{"N_FISCAL_YEARS_AGO:5", "2021-01-01", "2021-12-31"},
		{"LAST_N_YEARS:999999999", "0001-01-02", "2025-12-31"},
		{"NEXT_N_DAYS:999999999", "2026-05-21", "9998-12-31"},
	} {
		first, last := day(t, c.first), day(t, c.last)
		for _, probe := range []struct {
			op    string
			value time.Time
			want  bool
		}{
			{"=", first, true}, {"=", last, true}, {"=", first.AddDate(0, 0, -1), false},
			{"=", last.AddDate(0, 0, 1), false},
			{"!=", first, false}, {"!=", last.AddDate(0, 0, 1), true},
			{"<", first, false}, {"<", first.AddDate(0, 0, -1), true},
			{"<=", last, true}, {"<=", last.AddDate(0, 0, 1), false},
			{">", last, false}, {">", last.AddDate(0, 0, 1), true},
			{">=", first, true}, {">=", first.AddDate(0, 0, -1), false},
		} {
			b := mustBind(t, "SELECT Id FROM Account WHERE Since__c "+probe.op+" "+c.literal)
			r := mapRecord{"Since__c": probe.value.Format(literal.DayLayout)}
			if got := b.Filter(clock)(r); got != probe.want {
				t.Errorf("%s %s %s: %v", r["Since__c"], probe.op, c.literal, got)
			}
		}
	}
}

// TestRelativeZone measures a day of a datetime by the clock's zone: in
// Berlin the 20th has begun while it is still the 19th in UTC.
func TestRelativeZone(t *testing.T) {
	clock := Clock{Now: time.Date(2026, 1, 19, 23, 30, 0, 0, time.UTC), Zone: time.FixedZone("CET", 3600)}
	b := mustBind(t, "SELECT Id FROM Account WHERE CreatedDate = TODAY")
	for value, want := range map[string]bool{
		"2026-01-19T22:59:59.999Z": false,
		"2026-01-19T23:00:00.000Z": true,
		"2026-01-20T22:59:59.999Z": true,
		"2026-01-20T23:00:00.000Z": false,
		"":                         false,
	} {
		if got := b.Filter(clock)(mapRecord{"CreatedDate": value}); got != want {
			t.Errorf("%s = TODAY: %v", value, got)
		}
		if got := b.filter.match(mapRecord{"CreatedDate": value}, clock); got != want {
			t.Errorf("%s = TODAY, measured for one record: %v", value, got)
		}
	}
}

func day(t *testing.T, text string) time.Time {
	t.Helper()
	d, err := time.Parse(literal.DayLayout, text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func mustBind(t testing.TB, text string) *Bound {
	t.Helper()
	q, err := syntax.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	b, err := Bind(q, newTestSchema())
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return b
}
