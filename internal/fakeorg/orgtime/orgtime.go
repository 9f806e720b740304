// Package orgtime is the org's own time, and how Salesforce writes a moment.
package orgtime

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

// Still returns a clock that shows start until it is advanced.
func Still(start time.Time) *Clock {
	return &Clock{start: start.UTC(), elapsed: func() time.Duration { return 0 }}
}

// Follow returns a clock that shows start now, and from then on runs as
// fast as now does.
func Follow(start time.Time, now func() time.Time) *Clock {
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

// Salesforce writes a datetime in two ways. Stored times are whole seconds.
const (
	// BulkLayout is how Bulk and SOQL write a moment.
	BulkLayout = "2006-01-02T15:04:05.000Z"
	// RESTLayout is how REST writes one.
	RESTLayout = "2006-01-02T15:04:05.000+0000"
)

// Stamp is the text under which a moment is stored: cut to seconds.
func Stamp(t time.Time) string {
	return t.UTC().Truncate(time.Second).Format(BulkLayout)
}

// AppendStamp does what stamp does for a Unix time, without the detour
// through a layout: three such fields are in every generated record.
func AppendStamp(dst []byte, unix int64) []byte {
	t := time.Unix(unix, 0).UTC()
	hour, minute, second := t.Clock()
	dst = AppendDate(dst, t)
	dst = append(dst, 'T')
	dst = AppendPadded(dst, hour, 2)
	dst = append(dst, ':')
	dst = AppendPadded(dst, minute, 2)
	dst = append(dst, ':')
	dst = AppendPadded(dst, second, 2)
	return append(dst, ".000Z"...)
}

// AppendDate writes the date of t as 2006-01-02.
func AppendDate(dst []byte, t time.Time) []byte {
	year, month, day := t.Date()
	dst = AppendPadded(dst, year, 4)
	dst = append(dst, '-')
	dst = AppendPadded(dst, int(month), 2)
	dst = append(dst, '-')
	return AppendPadded(dst, day, 2)
}

// AppendPadded writes n with leading zeros up to width digits.
func AppendPadded(dst []byte, n, width int) []byte {
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

// Parse reads a moment in the forms that REST takes.
func Parse(text string) (time.Time, bool) {
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
