package replicate

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/schema"
	"catchment/internal/source"
	"catchment/internal/warehouse"
)

// sweepPart is the name of the part that reads the Id of every record of the
// flow, to find rows whose records are gone without a trace.
const sweepPart = "sweep"

// sweeps tells whether an attempt can sweep: it reads only what changed. A
// reading of everything is a sweep by itself.
func sweeps(src *source.Source, a control.Attempt) bool {
	return src.Flow.Deletes != flow.Ignore && !a.From.IsZero() && !a.Complete && len(src.Table.Key) == 1
}

// sweptAt is when every row was held against all Ids, or the zero time where an
// attempt didn't do that.
func (r *Replicator) sweptAt(a *control.Attempt) (time.Time, error) {
	parts := a.Reading(sweepPart)
	if len(parts) == 0 && (a.Complete || a.From.IsZero()) {
		parts = a.Reading(control.Main)
	}
	var first time.Time
	for _, p := range parts {
		if len(p.Job) == 0 {
			return time.Time{}, nil
		}
		job, err := jobOf(p)
		if err != nil {
			return time.Time{}, err
		}
		if first.IsZero() || job.ReadAt.Before(first) {
			first = job.ReadAt
		}
	}
	return first, nil
}

// sweepOf is that part. What it lacks is gone; why, reconcile finds out.
func sweepOf(src *source.Source) control.Part {
	columns := []string{"Id"}
	if slices.ContainsFunc(src.Fields, func(f schema.Field) bool { return f.Name == "IsDeleted" }) {
		columns = append(columns, "IsDeleted")
	}
	return control.Part{Name: sweepPart, Op: string(warehouse.Seen), Reason: string(warehouse.AbsentReason(src.Flow.Where)),
		Query: queryFor(src.Object.Name, columns, src.Flow.Where, "", time.Time{})}
}

// What a sweep finds there that the final table lacks is read by its Ids: a
// record that came back into sight, or out of the recycle bin without a stamp.
const (
	foundPart   = "found-"
	foundAtOnce = 100
	foundAtMost = 5 // parts of one attempt; the rest waits for the next sweep, which then follows at once
)

// readFound adds such parts to an attempt, and tells whether it did.
func (r *Replicator) readFound(ctx context.Context, v *visit) (bool, error) {
	jobs, err := jobsOf(v.attempt.Reading(sweepPart))
	if err != nil || len(jobs) == 0 || v.attempt.Part(foundPart+"1") != nil {
		return false, err
	}
	alive, _, err := r.Warehouse.Otherwise(ctx, v.source.Table, v.attempt.ID, jobs)
	if err == nil {
		alive, err = r.notRejected(ctx, v.source, alive)
	}
	if err != nil || len(alive) == 0 {
		return false, err
	}
	v.note("%d records are there again that the table didn't have; the first is %s", len(alive), alive[0])
	row, err := r.Control.Flow(ctx, v.attempt.Flow)
	if err != nil {
		return false, err
	}
	n, columns := 0, allColumns(v.attempt) // a field that came since has no column before the next run
	for ids := range slices.Chunk(alive, foundAtOnce) {
		if n++; n > foundAtMost {
			if err := r.sweepNext(ctx, v); err != nil {
				return false, err
			}
			break
		}
		q := control.Query{Object: v.source.Object.Name, Fields: columns, Where: []string{string(salesforce.In("Id", ids))}}
		v.attempt.Parts = append(v.attempt.Parts, control.Part{
			Name: foundPart + strconv.Itoa(n), Op: string(warehouse.Put), Query: q,
			Mover: moverFor(cmp.Or(row.Mover, string(v.source.Flow.Mover)), int64(len(ids)), q),
		})
	}
	return true, nil
}

// notRejected is those of some records that the flow's rules didn't keep out when
// they came last: the others are there, and lack a row on purpose.
func (r *Replicator) notRejected(ctx context.Context, src *source.Source, ids []string) ([]string, error) {
	if len(src.Treatment.Checks) == 0 || len(ids) == 0 {
		return ids, nil
	}
	rejected, err := r.Warehouse.StillRejected(ctx, src.Table)
	return slices.DeleteFunc(ids, func(id string) bool { return rejected[id] }), err
}

