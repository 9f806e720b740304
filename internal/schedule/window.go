package schedule

import "time"

// A Window is a relative time frame: each run reads again what changed since
// the beginning of the day so many days ago. The zero Window reads what changed
// since the last run.
type Window struct {
	Last int            // calendar days before today; 0 for none
	Zone *time.Location // whose calendar; nil for the org's own
}

// Start is when the window begins, seen from now. Where the window isn't
// relative it is the zero time. zone is the org's, for a window that names none.
func (w Window) Start(now time.Time, zone *time.Location) time.Time {
	if w.Last == 0 {
		return time.Time{}
	}
	if w.Zone != nil {
		zone = w.Zone
	}
	y, m, d := now.In(zone).Date()
	return firstMoment(y, m, d-w.Last, zone).UTC()
}

// firstMoment is when a day begins: where the clock jumps over midnight, that
// is later than 0:00.
func firstMoment(y int, m time.Month, d int, zone *time.Location) time.Time {
	t := time.Date(y, m, d, 0, 0, 0, 0, zone)
	wanted := time.Date(y, m, d, 12, 0, 0, 0, zone).Day()
	for t.Day() != wanted {
		t = t.Add(15 * time.Minute)
	}
	return t
}
