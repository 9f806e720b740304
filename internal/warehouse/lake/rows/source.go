package rows

import (
	"context"
	"errors"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/apache/iceberg-go/table"
)

// textType is the type of a text.
const textType = arrow.STRING

// A part is some rows of a source, with where they are.
type part struct {
	record    arrow.RecordBatch
	keys      []string
	files     []uint32 // by number, as the store's paths are
	positions []int64
}

func (p *part) rows() int { return len(p.keys) }

// A source gives rows that are wanted, nil at its end.
type source interface {
	next(ctx context.Context) (*part, error)
	close() error
}

// A reading is a data file that is read from its beginning to its end.
type reading struct {
	c      *Cursor
	waits  waiting
	file   *parquetFile
	dead   bits
	leaves []int // of the form's columns, -1 for one that the file lacks
	groups []int // that have rows which are wanted
	only   bits  // the rows that have a key which is wanted; nil for all
	all    bool  // what rows are chosen by holds of all rows of these groups
	sorted bool
	stream pqarrow.RecordReader
	left   []span // of the groups, as far as they haven't been read yet
}

// A span is rows that follow each other.
type span struct{ first, rows int64 }

// openFile opens a data file. Where rows are to come in order, or only those of some keys, its keys are read first.
func (c *Cursor) openFile(w waiting) (*reading, error) {
	path := w.task.File.FilePath()
	file, err := openParquet(c.ctx, c.store.files, path)
	if err != nil {
		return nil, damaged(c.store.name, path, err)
	}
	r := &reading{c: c, waits: w, file: file, groups: c.q.groups, sorted: true}
	if r.groups == nil {
		r.groups = allGroups(file)
	}
	if !c.q.Dead {
		r.dead = c.store.dead[path]
	}
	if err := r.prepare(); err != nil {
		return nil, errors.Join(damaged(c.store.name, path, err), file.close())
	}
	return r, nil
}

// prepare looks at what is to be read of the file.
func (r *reading) prepare() error {
	if n := r.file.rows.NumRows(); n != r.waits.task.File.Count() {
		return errOther
	}
	f := r.c.form
	ids, names := make([]int, f.fields.NumFields()), make([]string, f.fields.NumFields())
	for i := range ids {
		ids[i], names[i] = f.fields.Field(i).ID, f.fields.Field(i).Name
	}
	r.leaves = r.file.leaves(ids, names)
	if (r.c.q.Keys != nil || r.c.q.After != "") && f.text() && r.leaves[f.key[0]] >= 0 {
		r.groups = groupsOf(r.file, r.leaves[f.key[0]], r.c.q)
	}
	if err := r.chooseGroups(); err != nil {
		return err
	}
	if len(f.key) == 0 || r.c.q.Keys == nil && (r.c.q.AnyOrder || r.c.believes(r.waits.task)) {
		return nil
	}
	return r.lookAtKeys()
}

// believes tells whether the rows of a file are in order, as it says.
func (c *Cursor) believes(task table.FileScanTask) bool {
	claims := task.File.SortOrderID()
	return claims != nil && *claims != 0 && *claims == c.store.order
}

// begin starts to read the groups that are left.
func (r *reading) begin() (err error) {
	var leaves []int
	for _, leaf := range r.leaves {
		if leaf >= 0 {
			leaves = append(leaves, leaf)
		}
	}
	r.left = r.spans(r.groups)
	if len(leaves) == 0 || len(r.groups) == 0 {
		return nil
	}
	r.stream, err = r.file.stream(r.c.ctx, leaves, r.groups)
	return err
}

// spans are the rows of row groups.
func (r *reading) spans(groups []int) []span {
	firsts, first := make([]int64, r.file.groups()), int64(0)
	for i := range firsts {
		firsts[i] = first
		first += r.file.group(i).NumRows()
	}
	all := make([]span, len(groups))
	for i, group := range groups {
		all[i] = span{first: firsts[group], rows: r.file.group(group).NumRows()}
	}
	return all
}

// take takes the positions of so many next rows.
func (r *reading) take(rows int64) ([]int64, error) {
	positions := make([]int64, 0, rows)
	for rows > 0 {
		if len(r.left) == 0 {
			return nil, errors.New("it holds more rows than it says")
		}
		n := min(rows, r.left[0].rows)
		for i := range n {
			positions = append(positions, r.left[0].first+i)
		}
		rows -= n
		r.left[0].first += n
		r.left[0].rows -= n
		if r.left[0].rows == 0 {
			r.left = r.left[1:]
		}
	}
	return positions, nil
}

// next is the next rows that are wanted.
func (r *reading) next(ctx context.Context) (*part, error) {
	p, err := r.nextPart(ctx)
	if err != nil {
		return nil, damaged(r.c.store.name, r.waits.task.File.FilePath(), err)
	}
	return p, nil
}

