package replicate

import (
	"context"
	"time"

	"catchment/internal/flow"
	"catchment/internal/mover"
	"catchment/internal/salesforce"
	"catchment/internal/source"
)

// How far back the two logs of Salesforce reach. The margin is for the time
// that passes on the way, and for the clock that Salesforce judges by.
const (
	updatedReach = 30*24*time.Hour - reachMargin
	deletedReach = 15*24*time.Hour - reachMargin
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
	s.deletes = policy != flow.Ignore && s.start.After(server.Add(-deletedReach))
	return s
}

// changes is what happened in a flow's window, as far as Salesforce says.
type changes struct {
	span
	covered time.Time // everything before it is committed; zero where Salesforce doesn't say
	changed int64     // records that were made, changed or deleted since the span began, up to now; -1 where nobody counted
	updated []string
	deleted []salesforce.DeletedRecord
	known   bool // updated are the Ids of all records that were made or changed in the span
	logged  bool // deleted are the Ids of all that were deleted in it, as far as the log is to be trusted
}

// askChanges finds out what happened in a flow since a moment. A quiet object
// takes two calls: getDeleted, which also says how far the object is complete,
// and a count of what is stamped since then. The count comes second: what
// commits between the two is stamped after what the first one covers, or is
// counted. Only where something happened getUpdated is asked for the Ids.
//
// What a log refuses is left open: another way counts then, and a sweep finds
// what is gone.
func (r *Replicator) askChanges(ctx context.Context, src *source.Source, from time.Time) (changes, error) {
	server, err := r.Org.ServerTime(ctx)
	if err != nil {
		return changes{}, err
	}
	c := changes{span: spanOf(from, server, src.Flow.Deletes), changed: -1}
	if known, ok := r.surveyedChanges(src.Object.Name, from); ok {
		c = known
	} else if src.Replicates() {
		if err := r.askDeleted(ctx, src, &c); err != nil {
			return c, err
		}
		if !c.logged {
			if err := r.askUpdated(ctx, src, &c); err != nil {
				return c, err
			}
		}
	}
	if from.IsZero() || src.Cursor == "" || c.changed >= 0 {
		return c, nil
	}
	count := countOf(src.Object.Name, "", src.Cursor, from) // also what left the where
	if c.changed, err = r.Org.Count(ctx, count, true); mover.Overload(salesforce.CodeOf(err)) != nil || salesforce.IsFiltered(err) {
		c.changed, err = -1, nil // more than can be counted in two minutes, or only the flow's own where may ask
	}
	if err != nil {
		return c, err
	}
	if c.changed != 0 && c.whole && !c.known && src.Replicates() {
		err = r.askUpdated(ctx, src, &c)
	}
	return c, err
}

// askDeleted asks the delete log, where it can be asked about the whole span.
func (r *Replicator) askDeleted(ctx context.Context, src *source.Source, c *changes) error {
	if !c.deletes {
		return nil
	}
	d, err := r.Org.Deleted(ctx, src.Object.Name, c.start, c.end)
	if tooMuch(err) {
		return nil
	}
	if err == nil {
		c.hearDeleted(d)
	}
	return err
}

// askUpdated asks for the Ids of the changed records, or, where the span is too
// long for that, only how far the object is complete.
func (r *Replicator) askUpdated(ctx context.Context, src *source.Source, c *changes) error {
	u, err := r.Org.Updated(ctx, src.Object.Name, c.start, c.end)
	if c.whole && tooMuch(err) {
		c.whole = false
		u, err = r.Org.Updated(ctx, src.Object.Name, c.end.Add(-shortest), c.end)
	}
	if err == nil {
		c.hearUpdated(u)
	}
	return err
}

// tooMuch tells whether a log refused a span that is too long for it: it has
// more than 600,000 Ids, or was trimmed since it began.
func tooMuch(err error) bool {
	code := salesforce.CodeOf(err)
	return code == "EXCEEDED_ID_LIMIT" || code == "INVALID_REPLICATION_DATE"
}

func (c *changes) hearUpdated(u salesforce.Updated) {
	c.hear(u.Covered)
	if c.whole {
		c.updated, c.known = u.IDs, true
	}
}

// hearDeleted takes the delete log's answer. A log that begins within the span
// may lack deletes of the time before.
func (c *changes) hearDeleted(d salesforce.Deleted) {
	c.hear(d.Covered)
	c.deleted, c.logged = d.Records, !d.Earliest.After(c.start) && !d.Covered.IsZero()
}

// hear takes how far a log says that the object is complete: the earlier of the
// two holds.
func (c *changes) hear(covered time.Time) {
	if c.covered.IsZero() || !covered.IsZero() && covered.Before(c.covered) {
		c.covered = covered
	}
}

// pinnedFrom is how far behind the last full minute the logs may stay before
// somebody is told: one transaction is still open, and holds them back.
const pinnedFrom = 5 * time.Minute

// pinned tells since when a transaction has been open that holds the watermark
// back, or the zero time.
func (c changes) pinned() time.Time {
	if c.covered.IsZero() || c.end.Sub(c.covered) < pinnedFrom {
		return time.Time{}
	}
	return c.covered
}

func pinnedNote(since time.Time) string {
	return "a transaction that began at about " + since.Format(time.DateTime) +
		" UTC is still open in Salesforce: what changed since then is loaded, and read again until it ends"
}

// remember keeps what the logs said for the steps that come after list.
func (r *Replicator) remember(attempt string, c changes) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changed[attempt] = c
}

// changesOf finds what the logs said when an attempt began; a process that
// didn't begin it asks again.
func (r *Replicator) changesOf(ctx context.Context, v *visit) (changes, error) {
	r.mu.Lock()
	c, ok := r.changed[v.attempt.ID]
	r.mu.Unlock()
	if ok {
		return c, nil
	}
	c, err := r.askChanges(ctx, v.source, v.attempt.From)
	if err == nil {
		r.remember(v.attempt.ID, c)
	}
	return c, err
}
