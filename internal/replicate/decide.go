package replicate

import (
	"slices"
	"time"

	"catchment/internal/control"
	"catchment/internal/plan"
	"catchment/internal/replicate/reading"
	"catchment/internal/salesforce"
	"catchment/internal/source"
	"catchment/internal/warehouse"
)

// facts is what is known of a flow before its next window.
type facts struct {
	row         control.FlowRow
	mark        warehouse.Mark
	condition   warehouse.Condition
	fingerprint string    // of the flow as it is configured now
	full        bool      // --full
	pending     bool      // an open attempt rebuilds the table already
	relative    time.Time // where the flow's relative window begins; zero where it has none
}

// course is how to read a flow: from where, and under which generation.
type course struct {
	generation int64
	from       time.Time // zero: everything
	rebuild    bool      // the table has rows of an older generation: staged versions win
	sweep      bool      // it is time to hold every row against all Ids
	warning    string
}

// decide sets the course of a flow. A watermark is valid only for the table
// generation that it was written with (invariant 12).
func decide(f facts) (course, error) {
	if err := refuse(f); err != nil {
		return course{}, err
	}
	known := max(f.row.Generation, f.mark.Generation)
	rebuilding := f.row.Generation > f.mark.Generation && f.mark.Generation > 0
	c := course{generation: max(known, 1)}
	switch {
	case known == 0: // the first run
	case f.row.Generation < f.mark.Generation: // it is new, an older copy, or another configuration's table
		c.generation++
		c.warning = "the control table doesn't know how this table was read: everything is read again"
	case f.row.Fingerprint != f.fingerprint, f.full && !(rebuilding && f.pending):
		c.generation++
	}
	switch {
	case !f.mark.Watermark.IsZero():
		c.rebuild = c.generation != f.mark.Generation
	case f.mark.Rows > 0: // adopted: what the org lacks by now is still there, and stamps may be anything
		c.rebuild = true
	}
	if !c.rebuild {
		c.from = windowStart(f.mark, f.relative)
	}
	if f.condition == warehouse.Fewer {
		c.warning = "rows are missing from the table that the last run left there; find them with: catchment verify " + f.mark.Flow
	}
	return c, nil
}

// windowStart is where a flow's next window begins: where the last one ended,
// or earlier, where a relative window reads more than that. A day that nobody
// ran on is never lost.
func windowStart(last warehouse.Mark, relative time.Time) time.Time {
	if !relative.IsZero() && relative.Before(last.Watermark) {
		return relative
	}
	return last.Watermark
}

// standing is what is known of an open attempt before a run goes on with it.
type standing struct {
	attempt control.Attempt
	mark    warehouse.Mark
	way     course
	known   bool  // the warehouse knew the flow before this run
	carried bool  // the table still has its columns
	loaded  int64 // pages in staging, as the control table remembers
	ledger  int64 // and as the warehouse does
}

// unfit says why a run can't go on with an open attempt, or "". What it has
// brought must be all that the window needs, since its consolidation moves the
// watermark (invariants 1 and 12).
func unfit(s standing) string {
	a := s.attempt
	switch {
	case a.Generation != s.way.generation:
		return "the flow or its table has changed"
	case s.mark.Attempt == a.ID:
		return "" // it is consolidated; only the note of that is missing
	case !s.known:
		return "the warehouse is not the one that it was begun with"
	case a.Full != s.way.rebuild, a.From.After(s.way.from):
		return "the warehouse has less than it was begun with"
	case !s.carried:
		return "a field that it reads is gone, or hidden from this user"
	case s.ledger < s.loaded:
		return "the warehouse has lost pages of it"
	case slices.ContainsFunc(a.Parts, func(p control.Part) bool { return p.Jobs >= jobsAtMost }):
		return "too many of its jobs were lost"
	}
	return ""
}

