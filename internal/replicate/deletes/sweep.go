package deletes

import (
	"context"
	"slices"
	"time"

	"catchment/internal/control"
	"catchment/internal/plan"
	"catchment/internal/replicate/reading"
	"catchment/internal/source"
)

// A Sweep is a reading of the Ids of all records that is staged.
type Sweep struct {
	Jobs   []string
	Began  time.Time // when its first job was created
	Before time.Time // when every row was seen the last time
}

// Returned are the records that a sweep has seen and the final table lacks, but for
// those that were kept out when they came last: they are there, and lack a row on
// purpose.
func (f *Finder) Returned(ctx context.Context, src *source.Source, attempt string, s Sweep) ([]string, error) {
	alive, _, err := f.evidence.Otherwise(ctx, src.Table, attempt, s.Jobs)
	if err != nil || len(alive) == 0 {
		return alive, err
	}
	out, err := f.keptOut(ctx, src, alive)
	return slices.DeleteFunc(alive, func(id string) bool { return out[id] }), err
}

// keysAtOnce is how many keys of records that are kept out are in memory at once.
const keysAtOnce = 2000

// keptOut tells which of some records are kept out.
func (f *Finder) keptOut(ctx context.Context, src *source.Source, ids []string) (map[string]bool, error) {
	asked, out := map[string]bool{}, map[string]bool{}
	for _, id := range ids {
		asked[id] = true
	}
	for after := ""; ; {
		keys, err := f.evidence.OutKeys(ctx, src.Table, after, keysAtOnce)
		if err != nil || len(keys) == 0 {
			return out, err
		}
		for _, key := range keys {
			if asked[key] {
				out[key] = true
			}
		}
		after = keys[len(keys)-1]
	}
}

// Swept are the live rows that a sweep lacks, by the reason. Only rows that were
// consolidated from a reading before the sweep's job was created count: the others are
// newer than it. A record that is there all the same is reading.ErrUnsound: the sweep
// doesn't tell the truth.
func (f *Finder) Swept(ctx context.Context, src *source.Source, a control.Attempt, s Sweep) (Findings, error) {
	found := Findings{}
	_, binned, err := f.evidence.Otherwise(ctx, src.Table, a.ID, s.Jobs)
	if err != nil {
		return found, err
	}
	for _, id := range binned {
		found[id] = soft
	}
	absent, err := f.evidence.Absent(ctx, src.Table, a.ID, s.Jobs, s.Began)
	if err != nil || len(absent) == 0 {
		return found, err
	}
	log, err := f.windows.DeleteLog(ctx, src, s.Before)
	if err != nil {
		return found, err
	}
	suspects := make([]suspect, len(absent))
	for i, id := range absent {
		suspects[i] = suspect{id: id, held: true, logged: log.IDs[id]}
	}
	asked := suspects[:min(len(suspects), AskedAtMost)]
	if err := f.examine(ctx, src, asked); err != nil {
		return found, err
	}
	for i, s := range suspects {
		if s.inside && !s.Deleted {
			return found, plan.Failf(plan.Retry, "",
				"%w: record %s of %s is there, and the sweep lacks it", reading.ErrUnsound, s.id, a.Flow)
		}
		if i >= len(asked) && !s.logged && src.Flow.Where != "" {
			found[s.id] = outOfFilter // as likely as anything, and not asked about
			continue
		}
		found[s.id] = judge(s, a.From, a.To, log.Reaches)
	}
	return found, nil
}
