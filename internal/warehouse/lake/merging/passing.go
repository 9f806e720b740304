package merging

import (
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/versions"
	"catchment/internal/warehouse/lake/writing"
)

// A passing is staged versions and rows that go past each other.
type passing struct {
	Task
	result *Result
	out    *arrow.Schema
	window *window
	wanted *wanted // nil where all rows are read
	dead   map[string][]int64
	buried map[string]int64 // rows of these files that were dead before

	staged   *staged
	versions *lane
	kept     kept
	rows     *lane
	rejected []string // keys, in order

	tombs   Tombs
	tombKey string
	tomb    versions.Tomb
	noTombs bool

	versionsAt, rowsAt int32 // the places of the batches that the lanes are in; nothing where they aren't held
	found              []placed
	record             versions.Record
	fate               versions.Fate
}

// A placed row is one of the final table, and where it is.
type placed struct {
	file     string
	position int64
	place    int32
	synced   versions.Moment
}

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

// openVersions opens the staged versions of some keys, of all where keys is nil. Their columns are those that pages
// carried.
func (p *passing) openVersions(ctx context.Context, keys []string) error {
	if err := p.versions.close(); err != nil {
		return err
	}
	names := p.staged.columns()
	for _, part := range p.Rules.Parts {
		if part.Op == warehouse.Put || part.Op == warehouse.Patch {
			names = append(names, part.Columns...)
		}
	}
	names = distinct(names)
	var err error
	p.versions, err = openLane(ctx, p.Stage, rows.Query{Key: p.Table.Key, Columns: names, Keys: keys,
		Where: ofAttempt(p.Attempt), Scratch: p.Scratch}, func(b *rows.Batch) error {
		p.versionsAt = nothing
		return p.staged.load(b)
	})
	return err
}

// openRows opens the rows of some keys, of all where keys is nil, with all their columns.
func (p *passing) openRows(ctx context.Context, keys []string) error {
	if err := p.rows.close(); err != nil {
		return err
	}
	var err error
	p.rows, err = openLane(ctx, p.Final, rows.Query{Key: p.Table.Key, Columns: p.names(), Keys: keys, Positions: true,
		Scratch: p.Scratch}, func(b *rows.Batch) error {
		p.rowsAt = nothing
		b.Record = without(b.Record, p.Forget)
		return p.kept.load(b)
	})
	return err
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

// records are the rows that are written, in order of their keys.
func (p *passing) records(ctx context.Context) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		if err := p.pass(ctx, func(record arrow.RecordBatch) bool { return yield(record, nil) }); err != nil {
			yield(nil, err)
		}
	}
}

// errEnough says that nobody wants any more records.
var errEnough = errors.New("enough")

// pass goes past all that is wanted.
func (p *passing) pass(ctx context.Context, write func(arrow.RecordBatch) bool) error {
	for {
		keys, last, err := p.open(ctx)
		if err != nil {
			return err
		}
		if keys == nil || len(keys) > 0 {
			err = p.passKeys(ctx, keys, write)
		}
		if errors.Is(err, errEnough) {
			return nil
		}
		if err != nil {
			return err
		}
		if last {
			break
		}
	}
	return p.write(ctx, write)
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

// passKeys decides what becomes of the records of some keys.
func (p *passing) passKeys(ctx context.Context, keys []string, write func(arrow.RecordBatch) bool) error {
	for {
		key, has, err := least(p.versions, p.rows, p.rejected)
		if err != nil || !has || keys != nil && key > keys[len(keys)-1] {
			return err
		}
		if err := p.one(key); err != nil {
			return err
		}
		if p.window.full() {
			if err := p.write(ctx, write); err != nil {
				return err
			}
		}
	}
}

// write hands on the rows of the window.
func (p *passing) write(ctx context.Context, write func(arrow.RecordBatch) bool) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	p.versionsAt, p.rowsAt = nothing, nothing
	if p.Dry || len(p.window.own) == 0 {
		p.window.clear()
		return nil
	}
	record, err := p.window.take(ctx)
	if err != nil {
		return err
	}
	if !write(record) {
		return errEnough
	}
	return nil
}

// one decides what becomes of the record of the next key.
func (p *passing) one(key string) error {
	if err := p.gather(key); err != nil {
		return err
	}
	if key == "" { // rows of no record stay as they are
		return nil
	}
	p.Rules.Decide(&p.record, &p.fate)
	if p.fate.Buried {
		p.result.Burials = append(p.result.Burials, Burial{Key: key, Has: p.fate.HasTomb, Tomb: p.fate.Tomb})
	}
	if len(p.fate.Past) > 0 {
		p.result.Past[key] = slices.Clone(p.fate.Past)
	}
	if p.fate.Changed || len(p.Forget) > 0 {
		p.change()
	}
	return nil
}

