package memory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
)

// Rows counts the rows of a final table.
func (p asker) Rows(ctx context.Context, t shape.Table) (int64, error) {
	return seen(ctx, p.process, "count "+t.Name, func(o *operation) int64 { return int64(len(o.final(t).rows)) })
}

// Live counts the rows of a final table that aren't deleted.
func (p asker) Live(ctx context.Context, t shape.Table) (int64, error) {
	return seen(ctx, p.process, "count "+t.Name, func(o *operation) int64 { return int64(len(o.live(t))) })
}

// live are the rows of a final table that aren't deleted.
func (o *operation) live(t shape.Table) []row { return o.final(t).where(isLive) }

// Days counts the live rows of a final table by the day of their stamp.
func (p asker) Days(ctx context.Context, t shape.Table, before time.Time) (map[int64]int64, error) {
	return seen(ctx, p.process, "count "+t.Name+" by day", func(o *operation) map[int64]int64 {
		stamp := columnOf(t, fieldStamp)
		if stamp == "" {
			o.fail(fmt.Errorf("it has no %s", fieldStamp))
		}
		days := map[int64]int64{}
		for _, r := range o.live(t) {
			if r[stamp] != "" && r[stamp] < text(before) {
				days[r.time(stamp).Truncate(24*time.Hour).Unix()/86400]++
			}
		}
		return days
	})
}

// SomeKey picks the key of any row of a final table.
func (p asker) SomeKey(ctx context.Context, t shape.Table) (string, error) {
	return seen(ctx, p.process, "pick a row of "+t.Name, func(o *operation) string {
		for _, r := range o.final(t).rows {
			return r[t.Key[0]]
		}
		return ""
	})
}

// Held tells which of some keys have a live row.
func (p asker) Held(ctx context.Context, t shape.Table, keys []string) (map[string]bool, error) {
	return seen(ctx, p.process, "rows of "+t.Name, func(o *operation) map[string]bool {
		held, live := map[string]bool{}, byKey(t, o.live(t))
		for _, key := range keys {
			if live[key] != nil {
				held[key] = true
			}
		}
		return held
	})
}

// StagedKeys calls each with the key of every version that a job has in staging.
func (p asker) StagedKeys(
	ctx context.Context, t shape.Table, attempt, job string, each func(key string),
) error {
	return p.view(ctx, "staged keys of attempt "+attempt, func(o *operation) {
		for _, r := range o.read(t, attempt, []string{job}) {
			each(keyOf(t, r))
		}
	})
}

// read is what some jobs of an attempt have in staging.
func (o *operation) read(t shape.Table, attempt string, jobs []string) []row {
	return o.staging(t).where(func(r row) bool { return r[colAttempt] == attempt && slices.Contains(jobs, r[colJob]) })
}

// Absent lists the keys of live rows, read before readAt, that some jobs don't
// have in staging.
func (p asker) Absent(
	ctx context.Context, t shape.Table, attempt string, jobs []string, readAt time.Time,
) ([]string, error) {
	return seen(ctx, p.process, "rows of "+t.Name+" that a reading of all Ids lacks", func(o *operation) []string {
		there := byKey(t, o.read(t, attempt, jobs))
		return keysOf(t, o.live(t), func(r row) bool {
			return there[keyOf(t, r)] == nil && r[colReadAt] < text(readAt)
		})
	})
}

// Otherwise lists the keys that some jobs saw otherwise than the final table has
// them. What other jobs of the attempt read whole, or found to be gone, is left
// out.
func (p asker) Otherwise(
	ctx context.Context, t shape.Table, attempt string, jobs []string,
) (alive, binned []string, err error) {
	err = p.view(ctx, "what a reading of all Ids saw of "+t.Name, func(o *operation) {
		live, deleted := byKey(t, o.live(t)), columnOf(t, fieldDeleted)
		others := byKey(t, o.staging(t).where(func(r row) bool {
			return r[colAttempt] == attempt && !slices.Contains(jobs, r[colJob]) && r[colOp] != string(warehouse.Patch)
		}))
		saw := func(gone bool) func(row) bool {
			return func(r row) bool {
				key := keyOf(t, r)
				return others[key] == nil && (r[deleted] == "true") == gone && (live[key] != nil) == gone
			}
		}
		alive = keysOf(t, o.read(t, attempt, jobs), saw(false))
		binned = keysOf(t, o.read(t, attempt, jobs), saw(true))
	})
	return alive, binned, err
}

// Torn lists the keys of records that some jobs read and others, which read
// further columns, did not read in that version.
func (p asker) Torn(
	ctx context.Context, t shape.Table, attempt string, jobs, further []string,
) ([]string, error) {
	return seen(ctx, p.process, "compare two readings of "+t.Name, func(o *operation) []string {
		stamp, rest := columnOf(t, fieldStamp), byKey(t, o.read(t, attempt, further))
		return keysOf(t, o.read(t, attempt, jobs), func(r row) bool {
			other := rest[keyOf(t, r)]
			return other == nil || !same(r, other, stamp)
		})
	})
}

// keysOf lists the keys of those rows of which something holds, in order.
func keysOf(t shape.Table, rows []row, holds func(row) bool) []string {
	var keys []string
	for _, r := range rows {
		if holds(r) {
			keys = append(keys, keyOf(t, r))
		}
	}
	slices.Sort(keys)
	return keys
}

// Rejected counts the different records that a job rejected.
func (p asker) Rejected(ctx context.Context, attempt, job string) (int64, error) {
	keys := map[string]bool{}
	err := p.RejectedKeys(ctx, attempt, job, func(key string) { keys[key] = true })
	return int64(len(keys)), err
}

// RejectedKeys calls each with the key of every record that a job rejected, or any
// job where job is "".
func (p asker) RejectedKeys(ctx context.Context, attempt, job string, each func(key string)) error {
	return p.view(ctx, "rejected records of attempt "+attempt, func(o *operation) {
		for _, r := range o.own(tableRejected).rows {
			if r[colAttempt] == attempt && (job == "" || r[colJob] == job) {
				each(r["record_key"])
			}
		}
	})
}

// tombstones are those of a table, by the keys of the records.
func (o *operation) tombstones(table string) map[string]row {
	found := map[string]row{}
	for _, r := range o.own(tableTombstone).rows {
		if r["table_name"] == table {
			found[r["record_key"]] = r
		}
	}
	return found
}
