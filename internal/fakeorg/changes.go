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
func (o *Org) coveredUntil(s timeSpan) string {
	limits := []time.Time{o.clock.Now()}
	if began, open := o.openSince(); open {
		limits = append(limits, began)
	}
	return s.covered(limits...).Format(restTime)
}

func (s timeSpan) holds(stamped string) bool {
	return stamped >= stamp(s.start) && stamped <= stamp(s.end)
}

// askedSpan reads the object and the window of a call.
func (o *Org) askedSpan(c *call, reach time.Duration) (*object, timeSpan, error) {
	obj, err := o.pathObject(c)
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
	s, err := spanOf(ends[0], ends[1], o.clock.Now(), reach)
	return obj, s, err
}

func (o *Org) getUpdated(w http.ResponseWriter, c *call) error {
	obj, s, err := o.askedSpan(c, updatedReach)
	if err != nil {
		return err
	}
	covered, snap := o.coveredUntil(s), o.now()
	field := obj.sys.stamp
	if field < 0 {
		field = obj.sys.modified
	}
	ids := []string{}
	collect := func(r *row) bool {
		if !r.deleted() && s.holds(r.text(field)) {
			ids = append(ids, r.text(obj.sys.id))
		}
		return len(ids) <= o.options.MaxChangedIDs
	}
	if stamp(s.start) > obj.base.newest() {
		err = snap.visit(c.Context(), obj, snap.changed(obj), collect)
	} else {
		err = snap.scan(c.Context(), obj, 0, snap.size(obj), collect)
	}
	if err == nil {
		err = o.fewEnough(len(ids))
	}
	if err != nil {
		return err
	}
	answer := map[string]any{"ids": ids, "latestDateCovered": covered}
	omit(c.fault, answer)
	writeJSON(w, http.StatusOK, answer)
	return nil
}

func (o *Org) fewEnough(ids int) error {
	if ids <= o.options.MaxChangedIDs {
		return nil
	}
	return refuse(http.StatusBadRequest, "EXCEEDED_ID_LIMIT", "The number of results exceeds the limit of %d", o.options.MaxChangedIDs)
}

func (o *Org) getDeleted(w http.ResponseWriter, c *call) error {
	obj, s, err := o.askedSpan(c, deletedReach)
	if err != nil {
		return err
	}
	type deletedRecord struct {
		ID   string `json:"id"`
		Date string `json:"deletedDate"`
	}
	covered, snap := o.coveredUntil(s), o.now()
	oldest := o.oldestDeleted(snap, obj)
	if s.start.Before(oldest.Truncate(time.Minute)) {
		return refuse(http.StatusBadRequest, "INVALID_REPLICATION_DATE", "startDate before org replication enabled date")
	}
	gone := []deletedRecord{}
	for _, place := range snap.changed(obj) {
		at := &row{snap: snap, obj: obj}
		at.move(place)
		if at.deleted() && !at.record.hidden && s.holds(at.record.deletedAt) {
			date := at.record.deletedAt
			gone = append(gone, deletedRecord{at.text(obj.sys.id), date[:len(date)-1] + "+0000"})
		}
	}
	if err := o.fewEnough(len(gone)); err != nil {
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
func (o *Org) oldestDeleted(snap snapshot, obj *object) time.Time {
	oldest := o.birth.Add(-updatedReach).Truncate(time.Minute)
	if o.options.DeleteLog == 0 {
		return oldest
	}
	var dates []string
	at := &row{snap: snap, obj: obj}
	for _, place := range snap.changed(obj) {
		if at.move(place); at.deleted() {
			dates = append(dates, at.record.deletedAt)
		}
	}
	if len(dates) <= o.options.DeleteLog {
		return oldest
	}
	slices.Sort(dates)
	trimmed, _ := time.Parse(bulkTime, dates[len(dates)-o.options.DeleteLog-1]) // stamp wrote it
	return trimmed.Add(time.Minute).Truncate(time.Minute)
}
