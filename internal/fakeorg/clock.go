package fakeorg

import (
	"sync"
	"time"
)

// A Clock is the org's own time. It stands still, or follows the time that
// passes elsewhere; either way it can be set ahead.
type Clock struct {
	mu      sync.Mutex
	start   time.Time
	ahead   time.Duration
	elapsed func() time.Duration
}

// StillClock returns a clock that shows start until it is advanced.
func StillClock(start time.Time) *Clock {
	return &Clock{start: start.UTC(), elapsed: func() time.Duration { return 0 }}
}

// FollowClock returns a clock that shows start now, and from then on runs as
// fast as now does.
func FollowClock(start time.Time, now func() time.Time) *Clock {
	anchor := now()
	return &Clock{start: start.UTC(), elapsed: func() time.Duration { return now().Sub(anchor) }}
}

// Now tells the org's time, in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.start.Add(c.ahead + c.elapsed())
}

// Advance sets the clock d ahead.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// The two ways in which Salesforce writes a datetime: Bulk and SOQL's own, and
// REST's. Stored times are whole seconds.
const (
	bulkTime = "2006-01-02T15:04:05.000Z"
	restTime = "2006-01-02T15:04:05.000+0000"
)

// stamp is the text under which a moment is stored: cut to seconds.
func stamp(t time.Time) string {
	return t.UTC().Truncate(time.Second).Format(bulkTime)
}

// appendStamp does what stamp does for a Unix time, without the detour
// through a layout: three such fields are in every generated record.
func appendStamp(dst []byte, unix int64) []byte {
	t := time.Unix(unix, 0).UTC()
	hour, minute, second := t.Clock()
	dst = appendDate(dst, t)
	dst = append(dst, 'T')
	dst = appendPadded(dst, hour, 2)
	dst = append(dst, ':')
	dst = appendPadded(dst, minute, 2)
	dst = append(dst, ':')
	dst = appendPadded(dst, second, 2)
	return append(dst, ".000Z"...)
}

// appendDate writes the date of t as 2006-01-02.
func appendDate(dst []byte, t time.Time) []byte {
	year, month, day := t.Date()
	dst = appendPadded(dst, year, 4)
	dst = append(dst, '-')
	dst = appendPadded(dst, int(month), 2)
	dst = append(dst, '-')
	return appendPadded(dst, day, 2)
}

// appendPadded writes n with leading zeros up to width digits.
func appendPadded(dst []byte, n, width int) []byte {
	from := len(dst)
	for range width {
		dst = append(dst, '0')
	}
	for at := len(dst) - 1; at >= from && n > 0; at-- {
		dst[at] = byte('0' + n%10)
		n /= 10
	}
	return dst
}

// parseTime reads a moment in the forms that REST takes.
func parseTime(text string) (time.Time, bool) {
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
