package memory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"catchment/internal/warehouse"
)

// Rows counts the rows of a final table.
func (p *process) Rows(ctx context.Context, t warehouse.Table) (n int64, err error) {
	err = p.view(ctx, "count "+t.Name, func(o *operation) error {
		n = int64(len(o.final(t).rows))
		return nil
	})
	return n, err
}

// Live counts the rows of a final table that aren't deleted.
func (p *process) Live(ctx context.Context, t warehouse.Table) (n int64, err error) {
	err = p.view(ctx, "count "+t.Name, func(o *operation) error {
		n = int64(len(o.live(t)))
		return nil
	})
	return n, err
}

// live are the rows of a final table that aren't deleted.
func (o *operation) live(t warehouse.Table) []row { return o.final(t).where(isLive) }

// Days counts the live rows of a final table by the day of their stamp.
func (p *process) Days(ctx context.Context, t warehouse.Table, before time.Time) (map[int64]int64, error) {
	days := map[int64]int64{}
	err := p.view(ctx, "count "+t.Name+" by day", func(o *operation) error {
		stamp := columnOf(t, fieldStamp)
		if stamp == "" {
			return fmt.Errorf("it has no %s", fieldStamp)
		}
		for _, r := range o.live(t) {
			if r[stamp] != "" && r[stamp] < text(before) {
				days[r.time(stamp).Truncate(24*time.Hour).Unix()/86400]++
			}
		}
		return nil
	})
	return days, err
}

// SomeKey picks the key of any row of a final table.
func (p *process) SomeKey(ctx context.Context, t warehouse.Table) (key string, err error) {
	err = p.view(ctx, "pick a row of "+t.Name, func(o *operation) error {
		for _, r := range o.final(t).rows {
			key = r[t.Key[0]]
		}
		return nil
	})
	return key, err
}

// Held tells which of some keys have a live row.
func (p *process) Held(ctx context.Context, t warehouse.Table, keys []string) (map[string]bool, error) {
	held := map[string]bool{}
	err := p.view(ctx, "rows of "+t.Name, func(o *operation) error {
		live := byKey(t, o.live(t))
		for _, key := range keys {
			if live[key] != nil {
				held[key] = true
			}
		}
		return nil
	})
	return held, err
}

// StagedKeys calls each with the key of every version that a job has in staging.
func (p *process) StagedKeys(
	ctx context.Context, t warehouse.Table, attempt, job string, each func(key string),
) error {
	return p.view(ctx, "staged keys of attempt "+attempt, func(o *operation) error {
		for _, r := range o.read(t, attempt, []string{job}) {
			each(keyOf(t, r))
		}
		return nil
	})
}

// read is what some jobs of an attempt have in staging.
func (o *operation) read(t warehouse.Table, attempt string, jobs []string) []row {
	return o.staging(t).where(func(r row) bool { return r[colAttempt] == attempt && slices.Contains(jobs, r[colJob]) })
}

// Absent lists the keys of live rows, read before readAt, that some jobs don't
// have in staging.
func (p *process) Absent(
	ctx context.Context, t warehouse.Table, attempt string, jobs []string, readAt time.Time,
) (keys []string, err error) {
	err = p.view(ctx, "rows of "+t.Name+" that a reading of all Ids lacks", func(o *operation) error {
		there := byKey(t, o.read(t, attempt, jobs))
		for _, r := range o.live(t) {
			if there[keyOf(t, r)] == nil && r[colReadAt] < text(readAt) {
				keys = append(keys, keyOf(t, r))
			}
		}
		slices.Sort(keys)
		return nil
	})
	return keys, err
}

// Otherwise lists the keys that some jobs saw otherwise than the final table has
// them. What other jobs of the attempt read whole, or found to be gone, is left
// out.
func (p *process) Otherwise(
	ctx context.Context, t warehouse.Table, attempt string, jobs []string,
) (alive, binned []string, err error) {
	err = p.view(ctx, "what a reading of all Ids saw of "+t.Name, func(o *operation) error {
		live, deleted := byKey(t, o.live(t)), columnOf(t, fieldDeleted)
		others := byKey(t, o.staging(t).where(func(r row) bool {
			return r[colAttempt] == attempt && !slices.Contains(jobs, r[colJob]) && r[colOp] != string(warehouse.Patch)
		}))
		for _, r := range o.read(t, attempt, jobs) {
			key := keyOf(t, r)
			gone, held := r[deleted] == "true", live[key] != nil
			switch {
			case others[key] != nil:
			case !gone && !held:
				alive = append(alive, key)
			case gone && held:
				binned = append(binned, key)
			}
		}
		slices.Sort(alive)
		slices.Sort(binned)
		return nil
	})
	return alive, binned, err
}

// Torn lists the keys of records that some jobs read and others, which read
// further columns, did not read in that version.
func (p *process) Torn(
	ctx context.Context, t warehouse.Table, attempt string, jobs, further []string,
) (keys []string, err error) {
	err = p.view(ctx, "compare two readings of "+t.Name, func(o *operation) error {
		stamp, rest := columnOf(t, fieldStamp), byKey(t, o.read(t, attempt, further))
		for _, r := range o.read(t, attempt, jobs) {
			key := keyOf(t, r)
			if rest[key] == nil || !same(r, rest[key], stamp) {
				keys = append(keys, key)
			}
		}
		slices.Sort(keys)
		return nil
	})
	return keys, err
}

// Rejected counts the different records that a job rejected.
func (p *process) Rejected(ctx context.Context, attempt, job string) (int64, error) {
	keys := map[string]bool{}
	err := p.rejects(ctx, attempt, job, func(key string) { keys[key] = true })
	return int64(len(keys)), err
}

// RejectedKeys calls each with the key of every record that a job rejected.
func (p *process) RejectedKeys(ctx context.Context, attempt, job string, each func(key string)) error {
	return p.rejects(ctx, attempt, job, each)
}

// rejects goes over what a job rejected, or all jobs where job is "".
func (p *process) rejects(ctx context.Context, attempt, job string, each func(key string)) error {
	return p.view(ctx, "rejected records of attempt "+attempt, func(o *operation) error {
		for _, r := range o.look(o.o.Staging, tableRejected).rows {
			if r[colAttempt] == attempt && (job == "" || r[colJob] == job) {
				each(r["record_key"])
			}
		}
		return nil
	})
}

// StillRejected lists the records of which nothing newer is known than their
// rejection.
func (p *process) StillRejected(ctx context.Context, t warehouse.Table) (map[string]bool, error) {
	still := map[string]bool{}
	err := p.view(ctx, "rejected records of "+t.Object, func(o *operation) error {
		last := map[string]string{}
		for _, r := range o.look(o.o.Staging, tableRejected).rows {
			if key := r["record_key"]; r["flow"] == t.Object && isWhole(r) {
				last[key] = max(last[key], r[colReadAt])
			}
		}
		rows, tombs := byKey(t, o.final(t).rows), o.tombstones(t.Name)
		for key, at := range last {
			if rows[key][colReadAt] <= at && tombs[key][colReadAt] <= at {
				still[key] = true
			}
		}
		return nil
	})
	return still, err
}

// tombstones are those of a table, by the keys of the records.
func (o *operation) tombstones(table string) map[string]row {
	found := map[string]row{}
	for _, r := range o.look(o.o.Staging, tableTombstone).rows {
		if r["table_name"] == table {
			found[r["record_key"]] = r
		}
	}
	return found
}
