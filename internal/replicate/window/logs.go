package window

import (
	"context"
	"time"

	"catchment/internal/flow"
	"catchment/internal/mover"
	"catchment/internal/replicate/reading"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/fault"
	"catchment/internal/source"
)

// How far back the two logs of Salesforce reach. The margin is for the time
// that passes on the way, and for the clock that Salesforce judges by. The recycle bin
// keeps its records as long as the delete log.
const (
	updatedReach = 30*24*time.Hour - reachMargin
	DeletedReach = 15*24*time.Hour - reachMargin
	reachMargin  = time.Hour
)

// shortest is the shortest span that is asked for: both ends have to be more
// than a minute apart once their seconds are cut off.
const shortest = 2 * time.Minute

// A span is what to ask getUpdated and getDeleted of a flow.
type span struct {
	start, end time.Time
	whole      bool // it begins no later than the window: the Ids are all that changed in it
	deletes    bool // ask getDeleted too
}

// spanOf decides what to ask. Both calls cut seconds off and include both ends,
// so the end is the last full minute. Where the window begins too long ago, or
// at no time, only its tail is asked for, which tells how far it is complete.
func spanOf(from, server time.Time, policy flow.Deletes) span {
	s := span{end: server.Truncate(time.Minute)}
	s.start = s.end.Add(-shortest)
	if from.IsZero() || from.Before(server.Add(-updatedReach)) {
		return s
	}
	if start := from.Truncate(time.Minute); start.Before(s.start) {
		s.start = start
	}
	s.whole = true
	s.deletes = policy != flow.Ignore && s.start.After(server.Add(-DeletedReach))
	return s
}

// Changes is what happened in a flow's window, as far as Salesforce says.
type Changes struct {
	span
	covered time.Time // everything before it is committed; zero where Salesforce doesn't say

	// Changed counts the records that were made, changed or deleted since the span
	// began, up to now; it is -1 where nobody counted.
	Changed int64
	Updated []string                   // Ids
	Deleted []salesforce.DeletedRecord // as the delete log names them
	known   bool                       // Updated has all records that were made or changed in the span
	Logged  bool                       // Deleted has all that were deleted in it, as far as the log is to be trusted
	Unseen  string                     // why nobody knows what was deleted in the window; "" where somebody does

	refusedDeleted, refusedUpdated string // the code with which a log refused to say anything
}

// ask finds out what happened in a flow since a moment. A quiet object
// takes two calls: getDeleted, which also says how far the object is complete,
// and a count of what is stamped since then. The count comes second: what
// commits between the two is stamped after what the first one covers, or is
// counted. Only where something happened getUpdated is asked for the Ids.
//
// What a log refuses is left open: another way counts then, and a sweep finds
// what is gone.
func (f *Finder) ask(ctx context.Context, src *source.Source, from time.Time) (Changes, error) {
	server, err := f.org.ServerTime(ctx)
	if err != nil {
		return Changes{}, err
	}
	c := Changes{span: spanOf(from, server, src.Flow.Deletes), Changed: -1}
	if known, ok := f.prefetched.take(src.Object.Name, from); ok {
		c = known
	} else if src.Replicates() {
		if err := f.askDeleted(ctx, src, &c); err != nil {
			return c, err
		}
		if !c.Logged {
			if err := f.askUpdated(ctx, src, &c); err != nil {
				return c, err
			}
		}
	}
	c.Unseen = c.unseen(src, from)
	if from.IsZero() || src.Cursor == "" || c.Changed >= 0 {
		return c, nil
	}
	count := reading.Count(src.Object.Name, "", src.Cursor, from) // also what left the where
	if c.Changed, err = f.org.Count(ctx, count, true); mover.Overload(fault.CodeOf(err)) != nil ||
		fault.IsFiltered(err) {
		c.Changed, err = -1, nil // more than can be counted in two minutes, or only the flow's own where may ask
	}
	if err != nil {
		return c, err
	}
	if c.Changed != 0 && c.whole && !c.known && src.Replicates() {
		err = f.askUpdated(ctx, src, &c)
	}
	return c, err
}

