package rows

import (
	"context"
	"errors"
	"fmt"
	"math"
	ones "math/bits"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
)

// The columns of a file of position deletes, by their ids, as Iceberg's specification gives them.
const (
	fieldPath     = 2147483546
	fieldPosition = 2147483545
)

// bits is one bit for each row of a file.
type bits []uint64

func newBits(rows int64) bits { return make(bits, (rows+63)/64) }

func (b bits) set(row int64) { b[row/64] |= 1 << (row % 64) }

func (b bits) has(row int64) bool { return b != nil && b[row/64]&(1<<(row%64)) != 0 }

// A store is the files that are read of a table, and their dead rows: one bit for each row, whatever number of files
// says so.
type store struct {
	files iceio.IO
	name  string // of the table, to people
	paths []string
	dead  map[string]bits
	sizes map[string]int64 // rows of each data file
	order int              // the sort order of the table's rows; a file that says that it has it is believed
}

// Dead is the positions of the dead rows of some data files, by their paths.
func Dead(ctx context.Context, t *table.Table, tasks []table.FileScanTask) (map[string][]int64, error) {
	s, err := newStore(ctx, t, tasks, nil)
	if err != nil {
		return nil, err
	}
	all := map[string][]int64{}
	for path, dead := range s.dead {
		for word, bits := range dead {
			for ; bits != 0; bits &= bits - 1 {
				all[path] = append(all[path], int64(word*64+ones.TrailingZeros64(bits)))
			}
		}
	}
	return all, nil
}

// newStore reads which rows of the files are dead, by all files of deletes but some.
func newStore(
	ctx context.Context, t *table.Table, tasks []table.FileScanTask, without map[string]bool,
) (*store, error) {
	files, err := t.FS(ctx)
	if err != nil {
		return nil, err
	}
	s := &store{files: files, name: nameOf(t), dead: map[string]bits{}, sizes: map[string]int64{},
		order: t.SortOrder().OrderID()}
	read := map[string]bool{}
	for _, task := range tasks {
		if len(task.EqualityDeleteFiles)+len(task.DeletionVectorFiles) > 0 {
			return nil, foreignDeletes(s.name)
		}
		s.paths = append(s.paths, task.File.FilePath())
		s.sizes[task.File.FilePath()] = task.File.Count()
	}
	for _, task := range tasks {
		for _, file := range task.DeleteFiles {
			if read[file.FilePath()] || without[file.FilePath()] {
				continue
			}
			read[file.FilePath()] = true
			if err := s.bury(ctx, file); err != nil {
				return nil, damaged(s.name, file.FilePath(), err)
			}
		}
	}
	return s, nil
}

// bury reads a file of position deletes. It may tell of more data files than are read.
func (s *store) bury(ctx context.Context, file iceberg.DataFile) error {
	from, err := openParquet(ctx, s.files, file.FilePath())
	if err != nil {
		return err
	}
	defer from.close() //nolint:errcheck // it was only read
	if from.rows.NumRows() != file.Count() {
		return errOther
	}
	stream, err := from.stream(ctx, from.leaves([]int{fieldPath, fieldPosition}, []string{"file_path", "pos"}), nil)
	if err != nil {
		return err
	}
	defer stream.Release()
	for {
		record, err := stream.Read()
		if err != nil {
			return ended(err)
		}
		paths, isText := record.Column(0).(*array.String)
		positions, isNumber := record.Column(1).(*array.Int64)
		if !isText || !isNumber {
			return errors.New("it has other columns than a file of position deletes")
		}
		if err := s.buryRows(paths, positions); err != nil {
			return err
		}
	}
}

// buryRows takes in some lines of a file of position deletes, which are in order of the data files.
func (s *store) buryRows(paths *array.String, positions *array.Int64) error {
	last, rows, dead := "", int64(0), bits(nil)
	for i := range positions.Len() {
		if path := paths.Value(i); path != last || i == 0 {
			last = path
			rows, dead = s.grave(path)
		}
		position := positions.Value(i)
		switch {
		case dead == nil:
		case position < 0 || position >= rows:
			return fmt.Errorf("it names row %d of a file of %d rows", position, rows)
		default:
			dead.set(position)
		}
	}
	return nil
}

// grave is where the dead rows of a data file are noted, nil where the file isn't read.
func (s *store) grave(path string) (rows int64, dead bits) {
	rows, read := s.sizes[path]
	if !read || rows < 0 || rows > math.MaxInt32*64 {
		return 0, nil
	}
	if s.dead[path] == nil {
		s.dead[path] = newBits(rows)
	}
	return rows, s.dead[path]
}
