package merging

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/writing"
)

// What is staged of a first reading is mostly what the final table will have: each record once, in the order of the
// keys, in columns that both tables have. It is decided by its stamps as everything is. Where all rows of a staged row
// group stay, its columns are copied as they are, and only the key and our own columns are written; else the group is
// read as a whole, and written as rows are.

// leastRows is how many rows staged row groups have on average, where there is more than one: the final table shall
// not be in many small ones.
const leastRows = 16 << 10

// spliced are the row groups that rows are taken from, in their order. There are none where the final table has rows,
// where a version isn't a whole one, or where row groups are small or lie between each other.
func (p *passing) spliced(ctx context.Context) ([]rows.Group, error) {
	if p.Dry || p.Stage == nil || p.Final.CurrentSnapshot() != nil || len(p.Forget)+len(p.rejected) > 0 {
		return nil, nil
	}
	if spec := p.Final.Spec(); !spec.IsUnpartitioned() {
		return nil, nil
	}
	for _, part := range p.Rules.Parts {
		if part.Op != warehouse.Put {
			return nil, nil
		}
	}
	groups, err := rows.Groups(ctx, p.Stage, p.versionsQuery(p.told()))
	var n int64
	for _, g := range groups {
		n += g.Rows
	}
	if len(groups) > 1 && n < leastRows*int64(len(groups)) {
		return nil, err
	}
	return groups, err
}

// told are the columns that rows are decided by, and the key.
func (p *passing) told() []string { return distinct(append(p.staged.columns(), p.Table.Key...)) }

// splice goes past all that is staged, a row group after the other.
func (p *passing) splice(ctx context.Context, write func(writing.Piece) bool) error {
	form, err := writing.FormOf(p.out)
	if err != nil {
		return err
	}
	if err := p.openRows(ctx, nil); err != nil {
		return err
	}
	if err := p.openTombs(ctx, nil); err != nil {
		return err
	}
	for _, g := range p.groups {
		if err := p.passGroup(ctx, g); err != nil {
			return err
		}
		piece, err := p.piece(ctx, g, form)
		p.window.clear()
		if err != nil {
			return err
		}
		if (piece.Batch != nil || piece.Group != nil) && !write(piece) {
			return errEnough
		}
	}
	return nil
}

// passGroup decides what becomes of the records of a row group.
func (p *passing) passGroup(ctx context.Context, g rows.Group) error {
	if err := p.versions.close(); err != nil {
		return err
	}
	if err := p.openLaneOf(ctx, g.Of(p.versionsQuery(p.told()))); err != nil {
		return err
	}
	for {
		key, has, err := least(p.versions, p.rows, nil)
		if err != nil || !has {
			return err
		}
		if err := p.one(key); err != nil {
			return err
		}
	}
}

// piece is what is written of a row group that was decided.
func (p *passing) piece(ctx context.Context, g rows.Group, form writing.Form) (writing.Piece, error) {
	if ctx.Err() != nil {
		return writing.Piece{}, context.Cause(ctx)
	}
	p.versionsAt, p.rowsAt = nothing, nothing
	if len(p.window.own) == 0 {
		return writing.Piece{}, nil
	}
	if p.window.whole(g.Rows) {
		s, err := p.copied(ctx, g, form)
		if s != nil || err != nil {
			return writing.Piece{Group: s}, err
		}
	}
	if err := p.readGroup(ctx, g); err != nil {
		return writing.Piece{}, err
	}
	batch, err := p.window.take(ctx)
	return writing.Piece{Batch: batch}, err
}

// copied is a row group with the columns of a staged one, nil where its file has one in another form.
func (p *passing) copied(ctx context.Context, g rows.Group, form writing.Form) (*writing.Splice, error) {
	names := make([]string, 0, p.out.NumFields())
	for n, field := range p.out.Fields() {
		if p.window.copies(n) && !slices.Contains(p.Table.Key, field.Name) {
			names = append(names, field.Name)
		}
	}
	from, err := g.Chunks(ctx, p.Stage, names)
	if err != nil {
		return nil, err
	}
	s := &writing.Splice{Rows: g.Rows, Values: make([]arrow.Array, p.out.NumFields()),
		Copied: make([]writing.Chunk, p.out.NumFields()), Close: from.Close}
	for n, field := range p.out.Fields() {
		at := slices.Index(names, field.Name)
		if at < 0 {
			if s.Values[n], err = p.window.values(ctx, n, field); err != nil {
				return nil, errors.Join(err, from.Close())
			}
			continue
		}
		s.Copied[n] = writing.Chunk{File: from.File, Meta: from.Meta, Group: from.Group, Column: from.Columns[at],
			Damaged: from.Damaged}
		if from.Columns[at] < 0 || !form.Takes(n, s.Copied[n]) {
			return nil, from.Close()
		}
	}
	return s, nil
}

// readGroup has the window take values from all columns of a row group, instead of those that rows are decided by.
func (p *passing) readGroup(ctx context.Context, g rows.Group) (err error) {
	cursor, err := rows.Open(ctx, p.Stage, g.Of(p.versionsQuery(p.carried())))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cursor.Close()) }()
	p.window.letGo()
	for {
		b, err := cursor.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		p.window.hold(b.Record)
	}
}

// whole tells whether the rows are all those that the window holds, in their order.
func (w *window) whole(rows int64) bool {
	if int64(len(w.own)) != rows || int64(w.rows) != rows {
		return false
	}
	for _, places := range w.places {
		if places[0] == nothing {
			if slices.ContainsFunc(places, func(place int32) bool { return place != nothing }) {
				return false
			}
			continue
		}
		if of := w.taking(places); of.indices != nil || of.first != 0 {
			return false
		}
	}
	return true
}

// copies tells whether the values of a column of whole rows are those that the window holds.
func (w *window) copies(column int) bool {
	class := w.of[column]
	return class >= 0 && w.places[class][0] != nothing
}

// values are those of a column of whole rows that aren't copied: one of our own, one of the key, or nothing.
func (w *window) values(ctx context.Context, column int, field arrow.Field) (arrow.Array, error) {
	class := w.of[column]
	if class < 0 {
		return w.ours(field)
	}
	if w.places[class][0] == nothing {
		return array.MakeArrayOfNull(memory.DefaultAllocator, field.Type, len(w.own)), nil
	}
	return w.column(ctx, field, w.classes[class].told, w.taking(w.places[class]))
}

// letGo has the window hold nothing, and keep the places that values are to be taken from.
func (w *window) letGo() { w.held, w.bases, w.rows = w.held[:0], w.bases[:0], 0 }