func (r *reading) nextPart(ctx context.Context) (*part, error) {
	if r.stream == nil && r.left == nil {
		if err := r.begin(); err != nil {
			return nil, err
		}
	}
	for len(r.left) > 0 {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		record, rows, err := r.read()
		if err != nil {
			return nil, err
		}
		positions, err := r.take(rows)
		if err != nil {
			return nil, err
		}
		p, err := r.choose(ctx, record, positions)
		if err != nil || p.rows() > 0 {
			return p, err
		}
	}
	return nil, nil
}

// read is the next rows of the file, in the form's columns.
func (r *reading) read() (arrow.RecordBatch, int64, error) {
	f := r.c.form
	if r.stream == nil { // the file has none of the columns
		rows := min(r.left[0].rows, batchRows)
		return r.fill(nil, rows)
	}
	record, err := r.stream.Read()
	if ended(err) != nil {
		return nil, 0, err
	}
	if err != nil || record.NumRows() == 0 {
		return nil, 0, errors.New("it holds fewer rows than it says")
	}
	schema, columns := r.file.rows.MetaData().Schema, make([]arrow.Array, f.schema.NumFields())
	for i, leaf := range r.leaves {
		if leaf < 0 {
			continue
		}
		found := record.Schema().FieldIndices(schema.Column(leaf).Name())
		if len(found) != 1 {
			return nil, 0, errors.New("a column isn't there")
		}
		columns[i] = record.Column(found[0])
		columns[i].Retain()
	}
	return r.fill(columns, record.NumRows())
}

// fill gives columns the types that the table has for them today; those that are lacking hold nothing.
func (r *reading) fill(columns []arrow.Array, rows int64) (arrow.RecordBatch, int64, error) {
	f := r.c.form
	if columns == nil {
		columns = make([]arrow.Array, f.schema.NumFields())
	}
	for i, field := range f.schema.Fields() {
		switch {
		case columns[i] == nil:
			columns[i] = array.MakeArrayOfNull(memory.DefaultAllocator, field.Type, int(rows))
		case !arrow.TypeEqual(columns[i].DataType(), field.Type):
			cast, err := compute.CastToType(r.c.ctx, columns[i], field.Type)
			if err != nil {
				return nil, 0, err
			}
			columns[i] = cast
		}
	}
	return array.NewRecordBatch(f.schema, columns, rows), rows, nil
}

// choose leaves out the rows that are dead or that nobody wants.
func (r *reading) choose(ctx context.Context, record arrow.RecordBatch, positions []int64) (*part, error) {
	stays := make([]int32, 0, len(positions))
	values := newRow(record)
	follows, err := r.following(record)
	if err != nil {
		return nil, err
	}
	for i, position := range positions {
		if r.dead.has(position) || r.only != nil && !r.only.has(position) || !follows(i) {
			continue
		}
		if r.c.form.holds != nil && !r.all {
			values.at = i
			holds, err := r.c.form.holds(values)
			if err != nil {
				return nil, err
			}
			if !holds {
				continue
			}
		}
		stays = append(stays, int32(i)) // #nosec G115 -- a batch has few rows
	}
	record, err = taken(ctx, record, stays)
	if err != nil {
		return nil, err
	}
	p := &part{record: record, positions: make([]int64, len(stays)), files: make([]uint32, len(stays))}
	for i, stay := range stays {
		p.positions[i], p.files[i] = positions[stay], r.waits.file
	}
	if p.keys, err = KeysOf(record, r.c.form.key); err != nil {
		return nil, err
	}
	return p, nil
}

// following tells of the rows of a record whether their keys follow the one after which rows are wanted.
func (r *reading) following(record arrow.RecordBatch) (func(i int) bool, error) {
	after := r.c.q.After
	if after == "" {
		return func(int) bool { return true }, nil
	}
	keys, err := KeysOf(record, r.c.form.key)
	return func(i int) bool { return keys[i] > after }, err
}

// taken is some rows of a record, in this order.
func taken(ctx context.Context, record arrow.RecordBatch, rows []int32) (arrow.RecordBatch, error) {
	if int64(len(rows)) == record.NumRows() && slices.IsSorted(rows) { // each is named once
		return record, nil
	}
	b := array.NewInt32Builder(memory.DefaultAllocator)
	b.AppendValues(rows, nil)
	indices := b.NewInt32Array()
	columns := make([]arrow.Array, record.NumCols())
	for i, column := range record.Columns() {
		var err error
		if columns[i], err = compute.TakeArray(ctx, column, indices); err != nil {
			return nil, err
		}
	}
	return array.NewRecordBatch(record.Schema(), columns, int64(len(rows))), nil
}

// close closes the file.
func (r *reading) close() error {
	if r.stream != nil {
		r.stream.Release()
		r.stream = nil
	}
	return r.file.close()
}
