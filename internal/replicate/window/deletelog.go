package window

import (
	"context"
	"time"

	"catchment/internal/schema"
	"catchment/internal/source"
)

// A DeleteLog is what getDeleted says of the last fifteen days.
type DeleteLog struct {
	IDs     map[string]bool
	Reaches bool // back to the last moment when every row was seen: what it lacks wasn't deleted
}

// DeleteLog asks for all that was deleted lately of a flow whose rows were all
// seen at swept. Where the log was trimmed it says less, never something wrong.
func (f *Finder) DeleteLog(ctx context.Context, src *source.Source, swept time.Time) (DeleteLog, error) {
	log := DeleteLog{IDs: map[string]bool{}}
	if !src.Object.Replicateable {
		return log, nil
	}
	server, err := f.org.ServerTime(ctx)
	if err != nil {
		return log, err
	}
	end := server.Truncate(time.Minute)
	start := end.Add(-DeletedReach).Truncate(time.Minute)
	d, err := f.org.Deleted(ctx, src.Object.Name, start, end)
	if refused(err) && swept.After(start) { // trimmed since: the part that matters may still be there
		start = swept.Truncate(time.Minute)
		if end.Sub(start) < shortest {
			start = end.Add(-shortest)
		}
		d, err = f.org.Deleted(ctx, src.Object.Name, start, end)
	}
	if refused(err) {
		return log, nil
	}
	if err != nil {
		return log, err
	}
	for _, record := range d.Records {
		id, err := schema.ID18(record.ID)
		if err != nil {
			return log, err
		}
		log.IDs[id] = true
	}
	log.Reaches = !swept.IsZero() && !swept.Before(start) && !d.Earliest.After(swept)
	return log, nil
}
