package merging

import (
	"context"
	"errors"
	"io"
	"iter"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

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
	going  map[string][]int64 // rows that die of files that go
	buried map[string]int64   // rows of these files that were dead before
	groups []rows.Group       // of the stage, where rows are taken from it group by group

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

// pieces are the rows that are written, in order of their keys.
func (p *passing) pieces(ctx context.Context) iter.Seq2[writing.Piece, error] {
	return func(yield func(writing.Piece, error) bool) {
		write := func(piece writing.Piece) bool { return yield(piece, nil) }
		var err error
		if len(p.groups) > 0 {
			err = p.splice(ctx, write)
		} else {
			err = p.pass(ctx, func(record arrow.RecordBatch) bool { return write(writing.Piece{Batch: record}) })
		}
		if err != nil && !errors.Is(err, errEnough) {
			yield(writing.Piece{}, err)
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
		if err != nil {
			return err
		}
		if last {
			break
		}
	}
	return p.write(ctx, write)
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
	p.record = versions.Record{Staged: p.record.Staged[:0], Differs: p.record.Differs, Leaving: p.Leaving[key]}
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
				place: p.rowsAt + int32(i), synced: p.kept.synced.at(i)}) // #nosec G115 -- a batch has few rows
		}
		p.rows.at++
	}
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

func (p *passing) close() {
	_ = p.versions.close()
	_ = p.rows.close()
	_ = p.wanted.close()
	if p.tombs != nil {
		_ = p.tombs.Close()
	}
}