// refuse stops a flow whose final table is not what its mark says.
func refuse(f facts) error {
	rebuilding := f.full || f.row.Generation > f.mark.Generation
	switch f.condition {
	case warehouse.Foreign:
		return plan.Fixf("rename that table, set warehouse.schema to a schema of Catchment's own, or if AppFlow filled it: catchment adopt "+f.mark.Flow,
			"table %s was not made by Catchment", f.mark.Table)
	case warehouse.Dropped, warehouse.Emptied, warehouse.Restored:
		if !rebuilding {
			return plan.Fixf("load it anew with: catchment run --full "+f.mark.Flow,
				"table %s was %s behind Catchment's back; its watermark is not valid any more", f.mark.Table, f.condition)
		}
	}
	return nil
}

// A Window is the span that a run proves: reads are unbounded above, To only
// moves the watermark.
type Window struct {
	From, To time.Time
	Grade    string
}

// nextWindow decides how far the next watermark may go. covered is what
// Salesforce itself says is complete up to end; where it says nothing, lagged
// has to do: the server's time less a lag.
func nextWindow(last warehouse.Mark, from, end, covered, lagged time.Time) Window {
	w := Window{From: from, To: lagged.Truncate(time.Second), Grade: "lagged"}
	if !covered.IsZero() {
		w.To, w.Grade = covered, "proven"
		if end.Before(covered) {
			w.To = end
		}
	}
	if w.To.Before(from) { // a watermark never goes back
		w.To, w.Grade = from, last.Grade
	}
	return w
}

// restAtMost is how many changed records are cheaper by REST: one call where a
// Bulk job takes four and waits. One answer of REST holds 2,000 at most.
const restAtMost = 2000

// uriAtMost is how long a query may be in a URI: Salesforce takes 16,384 bytes
// with the headers, and quoting may triple a byte.
const uriAtMost = 4000

// moverFor picks how to read: nothing at all, REST or Bulk. changed is -1
// where nobody counted.
func moverFor(setting string, changed int64, q control.Query) string {
	switch {
	case changed == 0:
		return "none"
	case setting != "auto" && setting != "":
		return setting
	case changed > 0 && changed <= restAtMost && len(reading.SOQL(q)) <= uriAtMost:
		return "rest"
	}
	return "bulk"
}

// queryFor is the query of an attempt.
func queryFor(object string, fields []string, where, cursor string, from time.Time) control.Query {
	q := control.Query{Object: object, Fields: fields}
	if where != "" {
		q.Where = append(q.Where, string(salesforce.Raw(where)))
	}
	if cursor != "" && !from.IsZero() {
		q.Where = append(q.Where, string(salesforce.Since(cursor, from)))
	}
	return q
}

// countOf asks how many records a flow has since a moment.
func countOf(object, where, cursor string, from time.Time) string {
	return reading.SOQL(queryFor(object, []string{"COUNT()"}, where, cursor, from))
}

// readings plans the parts of an attempt whose window is fixed. The first reads
// whole records; what else has to be read in the same run follows it.
func readings(src *source.Source, u unstamped, a control.Attempt) []control.Part {
	columns := src.Names()
	parts := []control.Part{{
		Name: control.Main, Op: string(warehouse.Put),
		Query: queryFor(src.Object.Name, columns, src.Flow.Where, src.Cursor, a.From),
	}}
	if !a.From.IsZero() { // else the first reads all of it
		parts = append(parts, backfill(src, u.fill)...)
		parts = append(parts, refresh(src, u.stale)...)
	}
	return parts
}

// pollWait is how long to wait for a job of this age: short jobs are asked
// often, long ones every half minute.
func pollWait(age time.Duration) time.Duration {
	return min(max(age/4, 200*time.Millisecond), 30*time.Second)
}

// What lands is asked after less and less often: each look costs calls of AWS,
// and steps of a state machine.
const landWaitLeast, landWaitMost = 10 * time.Second, 5 * time.Minute

// landWait is how long to wait for executions of this age.
func landWait(age time.Duration) time.Duration {
	return min(max(age/4, landWaitLeast), landWaitMost)
}
