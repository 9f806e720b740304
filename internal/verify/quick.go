package verify

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"catchment/internal/plan"
	"catchment/internal/salesforce/fault"
	"catchment/internal/salesforce/soql"
	"catchment/internal/warehouse"
)

// A Sampled says what a sample looked at.
type Sampled struct {
	From, To time.Time // stamps in between were counted
	Days     int64     // on which there were records, on either side
	Differ   []Day     // of those, the first that differ
	Skipped  []Span    // Salesforce took too long to count them
}

// A Day is the records that are stamped on one day, UTC.
type Day struct {
	Day               time.Time
	Source, Warehouse int64
}

// A Span is from one moment to another, the later one left out.
type Span struct{ From, To time.Time }

const (
	day = 24 * time.Hour

	// spanDays keeps an answer within the 2,000 groups that REST gives at most.
	spanDays = 1000

	// quickCalls bounds what a sample may cost.
	quickCalls = 24
)

// quick compares how many records were stamped on each day. It is a sample:
// two mistakes of one day may cancel out, and a record that is stale within its
// day isn't seen. What it finds is there all the same.
func (w *visit) quick(ctx context.Context) error {
	stamp, ok := w.source.Object.Field("SystemModstamp")
	if !ok || !stamp.Filterable {
		return plan.Fixf("compare it without --quick", "%s has no SystemModstamp to count by", w.flow.Object)
	}
	w.res.Grade = "sample"
	rows, err := w.Warehouse.Days(ctx, w.judged, w.mark.Watermark)
	if err != nil {
		return err
	}
	from := w.mark.Watermark.Truncate(day)
	for d := range rows {
		if at := time.Unix(d*int64(day/time.Second), 0).UTC(); at.Before(from) {
			from = at
		}
	}
	w.res.Sampled = &Sampled{From: from, To: w.mark.Watermark}
	records, err := w.count(ctx, from)
	if err != nil {
		return err
	}
	older, err := w.Org.Count(ctx, w.countQuery(soql.Before("SystemModstamp", from), true), true)
	if err != nil {
		return err
	}
	// Who changed since the watermark has left his day, and may have been on any.
	changed, err := w.Org.Count(ctx, w.countQuery(soql.Since("SystemModstamp", w.mark.Watermark), false), true)
	if err != nil {
		return err
	}
	w.sum(records, rows, older, changed)
	if len(w.source.Treatment.Checks) == 0 {
		return nil
	}
	rejected, err := w.Warehouse.StillRejected(ctx, w.table)
	w.res.Difference = excuse(w.res.Difference, int64(len(rejected)))
	return err
}

// excuse takes off what so many rejected records may be the cause of: each is short
// on the day of its stamp, and over where an earlier version of it has a row.
func excuse(d warehouse.Difference, rejected int64) warehouse.Difference {
	d.Rejected = min(d.Missing, rejected)
	d.Missing -= d.Rejected
	d.Extra -= min(d.Extra, d.Rejected)
	return d
}

// count asks the org for the records of each day, by spans that it answers in
// time, the newest first.
func (w *visit) count(ctx context.Context, from time.Time) (map[int64]int64, error) {
	records := map[int64]int64{}
	spans := split(Span{from, w.mark.Watermark}, spanDays*day)
	for calls := 0; len(spans) > 0; calls++ {
		span := spans[0]
		spans = spans[1:]
		if calls == quickCalls {
			w.res.Sampled.Skipped = append(w.res.Sampled.Skipped, append(spans, span)...)
			break
		}
		if err := w.held.Renew(ctx); err != nil {
			return nil, err
		}
		err := w.countSpan(ctx, span, records)
		switch {
		case err == nil:
		case !tookTooLong(err):
			return nil, err
		case span.To.Sub(span.From) <= day:
			w.res.Sampled.Skipped = append(w.res.Sampled.Skipped, span)
		default:
			half := (span.To.Sub(span.From) / 2).Truncate(day)
			spans = append(split(span, max(half, day)), spans...)
		}
	}
	return records, nil
}

