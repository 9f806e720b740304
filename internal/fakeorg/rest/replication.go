package rest

import (
	"net/http"
	"slices"
	"time"

	"catchment/internal/fakeorg/change"
	"catchment/internal/fakeorg/faults"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
	"catchment/internal/fakeorg/web"
)

// How far back the two calls reach, and how far apart their ends must be.
const (
	updatedReach = 30 * 24 * time.Hour
	deletedReach = 15 * 24 * time.Hour
	closest      = time.Minute
)

// ReplicationOptions say what the two calls may answer.
type ReplicationOptions struct {
	Birth         time.Time // of the org; the delete log began a while before
	MaxChangedIDs int       // Ids that an answer may hold
	DeleteLog     int       // records of an object that getDeleted remembers; 0 is all
}

// Replication tells what has changed: getUpdated and getDeleted.
type Replication struct {
	store   *store.Store
	ledger  *change.Ledger
	clock   *orgtime.Clock
	options ReplicationOptions
}

// NewReplication makes a Replication of what a store holds.
func NewReplication(s *store.Store, l *change.Ledger, clock *orgtime.Clock, options ReplicationOptions) *Replication {
	return &Replication{s, l, clock, options}
}

// Routes are the two calls.
func (a *Replication) Routes() map[string]web.Resource {
	return map[string]web.Resource{
		"/sobjects/{object}/updated": {Kind: "updated", Methods: web.Get(a.getUpdated)},
		"/sobjects/{object}/deleted": {Kind: "deleted", Methods: web.Get(a.getDeleted)},
	}
}

// A timeSpan is a window of getUpdated or getDeleted: seconds are cut off, and
// both ends belong to it.
type timeSpan struct{ start, end time.Time }

// spanOf decides whether a window may be asked for at a moment.
func spanOf(start, end, now time.Time, reach time.Duration) (timeSpan, error) {
	s := timeSpan{start.Truncate(time.Minute), end.Truncate(time.Minute)}
	switch {
	case s.end.Sub(s.start) <= closest:
		return s, reply.Bad("INVALID_REPLICATION_DATE", "startDate must precede endDate by more than one minute")
	case s.start.Before(now.Add(-reach).Truncate(time.Minute)):
		return s, reply.Bad("INVALID_REPLICATION_DATE",
			"startDate cannot be more than %d days ago", int(reach.Hours()/24))
	}
	return s, nil
}

// covered is until when a window is complete: its end, but not the future, and
// not past the beginning of a transaction that is still open.
func (s timeSpan) covered(limits ...time.Time) time.Time {
	end := s.end
	for _, limit := range limits {
		if limit.Before(end) {
			end = limit.Truncate(time.Minute)
		}
	}
	return end
}

// coveredUntil is covered at a moment of the org, taken before its records
// are looked at.
func (a *Replication) coveredUntil(s timeSpan) string {
	limits := []time.Time{a.clock.Now()}
	if began, open := a.ledger.OpenSince(); open {
		limits = append(limits, began)
	}
	return s.covered(limits...).Format(orgtime.RESTLayout)
}

func (s timeSpan) holds(stamped string) bool {
	return stamped >= orgtime.Stamp(s.start) && stamped <= orgtime.Stamp(s.end)
}

// askedSpan reads the object and the window of a call.
func (a *Replication) askedSpan(c *web.Call, reach time.Duration) (*store.Object, timeSpan, error) {
	obj, err := pathObject(a.store, c)
	if err != nil {
		return nil, timeSpan{}, err
	}
	if !obj.About.Replicateable {
		return nil, timeSpan{}, reply.Bad("INVALID_TYPE_FOR_OPERATION",
			"entity type %s is not replicateable", obj.Name())
	}
	var ends [2]time.Time
	for i, name := range [...]string{"start", "end"} {
		text := c.FormValue(name)
		if text == "" {
			return nil, timeSpan{}, reply.Bad("MISSING_ARGUMENT", "Missing required parameter: %s", name)
		}
		t, ok := orgtime.Parse(text)
		if !ok {
			return nil, timeSpan{}, reply.Bad("INVALID_ARGUMENT_TYPE", "%s is not a valid date: %s", name, text)
		}
		ends[i] = t
	}
	s, err := spanOf(ends[0], ends[1], a.clock.Now(), reach)
	return obj, s, err
}

