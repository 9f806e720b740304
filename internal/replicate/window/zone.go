package window

import (
	"context"
	"sync"
	"time"

	"catchment/internal/salesforce"
	"catchment/internal/schedule"
)

// Zones knows in which time zone the days of a flow are. It asks for the org's own
// zone at most once, and only where a flow needs it.
type Zones struct {
	org *salesforce.Client

	mu   sync.Mutex
	zone *time.Location // the org's
}

// NewZones makes the zones of an org's flows.
func NewZones(org *salesforce.Client) *Zones { return &Zones{org: org} }

// Of is the zone that the times of a schedule are in, unless it names one itself.
func (z *Zones) Of(ctx context.Context, at schedule.Cron) (*time.Location, error) {
	if !at.Own() {
		return time.UTC, nil
	}
	return z.ofOrg(ctx)
}

// relative is when a relative window begins, or the zero time where w is none.
func (z *Zones) relative(ctx context.Context, w schedule.Window) (time.Time, error) {
	if w.Last == 0 {
		return time.Time{}, nil
	}
	server, err := z.org.ServerTime(ctx)
	if err != nil {
		return time.Time{}, err
	}
	zone := w.Zone
	if zone == nil {
		if zone, err = z.ofOrg(ctx); err != nil {
			return time.Time{}, err
		}
	}
	return w.Start(server, zone), nil
}

func (z *Zones) ofOrg(ctx context.Context) (*time.Location, error) {
	z.mu.Lock()
	zone := z.zone
	z.mu.Unlock()
	if zone != nil {
		return zone, nil
	}
	zone, err := z.org.Zone(ctx)
	if err == nil {
		z.mu.Lock()
		z.zone = zone
		z.mu.Unlock()
	}
	return zone, err
}