// tookTooLong tells whether Salesforce may answer to a shorter span.
func tookTooLong(err error) bool {
	switch fault.CodeOf(err) {
	case "QUERY_TIMEOUT", "OPERATION_TOO_LARGE", "EXCEEDED_MAX_SIZE_REQUEST":
		return true
	}
	return false
}

// split cuts a span into parts of a length, whole days long, the newest first.
func split(s Span, length time.Duration) []Span {
	var parts []Span
	for at := s.From; at.Before(s.To); at = at.Add(length) {
		to := at.Add(length)
		if to.After(s.To) {
			to = s.To
		}
		parts = append(parts, Span{at, to})
	}
	slices.Reverse(parts)
	return parts
}

// countSpan asks for the records of each day of a span. DAY_ONLY is of UTC.
func (w *visit) countSpan(ctx context.Context, span Span, into map[int64]int64) error {
	q := soql.Select{Fields: []string{"DAY_ONLY(SystemModstamp) day", "COUNT(Id) n"}, From: w.source.Object.Name, GroupBy: "DAY_ONLY(SystemModstamp)",
		Where: append(w.live(), soql.Since("SystemModstamp", span.From), soql.Before("SystemModstamp", span.To))}
	got := map[int64]int64{}
	for r, err := range w.Org.Query(ctx, q.String(), true) {
		if err != nil {
			return err
		}
		text, err := r.Text("day")
		if err != nil {
			return err
		}
		at, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return plan.Failf(plan.Bug, "", "a group of DAY_ONLY isn't a day")
		}
		number, err := r.Text("n")
		if err != nil {
			return err
		}
		if got[at.Unix()/int64(day/time.Second)], err = strconv.ParseInt(number, 10, 64); err != nil {
			return plan.Failf(plan.Bug, "", "a COUNT isn't a number")
		}
	}
	for d, n := range got {
		into[d] += n
	}
	return nil
}

// live is the flow's filter, and that a record isn't deleted.
func (w *visit) live() []soql.Condition {
	conditions := w.conditions()
	if _, ok := w.source.Object.Field("IsDeleted"); ok {
		conditions = append(conditions, "IsDeleted = false")
	}
	return conditions
}

func (w *visit) countQuery(c soql.Condition, live bool) string {
	conditions := w.conditions()
	if live {
		conditions = w.live()
	}
	return soql.Select{Fields: []string{"COUNT()"}, From: w.source.Object.Name, Where: append(conditions, c)}.String()
}

// sum turns counts by day into a difference. More records than rows on a day
// are missing for sure, since a record never gets an old stamp; more rows than
// records are pending, as far as that many records changed since the watermark.
func (w *visit) sum(records, rows map[int64]int64, older, changed int64) {
	d := &w.res.Difference
	s := w.res.Sampled
	d.Missing, d.Source = older, older
	all := map[int64]bool{}
	for n := range records {
		all[n] = true
	}
	for n := range rows {
		all[n] = true
	}
	var over int64
	for _, n := range sorted(all) {
		at := time.Unix(n*int64(day/time.Second), 0).UTC()
		if slices.ContainsFunc(s.Skipped, func(span Span) bool { return at.Before(span.To) && at.Add(day).After(span.From) }) {
			continue
		}
		s.Days++
		d.Source += records[n]
		d.Warehouse += rows[n]
		d.Missing += max(0, records[n]-rows[n])
		over += max(0, rows[n]-records[n])
		if records[n] != rows[n] && len(s.Differ) < w.Options.Sample {
			s.Differ = append(s.Differ, Day{at, records[n], rows[n]})
		}
	}
	if w.flow.Deletes == "ignore" { // rows of deleted records stay on purpose
		return
	}
	d.Pending = min(over, changed)
	d.Extra = over - d.Pending
}

func sorted(days map[int64]bool) []int64 {
	var all []int64
	for n := range days {
		all = append(all, n)
	}
	slices.Sort(all)
	return all
}

func (d Day) String() string {
	return fmt.Sprintf("%s: %d in the org, %d here", d.Day.Format(time.DateOnly), d.Source, d.Warehouse)
}
