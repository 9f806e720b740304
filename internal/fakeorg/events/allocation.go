package events

import "time"

// A delivery is how many events were delivered within an hour.
type delivery struct {
	hour   time.Time
	events int
}

// Deliver counts events that are about to be delivered; false where the org's allocation of 24 hours is used up, and
// none of them is.
func (b *Bus) Deliver(n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	total := 0
	for len(b.delivered) > 0 && now.Sub(b.delivered[0].hour) >= 24*time.Hour {
		b.delivered = b.delivered[1:]
	}
	for _, d := range b.delivered {
		total += d.events
	}
	if total+n > b.limits.DailyEvents {
		return false
	}
	hour := now.Truncate(time.Hour)
	if last := len(b.delivered) - 1; last >= 0 && b.delivered[last].hour.Equal(hour) {
		b.delivered[last].events += n
	} else {
		b.delivered = append(b.delivered, delivery{hour, n})
	}
	return true
}
