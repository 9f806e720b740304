package merging

import (
	"context"
	"maps"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/versions"
	"catchment/internal/warehouse/lake/writing"
)

// begin opens what doesn't depend on which keys are wanted.
func (p *passing) begin(ctx context.Context) error {
	var err error
	if p.out, err = writing.Schema(p.Final); err != nil {
		return err
	}
	p.record.Differs = p.differs
	p.window = newWindow(p.out, p.Table, p.Rules.Parts)
	p.staged = newStaged(p.Rules, p.Table)
	p.rejected = slices.Sorted(maps.Keys(p.Rejections))
	all, err := p.wantsAll(ctx)
	if err != nil {
		return err
	}
	if !all {
		p.wanted, err = newWanted(ctx, &p.Task, p.rejected)
		if err != nil {
			return err
		}
	}
	if p.groups, err = p.spliced(ctx); err != nil || len(p.groups) > 0 {
		return err
	}
	if all || !p.Rules.Sweeps() {
		return p.openVersions(ctx, nil)
	}
	return nil
}

// wantsAll tells whether all rows are to be read: there are none, or most of them change.
func (p *passing) wantsAll(ctx context.Context) (bool, error) {
	if len(p.Forget) > 0 || p.Final.CurrentSnapshot() == nil {
		return true, nil
	}
	tasks, err := p.Final.Scan(table.WithMaxConcurrency(1)).PlanFiles(ctx)
	var n int64
	for _, task := range tasks {
		n += task.File.Count()
	}
	return p.Rows > n/2 || n == 0, err
}

// open opens what the next keys have, and tells whether these are the last ones. nil is all.
func (p *passing) open(ctx context.Context) (keys []string, last bool, err error) {
	last = true
	if p.wanted != nil {
		if keys, err = p.wanted.next(atOnce); err != nil {
			return nil, false, err
		}
		last = len(keys) < atOnce
		if len(keys) == 0 {
			return keys, last, nil
		}
		if p.Rules.Sweeps() {
			err = p.openVersions(ctx, keys)
		}
	}
	if err == nil {
		err = p.openRows(ctx, keys)
	}
	if err == nil {
		err = p.openTombs(ctx, keys)
	}
	return keys, last, err
}

// openVersions opens the staged versions of some keys, of all where keys is nil. Their columns are those that pages
// carried.
func (p *passing) openVersions(ctx context.Context, keys []string) error {
	if err := p.versions.close(); err != nil {
		return err
	}
	q := p.versionsQuery(p.carried())
	q.Keys = keys
	return p.openLaneOf(ctx, q)
}

// openLaneOf opens the staged versions that a query asks for.
func (p *passing) openLaneOf(ctx context.Context, q rows.Query) (err error) {
	p.versions, err = openLane(ctx, p.Stage, q, func(b *rows.Batch) error {
		p.versionsAt = nothing
		return p.staged.load(b)
	})
	return err
}

// versionsQuery asks for columns of all staged versions.
func (p *passing) versionsQuery(names []string) rows.Query {
	return rows.Query{Key: p.Table.Key, Columns: names, Where: ofAttempt(p.Attempt), Scratch: p.Scratch}
}

// carried are the columns of staged versions that are told by them, or that pages carried.
func (p *passing) carried() []string {
	names := p.staged.columns()
	for _, part := range p.Rules.Parts {
		if part.Op == warehouse.Put || part.Op == warehouse.Patch {
			names = append(names, part.Columns...)
		}
	}
	return distinct(names)
}

// openRows opens the rows of some keys, of all where keys is nil, with the columns that are needed.
func (p *passing) openRows(ctx context.Context, keys []string) error {
	if err := p.rows.close(); err != nil {
		return err
	}
	var err error
	p.rows, err = openLane(ctx, p.Final, rows.Query{Key: p.Table.Key, Columns: p.needed(), Keys: keys, Positions: true,
		Scratch: p.Scratch}, func(b *rows.Batch) error {
		p.rowsAt = nothing
		b.Record = without(b.Record, p.Forget)
		return p.kept.load(b)
	})
	return err
}

// needed are the columns of the final table of which a row that is written may keep what it had. Where whole versions
// alone change rows, that are those that some version lacks, beside what rows are told by.
func (p *passing) needed() []string {
	names := p.names()
	if p.Rules.Complete || len(p.Forget)+len(p.Rejections) > 0 {
		return names
	}
	for _, part := range p.Rules.Parts {
		if part.Op != warehouse.Put {
			return names
		}
	}
	return slices.DeleteFunc(names, func(name string) bool {
		lacks := func(part versions.Part) bool { return !slices.Contains(part.Columns, name) }
		return !slices.Contains(columnsOfKept, name) && !slices.ContainsFunc(p.Rules.Parts, lacks)
	})
}

// names are the columns of the final table.
func (p *passing) names() []string {
	var names []string
	for _, field := range p.out.Fields() {
		names = append(names, field.Name)
	}
	return names
}

// distinct is names without those that came before.
func distinct(names []string) []string {
	var all []string
	for _, name := range names {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// without is a record in which some columns hold nothing.
func without(record arrow.RecordBatch, names []string) arrow.RecordBatch {
	if len(names) == 0 {
		return record
	}
	values := slices.Clone(record.Columns())
	for i, field := range record.Schema().Fields() {
		if slices.Contains(names, field.Name) {
			values[i] = array.MakeArrayOfNull(memory.DefaultAllocator, field.Type, int(record.NumRows()))
		}
	}
	return array.NewRecordBatch(record.Schema(), values, record.NumRows())
}

// openTombs opens the tombstones of some keys.
func (p *passing) openTombs(ctx context.Context, keys []string) error {
	if p.tombs != nil {
		if err := p.tombs.Close(); err != nil {
			return err
		}
	}
	p.tombs, p.tombKey, p.noTombs = nil, "", p.Tombs == nil
	if p.noTombs {
		return nil
	}
	tombs, err := p.Tombs(ctx, keys)
	if err == nil {
		p.tombs = tombs
	}
	return err
}
