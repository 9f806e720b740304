package verify

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/fault"
	"catchment/internal/salesforce/soql"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
)

const (
	day = 24 * time.Hour

	// spanDays keeps an answer within the 2,000 groups that REST gives at most.
	spanDays = 1000

	// quickCalls bounds what a sample may cost.
	quickCalls = 24
)

// A sampler compares how many records were stamped on each day. It is a sample:
// two mistakes of one day may cancel out, and a record that is stale within its
// day isn't seen. What it finds is there all the same.
type sampler struct {
	org       *salesforce.Client
	evidence  warehouse.Evidence
	subject   *subject
	held      *lease.Lease
	watermark time.Time
	named     int // how many days to name that differ
	seen      Sampled
}

// compare counts on both sides, and tells what differs.
func (s *sampler) compare(ctx context.Context) (evidence.Difference, error) {
	var none evidence.Difference
	stamp, ok := s.subject.source.Object.Field("SystemModstamp")
	if !ok || !stamp.Filterable {
		return none, plan.Fixf("compare it without --quick", "%s has no SystemModstamp to count by", s.held.Flow())
	}
	if s.subject.source.Refused {
		return none, plan.Fixf("compare it without --quick",
			"Salesforce lets this user read %s only by its parents, and doesn't count it", s.held.Flow())
	}
	rows, err := s.evidence.Days(ctx, s.subject.judged, s.watermark)
	if err != nil {
		return none, err
	}
	from := s.watermark.Truncate(day)
	for d := range rows {
		if at := time.Unix(d*int64(day/time.Second), 0).UTC(); at.Before(from) {
			from = at
		}
	}
	s.seen = Sampled{From: from, To: s.watermark}
	records, err := s.count(ctx)
	if err != nil {
		return none, err
	}
	older, err := s.countAll(ctx, append(s.subject.live(), soql.Before("SystemModstamp", from)))
	if err != nil {
		return none, err
	}
	// Who changed since the watermark has left his day, and may have been on any.
	changed, err := s.countAll(ctx, append(s.subject.conditions(), soql.Since("SystemModstamp", s.watermark)))
	if err != nil {
		return none, err
	}
	d := s.sum(records, rows, older, changed)
	out, err := s.evidence.Out(ctx, s.subject.table, warehouse.Merge{}, 0)
	return excuse(d, out.Records), err
}

// excuse takes off what so many rejected records may be the cause of: each is short
// on the day of its stamp, and over where an earlier version of it has a row.
func excuse(d evidence.Difference, rejected int64) evidence.Difference {
	d.Rejected = min(d.Missing, rejected)
	d.Missing -= d.Rejected
	d.Extra -= min(d.Extra, d.Rejected)
	return d
}

// count asks the org for the records of each day, by spans that it answers in
// time, the newest first.
func (s *sampler) count(ctx context.Context) (map[int64]int64, error) {
	records := map[int64]int64{}
	spans := split(Span{s.seen.From, s.seen.To}, spanDays*day)
	for calls := 0; len(spans) > 0; calls++ {
		span := spans[0]
		spans = spans[1:]
		if calls == quickCalls {
			s.seen.Skipped = append(s.seen.Skipped, append(spans, span)...)
			break
		}
		if err := s.held.Renew(ctx); err != nil {
			return nil, err
		}
		err := s.countSpan(ctx, span, records)
		switch {
		case err == nil:
		case !tookTooLong(err):
			return nil, err
		case span.To.Sub(span.From) <= day:
			s.seen.Skipped = append(s.seen.Skipped, span)
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
func (s *sampler) countSpan(ctx context.Context, span Span, into map[int64]int64) error {
	within := []soql.Condition{
		soql.Since("SystemModstamp", span.From), soql.Before("SystemModstamp", span.To),
	}
	q := soql.Select{
		Fields: []string{"DAY_ONLY(SystemModstamp) day", "COUNT(Id) n"}, From: s.subject.source.Object.Name,
		Where: append(s.subject.live(), within...), GroupBy: "DAY_ONLY(SystemModstamp)",
	}
	got := map[int64]int64{}
	for r, err := range s.org.Query(ctx, q.String(), true) {
		if err != nil {
			return err
		}
		text, err := r.Text("day")
		if err != nil {
			return err
		}
		at, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return plan.Strangef("a group of DAY_ONLY isn't a day")
		}
		number, err := r.Text("n")
		if err != nil {
			return err
		}
		if got[at.Unix()/int64(day/time.Second)], err = strconv.ParseInt(number, 10, 64); err != nil {
			return plan.Strangef("a COUNT isn't a number")
		}
	}
	for d, n := range got {
		into[d] += n
	}
	return nil
}

// countAll asks for the number of records that meet some conditions.
func (s *sampler) countAll(ctx context.Context, where []soql.Condition) (int64, error) {
	q := soql.Select{Fields: []string{"COUNT()"}, From: s.subject.source.Object.Name, Where: where}
	return s.org.Count(ctx, q.String(), true)
}

// sum turns counts by day into a difference. More records than rows on a day
// are missing for sure, since a record never gets an old stamp; more rows than
// records are pending, as far as that many records changed since the watermark.
func (s *sampler) sum(records, rows map[int64]int64, older, changed int64) evidence.Difference {
	d := evidence.Difference{Missing: older, Source: older}
	days := maps.Clone(records)
	maps.Copy(days, rows)
	var over int64
	for _, n := range slices.Sorted(maps.Keys(days)) {
		at := time.Unix(n*int64(day/time.Second), 0).UTC()
		reaches := func(span Span) bool { return at.Before(span.To) && at.Add(day).After(span.From) }
		if slices.ContainsFunc(s.seen.Skipped, reaches) {
			continue
		}
		s.seen.Days++
		d.Source += records[n]
		d.Warehouse += rows[n]
		d.Missing += max(0, records[n]-rows[n])
		over += max(0, rows[n]-records[n])
		if records[n] != rows[n] && len(s.seen.Differ) < s.named {
			s.seen.Differ = append(s.seen.Differ, Day{at, records[n], rows[n]})
		}
	}
	if s.subject.source.Flow.Deletes == flow.Ignore { // rows of deleted records stay on purpose
		return d
	}
	d.Pending = min(over, changed)
	d.Extra = over - d.Pending
	return d
}
