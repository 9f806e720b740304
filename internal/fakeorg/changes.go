package fakeorg

import (
	"net/http"
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

// covered is until when a window is complete: its end, but not the future.
func (s timeSpan) covered(now time.Time) string {
	if now.Before(s.end) {
		return now.Truncate(time.Minute).Format(restTime)
	}
	return s.end.Format(restTime)
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
	now, snap := o.clock.Now(), o.now()
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
	writeJSON(w, http.StatusOK, map[string]any{"ids": ids, "latestDateCovered": s.covered(now)})
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
	now, snap := o.clock.Now(), o.now()
	gone := []deletedRecord{}
	for _, place := range snap.changed(obj) {
		at := &row{snap: snap, obj: obj}
		at.move(place)
		if at.deleted() && s.holds(at.record.deletedAt) {
			date := at.record.deletedAt
			gone = append(gone, deletedRecord{at.text(obj.sys.id), date[:len(date)-1] + "+0000"})
		}
	}
	if err := o.fewEnough(len(gone)); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"deletedRecords":        gone,
		"earliestDateAvailable": o.birth.Add(-updatedReach).Truncate(time.Minute).Format(restTime),
		"latestDateCovered":     s.covered(now),
	})
	return nil
}
