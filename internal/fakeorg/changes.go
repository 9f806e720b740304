package fakeorg

import (
	"net/http"
	"slices"
	"time"
)

// How far back the two calls reach, and how far apart their ends must be.
const (
	updatedReach = 30 * 24 * time.Hour
	deletedReach = 15 * 24 * time.Hour
	closest      = time.Minute
)

// replicationOptions say what the two calls may answer.
type replicationOptions struct {
	Birth         time.Time // of the org; the delete log began a while before
	MaxChangedIDs int       // Ids that an answer may hold
	DeleteLog     int       // records of an object that getDeleted remembers; 0 is all
}

// replicationAPI tells what has changed: getUpdated and getDeleted.
type replicationAPI struct {
	store   *store
	ledger  *ledger
	clock   *Clock
	options replicationOptions
}

func newReplicationAPI(s *store, l *ledger, clock *Clock, options replicationOptions) *replicationAPI {
	return &replicationAPI{s, l, clock, options}
}

// routes are the two calls.
func (a *replicationAPI) routes() map[string]resource {
	return map[string]resource{
		"/sobjects/{object}/updated": {"updated", false, get(a.getUpdated)},
		"/sobjects/{object}/deleted": {"deleted", false, get(a.getDeleted)},
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
		return s, refuse(http.StatusBadRequest, "INVALID_REPLICATION_DATE", "startDate must precede endDate by more than one minute")
	case s.start.Before(now.Add(-reach).Truncate(time.Minute)):
		return s, refuse(http.StatusBadRequest, "INVALID_REPLICATION_DATE", "startDate cannot be more than %d days ago", int(reach.Hours()/24))
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
func (a *replicationAPI) coveredUntil(s timeSpan) string {
	limits := []time.Time{a.clock.Now()}
	if began, open := a.ledger.openSince(); open {
		limits = append(limits, began)
	}
	return s.covered(limits...).Format(restTime)
}

func (s timeSpan) holds(stamped string) bool {
	return stamped >= stamp(s.start) && stamped <= stamp(s.end)
}

// askedSpan reads the object and the window of a call.
func (a *replicationAPI) askedSpan(c *call, reach time.Duration) (*object, timeSpan, error) {
	obj, err := pathObject(a.store, c)
	if err != nil {
		return nil, timeSpan{}, err
	}
	if !obj.about.Replicateable {
		return nil, timeSpan{}, refuse(http.StatusBadRequest, "INVALID_TYPE_FOR_OPERATION", "entity type %s is not replicateable", obj.name())
	}
	var ends [2]time.Time
	for i, name := range [...]string{"start", "end"} {
		text := c.FormValue(name)
		if text == "" {
			return nil, timeSpan{}, refuse(http.StatusBadRequest, "MISSING_ARGUMENT", "Missing required parameter: %s", name)
		}
		t, ok := parseTime(text)
		if !ok {
			return nil, timeSpan{}, refuse(http.StatusBadRequest, "INVALID_ARGUMENT_TYPE", "%s is not a valid date: %s", name, text)
		}
		ends[i] = t
	}
	s, err := spanOf(ends[0], ends[1], a.clock.Now(), reach)
	return obj, s, err
}

func (a *replicationAPI) getUpdated(w http.ResponseWriter, c *call) error {
	obj, s, err := a.askedSpan(c, updatedReach)
	if err != nil {
		return err
	}
	covered, snap := a.coveredUntil(s), a.store.now()
	field := obj.sys.stamp
	if field < 0 {
		field = obj.sys.modified
	}
	ids := []string{}
	collect := func(r *row) bool {
		if !r.deleted() && s.holds(r.text(field)) {
			ids = append(ids, r.text(obj.sys.id))
		}
		return len(ids) <= a.options.MaxChangedIDs
	}
	if stamp(s.start) > obj.base.newest() {
		err = snap.visit(c.Context(), obj, snap.changed(obj), collect)
	} else {
		err = snap.scan(c.Context(), obj, 0, snap.size(obj), collect)
	}
	if err == nil {
		err = a.fewEnough(len(ids))
	}
	if err != nil {
		return err
	}
	answer := map[string]any{"ids": ids, "latestDateCovered": covered}
	omit(c.fault, answer)
	writeJSON(w, http.StatusOK, answer)
	return nil
}

func (a *replicationAPI) fewEnough(ids int) error {
	if ids <= a.options.MaxChangedIDs {
		return nil
	}
	return refuse(http.StatusBadRequest, "EXCEEDED_ID_LIMIT", "The number of results exceeds the limit of %d", a.options.MaxChangedIDs)
}

func (a *replicationAPI) getDeleted(w http.ResponseWriter, c *call) error {
	obj, s, err := a.askedSpan(c, deletedReach)
	if err != nil {
		return err
	}
	type deletedRecord struct {
		ID   string `json:"id"`
		Date string `json:"deletedDate"`
	}
	covered, snap := a.coveredUntil(s), a.store.now()
	oldest := a.oldestDeleted(snap, obj)
	if s.start.Before(oldest.Truncate(time.Minute)) {
		return refuse(http.StatusBadRequest, "INVALID_REPLICATION_DATE", "startDate before org replication enabled date")
	}
	gone := []deletedRecord{}
	for _, place := range snap.changed(obj) {
		at := snap.row(obj)
		at.move(place)
		if at.deleted() && !at.record.hidden && s.holds(at.record.deletedAt) {
			date := at.record.deletedAt
			gone = append(gone, deletedRecord{at.text(obj.sys.id), date[:len(date)-1] + "+0000"})
		}
	}
	if err := a.fewEnough(len(gone)); err != nil {
		return err
	}
	answer := map[string]any{
		"deletedRecords":        gone,
		"earliestDateAvailable": oldest.Format(restTime),
		"latestDateCovered":     covered,
	}
	omit(c.fault, answer)
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// oldestDeleted is how far back the delete log of an object reaches. Of more
// records than it holds, it forgets those first that were deleted first.
func (a *replicationAPI) oldestDeleted(snap snapshot, obj *object) time.Time {
	oldest := a.options.Birth.Add(-updatedReach).Truncate(time.Minute)
	if a.options.DeleteLog == 0 {
		return oldest
	}
	var dates []string
	at := snap.row(obj)
	for _, place := range snap.changed(obj) {
		if at.move(place); at.deleted() {
			dates = append(dates, at.record.deletedAt)
		}
	}
	if len(dates) <= a.options.DeleteLog {
		return oldest
	}
	slices.Sort(dates)
	trimmed, _ := time.Parse(bulkTime, dates[len(dates)-a.options.DeleteLog-1]) // stamp wrote it
	return trimmed.Add(time.Minute).Truncate(time.Minute)
}
