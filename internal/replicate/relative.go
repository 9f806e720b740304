package replicate

import (
	"context"
	"time"

	"catchment/internal/flow"
	"catchment/internal/source"
)

// relative is when the relative window of a flow begins, or the zero time where
// the flow has none.
func (r *Replicator) relative(ctx context.Context, src *source.Source) (time.Time, error) {
	w := src.Flow.Window
	if w.Last == 0 {
		return time.Time{}, nil
	}
	server, err := r.Org.ServerTime(ctx)
	if err != nil {
		return time.Time{}, err
	}
	zone := w.Zone
	if zone == nil {
		if zone, err = r.orgZone(ctx); err != nil {
			return time.Time{}, err
		}
	}
	return w.Start(server, zone), nil
}

// zoneOf is the zone that the times of a schedule are in, unless it names one
// itself. Only where it is the org's own somebody has to ask for it.
func (r *Replicator) zoneOf(ctx context.Context, at flow.Cron) (*time.Location, error) {
	if !at.Own() {
		return time.UTC, nil
	}
	return r.orgZone(ctx)
}

// orgZone asks for the org's time zone, once.
func (r *Replicator) orgZone(ctx context.Context) (*time.Location, error) {
	r.mu.Lock()
	zone := r.zone
	r.mu.Unlock()
	if zone != nil {
		return zone, nil
	}
	zone, err := r.Org.Zone(ctx)
	if err == nil {
		r.mu.Lock()
		r.zone = zone
		r.mu.Unlock()
	}
	return zone, err
}
