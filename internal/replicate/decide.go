package replicate

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/replicate/window"
	"catchment/internal/source"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/touched"
)

// facts is what is known of a flow before its next window.
type facts struct {
	row         control.FlowRow
	mark        warehouse.Mark
	condition   shape.Condition
	fingerprint string    // of the flow as it is configured now
	full        bool      // --full
	pending     bool      // an open attempt rebuilds the table already
	was, prefix string    // how the Ids of the object began, and how they begin now; "" where nobody knows
	relative    time.Time // where the flow's relative window begins; zero where it has none
}

// A readPlan is how to read a flow: from where, and under which generation.
type readPlan struct {
	generation int64
	from       time.Time // zero: everything
	rebuild    bool      // the table has rows of an older generation: staged versions win
	remade     string    // how the Ids began of another object that had this one's name; "" for none
	sweep      bool      // it is time to hold every row against all Ids
	warning    string
	doubts     []recall.Doubt // about the table as it is
	latest     time.Time      // rows are stamped later, which can't be true; zero where none is
}

// decide makes the plan of a flow. A watermark is valid only for the table
// generation that it was written with (invariant 12).
func decide(f facts) (readPlan, error) {
	if err := refuse(f); err != nil {
		return readPlan{doubts: doubtsOf(f)}, err
	}
	known := max(f.row.Generation, f.mark.Generation)
	rebuilding := f.row.Generation > f.mark.Generation && f.mark.Generation > 0
	c := readPlan{generation: max(known, 1)}
	if f.was != "" && f.prefix != "" && f.was != f.prefix {
		c.remade = f.was
	}
	switch {
	case known == 0: // the first run
	case f.row.Generation < f.mark.Generation: // it is new, an older copy, or another configuration's table
		c.generation++
		c.warning = "the control table doesn't know how this table was read: everything is read again"
	case c.remade != "", f.row.Fingerprint != f.fingerprint, f.full && !(rebuilding && f.pending):
		c.generation++
	}
	switch {
	case !f.mark.Watermark.IsZero():
		c.rebuild = c.generation != f.mark.Generation
	case f.mark.Rows > 0: // adopted: what the org lacks by now is still there, and stamps may be anything
		c.rebuild = true
	}
	if !c.rebuild {
		c.from = window.Start(f.mark, f.relative)
	}
	if f.condition == shape.Fewer || f.condition == shape.Ahead {
		c.doubts = doubtsOf(f)
	}
	if c.remade != "" {
		c.warning = fmt.Sprintf("the object was deleted and made again: its Ids began with %s, and begin with %s now; "+
			"everything is read anew, and the rows of the object before go as the delete policy says", f.was, f.prefix)
	}
	return c, nil
}

// doubtsOf is what somebody else's hand has done to the table, as far as a look at it
// tells. It stays until a verify has found all rows right: the next consolidation
// leaves a table that looks as it should.
func doubtsOf(f facts) []recall.Doubt {
	d := recall.Doubt{Kind: recall.RowsWrong, Hint: "mend it with: catchment verify --repair " + f.mark.Flow}
	switch f.condition {
	case shape.Fewer:
		d.Why = "rows are missing from the table that the last run left there"
	case shape.Ahead:
		d.Why = "rows of the table are stamped later than Salesforce was last read, so changes of their records " +
			"may be missing"
	case shape.Dropped, shape.Emptied, shape.Restored:
		d.Why = fmt.Sprintf("table %s was %s behind Catchment's back", f.mark.Table, f.condition)
		d.Hint = "load it anew with: catchment run --full " + f.mark.Flow
	default:
		if !touched.Is(f.condition) {
			return nil
		}
		d.Why = fmt.Sprintf("table %s was %s, by somebody else than Catchment", f.mark.Table, f.condition)
	}
	return []recall.Doubt{d}
}

// standing is what is known of an open attempt before a run goes on with it.
type standing struct {
	attempt control.Attempt
	mark    warehouse.Mark
	way     readPlan
	known   bool  // the warehouse knew the flow before this run
	carried bool  // the table still has its columns
	moved   bool  // a field has another column than the tables had when they were made for it
	remade  bool  // a field that it reads is described otherwise now
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
	case s.moved:
		return "a field that it reads has another column since"
	case slices.ContainsFunc(a.Parts, readsTwice): // an older version believed a describe that said so
		return "it reads a field twice, which no query can"
	case s.remade:
		return "a field that it reads is another one now, or of another type"
	case s.ledger < s.loaded:
		return "the warehouse has lost pages of it"
	case slices.ContainsFunc(a.Parts, func(p *control.Part) bool { return p.Jobs >= jobsAtMost }):
		return "too many of its jobs were lost"
	}
	return ""
}

// readsTwice tells whether a part names a field more than once. Salesforce's names know no
// case.
func readsTwice(p *control.Part) bool {
	seen := map[string]bool{}
	for _, field := range p.Fields {
		name := strings.ToLower(field)
		if seen[name] {
			return true
		}
		seen[name] = true
	}
	return false
}

// refuse stops a flow whose final table is not what its mark says.
func refuse(f facts) error {
	rebuilding := f.full || f.row.Generation > f.mark.Generation
	switch f.condition {
	case shape.Foreign:
		return plan.Fixf("rename that table, set warehouse.schema to a schema of Catchment's own, "+
			"or if AppFlow filled it: catchment adopt "+f.mark.Flow,
			"table %s was not made by Catchment", f.mark.Table)
	case shape.Dropped, shape.Emptied, shape.Restored:
		if !rebuilding {
			return plan.Fixf("load it anew with: catchment run --full "+f.mark.Flow,
				"table %s was %s behind Catchment's back; its watermark is not valid any more",
				f.mark.Table, f.condition)
		}
	}
	if touched.Is(f.condition) && !rebuilding {
		return plan.Fixf("mend its rows with: catchment verify --repair "+f.mark.Flow+
			"; or load it anew with: catchment run --full "+f.mark.Flow,
			"table %s was %s, by somebody else than Catchment", f.mark.Table, f.condition)
	}
	return nil
}

// fingerprint changes when a table has to be filled anew. Whose records the org refuses to show but by
// their parents has other ones in sight than who sees all of them.
func fingerprint(src *source.Source) string {
	text := flow.Fingerprint(src.Flow)
	if src.Refused {
		text += "-by-parents"
	}
	return text
}

// clearFrom is the generation from which on nothing of a flow may be in clear
// that it masks or drops: the one that the change of its settings began.
func clearFrom(src *source.Source, row control.FlowRow, way readPlan) int64 {
	if way.rebuild && src.Guards() && row.Fingerprint != fingerprint(src) {
		return way.generation
	}
	return row.ClearFrom
}

// noted is some notes and another one. What befalls one job after the other is one note,
// of the last of them, with a count; what a repeated step says again is the same note.
func noted(notes []string, text string) []string {
	jobs := regexp.MustCompile(`\b(?:750\w{12,15}|rest-\w+)\b`)
	counted := regexp.MustCompile(`^(?s)(.*) \((\d+) times\)$`)
	for i, told := range notes {
		times := 1
		if m := counted.FindStringSubmatch(told); m != nil {
			told = m[1]
			times, _ = strconv.Atoi(m[2]) // digits, and few of them
		}
		switch {
		case told == text:
			return notes
		case jobs.ReplaceAllString(told, "") == jobs.ReplaceAllString(text, ""):
			notes[i] = fmt.Sprintf("%s (%d times)", text, times+1)
			return notes
		}
	}
	return append(notes, text)
}
