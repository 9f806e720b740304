package rows

import (
	"context"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// A Pile collects rows in whatever order they come, and gives them in order of their keys, as often as one likes. What
// has no room in memory is in scratch files.
type Pile struct {
	schema  *arrow.Schema
	key     []int
	scratch scratch
	pieces  []piece // that aren't sorted yet
	bytes   int64
	sorted  []*part // that are in memory: one at most, and only where there is no run
	runs    []*run
	rows    int64
}

// NewPile makes an empty pile of rows with these columns. folder is where its scratch files are to be, "" for that of
// the system. Close must follow.
func NewPile(folder string, schema *arrow.Schema, key []string) (*Pile, error) {
	p := &Pile{schema: schema, scratch: scratch{folder: folder}}
	for _, name := range key {
		at := schema.FieldIndices(name)
		if len(at) != 1 {
			return nil, fmt.Errorf("there is no column %s", name)
		}
		p.key = append(p.key, at[0])
	}
	return p, nil
}

// Rows counts what is in the pile.
func (p *Pile) Rows() int64 { return p.rows }

// Schema is the columns of the pile.
func (p *Pile) Schema() *arrow.Schema { return p.schema }

// Add adds rows, and a note that stays with each of them: it comes back as the row's position.
func (p *Pile) Add(ctx context.Context, record arrow.RecordBatch, note int64) error {
	keys, err := KeysOf(record, p.key)
	if err != nil || len(keys) == 0 {
		return err
	}
	return p.add(ctx, record, keys, note)
}

func (p *Pile) add(ctx context.Context, record arrow.RecordBatch, keys []string, note int64) error {
	of := &part{record: record, keys: keys, files: make([]uint32, len(keys)), positions: make([]int64, len(keys))}
	for i := range of.positions {
		of.positions[i] = note
	}
	record.Retain()
	p.pieces = append(p.pieces, piece{part: of, to: len(keys)})
	p.rows += int64(len(keys))
	if p.bytes += sizeOf(record); p.bytes < sortBytes {
		return nil
	}
	return p.spill(ctx)
}

// AddKeys adds rows that have nothing but a key, and a note.
func (p *Pile) AddKeys(ctx context.Context, keys []string, note int64) error {
	if len(keys) == 0 {
		return nil
	}
	columns := make([]arrow.Array, p.schema.NumFields())
	for i, field := range p.schema.Fields() {
		columns[i] = array.MakeArrayOfNull(memory.DefaultAllocator, field.Type, len(keys))
	}
	return p.add(ctx, array.NewRecordBatch(p.schema, columns, int64(len(keys))), keys, note)
}

// Join adds all rows of another pile, which is empty then and needs no Close.
func (p *Pile) Join(ctx context.Context, other *Pile) error {
	for _, of := range other.sorted {
		p.pieces = append(p.pieces, piece{part: of, to: of.rows()})
		p.bytes += sizeOf(of.record)
	}
	p.pieces, p.bytes = append(p.pieces, other.pieces...), p.bytes+other.bytes
	p.runs, p.rows = append(p.runs, other.runs...), p.rows+other.rows
	other.runs, other.sorted, other.pieces, other.rows = nil, nil, nil, 0
	if err := other.scratch.close(); err != nil {
		return err
	}
	if p.bytes >= sortBytes {
		if err := p.spill(ctx); err != nil {
			return err
		}
	}
	if len(p.runs) > mostRuns {
		return p.collapse(ctx)
	}
	return nil
}

// spill writes what is in memory into a run.
func (p *Pile) spill(ctx context.Context) error {
	if err := p.sort(ctx); err != nil || len(p.sorted) == 0 {
		return err
	}
	made, err := p.scratch.write(ctx, once(p.sorted[0]))
	if err != nil {
		return err
	}
	p.runs, p.sorted = append(p.runs, made), nil
	if len(p.runs) <= mostRuns {
		return nil
	}
	return p.collapse(ctx)
}

// sort sorts what is in memory.
func (p *Pile) sort(ctx context.Context) error {
	if len(p.pieces) == 0 {
		return nil
	}
	var pieces []piece
	for _, of := range p.sorted {
		pieces = append(pieces, piece{part: of, to: of.rows()})
	}
	all, err := ordered(ctx, append(pieces, p.pieces...))
	if err != nil {
		return err
	}
	p.pieces, p.bytes, p.sorted = nil, 0, []*part{all}
	return nil
}

// collapse makes one run of all.
func (p *Pile) collapse(ctx context.Context) error {
	some := &merge{}
	for _, r := range p.runs {
		if err := some.add(ctx, r.again(), false); err != nil {
			return err
		}
	}
	made, err := p.scratch.write(ctx, func() (*part, error) { return some.next(ctx, batchRows, "", false) })
	if err != nil {
		return err
	}
	for _, r := range p.runs {
		err = errors.Join(err, r.file.Close())
	}
	p.runs = []*run{made}
	return err
}

// Cursor goes through the pile in order of the keys. Rows that are added later aren't among its own.
func (p *Pile) Cursor(ctx context.Context) (*Cursor, error) {
	if err := p.sort(ctx); err != nil {
		return nil, err
	}
	if len(p.runs) > 0 {
		if err := p.spill(ctx); err != nil {
			return nil, err
		}
	}
	c := &Cursor{ctx: ctx, q: Query{Positions: true}, scratch: &scratch{}}
	for _, r := range p.runs {
		if err := c.open.add(ctx, r.again(), false); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	for _, of := range p.sorted {
		if err := c.open.add(ctx, &inMemory{part: of}, false); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Close forgets the pile.
func (p *Pile) Close() error {
	var all error
	for _, r := range p.runs {
		all = errors.Join(all, r.file.Close())
	}
	p.runs, p.sorted, p.pieces, p.rows = nil, nil, nil, 0
	return errors.Join(all, p.scratch.close())
}

// inMemory is a source of one part.
type inMemory struct{ part *part }

func (s *inMemory) next(context.Context) (*part, error) {
	defer func() { s.part = nil }()
	return s.part, nil
}

func (s *inMemory) close() error { return nil }

// once gives a part, then the end.
func once(p *part) func() (*part, error) {
	return func() (*part, error) {
		defer func() { p = nil }()
		return p, nil
	}
}
