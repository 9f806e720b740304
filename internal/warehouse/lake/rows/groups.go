package rows

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/iceberg-go/table"
)

// A Group is a row group of a file, of which all rows are wanted.
type Group struct {
	Rows            int64
	task            table.FileScanTask
	index           int
	least, greatest string
}

// Groups are the row groups that have the rows which are wanted and no others, in the order of their keys. There are
// none where rows of one come between those of another, or where that can't be seen without reading them.
func Groups(ctx context.Context, t *table.Table, q Query) (groups []Group, err error) {
	c, err := Open(ctx, t, q)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if !c.form.text() {
		return nil, nil
	}
	for _, w := range c.waiting {
		if len(w.task.DeleteFiles) > 0 || !c.believes(w.task) {
			return nil, nil
		}
		of, err := c.groupsOf(w)
		if of == nil || err != nil {
			return nil, err
		}
		groups = append(groups, of...)
	}
	slices.SortFunc(groups, func(a, b Group) int { return strings.Compare(a.least, b.least) })
	for i := range groups[:max(0, len(groups)-1)] {
		if groups[i].greatest >= groups[i+1].least {
			return nil, nil
		}
	}
	return groups, nil
}

// groupsOf are the row groups of a file, nil where rows of one may not be wanted.
func (c *Cursor) groupsOf(w waiting) (groups []Group, err error) {
	r, err := c.openFile(w)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	key := r.leaves[c.form.key[0]]
	if key < 0 || c.form.holds != nil && !r.all {
		return nil, nil
	}
	groups = []Group{}
	for _, i := range r.groups {
		least, greatest, known := groupBounds(r.file.group(i), key)
		if !known {
			return nil, nil
		}
		groups = append(groups, Group{Rows: r.file.group(i).NumRows(), task: w.task, index: i, least: least,
			greatest: greatest})
	}
	return groups, nil
}

// Of has a query read the row group alone.
func (g Group) Of(q Query) Query {
	q.Tasks, q.groups, q.Where = []table.FileScanTask{g.task}, []int{g.index}, nil
	return q
}

// Chunks are columns of a row group as its file has them.
type Chunks struct {
	File    io.ReaderAt
	Meta    *metadata.FileMetaData
	Group   int
	Columns []int             // the place of each column in the file, -1 for one that it lacks
	Damaged func(error) error // is why a column can't be read, to people
	Close   func() error
}

// Chunks opens the file of a row group. Columns are those of the table. Close must follow.
func (g Group) Chunks(ctx context.Context, t *table.Table, columns []string) (*Chunks, error) {
	form, err := newForm(t, Query{Columns: columns})
	if err != nil {
		return nil, err
	}
	files, err := t.FS(ctx)
	if err != nil {
		return nil, err
	}
	path := g.task.File.FilePath()
	file, err := openParquet(ctx, files, path)
	if err != nil {
		return nil, damaged(nameOf(t), path, err)
	}
	ids := make([]int, len(columns))
	for i := range ids {
		ids[i] = form.fields.Field(i).ID
	}
	return &Chunks{File: file.from, Meta: file.rows.MetaData(), Group: g.index, Columns: file.leaves(ids, columns),
		Damaged: func(err error) error { return damaged(nameOf(t), path, file.from.because(err)) },
		Close:   file.close}, nil
}