func (a *Replication) getUpdated(w http.ResponseWriter, c *web.Call) error {
	obj, s, err := a.askedSpan(c, updatedReach)
	if err != nil {
		return err
	}
	covered, snap := a.coveredUntil(s), a.store.Now()
	field := obj.Sys.Stamp
	if field < 0 {
		field = obj.Sys.Modified
	}
	ids := []string{}
	collect := func(r *store.Row) bool {
		if !r.Deleted() && s.holds(r.Text(field)) {
			ids = append(ids, r.Text(obj.Sys.ID))
		}
		return len(ids) <= a.options.MaxChangedIDs
	}
	if orgtime.Stamp(s.start) > obj.Base.Newest() {
		err = snap.Visit(c.Context(), obj, snap.Changed(obj), collect)
	} else {
		err = snap.Scan(c.Context(), obj, 0, snap.Size(obj), collect)
	}
	if err == nil {
		err = a.fewEnough(len(ids))
	}
	if err != nil {
		return err
	}
	answer := map[string]any{"ids": ids, "latestDateCovered": covered}
	faults.Omit(c.Fault, answer)
	reply.JSON(w, http.StatusOK, answer)
	return nil
}

func (a *Replication) fewEnough(ids int) error {
	if ids <= a.options.MaxChangedIDs {
		return nil
	}
	return reply.Bad("EXCEEDED_ID_LIMIT", "The number of results exceeds the limit of %d", a.options.MaxChangedIDs)
}

func (a *Replication) getDeleted(w http.ResponseWriter, c *web.Call) error {
	obj, s, err := a.askedSpan(c, deletedReach)
	if err != nil {
		return err
	}
	type deletedRecord struct {
		ID   string `json:"id"`
		Date string `json:"deletedDate"`
	}
	covered, snap := a.coveredUntil(s), a.store.Now()
	oldest := a.oldestDeleted(snap, obj)
	if s.start.Before(oldest.Truncate(time.Minute)) {
		return reply.Bad("INVALID_REPLICATION_DATE", "startDate before org replication enabled date")
	}
	gone := []deletedRecord{}
	for _, place := range snap.Changed(obj) {
		at := snap.Row(obj)
		at.Move(place)
		if at.Deleted() && !at.Record.Hidden && s.holds(at.Record.DeletedAt) {
			date := at.Record.DeletedAt
			gone = append(gone, deletedRecord{at.Text(obj.Sys.ID), date[:len(date)-1] + "+0000"})
		}
	}
	if err := a.fewEnough(len(gone)); err != nil {
		return err
	}
	answer := map[string]any{
		"deletedRecords":        gone,
		"earliestDateAvailable": oldest.Format(orgtime.RESTLayout),
		"latestDateCovered":     covered,
	}
	faults.Omit(c.Fault, answer)
	reply.JSON(w, http.StatusOK, answer)
	return nil
}

// oldestDeleted is how far back the delete log of an object reaches. Of more
// records than it holds, it forgets those first that were deleted first.
func (a *Replication) oldestDeleted(snap store.Snapshot, obj *store.Object) time.Time {
	oldest := a.options.Birth.Add(-updatedReach).Truncate(time.Minute)
	if a.options.DeleteLog == 0 {
		return oldest
	}
	var dates []string
	at := snap.Row(obj)
	for _, place := range snap.Changed(obj) {
		if at.Move(place); at.Deleted() {
			dates = append(dates, at.Record.DeletedAt)
		}
	}
	if len(dates) <= a.options.DeleteLog {
		return oldest
	}
	slices.Sort(dates)
	trimmed, _ := time.Parse(orgtime.BulkLayout, dates[len(dates)-a.options.DeleteLog-1]) // stamp wrote it
	return trimmed.Add(time.Minute).Truncate(time.Minute)
}