// askDeleted asks the delete log, where it can be asked about the whole span.
func (f *Finder) askDeleted(ctx context.Context, src *source.Source, c *Changes) error {
	if !c.deletes {
		return nil
	}
	d, err := f.org.Deleted(ctx, src.Object.Name, c.start, c.end)
	if refused(err) {
		c.refusedDeleted = fault.CodeOf(err)
		return nil
	}
	if err == nil {
		c.hearDeleted(d)
	}
	return err
}

// unseen says why nobody knows which records were deleted since a window's begin:
// the log doesn't reach back so far, or doesn't tell. What is read whole misses
// nothing; an object without a log is left to its sweeps.
func (c Changes) unseen(src *source.Source, from time.Time) string {
	if c.Logged || from.IsZero() || src.Flow.Deletes == flow.Ignore || !src.Replicates() {
		return ""
	}
	since := "what was deleted since " + from.Format(time.DateTime) + " UTC is not known: "
	switch {
	case !c.deletes:
		return since + "Salesforce's delete log reaches back 15 days"
	case c.refusedDeleted != "":
		return since + "Salesforce's delete log refuses to tell, with " + c.refusedDeleted
	}
	return since + "Salesforce's delete log was trimmed"
}

// askUpdated asks for the Ids of the changed records, or, where the span is too
// long for that, only how far the object is complete. Where even that is refused,
// the window stays as far behind as where nothing is said.
func (f *Finder) askUpdated(ctx context.Context, src *source.Source, c *Changes) error {
	u, err := f.org.Updated(ctx, src.Object.Name, c.start, c.end)
	if c.whole && refused(err) {
		c.whole = false
		u, err = f.org.Updated(ctx, src.Object.Name, c.end.Add(-shortest), c.end)
	}
	if refused(err) {
		c.refusedUpdated = fault.CodeOf(err)
		return nil
	}
	if err == nil {
		c.hearUpdated(u)
	}
	return err
}

// refused tells whether a log refused a span that is too long for it: it has
// more than 600,000 Ids, or was trimmed since it began.
func refused(err error) bool {
	code := fault.CodeOf(err)
	return code == "EXCEEDED_ID_LIMIT" || code == "INVALID_REPLICATION_DATE"
}

func (c *Changes) hearUpdated(u salesforce.Updated) {
	c.hear(u.Covered)
	if c.whole {
		c.Updated, c.known = u.IDs, true
	}
}

// hearDeleted takes the delete log's answer. A log that begins within the span
// may lack deletes of the time before.
func (c *Changes) hearDeleted(d salesforce.Deleted) {
	c.hear(d.Covered)
	c.Deleted, c.Logged = d.Records, !d.Earliest.After(c.start) && !d.Covered.IsZero()
}

// hear takes how far a log says that the object is complete: the earlier of the
// two holds.
func (c *Changes) hear(covered time.Time) {
	if c.covered.IsZero() || !covered.IsZero() && covered.Before(c.covered) {
		c.covered = covered
	}
}

// pinnedFrom is how far behind the last full minute the logs may stay before
// somebody is told: one transaction is still open, and holds them back.
const pinnedFrom = 5 * time.Minute

// Pinned tells since when a transaction has been open that holds the watermark
// back, or the zero time.
func (c Changes) Pinned() time.Time {
	if c.covered.IsZero() || c.end.Sub(c.covered) < pinnedFrom {
		return time.Time{}
	}
	return c.covered
}

// Notes is what the user should know of what the logs said.
func (c Changes) Notes() []string {
	var notes []string
	if !c.Pinned().IsZero() {
		notes = append(notes, "a transaction that began at about "+c.Pinned().Format(time.DateTime)+
			" UTC is still open in Salesforce: what changed since then is loaded, and read again until it ends")
	}
	if c.refusedUpdated != "" {
		notes = append(notes, "getUpdated refuses to tell what changed, with "+c.refusedUpdated+
			": the watermark stays a day behind, and what changed since is read again by each run")
	}
	return notes
}
