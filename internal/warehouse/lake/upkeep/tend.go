package upkeep

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/maintained"
)

const (
	// keyUpkeep is what a snapshot of upkeep says of itself: how far back the last one is tells whether to look.
	keyUpkeep = "catchment.upkeep"
	// keySwept is the property of a table that says on which day its folder was last looked through.
	keySwept = "catchment.swept"
)

// Care is upkeep of tables: how much of it, and to which bounds.
type Care struct {
	Lake    *tables.Lake
	Bounds  Bounds
	Scratch string
	Now     time.Time
	How     maintained.How
}

// A Guard is asked of a table, as it is then, before it is changed. It adds what a change has to carry, or says why the
// table has to be left alone.
type Guard func(t *table.Table, c *tables.Change) (left string, err error)

// Tend looks after a table, and tells what it was made of before and after. One that isn't there has no name.
func (k Care) Tend(
	ctx context.Context, name table.Identifier, guard Guard,
) (r maintained.Report, more bool, err error) {
	t, err := k.Lake.Find(ctx, name)
	if errors.Is(err, tables.ErrNone) {
		return r, false, nil
	}
	if err != nil {
		return r, false, err
	}
	if r.Before, err = Count(ctx, t); err != nil {
		return r, false, err
	}
	r.Table, r.After = strings.Join(name, "."), r.Before
	if r.Left, err = guard(t, &tables.Change{}); err != nil || r.Left != "" {
		return r, false, err
	}
	switch {
	case k.How == maintained.Look:
		return r, false, k.look(ctx, t, &r)
	case !k.How.Changes():
		return r, false, nil
	}
	did, more, err := k.tend(ctx, t, guard, &r)
	if err != nil || !did {
		return r, more, err
	}
	if t, err = k.Lake.Find(ctx, name); err != nil {
		return r, more, err
	}
	r.After, err = Count(ctx, t)
	return r, more, err
}

// bounds are those of what is done.
func (k Care) bounds() Bounds {
	if k.How == maintained.Due {
		return k.Bounds
	}
	return k.Bounds.byHand()
}

// look finds what could be done.
func (k Care) look(ctx context.Context, t *table.Table, r *maintained.Report) error {
	if t.CurrentSnapshot() != nil {
		tasks, err := t.Scan(table.WithMaxConcurrency(1)).PlanFiles(ctx)
		if err != nil {
			return err
		}
		for _, group := range (Table{Table: t, Bounds: k.bounds()}).due(tasks, nil) {
			r.Small += len(group)
		}
	}
	r.Old, _ = k.bounds().old(t, k.Now)
	found, err := Sweep(ctx, t, k.bounds(), true)
	r.Orphans, r.Freed = found.Files, found.Bytes
	return err
}

// tend does what is to be done, and tells whether something was.
func (k Care) tend(ctx context.Context, t *table.Table, guard Guard, r *maintained.Report) (did, more bool, err error) {
	for again := true; again; again = more && k.How == maintained.All {
		changed := false
		if changed, more, err = k.compact(ctx, t, guard, r); err != nil {
			return did, more, err
		}
		did = did || changed
	}
	if r.Left != "" {
		return did, false, nil
	}
	if did {
		if t, err = k.Lake.Find(ctx, t.Identifier()); err != nil {
			return did, more, err
		}
	}
	b := k.bounds()
	if n, age := b.old(t, k.Now); n >= b.Worth {
		gone, err := k.Lake.Expire(ctx, t.Identifier(), b.Keep, age)
		did = did || gone > 0
		if err != nil {
			return did, more, err
		}
	}
	swept, err := k.sweep(ctx, t.Identifier(), r)
	return did || swept, more, err
}

// compact makes few files of many, by one snapshot. more tells that there were more than are written anew at once.
func (k Care) compact(
	ctx context.Context, t *table.Table, guard Guard, r *maintained.Report,
) (did, more bool, err error) {
	b := k.bounds()
	if Since(t) < b.Files {
		return false, false, nil
	}
	_, err = k.Lake.Commit(ctx, t.Identifier(), func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		did, more = false, false
		c, err := Compaction(ctx, Table{Table: t, Key: keyOf(t), Bounds: b, Scratch: k.Scratch})
		if err != nil || c == nil {
			return nil, err
		}
		if r.Left, err = guard(t, c); err != nil || r.Left != "" {
			return nil, err
		}
		if c.Summary == nil {
			c.Summary = iceberg.Properties{}
		}
		c.Summary[keyUpkeep] = string(k.How)
		bytes := int64(0)
		for _, file := range c.Gone {
			bytes += file.FileSizeBytes()
		}
		did, more = true, bytes > b.AtOnce-b.Small
		return c, nil
	})
	return did, more, err
}

// Since counts the snapshots that came after the last one of upkeep. Fewer of them than the files that become one have
// not made as many.
func Since(t *table.Table) (n int) {
	for s := range tables.Ancestors(t) {
		if s.Summary != nil && s.Summary.Properties[keyUpkeep] != "" {
			return n
		}
		n++
	}
	return n
}

// keyOf are the columns that a table is sorted by.
func keyOf(t *table.Table) (key []string) {
	order := t.SortOrder()
	for _, by := range order.Fields() {
		if f, ok := t.Schema().FindFieldByID(by.SourceID()); ok {
			key = append(key, f.Name)
		}
	}
	return key
}

// sweep removes what no snapshot names. To look through a folder takes long where it has many files, so that it is done
// once a day.
func (k Care) sweep(ctx context.Context, name table.Identifier, r *maintained.Report) (bool, error) {
	t, err := k.Lake.Find(ctx, name)
	if err != nil {
		return false, err
	}
	today := k.Now.UTC().Format(time.DateOnly)
	if k.How == maintained.Due && lastSwept(t) >= today {
		return false, nil
	}
	found, err := Sweep(ctx, t, k.bounds(), false)
	r.Orphans, r.Freed = found.Files, found.Bytes
	if err != nil {
		return false, err
	}
	return found.Files > 0, k.Lake.Say(ctx, name, iceberg.Properties{keySwept: today})
}

// lastSwept is the day on which a table's folder was last looked through; of one that never was, that of the oldest
// snapshot: there was nothing to find before.
func lastSwept(t *table.Table) string {
	if day := t.Properties()[keySwept]; day != "" {
		return day
	}
	oldest := t.Metadata().LastUpdatedMillis()
	for _, s := range t.Metadata().Snapshots() {
		oldest = min(oldest, s.TimestampMs)
	}
	return time.UnixMilli(oldest).UTC().Format(time.DateOnly)
}
