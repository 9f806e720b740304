package rows

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"sort"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// What is open at once: so many columns of data files, so many data files, and so many runs. Beyond, what is open
// becomes one run.
const (
	mostColumns = 600
	mostFiles   = 24
	mostRuns    = 64
)

// The rows of a run that are in memory at once, and the bytes that are sorted at once.
const (
	runRows   = 1 << 10
	sortBytes = 32 << 20
	runBuffer = 64 << 10
)

// A scratch is the files of a cursor that hold what has no room in memory: runs, whose rows are sorted. It is made
// when the first of them is.
type scratch struct {
	folder string
	made   string
}

// close removes all of it.
func (s *scratch) close() error {
	if s.made == "" {
		return nil
	}
	err := os.RemoveAll(s.made)
	s.made = ""
	return err
}

// create makes a file. Nobody else can read it.
func (s *scratch) create() (*os.File, error) {
	if s.made == "" {
		var err error
		if s.made, err = os.MkdirTemp(s.folder, "catchment-rows-*"); err != nil {
			return nil, err
		}
	}
	return os.CreateTemp(s.made, "run-*")
}

// sort makes runs of a data file that isn't sorted.
func (s *scratch) sort(ctx context.Context, r *reading) ([]source, error) {
	var runs []source
	var pieces []piece
	var bytes int64
	flush := func() error {
		if len(pieces) == 0 {
			return nil
		}
		p, err := ordered(ctx, pieces)
		if err != nil {
			return err
		}
		made, err := s.write(ctx, once(p))
		if err != nil {
			return err
		}
		runs, pieces, bytes = append(runs, made), nil, 0
		return nil
	}
	for {
		p, err := r.next(ctx)
		if err == nil && p != nil {
			pieces = append(pieces, piece{part: p, to: p.rows()})
			if bytes += sizeOf(p.record); bytes < sortBytes {
				continue
			}
		}
		if err == nil {
			err = flush()
		}
		if err != nil {
			return nil, errors.Join(err, closeAll(runs))
		}
		if p == nil {
			return runs, nil
		}
	}
}

// ordered is the rows of pieces in order of their keys; those of one key stay in theirs.
func ordered(ctx context.Context, pieces []piece) (*part, error) {
	all, err := joined(ctx, pieces)
	if err != nil {
		return nil, err
	}
	order := make([]int32, all.rows())
	for i := range order {
		order[i] = int32(i) // #nosec G115 -- what is sorted at once has room in memory
	}
	sort.SliceStable(order, func(i, j int) bool { return all.keys[order[i]] < all.keys[order[j]] })
	out := &part{}
	for _, i := range order {
		out.keys = append(out.keys, all.keys[i])
		out.files = append(out.files, all.files[i])
		out.positions = append(out.positions, all.positions[i])
	}
	out.record, err = taken(ctx, all.record, order)
	return out, err
}

// makeRoom makes one run of the data files that are open, or of the runs, where they are too many.
func (c *Cursor) makeRoom() error {
	columns := c.form.schema.NumFields()
	if c.q.AnyOrder {
		return nil
	}
	if c.open.files > max(2, min(mostFiles, mostColumns/columns)) {
		if err := c.collapse(true); err != nil {
			return err
		}
	}
	if c.open.Len()-c.open.files > mostRuns {
		return c.collapse(false)
	}
	return nil
}

// collapse makes one run of the data files that are open, or of the runs.
func (c *Cursor) collapse(files bool) error {
	some, rest := &merge{}, c.open.heads
	c.open.heads, c.open.files = nil, 0
	for _, h := range rest {
		if h.file == files {
			some.Push(h)
			continue
		}
		c.open.Push(h)
		if h.file {
			c.open.files++
		}
	}
	some.init()
	c.open.init()
	run, err := c.scratch.write(c.ctx, func() (*part, error) { return some.next(c.ctx, batchRows, "", false) })
	if err != nil {
		return errors.Join(err, some.close())
	}
	return c.open.add(c.ctx, run, false)
}