// change has what became of a record take the place of what was there.
func (p *passing) change() {
	own := owned{row: p.fate.Row, synced: p.Rules.Now}
	for i, f := range p.found {
		p.dead[f.file] = append(p.dead[f.file], f.position)
		if _, known := p.buried[f.file]; !known {
			p.buried[f.file] = p.rows.cursor.Dead(f.file)
		}
		if i == 0 && !p.fate.Written {
			own.synced = f.synced
		}
		if i > 0 {
			p.Rules.Grown-- // a second row of the record
		}
	}
	if p.fate.HasRow {
		p.window.add(p.fate.Layers, p.under(), own)
	}
}

// under is the place of the row that layers are laid over.
func (p *passing) under() int32 {
	if p.fate.Anew || len(p.found) == 0 {
		return nothing
	}
	return p.found[0].place
}

// differs tells whether a patch says anything else than the row with layers over it.
func (p *passing) differs(layers []versions.Layer, patch versions.Version) bool {
	return p.window.differs(layers, patch, p.under())
}

// gather finds all that is known of the next key.
func (p *passing) gather(key string) error {
	p.record = versions.Record{Staged: p.record.Staged[:0], Differs: p.record.Differs}
	p.found = p.found[:0]
	if len(p.rejected) > 0 && p.rejected[0] == key {
		p.record.Rejections, p.rejected = p.Rejections[key], p.rejected[1:]
	}
	for {
		has, err := p.versions.has(key)
		if err != nil {
			return err
		}
		if !has {
			break
		}
		if v, known := p.staged.version(p.versions.at); known {
			if key == "" {
				return keyless()
			}
			if p.versionsAt == nothing {
				p.versionsAt = p.window.hold(p.versions.batch.Record)
			}
			v.Place = int(p.versionsAt) + p.versions.at
			p.record.Staged = append(p.record.Staged, v)
		}
		p.versions.at++
	}
	if err := p.gatherRows(key); err != nil {
		return err
	}
	return p.gatherTomb(key)
}

// gatherRows finds the row of the next key, and further ones that nobody should have made.
func (p *passing) gatherRows(key string) error {
	for {
		has, err := p.rows.has(key)
		if err != nil || !has {
			return err
		}
		if key != "" {
			if p.rowsAt == nothing {
				p.rowsAt = p.window.hold(p.rows.batch.Record)
			}
			i := p.rows.at
			if len(p.found) == 0 {
				p.record.HasRow, p.record.Row = true, p.kept.row(i)
			}
			p.found = append(p.found, placed{file: p.rows.batch.File[i], position: p.rows.batch.Position[i],
				place: p.rowsAt + int32(i), synced: p.kept.synced.at(i)}) //nolint:gosec // a batch has few rows
		}
		p.rows.at++
	}
}

// openTombs opens the tombstones of some keys.
func (p *passing) openTombs(ctx context.Context, keys []string) error {
	if p.tombs != nil {
		if err := p.tombs.Close(); err != nil {
			return err
		}
	}
	p.tombKey, p.noTombs = "", p.Tombs == nil
	if p.noTombs {
		return nil
	}
	var err error
	p.tombs, err = p.Tombs(ctx, keys)
	return err
}

// gatherTomb finds the tombstone of the next key.
func (p *passing) gatherTomb(key string) error {
	for !p.noTombs && p.tombKey < key {
		var err error
		p.tombKey, p.tomb, err = p.tombs.Next()
		if errors.Is(err, io.EOF) {
			p.noTombs = true
			return nil
		}
		if err != nil {
			return err
		}
	}
	if !p.noTombs && p.tombKey == key {
		p.record.HasTomb, p.record.Tomb = true, p.tomb
	}
	return nil
}

// alive are the rows of a cursor that the merge leaves as they are.
func (p *passing) alive(cursor *rows.Cursor) iter.Seq2[arrow.RecordBatch, error] {
	for _, positions := range p.dead {
		slices.Sort(positions)
	}
	return func(yield func(arrow.RecordBatch, error) bool) {
		for {
			b, err := cursor.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err == nil {
				b.Record, err = p.living(b)
			}
			if !yield(b.Record, err) || err != nil {
				return
			}
		}
	}
}

// living is the rows of a batch that the merge leaves as they are.
func (p *passing) living(b rows.Batch) (arrow.RecordBatch, error) {
	indices := array.NewInt32Builder(memory.DefaultAllocator)
	defer indices.Release()
	for i, file := range b.File {
		if _, dead := slices.BinarySearch(p.dead[file], b.Position[i]); !dead {
			indices.Append(int32(i)) //nolint:gosec // a batch has few rows
		}
	}
	places := indices.NewArray()
	values := make([]arrow.Array, b.Record.NumCols())
	for i := range values {
		var err error
		values[i], err = compute.TakeArray(context.Background(), b.Record.Column(i), places)
		if err != nil {
			return nil, err
		}
	}
	return array.NewRecordBatch(p.out, values, int64(places.Len())), nil
}

func (p *passing) close() {
	_ = p.versions.close()
	_ = p.rows.close()
	_ = p.wanted.close()
	if p.tombs != nil {
		_ = p.tombs.Close()
	}
}
