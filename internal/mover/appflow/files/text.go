package files

import (
	"strconv"
	"strings"
	"time"

	"catchment/internal/schema"
)

// text writes a value as Bulk does. What isn't of its type stays what it is: whoever stages
// the page keeps the record aside, and says why.
func text(t schema.Type, raw string) string {
	canonical, err := t.Canonical(raw)
	if err == nil {
		return canonical
	}
	switch t {
	case schema.DateTime:
		if at, ok := sinceEpoch(raw); ok {
			return moment(at)
		}
	case schema.Date:
		if at, ok := sinceEpoch(raw); ok {
			return day(at, raw)
		}
		if date, clock, ok := strings.Cut(raw, "T"); ok && strings.Trim(clock, "0:.Z") == "" {
			return text(t, date)
		}
	}
	return raw
}

func moment(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// day is a date that was given as a moment. One that isn't midnight is no date, and stays as it was.
func day(at time.Time, raw string) string {
	if at = at.UTC(); !at.Equal(at.Truncate(24 * time.Hour)) {
		return raw
	}
	return at.Format(time.DateOnly)
}

// sinceEpoch reads milliseconds since 1970, of 11 to 14 digits as adopt does: fewer could be
// seconds.
func sinceEpoch(raw string) (time.Time, bool) {
	digits := strings.TrimPrefix(raw, "-")
	if len(digits) < 11 || len(digits) > 14 || strings.Trim(digits, "0123456789") != "" {
		return time.Time{}, false
	}
	ms, err := strconv.ParseInt(raw, 10, 64)
	return time.UnixMilli(ms), err == nil
}