// sweepNext lets the next attempt sweep.
func (r *Replicator) sweepNext(ctx context.Context, v *visit) error {
	if v.source.Flow.Sweep.Off() {
		return nil
	}
	_, err := r.Control.UpdateFlow(ctx, v.attempt.Flow, func(f *control.FlowRow) { f.SweptAt = time.Time{} })
	return err
}

// sweepFindings are the live rows that the attempt's sweep lacks, by the
// reason. Only rows that were consolidated from a reading before the sweep's
// job was created count: the others are newer than it.
func (r *Replicator) sweepFindings(ctx context.Context, v *visit) (findings, error) {
	found := findings{}
	jobs, err := jobsOf(v.attempt.Reading(sweepPart))
	if err != nil || len(jobs) == 0 {
		return found, err
	}
	_, binned, err := r.Warehouse.Otherwise(ctx, v.source.Table, v.attempt.ID, jobs)
	if err != nil {
		return found, err
	}
	for _, id := range binned {
		found[id] = soft
	}
	began, err := r.sweptAt(&v.attempt)
	if err != nil {
		return found, err
	}
	absent, err := r.Warehouse.Absent(ctx, v.source.Table, v.attempt.ID, jobs, began)
	if err != nil || len(absent) == 0 {
		return found, err
	}
	row, err := r.Control.Flow(ctx, v.attempt.Flow)
	if err != nil {
		return found, err
	}
	log, err := r.deleteLog(ctx, v.source, row.SweptAt)
	if err != nil {
		return found, err
	}
	suspects := make([]suspect, len(absent))
	for i, id := range absent {
		suspects[i] = suspect{id: id, held: true, logged: log.ids[id]}
	}
	asked := suspects[:min(len(suspects), suspectsAtMost)]
	if err := r.examine(ctx, v.source, asked); err != nil {
		return found, err
	}
	for i, s := range suspects {
		if s.inside && !s.Deleted { // it is there: the sweep doesn't tell the truth
			return found, r.readAgain(ctx, v, sweepPart, plan.Failf(plan.Retry, "",
				"%w: record %s of %s is there, and the sweep lacks it", errUnsound, s.id, v.attempt.Flow))
		}
		if i >= len(asked) && !s.logged && v.source.Flow.Where != "" {
			found[s.id] = outOfFilter // as likely as anything, and not asked about
			continue
		}
		found[s.id] = judge(s, v.attempt.From, v.attempt.To, log.reaches)
	}
	return found, nil
}

// A deleteLog is what getDeleted says of the last fifteen days.
type deleteLog struct {
	ids     map[string]bool
	reaches bool // back to the last moment when every row was seen: what it lacks wasn't deleted
}

// deleteLog asks for all that was deleted lately. Where the log was trimmed it
// says less, never something wrong.
func (r *Replicator) deleteLog(ctx context.Context, src *source.Source, swept time.Time) (deleteLog, error) {
	log := deleteLog{ids: map[string]bool{}}
	if !src.Object.Replicateable {
		return log, nil
	}
	server, err := r.Org.ServerTime(ctx)
	if err != nil {
		return log, err
	}
	end := server.Truncate(time.Minute)
	start := end.Add(-deletedReach).Truncate(time.Minute)
	d, err := r.Org.Deleted(ctx, src.Object.Name, start, end)
	if tooMuch(err) && swept.After(start) { // trimmed since: the part that matters may still be there
		start = swept.Truncate(time.Minute)
		if end.Sub(start) < shortest {
			start = end.Add(-shortest)
		}
		d, err = r.Org.Deleted(ctx, src.Object.Name, start, end)
	}
	if tooMuch(err) {
		return log, nil
	}
	if err != nil {
		return log, err
	}
	for _, record := range d.Records {
		id, err := salesforce.ID18(record.ID)
		if err != nil {
			return log, err
		}
		log.ids[id] = true
	}
	log.reaches = !swept.IsZero() && !swept.Before(start) && !d.Earliest.After(swept)
	return log, nil
}