// write makes a run of parts, up to one that is nil.
func (s *scratch) write(ctx context.Context, next func() (*part, error)) (*run, error) {
	file, err := s.create()
	if err != nil {
		return nil, err
	}
	// It has no name any more: nothing of it stays, whatever happens.
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	to := bufio.NewWriterSize(file, buffer)
	if err := errors.Join(fillRun(ctx, to, next), to.Flush()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &run{file: file}, nil
}

// fillRun writes parts into a run.
func fillRun(ctx context.Context, file io.Writer, next func() (*part, error)) error {
	var writer *ipc.Writer
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p, err := next()
		if err != nil {
			return err
		}
		if p == nil {
			break
		}
		if writer == nil {
			writer = ipc.NewWriter(file, ipc.WithSchema(runSchema(p.record.Schema())))
		}
		for from := 0; from < p.rows(); from += runRows {
			slice := piece{part: p, from: from, to: min(from+runRows, p.rows())}.cut()
			if err := writer.Write(slice.packed()); err != nil {
				return err
			}
		}
	}
	if writer == nil {
		return nil
	}
	return writer.Close()
}

// runSchema is the columns of a run: where each row is, its key, and what it holds.
func runSchema(of *arrow.Schema) *arrow.Schema {
	fields := []arrow.Field{{Name: "", Type: arrow.PrimitiveTypes.Uint32},
		{Name: "", Type: arrow.PrimitiveTypes.Int64}, {Name: "", Type: arrow.BinaryTypes.String}}
	return arrow.NewSchema(append(fields, of.Fields()...), nil)
}

// packed is a part as one record.
func (p *part) packed() arrow.RecordBatch {
	files, positions := array.NewUint32Builder(memory.DefaultAllocator), array.NewInt64Builder(memory.DefaultAllocator)
	keys := array.NewStringBuilder(memory.DefaultAllocator)
	files.AppendValues(p.files, nil)
	positions.AppendValues(p.positions, nil)
	keys.AppendValues(p.keys, nil)
	columns := []arrow.Array{files.NewArray(), positions.NewArray(), keys.NewArray()}
	columns = append(columns, p.record.Columns()...)
	return array.NewRecordBatch(runSchema(p.record.Schema()), columns, p.record.NumRows())
}

// A run is a file of scratch whose rows are sorted.
type run struct {
	file   *os.File
	shared bool // the file stays open: others read it, too
	reader *ipc.Reader
}

// again reads the run from its beginning, as often as one likes.
func (r *run) again() *run { return &run{file: r.file, shared: true} }

func (r *run) next(ctx context.Context) (*part, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if r.reader == nil {
		from := bufio.NewReaderSize(io.NewSectionReader(r.file, 0, math.MaxInt64), runBuffer)
		reader, err := ipc.NewReader(from)
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		r.reader = reader
	}
	record, err := r.reader.Read()
	if err != nil {
		return nil, ended(err)
	}
	p := &part{files: record.Column(0).(*array.Uint32).Uint32Values(),
		positions: record.Column(1).(*array.Int64).Int64Values()}
	if p.keys, err = KeysOf(record, []int{2}); err != nil {
		return nil, err
	}
	columns := record.Columns()[3:]
	for _, column := range columns {
		column.Retain()
	}
	record.Retain()
	schema := arrow.NewSchema(record.Schema().Fields()[3:], nil)
	p.record = array.NewRecordBatch(schema, columns, record.NumRows())
	return p, nil
}

func (r *run) close() error {
	if r.shared {
		return nil
	}
	return r.file.Close()
}

func closeAll(sources []source) error {
	var all error
	for _, s := range sources {
		all = errors.Join(all, s.close())
	}
	return all
}

// sizeOf is the bytes of a record.
func sizeOf(record arrow.RecordBatch) int64 {
	var bytes int64
	for _, column := range record.Columns() {
		for _, b := range column.Data().Buffers() {
			if b != nil {
				bytes += int64(b.Len())
			}
		}
	}
	return bytes
}
